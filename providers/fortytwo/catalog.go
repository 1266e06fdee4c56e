package fortytwo

import (
	"encoding/json"
	"slices"
	"strings"
)

// catalogued is an object as the workspace has it, with what can be read of a record without following a relation.
type catalogued struct {
	id       string // of the object's metadata, which rights refer to
	singular string
	plural   string
	columns  []catalogColumn // in the order of the metadata
}

// catalogColumn is a plain field, or the id of a many-to-one relation.
type catalogColumn struct {
	field     string // id of the field's metadata, which restrictions refer to
	name      string // as it is answered: "leadId" for the relation lead
	selection string // the name, with the parts of a composite
}

// maxColumns bounds what is read of a record; fields beyond are left out.
const maxColumns = 500

// catalogue lists usable objects.
func catalogue(objects []objectMetadata) map[string]*catalogued {
	richTextIsPlain := slices.ContainsFunc(objects, func(o objectMetadata) bool {
		return slices.ContainsFunc(o.FieldsList, func(f fieldMetadata) bool { return f.Type == "RICH_TEXT_V2" })
	})
	out := make(map[string]*catalogued, len(objects))
	for _, md := range objects {
		o := &catalogued{id: md.Id, singular: md.NameSingular, plural: md.NamePlural}
		for _, f := range md.FieldsList {
			if !f.IsActive || !identifier.MatchString(f.Name) || len(o.columns) == maxColumns {
				continue
			}
			if name, selection := plainSelection(f, richTextIsPlain); name != "" {
				o.columns = append(o.columns, catalogColumn{field: f.Id, name: name, selection: selection})
			}
		}
		out[md.NameSingular] = o
	}
	return out
}

// plainSelection says how a field is read, "" when it is not: lists of other records, search vectors, files (whose links are
// signed anew each time) and types that are not known. RICH_TEXT is plain on line 1.5, which has RICH_TEXT_V2 beside it, and
// composite on 2.x (fortytwo.md 16).
func plainSelection(f fieldMetadata, richTextIsPlain bool) (name, selection string) {
	switch f.Type {
	case "UUID", kindText, kindNumber, "NUMERIC", kindBoolean, kindDate, kindDateTime, kindSelect, "MULTI_SELECT", "RATING",
		kindArray, kindJSON, "POSITION":
		return f.Name, f.Name
	case kindRelation, "MORPH_RELATION":
		var settings struct {
			JoinColumnName string `json:"joinColumnName"`
		}
		if json.Unmarshal(f.Settings, &settings) != nil || !identifier.MatchString(settings.JoinColumnName) {
			return "", "" // the other side of a many-to-one
		}
		return settings.JoinColumnName, settings.JoinColumnName
	case "RICH_TEXT":
		if richTextIsPlain {
			return f.Name, f.Name
		}
		return f.Name, f.Name + " { markdown }"
	}
	if parts := compositeParts(f.Type); parts != "" {
		return f.Name, f.Name + " { " + parts + " }"
	}
	return "", ""
}

// compositeParts are the parts of a composite type on every line (fortytwo.md 7); "" for a type that is none.
func compositeParts(kind string) string {
	switch kind {
	case kindFullName:
		return "firstName lastName"
	case kindPhones:
		return "primaryPhoneNumber primaryPhoneCountryCode primaryPhoneCallingCode additionalPhones"
	case kindEmails:
		return "primaryEmail additionalEmails"
	case kindLinks:
		return "primaryLinkUrl primaryLinkLabel secondaryLinks"
	case "CURRENCY":
		return "amountMicros currencyCode"
	case "ADDRESS":
		return "addressStreet1 addressStreet2 addressCity addressState addressPostcode addressCountry addressLat addressLng"
	case "ACTOR":
		return "source name workspaceMemberId"
	case "RICH_TEXT_V2":
		return "markdown"
	default:
		return ""
	}
}

// readable are the columns that none of the hidden fields stands behind.
func (o *catalogued) readable(hidden map[string]bool) []catalogColumn {
	return slices.DeleteFunc(slices.Clone(o.columns), func(c catalogColumn) bool { return hidden[c.field] })
}

func selectionOf(columns []catalogColumn) string {
	parts := make([]string, len(columns))
	for i, c := range columns {
		parts[i] = c.selection
	}
	return strings.Join(parts, " ")
}

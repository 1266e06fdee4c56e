package fortytwo

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

func (m *metaRequest) objects(args map[string]any) (any, *apiError) {
	filter, _ := args["filter"].(map[string]any)
	var nodes []fields
	for _, o := range m.caller.workspace.objects {
		if metaMatches(filter, map[string]any{
			"id": o.id, "isCustom": o.custom, "isActive": o.active, "isSystem": o.system, "isSearchable": o.searchable,
		}) {
			nodes = append(nodes, objectFields(o))
		}
	}
	return metaPage(nodes, args)
}

func (m *metaRequest) object(args map[string]any) (any, *apiError) {
	if o := m.caller.workspace.objectByID(text(args, "id")); o != nil {
		return objectFields(o), nil
	}
	return nil, errMetadataNotFound("Object")
}

func (m *metaRequest) fields(args map[string]any) (any, *apiError) {
	var all []*fieldMeta
	for _, o := range m.caller.workspace.objects {
		all = append(all, o.fields...)
	}
	return fieldPage(all, args)
}

func (m *metaRequest) field(args map[string]any) (any, *apiError) {
	if f := m.caller.workspace.fieldByID(text(args, "id")); f != nil {
		return fieldFields(f), nil
	}
	return nil, errMetadataNotFound("Field")
}

func errMetadataNotFound(what string) *apiError {
	return &apiError{message: what + " not found", code: codeNotFound, user: genericMessage}
}

func fieldPage(list []*fieldMeta, args map[string]any) (any, *apiError) {
	filter, _ := args["filter"].(map[string]any)
	var nodes []fields
	for _, f := range list {
		if metaMatches(filter, map[string]any{
			"id": f.id, "objectMetadataId": f.object.id, "isCustom": f.custom, "isActive": f.active, "isSystem": f.system,
		}) {
			nodes = append(nodes, fieldFields(f))
		}
	}
	return metaPage(nodes, args)
}

// objectFields are an object as metadata tells of it. Fields are made when they are asked for: they point back.
func objectFields(o *objectMeta) fields {
	return fields{
		"id": o.id, "nameSingular": o.singular, "namePlural": o.plural, "labelSingular": o.labelSingular, "labelPlural": o.labelPlural,
		"description": blank(o.description), "icon": o.icon, "isCustom": o.custom, "isRemote": false, "isActive": o.active, "isSystem": o.system,
		"isUIReadOnly": o.isUIReadOnly, "isSearchable": o.searchable, "isLabelSyncedWithName": o.isLabelSynced,
		"labelIdentifierFieldMetadataId": o.labelField.id, "imageIdentifierFieldMetadataId": nil,
		"createdAt": o.createdAt, "updatedAt": o.createdAt,
		"fieldsList": resolver(func(map[string]any) (any, *apiError) {
			list := make([]any, len(o.fields))
			for i, f := range o.fields {
				list[i] = fieldFields(f)
			}
			return list, nil
		}),
		"fields": resolver(func(args map[string]any) (any, *apiError) { return fieldPage(o.fields, args) }),
	}
}

func fieldFields(f *fieldMeta) fields {
	out := fields{
		"id": f.id, "type": string(f.typ), "name": f.name, "label": f.label, "description": blank(f.description), "icon": f.icon,
		"isCustom": f.custom, "isActive": f.active, "isSystem": f.system, "isUIReadOnly": f.system, "isNullable": f.nullable,
		"isUnique": f.unique && f.name != "id", "defaultValue": f.defaultValue, "options": optionList(f), "settings": nil,
		"objectMetadataId": f.object.id, "isLabelSyncedWithName": false, "createdAt": f.createdAt, "updatedAt": f.createdAt,
		"relation": nil,
	}
	if f.settings != nil {
		out["settings"] = f.settings
	}
	if f.relation != nil {
		out["relation"] = resolver(func(map[string]any) (any, *apiError) {
			return fields{
				"type":                 f.relation.direction,
				"sourceObjectMetadata": objectFields(f.object), "targetObjectMetadata": objectFields(f.relation.target),
				"sourceFieldMetadata": fieldFields(f), "targetFieldMetadata": fieldFields(f.relation.inverse),
			}, nil
		})
	}
	return out
}

func optionList(f *fieldMeta) any {
	if f.typ == TypeRating {
		list := []any{}
		for i, value := range ratings {
			list = append(list, option{value: value, label: strconv.Itoa(i + 1), position: float64(i)}.dict())
		}
		return list
	}
	if len(f.options) == 0 {
		return nil
	}
	list := []any{}
	for _, o := range f.options {
		list = append(list, o.dict())
	}
	return list
}

func (o option) dict() *dict {
	out := newDict()
	if o.id != "" {
		out.set("id", o.id)
		out.set("color", o.color)
	}
	out.set("label", o.label)
	out.set("value", o.value)
	out.set("position", o.position)
	return out
}

// metaMatches evaluates a filter of objects or fields.
func metaMatches(filter, values map[string]any) bool {
	for key, condition := range filter {
		switch c := condition.(type) {
		case []any:
			matches := func(item any) bool {
				inner, _ := item.(map[string]any)
				return metaMatches(inner, values)
			}
			if key == "and" && slices.ContainsFunc(c, func(item any) bool { return !matches(item) }) ||
				key == "or" && len(c) > 0 && !slices.ContainsFunc(c, matches) {
				return false
			}
		case map[string]any:
			if !metaCompares(c, values[key]) {
				return false
			}
		}
	}
	return true
}

func metaCompares(condition map[string]any, value any) bool {
	for operator, operand := range condition {
		list, _ := operand.([]any)
		ok := true
		switch operator {
		case "is", "eq":
			ok = operand == value
		case "isNot", "neq":
			ok = operand != value
		case "in":
			ok = slices.Contains(list, value)
		case "notIn":
			ok = !slices.Contains(list, value)
		}
		if !ok {
			return false
		}
	}
	return true
}

// metaDefaultPage is the page of objects and fields when first is absent (fortytwo.md 13).
const metaDefaultPage = 10

// metaPage cuts a page by first/after or last/before. Cursors are offsets in base64.
func metaPage(nodes []fields, args map[string]any) (any, *apiError) {
	paging, _ := args["paging"].(map[string]any)
	from, to := 0, len(nodes)
	if after, ok := paging["after"].(string); ok && after != "" {
		at, err := metaCursor(after)
		if err != nil {
			return nil, err
		}
		from = min(at+1, len(nodes))
	}
	if before, ok := paging["before"].(string); ok && before != "" {
		at, err := metaCursor(before)
		if err != nil {
			return nil, err
		}
		to = max(min(at, len(nodes)), from)
	}
	first, hasFirst := wholeNumber(paging["first"])
	last, hasLast := wholeNumber(paging["last"])
	switch {
	case hasLast:
		from = max(from, to-max(last, 0))
	case hasFirst:
		to = min(to, from+max(first, 0))
	default:
		to = min(to, from+metaDefaultPage)
	}
	edges := []any{}
	for i := from; i < to; i++ {
		edges = append(edges, fields{"node": nodes[i], "cursor": offsetCursor(i)})
	}
	info := fields{"hasNextPage": to < len(nodes), "hasPreviousPage": from > 0, "startCursor": nil, "endCursor": nil}
	if to > from {
		info["startCursor"], info["endCursor"] = offsetCursor(from), offsetCursor(to-1)
	}
	return fields{"edges": edges, "pageInfo": info}, nil
}

const offsetPrefix = "arrayconnection:"

func offsetCursor(i int) string {
	return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%s%d", offsetPrefix, i))
}

func metaCursor(cursor string) (int, *apiError) {
	decoded, err := base64.StdEncoding.DecodeString(cursor)
	offset, convertErr := strconv.Atoi(strings.TrimPrefix(string(decoded), offsetPrefix))
	if err != nil || convertErr != nil || offset < 0 {
		return 0, badInput("", genericMessage, "Invalid cursor")
	}
	return offset, nil
}

// wholeNumber reads an Int, whichever Go type the validator left it in.
func wholeNumber(value any) (int, bool) {
	switch v := value.(type) {
	case int:
		return v, true
	case int64:
		return int(v), true
	case float64:
		return int(v), true
	default:
		return 0, false
	}
}

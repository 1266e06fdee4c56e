package fortytwo

import (
	"cmp"
	"encoding/base64"
	"slices"
	"strings"
	"unicode"
)

// maxSearchLimit is the most that search gives at once (fortytwo.md 12).
const maxSearchLimit = 100

// executeCore answers what is no record: search, and refusals in the validator's words.
func (s *Server) executeCore(in incoming, doc *document, c *caller) reply {
	if doc.operation.Operation != "query" {
		return in.refusal(coreMutations(in, doc, c)...)
	}
	values := introspecting(s.core)
	values["search"] = c.searching()
	return s.runValidated(in, s.core, c.workspace, values)
}

// searching resolves search for the caller.
func (c *caller) searching() resolver {
	return func(args map[string]any) (any, *apiError) {
		if c.workspace == nil {
			return nil, errForbiddenResource()
		}
		c.workspace.mu.RLock()
		defer c.workspace.mu.RUnlock()
		return c.workspace.search(c.role, args)
	}
}

// coreMutations refuses the root fields of a mutation or subscription, none of which is emulated.
func coreMutations(in incoming, doc *document, c *caller) []*apiError {
	if stale := in.staleSchema(c.workspace); stale != nil {
		return []*apiError{stale}
	}
	fields, err := doc.roots()
	if err != nil {
		return []*apiError{err}
	}
	var errs []*apiError
	for _, f := range fields {
		errs = append(errs, &apiError{
			message: "Cannot query field \"" + f.Name + "\" on type \"" + pascal(string(doc.operation.Operation)) + "\".", locations: at(f.Position),
		})
	}
	return errs
}

// hit is one record found.
type hit struct {
	object *objectMeta
	record *record
	label  string
	rank   float64
}

// search finds records all of whose query words are prefixes of words of the object's search vector (fortytwo.md 3).
func (ws *workspace) search(role *Role, args map[string]any) (any, *apiError) {
	limit, _ := wholeNumber(args["limit"])
	if limit < 0 || limit > maxSearchLimit {
		return nil, badInput("", genericMessage, "limit must not be greater than %d", maxSearchLimit)
	}
	words := searchWords(text(args, "searchInput"))
	included, _ := args["includedObjectNameSingulars"].([]any)
	excluded, _ := args["excludedObjectNameSingulars"].([]any)
	var hits []hit
	for _, o := range ws.objects {
		if !o.active || !o.searchable || !role.rights(o).Read || slices.Contains(excluded, any(o.singular)) ||
			len(included) > 0 && !slices.Contains(included, any(o.singular)) {
			continue
		}
		hits = append(hits, ws.searchObject(o, words)...)
	}
	slices.SortStableFunc(hits, func(a, b hit) int { return cmp.Compare(b.rank, a.rank) })
	from := 0
	if after := text(args, "after"); after != "" {
		at, err := searchCursor(hits, after)
		if err != nil {
			return nil, err
		}
		from = at + 1
	}
	hits = hits[from:]
	page := hits[:min(limit, len(hits))]
	edges := []any{}
	info := fields{"hasNextPage": len(hits) > len(page), "endCursor": nil}
	for _, h := range page {
		edges = append(edges, fields{"node": h.fields(), "cursor": h.cursor()})
		info["endCursor"] = h.cursor()
	}
	return fields{"edges": edges, "pageInfo": info}, nil
}

func (ws *workspace) searchObject(o *objectMeta, words []string) []hit {
	var hits []hit
	for _, r := range ws.tables[o].records {
		if r.deleted() {
			continue
		}
		vector := searchWords(searchText(o, r.row))
		matched := 0
		for _, w := range words {
			if slices.ContainsFunc(vector, func(v string) bool { return strings.HasPrefix(v, w) }) {
				matched++
			}
		}
		if matched == len(words) {
			hits = append(hits, hit{object: o, record: r, label: labelText(o, r.row), rank: float64(max(matched, 1))})
		}
	}
	return hits
}

// searchText is what the search vector of an object is made of: the label of custom objects, more of standard ones.
func searchText(o *objectMeta, r row) string {
	if o.custom {
		return labelText(o, r)
	}
	var parts []string
	for _, f := range o.fields {
		if f.system || f.relation != nil {
			continue
		}
		inner, _ := r[f.name].(row)
		switch f.typ {
		case TypeText, TypeFullName:
			parts = append(parts, fieldText(f, r))
		case TypeEmails:
			parts = append(parts, asText(inner["primaryEmail"]))
		case TypeLinks:
			parts = append(parts, asText(inner["primaryLinkUrl"]))
		case TypePhones:
			parts = append(parts, asText(inner["primaryPhoneNumber"]))
		}
	}
	return strings.Join(parts, " ")
}

func labelText(o *objectMeta, r row) string { return fieldText(o.labelField, r) }

func fieldText(f *fieldMeta, r row) string {
	if inner, ok := r[f.name].(row); ok && f.typ == TypeFullName {
		return strings.TrimSpace(asText(inner["firstName"]) + " " + asText(inner["lastName"]))
	}
	return asText(r[f.name])
}

func asText(value any) string {
	s, _ := value.(string)
	return s
}

// searchWords splits text the way the search vector does; vowel signs belong to the word.
func searchWords(s string) []string {
	return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
	})
}

// One matching word ranks like this with upstream; more words rank higher, farther apart lower.
const (
	oneWordRank   = 0.06079271
	oneWordRankCD = 0.1
)

func (h hit) fields() fields {
	return fields{
		"recordId": h.record.id, "objectNameSingular": h.object.singular, "objectLabelSingular": h.object.labelSingular,
		"label": h.label, "imageUrl": "", "tsRank": oneWordRank * h.rank, "tsRankCD": oneWordRankCD / h.rank,
	}
}

func (h hit) cursor() string {
	ids := newDict()
	ids.set(h.object.singular, h.record.id)
	ranks := newDict()
	ranks.set("tsRank", oneWordRank*h.rank)
	ranks.set("tsRankCD", oneWordRankCD/h.rank)
	cursor := newDict()
	cursor.set("lastRanks", ranks)
	cursor.set("lastRecordIdsPerObject", ids)
	return base64.StdEncoding.EncodeToString(appendJSON(nil, cursor))
}

// searchCursor finds the place of a cursor among the hits.
func searchCursor(hits []hit, cursor string) (int, *apiError) {
	at := slices.IndexFunc(hits, func(h hit) bool { return h.cursor() == cursor })
	if at < 0 {
		return 0, badInput(subCursor, genericMessage, "Invalid cursor: %s", cursor)
	}
	return at, nil
}

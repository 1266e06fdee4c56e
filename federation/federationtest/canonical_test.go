package federationtest

import (
	"github.com/vektah/gqlparser/v2/ast"
)

// never selects nothing, also below a relation to nobody, where every column is missing.
func never() map[string]any {
	return map[string]any{"and": []any{
		map[string]any{"id": map[string]any{"is": "NULL"}}, map[string]any{"id": map[string]any{"is": "NOT_NULL"}},
	}}
}

// canonical says a filter in FortyTwo's own terms: every operator on its own, all of them joined by `and`, and no empty `in`.
func (r *reference) canonical(typ *ast.Definition, filter map[string]any) map[string]any {
	terms := []any{}
	for _, f := range typ.Fields {
		value, given := filter[f.Name]
		if !given {
			continue
		}
		below := r.schema.Types[f.Type.Name()]
		object, isObject := value.(map[string]any)
		list, isList := value.([]any)
		switch {
		case isList && (f.Name == "and" || f.Name == "or"):
			parts := make([]any, len(list))
			for i, item := range list {
				if part, ok := item.(map[string]any); ok {
					parts[i] = r.canonical(typ, part)
				}
			}
			terms = append(terms, map[string]any{f.Name: parts})
		case isObject && (f.Name == "not" || below.Fields.ForName("and") != nil):
			inner := r.canonical(below, object)
			if f.Name == "not" && len(inner) == 0 { // not everything: nothing, where FortyTwo overlooks the `not`
				terms = append(terms, never())
				continue
			}
			terms = append(terms, map[string]any{f.Name: inner})
		case isObject:
			for _, term := range r.operators(below, object) {
				if term == nil {
					terms = append(terms, never())
				} else {
					terms = append(terms, map[string]any{f.Name: term})
				}
			}
		default:
			terms = append(terms, map[string]any{f.Name: value})
		}
	}
	if len(terms) == 0 {
		return map[string]any{}
	}
	return map[string]any{"and": terms}
}

// operators takes the filter of a field apart; nil stands for a term that selects nothing.
func (r *reference) operators(typ *ast.Definition, object map[string]any) []any {
	var out []any
	for _, f := range typ.Fields {
		value, given := object[f.Name]
		if !given {
			continue
		}
		inner, isObject := value.(map[string]any)
		list, isList := value.([]any)
		switch {
		case isObject: // a part of a composite
			for _, term := range r.operators(r.schema.Types[f.Type.Name()], inner) {
				if term != nil {
					term = map[string]any{f.Name: term}
				}
				out = append(out, term)
			}
		case isList && len(list) == 0 && f.Name == "in":
			out = append(out, nil)
		default:
			out = append(out, map[string]any{f.Name: value})
		}
	}
	if len(out) == 0 {
		return []any{object}
	}
	return out
}

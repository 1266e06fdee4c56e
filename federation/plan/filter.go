package plan

import (
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

// A filter of the specification says more than FortyTwo understands: it takes one operator for each field, drops or refuses
// others, and refuses an empty `in` (fortytwo.md 0.7, 0.8). A client's filter is rewritten into an equal one that it does.

// matchesNothing is a filter that no record passes: ids are never null.
func matchesNothing() value { return object("id", object("is", scalar(`"NULL"`))) }

// lowerFilter rewrites a record filter of a type.
func lowerFilter(schema *ast.Schema, t *ast.Type, v value) value {
	d := schema.Types[t.Name()]
	if d == nil || d.Kind != ast.InputObject || v.kind != kindObject {
		return v
	}
	terms, possible := lowerTerms(schema, d, &v)
	if !possible {
		return matchesNothing()
	}
	return conjunction(terms)
}

// conjunction joins terms, each an object of one member: in one object where their names differ, else under `and`.
func conjunction(terms []value) value {
	out := value{kind: kindObject}
	for _, term := range terms {
		if out.member(term.names[0]) != nil {
			return object("and", list(terms...))
		}
		out.set(term.names[0], term.members[0])
	}
	return out
}

// lowerTerms gives what must hold together. possible is false when nothing can pass.
func lowerTerms(schema *ast.Schema, d *ast.Definition, v *value) (terms []value, possible bool) {
	for i, name := range v.names {
		field, member := d.Fields.ForName(name), v.members[i]
		if field == nil || member.kind == kindNull {
			terms = append(terms, object(name, member))
			continue
		}
		inner := schema.Types[field.Type.Name()]
		var more []value
		possible = true
		switch {
		case name == "and" && field.Type.Elem != nil:
			more, possible = lowerAll(schema, inner, &member)
		case name == "or" && field.Type.Elem != nil:
			more, possible = lowerAny(schema, inner, &member)
		case name == "not" && isRecordFilter(inner):
			more, possible = lowerNot(schema, inner, &member)
		case inner == nil || inner.Kind != ast.InputObject || member.kind != kindObject:
			more = []value{object(name, member)}
		case isOperators(inner):
			more, possible = lowerOperators(name, &member)
		default: // a composite's parts, or another record
			var parts []value
			if parts, possible = lowerTerms(schema, inner, &member); len(parts) == 0 {
				parts = []value{member}
			}
			for _, part := range parts {
				more = append(more, object(name, part))
			}
		}
		if !possible {
			return nil, false
		}
		terms = append(terms, more...)
	}
	return terms, true
}

func lowerAll(schema *ast.Schema, d *ast.Definition, v *value) (terms []value, possible bool) {
	all := list()
	for i := range v.members {
		part := v.members[i]
		if part.kind == kindObject {
			inner, possible := lowerTerms(schema, d, &part)
			if !possible {
				return nil, false
			}
			if part = conjunction(inner); len(part.names) == 0 {
				continue // holds for all
			}
		}
		all.members = append(all.members, part)
	}
	if len(all.members) == 0 {
		return nil, true
	}
	return []value{object("and", all)}, true
}

func lowerAny(schema *ast.Schema, d *ast.Definition, v *value) (terms []value, possible bool) {
	some := list()
	for i := range v.members {
		part := v.members[i]
		if part.kind == kindObject {
			inner, possible := lowerTerms(schema, d, &part)
			if !possible {
				continue
			}
			if part = conjunction(inner); len(part.names) == 0 {
				return nil, true // one that all pass
			}
		}
		some.members = append(some.members, part)
	}
	switch {
	case len(v.members) == 0:
		return nil, true // FortyTwo's own reading of an empty `or`: everything (fortytwo.md 4)
	case len(some.members) == 0:
		return nil, false
	}
	return []value{object("or", some)}, true
}

func lowerNot(schema *ast.Schema, d *ast.Definition, v *value) (terms []value, possible bool) {
	if v.kind != kindObject {
		return []value{object("not", *v)}, true
	}
	inner, possible := lowerTerms(schema, d, v)
	switch {
	case !possible:
		return nil, true
	case len(inner) == 0:
		return nil, false
	}
	return []value{object("not", conjunction(inner))}, true
}

// lowerOperators gives each operator of a field a term of its own.
func lowerOperators(name string, operators *value) (terms []value, possible bool) {
	if len(operators.names) == 0 {
		return []value{object(name, *operators)}, true
	}
	for i, operator := range operators.names {
		operand := operators.members[i]
		if operator == "in" && operand.kind == kindList && len(operand.members) == 0 {
			return nil, false
		}
		terms = append(terms, object(name, object(operator, operand)))
	}
	return terms, true
}

func isRecordFilter(d *ast.Definition) bool {
	return d != nil && d.Kind == ast.InputObject && d.Fields.ForName("and") != nil && d.Fields.ForName("or") != nil
}

// isOperators tells the filter of a plain field, whose members are operators with plain operands, from that of a composite.
func isOperators(d *ast.Definition) bool {
	return slices.ContainsFunc(d.Fields, func(f *ast.FieldDefinition) bool { return f.Name == "is" || f.Name == "eq" || f.Name == "search" }) &&
		!isRecordFilter(d)
}

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
	return conjunction(lowerTerms(schema, d, &v))
}

// conjunction joins terms, each an object of one member: in one object where their names differ, else under `and`. Terms that
// nothing can pass stand beside one that nothing passes: FortyTwo judges them all the same, and may refuse them.
func conjunction(terms []value, possible bool) value {
	if !possible {
		terms = append(terms, matchesNothing())
	}
	out := value{kind: kindObject}
	for _, term := range terms {
		if out.member(term.names[0]) != nil {
			return object("and", list(terms...))
		}
		out.set(term.names[0], term.members[0])
	}
	return out
}

// lowerTerms gives what must hold together. possible is false when something that is left out cannot hold.
func lowerTerms(schema *ast.Schema, d *ast.Definition, v *value) (terms []value, possible bool) {
	possible = true
	for i, name := range v.names {
		field, member := d.Fields.ForName(name), v.members[i]
		if field == nil || member.kind == kindNull {
			terms = append(terms, object(name, member))
			continue
		}
		inner := schema.Types[field.Type.Name()]
		switch {
		case name == "and" && field.Type.Elem != nil:
			terms = append(terms, lowerAll(schema, inner, &member)...)
		case name == "or" && field.Type.Elem != nil:
			terms = append(terms, lowerAny(schema, inner, &member)...)
		case inner == nil || inner.Kind != ast.InputObject || member.kind != kindObject:
			terms = append(terms, object(name, member))
		case name == "not" && isRecordFilter(inner):
			negated := conjunction(lowerTerms(schema, inner, &member))
			possible = possible && len(negated.names) > 0 // not everything is nothing
			if len(negated.names) > 0 {
				terms = append(terms, object("not", negated))
			}
		case isOperators(inner):
			some, can := lowerOperators(name, &member)
			terms, possible = append(terms, some...), possible && can
		default: // a composite's parts, or another record
			parts, can := lowerTerms(schema, inner, &member)
			if len(parts) == 0 && can {
				parts = []value{member}
			}
			for _, part := range parts {
				terms = append(terms, object(name, part))
			}
			possible = possible && can
		}
	}
	return terms, possible
}

func lowerAll(schema *ast.Schema, d *ast.Definition, v *value) []value {
	all := list()
	for i := range v.members {
		part := lowerPart(schema, d, &v.members[i])
		if part.kind == kindObject && len(part.names) == 0 {
			continue // holds for all
		}
		all.members = append(all.members, part)
	}
	if len(all.members) == 0 {
		return nil
	}
	return []value{object("and", all)}
}

// lowerAny leaves an empty `or` out: to FortyTwo it is true (fortytwo.md 4).
func lowerAny(schema *ast.Schema, d *ast.Definition, v *value) []value {
	some := list()
	for i := range v.members {
		some.members = append(some.members, lowerPart(schema, d, &v.members[i]))
	}
	if len(some.members) == 0 {
		return nil
	}
	return []value{object("or", some)}
}

func lowerPart(schema *ast.Schema, d *ast.Definition, v *value) value {
	if v.kind != kindObject {
		return *v
	}
	return conjunction(lowerTerms(schema, d, v))
}

// lowerOperators gives each operator of a field a term of its own. possible is false when one is an empty `in`.
func lowerOperators(name string, operators *value) (terms []value, possible bool) {
	if len(operators.names) == 0 {
		return []value{object(name, *operators)}, true
	}
	possible = true
	for i, operator := range operators.names {
		operand := operators.members[i]
		if operator == "in" && operand.kind == kindList && len(operand.members) == 0 {
			possible = false
			continue
		}
		terms = append(terms, object(name, object(operator, operand)))
	}
	return terms, possible
}

func isRecordFilter(d *ast.Definition) bool {
	return d != nil && d.Kind == ast.InputObject && d.Fields.ForName("and") != nil && d.Fields.ForName("or") != nil
}

// isOperators tells the filter of a plain field, whose members are operators with plain operands, from that of a composite.
func isOperators(d *ast.Definition) bool {
	return slices.ContainsFunc(d.Fields, func(f *ast.FieldDefinition) bool { return f.Name == "is" || f.Name == "eq" || f.Name == "search" }) &&
		!isRecordFilter(d)
}

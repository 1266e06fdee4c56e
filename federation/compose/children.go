package compose

import (
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// childField is a field of a record that is a connection of other records.
type childField struct{ record, field string }

// child is how its records are asked for: FortyTwo's name of the list, and the field of its filter.
type child struct{ list, foreignKey string }

// cutChildren finds out how each connection below a record is to be asked for, and cuts those that cannot be.
func (c *composition) cutChildren(def *ast.Definition) *ast.Definition {
	object := c.picker.records[def.Name]
	if object == nil {
		return def
	}
	var cut []*ast.FieldDefinition
	for _, f := range def.Fields {
		if c.picker.nodeOf(f.Type.Name()) == "" {
			continue
		}
		found, reason := c.childOf(object, f)
		if reason != "" {
			c.conflict(def.Name+"."+f.Name, "", reason)
			cut = append(cut, f)
			continue
		}
		c.children[childField{def.Name, f.Name}] = found
	}
	if len(cut) == 0 {
		return def
	}
	out := *def
	out.Fields = slices.DeleteFunc(slices.Clone(def.Fields), func(f *ast.FieldDefinition) bool { return slices.Contains(cut, f) })
	return &out
}

// childOf finds the list and the foreign key of a connection; the reason says why there are none. The other side of a morph
// relation goes by the name of all its targets, target, or of the one that is meant, targetLead; its column is always
// targetLeadId (fortytwo.md 9).
func (c *composition) childOf(object *Object, f *ast.FieldDefinition) (found child, reason string) {
	list, ok := c.lists[f.Type.Name()]
	if !ok || f.Type.Elem != nil {
		return child{}, "no list of FortyTwo serves these records"
	}
	meta := object.Field(f.Name)
	if meta == nil || meta.Relation == nil || meta.Relation.ForeignKey == "" {
		return child{}, "FortyTwo's metadata names no foreign key"
	}
	filter := c.picker.types[list.field.Arguments.ForName("filter").Type.Name()]
	if filter == nil {
		return child{}, "the list of these records has no filter"
	}
	plain := meta.Relation.ForeignKey
	for _, column := range []string{plain, strings.TrimSuffix(plain, "Id") + pascal(object.Singular) + "Id"} {
		if filter.Fields.ForName(column) != nil {
			return child{list.field.Name, column}, ""
		}
	}
	return child{}, "the list of these records has no filter by " + plain
}

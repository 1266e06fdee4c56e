package compose

import (
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

// merges reports whether a type of FortyTwo is the local type of its name.
func (c *composition) merges(local, def *ast.Definition) bool {
	switch {
	case local.Kind != def.Kind:
		return false
	case slices.Contains(entityNames, def.Name):
		return def.Kind == ast.Object && local.Fields.ForName(key) != nil && c.entityList(def) != nil
	case !slices.Contains(sharedNames, def.Name):
		return false
	case def.Kind == ast.Object:
		return !slices.ContainsFunc(local.Fields, func(f *ast.FieldDefinition) bool {
			other := def.Fields.ForName(f.Name)
			return other == nil || !c.alike(f.Type, other.Type)
		})
	default:
		return def.Kind == ast.Scalar
	}
}

// alike reports whether a value of FortyTwo's type may stand where the local type is: the same lists around the same type,
// or around any other scalar. Nulls where there may be none are seen when they come.
func (c *composition) alike(local, other *ast.Type) bool {
	if local.Elem != nil || other.Elem != nil {
		return local.Elem != nil && other.Elem != nil && c.alike(local.Elem, other.Elem)
	}
	return local.NamedType == other.NamedType || c.isScalar(c.local.types, local.NamedType) && c.isScalar(c.picker.types, other.NamedType)
}

func (c *composition) isScalar(types map[string]*ast.Definition, name string) bool {
	def := types[name]
	return isBuiltIn(name) || def != nil && def.Kind == ast.Scalar
}

// entityList is the list that records of def are fetched by id with; nil when there is none, and def is no entity.
func (c *composition) entityList(def *ast.Definition) *pick {
	if def.Fields.ForName(key) == nil {
		return nil
	}
	for _, list := range c.lists {
		if c.picker.nodeOf(list.field.Type.Name()) != def.Name {
			continue
		}
		filter := c.picker.types[list.field.Arguments.ForName("filter").Type.Name()]
		if filter != nil && filter.Fields.ForName(key) != nil {
			return &list
		}
	}
	return nil
}

// merge puts a type of FortyTwo into the schema: into the local one of the same meaning, or beside all others.
func (c *composition) merge(def *ast.Definition) error {
	write := rewriter{references: c.references, rename: c.typeName}
	name := c.typeName(def.Name)
	local := c.local.types[name]
	if local == nil {
		c.local.extra = append(c.local.extra, write.share(def))
		c.describe(name, def, nil)
		return nil
	}
	if def.Kind != ast.Object {
		return nil // a scalar: the local definition stands
	}
	if slices.Contains(entityNames, name) {
		return c.mergeEntity(local, def, write)
	}
	for _, f := range def.Fields {
		if local.Fields.ForName(f.Name) == nil {
			field := *write.field(f)
			field.Type = c.references.of(field.Type.NamedType, field.Type.Elem, false) // a local page has nothing to put there
			local.Fields = append(local.Fields, &field)
		}
	}
	c.describe(name, def, nil)
	return nil
}

// mergeEntity adds FortyTwo's fields to a local stub. The key is FortyTwo's and defined by the stub.
func (c *composition) mergeEntity(local, def *ast.Definition, write rewriter) error {
	stub := slices.Clone(local.Fields)
	renamed := map[string]string{}
	for _, f := range def.Fields {
		if f.Name == key {
			continue
		}
		field := write.field(f)
		if stub.ForName(f.Name) != nil {
			name := renamedField(f.Name)
			if stub.ForName(name) != nil || def.Fields.ForName(name) != nil {
				return refused("two fields of type %s would be called %s", def.Name, name)
			}
			c.conflict(def.Name+"."+f.Name, name, "the gateway has a field of this name")
			renamed[f.Name] = name
			copied := *field
			copied.Name, field = name, &copied
		}
		local.Fields = append(local.Fields, field)
	}
	for _, name := range def.Interfaces {
		if name = c.typeName(name); !slices.Contains(local.Interfaces, name) {
			local.Interfaces = append(local.Interfaces, name)
		}
	}
	if def.Description != "" {
		local.Description = def.Description
	}
	c.describe(def.Name, def, renamed)
	list := c.entityList(def)
	c.out.Entities[def.Name] = &Entity{Name: def.Name, List: list.root, ListField: c.fields[ast.Query][list.field.Name]}
	return nil
}

// describe notes where the fields of a composed type come from.
func (c *composition) describe(name string, def *ast.Definition, renamed map[string]string) {
	if def.Kind != ast.Object && def.Kind != ast.Interface {
		return
	}
	t := &Type{Name: def.Name, Object: c.picker.records[def.Name], Fields: make(map[string]*Origin, len(def.Fields))}
	for _, f := range def.Fields {
		composed := f.Name
		if other, ok := renamed[f.Name]; ok {
			composed = other
		}
		t.Fields[composed] = c.origin(def.Name, f.Name)
	}
	c.out.Types[name] = t
}

func (c *composition) origin(record, field string) *Origin {
	if to, ok := c.children[childField{record, field}]; ok {
		return &Origin{Name: field, Children: &Children{Root: c.fields[ast.Query][to.list], ForeignKey: to.foreignKey}}
	}
	if c.origins[field] == nil {
		c.origins[field] = &Origin{Name: field}
	}
	return c.origins[field]
}

// mergeRoot puts a root field of FortyTwo into the schema.
func (c *composition) mergeRoot(p pick) {
	name := c.fields[p.operation][p.field.Name]
	field := *rewriter{references: c.references, rename: c.typeName}.field(p.field)
	field.Name = name
	def := c.local.root(p.operation)
	def.Fields = append(def.Fields, &field)
	c.out.Roots[p.operation][name] = p.root
}

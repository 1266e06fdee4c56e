package plan

import (
	"slices"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/helix-engage/gateway/federation/compose"
	"github.com/helix-engage/gateway/federation/raise"
)

// localField narrows a field of ours to what we can answer, and says what is made of it. A field below which nothing of
// FortyTwo is wanted stays as it is, and its value is taken over as it comes.
func (b *builder) localField(f collected, level int) (*ast.Field, *raise.Shape, error) {
	narrowed := &ast.Field{
		Alias: f.key, Name: f.field.Name, Arguments: f.field.Arguments, Position: f.field.Position,
		Definition: f.field.Definition, ObjectDefinition: f.field.ObjectDefinition,
	}
	if !b.touches(f.selections...) {
		for _, set := range f.selections {
			narrowed.SelectionSet = append(narrowed.SelectionSet, set...)
		}
		return narrowed, &raise.Shape{NonNull: f.field.Definition.Type.NonNull, Leaf: raise.LeafAny}, nil
	}
	shape, err := wrap(f.field.Definition.Type, func() (*raise.Shape, error) {
		d := b.schema.Types[f.field.Definition.Type.Name()]
		if !d.IsAbstractType() {
			set, object, err := b.localObject(d, f.selections, level)
			narrowed.SelectionSet = set
			return &raise.Shape{Object: object}, err
		}
		out := &raise.Object{ByType: make(map[string]*raise.Object)}
		narrowed.SelectionSet = ast.SelectionSet{hidden(d, raise.TypeKey, typename)}
		for _, possible := range b.concrete(d) {
			set, object, err := b.localObject(possible, f.selections, level)
			if err != nil {
				return nil, err
			}
			out.ByType[possible.Name] = object
			out.Deep = out.Deep || object.Deep
			if len(set) > 0 {
				narrowed.SelectionSet = append(narrowed.SelectionSet, &ast.InlineFragment{
					TypeCondition: possible.Name, ObjectDefinition: possible, SelectionSet: set, Position: f.field.Position,
				})
			}
		}
		return &raise.Shape{Object: out}, nil
	})
	return narrowed, shape, err
}

// localObject splits what is wanted of an object of ours. When it stands for a record of FortyTwo, the record's fields are
// fetched by its id.
func (b *builder) localObject(d *ast.Definition, sets []ast.SelectionSet, level int) (ast.SelectionSet, *raise.Object, error) {
	var narrowed ast.SelectionSet
	out := &raise.Object{}
	entity := b.composed.Entities[d.Name]
	record := -1 // the hop to the record
	for _, f := range b.collect(d, sets...) {
		origin := b.remoteOrigin(entity, f.field)
		switch {
		case origin != nil && origin.Children != nil:
			if err := b.children(out, f, origin, keyID, level); err != nil {
				return nil, nil, err
			}
		case origin != nil:
			n, node := b.entity(entity, level+1)
			if record < 0 {
				record = len(out.Hops)
				out.Hops = append(out.Hops, raise.Hop{Fetch: n, Key: keyID, Required: true})
			}
			shape, err := b.remoteShape(f.field.Definition.Type, f.selections, node.child(origin.Name), level+1)
			if err != nil {
				return nil, nil, err
			}
			out.Fields = append(out.Fields, raise.Field{Key: f.key, From: origin.Name, Hop: record, Shape: shape})
		case b.unanswerable(f.field):
			out.Fields = append(out.Fields, raise.Field{Key: f.key, Const: []byte("null"), Hop: -1})
		case f.field.Name == typename:
			narrowed = append(narrowed, f.field)
			out.Fields = append(out.Fields, raise.Field{Key: f.key, From: f.key, Hop: -1, Shape: &raise.Shape{NonNull: true, Leaf: raise.LeafAny}})
		default:
			field, shape, err := b.localField(f, level)
			if err != nil {
				return nil, nil, err
			}
			narrowed = append(narrowed, field)
			out.Fields = append(out.Fields, raise.Field{Key: f.key, From: f.key, Hop: -1, Shape: shape})
		}
	}
	if len(out.Hops) > 0 {
		narrowed = append(narrowed, hidden(d, keyID, "id"))
	}
	b.register(out)
	return narrowed, out, nil
}

// remoteOrigin is set for a field of an entity that only FortyTwo can answer. The id is known on both sides.
func (b *builder) remoteOrigin(entity *compose.Entity, f *ast.Field) *compose.Origin {
	if entity == nil || f.Name == "id" {
		return nil
	}
	if known := b.composed.Types[entity.Name]; known != nil {
		return known.Fields[f.Name]
	}
	return nil
}

// unanswerable tells of a field of a shared type, which is FortyTwo's alone and of which our executor does not know: PageInfo
// may have such.
func (b *builder) unanswerable(f *ast.Field) bool {
	if f.ObjectDefinition == nil || f.Name == typename || b.composed.Entities[f.ObjectDefinition.Name] != nil {
		return false
	}
	ours := b.composed.Local.Types[f.ObjectDefinition.Name]
	return ours != nil && ours.Fields.ForName(f.Name) == nil
}

// touches tells whether selections of ours want anything that our executor alone cannot answer.
func (b *builder) touches(sets ...ast.SelectionSet) bool {
	visited := make(map[string]bool)
	var look func(ast.SelectionSet) bool
	look = func(set ast.SelectionSet) bool {
		return slices.ContainsFunc(set, func(selection ast.Selection) bool {
			switch s := selection.(type) {
			case *ast.Field:
				if s.ObjectDefinition != nil && (b.remoteOrigin(b.composed.Entities[s.ObjectDefinition.Name], s) != nil || b.unanswerable(s)) {
					return true
				}
				return look(s.SelectionSet)
			case *ast.InlineFragment:
				return look(s.SelectionSet)
			case *ast.FragmentSpread:
				if visited[s.Name] {
					return false
				}
				visited[s.Name] = true
				f := b.fragments.ForName(s.Name)
				return f != nil && look(f.SelectionSet)
			}
			return false
		})
	}
	return slices.ContainsFunc(sets, look)
}

// hidden is a field that the client did not ask for, under a name of ours.
func hidden(d *ast.Definition, alias, name string) *ast.Field {
	definition := d.Fields.ForName(name)
	if name == typename {
		definition = &ast.FieldDefinition{Name: typename, Type: ast.NonNullNamedType("String", nil)}
	}
	return &ast.Field{Alias: alias, Name: name, Definition: definition, ObjectDefinition: d, Position: &ast.Position{}}
}

package plan

import (
	"slices"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/helix-engage/gateway/federation/raise"
)

// remoteShape is the shape of a value that FortyTwo answers, and adds what it needs to what is asked. Hops that begin in it are
// fetched on the next level.
func (b *builder) remoteShape(t *ast.Type, sets []ast.SelectionSet, asked *selection, level int) (*raise.Shape, error) {
	return wrap(t, func() (*raise.Shape, error) {
		d := b.schema.Types[t.Name()]
		switch {
		case d == nil || d.IsAbstractType():
			return nil, unplannable("a value of FortyTwo has a type that is not an object's", t.Name())
		case d.Kind != ast.Object:
			asked.leaf = true
			return &raise.Shape{Leaf: leafOf(d)}, nil
		}
		object, err := b.remoteObject(d, sets, asked, level)
		return &raise.Shape{Object: object}, err
	})
}

// leafOf is what JSON a scalar may be. Custom scalars may be any: FortyTwo writes some numbers as strings (fortytwo.md 7).
func leafOf(d *ast.Definition) raise.Leaf {
	switch d.Name {
	case "String":
		return raise.LeafString
	case "Int", "Float":
		return raise.LeafNumber
	case "Boolean":
		return raise.LeafBoolean
	case "ID":
		return raise.LeafID
	}
	if d.Kind == ast.Enum {
		return raise.LeafString
	}
	return raise.LeafAny
}

func (b *builder) remoteObject(d *ast.Definition, sets []ast.SelectionSet, asked *selection, level int) (*raise.Object, error) {
	known := b.composed.Types[d.Name]
	if known == nil {
		return nil, unplannable("a type of FortyTwo is not known", d.Name)
	}
	out := &raise.Object{}
	ours := extension{builder: b, object: out, entity: d, level: level, key: "id"}
	for _, f := range b.collect(d, sets...) {
		origin := known.Fields[f.field.Name]
		switch {
		case f.field.Name == typename && f.key == typename && known.Name == d.Name:
			asked.add(typename)
			out.Fields = append(out.Fields, raise.Field{Key: f.key, From: typename, Hop: -1, Shape: &raise.Shape{NonNull: true, Leaf: raise.LeafString}})
		case f.field.Name == typename:
			out.Fields = append(out.Fields, raise.Field{Key: f.key, Const: quoted(d.Name), Hop: -1})
		case origin == nil:
			if err := ours.add(f); err != nil {
				return nil, err
			}
		case origin.Children != nil:
			if err := b.children(out, f, origin, "id", level); err != nil {
				return nil, err
			}
		default:
			shape, err := b.remoteShape(f.field.Definition.Type, f.selections, asked.child(origin.Name), level)
			if err != nil {
				return nil, err
			}
			out.Fields = append(out.Fields, raise.Field{Key: f.key, From: origin.Name, Hop: -1, Shape: shape})
		}
	}
	if len(out.Hops) > 0 {
		asked.add("id")
	}
	b.askPart(d, asked)
	b.register(out)
	return out, nil
}

// askPart asks for one part of a composite of which nothing but the type is wanted: line 1.5 reads it as null otherwise.
func (b *builder) askPart(d *ast.Definition, asked *selection) {
	if slices.ContainsFunc(asked.names, func(name string) bool { return name != typename }) {
		return
	}
	if slices.ContainsFunc(d.Fields, func(f *ast.FieldDefinition) bool { return !b.schema.Types[f.Type.Name()].IsLeafType() }) {
		return // no composite
	}
	asked.add(b.composed.Types[d.Name].Fields[d.Fields[0].Name].Name)
}

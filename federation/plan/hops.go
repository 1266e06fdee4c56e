package plan

import (
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/helix-engage/gateway/federation/compose"
	"github.com/helix-engage/gateway/federation/raise"
)

// children plans a list below the first level. FortyTwo ignores the arguments of such a list and caps it (fortytwo.md 0.11), so
// it is asked for as a root field, once for each parent.
func (b *builder) children(out *raise.Object, f collected, origin *compose.Origin, key string, level int) error {
	root := b.composed.Roots[ast.Query][origin.Children.Root]
	if root == nil || origin.Children.ForeignKey == "" {
		return unplannable("a list of FortyTwo cannot be asked for by its parent", f.field.Name)
	}
	request := newRequest(b.composed, root, ast.Query, f.field.Arguments)
	request.foreignKey = origin.Children.ForeignKey
	shape, err := b.remoteShape(f.field.Definition.Type, f.selections, request.selection, level+1)
	if err != nil {
		return err
	}
	n := b.fetch(level+1, &Fetch{Kind: FetchChildren, Request: request})
	out.Fields = append(out.Fields, raise.Field{Key: f.key, Hop: len(out.Hops), Shape: shape})
	out.Hops = append(out.Hops, raise.Hop{Fetch: n, Key: key})
	return nil
}

// extension gathers the fields of ours that are wanted of one object of FortyTwo's.
type extension struct {
	*builder
	object *raise.Object
	entity *ast.Definition
	level  int
	key    string

	hop int // of the object; meaningful when run is there
	run *ast.InlineFragment
}

func (x *extension) add(f collected) error {
	if x.composed.Entities[x.entity.Name] == nil {
		return unplannable("a field is neither FortyTwo's nor an entity's", x.entity.Name+"."+f.field.Name)
	}
	if x.run == nil {
		x.begin()
	}
	narrowed, shape, err := x.localField(f, x.level+1)
	if err != nil {
		return err
	}
	x.run.SelectionSet = append(x.run.SelectionSet, narrowed)
	x.object.Fields = append(x.object.Fields, raise.Field{Key: f.key, From: f.key, Hop: x.hop, Shape: shape})
	return nil
}

// begin plans the run of the generated executor that answers them for all objects of this place.
func (x *extension) begin() {
	x.run = &ast.InlineFragment{TypeCondition: x.entity.Name, ObjectDefinition: x.entity}
	entities := x.schema.Query.Fields.ForName("_entities")
	representations := entities.Arguments.ForName("representations")
	field := &ast.Field{
		Alias: "_entities", Name: "_entities", Definition: entities, ObjectDefinition: x.schema.Query,
		Arguments: ast.ArgumentList{{Name: "representations", Value: &ast.Value{
			Kind: ast.Variable, Raw: VariableRepresentations, ExpectedType: representations.Type, Definition: x.schema.Types["_Any"],
		}}},
		SelectionSet: ast.SelectionSet{x.run},
		Position:     &ast.Position{},
	}
	n := x.fetch(x.level+1, &Fetch{Kind: FetchLocalEntities, Entity: x.entity.Name, Operation: &ast.OperationDefinition{
		Operation: ast.Query, SelectionSet: ast.SelectionSet{field},
	}})
	x.hop = len(x.object.Hops)
	x.object.Hops = append(x.object.Hops, raise.Hop{Fetch: n, Key: x.key})
}

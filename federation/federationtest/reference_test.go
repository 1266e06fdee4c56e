package federationtest

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// reference answers the fields of the composed schema: the local half from its desk, FortyTwo's by asking the emulator for whole
// records, one list or record at a time, without anything of the dialect that deviates from the specification.
type reference struct {
	*model

	desk     *desk
	hospital *hospital
}

// node is an object of FortyTwo's.
type node struct {
	typ     string
	members map[string]json.RawMessage
	asked   string // of connections: the root field with its arguments, to ask for aggregates
}

func (r *reference) TypeOf(value any) string { return r.desk.TypeOf(value) }

func (r *reference) Resolve(ctx context.Context, f Field) (any, error) {
	if f.Parent == nil {
		if r.extends(f.Type, f.Name) {
			return r.desk.Resolve(ctx, f)
		}
		return r.root(f)
	}
	switch parent := f.Parent.(type) {
	case entity:
		return r.ofEntity(ctx, f, parent)
	case *node:
		if r.extends(f.Type, f.Name) && r.isRecord(f.Type) {
			f.Parent = entity{f.Type, parent.id()}
			return r.desk.Resolve(ctx, f)
		}
		return r.ofNode(f, parent)
	default:
		return r.desk.Resolve(ctx, f)
	}
}

func (n *node) id() string {
	var id string
	_ = json.Unmarshal(n.members["id"], &id) // what is no text names no record
	return id
}

// ofEntity answers a field of a record that the local half refers to: our own without looking at the record, as any subgraph.
func (r *reference) ofEntity(ctx context.Context, f Field, e entity) (any, error) {
	if f.Name == "id" || r.extends(f.Type, f.Name) {
		f.Parent = e
		return r.desk.Resolve(ctx, f)
	}
	if at, ok := r.children[f.Type][f.Name]; ok {
		return r.list(r.definition(f), at.list, childArgs(at, e.id, f.Args))
	}
	record, err := r.load(e.typ, e.id)
	if err != nil || record == nil {
		return nil, err
	}
	return r.ofNode(f, record)
}

func (r *reference) definition(f Field) *ast.FieldDefinition {
	return r.schema.Types[f.Type].Fields.ForName(f.Name)
}

// ofNode answers a field of an object of FortyTwo's.
func (r *reference) ofNode(f Field, n *node) (any, error) {
	if raw, ok := n.members[f.Name]; ok {
		return r.wrap(r.definition(f).Type, raw, "")
	}
	if at, ok := r.children[f.Type][f.Name]; ok {
		return r.list(r.definition(f), at.list, childArgs(at, n.id(), f.Args))
	}
	if n.asked != "" {
		raw, errs := r.hospital.ask("{ "+n.asked+" { "+f.Name+" } }", nil)
		if len(errs) > 0 {
			return nil, reported(errs)
		}
		var object map[string]json.RawMessage
		err := json.Unmarshal(raw, &object)
		return object[f.Name], err
	}
	raw, ok := n.members[f.Name+"Id"]
	if !ok {
		return nil, fmt.Errorf("nothing is known of %s.%s", f.Type, f.Name)
	}
	if string(raw) == "null" { // a relation to nobody
		return nil, nil
	}
	var id string
	if err := json.Unmarshal(raw, &id); err != nil {
		return nil, err
	}
	record, err := r.load(r.definition(f).Type.Name(), id)
	if record == nil {
		return nil, err
	}
	return record, err
}

// load reads a record by its id; nil: there is none.
func (r *reference) load(typ, id string) (*node, error) {
	query := fmt.Sprintf("{ %s(filter: {id: {eq: %q}}) { edges { node %s } } }", r.plurals[typ], id, r.selection(typ, false))
	raw, errs := r.hospital.ask(query, nil)
	if len(errs) > 0 {
		return nil, reported(errs)
	}
	var list struct {
		Edges []struct{ Node map[string]json.RawMessage }
	}
	if err := json.Unmarshal(raw, &list); err != nil || len(list.Edges) == 0 {
		return nil, err
	}
	return &node{typ: typ, members: list.Edges[0].Node}, nil
}

// root answers a root field of FortyTwo's.
func (r *reference) root(f Field) (any, error) {
	definition := r.definition(f)
	name := f.Name
	if rest, renamed := strings.CutPrefix(name, "fortyTwo"); renamed {
		name = strings.ToLower(rest[:1]) + rest[1:]
	}
	if r.isList(definition.Type) {
		return r.list(definition, name, f.Args)
	}
	if filter, ok := f.Args["filter"].(map[string]any); ok {
		f.Args = maps.Clone(f.Args)
		f.Args["filter"] = r.canonical(r.schema.Types[definition.Arguments.ForName("filter").Type.Name()], filter)
	}
	raw, errs := r.hospital.ask(fmt.Sprintf("%s { %s%s }",
		strings.ToLower(f.Type), r.call(definition, name, f.Args), r.selection(definition.Type.Name(), true)), nil)
	if len(errs) > 0 {
		return nil, reported(errs)
	}
	return r.wrap(definition.Type, raw, "")
}

// isList tells the connections of records, which are asked for with aggregates.
func (r *reference) isList(typ *ast.Type) bool {
	return typ.Elem == nil && r.isRecord(strings.TrimSuffix(typ.Name(), "Connection")) && strings.HasSuffix(typ.Name(), "Connection")
}

func childArgs(at children, parent string, args map[string]any) map[string]any {
	args = maps.Clone(args)
	own := map[string]any{at.column: map[string]any{"eq": parent}}
	if filter, ok := args["filter"].(map[string]any); ok {
		own = map[string]any{"and": []any{own, filter}}
	}
	args["filter"] = own
	return args
}

// list asks for a list of records.
func (r *reference) list(definition *ast.FieldDefinition, name string, args map[string]any) (any, error) {
	if err := r.pageable(definition, args); err != nil {
		return nil, err
	}
	args = maps.Clone(args)
	if filter, ok := args["filter"].(map[string]any); ok {
		args["filter"] = r.canonical(r.schema.Types[definition.Arguments.ForName("filter").Type.Name()], filter)
	}
	call := r.call(definition, name, args)
	raw, errs := r.hospital.ask("{ "+call+r.selection(definition.Type.Name(), false)+" }", nil)
	if len(errs) > 0 {
		return nil, reported(errs)
	}
	return r.wrap(definition.Type, raw, call)
}

// everywhere are the fields that every record has.
var everywhere = []string{"id", "createdAt", "updatedAt"}

// pageable refuses cursors where FortyTwo loses records without a value: texts are never missing, nor is what every record has.
func (r *reference) pageable(definition *ast.FieldDefinition, args map[string]any) error {
	if args["after"] == nil && args["before"] == nil || definition.Arguments.ForName("orderBy") == nil {
		return nil
	}
	record := r.schema.Types[strings.TrimSuffix(definition.Type.Name(), "Connection")]
	terms, _ := args["orderBy"].([]any)
	for _, term := range terms {
		object, _ := term.(map[string]any)
		for name, direction := range object {
			if f := record.Fields.ForName(name); direction != nil && (f == nil || f.Type.Name() != "String" && !slices.Contains(everywhere, name)) {
				return failure("BAD_USER_INPUT")
			}
		}
	}
	return nil
}

// call writes a root field with its arguments as literals.
func (r *reference) call(definition *ast.FieldDefinition, name string, args map[string]any) string {
	var texts []string
	for _, key := range slices.Sorted(maps.Keys(args)) {
		if a := definition.Arguments.ForName(key); a != nil && args[key] != nil {
			texts = append(texts, key+": "+Literal(r.schema, a.Type, args[key]))
		}
	}
	if len(texts) == 0 {
		return name
	}
	return name + "(" + strings.Join(texts, ", ") + ")"
}

// wrap makes a value out of JSON by its type.
func (r *reference) wrap(typ *ast.Type, raw json.RawMessage, asked string) (any, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	if typ.Elem != nil {
		var items []json.RawMessage
		if err := json.Unmarshal(raw, &items); err != nil {
			return nil, err
		}
		out := make([]any, len(items))
		for i, item := range items {
			value, err := r.wrap(typ.Elem, item, "")
			if err != nil {
				return nil, err
			}
			out[i] = value
		}
		return out, nil
	}
	if r.schema.Types[typ.NamedType].IsLeafType() {
		return raw, nil
	}
	n := &node{typ: typ.NamedType, asked: asked}
	return n, json.Unmarshal(raw, &n.members)
}

// reported gives FortyTwo's errors the codes that the gateway's clients know.
func reported(errs gqlerror.List) error {
	out := make(gqlerror.List, len(errs))
	for i, e := range errs {
		copied := *e
		copied.Path, copied.Locations = nil, nil
		out[i] = &copied
	}
	return out
}

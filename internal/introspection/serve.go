package introspection

import (
	"bytes"
	"context"
	"encoding/json"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// Serve gives schema with the introspection of this package in place of its own.
func Serve(schema graphql.ExecutableSchema) graphql.ExecutableSchema { return served{schema} }

type served struct{ graphql.ExecutableSchema }

// Exec answers introspection, and has the rest of the operation answered.
func (s served) Exec(ctx context.Context) graphql.ResponseHandler {
	oc := graphql.GetOperationContext(ctx)
	if oc.Operation.Operation != ast.Query || oc.DisableIntrospection || !asks(oc.Operation.SelectionSet) {
		return s.ExecutableSchema.Exec(ctx)
	}
	roots := graphql.CollectFields(oc, oc.Operation.SelectionSet, []string{s.Schema().Query.Name})
	var rest ast.SelectionSet
	for _, f := range roots {
		if !introspects(f.Name) {
			field := *f.Field
			field.SelectionSet, field.Directives = f.Selections, nil
			rest = append(rest, &field)
		}
	}
	answered := false
	return func(ctx context.Context) *graphql.Response {
		if answered {
			return nil
		}
		answered = true
		response := &graphql.Response{}
		others := map[string]json.RawMessage{}
		if len(rest) > 0 {
			response = s.others(ctx, oc, rest)
			if response == nil || json.Unmarshal(response.Data, &others) != nil || others == nil { // null: an error reached the root
				return response
			}
		}
		w := &writer{schema: s.Schema(), oc: oc}
		w.roots(roots, others)
		response.Data = w.Bytes()
		return response
	}
}

// others has the other root fields answered.
func (s served) others(ctx context.Context, oc *graphql.OperationContext, fields ast.SelectionSet) *graphql.Response {
	operation := *oc.Operation
	operation.SelectionSet = fields
	return s.ExecutableSchema.Exec(graphql.WithOperationContext(ctx, &graphql.OperationContext{
		RawQuery: oc.RawQuery, Variables: oc.Variables, OperationName: oc.OperationName, Doc: oc.Doc, Extensions: oc.Extensions,
		Headers: oc.Headers, Operation: &operation, DisableIntrospection: oc.DisableIntrospection, RecoverFunc: oc.RecoverFunc,
		ResolverMiddleware: oc.ResolverMiddleware, RootResolverMiddleware: oc.RootResolverMiddleware, Stats: oc.Stats,
	}))(ctx)
}

// asks tells whether introspection stands at the root of a document, in a fragment or not.
func asks(set ast.SelectionSet) bool {
	for _, selection := range set {
		switch s := selection.(type) {
		case *ast.Field:
			if introspects(s.Name) {
				return true
			}
		case *ast.InlineFragment:
			if asks(s.SelectionSet) {
				return true
			}
		case *ast.FragmentSpread:
			if s.Definition != nil && asks(s.Definition.SelectionSet) {
				return true
			}
		}
	}
	return false
}

func introspects(field string) bool { return field == "__schema" || field == "__type" }

// writer writes one answer.
type writer struct {
	bytes.Buffer
	schema *ast.Schema
	oc     *graphql.OperationContext
}

func (w *writer) roots(roots []graphql.CollectedField, others map[string]json.RawMessage) {
	w.WriteByte('{')
	for i, f := range roots {
		w.key(i, f.Alias)
		switch f.Name {
		case "__schema":
			w.schemaObject(f)
		case "__type":
			name, _ := f.ArgumentMap(w.oc.Variables)["name"].(string)
			w.named(w.schema.Types[name], f)
		default:
			if raw := others[f.Alias]; raw != nil {
				w.Write(raw)
			} else {
				w.WriteString("null")
			}
		}
	}
	w.WriteByte('}')
}

// object writes what is selected of an object; field writes the value of one field.
func (w *writer) object(typeName string, of graphql.CollectedField, field func(graphql.CollectedField)) {
	w.WriteByte('{')
	for i, f := range graphql.CollectFields(w.oc, of.Selections, []string{typeName}) {
		w.key(i, f.Alias)
		if f.Name == "__typename" {
			w.text(typeName)
		} else {
			field(f)
		}
	}
	w.WriteByte('}')
}

func (w *writer) key(i int, name string) {
	if i > 0 {
		w.WriteByte(',')
	}
	w.text(name)
	w.WriteByte(':')
}

func (w *writer) text(s string) { graphql.MarshalString(s).MarshalGQL(w) }

// optional writes null for the empty text.
func (w *writer) optional(s string) {
	if s == "" {
		w.null()
		return
	}
	w.text(s)
}

func (w *writer) null() { w.WriteString("null") }

func (w *writer) boolean(b bool) { graphql.MarshalBoolean(b).MarshalGQL(w) }

// list writes those of the items that are not passed over.
func list[T any](w *writer, items []T, passOver func(T) bool, write func(T)) {
	w.WriteByte('[')
	first := true
	for _, item := range items {
		if passOver != nil && passOver(item) {
			continue
		}
		if !first {
			w.WriteByte(',')
		}
		first = false
		write(item)
	}
	w.WriteByte(']')
}

package federationtest

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// Source answers the fields of a schema, one by one.
type Source interface {
	// Resolve gives the value of a field: nil for null; []any for a list; for a leaf anything that json.Marshal writes as the leaf is
	// to be answered; for an object any value, which comes back as Field.Parent when its own fields are asked. Errors: a
	// *gqlerror.Error keeps its message and extensions, and its path, if any, goes on below the field's; a gqlerror.List is several
	// of them; of others the text is the message.
	Resolve(ctx context.Context, field Field) (any, error)
	// TypeOf names the object type of a value that was given where the schema has an interface or a union.
	TypeOf(value any) string
}

// Field is one field to be answered.
type Field struct {
	Type, Name string         // the object type and its field
	Parent     any            // what the Source gave for the object; nil at the root
	Args       map[string]any // coerced: int64, float64, string, bool, nil, []any, map[string]any; absent ones without default are absent
}

// Executor executes documents over a schema. It keeps nothing between two documents.
type Executor struct {
	schema *ast.Schema
	source Source
}

// NewExecutor makes an executor. Both arguments are used at the same time by concurrent calls of Execute.
func NewExecutor(schema *ast.Schema, source Source) *Executor {
	return &Executor{schema: schema, source: source}
}

// Request is a document with its variables, as a client sends them.
type Request struct {
	Query         string         `json:"query"`
	OperationName string         `json:"operationName,omitempty"`
	Variables     map[string]any `json:"variables,omitempty"`
}

// Response is an answer. Data is nil when the request was refused before execution, and `null` when a null reached the root.
type Response struct {
	Data   json.RawMessage `json:"data,omitempty"`
	Errors gqlerror.List   `json:"errors,omitempty"`
}

// Execute parses, validates and executes (specification 6.1). Mutations run one after another.
func (e *Executor) Execute(ctx context.Context, request Request) Response {
	doc, errs := gqlparser.LoadQueryWithRules(e.schema, request.Query, rules.NewDefaultRules())
	if len(errs) > 0 {
		return Response{Errors: errs}
	}
	operation := doc.Operations.ForName(request.OperationName)
	if operation == nil {
		return Response{Errors: gqlerror.List{gqlerror.Errorf("no operation %q", request.OperationName)}}
	}
	variables, err := coerceVariables(e.schema, operation, request.Variables)
	if err != nil {
		return Response{Errors: gqlerror.List{gqlerror.Wrap(err)}}
	}
	return e.run(ctx, doc, operation, variables)
}

// run executes an operation of a valid document, or a part of it, with coerced variables.
func (e *Executor) run(ctx context.Context, doc *ast.QueryDocument, op *ast.OperationDefinition, variables map[string]any) Response {
	r := &execution{ctx: ctx, Executor: e, fragments: doc.Fragments, variables: variables}
	root := e.schema.Query
	switch op.Operation {
	case ast.Mutation:
		root = e.schema.Mutation
	case ast.Subscription:
		return Response{Errors: gqlerror.List{gqlerror.Errorf("subscriptions are not executed here")}}
	}
	data, ok := r.object([]ast.SelectionSet{op.SelectionSet}, root, nil, nil)
	if !ok {
		data = json.RawMessage("null")
	}
	return Response{Data: data, Errors: r.errs}
}

// execution is one operation at work.
type execution struct {
	*Executor

	ctx       context.Context
	fragments ast.FragmentDefinitionList
	variables map[string]any
	errs      gqlerror.List
}

// field executes a field (specification 6.4). ok is false when it is null and must not be.
func (r *execution) field(g *group, typ *ast.Definition, parent any, path ast.Path) (out []byte, ok bool) {
	name := g.fields[0].Name
	if name == "__typename" {
		return quote(typ.Name), true
	}
	definition := typ.Fields.ForName(name)
	if definition == nil {
		r.fail(path, gqlerror.Errorf("%s.%s is not answered here", typ.Name, name))
		return []byte("null"), true
	}
	args, err := coerceArguments(r.schema, definition.Arguments, g.fields[0].Arguments, r.variables)
	if err == nil {
		var value any
		if value, err = r.source.Resolve(r.ctx, Field{Type: typ.Name, Name: name, Parent: parent, Args: args}); err == nil {
			return r.complete(definition.Type, g.selections(), value, path)
		}
	}
	r.fail(path, err)
	return []byte("null"), !definition.Type.NonNull
}

// fail reports an error of the field at path.
func (r *execution) fail(path ast.Path, err error) {
	var list gqlerror.List
	var one *gqlerror.Error
	switch {
	case errors.As(err, &list):
	case errors.As(err, &one):
		list = gqlerror.List{one}
	default:
		list = gqlerror.List{{Message: err.Error()}}
	}
	for _, e := range list {
		reported := *e
		reported.Path = join(path, e.Path...)
		r.errs = append(r.errs, &reported)
	}
}

// join makes a path of its own out of a path and what follows.
func join(path ast.Path, more ...ast.PathElement) ast.Path {
	out := make(ast.Path, 0, len(path)+len(more))
	return append(append(out, path...), more...)
}

func quote(text string) []byte {
	out, _ := json.Marshal(text) // a string can always be written
	return out
}

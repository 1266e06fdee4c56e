package fortytwo

import (
	"embed"
	"fmt"
	"net/http"
	"sync"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/core"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

//go:embed core.graphqls metadata.graphqls stream.graphqls
var schemas embed.FS

func loadSchema(names ...string) (*ast.Schema, error) {
	sources := make([]*ast.Source, len(names))
	for i, name := range names {
		source, err := schemas.ReadFile(name)
		if err != nil {
			return nil, err
		}
		sources[i] = &ast.Source{Name: name, Input: string(source)}
	}
	schema, err := gqlparser.LoadSchema(sources...)
	if err != nil {
		return nil, fmt.Errorf("fortytwo emulator: %w", err)
	}
	return schema, nil
}

// fields are the values of an object that a conforming executor selects from: plain values, fields, lists, or a resolver.
type fields map[string]any

// resolver computes a field from its coerced arguments.
type resolver func(args map[string]any) (any, *apiError)

// guarded is a resolver whose result, lazy parts included, is completed under a lock.
type guarded struct {
	lock    sync.Locker
	resolve resolver
}

// executor runs a validated operation the way the specification has it. The paths that are not record execution use it.
type executor struct {
	schema    *ast.Schema
	document  *ast.QueryDocument
	variables map[string]any
	errs      []*apiError
}

// validationRules are the specification's, without suggestions: the recorded answers have none.
func validationRules() *rules.Rules {
	r := rules.NewDefaultRules()
	for _, rule := range []struct{ loud, quiet core.Rule }{
		{rules.FieldsOnCorrectTypeRule, rules.FieldsOnCorrectTypeRuleWithoutSuggestions},
		{rules.KnownArgumentNamesRule, rules.KnownArgumentNamesRuleWithoutSuggestions},
		{rules.KnownTypeNamesRule, rules.KnownTypeNamesRuleWithoutSuggestions},
		{rules.ScalarLeafsRule, rules.ScalarLeafsRuleWithoutSuggestions},
		{rules.ValuesOfCorrectTypeRule, rules.ValuesOfCorrectTypeRuleWithoutSuggestions},
	} {
		r.ReplaceRule(rule.loud.Name, rule.quiet.RuleFunc)
	}
	return r
}

// runValidated validates and executes a document against a schema, beginning with the values of the root type.
func (in incoming) runValidated(schema *ast.Schema, doc *document, ws *workspace, roots fields) reply {
	if errs := validator.ValidateWithRules(schema, doc.query, validationRules()); len(errs) > 0 {
		if stale := in.staleSchema(ws); stale != nil {
			return in.refusal(stale)
		}
		return in.refusal(validationErrors(errs)...)
	}
	given, _ := plain(doc.variables).(map[string]any)
	variables, err := validator.VariableValues(schema, doc.operation, given)
	if err != nil {
		return in.refusal(&apiError{message: err.Error(), code: codeBadInput})
	}
	e := &executor{schema: schema, document: doc.query, variables: variables}
	root := schema.Query
	if doc.operation.Operation == ast.Mutation {
		root = schema.Mutation
	}
	data, ok := e.object(doc.operation.SelectionSet, root, roots)
	body := newDict()
	if len(e.errs) > 0 {
		body.set("errors", errorList(e.errs))
	}
	if !ok {
		data = nil
	}
	body.set("data", data)
	return reply{status: http.StatusOK, contentType: jsonUTF8, body: appendJSON(nil, body)}
}

func validationErrors(errs gqlerror.List) []*apiError {
	const most = 100 // upstream's validator stops there too
	out := make([]*apiError, 0, min(len(errs), most))
	for _, err := range errs[:min(len(errs), most)] {
		out = append(out, &apiError{message: err.Message, locations: err.Locations})
	}
	return out
}

// object answers a selection set; ok is false when a field that must not be null is.
func (e *executor) object(set ast.SelectionSet, typ *ast.Definition, value fields) (out *dict, ok bool) {
	out = newDict()
	for _, group := range e.collect(set, typ.Name, nil, map[string]bool{}) {
		first := group.fields[0]
		if first.Name == "__typename" {
			out.set(group.key, typ.Name)
			continue
		}
		var inner ast.SelectionSet
		for _, f := range group.fields {
			inner = append(inner, f.SelectionSet...)
		}
		completed, ok := e.field(inner, first, value[first.Name])
		if !ok {
			return nil, false
		}
		out.set(group.key, completed)
	}
	return out, true
}

// field resolves and completes one field.
func (e *executor) field(set ast.SelectionSet, f *ast.Field, value any) (any, bool) {
	if g, ok := value.(guarded); ok {
		g.lock.Lock()
		defer g.lock.Unlock()
		value = g.resolve
	}
	if compute, ok := value.(resolver); ok {
		var err *apiError
		if value, err = compute(f.ArgumentMap(e.variables)); err != nil {
			e.errs = append(e.errs, err)
			value = nil
		}
	}
	return e.complete(set, f.Definition.Type, value)
}

func (e *executor) complete(set ast.SelectionSet, typ *ast.Type, value any) (any, bool) {
	if value == nil {
		return nil, !typ.NonNull
	}
	if typ.Elem != nil {
		list, isList := value.([]any)
		if !isList {
			return value, true // a list of plain values
		}
		out := make([]any, len(list))
		for i, item := range list {
			completed, ok := e.complete(set, typ.Elem, item)
			if !ok {
				return nil, !typ.NonNull
			}
			out[i] = completed
		}
		return out, true
	}
	object, isObject := value.(fields)
	if !isObject {
		return value, true
	}
	out, ok := e.object(set, e.schema.Types[typ.NamedType], object)
	if !ok {
		return nil, !typ.NonNull
	}
	return out, true
}

// group is the fields that share a response key.
type group struct {
	key    string
	fields []*ast.Field
}

// collect flattens fragments, each once; validation has refused cycles and unknown ones.
func (e *executor) collect(set ast.SelectionSet, typeName string, into []*group, visited map[string]bool) []*group {
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			if e.included(s.Directives) {
				into = place(into, s)
			}
		case *ast.InlineFragment:
			if e.included(s.Directives) && (s.TypeCondition == "" || s.TypeCondition == typeName) {
				into = e.collect(s.SelectionSet, typeName, into, visited)
			}
		case *ast.FragmentSpread:
			if e.included(s.Directives) && s.Definition.TypeCondition == typeName && !visited[s.Name] {
				visited[s.Name] = true
				into = e.collect(s.Definition.SelectionSet, typeName, into, visited)
			}
		}
	}
	return into
}

func place(into []*group, f *ast.Field) []*group {
	for _, g := range into {
		if g.key == f.Alias {
			g.fields = append(g.fields, f)
			return into
		}
	}
	return append(into, &group{key: f.Alias, fields: []*ast.Field{f}})
}

func (e *executor) included(directives ast.DirectiveList) bool {
	for _, d := range directives {
		if condition, ok := d.ArgumentMap(e.variables)["if"].(bool); ok && condition == (d.Name == "skip") {
			return false
		}
	}
	return true
}

// plain turns dicts into maps, as the validator wants its variables.
func plain(value any) any {
	switch v := value.(type) {
	case *dict:
		out := map[string]any{}
		if v != nil {
			for _, key := range v.keys {
				out[key] = plain(v.values[key])
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = plain(v[i])
		}
		return out
	default:
		return value
	}
}

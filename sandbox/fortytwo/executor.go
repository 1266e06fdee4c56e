package fortytwo

import (
	"embed"
	"fmt"
	"net/http"
	"slices"
	"strings"
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

// executor runs a validated operation the way the specification has it. Direct execution of records alone does without it.
type executor struct {
	line      Line
	schema    *ast.Schema
	document  *ast.QueryDocument
	variables map[string]any
	errs      []*apiError
	groups    map[groupKey][]*group // what was collected already: every record of a list selects the same
}

// groupKey names a selection set on a type.
type groupKey struct {
	set  *ast.Selection
	size int
	typ  string
}

// rules are what documents are validated by.
func (l Line) rules() *rules.Rules {
	if l != Line15 {
		return validationRules()
	}
	r := rules.NewDefaultRules()
	r.ReplaceRule(rules.KnownArgumentNamesRule.Name, knownArguments)
	return r
}

// knownArguments is the rule of that name, with the argument's own place and the neighbours that it could have been.
func knownArguments(observers *core.Events, addError core.AddErrFunc) {
	check := func(given ast.ArgumentList, known ast.ArgumentDefinitionList, owner string) {
		for _, a := range given {
			if known.ForName(a.Name) != nil {
				continue
			}
			var names []string
			for _, definition := range known {
				names = append(names, definition.Name)
			}
			addError(core.Message(`Unknown argument "%s" on %s.`, a.Name, owner),
				core.SuggestListQuoted("Did you mean", a.Name, names), core.At(a.Position))
		}
	}
	observers.OnField(func(_ *core.Walker, f *ast.Field) {
		if f.Definition != nil && f.ObjectDefinition != nil {
			check(f.Arguments, f.Definition.Arguments, `field "`+f.ObjectDefinition.Name+"."+f.Name+`"`)
		}
	})
	observers.OnDirective(func(_ *core.Walker, d *ast.Directive) {
		if d.Definition != nil {
			check(d.Arguments, d.Definition.Arguments, `directive "@`+d.Name+`"`)
		}
	})
}

// validationRules are the specification's, without suggestions: the recorded answers of line 2.7 have none.
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
func (s *Server) runValidated(in incoming, schema *ast.Schema, ws *workspace, roots fields) reply {
	doc, refused := s.validDocument(in, schema, ws)
	if refused != nil {
		return *refused
	}
	given, _ := plain(doc.variables).(map[string]any)
	variables, err := validator.VariableValues(schema, doc.operation, given)
	if err != nil {
		return in.refusal(&apiError{message: err.Error(), code: codeBadInput})
	}
	e := &executor{schema: schema, document: doc.query, variables: variables}
	return e.answer(e.object(doc.operation.SelectionSet, rootType(schema, doc), roots))
}

// validDocument gives the request's document, bound to the schema, or the refusal of it.
func (s *Server) validDocument(in incoming, schema *ast.Schema, ws *workspace) (*document, *reply) {
	query, errs := s.documents.validate(schema, in.query, s.options.Line.rules)
	if len(errs) > 0 {
		if stale := in.staleSchema(ws); stale != nil {
			errs = []*apiError{stale}
		}
		out := in.refusal(errs...)
		return nil, &out
	}
	doc, err := newDocument(query, in.operationName, in.variables)
	if err != nil {
		out := in.refusal(err)
		return nil, &out
	}
	return doc, nil
}

func rootType(schema *ast.Schema, doc *document) *ast.Definition {
	if doc.operation.Operation == ast.Mutation {
		return schema.Mutation
	}
	return schema.Query
}

// answer is the reply of an executed operation; ok is false when a field that must not be null was.
func (e *executor) answer(data *dict, ok bool) reply {
	body := newDict()
	if len(e.errs) > 0 {
		body.set("errors", errorList(e.line.words(e.errs)))
	}
	if !ok {
		data = nil
	}
	body.set("data", data)
	return reply{status: http.StatusOK, contentType: jsonUTF8, body: appendJSON(make([]byte, 0, usualAnswer), body)}
}

// placed is where an error is. The parser says of a text that it begins behind its quote, upstream that it begins there.
func placed(text string, err *gqlerror.Error) []gqlerror.Location {
	if !strings.Contains(err.Message, "cannot represent") {
		return err.Locations
	}
	lines, out := strings.Split(text, "\n"), slices.Clone(err.Locations)
	for i, l := range out {
		if l.Line >= 1 && l.Line <= len(lines) && l.Column >= 2 && l.Column <= len(lines[l.Line-1]) && lines[l.Line-1][l.Column-2] == '"' {
			out[i].Column--
		}
	}
	return out
}

func validationErrors(text string, errs gqlerror.List) []*apiError {
	const most = 100 // upstream's validator stops there too
	out := make([]*apiError, 0, min(len(errs), most))
	for _, err := range errs[:min(len(errs), most)] {
		out = append(out, &apiError{message: err.Message, locations: placed(text, err)})
	}
	return out
}

// group is the fields that share a response key, and what they select together.
type group struct {
	key    string
	fields []*ast.Field
	inner  ast.SelectionSet
}

// collected is collect, once for each selection set.
func (e *executor) collected(set ast.SelectionSet, typeName string) []*group {
	if len(set) == 0 {
		return nil
	}
	key := groupKey{&set[0], len(set), typeName}
	if known, ok := e.groups[key]; ok {
		return known
	}
	groups := e.collect(set, typeName, nil, map[string]bool{})
	for _, g := range groups {
		if g.inner = g.fields[0].SelectionSet; len(g.fields) > 1 {
			g.inner = nil
			for _, f := range g.fields {
				g.inner = append(g.inner, f.SelectionSet...)
			}
		}
	}
	if e.groups == nil {
		e.groups = map[groupKey][]*group{}
	}
	e.groups[key] = groups
	return groups
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
				out[key] = plain(v.at(key))
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

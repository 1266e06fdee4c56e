package compose

import (
	"maps"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// federationDirectives are those of Apollo Federation 2: routers read them in the subgraph's own text, clients never.
var federationDirectives = []string{
	"authenticated", "composeDirective", "context", "cost", "extends", "external", "fromContext", "inaccessible", "interfaceObject",
	"key", "link", "listSize", "override", "policy", "provides", "requires", "requiresScopes", "shareable", "tag",
}

// localPart is a copy of the local schema that may be added to and validated again: validation writes into directives, and
// the schema that was given is in use.
type localPart struct {
	given *ast.Schema
	types map[string]*ast.Definition // all but the federation's; local ones are copies
	extra []*ast.Definition          // FortyTwo's
	added map[ast.Operation]*ast.Definition
}

func newLocalPart(given *ast.Schema) *localPart {
	l := &localPart{given: given, types: make(map[string]*ast.Definition, len(given.Types)), added: map[ast.Operation]*ast.Definition{}}
	copier := rewriter{}
	for name, def := range given.Types {
		switch {
		case isFederationType(name):
		case def.BuiltIn:
			l.types[name] = def
		default:
			l.types[name] = copier.definition(def)
		}
	}
	query := l.types[given.Query.Name]
	query.Fields = slices.DeleteFunc(query.Fields, func(f *ast.FieldDefinition) bool { return strings.HasPrefix(f.Name, "__") })
	return l
}

// isFederationType reports whether name belongs to Apollo Federation's own directives. What answers routers
// (_Any, _Entity, _Service) does not: it is a part of the schema.
func isFederationType(name string) bool {
	return name == "FieldSet" || name == "_FieldSet" || strings.HasPrefix(name, "federation__") || strings.HasPrefix(name, "link__")
}

// root is the root type of operation; it is made when the local schema has none.
func (l *localPart) root(operation ast.Operation) *ast.Definition {
	switch {
	case operation == ast.Query:
		return l.types[l.given.Query.Name]
	case l.given.Mutation != nil:
		return l.types[l.given.Mutation.Name]
	case l.added[operation] == nil:
		l.added[operation] = &ast.Definition{Kind: ast.Object, Name: "Mutation"}
	}
	return l.added[operation]
}

// document is the whole schema as the validator takes it, in a fixed order.
func (l *localPart) document() *ast.SchemaDocument {
	doc := &ast.SchemaDocument{Schema: ast.SchemaDefinitionList{{
		Description:    l.given.Description,
		Directives:     copyDirectives(l.given.SchemaDirectives),
		OperationTypes: ast.OperationTypeDefinitionList{{Operation: ast.Query, Type: l.given.Query.Name}},
	}}}
	if def := l.root(ast.Mutation); len(def.Fields) > 0 {
		doc.Schema[0].OperationTypes = append(doc.Schema[0].OperationTypes, &ast.OperationTypeDefinition{Operation: ast.Mutation, Type: def.Name})
		if def == l.added[ast.Mutation] {
			doc.Definitions = append(doc.Definitions, def)
		}
	}
	if def := l.given.Subscription; def != nil {
		doc.Schema[0].OperationTypes = append(doc.Schema[0].OperationTypes, &ast.OperationTypeDefinition{Operation: ast.Subscription, Type: def.Name})
	}
	for _, name := range slices.Sorted(maps.Keys(l.types)) {
		doc.Definitions = append(doc.Definitions, l.types[name])
	}
	doc.Definitions = append(doc.Definitions, l.extra...)
	for _, name := range slices.Sorted(maps.Keys(l.given.Directives)) {
		if !slices.Contains(federationDirectives, name) {
			doc.Directives = append(doc.Directives, l.given.Directives[name])
		}
	}
	return doc
}

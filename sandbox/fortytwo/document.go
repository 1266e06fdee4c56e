package fortytwo

import (
	"errors"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// maxSelectionDepth bounds fragments that spread each other; upstream runs out of stack there.
const maxSelectionDepth = 500

// document is a parsed request: the operation that operationName picks, without validation.
type document struct {
	query     *ast.QueryDocument
	operation *ast.OperationDefinition
	variables *dict
}

// parse gives a request's document, not validated.
func (s *Server) parse(in incoming) (*document, *apiError) {
	query, err := s.documents.parse(in.query)
	if err != nil {
		return nil, err
	}
	return newDocument(query, in.operationName, in.variables)
}

func newDocument(query *ast.QueryDocument, operationName string, variables *dict) (*document, *apiError) {
	if operationName == "" && len(query.Operations) > 1 {
		return nil, &apiError{message: "Must provide operation name if query contains multiple operations."}
	}
	operation := query.Operations.ForName(operationName)
	switch {
	case operation == nil && operationName == "":
		return nil, &apiError{message: "Must provide an operation."}
	case operation == nil:
		return nil, &apiError{message: "Unknown operation named \"" + operationName + "\"."}
	}
	return &document{query: query, operation: operation, variables: variables}, nil
}

// syntaxError words a parse error as upstream's parser does.
func syntaxError(err error) *apiError {
	out := &apiError{message: "Syntax Error: " + strings.TrimSuffix(err.Error(), ".") + "."}
	var parsed *gqlerror.Error
	if errors.As(err, &parsed) {
		out.message = "Syntax Error: " + strings.TrimSuffix(parsed.Message, ".") + "."
		out.locations = parsed.Locations
	}
	return out
}

// roots are the top-level fields, fragments inlined. Directives on them do nothing (fortytwo.md 0, trap 5).
func (d *document) roots() ([]*ast.Field, *apiError) {
	budget := maxSelectedFields
	return d.flatten(d.operation.SelectionSet, 0, &budget)
}

func (d *document) flatten(set ast.SelectionSet, depth int, budget *int) ([]*ast.Field, *apiError) {
	var fields []*ast.Field
	for _, s := range set {
		if *budget--; *budget < 0 || depth > maxSelectionDepth {
			return nil, internal("Maximum call stack size exceeded")
		}
		var inner ast.SelectionSet
		switch s := s.(type) {
		case *ast.Field:
			fields = append(fields, s)
			continue
		case *ast.InlineFragment:
			inner = s.SelectionSet
		case *ast.FragmentSpread:
			fragment := d.query.Fragments.ForName(s.Name)
			if fragment == nil {
				return nil, &apiError{message: "Unknown fragment \"" + s.Name + "\".", locations: at(s.Position)}
			}
			inner = fragment.SelectionSet
		}
		more, err := d.flatten(inner, depth+1, budget)
		if err != nil {
			return nil, err
		}
		fields = append(fields, more...)
	}
	return fields, nil
}

func at(position *ast.Position) []gqlerror.Location {
	if position == nil {
		return nil
	}
	return []gqlerror.Location{{Line: position.Line, Column: position.Column}}
}

// maxSelectedFields bounds what fragments can blow a document up to; upstream has no bound for records (fortytwo.md 12).
const maxSelectedFields = 200_000

// selection is what is asked of an object: fields by name, because aliases below the root are ignored (trap 4).
type selection struct {
	fields []*selected
	byName map[string]*selected
}

type selected struct {
	name string
	sub  *selection // nil: no selection set
}

// get is the sub-selection of a field; nil when the field is not selected or has none.
func (s *selection) get(name string) *selection {
	if s == nil || s.byName[name] == nil {
		return nil
	}
	return s.byName[name].sub
}

func (s *selection) has(name string) bool { return s != nil && s.byName[name] != nil }

// selectionBuilder merges a selection set into a selection. budget counts down over the whole request.
type selectionBuilder struct {
	document *document
	budget   int
}

func (d *document) selection(set ast.SelectionSet) (*selection, *apiError) {
	if len(set) == 0 {
		return nil, nil
	}
	b := &selectionBuilder{document: d, budget: maxSelectedFields}
	out := &selection{byName: map[string]*selected{}}
	return out, b.add(out, set, 0)
}

func (b *selectionBuilder) add(out *selection, set ast.SelectionSet, depth int) *apiError {
	for _, s := range set {
		if b.budget--; b.budget < 0 || depth > maxSelectionDepth {
			return internal("Maximum call stack size exceeded")
		}
		var err *apiError
		switch s := s.(type) {
		case *ast.Field:
			err = b.addField(out, s, depth)
		case *ast.InlineFragment:
			err = b.addSet(out, s.Directives, s.SelectionSet, depth)
		case *ast.FragmentSpread:
			fragment := b.document.query.Fragments.ForName(s.Name)
			if fragment == nil {
				return internal("Cannot read properties of undefined (reading 'selectionSet')")
			}
			err = b.addSet(out, s.Directives, fragment.SelectionSet, depth)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (b *selectionBuilder) addSet(out *selection, directives ast.DirectiveList, set ast.SelectionSet, depth int) *apiError {
	included, err := included(directives)
	if err != nil || !included {
		return err
	}
	return b.add(out, set, depth+1)
}

func (b *selectionBuilder) addField(out *selection, field *ast.Field, depth int) *apiError {
	included, err := included(field.Directives)
	if err != nil || !included {
		return err
	}
	known := out.byName[field.Name]
	if known == nil {
		known = &selected{name: field.Name}
		out.byName[field.Name] = known
		out.fields = append(out.fields, known)
	}
	if len(field.SelectionSet) == 0 {
		return nil
	}
	if known.sub == nil {
		known.sub = &selection{byName: map[string]*selected{}}
	}
	return b.add(known.sub, field.SelectionSet, depth+1)
}

// included evaluates @skip and @include with literals. A variable is looked up where there are none: upstream fails on it (trap 5).
func included(directives ast.DirectiveList) (bool, *apiError) {
	for _, d := range directives {
		if d.Name != "skip" && d.Name != "include" {
			continue
		}
		condition := d.Arguments.ForName("if")
		if condition == nil {
			continue
		}
		if condition.Value.Kind == ast.Variable {
			return false, internal("Cannot read properties of undefined (reading '%s')", condition.Value.Raw)
		}
		if yes := condition.Value.Raw == "true"; yes == (d.Name == "skip") {
			return false, nil
		}
	}
	return true, nil
}

// arguments evaluates the arguments of a root field. Undefined variables are dropped, types are not checked, enum values
// are strings (fortytwo.md 1).
func (d *document) arguments(field *ast.Field) *dict {
	args := newDict()
	for _, a := range field.Arguments {
		if value, defined := d.value(a.Value); defined {
			args.set(a.Name, value)
		}
	}
	return args
}

func (d *document) value(v *ast.Value) (value any, defined bool) {
	switch v.Kind {
	case ast.Variable:
		return d.variable(v.Raw)
	case ast.IntValue, ast.FloatValue:
		number, err := strconv.ParseFloat(v.Raw, 64)
		return number, err == nil
	case ast.StringValue, ast.BlockValue, ast.EnumValue:
		return v.Raw, true
	case ast.BooleanValue:
		return v.Raw == "true", true
	case ast.ListValue:
		list := []any{}
		for _, child := range v.Children {
			item, _ := d.value(child.Value)
			list = append(list, item)
		}
		return list, true
	case ast.ObjectValue:
		object := newDict()
		for _, child := range v.Children {
			if item, defined := d.value(child.Value); defined {
				object.set(child.Name, item)
			}
		}
		return object, true
	default:
		return nil, true
	}
}

// variable is a request's variable or the default of its definition.
func (d *document) variable(name string) (any, bool) {
	if value, ok := d.variables.get(name); ok {
		return value, true
	}
	if definition := d.operation.VariableDefinitions.ForName(name); definition != nil && definition.DefaultValue != nil {
		return d.value(definition.DefaultValue)
	}
	return nil, false
}

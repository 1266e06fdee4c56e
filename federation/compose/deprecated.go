package compose

import "github.com/vektah/gqlparser/v2/ast"

// deprecation gathers what introspection says of a deprecated thing.
type deprecation struct {
	is     bool
	reason string
}

func (d *deprecation) read(in *introspected, key string) {
	switch key {
	case "isDeprecated":
		d.is = in.boolean()
	case "deprecationReason":
		d.reason = in.text()
	default:
		in.skip()
	}
}

func (d *deprecation) directives() ast.DirectiveList {
	if !d.is {
		return nil
	}
	out := &ast.Directive{Name: "deprecated"}
	if d.reason != "" {
		out.Arguments = ast.ArgumentList{{Name: "reason", Value: &ast.Value{Raw: d.reason, Kind: ast.StringValue}}}
	}
	return ast.DirectiveList{out}
}

package compose

import (
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

// reach walks all types that the picked root fields need, in a fixed order, and gives each to visit, which gives the
// definition that is to be followed. An interface brings the types that implement it. Types called also are walked too, where
// there are such.
func (p *picker) reach(visit func(*ast.Definition) *ast.Definition, also ...string) error {
	implementers := map[string][]string{}
	for name, def := range p.types {
		for _, i := range def.Interfaces {
			implementers[i] = append(implementers[i], name)
		}
	}
	w := &walk{types: p.types, roots: p.rootTypes, seen: make(map[string]bool, len(p.types))}
	for _, one := range p.picks {
		w.field(string(one.operation), one.field)
	}
	for _, name := range also {
		if p.types[name] != nil {
			w.name("", "", name)
		}
	}
	for len(w.queue) > 0 && w.err == nil {
		name := w.queue[0]
		w.queue = w.queue[1:]
		def := visit(p.types[name])
		p.pace.step()
		for _, f := range def.Fields {
			w.field(name, f)
		}
		for _, other := range slices.Concat(def.Interfaces, def.Types) {
			w.name(name, "", other)
		}
		if def.Kind == ast.Interface {
			slices.Sort(implementers[name])
			for _, other := range implementers[name] {
				w.name(name, "", other)
			}
		}
	}
	return w.err
}

// walk is the state of reach.
type walk struct {
	types map[string]*ast.Definition
	roots []string
	seen  map[string]bool
	queue []string
	err   error
}

func (w *walk) field(from string, f *ast.FieldDefinition) {
	w.name(from, f.Name, f.Type.Name())
	for _, a := range f.Arguments {
		w.name(from, f.Name, a.Type.Name())
	}
}

// name goes on to a type, from a type or from a field of it.
func (w *walk) name(from, field, name string) {
	if w.seen[name] || isBuiltIn(name) || w.err != nil {
		return
	}
	w.seen[name] = true
	if field != "" {
		from += "." + field
	}
	switch {
	case w.types[name] == nil:
		w.err = refused("%s refers to type %s, which FortyTwo's introspection lacks", from, name)
	case slices.Contains(w.roots, name):
		w.err = refused("%s refers to the root type %s, and with it to all of FortyTwo", from, name)
	}
	w.queue = append(w.queue, name)
}

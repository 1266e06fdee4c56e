package fortytwo

import (
	"net/http"

	"github.com/vektah/gqlparser/v2/ast"
)

// execute15 answers either endpoint of line 1.5: one schema, validated and executed as the specification has it, with records resolved
// by the same engine as on line 2.7. What differs stands in fortytwo.md 16.
func (s *Server) execute15(in incoming, c *caller, address string) reply {
	schema, err := s.schema15(in, c)
	if err != nil {
		return in.refusal(internal("%s", err.Error()))
	}
	doc, refused := s.validDocument(in, schema, c.workspace)
	if refused != nil {
		return *refused
	}
	if doc.operation.Operation == ast.Subscription {
		return reply{status: http.StatusNotAcceptable, contentType: jsonUTF8}
	}
	given, misfit := inputCoercer{schema: schema, checks: true}.variables(doc)
	if misfit != nil {
		return errorReply(http.StatusBadRequest, jsonUTF8, misfit)
	}
	doc.variables = given
	run := &execution15{
		server: s, caller: c, document: doc,
		executor: executor{line: Line15, schema: schema, document: doc.query, variables: asMap(given)},
	}
	roots := run.collected(doc.operation.SelectionSet, rootType(schema, doc).Name)
	if err := s.perCaller.take(c, address, len(roots)); err != nil {
		return errorReply(http.StatusOK, jsonUTF8, err)
	}
	if introspectsOnly(roots) {
		return s.introspections.answer(in, schema, func() reply { return run.answer(run.roots(roots)) })
	}
	return run.answer(run.roots(roots))
}

// schema15 is what the caller may ask for at an endpoint.
func (s *Server) schema15(in incoming, c *caller) (*ast.Schema, error) {
	switch {
	case in.path == "/metadata":
		return s.metadata, nil
	case c.workspace == nil || in.coreOnly:
		return s.core, nil
	default:
		return c.workspace.introspectable()
	}
}

func introspectsOnly(roots []*group) bool {
	for _, g := range roots {
		if name := g.fields[0].Name; name != "__schema" && name != "__type" {
			return false
		}
	}
	return true
}

func asMap(d *dict) map[string]any {
	out, _ := plain(d).(map[string]any)
	return out
}

// execution15 is one operation at work.
type execution15 struct {
	executor
	server   *Server
	caller   *caller
	document *document
	others   fields // root fields that are no records; made when one is asked for
}

// roots answers the root fields one after another, as the specification has it for mutations.
func (x *execution15) roots(groups []*group) (*dict, bool) {
	typ := rootType(x.schema, x.document)
	out, heights := newDict(), make([]int, 0, len(groups))
	for _, g := range groups {
		first, height, ok := g.fields[0], 0, true
		var completed any = typ.Name
		if first.Name != "__typename" {
			completed, height, ok = x.root(g)
		}
		if !ok {
			return nil, false
		}
		out.set(g.key, completed)
		heights = append(heights, height)
	}
	out.sortKeys(heights)
	return out, true
}

func (x *execution15) root(g *group) (completed any, height int, ok bool) {
	f := g.fields[0]
	if x.isRecord(f.Name) {
		args := newDict()
		literal := inputCoercer{schema: x.schema}
		for _, definition := range f.Definition.Arguments {
			given := f.Arguments.ForName(definition.Name)
			if given == nil {
				continue
			}
			if value, defined := x.document.value(given.Value); defined {
				coerced, _ := literal.coerce(definition.Type, value, "") // validation has seen it
				args.set(definition.Name, coerced)
			}
		}
		value, err := x.server.executeRoot(f.Name, args, x.selection(g.inner, f.Definition.Type.Name()), x.caller)
		if err != nil {
			x.errs = append(x.errs, err)
			value = nil
		}
		return x.complete(g.inner, f.Definition.Type, value)
	}
	if x.others == nil {
		x.others = x.server.metadataValues(x.schema, x.caller)
		x.others["search"] = x.caller.searching()
	}
	value, emulated := x.others[f.Name]
	if !emulated {
		value = resolver(func(map[string]any) (any, *apiError) { return nil, errDenied() })
	}
	return x.field(g.inner, f, value)
}

// isRecord tells records from what the server administers. Some names are both: of those upstream's core wins.
func (x *execution15) isRecord(name string) bool {
	ws := x.caller.workspace
	if ws == nil || x.schema == x.server.metadata || x.schema == x.server.core {
		return false
	}
	ws.mu.RLock()
	defer ws.mu.RUnlock()
	_, ok := ws.roots[name]
	return ok
}

// selection is what has to be read for a selection set: every field once, whatever it is called in the answer. A composite of which
// nothing but the type name is asked is not read and so answered null, as the recordings have it.
func (x *execution15) selection(set ast.SelectionSet, typeName string) *selection {
	out := &selection{byName: map[string]*selected{}}
	for _, g := range x.collected(set, typeName) {
		first := g.fields[0]
		if first.Name == "__typename" {
			continue
		}
		one := &selected{name: first.Name}
		if len(g.inner) > 0 {
			inner := first.Definition.Type.Name()
			one.sub = x.selection(g.inner, inner)
			if len(one.sub.fields) == 0 && isComposite(inner) {
				continue
			}
		}
		out.add(one)
	}
	return out
}

// add puts a field in, or what it selects into the field that is there already under another alias.
func (s *selection) add(one *selected) {
	known := s.byName[one.name]
	if known == nil {
		s.byName[one.name] = one
		s.fields = append(s.fields, one)
		return
	}
	if one.sub == nil {
		return
	}
	for _, inner := range one.sub.fields {
		known.sub.add(inner)
	}
}

func isComposite(typeName string) bool {
	for _, c := range composites {
		if Line15.compositeName(c) == typeName {
			return true
		}
	}
	return false
}

package compose

import (
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

// pick is a root field of FortyTwo that is composed.
type pick struct {
	operation ast.Operation
	field     *ast.FieldDefinition
	root      *Root
}

// picker finds the root fields of objects among all that a server lists. With a user's token the line 1.5 lists its
// administration too, so a root field needs an object's name, arguments and type.
type picker struct {
	types     map[string]*ast.Definition
	roots     map[ast.Operation]map[string]*ast.FieldDefinition // those that were not picked
	rootTypes []string
	picks     []pick
	records   map[string]*Object // objects by the name of their records' type
	nodes     map[string]string  // what nodeOf has found
	pace      *Pace
}

func pickRoots(up *Upstream, pace *Pace) *picker {
	p := &picker{
		types: up.Types, rootTypes: []string{up.Query, up.Mutation}, records: map[string]*Object{}, nodes: map[string]string{},
		pace: pace,
		roots: map[ast.Operation]map[string]*ast.FieldDefinition{
			ast.Query: fieldsByName(up.Types[up.Query]), ast.Mutation: fieldsByName(up.Types[up.Mutation]),
		},
	}
	for _, o := range up.Objects {
		if def := up.Types[pascal(o.Singular)]; def != nil && def.Kind == ast.Object {
			p.records[def.Name] = o
		}
	}
	for _, o := range up.Objects {
		if o.Active && p.records[pascal(o.Singular)] == o {
			p.object(o, pascal(o.Singular))
		}
	}
	p.search()
	return p
}

func (p *picker) search() { p.pick(ast.Query, "search", Search, nil, "", "searchInput") }

func (p *picker) object(o *Object, record string) {
	p.pick(ast.Query, o.Singular, One, o, record, "filter")
	p.pick(ast.Query, o.Plural, List, o, record, "filter")
	p.pick(ast.Query, o.Plural+"GroupBy", GroupBy, o, "", "groupBy")
	p.pick(ast.Query, o.Singular+"Duplicates", Duplicates, o, record, "ids", "data")
	for _, name := range slices.Compact([]string{pascal(o.Singular), pascal(o.Plural)}) {
		p.pick(ast.Mutation, "create"+name, Write, o, record, "data")
		p.pick(ast.Mutation, "update"+name, Write, o, record, "data")
		p.pick(ast.Mutation, "delete"+name, Write, o, record, "id", "filter")
		p.pick(ast.Mutation, "restore"+name, Write, o, record, "id", "filter")
		p.pick(ast.Mutation, "destroy"+name, Write, o, record, "id", "filter")
		p.pick(ast.Mutation, "merge"+name, Write, o, record, "ids")
	}
}

// pick keeps the root field called name when it takes one of the arguments and answers what its kind does: records of the
// type called record, one, many or in a connection.
func (p *picker) pick(operation ast.Operation, name string, kind RootKind, o *Object, record string, arguments ...string) {
	field := p.roots[operation][name]
	if field == nil || !slices.ContainsFunc(arguments, func(a string) bool { return field.Arguments.ForName(a) != nil }) {
		return
	}
	list, named := field.Type.Elem != nil, field.Type.Name()
	fits := false
	switch kind {
	case One:
		fits = !list && named == record
	case List:
		fits = !list && p.nodeOf(named) == record
	case GroupBy:
		fits = list && p.isObject(named)
	case Duplicates:
		fits = list && p.nodeOf(named) == record
	case Search:
		fits = !list && p.isObject(named)
	case Write, WriteMany:
		fits = named == record
		if list {
			kind = WriteMany
		}
	}
	if !fits {
		return
	}
	root := &Root{Name: name, Kind: kind, Object: o, Args: make(map[string]string, len(field.Arguments))}
	for _, a := range field.Arguments {
		root.Args[a.Name] = a.Type.String()
	}
	p.picks = append(p.picks, pick{operation, field, root})
	p.pace.step()
	delete(p.roots[operation], name) // once, whatever other objects are called
}

func (p *picker) isObject(name string) bool {
	def := p.types[name]
	return def != nil && def.Kind == ast.Object
}

// nodeOf is the type of the nodes of the connection called name; "" when it is no connection.
func (p *picker) nodeOf(name string) string {
	node, known := p.nodes[name]
	if !known {
		node = p.fieldType(p.fieldType(name, "edges"), "node")
		p.nodes[name] = node
	}
	return node
}

// fieldType is the type, without its lists, of a field of the object type called name; "" when there is none.
func (p *picker) fieldType(name, field string) string {
	if !p.isObject(name) {
		return ""
	}
	f := p.types[name].Fields.ForName(field)
	if f == nil {
		return ""
	}
	return f.Type.Name()
}

// lists are the picked lists of objects, by the name of their connection's type.
func (p *picker) lists() map[string]pick {
	lists := map[string]pick{}
	for _, one := range p.picks {
		if one.root.Kind == List {
			lists[one.field.Type.Name()] = one
		}
	}
	return lists
}

func fieldsByName(def *ast.Definition) map[string]*ast.FieldDefinition {
	fields := map[string]*ast.FieldDefinition{}
	if def == nil {
		return fields
	}
	for _, f := range def.Fields {
		fields[f.Name] = f
	}
	return fields
}

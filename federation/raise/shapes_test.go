package raise_test

import (
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/helix-engage/gateway/federation/raise"
)

// Shapes are spelled with these: must(list(object(field("id", leaf(raise.LeafID))))).

func leaf(l raise.Leaf) *raise.Shape { return &raise.Shape{Leaf: l} }

func list(elem *raise.Shape) *raise.Shape { return &raise.Shape{Elem: elem} }

func object(fields ...raise.Field) *raise.Shape {
	return &raise.Shape{Object: &raise.Object{Fields: fields}}
}

func must(s *raise.Shape) *raise.Shape {
	required := *s
	required.NonNull = true
	return &required
}

func field(name string, s *raise.Shape) raise.Field { return alias(name, name, s) }

func alias(key, from string, s *raise.Shape) raise.Field {
	return raise.Field{Key: key, From: from, Hop: -1, Shape: s}
}

func typename(name string) raise.Field {
	return raise.Field{Key: "__typename", Hop: -1, Const: []byte(`"` + name + `"`)}
}

func hopped(key, from string, hop int, s *raise.Shape) raise.Field {
	return raise.Field{Key: key, From: from, Hop: hop, Shape: s}
}

func withHops(s *raise.Shape, hops ...raise.Hop) *raise.Shape {
	s.Object.Hops, s.Object.Deep = hops, true
	return s
}

func byType(types map[string]*raise.Shape) *raise.Shape {
	o := &raise.Object{ByType: make(map[string]*raise.Object, len(types))}
	for name, s := range types {
		o.ByType[name] = s.Object
		o.Deep = o.Deep || s.Object.Deep
	}
	return &raise.Shape{Object: o}
}

// table answers hops with records of JSON text, by fetch and key.
type table map[int]map[string]answer

type answer struct {
	record string // "" for none
	faults []*gqlerror.Error
	value  raise.Value
}

// parse makes the records' tapes; it is called before the table is written from.
func (a table) parse(t checker) table {
	t.Helper()
	for _, answers := range a {
		for key, one := range answers {
			if one.record != "" {
				one.value = parse(t, one.record)
				answers[key] = one
			}
		}
	}
	return a
}

func (a table) Record(fetch int, key []byte) (raise.Value, bool, []*gqlerror.Error) {
	one := a[fetch][string(key)]
	return one.value, one.record != "", one.faults
}

func parse(t checker, text string) raise.Value {
	t.Helper()
	var tape raise.Tape
	if err := tape.Parse([]byte(text)); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return tape.Root()
}

// said shows errors as lines: path, message, code.
func said(errs gqlerror.List) []string {
	var lines []string
	for _, e := range errs {
		code, _ := e.Extensions["code"].(string)
		lines = append(lines, e.Path.String()+": "+e.Message+" ("+code+")")
	}
	return lines
}

package raise_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"pgregory.net/rapid"

	"github.com/helix-engage/gateway/federation/raise"
)

// world is a random shape with a source that mostly fits it, and with records for its hops.
type world struct {
	*rapid.T
	shape   *raise.Shape
	source  string
	answers table
}

func draw(t *rapid.T) *world {
	w := &world{T: t, answers: table{}}
	w.shape = w.drawShape(4)
	w.source = w.drawValue(w.shape)
	if w.chance(8) {
		var spaced bytes.Buffer
		if err := json.Indent(&spaced, []byte(w.source), "\r", " \t"); err != nil {
			t.Fatal(err)
		}
		w.source = spaced.String()
	}
	return w
}

// chance is true one time in n.
func (w *world) chance(n int) bool { return rapid.IntRange(1, n).Draw(w.T, "chance") == n }

func (w *world) pick(from ...string) string { return rapid.SampledFrom(from).Draw(w.T, "pick") }

func (w *world) upTo(n int) int { return rapid.IntRange(0, n).Draw(w.T, "count") }

func (w *world) drawShape(levels int) *raise.Shape {
	s := &raise.Shape{NonNull: w.chance(3)}
	what := w.upTo(5)
	switch {
	case what == 0 && levels > 0:
		s.Elem = w.drawShape(levels - 1)
	case what > 2 && levels > 0:
		s.Object = w.drawObject(levels - 1)
	default:
		s.Leaf = raise.Leaf(w.upTo(int(raise.LeafID)))
	}
	return s
}

func (w *world) drawObject(levels int) *raise.Object {
	o := &raise.Object{}
	if w.chance(6) {
		o.ByType = map[string]*raise.Object{"Lead": w.drawObject(levels), "Patient": w.drawObject(levels)}
		o.Deep = o.ByType["Lead"].Deep || o.ByType["Patient"].Deep
		return o
	}
	for range w.upTo(2) {
		w.answers[len(w.answers)] = map[string]answer{}
		o.Hops = append(o.Hops, raise.Hop{Fetch: len(w.answers) - 1, Key: w.pick("id", "a"), Required: w.chance(3)})
		o.Deep = true
	}
	for i := range w.upTo(5) {
		o.Fields = append(o.Fields, w.drawField(fmt.Sprintf("%c", 'a'+i), o, levels))
	}
	for i := range o.Hops {
		for _, key := range []string{"1", "2", `k\"3`} {
			w.answers[o.Hops[i].Fetch][key] = w.drawAnswer(o, i)
		}
	}
	return o
}

func (w *world) drawField(key string, o *raise.Object, levels int) raise.Field {
	if w.chance(8) {
		return raise.Field{Key: key, Hop: -1, Const: []byte(`"Lead"`)}
	}
	f := raise.Field{Key: key, From: key, Hop: -1, Shape: w.drawShape(levels)}
	if w.chance(3) {
		f.From = w.pick("a", "b", "c", "id")
	}
	if n := len(o.Hops); n > 0 && w.chance(2) {
		f.Hop = w.upTo(n - 1)
		if w.chance(3) {
			f.From = ""
		}
	} else {
		o.Deep = o.Deep || isDeep(f.Shape)
	}
	return f
}

func isDeep(s *raise.Shape) bool {
	if s.Elem != nil {
		return isDeep(s.Elem)
	}
	return s.Object != nil && s.Object.Deep
}

func (w *world) drawAnswer(o *raise.Object, hop int) answer {
	var a answer
	if w.chance(5) {
		a.faults = append(a.faults, &gqlerror.Error{Message: "no luck", Path: ast.Path{ast.PathName("a"), ast.PathIndex(1)}, Extensions: rejected()})
	}
	if w.chance(6) {
		a.faults = append(a.faults, &gqlerror.Error{Message: "none at all"})
	}
	if !w.chance(5) {
		a.record = w.drawRecord(o, hop)
	}
	return a
}

func (w *world) drawRecord(o *raise.Object, hop int) string {
	s := &raise.Shape{Object: &raise.Object{}}
	for _, f := range o.Fields {
		if f.Const != nil || f.Hop != hop {
			continue
		}
		if f.From == "" {
			return w.drawValue(f.Shape)
		}
		s.Object.Fields = append(s.Object.Fields, raise.Field{Key: f.Key, From: f.From, Hop: -1, Shape: f.Shape})
	}
	return w.drawValue(s)
}

// drawValue gives JSON for s, which fits it but for a null, a hole or another kind here and there.
func (w *world) drawValue(s *raise.Shape) string {
	switch {
	case w.chance(16):
		return "null"
	case w.chance(24):
		return w.pick("true", "-0.5E+3", `"\u00e9\n"`, "[]", "{}", `[1,{"a":null}]`, `{"a":"1","id":[2]}`, `"1"`)
	case s.Elem != nil:
		elements := make([]string, w.upTo(3))
		for i := range elements {
			elements[i] = w.drawValue(s.Elem)
		}
		return "[" + strings.Join(elements, ",") + "]"
	case s.Object != nil:
		return w.drawMembers(s.Object)
	}
	switch s.Leaf {
	case raise.LeafAny:
		return w.pick(`{"x":[1,null]}`, `[]`, `"2026-05-21"`, "12", "false")
	case raise.LeafNumber:
		return w.pick("0", "-1", "12345678901234567890.10", "1e9")
	case raise.LeafBoolean:
		return w.pick("true", "false")
	case raise.LeafID:
		return w.pick(`"1"`, `"2"`, "7")
	default:
		return w.pick(`""`, `"Sunita"`, `"सुनीता कुलकर्णी"`, `"a\"b\\c\/\ud83d\ude00"`, `"🙂é"`, `"1"`)
	}
}

func (w *world) drawMembers(o *raise.Object) string {
	var names, members []string
	add := func(name string, value func() string) {
		if slices.Contains(names, name) {
			return
		}
		names = append(names, name)
		if !w.chance(16) {
			members = append(members, `"`+name+`":`+value())
		}
	}
	if o.ByType != nil {
		name := w.pick("Lead", "Lead", "Patient", "Patient", "Nobody")
		add(raise.TypeKey, func() string { return `"` + name + `"` })
		if o = o.ByType[name]; o == nil {
			o = &raise.Object{}
		}
	}
	for _, f := range o.Fields {
		if f.Const == nil && f.Hop < 0 {
			add(f.From, func() string { return w.drawValue(f.Shape) })
		}
	}
	for _, h := range o.Hops {
		add(h.Key, func() string { return w.pick(`"1"`, `"1"`, `"2"`, `"k\"3"`, `"4"`, "null", "5") })
	}
	if w.chance(4) {
		add("hidden", func() string { return `{"a":[]}` })
	}
	if len(members) > 0 && w.chance(4) {
		members = rapid.Permutation(members).Draw(w.T, "order")
	}
	return "{" + strings.Join(members, ",") + "}"
}

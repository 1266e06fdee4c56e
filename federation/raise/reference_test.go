package raise_test

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/helix-engage/gateway/federation/raise"
)

// reference writes answers as plainly as it can be said: every object is decoded into a map, one level at a time.
type reference struct {
	answers table
	asked   []string // fetch and key of every hop of the source itself, whether its record is needed or not
	errors  gqlerror.List
}

const (
	nothing = "FortyTwo answered nothing where a value is required"
	another = "FortyTwo answered with a value of another kind than its schema says"
	unknown = "FortyTwo answered with a record of a type that its schema does not list here"
)

// write gives the text of source as s wants it, and whether there is one at all.
func (r *reference) write(source json.RawMessage, s *raise.Shape, path ast.Path, failed bool) (string, bool) {
	text, written := r.value(source, s, path, failed)
	if !written && !s.NonNull {
		return "null", true
	}
	return text, written
}

func (r *reference) value(source json.RawMessage, s *raise.Shape, path ast.Path, failed bool) (string, bool) {
	if absent(source) {
		if s.NonNull {
			r.report(nothing, path, failed)
		}
		return "", false
	}
	switch {
	case s.Elem != nil:
		var elements []json.RawMessage
		if json.Unmarshal(source, &elements) == nil {
			return r.list(elements, s.Elem, path, failed)
		}
	case s.Object != nil:
		var members map[string]json.RawMessage
		if json.Unmarshal(source, &members) == nil {
			return r.object(members, s, path, failed)
		}
	case strings.IndexByte(begins[s.Leaf], source[0]) >= 0:
		return string(source), true
	}
	r.report(another, path, failed)
	return "", false
}

// begins has the bytes with which a leaf's JSON may begin.
var begins = map[raise.Leaf]string{
	raise.LeafAny:     `"{[tf-0123456789`,
	raise.LeafString:  `"`,
	raise.LeafNumber:  `-0123456789`,
	raise.LeafBoolean: `tf`,
	raise.LeafID:      `"-0123456789`,
}

func absent(source json.RawMessage) bool { return source == nil || string(source) == "null" }

func (r *reference) list(elements []json.RawMessage, elem *raise.Shape, path ast.Path, failed bool) (string, bool) {
	texts := make([]string, len(elements))
	for i, element := range elements {
		text, written := r.write(element, elem, below(path, ast.PathIndex(i)), failed)
		if !written {
			return "", false
		}
		texts[i] = text
	}
	return "[" + strings.Join(texts, ",") + "]", true
}

type hop struct {
	record   json.RawMessage
	faults   []*gqlerror.Error
	failed   bool
	repeated bool
}

func (r *reference) object(members map[string]json.RawMessage, s *raise.Shape, path ast.Path, failed bool) (string, bool) {
	o := s.Object
	if o.ByType != nil {
		var name string
		if json.Unmarshal(members[raise.TypeKey], &name) != nil || o.ByType[name] == nil {
			r.report(unknown, path, failed)
			return "", false
		}
		o = o.ByType[name]
	}
	hops := make([]hop, len(o.Hops))
	for i, h := range o.Hops {
		hops[i].failed = failed
		if key := members[h.Key]; len(key) > 0 && key[0] == '"' {
			one := r.answers[h.Fetch][string(key[1:len(key)-1])]
			hops[i] = hop{record: json.RawMessage(one.record), faults: one.faults, failed: len(one.faults) > 0}
		}
		if len(hops[i].record) == 0 {
			hops[i].record = nil
		}
	}
	for i, h := range o.Hops {
		if !h.Required {
			continue
		}
		r.repeat(hops[i].faults, path)
		hops[i].repeated = true
		if absent(hops[i].record) {
			if s.NonNull {
				r.report(nothing, path, hops[i].failed)
			}
			return "", false
		}
	}
	texts := make([]string, len(o.Fields))
	for i, f := range o.Fields {
		text, written := r.field(members, f, hops, path, failed)
		if !written {
			return "", false
		}
		texts[i] = `"` + f.Key + `":` + text
	}
	return "{" + strings.Join(texts, ",") + "}", true
}

func (r *reference) field(members map[string]json.RawMessage, f raise.Field, hops []hop, path ast.Path, failed bool) (string, bool) {
	here := below(path, ast.PathName(f.Key))
	switch {
	case f.Const != nil:
		return string(f.Const), true
	case f.Hop < 0:
		return r.write(members[f.From], f.Shape, here, failed)
	}
	h := &hops[f.Hop]
	if f.From == "" {
		if !h.repeated {
			r.repeat(h.faults, here)
		}
		return r.write(h.record, f.Shape, here, h.failed)
	}
	if !h.repeated {
		h.repeated = true
		r.repeat(h.faults, path)
	}
	var record map[string]json.RawMessage
	_ = json.Unmarshal(h.record, &record) // no object has no members
	return r.write(record[f.From], f.Shape, here, h.failed)
}

func (r *reference) report(message string, path ast.Path, failed bool) {
	if !failed {
		r.errors = append(r.errors, &gqlerror.Error{Message: message, Path: path, Extensions: rejected()})
	}
}

func (r *reference) repeat(faults []*gqlerror.Error, path ast.Path) {
	for _, fault := range faults {
		located := *fault
		located.Path = below(path, fault.Path...)
		r.errors = append(r.errors, &located)
	}
}

// bounded is the errors as a writer keeps them.
func (r *reference) bounded() gqlerror.List {
	rest := len(r.errors) - raise.MaxErrors
	if rest <= 0 {
		return r.errors
	}
	count := &gqlerror.Error{Message: "and " + strconv.Itoa(rest) + " more errors", Extensions: rejected()}
	return append(slices.Clip(r.errors[:raise.MaxErrors]), count)
}

func rejected() map[string]any { return map[string]any{"code": "UPSTREAM_REJECTED"} }

func below(path ast.Path, elements ...ast.PathElement) ast.Path { return slices.Concat(path, elements) }

// collect gives fetch and key of the hops of the source itself, in its order.
func (r *reference) collect(source json.RawMessage, s *raise.Shape) {
	var elements []json.RawMessage
	var members map[string]json.RawMessage
	switch {
	case s.Elem != nil:
		_ = json.Unmarshal(source, &elements) // another kind has none
		for _, element := range elements {
			r.collect(element, s.Elem)
		}
	case s.Object != nil && json.Unmarshal(source, &members) == nil:
		o := s.Object
		if o.ByType != nil {
			var name string
			_ = json.Unmarshal(members[raise.TypeKey], &name) // no name, no object
			if o = o.ByType[name]; o == nil {
				return
			}
		}
		for _, h := range o.Hops {
			if key := members[h.Key]; len(key) > 0 && key[0] == '"' {
				r.asked = append(r.asked, strconv.Itoa(h.Fetch)+" "+string(key[1:len(key)-1]))
			}
		}
		for _, f := range o.Fields {
			if f.Const == nil && f.Hop < 0 {
				r.collect(members[f.From], f.Shape)
			}
		}
	}
}

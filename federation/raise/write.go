package raise

import (
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// Answers is what the records of hops are taken from while writing.
type Answers interface {
	// Record is what fetch answered for the record named key (a string's content as it stands in the source, without
	// quotes); found is false when there is none. The faults are repeated at each object that asks, their paths relative
	// to the record; with any fault, a null in the record is not reported again.
	Record(fetch int, key []byte) (record Value, found bool, faults []*gqlerror.Error)
}

// Writer writes one answer, whose parts may come one by one. It belongs to one request at a time and can be reused
// after Reset. The zero Writer writes shapes without hops; Answers is needed for those with.
type Writer struct {
	Buf     []byte        // what was written
	Errors  gqlerror.List // at most MaxErrors+1 of the writer's own, in the order of the answer
	Answers Answers

	path     []step   // where we are
	joined   []joined // the hops of the objects that are being written, outermost first
	reported int
	dropped  int
	rest     *gqlerror.Error
}

// joined is a hop of an object that is being written.
type joined struct {
	record   Value // absent when there is none
	faults   []*gqlerror.Error
	asked    bool
	failed   bool // the source of the record has brought errors
	repeated bool // the faults were reported at the object
}

// Reset makes the writer as new, keeping its memory. Buf is truncated; take it away before, or copy it.
func (w *Writer) Reset() {
	clear(w.joined[:cap(w.joined)])
	*w = Writer{Buf: w.Buf[:0], path: w.path[:0], joined: w.joined[:0]}
}

// Push enters the member called name: it becomes part of the paths of errors. Elements of lists need no Push.
func (w *Writer) Push(name string) { w.path = append(w.path, step{name: name}) }

// Pop leaves what was entered last.
func (w *Writer) Pop() { w.path = w.path[:len(w.path)-1] }

// Write appends v as s wants it. It returns false when a null reached this place, where s forbids it: Buf is then as it
// was, and the caller's place becomes null. failed says that v's source has already brought errors, so that nothing which
// v lacks is reported again.
func (w *Writer) Write(v Value, s *Shape, failed bool) bool {
	written := w.write(v, s, failed)
	w.summarize()
	return written
}

// write appends v as s wants it, or null, or nothing when null is forbidden.
func (w *Writer) write(v Value, s *Shape, failed bool) bool {
	if s.accepts(v.Kind()) {
		w.Buf = append(w.Buf, v.Raw()...)
		return true
	}
	start := len(w.Buf)
	if w.value(v, s, failed) {
		return true
	}
	w.Buf = w.Buf[:start]
	if !s.NonNull {
		w.Buf = append(w.Buf, "null"...)
	}
	return !s.NonNull
}

// value appends an object or a list. It returns false, with the reason reported, when there is none; Buf then ends
// with rubbish.
func (w *Writer) value(v Value, s *Shape, failed bool) bool {
	kind := v.Kind()
	switch {
	case kind <= KindNull:
		if s.NonNull && !failed {
			w.broken(messageNothing)
		}
		return false
	case s.Elem != nil:
		if kind == KindList {
			return w.list(v, s.Elem, failed)
		}
	case s.Object != nil:
		if kind == KindObject {
			return w.concrete(v, s, failed)
		}
	}
	if !failed {
		w.broken(messageKind)
	}
	return false
}

func (w *Writer) list(v Value, elem *Shape, failed bool) bool {
	w.Buf = append(w.Buf, '[')
	here := len(w.path)
	w.path = append(w.path, step{})
	for i, element := range v.Elements() {
		if i > 0 {
			w.Buf = append(w.Buf, ',')
		}
		w.path[here].index = i
		if !w.write(element, elem, failed) {
			w.path = w.path[:here]
			return false
		}
	}
	w.path = w.path[:here]
	w.Buf = append(w.Buf, ']')
	return true
}

// concrete writes an object whose type may have to be looked up, with its hops.
func (w *Writer) concrete(v Value, s *Shape, failed bool) bool {
	o := s.Object.concrete(v)
	if o == nil {
		if !failed {
			w.broken(messageType)
		}
		return false
	}
	depth, hops := len(w.path), len(w.joined)
	written := w.join(v, o, s.NonNull, failed) && w.object(v, o, hops, failed)
	w.path, w.joined = w.path[:depth], w.joined[:hops]
	return written
}

// join makes room for the object's hops and asks for the records without which it is null.
func (w *Writer) join(v Value, o *Object, nonNull, failed bool) bool {
	base := len(w.joined)
	for range o.Hops {
		w.joined = append(w.joined, joined{})
	}
	for i := range o.Hops {
		if !o.Hops[i].Required {
			continue
		}
		j := w.ask(v, &o.Hops[i], base+i, failed)
		w.repeatOnce(j)
		if j.record.IsNull() {
			if nonNull && !j.failed {
				w.broken(messageNothing)
			}
			return false
		}
	}
	return true
}

// ask looks the record up that hop names, once.
func (w *Writer) ask(v Value, hop *Hop, index int, failed bool) *joined {
	j := &w.joined[index]
	if j.asked {
		return j
	}
	j.asked, j.failed = true, failed
	if key := v.Member(hop.Key).key(); key != nil {
		record, found, faults := w.Answers.Record(hop.Fetch, key)
		if found {
			j.record = record
		}
		j.faults, j.failed = faults, len(faults) > 0
	}
	return j
}

func (w *Writer) repeatOnce(j *joined) {
	if !j.repeated {
		j.repeated = true
		w.repeat(j.faults)
	}
}

// object writes the members of an object. Its hops stand in joined from base on.
func (w *Writer) object(v Value, o *Object, base int, failed bool) bool {
	here := len(w.path)
	w.path = append(w.path, step{})
	w.Buf = append(w.Buf, '{')
	expected := v.at + 1
	for i := range o.Fields {
		f := &o.Fields[i]
		if i > 0 {
			w.Buf = append(w.Buf, ',')
		}
		w.Buf = append(append(append(w.Buf, '"'), f.Key...), '"', ':')
		if f.Const != nil {
			w.Buf = append(w.Buf, f.Const...)
			continue
		}
		var source Value
		broken := failed
		if f.Hop < 0 {
			w.path[here].name = f.Key
			source, expected = v.tape.expect(v.at, expected, f.From)
		} else {
			source, broken = w.hopped(v, o, f, base+f.Hop, failed)
		}
		if !w.write(source, f.Shape, broken) {
			return false
		}
	}
	w.Buf = append(w.Buf, '}')
	return true
}

// hopped is the source of a field that comes from a hop's record, and whether that has brought errors. It reports these:
// at each field whose value the record itself is, else once at the object.
func (w *Writer) hopped(v Value, o *Object, f *Field, index int, failed bool) (source Value, broken bool) {
	last := len(w.path) - 1
	j := w.ask(v, &o.Hops[f.Hop], index, failed)
	if f.From == "" {
		w.path[last].name = f.Key
		if !j.repeated {
			w.repeat(j.faults)
		}
		return j.record, j.failed
	}
	w.path = w.path[:last]
	w.repeatOnce(j)
	w.path = append(w.path, step{name: f.Key})
	return j.record.Member(f.From), j.failed
}

// expect is the member called name of the object at, looked for first where it is expected: upstream keeps the order of
// the request. It returns also where the next one is expected.
func (t *Tape) expect(object, expected int32, name string) (found Value, next int32) {
	if expected < t.nodes[object].next && t.named(expected, name) {
		return Value{t, expected}, t.nodes[expected].next
	}
	at := t.find(object, name)
	if at == 0 {
		return Value{}, expected
	}
	return Value{t, at}, max(expected, t.nodes[at].next)
}

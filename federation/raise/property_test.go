package raise_test

import (
	"encoding/json"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/helix-engage/gateway/federation/raise"
)

func TestWriteEqualsAReferenceThatDecodesIntoMaps(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := draw(rt)
		w.answers.parse(rt)
		failed := w.chance(6)
		compare(rt, w.source, w.shape, w.answers, failed)
	})
}

// checker is what *rapid.T, *testing.T and *testing.F have in common.
type checker interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// compare writes source twice with one tape and one writer, and compares both with the reference.
func compare(t checker, source string, shape *raise.Shape, answers table, failed bool) {
	t.Helper()
	want := reference{answers: answers}
	text, written := want.write(trimmed(source), shape, nil, failed)
	var tape raise.Tape
	var writer raise.Writer
	for range 2 {
		if err := tape.Parse([]byte(source)); err != nil {
			t.Fatal(err)
		}
		writer.Reset()
		writer.Answers = answers
		if got := writer.Write(tape.Root(), shape, failed); got != written || string(writer.Buf) != text {
			t.Fatalf("source %s\ngot  %t %s\nwant %t %s", source, got, writer.Buf, written, text)
		}
		if diff := cmp.Diff(said(want.bounded()), said(writer.Errors)); diff != "" {
			t.Fatalf("source %s\nerrors (-want +got):\n%s", source, diff)
		}
		if written && !json.Valid(writer.Buf) {
			t.Fatalf("not JSON: %s", writer.Buf)
		}
	}
}

// trimmed is what a reference may look at the first byte of.
func trimmed(source string) (raw json.RawMessage) {
	if err := json.Unmarshal([]byte(source), &raw); err != nil {
		return nil
	}
	return raw
}

func TestOpenSaysSameExactlyWhenWritingWouldChangeNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := draw(rt)
		opened, err := raise.Open([]byte(`{"data":{"leads":`+w.source+`},"extensions":[{}]}`), "leads", w.shape)
		if err != nil {
			rt.Fatal(err)
		}
		r := reference{answers: w.answers}
		text, written := r.write(trimmed(w.source), w.shape, nil, false)
		same := written && text == w.source && text != "null" && r.errors == nil
		if opened.Same && !same {
			rt.Fatalf("same: %s, but written as %s with %v", w.source, text, r.errors)
		}
		if same && isPlain(w.shape) && !opened.Same {
			rt.Fatalf("not the same: %s", w.source)
		}
	})
}

// isPlain reports whether s takes every member under its own name from the object itself.
func isPlain(s *raise.Shape) bool {
	if s.Elem != nil {
		return isPlain(s.Elem)
	}
	if s.Object == nil {
		return true
	}
	return s.Object.ByType == nil && s.Object.Hops == nil && !slices.ContainsFunc(s.Object.Fields, func(f raise.Field) bool {
		return f.Const != nil || f.Key != f.From || !isPlain(f.Shape)
	})
}

func TestCollectFindsEveryKeyThatTheSourceHoldsForAHop(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := draw(rt)
		var r reference
		r.collect(trimmed(w.source), w.shape)
		var got []string
		raise.Collect(parse(rt, w.source), w.shape, func(h *raise.Hop, key []byte) {
			got = append(got, strconv.Itoa(h.Fetch)+" "+string(key))
		})
		if diff := cmp.Diff(r.asked, got); diff != "" {
			rt.Fatalf("source %s (-want +got):\n%s", w.source, diff)
		}
	})
}

package raise_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/helix-engage/gateway/federation/raise"
)

func FuzzTape(f *testing.F) {
	for _, seed := range texts {
		f.Add([]byte(seed.text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var tape raise.Tape
		err := tape.Parse(text)
		if (err == nil) != readable(text) {
			t.Fatal(err)
		}
		if err == nil {
			equal(t, tape.Root(), trimmed(string(text)), regular(text))
		}
	})
}

// equal compares a value with its JSON. Members are looked up only in regular texts, where every reader finds the same.
func equal(t *testing.T, v raise.Value, want json.RawMessage, lookUp bool) {
	t.Helper()
	if !bytes.Equal(v.Raw(), want) {
		t.Fatalf("got %s, want %s", v.Raw(), want)
	}
	switch v.Kind() {
	case raise.KindString:
		var text string
		if err := json.Unmarshal(want, &text); err != nil {
			t.Fatal(err)
		}
		if got, ok := v.String(); !ok || got != text {
			t.Fatalf("got %q, want %q", got, text)
		}
	case raise.KindList:
		var elements []json.RawMessage
		if err := json.Unmarshal(want, &elements); err != nil {
			t.Fatal(err)
		}
		count := 0
		for i, element := range v.Elements() {
			count++
			equal(t, element, elements[i], lookUp)
		}
		if count != len(elements) {
			t.Fatalf("%d elements of %s", count, want)
		}
	case raise.KindObject:
		var members map[string]json.RawMessage
		if err := json.Unmarshal(want, &members); err != nil {
			t.Fatal(err)
		}
		for name, member := range members {
			if lookUp {
				equal(t, v.Member(name), member, lookUp)
			}
		}
	default:
		if v.IsNull() != (string(want) == "null") {
			t.Fatalf("%s is of kind %d", want, v.Kind())
		}
	}
}

// regular reports whether no object of the text has a name twice and no name is spelled with escapes.
func regular(text []byte) bool {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var names []map[string]bool // of the open objects; nil for lists
	isName := false
	for {
		token, err := decoder.Token()
		if err != nil {
			return true
		}
		top := len(names) - 1
		switch token {
		case json.Delim('{'):
			names = append(names, map[string]bool{})
		case json.Delim('['):
			names = append(names, nil)
		case json.Delim('}'), json.Delim(']'):
			names = names[:top]
		default:
			name, _ := token.(string)
			if isName {
				end := decoder.InputOffset()
				begin := end - int64(len(name)) - 2
				if names[top][name] || begin < 0 || string(text[begin+1:end-1]) != name {
					return false
				}
				names[top][name] = true
				isName = false
				continue
			}
		}
		isName = len(names) > 0 && names[len(names)-1] != nil
	}
}

func FuzzOpen(f *testing.F) {
	for i := range fuzzShapes() {
		f.Add([]byte(`{"data":{"leads":`+leads(1)+`},"errors":[{"message":"no"}]}`), uint8(i))
		f.Add([]byte(`{"errors":[{}],"data":{"leads":[{"id":"a","name":null}]}}`), uint8(i))
	}
	shapes := fuzzShapes()
	f.Fuzz(func(t *testing.T, body []byte, which uint8) {
		shape := shapes[int(which)%len(shapes)]
		opened, err := raise.Open(body, "leads", shape)
		var members map[string]json.RawMessage
		if want := readable(body) && body[len(body)-len(bytes.TrimLeft(body, " \t\r\n"))] == '{'; (err == nil) != want {
			t.Fatalf("want %t, got %v", want, err)
		}
		if err != nil {
			return
		}
		if opened.Same {
			r := reference{answers: fuzzAnswers()}
			text, written := r.write(opened.Value, shape, nil, false)
			if !json.Valid(body) || regular(body) && (!written || text != string(opened.Value) || r.errors != nil) {
				t.Fatalf("not the same: %s", opened.Value)
			}
		}
		if !regular(body) {
			return
		}
		if err := json.Unmarshal(body, &members); err != nil {
			t.Fatal(err)
		}
		var data map[string]json.RawMessage
		_ = json.Unmarshal(members["data"], &data) // of another kind it has no members
		if want := some(data["leads"]); !bytes.Equal(opened.Value, want) {
			t.Fatalf("value %s, want %s", opened.Value, want)
		}
		if want := some(members["errors"]); !bytes.Equal(opened.Errors, want) && len(want) > len("[]") {
			t.Fatalf("errors %s, want %s", opened.Errors, want)
		}
	})
}

// some is raw unless it is null.
func some(raw json.RawMessage) json.RawMessage {
	if string(raw) == "null" {
		return nil
	}
	return raw
}

func FuzzWrite(f *testing.F) {
	for i := range fuzzShapes() {
		f.Add([]byte(leads(2)), uint8(i), false)
		f.Add([]byte(`[{"id":"a","name":null},{"id":"b"},{"id":"c","__helix_type":"Lead"}]`), uint8(i), i%2 == 0)
	}
	shapes, answers := fuzzShapes(), fuzzAnswers().parse(f)
	f.Fuzz(func(t *testing.T, source []byte, which uint8, failed bool) {
		if !readable(source) || !regular(source) {
			return
		}
		compare(t, string(source), shapes[int(which)%len(shapes)], answers, failed)
	})
}

func fuzzShapes() []*raise.Shape {
	entity := withHops(object(
		field("id", must(leaf(raise.LeafID))), hopped("score", "score", 0, must(number)), hopped("calls", "", 1, list(must(text))), typename("Lead"),
	), raise.Hop{Fetch: 0, Key: "id", Required: true}, raise.Hop{Fetch: 1, Key: "name"})
	named := object(field("id", text), field("name", must(leaf(raise.LeafAny))))
	renamed := leadsShape()
	rename(renamed)
	return []*raise.Shape{
		leadsShape(), renamed, list(named), list(must(named)), list(entity), must(list(must(entity))),
		list(byType(map[string]*raise.Shape{"Lead": entity, "Patient": named})), leaf(raise.LeafAny), list(list(number)),
	}
}

func fuzzAnswers() table {
	lost := &gqlerror.Error{Message: "lost", Path: ast.Path{ast.PathName("score")}}
	return table{
		0: {"a": {record: `{"score":1}`}, "b": {record: `{"score":null}`, faults: []*gqlerror.Error{lost}}, "c": {record: `{}`}},
		1: {"a": {record: `["x"]`}, "b": {record: `["x",null]`}, "c": {faults: []*gqlerror.Error{lost, lost}}},
	}
}

package fortytwo

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestPartsOfATextAreFound(t *testing.T) {
	t.Parallel()
	const object = ` { "a" : "x" , "\u0062":[1, {"]":"}"}], "c":{"d":"\"}"} ,"e":-1.5e3,"f":null,"a":"é"	} `
	if got := string(valueOf([]byte(object), "a")); got != `"é"` {
		t.Errorf("of a name that occurs twice the value is %s", got)
	}
	for name, want := range map[string]string{
		"b": `[1, {"]":"}"}]`, "c": `{"d":"\"}"}`, "e": "-1.5e3", "f": "null", "d": "", "": "",
	} {
		if got := string(valueOf([]byte(object), name)); got != want {
			t.Errorf("%q is %s, want %s", name, got, want)
		}
	}
	var parts []string
	for part := range elements([]byte(` [ 1 ,"a,b",[ ],{"c":2},true ] `)) {
		parts = append(parts, string(part))
	}
	if want := []string{"1", `"a,b"`, "[ ]", `{"c":2}`, "true"}; !slices.Equal(parts, want) {
		t.Errorf("got %q, want %q", parts, want)
	}
	for _, other := range []string{"", " ", "7", `"a"`, "[", "{", "null", "[]", "{}"} {
		for range members([]byte(other)) {
			t.Errorf("%q has members", other)
		}
		for range elements([]byte(other)) {
			t.Errorf("%q has elements", other)
		}
	}
}

// FuzzScan checks that walking a text finds what package json finds, and that text which is not JSON does no harm.
func FuzzScan(f *testing.F) {
	for _, seed := range []string{
		`{"data":{"leads":{"totalCount":2,"edges":[{"node":{"id":"A","name":"Ra\u006f \"x\" \\"}},{"node":null}]}}}`,
		`{"errors":[{"message":"x"}],"data":null}`, `{"a":1,"a":{"b":[]},"\u0061":"","\ud800":"\ud800"}`, "{\"\xff\":\"\xff\"}", `[[],[1,[2]],"]"]`, ` {"a" : 1 } `,
		`{"a`, `{"a":`, `{"a":1,`, `["`, `["\`, `[1 2]`, `{"a" 1}`, `{1:2}`, `}`, `[}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		object, array, s := nodeOf(raw, new(nameTable)), slices.Collect(elements(raw)), stringOf(raw)
		if !json.Valid(raw) {
			return
		}
		var wantObject map[string]json.RawMessage
		if begins(raw, '{') && json.Unmarshal(raw, &wantObject) != nil {
			t.Fatal("the decoder refuses an object")
		}
		for _, f := range object {
			if _, ok := wantObject[f.name]; !ok {
				t.Fatalf("there is no %q", f.name)
			}
		}
		var wantArray []json.RawMessage
		_ = json.Unmarshal(raw, &wantArray)
		if diff := gocmp.Diff(wantArray, messages(array), cmpopts.EquateEmpty()); diff != "" {
			t.Fatal(diff)
		}
		var wantString string
		_ = json.Unmarshal(raw, &wantString)
		if s != wantString {
			t.Fatalf("read %q, want %q", s, wantString)
		}
		for name, value := range wantObject {
			if got := valueOf(raw, name); !bytes.Equal(got, value) || !bytes.Equal(object.value(name), value) {
				t.Fatalf("%q is %s and %s, want %s", name, got, object.value(name), value)
			}
		}
	})
}

func messages(parts [][]byte) []json.RawMessage {
	var out []json.RawMessage
	for _, p := range parts {
		out = append(out, p)
	}
	return out
}

// FuzzAnswersAreReadAsTheDecoderReadsThem compares the walk through an answer with decoding all of it.
func FuzzAnswersAreReadAsTheDecoderReadsThem(f *testing.F) {
	for _, body := range answerSamples(f) {
		f.Add(body)
	}
	for _, body := range []string{
		`{"data":{"leads":{"totalCount":2,"edges":[{"node":{"id":"A"}},{"node":null}]}}}`, `{"data":null,"errors":[]}`, `{"data":{},"errors":{}}`,
		`{"errors":[{"message":[],"extensions":[]}]}`, `{"data":1,"errors":null}`, `{"errors":[],"errors":[{}],"data":{}}`, `null`, `{}`, `[1]`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := decodeAnswer(body)
		var parts map[string]json.RawMessage // names of a struct would match in other cases too
		var errs []graphqlError
		wantErr := json.Unmarshal(body, &parts)
		if wantErr == nil && parts["errors"] != nil {
			wantErr = json.Unmarshal(parts["errors"], &errs)
		}
		data := parts["data"]
		if isNull(data) {
			data = nil
		}
		if refused := wantErr != nil || data == nil && len(errs) == 0; refused != (err != nil) {
			t.Fatalf("refused: %v, want %t", err, refused)
		}
		if err != nil {
			return
		}
		if diff := gocmp.Diff(answer{Data: data, Errors: errs}, got, cmpopts.EquateEmpty()); diff != "" {
			t.Fatal(diff)
		}
	})
}

func answerSamples(f *testing.F) [][]byte {
	f.Helper()
	files, err := filepath.Glob("testdata/answers/*/*.json")
	if err != nil || len(files) == 0 {
		f.Fatal("no samples", err)
	}
	var bodies [][]byte
	for _, name := range files {
		bodies = append(bodies, sampleBody(f, name))
	}
	return bodies
}

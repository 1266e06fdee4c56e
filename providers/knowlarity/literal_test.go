package knowlarity

import (
	"bytes"
	"encoding/json"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestLiterals(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]any{
		`{'a': 'x', "b": "y"}`:                    map[string]any{"a": "x", "b": "y"},
		`{'a': "O'Brien", 'b': 'say \'hi\''}`:     map[string]any{"a": "O'Brien", "b": "say 'hi'"},
		`{'ivr': '{"k": "v"}'}`:                   map[string]any{"ivr": `{"k": "v"}`},
		`{'t': True, 'f': False, 'n': None, }`:    map[string]any{"t": true, "f": false, "n": nil},
		`{'t': true, 'f': false, 'n': null}`:      map[string]any{"t": true, "f": false, "n": nil},
		`[1, -2.5, 1e3, ]`:                        []any{json.Number("1"), json.Number("-2.5"), json.Number("1e3")},
		`('a', 1)`:                                []any{"a", json.Number("1")},
		`()`:                                      []any{},
		`{1: 2}`:                                  map[string]any{"1": json.Number("2")},
		`{u'a': b'x', 'r': r'y'}`:                 map[string]any{"a": "x", "r": "y"},
		`'\x41\u0928\U0001F600\n\t\\'`:            "Aन😀\n\t\\",
		`'\ud83d\ude00'`:                          "😀",
		`'\ud83d\u0041'`:                          "\ufffdA",
		`'\q'`:                                    `\q`,
		"\xef\xbb\xbf{'a': 12345678901234567890}": map[string]any{"a": json.Number("12345678901234567890")},
	} {
		got, err := value([]byte(text))
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", text, err, diff)
		}
	}
	for _, text := range []string{``, `{`, `{'a'}`, `{'a': }`, `{'a': 'x' 'b'}`, `{[1]: 2}`, `'x`, `'\u12'`, `'\xzz'`, `Nothing`, `{'a': 1} x`, `+`, `[1 2]`, `(1`} {
		if got, err := value([]byte(text)); err == nil {
			t.Errorf("%s is read as %v", text, got)
		}
	}
}

// FuzzLiteral holds the reader of literals against the standard library: JSON is a literal too, and means the same.
func FuzzLiteral(f *testing.F) {
	f.Add([]byte(`{"a":[1,-2.5e3,"\u0928\ud83d\ude00\/",{"b":null}],"c":true}`))
	f.Add([]byte(`{'a': (1, None), "b": u'x'}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		l := literal{text: string(data)}
		got, err := l.value(0)
		if !utf8.Valid(data) || !json.Valid(data) || deep(data) {
			return
		}
		decoder := json.NewDecoder(bytes.NewReader(data))
		decoder.UseNumber()
		var want any
		if decoder.Decode(&want) != nil {
			return
		}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Fatalf("%s: %v (-want +got):\n%s", data, err, diff)
		}
	})
}

// deep reports whether a document may nest deeper than we follow.
func deep(data []byte) bool {
	return bytes.Count(data, []byte("["))+bytes.Count(data, []byte("{")) > maxDepth
}

package transport

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// FuzzObject compares how objects are read with encoding/json.
func FuzzObject(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"a":1}`, ` { "a" : [ 1 , -2.5e3 , [ ] , { } , null , true , false ] , "b\n" : "\u00e9\ud83d\ude00\ud83d \"\\\/\b\f\n\r\t" } `,
		`{"query":"{\n  a(b: \"c\")\n}","variables":{"x":{"y":["z",1e400]}}}`, `{"a":1,"a":2}`, `{"\ud800":1}`, `{"a":"\ud800\u0041"}`, `{"a":"\udc00\ud800"}`,
		`[]`, `null`, `{"a"`, `{"a":1}x`, `{"आशा":"ऊषा"}`, "{\"a\":\"\x00\"}",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) { // refused before
			return
		}
		var want map[string]any
		decoder := json.NewDecoder(strings.NewReader(text))
		decoder.UseNumber()
		sound := json.Valid([]byte(text)) && decoder.Decode(&want) == nil && want != nil
		given, err := parseObject([]byte(text), nil)
		if (err == nil) != sound {
			t.Fatalf("%q: %v", text, err)
		}
		if !sound {
			return
		}
		got := make(map[string]any)
		for _, one := range given {
			got[string(one.name)] = value(one.raw)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	})
}

package raise_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/federation/raise"
)

// texts are JSON and what is nearly JSON. They are also read with other bytes around them, so that each fault comes at
// every distance from the text's ends.
var texts = []struct {
	name string
	text string
	ok   bool
}{
	{"nothing", ``, false},
	{"white space alone", " \n", false},
	{"null", `null`, true},
	{"white space of every kind around", " \t\r\n{ \"a\" : [ 1 , 2 ] , \"b\" : { } } \n", true},
	{"another white space", "\v1", false},
	{"a byte order mark", "\ufeff1", false},
	{"half a word", `tru`, false},
	{"a longer word", `falsey`, false},
	{"a word in capitals", `Null`, false},
	{"two values", `1 2`, false},
	{"zero", `0`, true},
	{"minus zero", `-0`, true},
	{"a number of every part", `-12.50E+07`, true},
	{"a leading zero", `01`, false},
	{"a minus alone", `-`, false},
	{"a plus", `+1`, false},
	{"a point without a fraction", `1.`, false},
	{"a fraction alone", `.5`, false},
	{"an exponent without digits", `1e`, false},
	{"an exponent with a sign alone", `1e-`, false},
	{"not a number", `NaN`, false},
	{"a string without an end", `"abc`, false},
	{"a string that ends in a backslash", `"abc\"`, false},
	{"every short escape", `"\"\\\/\b\f\n\r\t"`, true},
	{"an unknown escape", `"\x41"`, false},
	{"an escaped character", `"\u09aF"`, true},
	{"too few digits in an escape", `"\u123"`, false},
	{"an escape with another letter", `"\u12g4"`, false},
	{"a lone surrogate, escaped", `"\ud800"`, true},
	{"a control character in a string", "\"a\tb\"", false},
	{"a zero byte in a string", "\"a\x00b\"", false},
	{"a zero byte behind the text", "1\x00", false},
	{"a delete character", "\"\x7f\"", true},
	{"Devanagari", `"सुनीता कुलकर्णी"`, true},
	{"characters of two, three and four bytes", `"é€🙂߿ࠀ퟿￿𐀀"`, true},
	{"the last character of all", "\"\U0010ffff\"", true},
	{"a character beyond the last", "\"\xf4\x90\x80\x80\"", false},
	{"a byte that continues nothing", "\"\x80\"", false},
	{"an overlong slash of two bytes", "\"\xc0\xaf\"", false},
	{"an overlong slash of three bytes", "\"\xe0\x80\xaf\"", false},
	{"an overlong slash of four bytes", "\"\xf0\x80\x80\xaf\"", false},
	{"the first character of three bytes", "\"\xe0\xa0\x80\"", true},
	{"a surrogate in UTF-8", "\"\xed\xa0\x80\"", false},
	{"the last character before the surrogates", "\"\xed\x9f\xbf\"", true},
	{"a character that is cut off", "\"\xe0\xa4\"", false},
	{"invalid UTF-8 in a name", "{\"\xff\":1}", false},
	{"an empty list", `[]`, true},
	{"an empty object", `{}`, true},
	{"a comma behind the last element", `[1,]`, false},
	{"a comma behind the last member", `{"a":1,}`, false},
	{"a comma alone", `[,]`, false},
	{"no comma between elements", `[1 2]`, false},
	{"no comma between members", `{"a":1 "b":2}`, false},
	{"no colon", `{"a" 1}`, false},
	{"no value", `{"a":}`, false},
	{"a name without quotes", `{a:1}`, false},
	{"a number for a name", `{1:1}`, false},
	{"brackets that do not match", `[}`, false},
	{"a list without an end", `[1`, false},
	{"an object without an end", `{"a":1`, false},
	{"a comment", `[1/**/]`, false},
	{"200 levels", strings.Repeat("[", 200) + strings.Repeat("]", 200), true},
	{"201 levels", strings.Repeat(`{"a":`, 201) + "1" + strings.Repeat("}", 201), false},
}

func TestParseAcceptsJSONAndNothingElse(t *testing.T) {
	t.Parallel()
	for _, test := range texts {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var tape raise.Tape
			if err := tape.Parse([]byte(test.text)); (err == nil) != test.ok {
				t.Fatalf("%s: %v", test.text, err)
			}
			for pad := range 18 {
				around := []string{strings.Repeat(" ", pad) + test.text + strings.Repeat(" ", 17-pad), "[" + test.text + `,"` + strings.Repeat("x", pad) + `"]`}
				for _, text := range around {
					err := tape.Parse([]byte(text))
					if want := readable([]byte(text)); (err == nil) != want {
						t.Fatalf("%q: %v", text, err)
					}
					if err != nil && (tape.Root() != raise.Value{} || !helix.IsCode(err, helix.CodeRejected)) {
						t.Fatalf("%q leaves %s and %v", text, tape.Root().Raw(), err)
					}
				}
			}
		})
	}
}

// readable is what the package accepts, by the standard library.
func readable(text []byte) bool {
	if !json.Valid(text) || !utf8.Valid(text) {
		return false
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber() // of any size
	for level := 0; ; {
		token, err := decoder.Token()
		if err != nil {
			return true
		}
		switch token {
		case json.Delim('['), json.Delim('{'):
			if level++; level > 200 {
				return false
			}
		case json.Delim(']'), json.Delim('}'):
			level--
		}
	}
}

func TestATextThatIsTooLongIsRefused(t *testing.T) {
	t.Parallel()
	long := append(bytes.Repeat([]byte(" "), 32<<20), '1')
	var tape raise.Tape
	if err := tape.Parse(long[1:]); err != nil || string(tape.Root().Raw()) != "1" {
		t.Fatal(err)
	}
	if err := tape.Parse(long); !helix.IsCode(err, helix.CodeRejected) {
		t.Fatal(err)
	}
	if _, err := raise.Open(long, "leads", nil); !helix.IsCode(err, helix.CodeRejected) {
		t.Fatal(err)
	}
}

func TestErrorsShowNothingOfTheText(t *testing.T) {
	t.Parallel()
	var tape raise.Tape
	err := tape.Parse([]byte(`{"phone":"+919812345678",}`))
	if err == nil || strings.Contains(err.Error(), "98123") || !strings.Contains(err.Error(), "at byte 25") {
		t.Fatal(err)
	}
}

func TestValuesAreFoundAndRead(t *testing.T) {
	t.Parallel()
	root := parse(t, ` {"a": "x\ny" , "b":[1,[true],{"c":null}], "a":2, "":"e", "\u0064":4, "f":"plain"} `)
	kinds := map[string]raise.Kind{"a": raise.KindString, "b": raise.KindList, "": raise.KindString, "c": raise.KindAbsent, "d": raise.KindAbsent, `\u0064`: raise.KindAbsent}
	for name, want := range kinds {
		if got := root.Member(name).Kind(); got != want {
			t.Errorf("member %q is of kind %d, want %d", name, got, want)
		}
	}
	if a := root.Member("a"); string(a.Raw()) != `"x\ny"` || a.Member("a").Kind() != raise.KindAbsent {
		t.Errorf("the first a is %s", a.Raw())
	}
	var elements []string
	for i, v := range root.Member("b").Elements() {
		elements = append(elements, string(v.Raw()))
		if inner := v.Member("c"); inner.IsNull() != true || (inner.Kind() == raise.KindNull) != (i == 2) {
			t.Errorf("c of element %d is of kind %d", i, inner.Kind())
		}
		if i == 2 {
			break
		}
	}
	if got := strings.Join(elements, " "); got != `1 [true] {"c":null}` {
		t.Errorf("elements %s", got)
	}
	for range root.Elements() {
		t.Error("an object has no elements")
	}
}

func TestTextsAreGivenDecodedAndAsTheyAre(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		raw, text string
		isString  bool
		isText    bool
	}{
		{`"Sunita"`, "Sunita", true, true},
		{`"सुनीता"`, "सुनीता", true, true},
		{`""`, "", true, true},
		{`"a\n\ud83d\ude42"`, "a\n🙂", true, false},
		{`"\udc00"`, "\ufffd", true, false},
		{`12`, "", false, false},
		{`null`, "", false, false},
	} {
		v := parse(t, test.raw)
		if got, ok := v.String(); got != test.text || ok != test.isString {
			t.Errorf("%s decoded: %q, %t", test.raw, got, ok)
		}
		if got, ok := v.Text(); ok != test.isText || ok && string(got) != test.text {
			t.Errorf("%s as it is: %q, %t", test.raw, got, ok)
		}
	}
}

func TestTheAbsentValueAnswersEverything(t *testing.T) {
	t.Parallel()
	var v raise.Value
	var tape raise.Tape
	if tape.Root() != v || v.Kind() != raise.KindAbsent || !v.IsNull() || v.Raw() != nil || v.Member("a") != v {
		t.Fatal("the zero value is something")
	}
	for range v.Elements() {
		t.Fatal("it has elements")
	}
	if _, ok := v.Text(); ok {
		t.Fatal("it has a text")
	}
	if _, ok := v.String(); ok {
		t.Fatal("it has a string")
	}
}

func TestATapeIsAsNewAfterAReset(t *testing.T) {
	t.Parallel()
	var tape raise.Tape
	for _, text := range []string{"[" + strings.Repeat("1,", 70_000) + "1]", "[1,2]"} {
		if err := tape.Parse([]byte(text)); err != nil || string(tape.Root().Raw()) != text {
			t.Fatal(err)
		}
		tape.Reset()
		if tape.Root() != (raise.Value{}) {
			t.Fatal("something is left")
		}
	}
}

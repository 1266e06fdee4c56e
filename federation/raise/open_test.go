package raise_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/federation/raise"
)

func TestOpenSplitsAnAnswer(t *testing.T) {
	t.Parallel()
	shape := object(field("id", text))
	tests := []struct {
		name                string
		body                string
		data, value, errors string
		same                bool
	}{
		{name: "data alone", body: `{"data":{"lead":{"id":"1"}}}`, data: `{"lead":{"id":"1"}}`, value: `{"id":"1"}`, same: true},
		{
			name: "members in any order, unknown ones among them",
			body: `{"extensions":{"data":[1]},"errors":[{"message":"no"}],"data":{"__typename":"Query","lead":{"id":null},"other":2},"x":null}`,
			data: `{"__typename":"Query","lead":{"id":null},"other":2}`, value: `{"id":null}`, errors: `[{"message":"no"}]`, same: true,
		},
		{
			name: "white space around", body: " {\n\"data\" : { \"lead\" : {\"id\":\"1\"} } }\n",
			data: `{ "lead" : {"id":"1"} }`, value: `{"id":"1"}`, same: true,
		},
		{name: "white space inside is not handed through", body: `{"data":{"lead":{"id": "1"}}}`, data: `{"lead":{"id": "1"}}`, value: `{"id": "1"}`},
		{
			name: "the first of a name counts", body: `{"data":{"lead":1,"lead":2},"data":{"lead":3},"errors":[1],"errors":[2]}`,
			data: `{"lead":1,"lead":2}`, value: `1`, errors: `[1]`,
		},
		{name: "a null field", body: `{"errors":[{}],"data":{"lead":null}}`, data: `{"lead":null}`, errors: `[{}]`},
		{name: "null data and no errors worth the name", body: `{"data":null,"errors":null}`},
		{name: "an empty list of errors", body: `{"data":{},"errors":[]}`, data: `{}`},
		{name: "errors that are no list", body: `{"errors":{"message":"Forbidden resource"}}`, errors: `{"message":"Forbidden resource"}`},
		{name: "data of another kind", body: `{"data":["lead"]}`},
		{name: "an empty object", body: `{}`},
		{name: "names with escapes are unknown", body: `{"d\u0061ta":{"lead":1},"data":{"l\u0065ad":2}}`, data: `{"l\u0065ad":2}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			opened, err := raise.Open([]byte(test.body), "lead", shape)
			if err != nil {
				t.Fatal(err)
			}
			for _, part := range []struct {
				name      string
				got, want string
				isNil     bool
			}{
				{"data", string(opened.Data), test.data, opened.Data == nil},
				{"value", string(opened.Value), test.value, opened.Value == nil},
				{"errors", string(opened.Errors), test.errors, opened.Errors == nil},
			} {
				if part.got != part.want || part.isNil != (part.want == "") {
					t.Errorf("%s: got %s, want %s", part.name, part.got, part.want)
				}
			}
			if opened.Same != test.same {
				t.Errorf("same: %t", opened.Same)
			}
		})
	}
}

func TestOpenSaysWhatIsTheSame(t *testing.T) {
	t.Parallel()
	lead := object(field("id", must(leaf(raise.LeafID))), field("name", object(field("first", text))))
	leaves := object(field("s", text), field("n", number), field("b", leaf(raise.LeafBoolean)), field("a", leaf(raise.LeafAny)))
	tests := []struct {
		name  string
		value string
		shape *raise.Shape
		want  bool
	}{
		{"every member in its place", `{"id":"1","name":{"first":"सुनीता"}}`, lead, true},
		{"an ID that is a number", `{"id":1,"name":null}`, lead, true},
		{"no shape", `{"id":"1","name":null}`, nil, false},
		{"a null that must not be", `{"id":null,"name":null}`, lead, false},
		{"another order", `{"name":null,"id":"1"}`, lead, false},
		{"a member too few", `{"id":"1"}`, lead, false},
		{"a member too many", `{"id":"1","name":null,"more":1}`, lead, false},
		{"a member twice", `{"id":"1","id":"1","name":null}`, lead, false},
		{"a name of the same length", `{"id":"1","nama":null}`, lead, false},
		{"a name with an escape", `{"\u0069d":"1","name":null}`, lead, false},
		{"a name that goes on", `{"id\"":"1","name":null}`, lead, false},
		{"each leaf of its kind", `{"s":"\n","n":-1.5e3,"b":true,"a":{"x":[false, null]}}`, leaves, true},
		{"leaves that are null", `{"s":null,"n":null,"b":null,"a":null}`, leaves, true},
		{"a number for a string", `{"s":1,"n":1,"b":true,"a":1}`, leaves, false},
		{"a string for a number", `{"s":"","n":"1","b":true,"a":1}`, leaves, false},
		{"a string for a boolean", `{"s":"","n":1,"b":"true","a":1}`, leaves, false},
		{"a boolean for a number", `{"s":"","n":false,"b":true,"a":1}`, leaves, false},
		{"a list for a string", `{"s":[],"n":1,"b":true,"a":1}`, leaves, false},
		{"a list", `[["a","b"],[],null]`, list(list(text)), true},
		{"an element that must not be null", `["a",null]`, list(must(text)), false},
		{"an object for a list", `{}`, list(text), false},
		{"a list for an object", `[]`, object(), false},
		{"an empty object", `{}`, object(), true},
		{"another name in the answer", `{"id":"1"}`, object(alias("key", "id", text)), false},
		{"a constant", `{"__typename":"Lead"}`, object(typename("Lead")), false},
		{"a hop", `{"id":"1"}`, withHops(object(field("id", text)), raise.Hop{Key: "id"}), false},
		{"a type to be looked up", `{"__helix_type":"Lead"}`, byType(map[string]*raise.Shape{"Lead": object()}), false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			opened, err := raise.Open([]byte(`{"data":{"lead":`+test.value+`}}`), "lead", test.shape)
			if err != nil || string(opened.Value) != test.value || opened.Same != test.want {
				t.Fatalf("value %s, same %t, %v", opened.Value, opened.Same, err)
			}
		})
	}
}

func TestOpenSeesEveryByteThatIsAnother(t *testing.T) {
	t.Parallel()
	var fields []raise.Field
	var value strings.Builder
	for n := range 20 { // names of all lengths, in objects that are null or not and in lists
		name := "n" + strings.Repeat("abcdefghij", 2)[:n]
		switch n % 3 {
		case 0:
			fields = append(fields, field(name, object(field(name, object(field("x", number))))))
			fmt.Fprintf(&value, `,%q:{%q:{"x":%d}}`, name, name, n)
		case 1:
			fields = append(fields, field(name, object(field(name, object(field("x", text))))), field(name+"_", object(field("y", text))))
			fmt.Fprintf(&value, `,%q:{%q:null},"%s_":null`, name, name, name)
		default:
			fields = append(fields, field(name, list(must(object(field(name, must(text)))))))
			fmt.Fprintf(&value, `,%q:[{%q:"é%d"},{%q:""}]`, name, name, n, name)
		}
	}
	shape := object(fields...)
	shape.Compile()
	good := `{"data":{"lead":{` + value.String()[1:] + `}}}`
	if opened, err := raise.Open([]byte(good), "lead", shape); err != nil || !opened.Same {
		t.Fatalf("same %t, %v", opened.Same, err)
	}
	for i := range good {
		for _, c := range []byte("\"\\,:]}1nx \x01\xc3") {
			body := []byte(good)
			body[i] = c
			opened, err := raise.Open(body, "lead", shape)
			valid := readable(body)
			if same := valid && writesTheSame(opened.Value, shape); (err == nil) != valid || opened.Same != same {
				t.Errorf("%q at %d: same %t, %v", c, i, opened.Same, err)
			}
		}
	}
	for end := range good {
		if _, err := raise.Open([]byte(good[:end]), "lead", shape); err == nil {
			t.Errorf("an answer that ends after %d bytes passes", end)
		}
	}
}

// writesTheSame is what Open's word is about.
func writesTheSame(value []byte, shape *raise.Shape) bool {
	var r reference
	text, written := r.write(value, shape, nil, false)
	return written && text == string(value) && text != "null" && r.errors == nil
}

func TestOpenRefusesWhatIsNoAnswer(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		``, `null`, `[]`, `"data"`, `{`, `{"data"`, `{"data" 1}`, `{data:1}`, `{"data":{}}}`, `{"data":{},}`, `{"data":{"lead":1,}}`, `{"da` + "\x01" + `ta":1}`,
		`{"data":{"lead":}}`, `{"data":{"lead":nul}}`, `{"errors":[}`, `{"errors":nope}`, `{"data":{"lead":1} "x":1}`, `<html>`, `{"data":{"lead":"` + "\xff" + `"}}`,
		`{"x":` + strings.Repeat("[", 200) + strings.Repeat("]", 200) + `}`,
	} {
		opened, err := raise.Open([]byte(body), "lead", text)
		if !helix.IsCode(err, helix.CodeRejected) || opened.Value != nil || opened.Errors != nil || opened.Same {
			t.Errorf("%s: %+v, %v", body, opened, err)
		}
	}
}

func TestLevelsCountTheEnvelope(t *testing.T) {
	t.Parallel()
	for levels, want := range map[int]bool{198: true, 199: false} {
		shape := text
		for range levels {
			shape = list(shape)
		}
		value := strings.Repeat("[", levels) + strings.Repeat("]", levels)
		opened, err := raise.Open([]byte(`{"data":{"lead":`+value+`}}`), "lead", shape)
		if (err == nil) != want || opened.Same != want {
			t.Errorf("%d levels: same %t, %v", levels, opened.Same, err)
		}
	}
}

func TestOpenAcceptsAsValueWhatParseAccepts(t *testing.T) {
	t.Parallel()
	for _, test := range texts {
		for _, shape := range []*raise.Shape{nil, leaf(raise.LeafAny), text, number, leaf(raise.LeafBoolean), list(number)} {
			body := []byte(`{"data":{"lead":` + test.text + `}}`)
			opened, err := raise.Open(body, "lead", shape)
			if (err == nil) != readable(body) {
				t.Errorf("%s: %v", test.name, err)
			}
			if want := bytes.TrimSpace([]byte(test.text)); err == nil && !bytes.Equal(opened.Value, want) && string(want) != "null" {
				t.Errorf("%s: %s", test.name, opened.Value)
			}
			if opened.Same && !json.Valid(opened.Value) {
				t.Errorf("%s: handed through", test.name)
			}
		}
	}
}

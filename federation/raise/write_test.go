package raise_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/helix-engage/gateway/federation/raise"
)

var (
	text   = leaf(raise.LeafString)
	number = leaf(raise.LeafNumber)
)

func TestWrite(t *testing.T) {
	t.Parallel()
	person := func(fields ...raise.Field) *raise.Shape { return object(field("name", object(fields...))) }
	tests := []struct {
		name   string
		source string
		shape  *raise.Shape
		failed bool
		want   string // "" when the null goes further up
		errors []string
	}{
		{
			name: "members take the names and the order of the document", source: `{"id":"1","firstName":"A","hidden":[1]}`,
			shape: object(alias("called", "firstName", text), field("id", text), alias("again", "firstName", text), typename("Lead")),
			want:  `{"called":"A","id":"1","again":"A","__typename":"Lead"}`,
		},
		{
			name: "an object without fields that anybody asked for is empty", source: `{"a":1}`,
			shape: object(), want: `{}`,
		},
		{
			name: "numbers, escapes and custom scalars keep their text", source: `{"n":1.50E+02,"s":"\u0041\/","j":{"b":[1, 2]}}`,
			shape: object(field("n", number), field("s", text), field("j", leaf(raise.LeafAny))), want: `{"n":1.50E+02,"s":"\u0041\/","j":{"b":[1, 2]}}`,
		},
		{
			name: "an ID may be a string or a number", source: `["a",7]`,
			shape: list(leaf(raise.LeafID)), want: `["a",7]`,
		},
		{
			name: "a missing member is null", source: `{}`,
			shape: object(field("a", text), field("b", leaf(raise.LeafAny))), want: `{"a":null,"b":null}`,
		},
		{
			name: "a name spelled with escapes is unknown", source: `{"\u0061":"1"}`,
			shape: object(field("a", text)), want: `{"a":null}`,
		},
		{
			name: "a null where a value is required makes the nearest nullable parent null", source: `{"name":{"first":"A","last":null}}`,
			shape: person(field("first", text), alias("family", "last", must(text))), want: `{"name":null}`,
			errors: []string{"leads.name.family: " + nothing + " (UPSTREAM_REJECTED)"},
		},
		{
			name: "a null goes through every parent that must not be null", source: `{"name":{}}`,
			shape:  must(object(field("name", must(object(field("last", must(text))))))),
			errors: []string{"leads.name.last: " + nothing + " (UPSTREAM_REJECTED)"},
		},
		{
			name: "an element that must not be null makes its list null", source: `[["a"],["b",null]]`,
			shape: list(list(must(text))), want: `[["a"],null]`,
			errors: []string{"leads[1][1]: " + nothing + " (UPSTREAM_REJECTED)"},
		},
		{
			name: "an element that may be null is", source: `[{"a":"1"},null,{"a":null}]`,
			shape: list(object(field("a", must(text)))), want: `[{"a":"1"},null,null]`,
			errors: []string{"leads[2].a: " + nothing + " (UPSTREAM_REJECTED)"},
		},
		{
			name: "each place that breaks has its error", source: `{"a":1,"b":"x","c":[],"d":{},"e":true,"f":"t"}`,
			shape: object(field("a", text), field("b", number), field("c", object()), field("d", list(text)), field("e", leaf(raise.LeafID)),
				field("f", leaf(raise.LeafBoolean))),
			want: `{"a":null,"b":null,"c":null,"d":null,"e":null,"f":null}`,
			errors: []string{
				"leads.a: " + another + " (UPSTREAM_REJECTED)", "leads.b: " + another + " (UPSTREAM_REJECTED)",
				"leads.c: " + another + " (UPSTREAM_REJECTED)", "leads.d: " + another + " (UPSTREAM_REJECTED)",
				"leads.e: " + another + " (UPSTREAM_REJECTED)", "leads.f: " + another + " (UPSTREAM_REJECTED)",
			},
		},
		{
			name: "what a failed source lacks is not reported again", source: `{"a":null,"b":{"c":null},"d":1}`, failed: true,
			shape: object(field("a", text), field("b", object(field("c", must(text)))), field("d", text)), want: `{"a":null,"b":null,"d":null}`,
		},
		{
			name: "a record is written as its type", source: `[{"__helix_type":"Lead","id":"1"},{"id":"2","__helix_type":"Patient"}]`,
			shape: list(byType(map[string]*raise.Shape{"Lead": object(field("id", text)), "Patient": object(alias("key", "id", text))})),
			want:  `[{"id":"1"},{"key":"2"}]`,
		},
		{
			name: "a record of an unknown type, or of none, is broken", source: `[{"__helix_type":"Call"},{"id":"2"}]`,
			shape:  list(byType(map[string]*raise.Shape{"Lead": object(field("id", text))})),
			want:   `[null,null]`,
			errors: []string{"leads[0]: " + unknown + " (UPSTREAM_REJECTED)", "leads[1]: " + unknown + " (UPSTREAM_REJECTED)"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			check(t, test.source, test.shape, nil, test.failed, test.want, test.errors)
		})
	}
}

// check writes source at the path "leads", after something that was written before.
func check(t *testing.T, source string, shape *raise.Shape, answers table, failed bool, want string, errors []string) {
	t.Helper()
	w := raise.Writer{Buf: []byte(`{"leads":`), Answers: answers.parse(t)}
	w.Push("leads")
	written := w.Write(parse(t, source), shape, failed)
	if got := strings.TrimPrefix(string(w.Buf), `{"leads":`); got != want || written != (want != "") {
		t.Errorf("written %t\ngot  %s\nwant %s", written, got, want)
	}
	if diff := cmp.Diff(errors, said(w.Errors)); diff != "" {
		t.Errorf("errors (-want +got):\n%s", diff)
	}
}

func TestWriteWithHops(t *testing.T) {
	t.Parallel()
	insight := raise.Hop{Fetch: 0, Key: "id"}
	entity := raise.Hop{Fetch: 1, Key: "leadId", Required: true}
	fault := &gqlerror.Error{Message: "forbidden", Path: ast.Path{ast.PathName("score")}, Extensions: map[string]any{"code": "FORBIDDEN"}}
	scored := withHops(object(field("id", text), hopped("score", "score", 0, number), hopped("rank", "rank", 0, must(number))), insight)
	lead := withHops(object(hopped("name", "name", 0, text)), entity)
	calls := withHops(object(hopped("calls", "", 0, list(text)), hopped("same", "", 0, list(must(text)))), insight)
	tests := []struct {
		name    string
		source  string
		shape   *raise.Shape
		answers table
		want    string
		errors  []string
	}{
		{
			name: "fields come from the record that the key names", source: `[{"id":"a"},{"id":"b"},{"id":"a"}]`, shape: list(scored),
			answers: table{0: {"a": {record: `{"rank":1,"score":10}`}, "b": {record: `{"score":null,"rank":2}`}}},
			want:    `[{"id":"a","score":10,"rank":1},{"id":"b","score":null,"rank":2},{"id":"a","score":10,"rank":1}]`,
		},
		{
			name: "a record in which something failed says so at each object that asks, and once", source: `[{"id":"a"},{"id":"a"}]`, shape: list(scored),
			answers: table{0: {"a": {record: `{"score":null,"rank":null}`, faults: []*gqlerror.Error{fault}}}},
			want:    `[null,null]`,
			errors:  []string{"leads[0].score: forbidden (FORBIDDEN)", "leads[1].score: forbidden (FORBIDDEN)"},
		},
		{
			name: "without a record its fields are null, which one of them must not be", source: `{"id":"z"}`, shape: scored,
			want: `null`, errors: []string{"leads.rank: " + nothing + " (UPSTREAM_REJECTED)"},
		},
		{
			name: "for no key, or one that is no string, nothing is asked", source: `[{"id":null},{},{"id":7}]`,
			shape:   list(withHops(object(hopped("score", "score", 0, number)), insight)),
			answers: table{0: {"": {record: `{"score":1}`}, "7": {record: `{"score":1}`}, "null": {record: `{"score":1}`}}},
			want:    `[{"score":null},{"score":null},{"score":null}]`,
		},
		{
			name: "a key is handed on as it is spelled", source: `{"id":"a\"b"}`, shape: withHops(object(hopped("score", "score", 0, number)), insight),
			answers: table{0: {`a\"b`: {record: `{"score":1}`}}}, want: `{"score":1}`,
		},
		{
			name: "an object is null without the record that it stands for", source: `[{"leadId":"a"},{"leadId":"b"},{"leadId":null}]`, shape: list(lead),
			answers: table{1: {"a": {record: `{"name":"A"}`}, "b": {record: `null`}}}, want: `[{"name":"A"},null,null]`,
		},
		{
			name: "an object that must not be null needs its record", source: `{"lead":{"leadId":"a"}}`,
			shape: object(field("lead", must(lead))), want: `null`, errors: []string{"leads.lead: " + nothing + " (UPSTREAM_REJECTED)"},
		},
		{
			name: "a required record that failed is reported at the object alone", source: `{"lead":{"leadId":"a"}}`,
			shape: object(field("lead", must(lead))), answers: table{1: {"a": {faults: []*gqlerror.Error{{Message: "too late"}}}}},
			want: `null`, errors: []string{"leads.lead: too late ()"},
		},
		{
			name: "a record can be the value itself, with its faults at the field", source: `{"id":"a"}`, shape: calls,
			answers: table{0: {"a": {record: `["x",null]`, faults: []*gqlerror.Error{{Message: "lost", Path: ast.Path{ast.PathIndex(1)}}}}}},
			want:    `{"calls":["x",null],"same":null}`,
			errors:  []string{"leads.calls[1]: lost ()", "leads.same[1]: lost ()"},
		},
		{
			name: "a field that must not be null needs a key", source: `{"id":null}`,
			shape: withHops(object(hopped("rank", "rank", 0, must(number))), insight), want: `null`,
			errors: []string{"leads.rank: " + nothing + " (UPSTREAM_REJECTED)"},
		},
		{
			name: "records have hops of their own", source: `{"id":"a","leadId":"b"}`,
			shape: withHops(object(
				hopped("lead", "lead", 0, withHops(object(hopped("score", "score", 0, number), field("id", text)), insight)),
				hopped("name", "name", 1, text),
			), insight, entity),
			answers: table{0: {"a": {record: `{"lead":{"id":"c"}}`}, "c": {record: `{"score":3}`}}, 1: {"b": {record: `{"name":"B"}`}}},
			want:    `{"lead":{"score":3,"id":"c"},"name":"B"}`,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			check(t, test.source, test.shape, test.answers, false, test.want, test.errors)
		})
	}
}

func TestFaultsAreCopiedAndNotChanged(t *testing.T) {
	t.Parallel()
	fault := &gqlerror.Error{Message: "forbidden", Extensions: map[string]any{"code": "FORBIDDEN"}}
	answers := table{0: {"a": {faults: []*gqlerror.Error{fault}}}}
	w := raise.Writer{Answers: answers}
	w.Write(parse(t, `[{"id":"a"}]`), list(withHops(object(hopped("score", "score", 0, number)), raise.Hop{Key: "id"})), false)
	w.Errors[0].Extensions["code"] = "CHANGED"
	if diff := cmp.Diff([]string{"[0]: forbidden (CHANGED)"}, said(w.Errors)); diff != "" {
		t.Fatal(diff)
	}
	if fault.Path != nil || fault.Extensions["code"] != "FORBIDDEN" {
		t.Fatalf("the fault became %+v", fault)
	}
}

func TestErrorsBeyondTheBoundAreCounted(t *testing.T) {
	t.Parallel()
	broken := parse(t, "["+strings.Repeat("1,", 149)+"1]")
	var w raise.Writer
	for range 2 {
		if !w.Write(broken, list(text), false) {
			t.Fatal("not written")
		}
	}
	lines := said(w.Errors)
	if len(lines) != raise.MaxErrors+1 || lines[99] != "[99]: "+another+" (UPSTREAM_REJECTED)" || lines[100] != ": and 200 more errors (UPSTREAM_REJECTED)" {
		t.Fatalf("%d errors, the last two %q", len(lines), lines[len(lines)-2:])
	}
	w.Reset()
	if !w.Write(broken, list(text), true) || w.Errors != nil || !strings.HasPrefix(string(w.Buf), "[null,") {
		t.Fatalf("after a reset: %s, %v", w.Buf, w.Errors)
	}
}

func TestPushAndPopTellWhereErrorsAre(t *testing.T) {
	t.Parallel()
	var w raise.Writer
	for _, name := range []string{"leads", "patients"} {
		w.Push(name)
		w.Push("edges")
		w.Write(parse(t, `[{"a":null}]`), list(must(object(field("a", must(text))))), false)
		w.Pop()
		w.Write(parse(t, `1`), text, false)
		w.Pop()
	}
	want := []string{
		"leads.edges[0].a: " + nothing + " (UPSTREAM_REJECTED)", "leads: " + another + " (UPSTREAM_REJECTED)",
		"patients.edges[0].a: " + nothing + " (UPSTREAM_REJECTED)", "patients: " + another + " (UPSTREAM_REJECTED)",
	}
	if diff := cmp.Diff(want, said(w.Errors)); diff != "" || string(w.Buf) != "nullnullnullnull" {
		t.Fatalf("%s\n%s", w.Buf, diff)
	}
}

// Not parallel: allocations of other tests would count.
func TestTheHotPathAllocatesNothing(t *testing.T) {
	value := leads(20)
	body := []byte(`{"data":{"leads":` + value + `}}`)
	shape, other := leadsShape(), leadsShape()
	rename(other)
	shape.Compile()
	other.Compile()
	var tape raise.Tape
	var w raise.Writer
	opens := testing.AllocsPerRun(20, func() {
		if opened, err := raise.Open(body, "leads", shape); err != nil || !opened.Same || string(opened.Value) != value {
			panic(fmt.Sprint(opened.Same, err))
		}
	})
	raises := testing.AllocsPerRun(20, func() {
		w.Reset()
		opened, err := raise.Open(body, "leads", other)
		if err != nil || opened.Same || tape.Parse(opened.Value) != nil || !w.Write(tape.Root(), other, false) {
			panic(fmt.Sprint(opened.Same, err))
		}
	})
	if opens != 0 || raises != 0 {
		t.Fatalf("opening allocates %v times, raising %v times", opens, raises)
	}
}

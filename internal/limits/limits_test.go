package limits

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	helix "github.com/helix-engage/gateway"
)

func TestDocuments(t *testing.T) {
	t.Parallel()
	repeat := func(n int, s string) string { return strings.Repeat(s, n) }
	nested := func(levels int) string { return repeat(levels, "{a") + repeat(levels, "}") }
	list := func(n int) string { return "[" + repeat(n, "1,") + "]" }
	// Each fragment spreads the next twice.
	doubling := func(n int) string {
		var b strings.Builder
		b.WriteString("{...F0}")
		for i := range n {
			fmt.Fprintf(&b, "fragment F%d on Q{...F%d ...F%d}", i, i+1, i+1)
		}
		fmt.Fprintf(&b, "fragment F%d on Q{a}", n)
		return b.String()
	}
	inside := func(n int) string { return repeat(n, "{b:[") + repeat(n, "]}") }
	small := Options{
		Tokens: 100, Depth: 4, Selections: 12, RootFields: 3, Aliases: 2, Directives: 2, Comparisons: 3, ListItems: 3, Values: 8,
		ValueDepth: 4, StringBytes: 10, Operations: 2,
	}
	tests := map[string]struct {
		options   Options
		document  string
		variables map[string]any
		want      string // empty: accepted
	}{
		"an ordinary document":             {document: "query($n:Int=1){a{b(n:$n) c:d @skip(if:false)}}", variables: map[string]any{"n": 2}},
		"what does not parse is passed on": {document: "{"},
		"a token that is none":             {document: "{a ` }"},
		"nothing":                          {document: ""},

		"tokens at the limit":           {options: Options{Tokens: 5}, document: "{a b c}"},
		"tokens beyond":                 {options: Options{Tokens: 4}, document: "{a b c}", want: "too many tokens in the document: the limit is 4"},
		"comments are tokens":           {document: "{a}" + repeat(100, "#\n"), want: "too many tokens in the document: the limit is 100"},
		"tokens are counted first":      {document: repeat(101, "{"), want: "too many tokens in the document: the limit is 100"},
		"depth at the limit":            {document: nested(4)},
		"depth beyond":                  {document: nested(5), want: "too many levels of nested fields: the limit is 4"},
		"depth through a fragment":      {document: "{a{...F}} fragment F on X{b{c{d{e}}}}", want: "too many levels of nested fields: the limit is 4"},
		"inline fragments are no level": {document: "{...{...{...{a{b{c{d}}}}}}}"},
		"selections beyond": {
			document: "{a{b c d e f} g{h i j k l}}", options: Options{Selections: 11}, want: "too many selections, fragments expanded: the limit is 11",
		},
		"selections through a fragment": {
			document: "{a{...F} b{...F} c{...F}} fragment F on X{d e f}", want: "too many selections, fragments expanded: the limit is 12",
		},
		"fragments that double":        {options: Options{Tokens: 1000, RootFields: 1000}, document: doubling(50), want: "too many selections, fragments expanded: the limit is 2000"},
		"fragments that double unused": {options: Options{Tokens: 1000}, document: "{a}" + doubling(50)[7:], want: "too many selections, fragments expanded: the limit is 2000"},
		"root fields beyond":           {document: "{a b c d}", want: "too many root fields in one operation: the limit is 3"},
		"root fields through a fragment": {
			document: "{a ...F} fragment F on Q{b ...{c d}}", want: "too many root fields in one operation: the limit is 3",
		},
		"root fields of each operation":  {document: "query A{a b} query B{c d}"},
		"aliases beyond":                 {document: "{a{x:b y:b z:b}}", want: "too many aliases: the limit is 2"},
		"an alias that is the name":      {document: "{a{b:b c:c d:d}}"},
		"directives beyond":              {document: "{a @x @x @x}", want: "too many directives: the limit is 2"},
		"directives of an operation":     {document: "query @x @x @x{a}", want: "too many directives: the limit is 2"},
		"directives of a variable":       {document: "query($a:Int @x @x @x){a}", want: "too many directives: the limit is 2"},
		"directives of a spread":         {document: "{...F @x @x} fragment F on Q @x{a}", want: "too many directives: the limit is 2"},
		"directives of an unused one":    {document: "{a} fragment F on Q @x @x @x{a}", want: "too many directives: the limit is 2"},
		"directives of an inline one":    {document: "{... @x @x @x{a}}", want: "too many directives: the limit is 2"},
		"comparisons at the limit":       {document: "{a a a}"},
		"comparisons beyond":             {document: "{b{a a a a}}", want: "too many comparisons of fields with the same name: the limit is 3"},
		"comparisons of what merges":     {document: "{a{b b} a{b b}}", want: "too many comparisons of fields with the same name: the limit is 3"},
		"comparisons through fragments":  {document: "{...F ...G a} fragment F on Q{a{b}} fragment G on Q{a{b}}", want: "too many comparisons of fields with the same name: the limit is 3"},
		"a list at the limit":            {document: "{a(b:" + list(3) + ")}"},
		"a list beyond":                  {document: "{a(b:" + list(4) + ")}", want: "too many items in one list: the limit is 3"},
		"a list inside an object":        {document: "{a(b:{c:{d:" + list(4) + "}})}", want: "too many items in one list: the limit is 3"},
		"a list as a default":            {document: "query($a:[Int]=" + list(4) + "){a}", want: "too many items in one list: the limit is 3"},
		"a list of a directive":          {document: "{a @x(b:" + list(4) + ")}", want: "too many items in one list: the limit is 3"},
		"a list in the variables":        {document: "{a}", variables: map[string]any{"a": map[string]any{"b": []any{1, 2, 3, 4}}}, want: "too many items in one list: the limit is 3"},
		"values in the variables":        {document: "{a}", variables: map[string]any{"a": []any{[]any{1, 2}, []any{3, 4}, []any{5}}}, want: "too many values in the variables: the limit is 8"},
		"a fragment that spreads itself": {document: "{...F} fragment F on Q{a{...F}}", want: "a fragment spreads itself"},
		"fragments in a circle":          {document: "{a} fragment F on Q{...G} fragment G on Q{...F}", want: "a fragment spreads itself"},
		"a spread of nothing":            {document: "{...Nothing}"},
		"fragments of the same name":     {document: "{...F} fragment F on Q{a} fragment F on Q{b @x @x @x}", want: "too many directives: the limit is 2"},
		"values at the depth":            {document: "{a(b:" + inside(2) + ")}"},
		"values too deep":                {document: "{a(b:" + inside(3) + ")}", want: "too many levels of nested values: the limit is 4"},
		"values too deep in a directive": {document: "{a @x(b:" + inside(3) + ")}", want: "too many levels of nested values: the limit is 4"},
		"values too deep as a default":   {document: "query($a:I=" + inside(3) + "){a}", want: "too many levels of nested values: the limit is 4"},
		"variables at the depth":         {document: "{a}", variables: map[string]any{"a": []any{[]any{[]any{[]any{}}}}}},
		"variables too deep": {
			document: "{a}", variables: map[string]any{"a": []any{[]any{map[string]any{"b": []any{[]any{}}}}}}, want: "too many levels of nested values: the limit is 4",
		},
		"a string at the limit":           {document: `{a(b:"0123456789")}`},
		"a long string":                   {document: `{a(b:"0123456789a")}`, want: "too many bytes in one string: the limit is 10"},
		"a long block string":             {document: `{a(b:["""0123456789a"""])}`, want: "too many bytes in one string: the limit is 10"},
		"a long string in the variables":  {document: "{a}", variables: map[string]any{"a": []any{"0123456789a"}}, want: "too many bytes in one string: the limit is 10"},
		"operations beyond":               {document: "query A{a} query B{a} query C{a}", want: "too many operations in the document: the limit is 2"},
		"a deferred fragment":             {document: "{...@defer{a}}", want: "incremental delivery (@defer, @stream) is not supported"},
		"a streamed list":                 {document: "{a{b @stream(initialCount: 0)}}", want: "incremental delivery (@defer, @stream) is not supported"},
		"a fragment spread beside itself": {document: "{a{...F} b{...F}} fragment F on X{c}"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			options := tt.options
			if options == (Options{}) {
				options = small
			}
			documents := NewDocuments(options)
			for range 2 { // fresh and, when accepted, remembered
				checkError(t, documents.Check(tt.document, tt.variables), tt.want)
			}
		})
	}
}

func checkError(t *testing.T, err error, want string) {
	t.Helper()
	if want == "" {
		if err != nil {
			t.Errorf("refused: %v", err)
		}
		return
	}
	coded, ok := errors.AsType[*helix.Error](err)
	if !ok {
		t.Fatalf("error %v, want %q", err, want)
	}
	code := helix.CodeLimitExceeded
	if !strings.HasPrefix(want, "too many") {
		code = helix.CodeBadInput
	}
	if diff := cmp.Diff(want, coded.Message); diff != "" || coded.Code != code {
		t.Errorf("code %s, message (-want +got):\n%s", coded.Code, diff)
	}
}

// The limits must not be in the way of what tools ask.
func TestDocumentsAcceptIntrospection(t *testing.T) {
	t.Parallel()
	if err := NewDocuments(Options{}).Check(introspection, nil); err != nil {
		t.Error(err)
	}
}

// introspection has the shape and depth of what graphql-js sends.
var introspection = `query IntrospectionQuery {
	__schema { queryType { name kind } mutationType { name kind } subscriptionType { name kind }
		types { ...FullType } directives { name description locations isRepeatable args(includeDeprecated: true) { ...InputValue } } } }
	fragment FullType on __Type { kind name description specifiedByURL isOneOf
		fields(includeDeprecated: true) { name description args(includeDeprecated: true) { ...InputValue } type { ...TypeRef } isDeprecated deprecationReason }
		inputFields(includeDeprecated: true) { ...InputValue } interfaces { ...TypeRef }
		enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason } possibleTypes { ...TypeRef } }
	fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue isDeprecated deprecationReason }
	fragment TypeRef on __Type { kind name ` + strings.Repeat("ofType { kind name ", 9) + strings.Repeat("}", 9) + ` }`

func TestDocumentsRememberWhatIsAccepted(t *testing.T) {
	t.Parallel()
	d := NewDocuments(Options{Remembered: 2})
	for _, document := range []string{"{a}", "{b}", "{a}", "{c}", "{" + strings.Repeat(" a", 5000) + "}"} {
		_ = d.Check(document, nil)
	}
	var got []bool
	for _, document := range []string{"{a}", "{b}", "{c}"} {
		_, ok := d.accepted.byKey[keyOf(document)]
		got = append(got, ok)
	}
	if diff := cmp.Diff([]bool{true, false, true}, got); diff != "" {
		t.Errorf("remembered (-want +got):\n%s", diff)
	}
}

func FuzzDocuments(f *testing.F) {
	f.Add(introspection)
	f.Add("{...F} fragment F on Q{a{...F}}")
	f.Add("query($a:[Int]=[1,2] @x){a(b:{c:[$a]}) ...{b:c @y}}")
	f.Fuzz(func(t *testing.T, document string) {
		d := NewDocuments(Options{Tokens: 200, Selections: 100})
		first, second := d.Check(document, nil), d.Check(document, nil)
		if fmt.Sprint(first) != fmt.Sprint(second) {
			t.Fatalf("first %v, then %v", first, second)
		}
		if first != nil && !helix.IsCode(first, helix.CodeLimitExceeded) && !helix.IsCode(first, helix.CodeBadInput) {
			t.Fatalf("error %v", first)
		}
	})
}

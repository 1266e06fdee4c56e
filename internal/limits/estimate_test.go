package limits

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func TestTheAnswersSizeIsEstimated(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		document  string
		variables map[string]any
		want      int
	}{
		"a field counts one":                     {document: "{a b}", want: 2},
		"what is below counts once":              {document: "{a{b c}}", want: 3},
		"a list multiplies what is below":        {document: "{a(first:10){b c}}", want: 21},
		"lists multiply each other":              {document: "{a(first:10){b(last:5){c d}}}", want: 1 + 10*(1+5*2)},
		"the larger of two sizes":                {document: "{a(first:10,last:20,limit:5){b}}", want: 21},
		"other arguments say nothing":            {document: "{a(size:10,first:\"10\"){b}}", want: 2},
		"a size below one":                       {document: "{a(first:-5){b} c(first:0){b}}", want: 4},
		"a connection of unstated size":          {document: "{a{edges{node{b}}}}", want: 1 + 60*3},
		"a connection through a fragment":        {document: "{a{...F}} fragment F on X{nodes{b}}", want: 1 + 60*2},
		"a connection of stated size":            {document: "{a(first:2){edges{node{b}} pageInfo{c}}}", want: 1 + 2*5},
		"a connection with null for a size":      {document: "{a(first:null){edges{b}}}", want: 1 + 60*2},
		"fields that merge count once":           {document: "{a(first:3){b} a(first:3){b} ...{a(first:3){c}}}", want: 1 + 3*2},
		"aliases count each":                     {document: "{a:x(first:3){b} c:x(first:3){b}}", want: 8},
		"a variable":                             {document: "query($n:Int){a(first:$n){b}}", variables: map[string]any{"n": json.Number("7")}, want: 8},
		"a variable of any kind of number":       {document: "query($n:Int){a(first:$n){b}}", variables: map[string]any{"n": 7.0}, want: 8},
		"a variable's default":                   {document: "query($n:Int=7){a(first:$n){b}}", want: 8},
		"a variable in place of its default":     {document: "query($n:Int=7){a(first:$n){b}}", variables: map[string]any{"n": 2}, want: 3},
		"a variable that is null":                {document: "query($n:Int=7){a(first:$n){edges{b}}}", variables: map[string]any{"n": nil}, want: 1 + 60*2},
		"a variable that is absent":              {document: "query($n:Int){a(first:$n){edges{b}}}", want: 1 + 60*2},
		"a variable that is no number":           {document: "query($n:Int){a(first:$n){b}}", variables: map[string]any{"n": "100"}, want: 2},
		"variables below a list and above one":   {document: "query($n:Int,$m:Int){a(first:10){b(first:$n){c(first:4){d(first:$m){e}}}}}", variables: map[string]any{"n": 3, "m": 2}, want: 1 + 10*(1+3*(1+4*(1+2)))},
		"a variable in a fragment":               {document: "query($n:Int){a{...F}} fragment F on X{b(first:$n){c}}", variables: map[string]any{"n": 5}, want: 7},
		"representations that are written out":   {document: "{_entities(representations:[{a:1},{a:2}]){b c}}", want: 1 + 2*2},
		"representations in a variable":          {document: "query($r:[_Any!]!){_entities(representations:$r){b(first:3){c}}}", variables: map[string]any{"r": []any{1, 2, 3}}, want: 1 + 3*4},
		"sizes beyond all bounds":                {document: "{a(first:99999999999999999999){b(first:2000000000){c(first:2000000000){d}}}}", want: ceiling},
		"variables beyond all bounds":            {document: "query($n:Int){a(first:$n){b(first:$n){c(first:$n){d}}}}", variables: map[string]any{"n": json.Number("1e300")}, want: ceiling},
		"introspection is another matter":        {document: "{a __schema{types{name}} __type(name:\"A\"){fields{name}}}", want: 3},
		"the operation with the largest answer":  {document: "query A{a} query B{a(first:5){b}} query C{a}", want: 6},
		"a fragment that is not used is nothing": {document: "{a} fragment F on X{b(first:50){c}}", want: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at, below := NewDocuments(Options{Complexity: tt.want}), NewDocuments(Options{Complexity: tt.want - 1})
			for range 2 { // fresh and, when accepted, remembered
				if tt.want < ceiling {
					checkError(t, at.Check(tt.document, tt.variables), "")
				}
				if tt.want > 1 {
					checkError(t, below.Check(tt.document, tt.variables), fmt.Sprintf("too many values in the answer, as estimated (complexity): the limit is %d", tt.want-1))
				}
			}
		})
	}
}

func TestIntrospectionIsBoundedApart(t *testing.T) {
	t.Parallel()
	const want = "too many values of introspection in the answer, as estimated: the limit is 2000000"
	nested := func(n int) string {
		return "{__schema{types{" + strings.Repeat("fields{type{", n) + "name" + strings.Repeat("}}", n) + "}}}"
	}
	operation, _, _ := strings.Cut(introspection, "fragment FullType")
	twice := strings.Replace(introspection, "query IntrospectionQuery {", "query IntrospectionQuery { a: __schema { types { ...FullType } } b: __schema { types { ...FullType } }", 1)
	for name, tt := range map[string]struct{ document, want string }{
		"the query of the tools":              {introspection, ""},
		"that query several times":            {twice, want},
		"types of fields of types":            {nested(2), ""},
		"types of fields of types, and so on": {nested(4), want},
		"interfaces and what implements them": {"{__schema{types{possibleTypes{interfaces{possibleTypes{interfaces{possibleTypes{interfaces{possibleTypes{fields{name}}}}}}}}}}}", want},
		"one type":                            {`{__type(name: "A"){name fields{name args{name type{name ofType{name}}} type{name fields{name}}}}}`, ""},
		"each operation by itself":            {introspection + strings.ReplaceAll(operation, "IntrospectionQuery", "Again"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			checkError(t, NewDocuments(Options{}).Check(tt.document, nil), tt.want)
		})
	}
}

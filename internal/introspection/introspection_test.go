package introspection_test

import (
	"context"
	_ "embed"
	"encoding/json"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/helix-engage/gateway/internal/introspection"
)

// full is what graphql-js 16 asks with every option on.
//
//go:embed testdata/full.graphql
var full string

const sdl = `
"The whole."
schema { query: Query }
directive @old(reason: String = "a \"b\"" @deprecated, on: [Int!] = [1, 2]) repeatable on FIELD | VARIABLE_DEFINITION
scalar Moment @specifiedBy(url: "https://moment.test")
interface Node { id: ID! }
interface Named implements Node { id: ID! name: String }
type User implements Named & Node { id: ID! name: String @deprecated hidden(a: Int @deprecated(reason: "gone"), b: In = {e: A, l: [null], s: "x"}): [[Moment!]]! }
type Other implements Node { id: ID! }
union Any = User | Other
enum E { A B @deprecated(reason: "b") }
input In { e: E = A l: [Int] s: String gone: Int @deprecated }
input One @oneOf { a: Int b: Int }
type Query { hello: String node(id: ID!): Node any(one: One): Any user: User }
`

// greeter executes the root fields that are not introspection.
type greeter struct{ schema *ast.Schema }

func (g greeter) Schema() *ast.Schema { return g.schema }
func (greeter) Complexity(context.Context, string, string, int, map[string]any) (int, bool) {
	return 0, false
}

func (g greeter) Exec(ctx context.Context) graphql.ResponseHandler {
	oc := graphql.GetOperationContext(ctx)
	answered := false
	return func(ctx context.Context) *graphql.Response {
		if answered {
			return nil
		}
		answered = true
		data := map[string]any{}
		for _, f := range graphql.CollectFields(oc, oc.Operation.SelectionSet, []string{"Query"}) {
			switch f.Name {
			case "hello", "__typename":
				data[f.Alias] = "Query"
			default:
				data[f.Alias] = nil
				graphql.AddErrorf(graphql.WithPathContext(ctx, graphql.NewPathWithField(f.Alias)), "not told")
			}
		}
		raw, err := json.Marshal(data)
		if err != nil {
			panic(err)
		}
		return &graphql.Response{Data: raw}
	}
}

func ask(tb testing.TB, document string, variables map[string]any, forbidden bool) *graphql.Response {
	tb.Helper()
	schema, err := gqlparser.LoadSchema(&ast.Source{Input: sdl})
	if err != nil {
		tb.Fatal(err)
	}
	exec := executor.New(introspection.Serve(greeter{introspection.Extend(schema)}))
	ctx := graphql.StartOperationTrace(tb.Context())
	oc, errs := exec.CreateOperationContext(ctx, &graphql.RawParams{Query: document, Variables: variables})
	if errs != nil {
		tb.Fatal(errs)
	}
	oc.DisableIntrospection = forbidden
	responses, ctx := exec.DispatchOperation(ctx, oc)
	response := responses(ctx)
	if responses(ctx) != nil {
		tb.Error("a second answer")
	}
	return response
}

func TestWhatASchemaTellsOfItself(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ document, want string }{
		"order, aliases and fragments": {
			`{ a: hello ...S b: __typename } fragment S on Query { __schema { q: queryType { name __typename } mutationType { name } description } }`,
			`{"a":"Query","__schema":{"q":{"name":"Query","__typename":"__Type"},"mutationType":null,"description":"The whole."},"b":"Query"}`,
		},
		"a type that there is not": {
			`{ __type(name: "Nobody") { name } }`, `{"__type":null}`,
		},
		"a scalar": {
			`{ __type(name: "Moment") { kind specifiedByURL isOneOf fields { name } interfaces { name } possibleTypes { name } enumValues { name } inputFields { name } ofType { name } } }`,
			`{"__type":{"kind":"SCALAR","specifiedByURL":"https://moment.test","isOneOf":null,"fields":null,"interfaces":null,"possibleTypes":null,"enumValues":null,"inputFields":null,"ofType":null}}`,
		},
		"an interface": {
			`{ __type(name: "Named") { kind interfaces { name } possibleTypes { name } specifiedByURL } }`,
			`{"__type":{"kind":"INTERFACE","interfaces":[{"name":"Node"}],"possibleTypes":[{"name":"User"}],"specifiedByURL":null}}`,
		},
		"the objects of an interface that another one implements": {
			`{ __type(name: "Node") { possibleTypes { name } } }`, `{"__type":{"possibleTypes":[{"name":"User"},{"name":"Other"}]}}`,
		},
		"without what is deprecated": {
			`{ __type(name: "User") { fields { name args { name } } } }`,
			`{"__type":{"fields":[{"name":"id","args":[]},{"name":"hidden","args":[{"name":"b"}]}]}}`,
		},
		"with it": {
			`{ __type(name: "User") { fields(includeDeprecated: true) { name isDeprecated deprecationReason args(includeDeprecated: true) { name isDeprecated deprecationReason defaultValue } } } }`,
			`{"__type":{"fields":[{"name":"id","isDeprecated":false,"deprecationReason":null,"args":[]},{"name":"name","isDeprecated":true,"deprecationReason":"No longer supported","args":[]},` +
				`{"name":"hidden","isDeprecated":false,"deprecationReason":null,"args":[{"name":"a","isDeprecated":true,"deprecationReason":"gone","defaultValue":null},` +
				`{"name":"b","isDeprecated":false,"deprecationReason":null,"defaultValue":"{e: A, l: [null], s: \"x\"}"}]}]}}`,
		},
		"a type in its wrappers": {
			`{ __type(name: "User") { fields { type { kind name fields { name } ofType { kind ofType { kind ofType { kind ofType { kind name } } } } } } } }`,
			`{"__type":{"fields":[{"type":{"kind":"NON_NULL","name":null,"fields":null,"ofType":{"kind":"SCALAR","ofType":null}}},` +
				`{"type":{"kind":"NON_NULL","name":null,"fields":null,"ofType":{"kind":"LIST","ofType":{"kind":"LIST","ofType":{"kind":"NON_NULL","ofType":{"kind":"SCALAR","name":"Moment"}}}}}}]}}`,
		},
		"an enum": {
			`{ __type(name: "E") { all: enumValues(includeDeprecated: true) { name deprecationReason } enumValues { name } } }`,
			`{"__type":{"all":[{"name":"A","deprecationReason":null},{"name":"B","deprecationReason":"b"}],"enumValues":[{"name":"A"}]}}`,
		},
		"an input": {
			`{ __type(name: "In") { isOneOf inputFields { name defaultValue } all: inputFields(includeDeprecated: true) { name } } one: __type(name: "One") { isOneOf } }`,
			`{"__type":{"isOneOf":false,"inputFields":[{"name":"e","defaultValue":"A"},{"name":"l","defaultValue":null},{"name":"s","defaultValue":null}],` +
				`"all":[{"name":"e"},{"name":"l"},{"name":"s"},{"name":"gone"}]},"one":{"isOneOf":true}}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			response := ask(t, c.document, nil, false)
			if diff := cmp.Diff(c.want, string(response.Data)); diff != "" || len(response.Errors) > 0 {
				t.Error(diff, response.Errors)
			}
		})
	}
}

func TestADirectiveTellsOfItself(t *testing.T) {
	t.Parallel()
	response := ask(t, `query($all: Boolean!) { __schema { directives(includeDeprecated: $all) {
		name isRepeatable locations isDeprecated deprecationReason args(includeDeprecated: $all) { name defaultValue }
	} } }`, map[string]any{"all": true}, false)
	var answer struct {
		Schema struct{ Directives []map[string]any } `json:"__schema"`
	}
	if err := json.Unmarshal(response.Data, &answer); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"name": "old", "isRepeatable": true, "locations": []any{"FIELD", "VARIABLE_DEFINITION"}, "isDeprecated": false, "deprecationReason": nil,
		"args": []any{map[string]any{"name": "reason", "defaultValue": `"a \"b\""`}, map[string]any{"name": "on", "defaultValue": "[1, 2]"}},
	}
	for _, d := range answer.Schema.Directives {
		if d["name"] == "old" {
			if diff := cmp.Diff(want, d); diff != "" {
				t.Error(diff)
			}
			return
		}
	}
	t.Errorf("not told: %v", answer)
}

func TestEveryOptionOfGraphQLJSIsAnswered(t *testing.T) {
	t.Parallel()
	response := ask(t, full, nil, false)
	var answer struct {
		Schema struct {
			Types, Directives []struct{ Name string }
		} `json:"__schema"`
	}
	if err := json.Unmarshal(response.Data, &answer); err != nil || len(response.Errors) > 0 || len(answer.Schema.Types) < 20 {
		t.Fatalf("%v %v %d types", err, response.Errors, len(answer.Schema.Types))
	}
}

func TestWhoMayNotIntrospectIsRefusedByTheSchemaItself(t *testing.T) {
	t.Parallel()
	if response := ask(t, `{ __schema { description } }`, nil, true); len(response.Errors) != 1 || string(response.Data) != `{"__schema":null}` {
		t.Errorf("%s %v", response.Data, response.Errors)
	}
}

func TestAnErrorBesideIntrospectionIsKept(t *testing.T) {
	t.Parallel()
	response := ask(t, `{ user { id } __schema { description } }`, nil, false)
	if want := `{"user":null,"__schema":{"description":"The whole."}}`; string(response.Data) != want || len(response.Errors) != 1 {
		t.Errorf("%s %v", response.Data, response.Errors)
	}
}

func TestTheSchemaThatIsExtendedStaysAsItIs(t *testing.T) {
	t.Parallel()
	schema, err := gqlparser.LoadSchema(&ast.Source{Input: sdl})
	if err != nil {
		t.Fatal(err)
	}
	twice := introspection.Extend(introspection.Extend(schema))
	if schema.Types["__Directive"].Fields.ForName("isDeprecated") != nil || schema.Types["__Schema"].Fields.ForName("directives").Arguments != nil {
		t.Error("it was changed")
	}
	if n := len(twice.Types["__Directive"].Fields) - len(schema.Types["__Directive"].Fields); n != 2 || len(twice.Types["__Schema"].Fields.ForName("directives").Arguments) != 1 {
		t.Errorf("extended twice it has %d fields more", n)
	}
}

func BenchmarkFullIntrospection(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		ask(b, full, nil, false)
	}
}

package federationtest

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

const zooSDL = `
scalar Any
enum Size { SMALL LARGE }
interface Pet { name: String! friend: Pet }
type Dog implements Pet { name: String! friend: Pet barks: Boolean owner: Human! }
type Cat implements Pet { name: String! friend: Pet lives: Int }
type Human { name: String! pets: [Pet!]! maybe: [Pet!] }
union Being = Dog | Cat | Human
input Want { size: Size = SMALL names: [String!] depth: Int! = 1 inner: Want any: Any }
type Query {
  dog: Dog
  cat: Cat!
  beings: [Being]
  human: Human
  args(want: Want, list: [[Int]], id: ID, ratio: Float, must: String! = "set", needed: Boolean): Any
  breaks: Cat
  wrong: Int
  strict: [Human!]
}
type Mutation { add(n: Int!): Int fail: Int! }
`

// zoo answers zooSDL. Parents are the names of animals.
type zoo struct{ sum int64 }

func (z *zoo) TypeOf(value any) string {
	return map[any]string{"rex": "Dog", "tom": "Cat", "ann": "Human"}[value]
}

func (z *zoo) Resolve(_ context.Context, f Field) (any, error) {
	switch f.Type + "." + f.Name {
	case "Query.dog":
		return "rex", nil
	case "Query.cat":
		return "tom", nil
	case "Query.beings":
		return []any{"rex", nil, "ann", "tom", "ghost"}, nil
	case "Query.human":
		return "ann", nil
	case "Query.args":
		return f.Args, nil
	case "Query.breaks":
		return nil, &gqlerror.Error{Message: "broken", Path: ast.Path{ast.PathIndex(1)}, Extensions: map[string]any{"code": "GONE"}}
	case "Query.wrong":
		return "no number", nil
	case "Query.strict":
		return []any{"ann", nil, "ann"}, nil
	case "Dog.friend":
		return "tom", nil
	case "Dog.owner":
		return nil, errors.New("nobody owns him")
	case "Human.pets", "Human.maybe":
		return []any{"tom", "rex"}, nil
	case "Cat.lives":
		return 9, nil
	case "Cat.friend", "Dog.barks":
		return nil, nil
	case "Mutation.add":
		n, _ := integer(f.Args["n"])
		z.sum += n
		return z.sum, nil
	case "Mutation.fail":
		return nil, errors.New("failed")
	default:
		return f.Parent, nil
	}
}

func zooSchema() *ast.Schema { return gqlparser.MustLoadSchema(&ast.Source{Input: zooSDL}) }

func TestTheExecutorDoesWhatTheSpecificationSays(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, query, variables string
		data                   string
		errors                 []string
	}{
		{
			name:  "members stand in the order of the document, merged under the first of a response key",
			query: `{ b: dog { name } cat { lives } ...F b: dog { friend { name } } } fragment F on Query { cat { name } a: __typename }`,
			data:  `{"b":{"name":"rex","friend":{"name":"tom"}},"cat":{"lives":9,"name":"tom"},"a":"Query"}`,
		},
		{
			name:  "fragments apply to the type itself, its interfaces and its unions",
			query: `{ beings { __typename ... on Pet { name } ... on Being { ... on Human { pets { ...N } } } ... on Dog { barks } } } fragment N on Cat { lives }`,
			data: `{"beings":[{"__typename":"Dog","name":"rex","barks":null},null,{"__typename":"Human","pets":[{"lives":9},{}]},` +
				`{"__typename":"Cat","name":"tom"},null]}`,
			errors: []string{"beings[4]"},
		},
		{
			name: "skip wins over include, whatever else is on a fragment",
			query: `query ($yes: Boolean!, $no: Boolean = false) { dog @skip(if: $yes) @include(if: $yes) { name } ` +
				`... @include(if: $no) { cat { name } } ...F @skip(if: $no) ...F @skip(if: true) } fragment F on Query { human { name @skip(if: true) } }`,
			variables: `{"yes": true}`,
			data:      `{"human":{}}`,
		},
		{
			name:  "absent variables leave arguments and fields of input objects out, but not items of lists",
			query: `query ($a: Want, $b: Int, $c: [String!], $d: Boolean) { args(want: {inner: $a, names: $c}, list: [[$b], 2], needed: $d) }`,
			data:  `{"args":{"list":[[null],[2]],"must":"set","want":{"depth":1,"size":"SMALL"}}}`,
		},
		{
			name:      "null is given, not absent; defaults of variables count before those of arguments",
			query:     `query ($a: Size = LARGE, $b: String = "mine") { args(want: {size: $a, names: null, any: {a: [1, $b]}}, must: $b) }`,
			variables: `{"a": null}`,
			data:      `{"args":{"must":"mine","want":{"any":{"a":[1,"mine"]},"depth":1,"names":null,"size":null}}}`,
		},
		{
			name:      "one item stands for a list, numbers for ids and floats",
			query:     `query ($w: Want) { args(want: $w, list: 3, id: 7, ratio: 2) }`,
			variables: `{"w": {"names": "one", "inner": {"depth": 3}}}`,
			data: `{"args":{"id":"7","list":[[3]],"must":"set","ratio":2,` +
				`"want":{"depth":1,"inner":{"depth":3,"size":"SMALL"},"names":["one"],"size":"SMALL"}}}`,
		},
		{
			name:      "a null variable fails the field whose argument takes none",
			query:     `query ($s: String = "x") { args(must: $s) dog { name } }`,
			variables: `{"s": null}`,
			data:      `{"args":null,"dog":{"name":"rex"}}`,
			errors:    []string{"args"},
		},
		{
			name:   "a null goes up to the next place that takes one",
			query:  `{ human { maybe { ... on Dog { owner { name } } } pets { name } } }`,
			data:   `{"human":{"maybe":null,"pets":[{"name":"tom"},{"name":"rex"}]}}`,
			errors: []string{"human.maybe[1].owner"},
		},
		{
			name:   "a null that finds no such place makes the data null",
			query:  `{ dog { owner { name } } strict { name } } `,
			data:   `{"dog":null,"strict":null}`,
			errors: []string{"dog.owner", "strict[1]"},
		},
		{
			name:   "values of the wrong kind are errors, and a source's own path goes on below the field",
			query:  `{ wrong breaks { name } }`,
			data:   `{"wrong":null,"breaks":null}`,
			errors: []string{"wrong", "breaks[1] GONE"},
		},
		{
			name:   "mutations run one after another, and a null in one ends the data, not the effects",
			query:  `mutation { a: add(n: 2) b: add(n: 3) fail c: add(n: 1) }`,
			data:   `null`,
			errors: []string{"fail"},
		},
		{
			name:   "a document that is not valid is not executed",
			query:  `{ dog { wings } }`,
			errors: []string{""},
		},
		{
			name:      "a variable that does not fit is told before execution",
			query:     `query ($w: Want) { args(want: $w) }`,
			variables: `{"w": {"sizes": 1}}`,
			errors:    []string{""},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			request := Request{Query: c.query}
			if c.variables != "" {
				if err := json.Unmarshal([]byte(c.variables), &request.Variables); err != nil {
					t.Fatal(err)
				}
			}
			got := NewExecutor(zooSchema(), &zoo{}).Execute(t.Context(), request)
			if string(got.Data) != c.data {
				t.Errorf("data\n%s\nnot\n%s", got.Data, c.data)
			}
			var errs []string
			for _, e := range got.Errors {
				errs = append(errs, told(e))
			}
			if diff := cmp.Diff(c.errors, errs); diff != "" {
				t.Errorf("errors (-want +got):\n%s\n%v", diff, got.Errors)
			}
		})
	}
}

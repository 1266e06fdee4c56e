package plan

import (
	"encoding/json"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	helix "github.com/helix-engage/gateway"
)

// filters is a schema with filters of every kind (fortytwo.md 4).
var filters = gqlparser.MustLoadSchema(&ast.Source{Input: `
scalar UUID
scalar DateTime
type Query { leads(filter: LeadFilterInput, ids: [UUID!]! = [], page: Page): Int }
enum FilterIs { NULL NOT_NULL }
input Page { size: Int! = 20 label: String }
input StringFilter { eq: String in: [String!] is: FilterIs ilike: String }
input FloatFilter { gte: Float lt: Float in: [Float!] is: FilterIs }
input UUIDFilter { eq: UUID in: [UUID!] is: FilterIs }
input FullNameFilterInput { firstName: StringFilter lastName: StringFilter }
input TeamFilterInput { id: UUIDFilter name: StringFilter and: [TeamFilterInput] or: [TeamFilterInput] not: TeamFilterInput }
input LeadFilterInput {
  id: UUIDFilter name: StringFilter score: FloatFilter fullName: FullNameFilterInput team: TeamFilterInput
  and: [LeadFilterInput] or: [LeadFilterInput] not: LeadFilterInput
}`})

const nothing = `{"id":{"is":"NULL"}}`

func TestAFilterIsRewrittenIntoOneThatFortyTwoUnderstands(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ given, want string }{
		"what it understands stays": {`{"name":{"ilike":"%a%"},"score":{"gte":1}}`, `{"name":{"ilike":"%a%"},"score":{"gte":1}}`},
		"an empty filter stays":     {`{}`, `{}`},
		"null stays":                {`{"name":null}`, `{"name":null}`},
		"a field without an operator stays, to be refused": {`{"name":{}}`, `{"name":{}}`},
		"two operators become two terms":                   {`{"score":{"gte":1,"lt":5}}`, `{"and":[{"score":{"gte":1}},{"score":{"lt":5}}]}`},
		"two operators beside another field": {
			`{"name":{"eq":"x"},"score":{"gte":1,"lt":5}}`, `{"and":[{"name":{"eq":"x"}},{"score":{"gte":1}},{"score":{"lt":5}}]}`,
		},
		"two parts of a composite":              {`{"fullName":{"firstName":{"eq":"a"},"lastName":{"eq":"b"}}}`, `{"and":[{"fullName":{"firstName":{"eq":"a"}}},{"fullName":{"lastName":{"eq":"b"}}}]}`},
		"two operators on another record":       {`{"team":{"name":{"ilike":"a%","eq":"ab"}}}`, `{"and":[{"team":{"name":{"eq":"ab"}}},{"team":{"name":{"ilike":"a%"}}}]}`},
		"an empty in finds nothing":             {`{"id":{"in":[]}}`, nothing},
		"an empty in beside others":             {`{"name":{"eq":"x"},"id":{"in":[]}}`, `{"name":{"eq":"x"},"id":{"is":"NULL"}}`},
		"an empty in of another record":         {`{"team":{"id":{"in":[]}}}`, nothing},
		"an empty in under or":                  {`{"or":[{"id":{"in":[]}},{"name":{"eq":"x"}}]}`, `{"or":[{"id":{"is":"NULL"}},{"name":{"eq":"x"}}]}`},
		"an or of nothing but empty ins":        {`{"or":[{"id":{"in":[]}},{"name":{"in":[]}}]}`, `{"or":[{"id":{"is":"NULL"}},{"id":{"is":"NULL"}}]}`},
		"an empty or matches all, as upstream":  {`{"or":[]}`, `{}`},
		"an or with a part that all pass stays": {`{"or":[{},{"name":{"eq":"x"}}]}`, `{"or":[{},{"name":{"eq":"x"}}]}`},
		"an empty in under and":                 {`{"and":[{"id":{"in":[]}},{"name":{"eq":"x"}}]}`, `{"and":[{"id":{"is":"NULL"}},{"name":{"eq":"x"}}]}`},
		"an empty in under not":                 {`{"not":{"id":{"in":[]}}}`, `{"not":{"id":{"is":"NULL"}}}`},
		"not of everything finds nothing":       {`{"not":{}}`, nothing},
		"not of two operators":                  {`{"not":{"score":{"gte":1,"lt":5}}}`, `{"not":{"and":[{"score":{"gte":1}},{"score":{"lt":5}}]}}`},
		"an and beside an and that is made":     {`{"and":[{"name":{"eq":"x"}}],"score":{"gte":1,"lt":5}}`, `{"and":[{"score":{"gte":1}},{"score":{"lt":5}},{"and":[{"name":{"eq":"x"}}]}]}`},
		"deep below":                            {`{"or":[{"and":[{"score":{"gte":1,"lt":5}}]}]}`, `{"or":[{"and":[{"and":[{"score":{"gte":1}},{"score":{"lt":5}}]}]}]}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			typ := ast.NamedType("LeadFilterInput", nil)
			var given any
			if err := json.Unmarshal([]byte(c.given), &given); err != nil {
				t.Fatal(err)
			}
			v, err := (&coercer{schema: filters}).given(typ, given)
			if err != nil {
				t.Fatal(err)
			}
			lowered := lowerFilter(filters, typ, v)
			if got := string(lowered.append(nil)); got != c.want {
				t.Errorf("%s\nbecame %s\nwant   %s", c.given, got, c.want)
			}
		})
	}
}

func TestArgumentsAreCoercedAsTheSpecificationSays(t *testing.T) {
	t.Parallel()
	const id = "5f2b1c4e-8c3a-4d55-9d7e-0a1b2c3d4e5f"
	for name, c := range map[string]struct {
		declared, argument string
		variables          map[string]any
		want               string // the first argument as it goes upstream, "" when it is absent, or the error
	}{
		"a literal":                                {"", `filter: {name: {eq: "a\"b"}}`, nil, `{"name":{"eq":"a\"b"}}`},
		"an enum becomes a string":                 {"", `filter: {name: {is: NULL}}`, nil, `{"name":{"is":"NULL"}}`},
		"numbers keep their digits":                {"", `filter: {score: {gte: 1.50, lt: 3}}`, nil, `{"score":{"gte":1.50,"lt":3}}`},
		"one value stands for a list":              {"", `filter: {name: {in: "a"}}`, nil, `{"name":{"in":["a"]}}`},
		"one object stands for a list":             {"", `filter: {and: {name: {eq: "a"}}}`, nil, `{"and":[{"name":{"eq":"a"}}]}`},
		"null is passed on":                        {"", `filter: null`, nil, `null`},
		"a variable inside":                        {"$n: String", `filter: {name: {eq: $n}}`, map[string]any{"n": "x"}, `{"name":{"eq":"x"}}`},
		"an absent variable leaves its member out": {"$n: String", `filter: {name: {eq: $n, ilike: "a"}}`, nil, `{"name":{"ilike":"a"}}`},
		"a variable that is null":                  {"$n: String", `filter: {name: {eq: $n}}`, map[string]any{"n": nil}, `{"name":{"eq":null}}`},
		"a variable's default":                     {`$n: String = "d"`, `filter: {name: {eq: $n}}`, nil, `{"name":{"eq":"d"}}`},
		"an absent variable in a list is null":     {"$f: LeadFilterInput", `filter: {and: [$f]}`, nil, `{"and":[null]}`},
		"an absent argument":                       {"$f: LeadFilterInput", `filter: $f`, nil, ""},
		"a whole variable, ordered by the type":    {"$f: LeadFilterInput", `filter: $f`, map[string]any{"f": map[string]any{"score": map[string]any{"gte": json.Number("2")}, "name": map[string]any{"eq": "x"}}}, `{"name":{"eq":"x"},"score":{"gte":2}}`},
		"a list for one value in a variable":       {"$f: StringFilter", `filter: {name: $f}`, map[string]any{"f": map[string]any{"in": "x"}}, `{"name":{"in":["x"]}}`},
		"defaults of input fields":                 {"", `page: {label: "x"}`, nil, `{"label":"x","size":20}`},
		"defaults of input fields in a variable":   {"$p: Page", `page: $p`, map[string]any{"p": map[string]any{}}, `{"size":20}`},
		"null where the type has none":             {"$n: Int = 3", `page: {size: $n}`, map[string]any{"n": nil}, `an argument of type Int! must not be null`},
		"an id of version 4":                       {"", `filter: {id: {eq: "` + id + `"}}`, nil, `{"id":{"eq":"` + id + `"}}`},
		"an id that FortyTwo does not take":        {"", `filter: {id: {eq: "018f2b1c-8c3a-7d55-9d7e-0a1b2c3d4e5f"}}`, nil, `a UUID of version 4 or 5 is wanted`},
		"text in any script":                       {"", `filter: {name: {eq: "आशा"}}`, nil, `{"name":{"eq":"आशा"}}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			head := "query"
			if c.declared != "" {
				head += "(" + c.declared + ")"
			}
			doc, errs := gqlparser.LoadQueryWithRules(filters, head+"{leads("+c.argument+")}", nil)
			if errs != nil {
				t.Fatal(errs)
			}
			argument := doc.Operations[0].SelectionSet[0].(*ast.Field).Arguments[0]
			v, present, err := (&coercer{schema: filters, variables: c.variables}).literal(argument.Value.ExpectedType, argument.Value)
			got := ""
			switch {
			case err != nil:
				got = helix.AsError(err).Message
			case present:
				got = string(v.append(nil))
			}
			if got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestOnlyIDsOfVersions4And5AreAccepted(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]bool{
		"5f2b1c4e-8c3a-4d55-9d7e-0a1b2c3d4e5f":  true,
		"5F2B1C4E-8C3A-5D55-BD7E-0A1B2C3D4E5F":  true,
		"018f2b1c-8c3a-7d55-9d7e-0a1b2c3d4e5f":  false,
		"5f2b1c4e-8c3a-4d55-7d7e-0a1b2c3d4e5f":  false,
		"5f2b1c4e-8c3a-4d55-9d7e-0a1b2c3d4e5":   false,
		"5f2b1c4e-8c3a-4d55-9d7e-0a1b2c3d4e5fa": false,
		"5f2b1c4e+8c3a-4d55-9d7e-0a1b2c3d4e5f":  false,
		"gf2b1c4e-8c3a-4d55-9d7e-0a1b2c3d4e5f":  false,
		"ffffffff-ffff-ffff-ffff-ffffffffffff":  false,
		"":                                      false,
	} {
		if got := AcceptsID(id); got != want {
			t.Errorf("%q: %v", id, got)
		}
	}
}

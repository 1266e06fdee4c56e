package fortytwo

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

func TestLine15ExecutesAsTheSpecificationHasIt(t *testing.T) {
	t.Parallel()
	b := newBench15(t)
	for _, c := range []struct {
		name, query string
		variables   []any
		want        string // of data
	}{
		{
			"a root field twice under aliases",
			`{a:calls(first:1,orderBy:{missedcallcount:AscNullsLast}){edges{node{n:name}}} b:calls(first:1,orderBy:{missedcallcount:DescNullsLast}){edges{node{n:name}}}}`,
			nil, `{"a":{"edges":[{"node":{"n":"call 0"}}]},"b":{"edges":[{"node":{"n":"call 7"}}]}}`,
		},
		{
			"one field under two aliases that select differently",
			`query($f:CallFilterInput){calls(filter:$f){edges{node{x:lead{id} y:lead{status:leadStatus}}}}}`,
			[]any{"f", map[string]any{"name": map[string]any{"eq": "call 1"}}},
			`{"calls":{"edges":[{"node":{"x":{"id":"376c88f3-c08b-496f-994b-d9a7df10e537"},"y":{"status":"NEW"}}}]}}`,
		},
		{
			"fragments, directives with variables and type names",
			`query($yes:Boolean!){__typename calls(first:1)@include(if:$yes){...C totalCount @skip(if:$yes)} leads @skip(if:$yes){totalCount}}
			fragment C on CallConnection{__typename edges{...on CallEdge{node{...N}}}} fragment N on Call{__typename callerNumber{__typename primaryPhoneCountryCode}}`,
			[]any{"yes", true},
			`{"__typename":"Query","calls":{"__typename":"CallConnection","edges":[{"node":{"__typename":"Call","callerNumber":{"__typename":"Phones","primaryPhoneCountryCode":"IN"}}}]}}`,
		},
		{
			"search and who am I beside records",
			`{search(searchInput:"nobody",limit:3){edges{cursor}} currentUser{email} leads{totalCount}}`,
			nil, `{"search":{"edges":[]},"currentUser":{"email":"tim@apple.dev"},"leads":{"totalCount":1}}`,
		},
		{
			"defaults of variables, and absent ones left out",
			`query($n:Int=2,$f:CallFilterInput){calls(first:$n,filter:$f){edges{node{__typename}}}}`,
			nil, `{"calls":{"edges":[{"node":{"__typename":"Call"}},{"node":{"__typename":"Call"}}]}}`,
		},
		{
			"one value where a list is due",
			`query($o:[CallOrderByInput]){calls(first:1,orderBy:$o,filter:{callStatus:{in:MISSED}}){totalCount edges{node{name}}}}`,
			[]any{"o", map[string]any{"missedcallcount": "DescNullsLast"}},
			`{"calls":{"totalCount":3,"edges":[{"node":{"name":"call 6"}}]}}`,
		},
		{
			"mutations one after another",
			`mutation{a:createLead(data:{id:"22222222-2222-4222-8222-222222222222",name:"first"}){name}
			b:updateLead(id:"22222222-2222-4222-8222-222222222222",data:{name:"second"}){name} c:destroyLead(id:"22222222-2222-4222-8222-222222222222"){name}}`,
			nil, `{"a":{"name":"first"},"b":{"name":"second"},"c":{"name":"second"}}`,
		},
		{
			"more than twenty root fields",
			"{" + strings.Join(repeat(25, func(i int) string { return fmt.Sprintf("f%d:leads{totalCount}", i) }), " ") + "}",
			nil, "{" + strings.Join(repeat(25, func(i int) string { return fmt.Sprintf(`"f%d":{"totalCount":1}`, i) }), ",") + "}",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := b.query(c.query, c.variables...)
			if !sameJSON(t, got.text, `{"data":`+c.want+`}`) {
				t.Errorf("%s\nwant %s", got.text, c.want)
			}
		})
	}
}

func repeat(n int, item func(i int) string) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = item(i)
	}
	return out
}

func TestLine15PutsDeeperMembersLast(t *testing.T) {
	t.Parallel()
	b := newBench15(t)
	got := b.query(`{calls(filter:{name:{eq:"call 1"}}){edges{node{lead{calls{edges{cursor}} id} patient{id} callerNumber{primaryPhoneNumber} id} cursor} pageInfo{hasNextPage} totalCount}}`)
	at := -1
	for _, key := range []string{`"totalCount"`, `"pageInfo"`, `"edges"`, `"cursor"`, `"node":{"patient":null,"id"`, `"callerNumber"`, `"lead":{"id"`} {
		next := strings.Index(got.text, key)
		if next <= at {
			t.Fatalf("%s is not where it should be: %s", key, got.text)
		}
		at = next
	}
}

func TestLine15DiffersInWhatItMakesOfArguments(t *testing.T) {
	t.Parallel()
	b := newBench15(t)
	b.seedBulk(250, row{"leadId": b.leadID})
	b.main().seedRow("patient", row{"id": b.patientID, "mrn": "M-1", "dateOfBirth": "1990-03-02"})
	const followUp = `mutation($d:FollowUpCreateInput!){createFollowUp(data:$d){leadId}}`
	expect(t, b, []exchange{
		{
			name:  "all operators but the first of the schema are dropped",
			query: `{calls(filter:{missedcallcount:{lt:3,gte:2}}){totalCount}}`, want: `{"totalCount":6}`,
		},
		{
			name: "also in variables", query: `query($f:CallFilterInput){calls(filter:$f){totalCount}}`,
			variables: []any{"f", map[string]any{"missedcallcount": map[string]any{"lt": 3, "gte": 2}}}, want: `{"totalCount":6}`,
		},
		{name: "limit limits nothing", query: `{calls(limit:1,filter:{direction:{eq:INBOUND}}){edges{cursor}}}`, want: cursorsOf(b, 8)},
		{
			name: "arguments of nested lists are ignored, at 200 children", query: `{leads{edges{node{calls(first:1,filter:{name:{eq:"x"}}){totalCount}}}}}`,
			want: `{"edges":[{"node":{"calls":{"totalCount":200}}}]}`,
		},
		{
			name:  "a list below a reference, and a list below it",
			query: `{calls(filter:{name:{eq:"call 0"}}){edges{node{lead{followUps{totalCount} calls(first:1){edges{node{noteTargets{totalCount}}}}}}}}}`,
			want: `{"edges":[{"node":{"lead":{"followUps":{"totalCount":0},"calls":{"edges":[` +
				strings.Join(repeat(200, func(int) string { return `{"node":{"noteTargets":{"totalCount":0}}}` }), ",") + `]}}}}]}`,
		},
		{name: "a day is a moment", query: `{patients{edges{node{dateOfBirth}} maxDateOfBirth}}`, want: `{"edges":[{"node":{"dateOfBirth":"1990-03-02T00:00:00.000Z"}}],"maxDateOfBirth":"1990-03-02T00:00:00.000Z"}`},
		{name: "a latitude is a number", query: `mutation{updateLead(id:"` + b.leadID + `",data:{home:{addressLat:12.5}}){home{addressLat}}}`, want: `{"home":{"addressLat":12.5}}`},
		{
			name: "a moment that is none", query: `{calls(filter:{startedAt:{gte:"soon"}}){totalCount}}`,
			failure: `INTERNAL_SERVER_ERROR/: invalid input syntax for type timestamp with time zone: "soon"`,
		},
		{
			name: "a reference to nothing is stored", query: followUp,
			variables: []any{"d", map[string]any{"leadId": "00000000-0000-4000-8000-000000000000"}}, want: `{"leadId":"00000000-0000-4000-8000-000000000000"}`,
		},
		{
			name: "no text is NULL", query: followUp, variables: []any{"d", map[string]any{"name": nil}},
			failure: `INTERNAL_SERVER_ERROR/: null value in column "name" of relation "_followUp" violates not-null constraint`,
		},
		{
			name: "a composite of which only the type is asked", query: `{calls(filter:{name:{eq:"call 0"}}){edges{node{callerNumber{__typename}}}}}`,
			want: `{"edges":[{"node":{"callerNumber":null}}]}`,
		},
	})
}

// cursorsOf is the answer to a list of so many calls' cursors.
func cursorsOf(b *bench, n int) string {
	got := b.query(fmt.Sprintf(`{calls(first:%d,filter:{direction:{eq:INBOUND}}){edges{cursor}}}`, n))
	return got.data("calls")
}

func TestLine15RefusesVariablesThatDoNotFit(t *testing.T) {
	t.Parallel()
	b := newBench15(t)
	for _, c := range []struct {
		name, query string
		variables   []any
		want        string
	}{
		{"a missing one", `query($n:Int!){calls(first:$n){totalCount}}`, nil, `Variable "$n" of required type "Int!" was not provided.`},
		{"null", `query($n:Int!){calls(first:$n){totalCount}}`, []any{"n", nil}, `Variable "$n" of non-null type "Int!" must not be null.`},
		{
			"a text for a number", `query($n:Int){calls(first:$n){totalCount}}`,
			[]any{"n", "3"},
			`Variable "$n" got invalid value "3"; Int cannot represent non-integer value: "3"`,
		},
		{
			"a member that is none", `query($f:CallFilterInput){calls(filter:$f){totalCount}}`,
			[]any{"f", map[string]any{"callstatus": map[string]any{}}},
			`Variable "$f" got invalid value {"callstatus":{}}; Field "callstatus" is not defined by type "CallFilterInput". Did you mean "callStatus" or "callbackstatus"?`,
		},
		{
			"a value that is no option", `query($f:CallFilterInput){calls(filter:$f){totalCount}}`,
			[]any{"f", map[string]any{"and": []any{map[string]any{"callStatus": map[string]any{"eq": "NOPE"}}}}},
			`Variable "$f" got invalid value "NOPE" at "f.and[0].callStatus.eq"; Value "NOPE" does not exist in "CallCallStatusEnum" enum.`,
		},
		{
			"a UUID of version 7", `query($i:UUID!){lead(filter:{id:{eq:$i}}){id}}`,
			[]any{"i", "01890a5d-ac96-774b-bcce-b302099a8057"},
			`Variable "$i" got invalid value "01890a5d-ac96-774b-bcce-b302099a8057"; Invalid UUID`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := b.query(c.query, c.variables...)
			if got.status != http.StatusBadRequest || got.failure() != "BAD_USER_INPUT/: "+c.want || got.body["data"] != nil {
				t.Errorf("%d %s\nwant %s", got.status, got.text, c.want)
			}
			if !strings.Contains(got.text, `"http":{"status":400}`) {
				t.Errorf("no status in %s", got.text)
			}
		})
	}
}

func TestLine15LimitsRootFieldsOfEachUser(t *testing.T) {
	t.Parallel()
	b := newBench15(t)
	eighty := "{" + strings.Join(repeat(80, func(i int) string { return fmt.Sprintf("f%d:__typename", i) }), " ") + "}"
	for range 6 {
		if got := b.query(eighty); got.failure() != "" {
			t.Fatal(got.failure())
		}
	}
	const refused = "INTERNAL_SERVER_ERROR/: Too many requests."
	if got := b.query(eighty); got.failure() != refused || got.status != http.StatusOK {
		t.Errorf("560 root fields: %d %s", got.status, got.text)
	}
	if got := b.as("member@apple.dev", "/graphql", eighty); got.failure() != "" {
		t.Errorf("another user: %s", got.failure())
	}
	b.clock.advance(101 * time.Second)
	if got := b.meta(`{currentWorkspace{id}}`); got.failure() != "" {
		t.Errorf("in the next window: %s", got.failure())
	}
}

func TestLine15SignsTokensWithASharedSecretAndSignsInAtBothEndpoints(t *testing.T) {
	t.Parallel()
	b := newBench15(t)
	for _, path := range []string{"/graphql", "/metadata"} {
		got := b.post(path, "", map[string]any{"query": `mutation{getLoginTokenFromCredentials(email:"tim@apple.dev",password:"tim@apple.dev",origin:"http://x"){loginToken{token}}}`})
		login := field(got.body, "data", "getLoginTokenFromCredentials", "loginToken", "token")
		got = b.post(path, "", map[string]any{
			"query":     `mutation($t:String!){getAuthTokensFromLoginToken(loginToken:$t,origin:"http://x"){tokens{accessOrWorkspaceAgnosticToken{token}}}}`,
			"variables": map[string]any{"t": login},
		})
		access, _ := field(got.body, "data", "getAuthTokensFromLoginToken", "tokens", "accessOrWorkspaceAgnosticToken", "token").(string)
		parsed, _, err := jwt.NewParser().ParseUnverified(access, jwt.MapClaims{})
		if err != nil || parsed.Method.Alg() != "HS256" || parsed.Header["kid"] != nil {
			t.Fatalf("%s: %v, header %v: %s", path, err, parsed, got.text)
		}
		got = b.post(path, access, map[string]any{"query": `{currentUser{email workspaceMember{name{firstName}}}}`})
		if want := `{"email":"tim@apple.dev","workspaceMember":{"name":{"firstName":"Tim"}}}`; !sameJSON(t, got.data("currentUser"), want) {
			t.Errorf("%s: %s", path, got.text)
		}
	}
	if got := b.post("/graphql", b.APIKey(), map[string]any{"query": `{leads{totalCount}}`}); got.data("leads") != `{"totalCount":1}` {
		t.Errorf("the gateway's key: %s", got.text)
	}
}

func field(value any, path ...string) any {
	for _, name := range path {
		object, _ := value.(map[string]any)
		value = object[name]
	}
	return value
}

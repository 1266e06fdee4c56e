package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
)

// maxRefusal bounds the answer to a hostile document, in bytes.
const maxRefusal = 10_000

// hostile is a request that must cost next to nothing.
type hostile struct {
	name      string
	document  string
	variables string // JSON
	body      string // all of it, in place of document and variables
	code      string
	says      string // names the limit where there is one
	status    int    // over HTTP; 200 when it is 0
	closes    int    // the code with which the socket is closed, when it is not answered
}

func repeated(n int, format string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.ReplaceAll(format, "#", strconv.Itoa(i)))
	}
	return b.String()
}

func nested(n int, open, inside, end string) string {
	return strings.Repeat(open, n) + inside + strings.Repeat(end, n)
}

// doubling fragments spread the next one twice, n times.
func doubling(n int) string {
	var b strings.Builder
	b.WriteString("{viewer{...F0}}")
	for i := range n {
		fmt.Fprintf(&b, "fragment F%d on SignedInUser{...F%d ...F%d}", i, i+1, i+1)
	}
	fmt.Fprintf(&b, "fragment F%d on SignedInUser{id}", n)
	return b.String()
}

const (
	limitExceeded    = "LIMIT_EXCEEDED"
	badInput         = "BAD_USER_INPUT"
	parseFailed      = "GRAPHQL_PARSE_FAILED"
	validationFailed = "GRAPHQL_VALIDATION_FAILED"
	allTypes         = "types{name fields{name args{name type{name kind ofType{name kind}}} type{name kind ofType{name kind}}}" +
		" inputFields{name type{name kind ofType{name kind}}} enumValues{name}}"
)

var hostileDocuments = []hostile{
	{name: "deep fields", document: nested(16, "{worklist", "{__typename}", "}"), code: limitExceeded, says: "levels of nested fields: the limit is 15"},
	{name: "deep fields in fragments", document: "{...A} fragment A on Query" + nested(9, "{worklist", "{...B}", "}") + " fragment B on Query" + nested(9, "{worklist", "{__typename}", "}"), code: limitExceeded, says: "levels of nested fields: the limit is 15"},
	{name: "aliases", document: "{viewer{" + repeated(51, "a#:user{id} ") + "}}", code: limitExceeded, says: "aliases: the limit is 50"},
	{name: "root fields", document: "{" + repeated(21, "a#:worklist{totalCount} ") + "}", code: limitExceeded, says: "root fields in one operation: the limit is 20"},
	{name: "a wide document", document: "{viewer{" + repeated(2001, "f# ") + "}}", code: limitExceeded, says: "selections, fragments expanded: the limit is 2000"},
	{name: "one field many times", document: "{viewer{" + strings.Repeat("id ", 1900) + "}}", code: limitExceeded, says: "comparisons of fields with the same name: the limit is 10000"},
	{name: "one field 120 kB long", document: "{" + strings.Repeat("viewer ", 17_000) + "}", code: limitExceeded, says: "tokens in the document: the limit is 5000"},
	{name: "unknown fields", document: "{viewer{" + repeated(1900, "f# ") + "}}", code: validationFailed, says: "more errors"},
	{name: "a fragment in itself", document: "{...A} fragment A on Query{...B} fragment B on Query{...A}", code: badInput, says: "a fragment spreads itself"},
	{name: "fragments that double", document: doubling(40), code: limitExceeded, says: "selections, fragments expanded: the limit is 2000"},
	{name: "fragments that double and are not used", document: "{__typename}" + doubling(40)[len("{viewer{...F0}}"):], code: limitExceeded, says: "selections, fragments expanded: the limit is 2000"},
	{name: "unused fragments", document: "{__typename}" + repeated(500, "fragment F# on Query{__typename}"), code: validationFailed, says: "more errors"},
	{name: "many operations", document: repeated(101, "query Q#{__typename} "), code: limitExceeded, says: "operations in the document: the limit is 100"},
	{name: "one operation many times", document: strings.Repeat("query Q{__typename} ", 90), code: validationFailed, says: "more errors"},
	{name: "directives", document: "{worklist{totalCount " + strings.Repeat("@skip(if:false)", 51) + "}}", code: limitExceeded, says: "directives: the limit is 50"},
	{name: "unknown directives", document: "{worklist{totalCount " + repeated(1000, "@d# ") + "}}", code: limitExceeded, says: "directives: the limit is 50"},
	{name: "comments", document: "{worklist{totalCount}}" + strings.Repeat("#\n", 5000), code: limitExceeded, says: "tokens in the document: the limit is 5000"},
	{name: "a defer", document: "{worklist{... @defer {totalCount}}}", code: badInput, says: "incremental delivery (@defer, @stream) is not supported"},
	{name: "a stream", document: "{worklist{edges @stream{cursor}}}", code: badInput, says: "incremental delivery (@defer, @stream) is not supported"},

	{name: "lists in lists", document: "{worklist(first:100){edges{node{id ...on LeadTask{a:id}}}} agents{x(first:100){edges{node{y(first:100){edges{node{z(first:10){id}}}}}}}}}", code: limitExceeded, says: "values in the answer, as estimated (complexity): the limit is 100000"},
	{name: "lists in lists without sizes", document: "{worklist{edges{node{a{edges{node{b{edges{node{id}}}}}}}}}}", code: limitExceeded, says: "(complexity): the limit is 100000"},
	{
		name: "a list whose size is a variable", document: "query($n:Int!){worklist(first:$n){edges{node{id kind title phone}}}}", variables: `{"n":1000000}`,
		code: limitExceeded, says: "(complexity): the limit is 100000",
	},
	{name: "a page that is too large", document: "{worklist(first:101){totalCount}}", code: limitExceeded, says: "100"},
	{name: "a page of FortyTwo's that is too large", document: "{leads(first:201){edges{node{id}}}}", code: limitExceeded, says: "records on one page: the limit is 200"},
	{
		name: "lists of FortyTwo's in each other", document: "{leads(first:50){edges{node{calls(first:50){edges{node{lead{calls(first:50){edges{node{id}}}}}}}}}}}",
		code: limitExceeded, says: "(complexity): the limit is 100000",
	},
	{name: "a number of 100 kB", document: "{worklist(first:" + strings.Repeat("9", 100_000) + "){totalCount}}", code: limitExceeded, says: "(complexity): the limit is 100000"},
	{name: "a name of 100 kB", document: "{" + strings.Repeat("a", 100_000) + "}", code: validationFailed, says: "…"},

	{name: "a long list", document: "{worklist(kinds:[" + strings.Repeat("LEAD ", 1001) + "]){totalCount}}", code: limitExceeded, says: "items in one list: the limit is 1000"},
	{
		name: "a long list in the variables", document: "query($k:[WorklistKind!]){worklist(kinds:$k){totalCount}}", variables: `{"k":[` + strings.Repeat(`"LEAD",`, 1000) + `"LEAD"]}`,
		code: limitExceeded, says: "items in one list: the limit is 1000",
	},
	{
		name: "huge variables", document: "query($k:[WorklistKind!]){worklist(kinds:$k){totalCount}}", variables: "{" + repeated(10_001, `"v#":0,`) + `"k":[]}`,
		code: limitExceeded, says: "values in the variables: the limit is 10000",
	},
	{name: "deep input", document: "{worklist(first:" + nested(40, "{a:[", "1", "]}") + "){totalCount}}", code: limitExceeded, says: "levels of nested values: the limit is 32"},
	{
		name: "deep variables", document: "query($k:[WorklistKind!]){worklist(kinds:$k){totalCount}}", variables: `{"k":` + nested(40, `{"a":[`, "1", "]}") + "}",
		code: limitExceeded, says: "levels of nested values: the limit is 32",
	},
	{name: "variables deeper than JSON is read", document: "{__typename}", variables: `{"k":` + nested(20_000, "[", "", "]") + "}", code: limitExceeded, says: "the limit is 10000 levels of JSON", status: 400, closes: 4400},
	{name: "a deep filter", document: "{leads(filter:" + nested(20, "{and:[", "{}", "]}") + "){totalCount}}", code: limitExceeded, says: "levels of nested values: the limit is 32"},
	{
		name: "a deep filter in the variables", document: "query($f:LeadFilterInput){leads(filter:$f){totalCount}}", variables: `{"f":` + nested(20, `{"or":[`, "{}", "]}") + "}",
		code: limitExceeded, says: "levels of nested values: the limit is 32",
	},
	{
		name: "a filter of many ids", document: "query($f:LeadFilterInput){leads(filter:$f){totalCount}}", variables: `{"f":{"id":{"in":["` + strings.Repeat(`a","`, 1000) + `a"]}}}`,
		code: limitExceeded, says: "items in one list: the limit is 1000",
	},
	{name: "a long string", document: `{search(query:"` + strings.Repeat("x", 300<<10) + `"){totalCount}}`, code: limitExceeded, says: "bytes in one string: the limit is 262144"},
	{
		name: "a long string in the variables", document: "query($q:String!){search(query:$q){totalCount}}", variables: `{"q":"` + strings.Repeat("x", 300<<10) + `"}`,
		code: limitExceeded, says: "bytes in one string: the limit is 262144",
	},
	{name: "a string of a megabyte", document: `{search(query:"` + strings.Repeat("x", 1<<20) + `"){totalCount}}`, code: limitExceeded, says: "the limit of 1048576 bytes", status: 413, closes: 1009},
	{name: "unused variables", document: "query(" + repeated(1000, "$v#:Int ") + "){__typename}", code: validationFailed, says: "more errors"},

	{name: "deep types", document: "{__schema{types" + nested(14, "{ofType", "{name}", "}") + "}}", code: limitExceeded, says: "levels of nested fields: the limit is 15"},
	{name: "types of types", document: "{__schema{types{fields{type{fields{type{fields{type{fields{name}}}}}}}}}}", code: limitExceeded, says: "values of introspection in the answer, as estimated: the limit is 2000000"},
	{name: "the schema many times", document: "{" + repeated(15, "s#:__schema{"+allTypes+"} ") + "}", code: limitExceeded, says: "values of introspection in the answer, as estimated: the limit is 2000000"},
	{name: "the types many times", document: "{__schema{" + strings.ReplaceAll(repeated(15, "t#:@"), "@", allTypes+" ") + "}}", code: limitExceeded, says: "values of introspection in the answer, as estimated: the limit is 2000000"},

	{name: "letters of another script as a name", document: "{ｖｉｅｗｅｒ{id}}", code: parseFailed},
	{name: "an invisible letter in a name", document: "{view\u200ber{id}}", code: parseFailed},
	{name: "a mark that turns the line around", document: "{viewer\u202e{id}}", code: parseFailed},
	{name: "a null character", document: "{viewer\u0000{id}}", code: parseFailed},
	{name: "half a character", document: `{worklist(kinds:"\uD800"){totalCount}}`, code: validationFailed},
	{name: "bytes that are no text", body: "{\"query\":\"{viewer{id \xff\xfe}}\"}", code: badInput, says: "not valid UTF-8", status: 400, closes: 4400},
	{name: "a batch", body: `[{"query":"{viewer{user{id}}}"},{"query":"{viewer{user{id}}}"}]`, code: badInput, says: "batching is not supported", status: 400, closes: 4400},
	{name: "an operation's name of 500 kB", body: `{"query":"query A{__typename}","operationName":"` + strings.Repeat("A", 500_000) + `"}`, code: validationFailed, says: "names no operation"},
	{name: "a persisted query that nobody knows", body: `{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"` + strings.Repeat("0", 64) + `"}}}`, code: "PERSISTED_QUERY_NOT_FOUND", says: "PersistedQueryNotFound"},
	{name: "a document under another's hash", body: `{"query":"{__typename}","extensions":{"persistedQuery":{"version":1,"sha256Hash":"` + strings.Repeat("0", 64) + `"}}}`, code: badInput, says: "not the SHA-256"},
}

func (h hostile) request(t *testing.T) string {
	t.Helper()
	if h.body != "" {
		return h.body
	}
	variables := json.RawMessage("{}")
	if h.variables != "" {
		variables = json.RawMessage(h.variables)
	}
	document, err := json.Marshal(h.document)
	if err != nil {
		t.Fatal(err)
	}
	return `{"query":` + string(document) + `,"variables":` + string(variables) + `}`
}

// Each is refused by HTTP and by WebSocket, shortly, naming the limit, and FortyTwo hears nothing of it.
func TestHostileDocumentsAreRefusedBeforeAnyWork(t *testing.T) {
	t.Parallel()
	s := startSystemStanding(t, nil) // in which nobody asks FortyTwo again who the caller is, however long this takes
	token := s.signIn("asha@sandbox.test")
	asked := func() (n int) {
		for _, r := range s.sandbox.FortyTwo().Requests() {
			if r.Caller == "user" {
				n++
			}
		}
		return n
	}
	if _, _, code := s.ask(token, "{ viewer { user { id } } }", nil); code != "" {
		t.Fatal(code)
	}
	for _, h := range hostileDocuments {
		t.Run(h.name, func(t *testing.T) {
			s := s.in(t)
			before, body := asked(), h.request(t)
			status, raw := s.send(http.MethodPost, "/graphql", "application/json", token, body)
			if want := max(h.status, http.StatusOK); status != want {
				t.Errorf("HTTP %d, want %d", status, want)
			}
			h.check(t, "HTTP", raw)

			m := overSocket(t, s, token, body)
			switch {
			case m.closed != h.closes:
				t.Errorf("the socket is closed with %d, want %d: %.300s", m.closed, h.closes, m.Payload)
			case m.Type == "error":
				h.check(t, "WebSocket", []byte(`{"errors":`+string(m.Payload)+`}`))
			case m.closed == 0: // refused by a resolver
				h.check(t, "WebSocket", m.Payload)
			}
			if n := asked() - before; n != 0 {
				t.Errorf("FortyTwo was asked %d times", n)
			}
		})
	}
}

func (h hostile) check(t *testing.T, transport string, raw []byte) {
	t.Helper()
	var answer struct {
		Data   map[string]any
		Errors []struct {
			Message    string
			Extensions struct{ Code string }
		}
	}
	if err := json.Unmarshal(raw, &answer); err != nil || len(raw) > maxRefusal || len(answer.Errors) == 0 {
		t.Fatalf("%s: %d bytes, %v: %.300s", transport, len(raw), err, raw)
	}
	for name, value := range answer.Data {
		if value != nil {
			t.Errorf("%s: there is %s: %.300s", transport, name, raw)
		}
	}
	said := false
	for _, e := range answer.Errors {
		if e.Extensions.Code != h.code {
			t.Errorf("%s: code %s, want %s: %.300s", transport, e.Extensions.Code, h.code, e.Message)
		}
		said = said || strings.Contains(e.Message, h.says)
	}
	if !said {
		t.Errorf("%s: nothing says %q: %.500s", transport, h.says, raw)
	}
}

// overSocket sends one operation and answers with the first message about it.
func overSocket(t *testing.T, s *system, token, payload string) socketMessage {
	t.Helper()
	socket := openSocket(t, s)
	defer socket.close()
	socket.hello(token)
	// One that is too large is refused before it is written to its end; what is read tells.
	_ = socket.conn.WriteMessage(websocket.TextMessage, []byte(`{"id":"1","type":"subscribe","payload":`+payload+`}`))
	return socket.read()
}

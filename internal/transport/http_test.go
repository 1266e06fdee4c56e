package transport

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/go-cmp/cmp"
	helix "github.com/helix-engage/gateway"
)

// newTestServer serves the schema on a real socket.
func newTestServer(t testing.TB, schema *testSchema, opts Options) (*httptest.Server, *Handler) {
	t.Helper()
	if opts.Executor == nil {
		exec := schema.executor()
		opts.Executor = func() graphql.GraphExecutor { return exec }
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	h, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(h)
	server.Config.ConnState = func(c net.Conn, state http.ConnState) {
		if state == http.StateNew { // so that a peer that does not read is seen soon
			_ = c.(*net.TCPConn).SetWriteBuffer(smallBuffer)
		}
	}
	server.Start()
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_ = h.Shutdown(ctx)
		server.CloseClientConnections()
		server.Close()
		http.DefaultClient.CloseIdleConnections()
	})
	return server, h
}

// smallBuffer is the size asked of the kernel, in bytes.
const smallBuffer = 16 << 10

const (
	contentJSON = "application/json"
	acceptJSON  = "application/json"
	acceptGQL   = "application/graphql-response+json"
)

func TestHTTP(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		method, query, body string
		content, accept     string
		headers             http.Header
		options             Options
		status              int
		answer              string // the body; "…" at its end stands for anything
		answers             http.Header
	}{
		"a POST is answered as JSON by default": {
			body: `{"query":"{ hello }"}`, status: 200, answer: `{"data":{"hello":"hello world"}}`,
			answers: http.Header{
				"Content-Type": {"application/json; charset=utf-8"}, "Cache-Control": {"no-store"},
				"Content-Length": {"32"}, "Vary": {"Accept"},
			},
		},
		"a POST is answered as a GraphQL response on request": {
			body: `{"query":"{ hello }"}`, accept: acceptGQL, status: 200, answer: `{"data":{"hello":"hello world"}}`,
			answers: http.Header{"Content-Type": {"application/graphql-response+json; charset=utf-8"}},
		},
		"variables, operation name and unknown keys are taken": {
			body:   `{"query":"query A($n:String){ hello(name:$n) } query B { __typename }","operationName":"A","variables":{"n":"you"},"id":7}`,
			status: 200, answer: `{"data":{"hello":"hello you"}}`,
		},
		"null counts as absent": {
			body:   `{"query":"{ hello }","operationName":null,"variables":null,"extensions":null}`,
			status: 200, answer: `{"data":{"hello":"hello world"}}`,
		},
		"a content type with a charset is taken": {
			content: "application/json; charset=UTF-8", body: `{"query":"{ hello }"}`, status: 200, answer: `{"data":…`,
		},
		"text of any script is taken as UTF-8": {
			body: `{"query":"{ hello(name:\"नमस्ते\") }"}`, status: 200, answer: `{"data":{"hello":"hello नमस्ते"}}`,
		},
		"a GET queries": {
			method: "GET", query: "query=query($n:String){hello(name:$n)}&variables={\"n\":\"you\"}", status: 200,
			answer: `{"data":{"hello":"hello you"}}`,
		},
		"a GET does not mutate": {
			method: "GET", query: "query=mutation{bump}", status: 405, answers: http.Header{"Allow": {"POST"}},
			answer: `{"errors":[{"message":"a mutation must be sent by POST","extensions":{"code":"BAD_USER_INPUT"}}]}`,
		},
		"a GET does not repeat a parameter": {
			method: "GET", query: "query={hello}&query={secret}", status: 400, answer: `{"errors":…`,
		},
		"a GET with text after its variables is refused": {
			method: "GET", query: "query={hello}&variables={}}", status: 400,
			answer: `{"errors":[{"message":"variables must be a JSON object or null","extensions":{"code":"BAD_USER_INPUT"}}]}`,
		},
		"a GET that cannot be decoded is refused":  {method: "GET", query: "query=%zz", status: 400, answer: `{"errors":…`},
		"a GET that is too long is refused":        {method: "GET", query: "query=" + strings.Repeat("a", 99), options: Options{MaxBody: 50}, status: 414, answer: `{"errors":…`},
		"a GET without a document is refused":      {method: "GET", status: 400, answer: `{"errors":…`},
		"a GET cannot subscribe":                   {method: "GET", query: "query=subscription{events}", status: 406, answer: `{"errors":…`},
		"a DELETE is refused with what is allowed": {method: "DELETE", status: 405, answer: `{"errors":…`, answers: http.Header{"Allow": {"GET, POST, PUT"}}},

		"a form never executes":                 {content: "application/x-www-form-urlencoded", body: "query=mutation{bump}", status: 415, answer: `{"errors":…`},
		"an upload form never executes":         {content: "multipart/form-data; boundary=x", body: `{"query":"mutation{bump}"}`, status: 415, answer: `{"errors":…`},
		"plain text never executes":             {content: "text/plain", body: `{"query":"mutation{bump}"}`, status: 415, answer: `{"errors":…`},
		"a missing content type never executes": {content: "-", body: `{"query":"mutation{bump}"}`, status: 415, answer: `{"errors":…`},
		"another charset is refused":            {content: "application/json; charset=latin1", body: `{"query":"{hello}"}`, status: 415, answer: `{"errors":…`},
		"a compressed body is refused": {
			body: `{"query":"{hello}"}`, headers: http.Header{"Content-Encoding": {"gzip"}}, status: 415, answer: `{"errors":…`,
		},
		"an answer that nobody wants is refused": {
			body: `{"query":"{hello}"}`, accept: "text/html", status: 406,
			answer: `{"errors":[{"message":"Accept must allow application/json or application/graphql-response+json","extensions":{"code":"BAD_USER_INPUT"}}]}`,
		},

		"a batch is refused": {
			body: ` [{"query":"{ hello }"}]`, status: 400,
			answer: `{"errors":[{"message":"batching is not supported: send one operation per request","extensions":{"code":"BAD_USER_INPUT"}}]}`,
		},
		"an empty body is refused":          {status: 400, answer: `{"errors":…`},
		"a broken body is refused":          {body: `{"query":`, status: 400, answer: `{"errors":…`},
		"a body followed by more":           {body: `{"query":"{hello}"} {}`, status: 400, answer: `{"errors":…`},
		"a body that is null":               {body: `null`, status: 400, answer: `{"errors":…`},
		"a body that is not UTF-8":          {body: "{\"query\":\"{hello(name:\\\"\xff\\\")}\"}", status: 400, answer: `{"errors":…`},
		"a document under a misspelt key":   {body: `{"Query":"{hello}"}`, status: 400, answer: `{"errors":…`},
		"a document that is no string":      {body: `{"query":["{hello}"]}`, status: 400, answer: `{"errors":…`},
		"an operation name of another type": {body: `{"query":"{hello}","operationName":1}`, status: 400, answer: `{"errors":…`},
		"variables of another type":         {body: `{"query":"{hello}","variables":"{}"}`, status: 400, answer: `{"errors":…`},
		"extensions of another type":        {body: `{"query":"{hello}","extensions":[]}`, status: 400, answer: `{"errors":…`},
		"a body that is too large is refused with the limit": {
			body: `{"query":"{ hello hello hello hello }"}`, options: Options{MaxBody: 20}, status: 413,
			answer: `{"errors":[{"message":"the request body is larger than the limit of 20 bytes","extensions":{"code":"LIMIT_EXCEEDED"}}]}`,
		},

		"a document that does not parse is 200 as JSON": {
			body: `{"query":"{"}`, accept: acceptJSON, status: 200,
			answer: `{"errors":[{"message":"Expected Name, found \u003cEOF\u003e","locations":[{"line":1,"column":2}],"extensions":{"code":"GRAPHQL_PARSE_FAILED"}}]}`,
		},
		"a document that does not parse is 400 as a GraphQL response": {
			body: `{"query":"{"}`, accept: acceptGQL, status: 400, answer: `{"errors":…`,
		},
		"a document that is not valid is 400 as a GraphQL response": {
			body: `{"query":"{ nothing }"}`, accept: acceptGQL, status: 400,
			answer: `{"errors":[{"message":"Cannot query field \"nothing\" on type \"Query\".","locations":[{"line":1,"column":3}],"extensions":{"code":"GRAPHQL_VALIDATION_FAILED"}}]}`,
		},
		"variables that do not fit are bad input": {
			body: `{"query":"subscription($n:Int!){ count(to:$n) }","variables":{"n":null}}`, accept: acceptGQL, status: 400,
			answer: `{"errors":[{"message":"$n cannot be null","locations":[{"line":1,"column":14}],"extensions":{"code":"BAD_USER_INPUT"}}]}`,
		},
		"variables that nest deeper than JSON may are too much": {
			body: `{"query":"{ hello }","variables":{"n":` + strings.Repeat("[", maxNesting) + `}}`, accept: acceptGQL, status: 400,
			answer: `{"errors":[{"message":"the request nests too deep: the limit is 10000 levels of JSON","extensions":{"code":"LIMIT_EXCEEDED"}}]}`,
		},
		"several operations need a name": {
			body: `{"query":"query A{hello} query B{hello}"}`, accept: acceptGQL, status: 400,
			answer: `{"errors":[{"message":"operationName is required: the document holds 2 operations","extensions":{"code":"GRAPHQL_VALIDATION_FAILED"}}]}`,
		},
		"a name of no operation is refused": {
			body: `{"query":"query A{hello}","operationName":"B"}`, accept: acceptGQL, status: 400,
			answer: `{"errors":[{"message":"operationName names no operation of the document","extensions":{"code":"GRAPHQL_VALIDATION_FAILED"}}]}`,
		},
		"a subscription needs a socket": {
			body: `{"query":"subscription{events}"}`, status: 406,
			answer: `{"errors":[{"message":"a subscription needs a WebSocket with the protocol graphql-transport-ws, or an Accept header that allows text/event-stream","extensions":{"code":"BAD_USER_INPUT"}}]}`,
		},

		"an error beside data is 200 and its text stays with us": {
			body: `{"query":"{ hello secret }"}`, accept: acceptGQL, status: 200,
			answer: `{"errors":[{"message":"something went wrong on our side","extensions":{"code":"INTERNAL"}}],"data":{"hello":"hello world","secret":null}}`,
		},
		"a panic is a coded 500": {
			body: `{"query":"{ boom }"}`, status: 500,
			answer: `{"errors":[{"message":"something went wrong on our side","extensions":{"code":"INTERNAL"}}]}`,
		},
		"too many requests say when to come again": {
			body: `{"query":"{ hello }"}`, status: 429, answers: http.Header{"Retry-After": {"2"}},
			options: Options{Admit: func(context.Context) error {
				return &helix.Error{Code: helix.CodeTooManyRequests, Message: "slow down", RetryAfter: 1500 * time.Millisecond}
			}},
			answer: `{"errors":[{"message":"slow down","extensions":{"code":"TOO_MANY_REQUESTS","retryAfter":2}}]}`,
		},
		"a caller without a token is asked for one": {
			body: `{"query":"{ hello }"}`, status: 401, answers: http.Header{"Www-Authenticate": {"Bearer"}},
			options: Options{Admit: func(context.Context) error {
				return &helix.Error{Code: helix.CodeUnauthenticated, Message: "sign in"}
			}},
			answer: `{"errors":[{"message":"sign in","extensions":{"code":"UNAUTHENTICATED"}}]}`,
		},
		"without a schema the service is unavailable": {
			body: `{"query":"{ hello }"}`, status: 503,
			options: Options{Executor: func() graphql.GraphExecutor { return nil }},
			answer:  `{"errors":[{"message":"the schema is not available yet","extensions":{"code":"UPSTREAM_UNAVAILABLE"}}]}`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			schema := newTestSchema()
			server, _ := newTestServer(t, schema, tt.options)
			target := server.URL
			if tt.query != "" {
				target += "?" + strings.NewReplacer("{", "%7B", "}", "%7D", "\"", "%22").Replace(tt.query)
			}
			method := tt.method
			if method == "" {
				method = http.MethodPost
			}
			req, err := http.NewRequestWithContext(t.Context(), method, target, strings.NewReader(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			if tt.headers != nil {
				req.Header = tt.headers
			}
			if tt.content == "" && method == http.MethodPost {
				req.Header.Set("Content-Type", contentJSON)
			} else if tt.content != "-" {
				req.Header.Set("Content-Type", tt.content)
			}
			if tt.accept != "" {
				req.Header.Set("Accept", tt.accept)
			}
			resp, err := server.Client().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if err != nil {
				t.Fatal(err)
			}
			if resp.StatusCode != tt.status {
				t.Errorf("status %d, want %d", resp.StatusCode, tt.status)
			}
			checkAnswer(t, string(body), tt.answer)
			for name, want := range tt.answers {
				if diff := cmp.Diff(want, resp.Header[name]); diff != "" {
					t.Errorf("header %s (-want +got):\n%s", name, diff)
				}
			}
			if n := schema.bumps.Load(); n != 0 {
				t.Errorf("the mutation has executed %d times", n)
			}
		})
	}
}

func checkAnswer(t *testing.T, got, want string) {
	t.Helper()
	if begin, open := strings.CutSuffix(want, "…"); open {
		if !strings.HasPrefix(got, begin) {
			t.Errorf("answer %s, want it to begin with %s", got, begin)
		}
		return
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
}

func TestHTTPMutates(t *testing.T) {
	t.Parallel()
	schema := newTestSchema()
	server, _ := newTestServer(t, schema, Options{})
	resp, err := server.Client().Post(server.URL, contentJSON, strings.NewReader(`{"query":"mutation { bump }"}`))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	checkAnswer(t, string(body), `{"data":{"bump":1}}`)
}

func TestHTTPCancelsAnOperationWhoseClientHasGone(t *testing.T) {
	t.Parallel()
	schema := newTestSchema()
	server, _ := newTestServer(t, schema, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"?query="+url.QueryEscape("{ held }"), nil)
	if err != nil {
		t.Fatal(err)
	}
	gone := make(chan error, 1)
	go func() {
		resp, err := server.Client().Do(req)
		if err == nil {
			resp.Body.Close()
		}
		gone <- err
	}()
	<-schema.entered
	cancel()
	if err := <-gone; err == nil {
		t.Fatal("the request was answered")
	}
	if name := <-schema.ended; name != "held" {
		t.Fatalf("cancelled %q", name)
	}
}

func TestHTTPRefusalsStaySmall(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"a flood of unknown fields":  "{" + unknownFields(3000) + "}",
		"a name of a hundred kB":     "{ " + strings.Repeat("x", 100_000) + " }",
		"one fault in many places":   "query A { hello } " + strings.Repeat("query A { hello } ", 500),
		"a string where a name goes": `{ "` + strings.Repeat("y", 100_000) + `" }`,
	}
	for name, document := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, _ := newTestServer(t, newTestSchema(), Options{})
			body := `{"query":` + string(encodeID(document)) + `}`
			resp, err := server.Client().Post(server.URL, contentJSON, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			answer, _ := io.ReadAll(resp.Body)
			if len(answer) > 10_000 || !strings.HasPrefix(string(answer), `{"errors":[`) {
				t.Errorf("answer of %d bytes: %.300s", len(answer), answer)
			}
		})
	}
}

// unknownFields are n different ones.
func unknownFields(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(" f" + strings.Repeat("o", i%7) + string(rune('a'+i%26)))
	}
	return b.String()
}

func TestNegotiate(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		accept []string
		want   mediaType
		refuse bool
	}{
		"no header":                              {want: mediaJSON},
		"anything":                               {accept: []string{"*/*"}, want: mediaJSON},
		"any application":                        {accept: []string{"application/*"}, want: mediaJSON},
		"the newer of equals":                    {accept: []string{"application/json, application/graphql-response+json"}, want: mediaGraphQL},
		"the one preferred":                      {accept: []string{"application/graphql-response+json;q=0.8, application/json"}, want: mediaJSON},
		"in two headers":                         {accept: []string{"text/html", "application/graphql-response+json; charset=utf-8"}, want: mediaGraphQL},
		"as Apollo asks":                         {accept: []string{"multipart/mixed;deferSpec=20220824, application/graphql-response+json, application/json;q=0.9"}, want: mediaGraphQL},
		"JSON is excluded":                       {accept: []string{"application/json;q=0, */*"}, want: mediaGraphQL},
		"both are excluded":                      {accept: []string{"application/json;q=0, application/graphql-response+json;q=0, */*"}, refuse: true},
		"another charset":                        {accept: []string{"application/json; charset=latin1"}, refuse: true},
		"an impossible weight":                   {accept: []string{"application/json;q=7"}, refuse: true},
		"a weight that is no number":             {accept: []string{"application/json;q=NaN"}, refuse: true},
		"an empty header":                        {accept: []string{""}, want: mediaJSON},
		"a wildcard after the newer":             {accept: []string{"application/graphql-response+json, */*;q=0.1"}, want: mediaGraphQL},
		"more elements than are read, then ours": {accept: []string{strings.Repeat("a/b,", 100) + "application/json"}, refuse: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, ok := negotiate(http.Header{"Accept": tt.accept})
			if ok == tt.refuse || ok && got != tt.want {
				t.Errorf("negotiate = %q, %v", got, ok)
			}
		})
	}
}

package federationtest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"pgregory.net/rapid"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/federation"
	"github.com/helix-engage/gateway/federation/compose"
	"github.com/helix-engage/gateway/federation/raise"
	"github.com/helix-engage/gateway/federation/upstream"
	"github.com/helix-engage/gateway/sandbox/fortytwo"
)

// The federation over the emulated dialect answers whatever document as one conforming server would. More documents:
//
//	go test ./federation/federationtest -run OneConformingServer -rapid.checks=5000
func TestTheFederationAnswersAsOneConformingServer(t *testing.T) {
	t.Parallel()
	for _, line := range []fortytwo.Line{fortytwo.Line15, fortytwo.Line27} {
		for _, kind := range []ast.Operation{ast.Query, ast.Mutation} {
			t.Run(fmt.Sprintf("%s of line %s", kind, line), func(t *testing.T) {
				t.Parallel()
				p := newPair(t, fortytwo.Options{Line: line})
				generator := &Generator{Schema: p.gateway.Composed().Schema, Hints: p.reference.hints()}
				rapid.Check(t, func(t *rapid.T) { p.check(t, generator.Draw(t, kind)) })
				t.Logf("%d documents, of which %d with data and %d with errors; %d over a limit",
					p.asked.Load(), p.withData.Load(), p.withErrors.Load(), p.overLimit.Load())
			})
		}
	}
}

// What random documents found is asked in every run.
func TestDocumentsThatOnceDifferedAreAnsweredAlike(t *testing.T) {
	t.Parallel()
	for _, line := range []fortytwo.Line{fortytwo.Line15, fortytwo.Line27} {
		p := newPair(t, fortytwo.Options{Line: line})
		for _, c := range []struct{ name, query string }{
			{"a composite of which only the type is asked", `{ leads(first: 1) { edges { node { createdBy { __typename } } } } }`},
			{
				"a composite of which nothing is left",
				`{ calls(first: 1) { edges { node { callerNumber { additionalPhones @include(if: false) } } } } }`,
			},
			{"not everything is nothing", `{ leads(filter: {not: {}}) { totalCount } calls(filter: {not: {or: [{}]}}) { totalCount } }`},
			{"a null below records that may not be null", `{ leads { edges { node { id badge } } } }`},
		} {
			t.Run(fmt.Sprintf("%s on line %s", c.name, line), func(t *testing.T) { p.check(t, Request{Query: c.query}) })
		}
	}
}

// pair is a gateway and the reference, each over an emulator of its own with the same records, so that both may write.
type pair struct {
	gateway   *federation.Federation
	token     string // of the gateway's user
	reference *reference
	executor  *Executor

	asked, withData, withErrors, overLimit atomic.Int64
}

func newPair(t testing.TB, options fortytwo.Options) *pair {
	t.Helper()
	behind, beside := newHospital(t, options), newHospital(t, options)
	local := localSchema()
	p := &pair{gateway: newGateway(t, behind, local), token: behind.token}
	specs := append(fortytwo.StandardObjects(), fortytwo.HospitalObjects()...)
	p.reference = &reference{model: newModel(p.gateway.Composed().Schema, local, specs), desk: newDesk(beside.ids), hospital: beside}
	p.executor = NewExecutor(p.gateway.Composed().Schema, p.reference)
	return p
}

// newGateway composes a local half with an emulated FortyTwo behind a socket.
func newGateway(t testing.TB, h *hospital, local *ast.Schema) *federation.Federation {
	t.Helper()
	web := httptest.NewServer(h.handler)
	client, err := upstream.New(upstream.Options{URL: web.URL + "/graphql"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		client.Close()
		web.Close()
	})
	desk := newDesk(h.ids)
	f, err := federation.New(federation.Options{
		Local:   local,
		Execute: func(composed *ast.Schema) graphql.ExecutableSchema { return Local{NewExecutor(composed, desk)} },
		Serve: func(s graphql.ExecutableSchema) graphql.GraphExecutor {
			served := executor.New(s)
			served.SetErrorPresenter(present)
			return served
		},
		Post: func(_ context.Context, endpoint compose.Endpoint, query string, variables any) (json.RawMessage, error) {
			return h.read(map[compose.Endpoint]string{compose.Records: "/graphql", compose.Metadata: "/metadata"}[endpoint], query, variables)
		},
		Upstream: client,
		Caller: func(_ context.Context, to *upstream.Caller) error {
			*to = upstream.Caller{Key: sha256.Sum256([]byte(h.token)), Token: h.token}
			return nil
		},
		Vouch:   func(context.Context) error { return nil },
		Trusted: func(ctx context.Context) context.Context { return ctx },
	})
	if err == nil {
		err = f.Refresh(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// present tells the codes of our own errors, as the transports do.
func present(ctx context.Context, err error) *gqlerror.Error {
	out := graphql.DefaultErrorPresenter(ctx, err)
	var ours *helix.Error
	if errors.As(err, &ours) {
		out.Extensions = map[string]any{"code": string(ours.Code)}
	}
	return out
}

// checked is a test, or one try of a random one.
type checked interface {
	Context() context.Context
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// check has both sides execute a document.
func (p *pair) check(t checked, request Request) {
	text, err := json.Marshal(request.Variables)
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	request.Variables = nil
	if err := decoder.Decode(&request.Variables); err != nil {
		t.Fatal(err)
	}
	want := p.executor.Execute(t.Context(), request)
	if want.Data == nil {
		t.Fatalf("the document is not valid: %v\n%s\n%s", want.Errors, request.Query, text)
	}
	got := p.execute(t.Context(), request)
	if overLimit(got) {
		p.overLimit.Add(1)
		return
	}
	if err := Compare(got, want); err != nil {
		t.Fatalf("%v\n\n%s\n\nvariables %s\n\ngot  %s\n     %v\nwant %s\n     %v", err, request.Query, text, got.Data, got.Errors, want.Data, want.Errors)
	}
	p.asked.Add(1)
	if len(want.Errors) > 0 {
		p.withErrors.Add(1)
	} else {
		p.withData.Add(1)
	}
}

// overLimit tells of an answer that one of the gateway's own bounds has cut: lists below more than 50 records, more than 100 errors.
func overLimit(got Response) bool {
	return len(got.Errors) > raise.MaxErrors || slices.ContainsFunc(got.Errors, func(e *gqlerror.Error) bool {
		return e.Extensions["code"] == federation.CodeTooWide
	})
}

// execute has the gateway execute a document as its transports do.
func (p *pair) execute(ctx context.Context, request Request) Response {
	exec := p.gateway.Executor()
	ctx = graphql.StartOperationTrace(ctx)
	operation, errs := exec.CreateOperationContext(ctx, &graphql.RawParams{
		Query: request.Query, OperationName: request.OperationName, Variables: request.Variables,
	})
	if len(errs) > 0 {
		return Response{Errors: errs}
	}
	next, ctx := exec.DispatchOperation(ctx, operation)
	answer := next(ctx)
	return Response{Data: answer.Data, Errors: answer.Errors}
}

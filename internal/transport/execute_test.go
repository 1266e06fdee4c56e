package transport

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	helix "github.com/helix-engage/gateway"
)

func TestAnotherEntranceExecutesUnderTheSameRules(t *testing.T) {
	t.Parallel()
	schema := newTestSchema()
	exec := schema.executor()
	noSchema := func() graphql.GraphExecutor { return nil }
	refuse := func(context.Context) error {
		return &helix.Error{Code: helix.CodeTooManyRequests, Message: "wait", RetryAfter: time.Second}
	}
	for _, c := range []struct {
		name      string
		options   Options
		document  string
		variables map[string]any
		data      string
		code      helix.Code
	}{
		{"a query with variables", Options{}, `query($n: String) { hello(name: $n) }`, map[string]any{"n": "you"}, `{"hello":"hello you"}`, ""},
		{"a mutation", Options{}, `mutation { bump }`, nil, `{"bump":1}`, ""},
		{"what fails in part has the rest", Options{}, `{ secret }`, nil, `{"secret":null}`, helix.CodeInternal},
		{"a panic", Options{}, `{ boom }`, nil, ``, helix.CodeInternal},
		{"variables that do not fit", Options{}, `query($n: String) { hello(name: $n) }`, map[string]any{"n": []any{}}, ``, helix.CodeBadInput},
		{"a subscription", Options{}, `subscription { events }`, nil, ``, helix.CodeBadInput},
		{"a caller who asks too often", Options{Admit: refuse}, `{ hello }`, nil, ``, helix.CodeTooManyRequests},
		{"no schema", Options{Executor: noSchema}, `{ hello }`, nil, ``, helix.CodeUnavailable},
	} {
		t.Run(c.name, func(t *testing.T) {
			var completed OperationCompleted
			c.options.Hooks.OperationCompleted = func(_ context.Context, o OperationCompleted) { completed = o }
			c.options.Logger = slog.New(slog.DiscardHandler)
			if c.options.Executor == nil {
				c.options.Executor = func() graphql.GraphExecutor { return exec }
			}
			h, err := New(c.options)
			if err != nil {
				t.Fatal(err)
			}
			data, errs := h.Execute(httptest.NewRequest(http.MethodPost, "/", nil), c.document, c.variables)
			code := ""
			if len(errs) > 0 {
				code = codeOf(errs[0])
			}
			if string(data) != c.data || helix.Code(code) != c.code {
				t.Fatalf("got %s, %v", data, errs)
			}
			if c.name != "no schema" && (completed.Transport != transportInternal || completed.Code != code) {
				t.Fatalf("reported %+v", completed)
			}
		})
	}
}

func TestLeavingEndsWhatAnotherEntranceExecutes(t *testing.T) {
	t.Parallel()
	schema := newTestSchema()
	h, err := New(Options{Executor: func() graphql.GraphExecutor { return schema.executor() }})
	if err != nil {
		t.Fatal(err)
	}
	ctx, leave := context.WithCancel(t.Context())
	done := make(chan []byte, 1)
	go func() {
		data, _ := h.Execute(httptest.NewRequestWithContext(ctx, http.MethodPost, "/", nil), `{ held }`, nil)
		done <- data
	}()
	<-schema.entered
	leave()
	<-schema.ended
	if data := <-done; string(data) != `{"held":null}` {
		t.Fatalf("got %s", data)
	}
}

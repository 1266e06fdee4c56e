package fortytwo

import (
	"context"
	"net/http"
	"testing"
	"time"
)

const createPatient = `{"query":"mutation{createPatient(data:{mrn:\"F-1\"}){id}}"}`

func TestFaultsHitTheRequestsTheyName(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	calls, leads := map[string]any{"query": `{calls{totalCount}}`}, map[string]any{"query": `{leads{totalCount}}`}
	token := b.token(adminEmail)
	arm := func(f Fault) {
		t.Helper()
		if err := b.Fail(f); err != nil {
			t.Fatal(err)
		}
	}
	arm(Fault{RootField: "calls", Kind: FaultStatus, Status: 503, Count: 2})
	if got := b.post("/graphql", token, leads); got.status != 200 {
		t.Errorf("another root field: %d", got.status)
	}
	for range 2 {
		if got := b.post("/graphql", token, calls); got.status != 503 {
			t.Errorf("status %d", got.status)
		}
	}
	if got := b.post("/graphql", token, calls); got.status != 200 {
		t.Errorf("used up: %d", got.status)
	}
	arm(Fault{Path: "/metadata", Kind: FaultExpired})
	if got := b.post("/metadata", token, map[string]any{"query": `{currentUser{id}}`}); got.failure() != "UNAUTHENTICATED/UNAUTHENTICATED: Token has expired." {
		t.Errorf("expired: %s", got.text)
	}
	arm(Fault{Kind: FaultRateLimit})
	if got := b.post("/graphql", token, calls); got.failure() != "BAD_USER_INPUT/LIMIT_REACHED: Limit reached (100 tokens per 60000 ms)" || got.data("calls") != "null" {
		t.Errorf("rate limit: %s", got.text)
	}
	arm(Fault{Kind: FaultError, Code: "FORBIDDEN", SubCode: "PERMISSION_DENIED", Message: "no"})
	if got := b.post("/graphql", token, calls); got.failure() != "FORBIDDEN/PERMISSION_DENIED: no" {
		t.Errorf("error: %s", got.text)
	}
	arm(Fault{Kind: FaultBody, Body: `{"data":{"calls":{"totalCount":-1}}}`})
	if got := b.post("/graphql", token, calls); got.data("calls") != `{"totalCount":-1}` {
		t.Errorf("body: %s", got.text)
	}
	arm(Fault{Kind: FaultDelay, Delay: time.Millisecond})
	if got := b.post("/graphql", token, calls); got.data("calls") != `{"totalCount":8}` {
		t.Errorf("delay: %s", got.text)
	}
	arm(Fault{Kind: FaultStatus})
	b.ClearFaults()
	if got := b.post("/graphql", token, calls); got.status != 200 {
		t.Errorf("disarmed: %d", got.status)
	}
	for _, bad := range []Fault{{Kind: "no"}, {Kind: FaultHang, Path: "/rest"}, {Kind: FaultStatus, Status: 99}, {Kind: FaultHang, Count: -1}} {
		if b.Fail(bad) == nil {
			t.Errorf("%+v was armed", bad)
		}
	}
}

func TestABrokenAnswerMayHideAnEffect(t *testing.T) {
	t.Parallel()
	for _, kind := range []FaultKind{FaultReset, FaultGarbage, FaultHang} {
		for _, after := range []bool{false, true} {
			b := newBench(t)
			if err := b.Fail(Fault{Kind: kind, AfterEffect: after}); err != nil {
				t.Fatal(err)
			}
			patients := func() int {
				records, err := b.Records("patient")
				if err != nil {
					t.Error(err)
				}
				return len(records)
			}
			ctx := t.Context()
			if kind == FaultHang {
				ctx = until(t, func() bool { return len(b.Requests()) > 0 && (!after || patients() > 0) })
			}
			request, err := http.NewRequestWithContext(ctx, http.MethodPost, b.http.URL+"/graphql", readerOf(createPatient))
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Content-Type", "application/json")
			request.Header.Set("Authorization", "Bearer "+b.token(adminEmail))
			response, err := b.http.Client().Do(request)
			if err == nil {
				err = response.Body.Close()
			} else if kind == FaultGarbage {
				t.Errorf("%s has an answer: %v", kind, err)
			}
			if kind != FaultGarbage && err == nil {
				t.Errorf("%s answered", kind)
			}
			if n := patients(); (n == 1) != after {
				t.Errorf("%s after its effect %v: %d records", kind, after, n)
			}
		}
	}
}

// until gives a context that ends once something has happened, as that of a client who gives up then.
func until(t *testing.T, happened func() bool) context.Context {
	t.Helper()
	ctx, leave := context.WithCancel(t.Context())
	go func() {
		defer leave()
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for !happened() && t.Context().Err() == nil {
			<-tick.C
		}
	}()
	return ctx
}

func TestRequestsAreCountedAndTheLatestKept(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	if err := b.Fail(Fault{RootField: "leads", Kind: FaultStatus}); err != nil {
		t.Fatal(err)
	}
	b.query(`query Q{calls{totalCount} leads{totalCount}}`)
	b.post("/graphql", b.APIKey(), map[string]any{"query": `{calls{totalCount}}`})
	if b.RequestCount("calls") != 2 || b.RequestCounts()["leads"] != 1 {
		t.Errorf("counts %v", b.RequestCounts())
	}
	log := b.Requests()
	if len(log) != 2 || log[0].Fault != FaultStatus || log[0].Caller != "user" || log[1].Caller != "api-key" || log[1].RootFields[0] != "calls" {
		t.Errorf("log %+v", log)
	}
}

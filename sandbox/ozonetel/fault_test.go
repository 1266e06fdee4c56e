package ozonetel_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/helix-engage/gateway/sandbox/ozonetel"
)

func TestAFaultReplacesTheAnswerOfTheNextRequestsOfItsEndpoint(t *testing.T) {
	t.Parallel()
	tests := []struct {
		fault ozonetel.Fault
		code  int
		want  string
	}{
		{ozonetel.Fault{Kind: ozonetel.FaultStatus}, 500, ""},
		{ozonetel.Fault{Kind: ozonetel.FaultStatus, Status: 502, Body: "bad gateway"}, 502, "bad gateway"},
		{ozonetel.Fault{Kind: ozonetel.FaultBody}, 200, `{"status":"error","message":"Internal error"}`},
		{ozonetel.Fault{Kind: ozonetel.FaultBody, Body: `{"status":"fails"}`}, 200, `{"status":"fails"}`},
		{ozonetel.Fault{Kind: ozonetel.FaultGarbage}, 200, "<br />\n<b>Warning</b>: {\"status\":"},
		{ozonetel.Fault{Kind: ozonetel.FaultRateLimit}, 200, `{"status":"error","message":"Max limit exceeded"}`},
		{ozonetel.Fault{Kind: ozonetel.FaultRateLimit, Status: 429}, 429, `{"status":"error","message":"Max limit exceeded"}`},
		{
			ozonetel.Fault{Kind: ozonetel.FaultDelay, Delay: time.Millisecond},
			200,
			`{"status":"false","message":"UserName is null","data":null}`,
		},
	}
	const served = `{"status":"false","message":"UserName is null","data":null}`
	for _, test := range tests {
		t.Run(string(test.fault.Kind), func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, ozonetel.Options{})
			test.fault.Endpoint, test.fault.Count = "generateToken", 2
			a.must(a.Fail(test.fault))
			a.authenticate("agent1", "x", "login") // another endpoint uses up nothing
			for range 2 {
				if code, got := a.do(call{method: "POST", path: "/ca_apis/CAToken/generateToken", body: `{}`}); code != test.code || got != test.want {
					t.Errorf("got %d %q, want %d %q", code, got, test.code, test.want)
				}
			}
			if code, got := a.do(call{method: "POST", path: "/ca_apis/CAToken/generateToken", body: `{}`}); code != 200 || got != served {
				t.Errorf("afterwards: %d %q", code, got)
			}
		})
	}
}

func TestAResetClosesTheConnectionBeforeOrAfterTheEffect(t *testing.T) {
	t.Parallel()
	for _, afterEffect := range []bool{false, true} {
		a := newAccount(t, ozonetel.Options{})
		a.ready("agent1")
		token := a.newToken()
		a.must(a.Fail(ozonetel.Fault{Endpoint: "AgentManualDial", Kind: ozonetel.FaultReset, AfterEffect: afterEffect}))
		request, err := http.NewRequestWithContext(t.Context(), "POST", a.url+"/ca_apis/AgentManualDial", strings.NewReader(
			`{"userName":"sandbox_hospital","agentID":"agent1","campaignName":"Inbound_918041763265","customerNumber":"9812345678"}`))
		a.must(err)
		request.Header.Set("Authorization", "Bearer "+token)
		response, err := a.client.Do(request)
		if err == nil {
			response.Body.Close()
		}
		if !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, io.EOF) {
			t.Errorf("after effect %t: error %v, want a reset", afterEffect, err)
		}
		if dialled := len(a.Calls()) == 1; dialled != afterEffect {
			t.Errorf("after effect %t: dialled %t", afterEffect, dialled)
		}
		if got := a.RequestCount("AgentManualDial"); got != 1 {
			t.Errorf("after effect %t: %d dials received", afterEffect, got)
		}
	}
}

func TestAHungRequestEndsWithItsClient(t *testing.T) {
	t.Parallel()
	a := newAccount(t, ozonetel.Options{})
	a.must(a.Fail(ozonetel.Fault{Kind: ozonetel.FaultHang}))
	ctx := until(t, func() bool { return a.RequestCount("generateToken") > 0 })
	request, err := http.NewRequestWithContext(ctx, "POST", a.url+"/ca_apis/CAToken/generateToken", strings.NewReader(`{}`))
	a.must(err)
	response, err := a.client.Do(request)
	if err == nil {
		response.Body.Close()
	}
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
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

func TestFaultsThatMakeNoSenseAreRefused(t *testing.T) {
	t.Parallel()
	a := newAccount(t, ozonetel.Options{})
	for _, f := range []ozonetel.Fault{
		{Kind: "explode"},
		{Kind: ozonetel.FaultHang, Endpoint: "nowhere"},
		{Kind: ozonetel.FaultStatus, Status: 99},
		{Kind: ozonetel.FaultStatus, Count: -1},
	} {
		if err := a.Fail(f); err == nil {
			t.Errorf("%+v was taken", f)
		}
	}
	for _, f := range []ozonetel.PushFault{
		{Effect: "explode"},
		{Effect: ozonetel.PushDrop, Kind: "sms"},
		{Effect: ozonetel.PushDrop, Count: -1},
	} {
		if err := a.FailPushes(f); err == nil {
			t.Errorf("%+v was taken", f)
		}
	}
}

func TestTheRequestLogHoldsNoSecretAndIsBounded(t *testing.T) {
	t.Parallel()
	a := newAccount(t, ozonetel.Options{})
	a.do(call{
		method: "POST", path: "/ca_apis/CAToken/generateToken?apiKey=secret", body: `{"userName":"secret"}`,
		header: http.Header{"apiKey": {"secret"}},
	})
	want := []ozonetel.RequestRecord{{At: start, Endpoint: "generateToken", Method: "POST", Path: "/ca_apis/CAToken/generateToken"}}
	if diff := cmp.Diff(want, a.Requests()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for range 1_000 {
		a.authenticate("agent1", "x", "login")
	}
	log := a.Requests()
	if len(log) != 1_000 || log[0].Endpoint != "AgentAuthenticationV2" {
		t.Errorf("%d records, the oldest %s", len(log), log[0].Endpoint)
	}
	if got := a.RequestCounts(); got["generateToken"] != 1 || got["AgentAuthenticationV2"] != 1_000 {
		t.Errorf("counts %v", got)
	}
}

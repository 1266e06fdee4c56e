package ozonetel_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers/ozonetel"
	emulator "github.com/helix-engage/gateway/sandbox/ozonetel"
)

func TestReadsAndCommandsSurviveAFault(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]emulator.Fault{
		"reset":   {Kind: emulator.FaultReset, AfterEffect: true},
		"500":     {Kind: emulator.FaultStatus, AfterEffect: true},
		"garbage": {Kind: emulator.FaultGarbage, AfterEffect: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, ozonetel.AuthAPIKey)
			client, seat := a.client(t), a.seat(0)
			fail := func(endpoint string) {
				f := fault
				f.Endpoint = endpoint
				if err := a.Fail(f); err != nil {
					t.Fatal(err)
				}
			}
			fail("AgentAuthenticationV2")
			if err := client.Login(t.Context(), seat); err != nil {
				t.Errorf("login: %v", err)
			}
			fail("changeAgentState")
			if err := client.SetState(t.Context(), seat, helix.AgentReady, ""); err != nil {
				t.Errorf("state: %v", err)
			}
			fail("abandonCalls")
			if _, err := client.Abandoned(t.Context()); err != nil {
				t.Errorf("abandoned calls: %v", err)
			}
			fail("getAgentLogins")
			got, err := client.AgentStates(t.Context())
			want := []helix.AgentReport{{Agent: seat.Agent, State: helix.AgentReady, At: a.line.Now()}}
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("agent states: %v\n%s", err, diff)
			}
		})
	}
}

func TestDispositions(t *testing.T) {
	t.Parallel()
	a := newAccount(t, ozonetel.AuthToken)
	client, seat := a.client(t), a.ready(t)
	labels, err := client.Dispositions(t.Context(), seat)
	if err != nil || !slices.Contains(labels, ozonetel.DefaultDisposition) || len(labels) != len(a.Account().Dispositions) {
		t.Fatalf("labels are %v, %v", labels, err)
	}
	a.SetDialPlan(func() emulator.DialPlan { return emulator.DialPlan{Outcome: emulator.HandDriven} })
	ucid, err := client.Dial(t.Context(), seat, patient, ourID)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []func() error{
		func() error { return a.Answer(ucid) },
		func() error { return a.Answer(ucid) },
		func() error { return a.Hangup(ucid, emulator.UserHangup) },
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	dispose := func(label string, at time.Time) (ozonetel.Disposed, error) {
		return client.Dispose(t.Context(), seat, ozonetel.Disposal{ProviderCallID: ucid, Label: label, Notes: "asked for a report", CallbackAt: at})
	}
	if _, err := dispose("", time.Time{}); !helix.IsCode(err, helix.CodeBadInput) {
		t.Errorf("no label: %v", err)
	}
	if _, err := dispose("Call Back", time.Time{}); !helix.IsCode(err, helix.CodeBadInput) {
		t.Errorf("no time to call back: %v", err)
	}
	got, err := dispose("Asked for a second opinion", time.Time{})
	if diff := cmp.Diff(ozonetel.Disposed{UsedDefault: true}, got); err != nil || diff != "" {
		t.Errorf("an unknown label: %v\n%s", err, diff)
	}
	if call, err := a.Call(ucid); err != nil || call.Disposition != ozonetel.DefaultDisposition || call.Comments != "asked for a report" {
		t.Errorf("the account holds %+v, %v", call, err)
	}
	got, err = dispose("Call Back", morning.Add(26*time.Hour))
	if diff := cmp.Diff(ozonetel.Disposed{Already: true}, got); err != nil || diff != "" {
		t.Errorf("the second time: %v\n%s", err, diff)
	}
}

func TestAgentDetails(t *testing.T) {
	t.Parallel()
	a := newAccount(t, ozonetel.AuthToken)
	client, seat := a.client(t), a.ready(t)
	a.Advance(90 * time.Second)
	got, err := client.AgentDetails(t.Context(), seat.Agent)
	want := helix.AgentReport{Agent: seat.Agent, State: helix.AgentReady, At: morning}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	if _, err := client.AgentDetails(t.Context(), "nobody"); !helix.IsCode(err, helix.CodeNotFound) {
		t.Errorf("an unknown agent: %v", err)
	}
}

func TestReportsKeepToTheirLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newAccountInMemory(t, ozonetel.AuthToken)
		client := a.client(t)
		for range 5 { // nobody is logged in, which the vendor calls an error
			if got, err := client.AgentStates(t.Context()); err != nil || len(got) != 0 {
				t.Fatalf("states are %v, %v; want none", got, err)
			}
		}
		_, err := client.AgentStates(t.Context())
		if e := helix.AsError(err); e == nil || e.Code != helix.CodeTooManyRequests || e.RetryAfter < 50*time.Second || !e.Retryable {
			t.Errorf("the sixth request failed with %#v", e)
		}
		if n := a.RequestCount("getAgentLogins"); n != 5 {
			t.Errorf("%d requests were sent, of 5 that the account may send", n)
		}
	})
}

func TestARefusalForTooManyRequestsStopsTheFamily(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newAccountInMemory(t, ozonetel.AuthToken)
		client := a.client(t)
		if err := a.Fail(emulator.Fault{Endpoint: "getAgentLogins", Kind: emulator.FaultRateLimit}); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			_, err := client.AgentStates(t.Context())
			if e := helix.AsError(err); e == nil || e.Code != helix.CodeTooManyRequests || e.RetryAfter < 50*time.Second {
				t.Errorf("failed with %#v", e)
			}
		}
		if n := a.RequestCount("getAgentLogins"); n != 1 {
			t.Errorf("%d requests were sent, want the refused one", n)
		}
		if _, err := client.AgentDetails(t.Context(), "nobody"); !helix.IsCode(err, helix.CodeNotFound) {
			t.Errorf("another family: %v", err)
		}
	})
}

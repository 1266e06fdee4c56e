package ozonetel_test

import (
	"testing"
	"testing/synctest"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers/ozonetel"
	emulator "github.com/helix-engage/gateway/sandbox/ozonetel"
)

// TestADialIsSentOnce is the promise that nobody is rung twice: whatever goes wrong, one request leaves.
func TestADialIsSentOnce(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault  emulator.Fault
		code   helix.Code
		placed int
	}{
		"a reset before the dial":      {emulator.Fault{Kind: emulator.FaultReset}, helix.CodeUnknownOutcome, 0},
		"a reset after the dial":       {emulator.Fault{Kind: emulator.FaultReset, AfterEffect: true}, helix.CodeUnknownOutcome, 1},
		"a 500 before the dial":        {emulator.Fault{Kind: emulator.FaultStatus}, helix.CodeUnknownOutcome, 0},
		"a 502 after the dial":         {emulator.Fault{Kind: emulator.FaultStatus, Status: 502, AfterEffect: true}, helix.CodeUnknownOutcome, 1},
		"garbage after the dial":       {emulator.Fault{Kind: emulator.FaultGarbage, AfterEffect: true}, helix.CodeUnknownOutcome, 1},
		"an internal error in a 200":   {emulator.Fault{Kind: emulator.FaultBody, AfterEffect: true}, helix.CodeUnknownOutcome, 1},
		"a status that nobody knows":   {emulator.Fault{Kind: emulator.FaultBody, Body: `{"status":"pending"}`}, helix.CodeUnknownOutcome, 0},
		"an empty object":              {emulator.Fault{Kind: emulator.FaultBody, Body: `{}`}, helix.CodeUnknownOutcome, 0},
		"a documented refusal":         {emulator.Fault{Kind: emulator.FaultBody, Body: `{"status":"fails","message":"Campaign is invalid"}`}, helix.CodeRejected, 0},
		"an undocumented refusal":      {emulator.Fault{Kind: emulator.FaultBody, Body: `{"status":"Fail","message":"DND number"}`}, helix.CodeRejected, 0},
		"a rate limit in a 200":        {emulator.Fault{Kind: emulator.FaultRateLimit}, helix.CodeTooManyRequests, 0},
		"a rate limit by status":       {emulator.Fault{Kind: emulator.FaultRateLimit, Status: 429}, helix.CodeTooManyRequests, 0},
		"a path that does not exist":   {emulator.Fault{Kind: emulator.FaultStatus, Status: 404}, helix.CodeRejected, 0},
		"a late answer is still taken": {emulator.Fault{Kind: emulator.FaultDelay, Delay: 50 * time.Millisecond}, "", 1},
	} {
		for mode := range modes {
			t.Run(name+" with "+string(mode), func(t *testing.T) {
				t.Parallel()
				a := newAccount(t, mode)
				client, seat := a.client(t), a.ready(t)
				fault := c.fault
				fault.Endpoint = "AgentManualDial"
				if err := a.Fail(fault); err != nil {
					t.Fatal(err)
				}
				ucid, err := client.Dial(t.Context(), seat, patient, ourID)
				switch {
				case c.code == "" && (err != nil || ucid == ""):
					t.Errorf("dial answered %q, %v", ucid, err)
				case c.code != "" && !helix.IsCode(err, c.code):
					t.Errorf("dial failed with %v, want %s", err, c.code)
				}
				if helix.IsRetryable(err) != (c.code == helix.CodeTooManyRequests) {
					t.Errorf("%v is retryable: %t", err, helix.IsRetryable(err))
				}
				if n := a.RequestCount("AgentManualDial"); n != 1 {
					t.Errorf("%d dials were sent", n)
				}
				if n := len(a.Calls()); n != c.placed {
					t.Errorf("%d calls were placed, want %d", n, c.placed)
				}
			})
		}
	}
}

// TestADialThatIsNotAnsweredIsSentOnce has a clock of its own: the time-out begins when there is nothing left to do but wait.
func TestADialThatIsNotAnsweredIsSentOnce(t *testing.T) {
	t.Parallel()
	for name, placed := range map[string]int{"a hang before the dial": 0, "a hang after the dial": 1} {
		for mode := range modes {
			t.Run(name+" with "+string(mode), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					a := newAccountInMemory(t, mode)
					client, seat := a.client(t), a.ready(t)
					if err := a.Fail(emulator.Fault{Endpoint: "AgentManualDial", Kind: emulator.FaultHang, AfterEffect: placed > 0}); err != nil {
						t.Fatal(err)
					}
					_, err := client.Dial(t.Context(), seat, patient, ourID)
					if !helix.IsCode(err, helix.CodeUnknownOutcome) || helix.IsRetryable(err) {
						t.Errorf("dial failed with %v, want an UNKNOWN_OUTCOME that is not repeated", err)
					}
					if sent, calls := a.RequestCount("AgentManualDial"), len(a.Calls()); sent != 1 || calls != placed {
						t.Errorf("%d dials were sent and %d calls placed, want 1 and %d", sent, calls, placed)
					}
				})
			})
		}
	}
}

func TestADialMayFollowARefusedToken(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*account){
		"expired": func(a *account) { a.ExpireToken() },
		"stolen":  func(a *account) { a.StealToken() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, ozonetel.AuthToken)
			client, seat := a.client(t), a.ready(t)
			if _, err := client.Dispositions(t.Context(), seat); err != nil {
				t.Fatal(err)
			}
			spoil(a)
			ucid, err := client.Dial(t.Context(), seat, patient, ourID)
			if err != nil || ucid == "" {
				t.Fatalf("dial answered %q, %v", ucid, err)
			}
			calls := a.Calls()
			if len(calls) != 1 || calls[0].UUI != string(ourID) || calls[0].UCID != ucid || calls[0].Phone != "9812345678" {
				t.Errorf("placed %+v", calls)
			}
			if got := a.RequestCounts(); got["AgentManualDial"] != 2 || got["generateToken"] != 2 {
				t.Errorf("requests were %v, want two dials and two tokens", got)
			}
		})
	}
}

func TestATokenThatIsRefusedTwiceIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	a := newAccount(t, ozonetel.AuthToken)
	client, seat := a.client(t), a.ready(t)
	refusal := emulator.Fault{Endpoint: "AgentManualDial", Kind: emulator.FaultBody, Count: 5, Body: `{"status":"false","message":"Token Expired","data":null}`}
	if err := a.Fail(refusal); err != nil {
		t.Fatal(err)
	}
	_, err := client.Dial(t.Context(), seat, patient, ourID)
	if !helix.IsCode(err, helix.CodeUnavailable) || !helix.IsRetryable(err) {
		t.Errorf("dial failed with %v, want a retryable UPSTREAM_UNAVAILABLE", err)
	}
	if n := a.RequestCount("AgentManualDial"); n != 2 {
		t.Errorf("%d dials were sent, want 2", n)
	}
}

package providertest

import (
	"context"
	"testing"
	"time"

	helix "github.com/helix-engage/gateway"
)

// TelephonyDriver is what the agent desk needs of a telephony provider.
type TelephonyDriver interface {
	Login(ctx context.Context, seat helix.AgentSeat) error
	Logout(ctx context.Context, seat helix.AgentSeat) error
	SetState(ctx context.Context, seat helix.AgentSeat, state helix.AgentState, reason string) error
	Dial(ctx context.Context, seat helix.AgentSeat, phone helix.Phone, uui helix.CallID) (providerCallID string, err error)
	SetRecording(ctx context.Context, providerCallID string, paused bool) error
	Abandoned(ctx context.Context) ([]helix.CallReport, error)
	AgentStates(ctx context.Context) ([]helix.AgentReport, error)
}

// Telephony is a driver with levers on its far side. Each run of the suite gets a fresh one with nobody logged in.
type Telephony struct {
	Driver TelephonyDriver
	// Dispose sums up a call with a label.
	Dispose func(ctx context.Context, seat helix.AgentSeat, providerCallID, label string) error
	// Control acts on a call that is up.
	Control func(ctx context.Context, seat helix.AgentSeat, call helix.Call, action helix.ControlAction, number helix.Phone) error

	Seat   helix.AgentSeat // an agent whom no one disturbs
	Second helix.AgentSeat // another agent with a phone of his own
	Label  string          // a label that the campaign knows
	Reason string          // a pause reason that the account knows
	Phone  helix.Phone     // a patient who answers
	Other  helix.Phone     // somebody who can be brought into a call

	Abandon func(from helix.Phone) (providerCallID string) // a patient rings and hangs up before anybody answers
	Connect func(providerCallID string)                    // agent and patient talk
	HangUp  func(providerCallID string)                    // the patient hangs up
	Placed  func() (uuis []string)                         // `uui` of every call that was placed by Dial
	State   func(helix.AgentID) helix.AgentState           // of an agent, as the far side has it
	Talk    func(providerCallID string) Talk               // what a call that is up is like
}

// patience bounds each test of a suite.
const patience = time.Minute

// call ids that the suite sends along.
const (
	firstCall  helix.CallID = "6f1d5c1e-7c0e-4a53-9d0a-000000000001"
	secondCall helix.CallID = "6f1d5c1e-7c0e-4a53-9d0a-000000000002"
)

// TestTelephony runs the suite; newHarness is called once for each of its tests.
func TestTelephony(t *testing.T, newHarness func(*testing.T) Telephony) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, context.Context, Telephony){
		"login and logout may be repeated":                 testSession,
		"a wrong password is refused":                      testPassword,
		"a phone belongs to one agent at a time":           testPhoneTaken,
		"states are set and refused in words":              testState,
		"a dial places one call and names it":              testDial,
		"nothing disturbs an agent on a call":              testBusy,
		"a disposition frees the agent and may repeat":     testDispose,
		"a disposition during the call frees him later":    testDisposeEarly,
		"hold, mute and recording may be repeated":         testTalk,
		"a third party is brought in once":                 testConference,
		"a call that is not up cannot be controlled":       testControlTooLate,
		"agents who are logged in are listed":              testAgentStates,
		"a label that the campaign lacks is replaced":      testUnknownLabel,
		"a call that does not exist cannot be disposed":    testUnknownCall,
		"abandoned calls are inbound calls that were lost": testAbandoned,
		"a caller who gave up gets a coded error":          testGivenUp,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			test(t, ctx, newHarness(t))
		})
	}
}

func testSession(t *testing.T, ctx context.Context, h Telephony) {
	for range 2 {
		must(t, h.Driver.Login(ctx, h.Seat))
	}
	if s := h.State(h.Seat.Agent); s == helix.AgentOffline {
		t.Error("the agent is offline after his login")
	}
	for range 2 {
		must(t, h.Driver.Logout(ctx, h.Seat))
	}
	if s := h.State(h.Seat.Agent); s != helix.AgentOffline {
		t.Errorf("the agent is %s after his logout", s)
	}
}

func testPassword(t *testing.T, ctx context.Context, h Telephony) {
	h.Seat.Password += "x"
	refused(t, h.Driver.Login(ctx, h.Seat), helix.CodeRejected)
}

func testPhoneTaken(t *testing.T, ctx context.Context, h Telephony) {
	must(t, h.Driver.Login(ctx, h.Seat))
	h.Second.SIPExtension = h.Seat.SIPExtension
	refused(t, h.Driver.Login(ctx, h.Second), helix.CodeAgentTaken)
}

func testState(t *testing.T, ctx context.Context, h Telephony) {
	refused(t, h.Driver.SetState(ctx, h.Seat, helix.AgentReady, ""), helix.CodeNotLoggedIn)
	must(t, h.Driver.Login(ctx, h.Seat))
	for range 2 {
		must(t, h.Driver.SetState(ctx, h.Seat, helix.AgentReady, ""))
	}
	must(t, h.Driver.SetState(ctx, h.Seat, helix.AgentPaused, h.Reason))
	if s := h.State(h.Seat.Agent); s != helix.AgentPaused {
		t.Errorf("the agent is %s after he paused", s)
	}
	refused(t, h.Driver.SetState(ctx, h.Seat, helix.AgentPaused, "no such reason"), helix.CodeBadInput)
	refused(t, h.Driver.SetState(ctx, h.Seat, helix.AgentBusy, ""), helix.CodeBadInput)
}

func testDial(t *testing.T, ctx context.Context, h Telephony) {
	refused(t, dialOnly(ctx, h, firstCall), helix.CodeAgentBusy)
	id := dial(t, ctx, h)
	if placed := h.Placed(); id == "" || len(placed) != 1 || placed[0] != string(firstCall) {
		t.Errorf("dial answered %q and placed %v, want one call with our id", id, placed)
	}
}

func testBusy(t *testing.T, ctx context.Context, h Telephony) {
	h.Connect(dial(t, ctx, h))
	refused(t, h.Driver.SetState(ctx, h.Seat, helix.AgentPaused, h.Reason), helix.CodeAgentBusy)
	refused(t, dialOnly(ctx, h, secondCall), helix.CodeAgentBusy)
	if n := len(h.Placed()); n != 1 {
		t.Errorf("%d calls were placed, want the first alone", n)
	}
}

func testDispose(t *testing.T, ctx context.Context, h Telephony) {
	id := dial(t, ctx, h)
	h.Connect(id)
	h.HangUp(id)
	if s := h.State(h.Seat.Agent); s != helix.AgentAfterCallWork {
		t.Fatalf("the agent is %s after his call", s)
	}
	refused(t, h.Driver.SetState(ctx, h.Seat, helix.AgentReady, ""), helix.CodeAgentBusy)
	for range 2 {
		must(t, h.Dispose(ctx, h.Seat, id, h.Label))
	}
	if s := h.State(h.Seat.Agent); s != helix.AgentReady {
		t.Errorf("the agent is %s after he disposed of the call", s)
	}
}

func testDisposeEarly(t *testing.T, ctx context.Context, h Telephony) {
	id := dial(t, ctx, h)
	h.Connect(id)
	must(t, h.Dispose(ctx, h.Seat, id, h.Label))
	h.HangUp(id)
	if s := h.State(h.Seat.Agent); s != helix.AgentReady {
		t.Errorf("the agent is %s after a call that was disposed of early", s)
	}
}

func testAgentStates(t *testing.T, ctx context.Context, h Telephony) {
	none, err := h.Driver.AgentStates(ctx)
	if err != nil || len(none) != 0 {
		t.Fatalf("agents are %v, %v; want none", none, err)
	}
	must(t, h.Driver.Login(ctx, h.Seat))
	must(t, h.Driver.SetState(ctx, h.Seat, helix.AgentPaused, h.Reason))
	got, err := h.Driver.AgentStates(ctx)
	if err != nil || len(got) != 1 || got[0].Agent != h.Seat.Agent || got[0].State != helix.AgentPaused || got[0].At.IsZero() {
		t.Errorf("agents are %+v, %v; want one who is paused", got, err)
	}
}

func testUnknownLabel(t *testing.T, ctx context.Context, h Telephony) {
	id := dial(t, ctx, h)
	h.Connect(id)
	h.HangUp(id)
	must(t, h.Dispose(ctx, h.Seat, id, "a label that nobody configured"))
	if s := h.State(h.Seat.Agent); s != helix.AgentReady {
		t.Errorf("the agent is %s", s)
	}
}

func testUnknownCall(t *testing.T, ctx context.Context, h Telephony) {
	refused(t, h.Dispose(ctx, h.Seat, "11111111111111111", h.Label), helix.CodeNotFound)
}

func testAbandoned(t *testing.T, ctx context.Context, h Telephony) {
	none, err := h.Driver.Abandoned(ctx)
	if err != nil || len(none) != 0 {
		t.Fatalf("abandoned calls are %v, %v; want none", none, err)
	}
	lost := h.Abandon(h.Phone)
	h.HangUp(dial(t, ctx, h)) // our own unanswered dial is none
	got, err := h.Driver.Abandoned(ctx)
	if err != nil || len(got) != 1 {
		t.Fatalf("abandoned calls are %v, %v; want one", got, err)
	}
	r := got[0]
	if r.Kind != helix.ReportAbandoned || r.Direction != helix.Inbound || r.Answered || r.Provider == "" || r.At.IsZero() {
		t.Errorf("the report %+v does not tell of a lost inbound call", r)
	}
	if r.ProviderCallID != lost || r.Phone != h.Phone {
		t.Errorf("the report is about call %s of %s, want %s of %s", r.ProviderCallID, r.Phone, lost, h.Phone)
	}
}

func testGivenUp(t *testing.T, ctx context.Context, h Telephony) {
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	refused(t, h.Driver.Login(ctx, h.Seat), helix.CodeUnavailable)
	refused(t, dialOnly(ctx, h, firstCall), helix.CodeUnavailable) // nothing was sent, and that is known
	if n := len(h.Placed()); n != 0 {
		t.Errorf("%d calls were placed", n)
	}
}

// dial makes the agent ready and dials the patient.
func dial(t *testing.T, ctx context.Context, h Telephony) string {
	t.Helper()
	must(t, h.Driver.Login(ctx, h.Seat))
	must(t, h.Driver.SetState(ctx, h.Seat, helix.AgentReady, ""))
	id, err := h.Driver.Dial(ctx, h.Seat, h.Phone, firstCall)
	must(t, err)
	return id
}

func dialOnly(ctx context.Context, h Telephony, call helix.CallID) error {
	_, err := h.Driver.Dial(ctx, h.Seat, h.Phone, call)
	return err
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// refused holds what callers rely on in a refusal: its code, and words for the user.
func refused(t *testing.T, err error, code helix.Code) {
	t.Helper()
	if !helix.IsCode(err, code) {
		t.Fatalf("error is %v, want %s", err, code)
	}
	if helix.AsError(err).Message == "" {
		t.Errorf("%s has no words for the user", code)
	}
}

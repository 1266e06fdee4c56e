package providertest

import (
	"context"
	"slices"
	"testing"
	"time"

	helix "github.com/helix-engage/gateway"
)

// DiallerDriver is what outbound AI calls need of a telephony provider.
type DiallerDriver interface {
	Dial(ctx context.Context, r helix.DialRequest) (providerCallID string, err error)
	CallLog(ctx context.Context, from, to time.Time, customer helix.Phone) ([]helix.DialReport, error)
}

// Dialler is a driver with levers on its far side. Each run of the suite gets a fresh one that has dialled nobody.
type Dialler struct {
	Driver  DiallerDriver
	Request helix.DialRequest // a dial that the far side takes

	Script func(helix.DialStatus)                              // how the next call ends: COMPLETED, BUSY or NO_ANSWER
	Play   func(providerCallID string)                         // lets the call take its course to its end
	Report func(ctx context.Context) (helix.DialReport, error) // the next callback, decoded by the driver
	Period func() (from, to time.Time)                         // of the far side, its present included
	Placed func() (providerCallIDs []string)                   // every call that was placed
	Refuse func()                                              // the next dial is refused in the provider's words
	Break  func()                                              // the next dial is read, and neither placed nor answered
	Lose   func()                                              // the next dial is placed, and its answer lost
}

// TestDialler runs the suite; newHarness is called once for each of its tests.
func TestDialler(t *testing.T, newHarness func(*testing.T) Dialler) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, context.Context, Dialler){
		"a dial places one call and names it":           testPlaced,
		"a refused dial places nothing and says so":     testRefused,
		"a dial that is not answered is open":           testBroken,
		"a call whose answer was lost is in the log":    testLost,
		"a dialler who gave up has placed nothing":      testDialGivenUp,
		"reports and the log tell of a conversation":    testConversationReported,
		"reports and the log tell of a call not taken":  testNoAnswerReported,
		"reports tell of a busy patient":                testBusyReported,
		"the log of a time without calls is empty":      testQuietLog,
		"the log of one patient leaves out the others'": testLogOfOne,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			test(t, ctx, newHarness(t))
		})
	}
}

func testPlaced(t *testing.T, ctx context.Context, h Dialler) {
	id, err := h.Driver.Dial(ctx, h.Request)
	must(t, err)
	if placed := h.Placed(); id == "" || !slices.Equal(placed, []string{id}) {
		t.Errorf("dial answered %q and placed %v", id, placed)
	}
}

func testRefused(t *testing.T, ctx context.Context, h Dialler) {
	h.Refuse()
	_, err := h.Driver.Dial(ctx, h.Request)
	refused(t, err, helix.CodeRejected)
	if placed := h.Placed(); len(placed) != 0 {
		t.Errorf("placed %v", placed)
	}
}

func testBroken(t *testing.T, ctx context.Context, h Dialler) {
	h.Break()
	_, err := h.Driver.Dial(ctx, h.Request)
	refused(t, err, helix.CodeUnknownOutcome)
	if helix.IsRetryable(err) || len(h.Placed()) != 0 {
		t.Errorf("%v is retryable, or was repeated", err)
	}
}

func testLost(t *testing.T, ctx context.Context, h Dialler) {
	h.Script(helix.DialCompleted)
	h.Lose()
	_, err := h.Driver.Dial(ctx, h.Request)
	refused(t, err, helix.CodeUnknownOutcome)
	placed := h.Placed()
	if len(placed) != 1 {
		t.Fatalf("placed %v, want one call", placed)
	}
	h.Play(placed[0])
	h.ended(t, ctx, helix.DialCompleted)
	h.logged(t, ctx, placed[0], helix.DialCompleted)
}

func testDialGivenUp(t *testing.T, ctx context.Context, h Dialler) {
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	_, err := h.Driver.Dial(ctx, h.Request)
	refused(t, err, helix.CodeUnavailable)
	if placed := h.Placed(); len(placed) != 0 {
		t.Errorf("placed %v", placed)
	}
}

func testConversationReported(t *testing.T, ctx context.Context, h Dialler) {
	h.played(t, ctx, helix.DialCompleted)
}

func testNoAnswerReported(t *testing.T, ctx context.Context, h Dialler) {
	h.played(t, ctx, helix.DialNoAnswer)
}

func testBusyReported(t *testing.T, ctx context.Context, h Dialler) {
	h.Script(helix.DialBusy)
	id, err := h.Driver.Dial(ctx, h.Request)
	must(t, err)
	h.Play(id)
	h.ended(t, ctx, helix.DialBusy)
}

func testQuietLog(t *testing.T, ctx context.Context, h Dialler) {
	from, to := h.Period()
	got, err := h.Driver.CallLog(ctx, from, to, "")
	if err != nil || len(got) != 0 {
		t.Errorf("the log is %+v, %v", got, err)
	}
	_, err = h.Driver.CallLog(ctx, to, from, "")
	refused(t, err, helix.CodeBadInput)
}

func testLogOfOne(t *testing.T, ctx context.Context, h Dialler) {
	h.played(t, ctx, helix.DialNoAnswer)
	from, to := h.Period()
	got, err := h.Driver.CallLog(ctx, from, to, "+919800000000")
	if err != nil || len(got) != 0 {
		t.Errorf("the log is %+v, %v", got, err)
	}
}

// played dials, plays the call, and wants callbacks and log to agree on how it ended.
func (h Dialler) played(t *testing.T, ctx context.Context, how helix.DialStatus) {
	t.Helper()
	h.Script(how)
	id, err := h.Driver.Dial(ctx, h.Request)
	must(t, err)
	h.Play(id)
	if last := h.ended(t, ctx, how); last.ProviderCallID != id && last.Call != h.Request.Call {
		t.Errorf("%+v is about another call", last)
	}
	h.logged(t, ctx, id, how)
}

// ended waits for the callback that tells how the call ended.
func (h Dialler) ended(t *testing.T, ctx context.Context, how helix.DialStatus) helix.DialReport {
	t.Helper()
	for answered := false; ; {
		r, err := h.Report(ctx)
		must(t, err)
		if r.Customer != "" && r.Customer != h.Request.To {
			t.Errorf("%+v is about another patient", r)
		}
		answered = answered || r.Status == helix.DialAnswered
		if !r.Finished {
			continue
		}
		if r.Status != how || answered != (how == helix.DialCompleted) {
			t.Errorf("the call ended with %+v, answered %t; want %s", r, answered, how)
		}
		return r
	}
}

// logged wants the call in the log, once.
func (h Dialler) logged(t *testing.T, ctx context.Context, id string, how helix.DialStatus) {
	t.Helper()
	from, to := h.Period()
	got, err := h.Driver.CallLog(ctx, from, to, h.Request.To)
	must(t, err)
	if len(got) != 1 || got[0].ProviderCallID != id || got[0].Status != how || !got[0].Finished || got[0].Customer != h.Request.To || got[0].At.IsZero() {
		t.Errorf("the log is %+v, want call %s that ended with %s", got, id, how)
	}
}

package outbound

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/bus"
)

// Dialler asks a telephony provider to dial.
type Dialler interface {
	// Dial places a call, once: it never repeats a request that may have left. A refusal that proves that nothing was
	// placed is a coded error other than UNKNOWN_OUTCOME; Retryable when a later dial may work. Any other error means
	// that it may have been placed.
	Dial(ctx context.Context, request helix.DialRequest) (providerCallID string, err error)
}

// CallLog is the telephony provider's own record of calls.
type CallLog interface {
	// CallLog lists what the provider knows of calls with a customer within a time.
	CallLog(ctx context.Context, from, to time.Time, customer helix.Phone) ([]helix.DialReport, error)
}

// Conversations reads finished conversations from the voice provider.
type Conversations interface {
	// Conversation reads one; NOT_FOUND while the provider does not have it (yet).
	Conversation(ctx context.Context, id string) (helix.Conversation, error)
}

// Streams is where the audio of calls arrives.
type Streams interface {
	// URL is the address that the provider streams an attempt's audio to, with a token; never logged.
	URL(call helix.CallID, attempt int) string
	// Prepare lets the voice agent be reached while the phone rings. It does not block and may fail silently.
	Prepare(call helix.CallID, voiceAgent string)
	// End ends the call's stream, wherever it is; nothing when there is none.
	End(call helix.CallID, reason helix.OutboundReason)
	// Forget removes the call's recordings, if there are any.
	Forget(ctx context.Context, call helix.CallID) error
}

// Log appends to the log of calls; package calls has it.
type Log interface {
	Append(ctx context.Context, id helix.CallID, decide func(*helix.Call) ([]helix.CallEvent, error)) (helix.Call, error)
}

// Feed is a subscriber's place in the log of calls.
type Feed interface {
	// Next waits for the next event of any call.
	Next(ctx context.Context) (*helix.CallEvent, error)
	// Checkpoint is the place so far.
	Checkpoint() *helix.CallEvent
}

// Records is where writes to FortyTwo go.
type Records interface {
	// Submit stores the writes durably; they reach FortyTwo later and at least once.
	Submit(ctx context.Context, writes ...helix.RecordWrite) error
}

// CallBacks is the missed-call queue, for patients whom a person should call.
type CallBacks interface {
	// Request takes a wish in, once per call however often it is asked.
	Request(ctx context.Context, wish CallBackWish) error
}

// CallBackWish says whom to call back.
type CallBackWish struct {
	Call   helix.CallID
	Phone  helix.Phone
	At     time.Time
	Reason string // why, without patient data
	When   string // when the patient would like it, in his words; "" when not said
}

// Gate is a rule that every dial must pass just before it is made, e.g. the calling window or the do-not-call list.
type Gate interface {
	// Pass judges a call that is about to be dialled. An error defers it shortly.
	Pass(ctx context.Context, call helix.OutboundCall) (Verdict, error)
}

// Verdict is a gate's word. The zero Verdict lets the dial pass.
type Verdict struct {
	Until  time.Time // defer the dial until then
	Refuse bool      // end the call as NOT_ALLOWED
	Detail string    // why, for the audit trail, without patient data
}

// BackOff is how long to wait before the next attempt, by how the last one ended. Up to a fifth is added at random.
type BackOff struct {
	Busy     time.Duration // 0: 2 minutes
	NoAnswer time.Duration // 0: 10 minutes
	Refused  time.Duration // 0: 30 seconds; a provider that says how long to wait is heeded
}

// Options wires a [Service]. The ports are required, Gates, Tail and Greeting are not.
type Options struct {
	Bus           *bus.Bus
	Provider      helix.Provider // who dials; "": KNOWLARITY
	Dialler       Dialler
	CallLog       CallLog
	Conversations Conversations
	Streams       Streams
	Log           Log
	Records       Records
	CallBacks     CallBacks
	Gates         []Gate                                                       // asked in order
	Tail          func(ctx context.Context, after *helix.Cursor) (Feed, error) // needed by Updates
	Leader        func(context.Context) error                                  // nil error: this replica looks after due times; nil: each does
	Greeting      func(helix.OutboundRequest) string                           // spoken by the provider before the stream

	VoiceAgent  string        // the agent of requests that name none
	TransferTo  helix.Phone   // who takes over when the voice agent is lost; "" for nobody
	Record      bool          // keep recordings
	Concurrency int           // calls that are up at once, over all replicas, give or take one for each; 0: 10
	MaxDuration time.Duration // of a stream; 0: 10 minutes
	DialTimeout time.Duration // from the intent to audio; 0: 30 s
	Patience    time.Duration // from the intent to UNKNOWN_OUTCOME without word; 0: 5 minutes
	Grace       time.Duration // for word of how a call ended; 0: 1 minute
	Expiry      time.Duration // from the time it was wanted for to its first dial; 0: 24 hours
	BackOff     BackOff
	Now         func() time.Time // nil: time.Now
	Logger      *slog.Logger     // nil: slog.Default()
}

// dialPatience bounds one request to the dialler.
const dialPatience = 20 * time.Second

func (o *Options) complete() error {
	if o.Bus == nil || o.Dialler == nil || o.CallLog == nil || o.Conversations == nil || o.Streams == nil || o.Log == nil ||
		o.Records == nil || o.CallBacks == nil {
		return errors.New("outbound: a required port is missing")
	}
	for _, d := range []struct {
		value *time.Duration
		usual time.Duration
	}{
		{&o.MaxDuration, 10 * time.Minute},
		{&o.DialTimeout, 30 * time.Second},
		{&o.Patience, 5 * time.Minute},
		{&o.Grace, time.Minute},
		{&o.Expiry, 24 * time.Hour},
		{&o.BackOff.Busy, 2 * time.Minute},
		{&o.BackOff.NoAnswer, 10 * time.Minute},
		{&o.BackOff.Refused, 30 * time.Second},
	} {
		if *d.value == 0 {
			*d.value = d.usual
		}
		if *d.value < 0 {
			return errors.New("outbound: a duration is negative")
		}
	}
	if o.Patience <= o.DialTimeout || o.DialTimeout < dialPatience {
		return fmt.Errorf("outbound: the dial time-out must be at least %s and shorter than the patience", dialPatience)
	}
	if o.Concurrency == 0 {
		o.Concurrency = 10
	}
	if o.Provider == "" {
		o.Provider = helix.ProviderKnowlarity
	}
	if o.Leader == nil {
		o.Leader = func(context.Context) error { return nil }
	}
	if o.Greeting == nil {
		o.Greeting = func(helix.OutboundRequest) string { return "" }
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return nil
}

// pause is the back-off after an outcome.
func (o *Options) pause(outcome helix.OutboundReason, atLeast time.Duration) time.Duration {
	d := o.BackOff.Refused
	switch outcome {
	case helix.ReasonBusy:
		d = o.BackOff.Busy
	case helix.ReasonNoAnswer:
		d = o.BackOff.NoAnswer
	}
	d = max(d, min(atLeast, time.Hour))
	return d + rand.N(d/5+1)
}

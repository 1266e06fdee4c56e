package knowlarity

import (
	"crypto/tls"
	"log/slog"
	"time"

	"github.com/helix-engage/gateway/sandbox/timeline"
)

// Options configure an emulator. The zero value is the account of DefaultAccount whose patients all answer.
type Options struct {
	Timeline  *timeline.Timeline // nil: one of its own over Now, driven by Run
	Now       func() time.Time   // ignored when Timeline is given
	Logger    *slog.Logger       // nil: discards
	Account   Account
	FlowPath  string // of calls with an inline flow; "" means DefaultFlowPath
	Callbacks Callbacks
	Stream    StreamSettings // of calls whose script has none
	Timing    Timing
	Pace      float64       // how many times faster than real time people talk; 0 means 1
	KeepAudio bool          // keeps what patients hear, for Server.Heard
	MaxAhead  time.Duration // of queued audio before it is a violation; 0 means 1.5 s
	TLS       *tls.Config   // for dialling streams; nil: the system's roots
	// CallbackDone is called after each attempt to deliver a callback; may be nil.
	CallbackDone func()
}

// DefaultFlowPath is where a call with an inline flow is asked for.
const DefaultFlowPath = "/Basic/v1/account/call/flow"

// Account is the emulated account.
type Account struct {
	APIKey        string   // header x-api-key
	Authorization string   // header authorization, as it is
	Channel       string   // in the path
	Numbers       []string // virtual numbers, E.164
	IVRs          []string // ids that campaigns may name
}

// DefaultAccount is the account of the sandbox's hospital.
func DefaultAccount() Account {
	return Account{
		APIKey: "knowlaritysandbox0000000000000000000000k", Authorization: "00000000-0000-4000-8000-5a4db0c00001", Channel: "Basic",
		Numbers: []string{"+918035550001"}, IVRs: []string{"ivr_sandbox"},
	}
}

// Shape is one of the forms of callbacks (knowlarity.md 5).
type Shape string

// The shapes.
const (
	CDRShape    Shape = "cdr"    // A: the record of an ended call
	QueryShape  Shape = "query"  // B: GET with account-defined keys, of an ended call
	StatusShape Shape = "status" // C: each state
)

// Callbacks are where callbacks go; without a URL nowhere.
type Callbacks struct {
	URL    string
	Shapes []Shape // nil means StatusShape and CDRShape
	Form   bool    // A and C as a form, not JSON
}

// Timing holds the durations of the account and of the people on the phones. Zero means the default.
type Timing struct {
	Place     time.Duration // from the request until the phone rings, 200 ms
	Ring      time.Duration // until the outcome, when the script says nothing, 1 s
	CDR       time.Duration // from the end of a call to its record, 1 s
	HookTries int           // 2
	HookPause time.Duration // between attempts, 2 s
}

func (o Options) withDefaults() Options {
	if o.Timeline == nil {
		o.Timeline = timeline.New(o.Now)
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Account.APIKey == "" {
		o.Account = DefaultAccount()
	}
	orDefault(&o.FlowPath, DefaultFlowPath)
	orDefault(&o.Pace, 1)
	orDefault(&o.MaxAhead, 1500*time.Millisecond)
	orDefault(&o.Timing.Place, 200*time.Millisecond)
	orDefault(&o.Timing.Ring, time.Second)
	orDefault(&o.Timing.CDR, time.Second)
	orDefault(&o.Timing.HookTries, 2)
	orDefault(&o.Timing.HookPause, 2*time.Second)
	if o.Callbacks.Shapes == nil {
		o.Callbacks.Shapes = []Shape{StatusShape, CDRShape}
	}
	return o
}

func orDefault[T comparable](value *T, otherwise T) {
	var zero T
	if *value == zero {
		*value = otherwise
	}
}

package sandbox

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/helix-engage/gateway/sandbox/elevenlabs"
	"github.com/helix-engage/gateway/sandbox/fortytwo"
	"github.com/helix-engage/gateway/sandbox/knowlarity"
	"github.com/helix-engage/gateway/sandbox/ozonetel"
)

// Traffic is how much happens by itself.
type Traffic string

// The kinds of traffic.
const (
	TrafficOff  Traffic = "off"  // nothing: calls ring in and move when the control server is told so
	TrafficCalm Traffic = "calm" // a call every few seconds, most of them answered
	TrafficBusy Traffic = "busy" // a hospital's morning: about three calls a second, peaks, redials, holds, conferences, transfers
)

// ParseTraffic reads the setting; empty means calm.
func ParseTraffic(text string) (Traffic, error) {
	switch t := Traffic(text); t {
	case "":
		return TrafficCalm, nil
	case TrafficOff, TrafficCalm, TrafficBusy:
		return t, nil
	default:
		return "", fmt.Errorf("traffic is %q, must be off, calm or busy", text)
	}
}

// Default addresses.
const (
	DefaultFortyTwoAddr   = "127.0.0.1:4101"
	DefaultOzonetelAddr   = "127.0.0.1:4102"
	DefaultKnowlarityAddr = "127.0.0.1:4103"
	DefaultElevenLabsAddr = "127.0.0.1:4104"
	DefaultControlAddr    = "127.0.0.1:4109"
)

// Options configure a sandbox. The zero value listens on the default addresses with calm traffic and pushes nowhere.
type Options struct {
	Seed    int64   // everything random follows from it
	Traffic Traffic // empty means calm
	Now     func() time.Time
	Logger  *slog.Logger // nil: discards

	// FortyTwoLine is the generation of the CRM; empty means 2.7. FortyTwoRate replaces the CRM's own rate limits where it is not zero.
	FortyTwoLine fortytwo.Line
	FortyTwoRate fortytwo.RateLimit

	FortyTwoAddr   string // host:port, ":0" style allowed; likewise below
	OzonetelAddr   string
	KnowlarityAddr string
	ElevenLabsAddr string
	ControlAddr    string

	// Empty leaves the CRM without seeded records, its members apart, for a quick start; every caller is a stranger then.
	Empty    bool
	Webhooks Webhooks
	AuthMode ozonetel.AuthMode // of the Ozonetel account; empty means TOKEN_AUTH
	// History is how many calls of yesterday the reports of the Ozonetel account know; at most 20,000.
	History int
	Limits  ozonetel.RateLimits // of the Ozonetel account
	// Timing of the Ozonetel account. Zero fields mean its defaults, except CDRDelay: 30 s here, so that a person watching sees the
	// second push.
	Timing ozonetel.Timing
	// Pace is how many times faster than real time patients and voice agents talk, for tests; 0 means 1.
	Pace float64
	// KeepAudio keeps what patients and voice agents hear, for the emulators' Heard.
	KeepAudio bool
	// Stream is how the streams of calls behave; VoiceAgents are there besides the sandbox's own two.
	Stream      knowlarity.StreamSettings
	VoiceAgents []elevenlabs.Agent
}

// Webhooks are the gateway's URLs that the emulators call, with whatever secret they carry. An empty one is not called.
type Webhooks struct {
	OzonetelEvents   string // call and agent events
	OzonetelCDR      string // call-end push
	OzonetelPop      string // screen pop
	Knowlarity       string // callbacks of outbound calls
	ElevenLabs       string // results of conversations
	ElevenLabsSecret string // signs them
	FortyTwo         string // record changes
	FortyTwoSecret   string // signs them
}

// OnFreePorts lets every emulator and the control server listen on a port that is free, of this machine alone.
func (o Options) OnFreePorts() Options {
	const free = "127.0.0.1:0"
	o.FortyTwoAddr, o.OzonetelAddr, o.KnowlarityAddr, o.ElevenLabsAddr, o.ControlAddr = free, free, free, free, free
	return o
}

func (o Options) withDefaults() Options {
	if o.Traffic == "" {
		o.Traffic = TrafficCalm
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	for _, addr := range []struct {
		value     *string
		otherwise string
	}{{&o.FortyTwoAddr, DefaultFortyTwoAddr}, {&o.OzonetelAddr, DefaultOzonetelAddr}, {&o.KnowlarityAddr, DefaultKnowlarityAddr}, {&o.ElevenLabsAddr, DefaultElevenLabsAddr}, {&o.ControlAddr, DefaultControlAddr}} {
		if *addr.value == "" {
			*addr.value = addr.otherwise
		}
	}
	if o.Timing.CDRDelay == 0 {
		o.Timing.CDRDelay = 30 * time.Second
	}
	return o
}

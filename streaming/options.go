package streaming

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"time"

	"github.com/helix-engage/gateway/internal/audio"
)

// DefaultMaxDuration is how long a call may last when its plan does not say.
const DefaultMaxDuration = 10 * time.Minute

// Options configure a [Server]. Voices, Calls, Tokens and Logger are required.
type Options struct {
	Voices     VoiceDialer
	Calls      Calls
	Tokens     *Tokens
	Recordings *Recordings // nil: nothing is recorded
	Capacity   int         // streams at once; zero: 300
	Goodbye    audio.Clip  // played before we end a call that lost its agent, one channel; empty: a soft tone
	Drain      time.Duration
	Logger     *slog.Logger

	// Dial opens connections to voice agents; nil: [net.Dialer]. It is given host and port.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Matching is how a socket finds its call.
type Matching int

// The ways.
const (
	ByToken  Matching = iota // a token stands in the path value "token"
	ByNumber                 // a fixed secret stands in the path value "secret"; the first message tells the call
)

// LineKind describes one kind of telephony sockets.
type LineKind struct {
	Name     string // in logs, e.g. "knowlarity"
	Dialect  func() Line
	Settings LineSettings
	Matching Matching
	Secret   string // ByNumber: without one every socket is refused
}

// LineSettings are the habits of a telephony provider. Zero values are the defaults.
type LineSettings struct {
	In           audio.Format  // what the line sends, unless its first message tells another rate; default pcm_16000
	Out          audio.Format  // what it is sent; default pcm_16000
	Chunk        time.Duration // length of a message of ours; default 200 ms
	Ahead        time.Duration // how far ahead of the wall clock messages are sent; default 400 ms
	MaxQueued    time.Duration // bound of the agent's words that wait to be sent; default 60 s
	Collect      time.Duration // how much of the caller's audio makes one message to the agent; default 60 ms
	Early        time.Duration // how much of it is kept while there is no agent; default 3 s
	Gain         float64       // of the caller's audio; default 1
	Ping         time.Duration // period; two that are not answered end the call; default 20 s
	NoAudio      time.Duration // silence of the socket, not of the caller, that ends the call; default 15 s
	FirstFrame   time.Duration // how long the first message may take; default 2 s
	Subprotocols []string      // that we agree to
}

func (s LineSettings) withDefaults() LineSettings {
	orFormat := func(f *audio.Format) {
		if *f == (audio.Format{}) {
			*f = audio.PCM16k
		}
	}
	or := func(d *time.Duration, value time.Duration) {
		if *d <= 0 {
			*d = value
		}
	}
	orFormat(&s.In)
	orFormat(&s.Out)
	or(&s.Chunk, 200*time.Millisecond)
	or(&s.Ahead, 400*time.Millisecond)
	or(&s.MaxQueued, time.Minute)
	or(&s.Collect, 60*time.Millisecond)
	or(&s.Early, 3*time.Second)
	or(&s.Ping, 20*time.Second)
	or(&s.NoAudio, 15*time.Second)
	or(&s.FirstFrame, 2*time.Second)
	if s.Gain == 0 {
		s.Gain = 1
	}
	return s
}

func (s LineSettings) validate() error {
	if !s.In.Valid() || !s.Out.Valid() {
		return errors.New("streaming: a line's format is not supported")
	}
	if s.Gain < 0 || s.Gain > 20 {
		return errors.New("streaming: a line's gain must be between 0 and 20")
	}
	return nil
}

func (o Options) withDefaults() (Options, error) {
	if o.Voices == nil || o.Calls == nil || o.Tokens == nil || o.Logger == nil {
		return o, errors.New("streaming: Voices, Calls, Tokens and Logger are required")
	}
	if len(o.Goodbye.Samples) > 0 && (o.Goodbye.Channels != 1 || !o.Goodbye.Format.Valid()) {
		return o, errors.New("streaming: the good-bye must be of one channel and a supported rate")
	}
	if o.Capacity <= 0 {
		o.Capacity = 300
	}
	if o.Drain <= 0 {
		o.Drain = time.Minute
	}
	if o.Dial == nil {
		o.Dial = (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}).DialContext
	}
	return o, nil
}

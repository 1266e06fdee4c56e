package knowlarity

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/helix-engage/gateway/sandbox/faults"
	"github.com/helix-engage/gateway/sandbox/hooks"
	"github.com/helix-engage/gateway/sandbox/timeline"
)

// Bounds of what the emulator remembers.
const (
	maxOpen       = 2_000
	maxRemembered = 5_000
	maxMoments    = 2_000
	maxViolations = 100
	maxOrders     = 1_000
)

// Errors of the levers.
var (
	ErrUnknownCall = errors.New("knowlarity emulator: unknown call")
	ErrNotTalking  = errors.New("knowlarity emulator: nobody is on the phone")
	ErrFull        = errors.New("knowlarity emulator: too much to remember")
)

// Server is one emulated account with the phones that it dials. Methods are safe for concurrent use.
type Server struct {
	log     *slog.Logger
	line    *timeline.Timeline
	ownLine bool // Run drives it
	options Options
	account Account
	timing  Timing
	gate    *faults.Gate
	courier *hooks.Courier
	mux     *http.ServeMux
	picked  chan *call // answered phones, whose talk Run holds

	mu        sync.Mutex
	serial    int64
	stream    StreamSettings
	callbacks Callbacks
	scripts   map[string][]Script // by number; "" for all others
	urls      map[string]string   // of streams, by virtual number
	calls     []*call             // oldest first
	orders    []*order
	watched   []string // numbers whose events are listened to
	listeners map[chan []byte]struct{}
	faulty    []string // violations of requests that made no call
}

// New makes an emulator. Errors: stream settings that make no sense.
func New(options Options) (*Server, error) {
	ownLine := options.Timeline == nil
	options = options.withDefaults()
	if err := options.Stream.check(); err != nil {
		return nil, fmt.Errorf("knowlarity emulator: %w", err)
	}
	s := &Server{
		log: options.Logger, line: options.Timeline, ownLine: ownLine, options: options, account: options.Account, timing: options.Timing,
		gate: faults.NewGate(options.Timeline.Now), picked: make(chan *call, maxOpen), stream: options.Stream, callbacks: options.Callbacks,
		scripts: make(map[string][]Script), urls: make(map[string]string), listeners: make(map[chan []byte]struct{}),
	}
	s.courier = hooks.New(hooks.Options{
		Timeline: s.line, Logger: s.log, Kinds: []string{string(CDRShape), string(QueryShape), string(StatusShape)},
		Tries: s.timing.HookTries, Pause: s.timing.HookPause, Done: options.CallbackDone,
	})
	s.mux = s.routes()
	return s, nil
}

// Handler serves every emulated endpoint.
func (s *Server) Handler() http.Handler { return s.mux }

// Run delivers callbacks, holds the talk of answered calls and, when the emulator has its own timeline, drives the timers. When ctx ends
// every stream is closed, and it returns nil.
func (s *Server) Run(ctx context.Context) error {
	var group sync.WaitGroup
	defer group.Wait()
	group.Go(func() { _ = s.courier.Run(ctx) }) // never an error
	if s.ownLine {
		group.Go(func() { _ = s.line.Run(ctx) }) // likewise
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case c := <-s.picked:
			group.Go(func() { s.talk(ctx, c) })
		}
	}
}

// Advance moves the emulator's time by d without waiting; talk stays in real time.
func (s *Server) Advance(d time.Duration) { s.line.Advance(d) }

// Account is the account's set-up, credentials included.
func (s *Server) Account() Account {
	account := s.account
	account.Numbers, account.IVRs = slices.Clone(account.Numbers), slices.Clone(account.IVRs)
	return account
}

// SetCallbacks replaces where callbacks go and in which shapes.
func (s *Server) SetCallbacks(callbacks Callbacks) {
	if callbacks.Shapes == nil {
		callbacks.Shapes = []Shape{StatusShape, CDRShape}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.callbacks = callbacks
}

// SetStream replaces the settings of streams to come. Errors: settings that make no sense.
func (s *Server) SetStream(settings StreamSettings) error {
	if err := settings.check(); err != nil {
		return fmt.Errorf("knowlarity emulator: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stream = settings
	return nil
}

// SetStreamURL is what update_wss_url does: the stream of a virtual number's calls that have no flow.
func (s *Server) SetStreamURL(number, url string) error {
	if !slices.Contains(s.account.Numbers, number) {
		return fmt.Errorf("knowlarity emulator: %d virtual numbers, not this one", len(s.account.Numbers))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.urls[number] = url
	return nil
}

// Fail arms a fault for REST requests; endpoints are those of RequestCounts. Errors: those of faults.Gate.
func (s *Server) Fail(f faults.Request) error { return s.gate.Fail(f) }

// FailCallbacks arms a fault for callbacks; kinds are the shapes. Errors: those of hooks.Courier.
func (s *Server) FailCallbacks(f hooks.Fault) error { return s.courier.Fail(f) }

// ClearFaults disarms every fault not used up.
func (s *Server) ClearFaults() {
	s.gate.Clear()
	s.courier.Clear()
}

// CallbackCounts says what became of the callbacks.
func (s *Server) CallbackCounts() hooks.Counts { return s.courier.Counts() }

// Requests are the latest requests received, oldest first, at most 1,000.
func (s *Server) Requests() []faults.Record { return s.gate.Latest() }

// RequestCounts is how many requests each endpoint has received, those with faults included.
func (s *Server) RequestCounts() map[string]int { return s.gate.Counts() }

// Calls is every remembered call, oldest first.
func (s *Server) Calls() []View {
	s.mu.Lock()
	calls := slices.Clone(s.calls)
	s.mu.Unlock()
	views := make([]View, 0, len(calls))
	for _, c := range calls {
		views = append(views, c.look())
	}
	return views
}

// Call is one call. Errors: ErrUnknownCall.
func (s *Server) Call(id string) (View, error) {
	c := s.call(id)
	if c == nil {
		return View{}, ErrUnknownCall
	}
	return c.look(), nil
}

// Violations are what we did wrong in requests and in streams; those of a call begin with its id.
func (s *Server) Violations() []string {
	s.mu.Lock()
	all := slices.Clone(s.faulty)
	s.mu.Unlock()
	for _, view := range s.Calls() {
		for _, v := range view.Violations {
			all = append(all, view.ID+": "+v)
		}
	}
	return all
}

// violation notes what is wrong with a request that makes no call; s.mu is held.
func (s *Server) violation(text string) {
	if len(s.faulty) < maxViolations {
		s.faulty = append(s.faulty, text)
	}
}

// Heard is what a patient has heard since the stream began, at speech.Rate, silence included; nil without Options.KeepAudio. Errors:
// ErrUnknownCall.
func (s *Server) Heard(id string) ([]int16, error) {
	c := s.call(id)
	if c == nil {
		return nil, ErrUnknownCall
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.kept), nil
}

// HangUp lets the patient hang up, or stop the ringing by rejecting. Errors: ErrUnknownCall, ErrNotTalking.
func (s *Server) HangUp(id string) error {
	c := s.call(id)
	if c == nil {
		return ErrUnknownCall
	}
	if state := c.state(); state == Placed || state == Ringing {
		s.end(c, ResultRejected)
		return nil
	}
	return c.pull(hangUp)
}

// Speak lets the patient speak now. Errors: ErrUnknownCall, ErrNotTalking.
func (s *Server) Speak(id string, sound []int16) error {
	c := s.call(id)
	if c == nil {
		return ErrUnknownCall
	}
	return c.pull(func(t *talk) { t.utter(sound) })
}

// Press lets the patient press a key. Errors: ErrUnknownCall, ErrNotTalking.
func (s *Server) Press(id, digit string) error {
	c := s.call(id)
	if c == nil {
		return ErrUnknownCall
	}
	return c.pull(func(t *talk) { t.press(digit) })
}

func (s *Server) call(id string) *call {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.calls, func(c *call) bool { return c.id == id })
	if i < 0 {
		return nil
	}
	return s.calls[i]
}

// nextID mints a UUID; s.mu is held.
func (s *Server) nextID() string {
	s.serial++
	return fmt.Sprintf("%08x-%04x-4a11-9e55-%012x", s.line.Now().Unix(), s.serial>>16&0xFFFF, s.serial)
}

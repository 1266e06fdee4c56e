package elevenlabs

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
	maxSigned     = 10_000
	maxLines      = 1_000
	maxKept       = 3 * time.Minute
	maxViolations = 100
)

// Errors of the levers.
var (
	ErrUnknownConversation = errors.New("elevenlabs emulator: unknown conversation")
	ErrNotOpen             = errors.New("elevenlabs emulator: the conversation is not open")
)

// Server is one emulated workspace. Methods are safe for concurrent use.
type Server struct {
	log     *slog.Logger
	line    *timeline.Timeline
	ownLine bool // Run drives it
	options Options
	timing  Timing // of conversations, Pace applied
	gate    *faults.Gate
	courier *hooks.Courier
	mux     *http.ServeMux
	faults  faults.Book[Fault]
	stopped chan struct{} // closed when Run ends
	talking sync.WaitGroup

	mu      sync.Mutex
	serial  int64
	closing bool
	webhook Webhook
	signed  map[string]*signedURL // by signature
	talks   []*conversation       // oldest first
}

// New makes an emulator. Errors: an agent that makes no sense, two with one id.
func New(options Options) (*Server, error) {
	ownLine := options.Timeline == nil
	options = options.withDefaults()
	options.Agents = slices.Clone(options.Agents)
	s := &Server{
		log: options.Logger, line: options.Timeline, ownLine: ownLine, options: options, timing: options.Timing.divide(options.Pace),
		gate: faults.NewGate(options.Timeline.Now), stopped: make(chan struct{}), webhook: options.Webhook, signed: make(map[string]*signedURL),
	}
	for i := range options.Agents {
		a := &options.Agents[i]
		if err := a.check(); err != nil {
			return nil, fmt.Errorf("elevenlabs emulator: %w", err)
		}
		if slices.ContainsFunc(options.Agents[:i], func(b Agent) bool { return b.ID == a.ID }) {
			return nil, fmt.Errorf("elevenlabs emulator: two agents with the id %q", a.ID)
		}
	}
	s.courier = hooks.New(hooks.Options{
		Timeline: s.line, Logger: s.log, Kinds: []string{transcriptionHook, audioHook}, Tries: options.Timing.HookTries,
		Pause: options.Timing.HookPause, Done: options.HookDone,
	})
	s.mux = s.routes()
	return s, nil
}

// divide makes the durations inside a conversation as many times shorter.
func (t Timing) divide(pace float64) Timing {
	for _, d := range []*time.Duration{
		&t.FirstFrame, &t.FrameGap, &t.Think, &t.ChunkGap, &t.Ping, &t.TurnTimeout, &t.ToolWait, &t.EndGrace, &t.InputTimeout,
	} {
		*d = time.Duration(float64(*d) / pace)
	}
	return t
}

// Handler serves every emulated endpoint.
func (s *Server) Handler() http.Handler { return s.mux }

// Run delivers webhooks and, when the emulator has its own timeline, drives the timers. When ctx ends it closes every conversation, waits
// for them and returns nil. It is to be called once.
func (s *Server) Run(ctx context.Context) error {
	var group sync.WaitGroup
	group.Go(func() { _ = s.courier.Run(ctx) }) // never an error
	if s.ownLine {
		group.Go(func() { _ = s.line.Run(ctx) }) // likewise
	}
	<-ctx.Done()
	s.mu.Lock()
	s.closing = true
	s.mu.Unlock()
	close(s.stopped)
	s.talking.Wait()
	group.Wait()
	return nil
}

// Advance moves the emulator's time by d without waiting; conversations stay in real time.
func (s *Server) Advance(d time.Duration) { s.line.Advance(d) }

// APIKey is the key that requests must carry.
func (s *Server) APIKey() string { return s.options.APIKey }

// SetWebhook replaces where post-call webhooks go.
func (s *Server) SetWebhook(webhook Webhook) {
	orDefault(&webhook.Secret, DefaultWebhookSecret)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.webhook = webhook
}

// Fail arms a fault for REST requests and the opening of sockets; endpoints are those of RequestCounts. Errors: those of faults.Gate.
func (s *Server) Fail(f faults.Request) error { return s.gate.Fail(f) }

// FailHooks arms a fault for webhooks; hooks.Spoil gives them a wrong signature. Errors: those of hooks.Courier.
func (s *Server) FailHooks(f hooks.Fault) error { return s.courier.Fail(f) }

// ClearFaults disarms every fault not used up.
func (s *Server) ClearFaults() {
	s.gate.Clear()
	s.courier.Clear()
	s.faults.Clear()
}

// HookCounts says what became of the webhooks.
func (s *Server) HookCounts() hooks.Counts { return s.courier.Counts() }

// Requests are the latest requests received, oldest first, at most 1,000.
func (s *Server) Requests() []faults.Record { return s.gate.Latest() }

// RequestCounts is how many requests each endpoint has received, those with faults included.
func (s *Server) RequestCounts() map[string]int { return s.gate.Counts() }

// Conversations is every remembered conversation, oldest first.
func (s *Server) Conversations() []View {
	s.mu.Lock()
	talks := slices.Clone(s.talks)
	s.mu.Unlock()
	views := make([]View, 0, len(talks))
	for _, c := range talks {
		views = append(views, c.look())
	}
	return views
}

// Conversation is one conversation. Errors: ErrUnknownConversation.
func (s *Server) Conversation(id string) (View, error) {
	c := s.conversation(id)
	if c == nil {
		return View{}, ErrUnknownConversation
	}
	return c.look(), nil
}

// Heard is what an agent has heard since the conversation began, at speech.Rate; nil without Options.KeepAudio. Errors:
// ErrUnknownConversation.
func (s *Server) Heard(id string) ([]int16, error) {
	c := s.conversation(id)
	if c == nil {
		return nil, ErrUnknownConversation
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.kept), nil
}

// Violations are what peers did wrong in any remembered conversation, each with the conversation's id.
func (s *Server) Violations() []string {
	var all []string
	for _, view := range s.Conversations() {
		for _, v := range view.Violations {
			all = append(all, view.ID+": "+v)
		}
	}
	return all
}

// End closes a conversation from the platform's side. Code 0 resets the connection. Errors: ErrUnknownConversation, ErrNotOpen.
func (s *Server) End(id string, code int, reason string) error {
	c := s.conversation(id)
	if c == nil {
		return ErrUnknownConversation
	}
	select {
	case c.levers <- func() { c.end(code, reason, "") }:
		return nil
	case <-c.over:
		return ErrNotOpen
	}
}

func (s *Server) conversation(id string) *conversation {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.talks, func(c *conversation) bool { return c.id == id })
	if i < 0 {
		return nil
	}
	return s.talks[i]
}

func (s *Server) agent(id string) *Agent {
	i := slices.IndexFunc(s.options.Agents, func(a Agent) bool { return a.ID == id })
	if i < 0 {
		return nil
	}
	return &s.options.Agents[i]
}

// nextID mints ids; s.mu is held.
func (s *Server) nextID(prefix string) string {
	s.serial++
	return fmt.Sprintf("%s_%012x%08x", prefix, s.line.Now().UnixMilli(), s.serial)
}

// admit takes a conversation in. False: the agent or the emulator is full, or it stops.
func (s *Server) admit(c *conversation) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	open, ofAgent := 0, 0
	for _, other := range s.talks {
		if other.isOpen() {
			open++
			if other.agent == c.agent {
				ofAgent++
			}
		}
	}
	if s.closing || open >= maxOpen || (c.agent.Concurrency > 0 && ofAgent >= c.agent.Concurrency) {
		return false
	}
	if c.id == "" {
		c.id = s.nextID("conv")
	}
	if len(s.talks) >= maxRemembered {
		if i := slices.IndexFunc(s.talks, func(c *conversation) bool { return !c.isOpen() }); i >= 0 {
			s.talks = slices.Delete(s.talks, i, i+1)
		}
	}
	s.talks = append(s.talks, c)
	s.talking.Add(1)
	return true
}

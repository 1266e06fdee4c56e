package streaming

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	helix "github.com/helix-engage/gateway"
)

// Server takes the sockets of telephony providers and joins each with a voice agent. It is safe for concurrent use.
type Server struct {
	opts     Options
	prepared prepared

	mu       sync.Mutex
	calls    map[helix.CallID]*call // attached
	streams  int                    // admitted, attached or not
	running  map[*call]struct{}     // those of streams that are served
	stopping bool
	idle     sync.WaitGroup // streams
}

// NewServer makes a server.
func NewServer(opts Options) (*Server, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Server{opts: opts, calls: map[helix.CallID]*call{}, running: map[*call]struct{}{}}
	s.prepared = prepared{server: s, legs: map[helix.CallID]*parked{}}
	return s, nil
}

// Run lets calls be recorded until ctx ends. Then no stream is taken any more; calls that last longer than [Options].Drain are
// ended politely. It returns when all are over and their recordings are on disk.
func (s *Server) Run(ctx context.Context) error {
	recording, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var writers sync.WaitGroup
	if s.opts.Recordings != nil {
		writers.Go(func() { s.opts.Recordings.run(recording) })
	}
	<-ctx.Done()
	s.mu.Lock()
	s.stopping = true
	s.mu.Unlock()
	s.prepared.dropAll()
	hurry := time.AfterFunc(s.opts.Drain, func() {
		for _, c := range s.all() {
			c.end(ending{reason: helix.ReasonVoiceFailed, polite: true, detail: "the gateway is being stopped"})
		}
	})
	defer hurry.Stop()
	s.idle.Wait()
	stop()
	writers.Wait()
	return nil
}

// Active is how many streams are open.
func (s *Server) Active() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.streams
}

// Prepare opens a socket to the voice agent of a call that is being dialled, so that the agent can speak as soon as the
// patient answers. It does not wait. A socket that is not used within a minute is closed; a failure only means that the
// socket is opened later.
func (s *Server) Prepare(call helix.CallID, agent string) { s.prepared.add(call, agent) }

// End ends a call's stream, if there is one, and what was prepared for it.
func (s *Server) End(call helix.CallID, reason helix.OutboundReason) {
	s.prepared.drop(call)
	s.mu.Lock()
	c := s.calls[call]
	s.mu.Unlock()
	if c != nil {
		c.end(ending{reason: reason, detail: "ended on request"})
	}
}

// Handler serves the sockets of one kind of lines: GET requests with the path value that its [Matching] names.
func (s *Server) Handler(kind LineKind) (http.Handler, error) {
	kind.Settings = kind.Settings.withDefaults()
	if err := kind.Settings.validate(); err != nil {
		return nil, err
	}
	if kind.Dialect == nil {
		return nil, errors.New("streaming: a kind of line needs a dialect")
	}
	return newEntrance(s, kind), nil
}

func (s *Server) all() []*call {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*call, 0, len(s.running))
	for c := range s.running {
		all = append(all, c)
	}
	return all
}

// admit takes a place for a stream, or tells with which close code it is refused.
func (s *Server) admit() (code int, reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.stopping:
		return closeTryLater, "stopping"
	case s.streams >= s.opts.Capacity:
		return closeTryLater, "full"
	}
	s.streams++
	s.idle.Add(1)
	return 0, ""
}

// leave gives the place back.
func (s *Server) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.streams--
	s.idle.Done()
}

// serving and served keep the calls that run.
func (s *Server) serving(c *call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running[c] = struct{}{}
}

func (s *Server) served(c *call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.running, c)
	if s.calls[c.plan.Call] == c {
		delete(s.calls, c.plan.Call)
	}
}

// hold makes c the stream of a call; false when the call has one.
func (s *Server) hold(call helix.CallID, c *call) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if other := s.calls[call]; other != nil && other != c {
		return false
	}
	s.calls[call] = c
	return true
}

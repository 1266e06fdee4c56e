package ozonetel

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/helix-engage/gateway/sandbox/faults"
	"github.com/helix-engage/gateway/sandbox/timeline"
)

// Bounds of what the emulator remembers.
const (
	maxOpenCalls = 1_000 // more are refused with ErrFull
	maxCalls     = 5_000 // the oldest ended calls are forgotten beyond it
	maxPlans     = 100   // dial plans waiting

	maxHistory  = 100_000             // ended calls that the reports know; the oldest are forgotten beyond it
	historyLife = 15 * 24 * time.Hour // as the vendor's (ozonetel.md 9)
)

// Server is one emulated CloudAgent account. Methods are safe for concurrent use; unexported ones that touch state want mu held.
type Server struct {
	log     *slog.Logger
	line    *timeline.Timeline
	ownLine bool // Run drives it
	account Account
	timing  Timing
	mux     *http.ServeMux

	faults   faults.Book[Fault]
	requests faults.Log[RequestRecord]
	pushes   *pusher

	mu             sync.Mutex
	ids            idSource
	tokens         tokenStore
	stopped        bool // the campaign takes no manual dials
	rateLimits     RateLimits
	windows        map[family]*window
	agents         []*agent
	calls          map[string]*call // by UCID
	order          []*call          // oldest first
	history        []*call          // ended, for the reports, oldest end first
	open           int              // calls not ended
	dialPlans      []DialPlan
	usualDial      func() DialPlan
	autoDistribute bool
	targets        PushTargets
}

// New makes an emulator. Errors: two agents with one id, too much history.
func New(options Options) (*Server, error) {
	ownLine := options.Timeline == nil
	options = options.withDefaults()
	s := &Server{
		log:            options.Logger,
		line:           options.Timeline,
		ownLine:        ownLine,
		account:        options.Account,
		timing:         options.Timing,
		ids:            newIDSource(options.Seed, options.Timeline.Now()),
		tokens:         newTokenStore(options.Seed),
		rateLimits:     options.Limits,
		windows:        make(map[family]*window),
		calls:          make(map[string]*call),
		autoDistribute: options.AutoDistribute,
		targets:        options.Push,
	}
	for _, profile := range options.Agents {
		if s.agent(profile.ID) != nil {
			return nil, errors.New("ozonetel emulator: two agents with the id " + profile.ID)
		}
		if profile.Mode == "" {
			profile.Mode = "blended"
		}
		s.agents = append(s.agents, &agent{AgentProfile: profile, state: Offline, since: s.line.Now(), counted: s.line.Now()})
	}
	if err := s.seedHistory(options.History, options.Seed); err != nil {
		return nil, err
	}
	s.pushes = newPusher(options)
	s.mux = s.routes()
	return s, nil
}

// Handler serves every emulated endpoint.
func (s *Server) Handler() http.Handler { return s.mux }

// Run delivers pushes and, when the emulator has its own timeline, drives the timers. It returns nil when ctx ends.
func (s *Server) Run(ctx context.Context) error {
	var group sync.WaitGroup
	group.Go(func() { s.pushes.run(ctx) })
	if s.ownLine {
		group.Go(func() { _ = s.line.Run(ctx) })
	}
	group.Wait()
	return nil
}

// Advance moves the emulator's time by d without waiting; timers due on the way fire. It drives a given Timeline too.
func (s *Server) Advance(d time.Duration) { s.line.Advance(d) }

// Account is the account's set-up, credentials included.
func (s *Server) Account() Account {
	account := s.account
	account.Dispositions = slices.Clone(account.Dispositions)
	account.PauseReasons = slices.Clone(account.PauseReasons)
	return account
}

// AgentView is what an observer sees of an agent.
type AgentView struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	State     AgentState `json:"state"`
	Since     time.Time  `json:"since"`
	Reason    string     `json:"pauseReason,omitempty"`
	Number    string     `json:"number,omitempty"` // bound at login
	UCID      string     `json:"ucid,omitempty"`   // the call he is offered, talks on or wraps up
	Simulated bool       `json:"simulated"`
	Stuck     bool       `json:"stuck,omitempty"` // the line takes no call until releaseFwpNumber
}

// Agents is the directory with live states, in directory order.
func (s *Server) Agents() []AgentView {
	s.mu.Lock()
	defer s.mu.Unlock()
	views := make([]AgentView, 0, len(s.agents))
	for _, a := range s.agents {
		view := AgentView{ID: a.ID, Name: a.Name, State: a.state, Since: a.since, Reason: a.pauseReason, Number: a.number, Simulated: a.Simulated, Stuck: a.stuck}
		if a.call != nil {
			view.UCID = a.call.ucid
		}
		views = append(views, view)
	}
	return views
}

// Profiles is the configured directory, passwords included.
func (s *Server) Profiles() []AgentProfile {
	profiles := make([]AgentProfile, 0, len(s.agents))
	for _, a := range s.agents {
		profiles = append(profiles, a.AgentProfile)
	}
	return profiles
}

// CallView is what an observer sees of a call.
type CallView struct {
	UCID       string    `json:"ucid"`
	Direction  string    `json:"direction"` // inbound or manual
	State      CallState `json:"state"`
	Phone      string    `json:"phone"` // ten national digits, or as dialled
	AgentID    string    `json:"agentId,omitempty"`
	UUI        string    `json:"uui,omitempty"`
	StartedAt  time.Time `json:"startedAt"`
	AnsweredAt time.Time `json:"answeredAt,omitzero"`
	EndedAt    time.Time `json:"endedAt,omitzero"`
	HangupBy   string    `json:"hangupBy,omitempty"`
	Held       bool      `json:"held,omitempty"` // the customer hears music
	Muted      bool      `json:"muted,omitempty"`
	// RecordingPaused: what is said now will not be in the recording.
	RecordingPaused bool `json:"recordingPaused,omitempty"`
	// Parties are those called into the call, in order; AgentGone: the agent left the customer with them.
	Parties     []PartyView `json:"parties,omitempty"`
	AgentGone   bool        `json:"agentGone,omitempty"`
	Disposition string      `json:"disposition,omitempty"`
	Comments    string      `json:"comments,omitempty"`
}

// Calls is every remembered call, oldest first.
func (s *Server) Calls() []CallView {
	s.mu.Lock()
	defer s.mu.Unlock()
	views := make([]CallView, 0, len(s.order))
	for _, c := range s.order {
		views = append(views, c.view())
	}
	return views
}

// Call is one call. Errors: ErrUnknownCall.
func (s *Server) Call(ucid string) (CallView, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.calls[ucid]
	if c == nil {
		return CallView{}, ErrUnknownCall
	}
	return c.view(), nil
}

func (c *call) view() CallView {
	view := CallView{
		UCID: c.ucid, Direction: string(c.kind), State: c.state, Phone: c.phone, UUI: c.uui,
		StartedAt: c.started, AnsweredAt: c.answered, EndedAt: c.ended, HangupBy: c.hangupBy,
		Disposition: c.disposition, Comments: c.comments,
		Held: c.held, Muted: c.muted, RecordingPaused: c.recordingPaused, AgentGone: c.agentGone,
	}
	for _, p := range c.parties {
		view.Parties = append(view.Parties, PartyView{Number: p.number, State: p.state})
	}
	if c.agent != nil {
		view.AgentID = c.agent.ID
	}
	return view
}

// LogIn logs an agent in from outside the API, as the vendor's toolbar would, and makes him READY. Errors: ErrUnknownAgent, ErrIllegalMove.
func (s *Server) LogIn(agentID string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.agent(agentID)
	if a == nil {
		return ErrUnknownAgent
	}
	return s.logIn(a, a.Number, a.Mode, Ready)
}

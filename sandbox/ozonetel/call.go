package ozonetel

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/helix-engage/gateway/sandbox/timeline"
)

// Errors of the moves that a test or the traffic asks for.
var (
	ErrIllegalMove  = errors.New("ozonetel emulator: illegal move")
	ErrUnknownCall  = errors.New("ozonetel emulator: unknown call")
	ErrUnknownAgent = errors.New("ozonetel emulator: unknown agent")
	ErrFull         = errors.New("ozonetel emulator: too many open calls")
	ErrBadNumber    = errors.New("ozonetel emulator: not a phone number")
)

// CallState is where a call stands.
type CallState string

// The states of a call.
const (
	Queued          CallState = "queued"           // inbound, no agent yet (IVR or queue)
	AgentRinging    CallState = "agent-ringing"    // offered to an agent, or the agent leg of a manual dial
	CustomerRinging CallState = "customer-ringing" // manual only: the agent leg is up, the customer's phone rings
	Answered        CallState = "answered"
	Ended           CallState = "ended"
)

// callMoves is the transition table; every other move is refused. Which of them a call may make depends on its kind too:
// only an inbound call is queued, only a manual one rings a customer.
var callMoves = map[CallState][]CallState{
	Queued:          {AgentRinging, Ended},
	AgentRinging:    {Answered, CustomerRinging, Queued, Ended},
	CustomerRinging: {Answered, Ended},
	Answered:        {Ended},
	Ended:           {},
}

// callKind is who began the call.
type callKind string

const (
	inbound callKind = "inbound"
	manual  callKind = "manual"
)

// Who hung up, as HangupBy spells it (ozonetel.md 12.3).
const (
	UserHangup  = "UserHangup"
	AgentHangup = "AgentHangup"
)

// call is one call. Guarded by Server.mu.
type call struct {
	ucid  string // also its monitorUCID: no call has a second leg of its own yet
	kind  callKind
	state CallState
	phone string // ten national digits, or whatever was dialled when it is no Indian number
	uui   string

	agent       *agent // who is offered, talks or talked last; nil while no agent's phone has rung
	agentNumber string // that agent's number at the time, or that of the phone that dials without an agent
	phoneName   string // its label

	started  time.Time
	answered time.Time // zero: never
	ended    time.Time

	offered  time.Time // an agent's phone rang first; zero: never
	rang     time.Time // a dialled customer's phone rang; zero: never
	wrapping time.Time // the agent's after-call work began; zero: never
	wrapped  time.Time // the agent's after-call work was over; zero: not yet, or none
	unpushed bool      // no push tells of it

	limit time.Duration // of the talk, 0: none

	held            bool
	heldSince       time.Time
	heldFor         time.Duration // finished holds
	muted           bool
	recordingPaused bool
	parties         []*party // whom CONFERENCE called, in order
	agentGone       bool     // kicked while others talk on: a transfer

	hangupBy       string
	agentStatus    string // AgentStatus of 12.3
	customerStatus string // CustomerStatus of 12.3

	disposition  string
	comments     string
	autoDisposed bool // the label is the wrap-up timer's, a person may still replace it
	queued       *dispositionOrder

	caller CallerPlan
	dial   DialPlan
	moves  int               // how often the state changed; tells a timer of an earlier stay in the same state
	timers []*timeline.Timer // of this call's present state
}

// CallerPlan is what an inbound caller and the agent's emulated phone will do. A zero duration: nothing by itself, the control API decides.
type CallerPlan struct {
	IVR      time.Duration // time in the announcement before the call can be offered
	Patience time.Duration // hangs up when not answered by then
	Pickup   time.Duration // an offered agent's phone is picked up after this
	Talk     time.Duration // the caller hangs up after this long a talk
	WrapUp   time.Duration // a simulated colleague disposes after this
	Label    string        // with this label
	Unpushed bool          // the call is never pushed: only the reports know it
	Acts     []Act         // what a simulated colleague does while they talk
}

// DialOutcome is what a dialled customer does.
type DialOutcome string

// The outcomes of a manual dial.
const (
	CustomerAnswers  DialOutcome = "answer"
	CustomerBusy     DialOutcome = "busy"
	CustomerNoAnswer DialOutcome = "noanswer"
	AgentNoAnswer    DialOutcome = "agent-noanswer" // the agent leg itself is not picked up
	HandDriven       DialOutcome = "manual"         // every step waits for the control API
)

// DialPlan is the behaviour of the next dialled customer. Zero durations mean the account's Timing; a zero Talk: nobody hangs up by
// himself.
type DialPlan struct {
	Outcome   DialOutcome
	AgentRing time.Duration
	Ring      time.Duration
	Talk      time.Duration
	Unpushed  bool // the call is never pushed: only the reports know it
}

// moveCall changes a call's state and drops the timers of the state it leaves. Server.mu is held.
func (s *Server) moveCall(c *call, to CallState) error {
	legal := slices.Contains(callMoves[c.state], to) &&
		(to != Queued || c.kind == inbound) &&
		(to != CustomerRinging || c.kind == manual) &&
		(to != Answered || c.kind == inbound || c.state == CustomerRinging)
	if !legal {
		return fmt.Errorf("%w: %s call is %s, cannot become %s", ErrIllegalMove, c.kind, c.state, to)
	}
	for _, timer := range c.timers {
		timer.Stop()
	}
	c.timers = nil
	c.state = to
	c.moves++
	return nil
}

// in schedules fn for this call, unless the call leaves its present state before.
func (s *Server) in(c *call, d time.Duration, fn func()) {
	stay := c.moves
	c.timers = append(c.timers, s.line.After(d, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if c.moves == stay {
			fn()
		}
	}))
}

// timeToAnswer is the wait before the talk, or the whole call when there was none.
func (c *call) timeToAnswer() time.Duration {
	if c.answered.IsZero() {
		return c.ended.Sub(c.started)
	}
	return c.answered.Sub(c.started)
}

func (c *call) wasAnswered() bool { return !c.answered.IsZero() }

package desk

import (
	"context"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel/trace"

	helix "github.com/helix-engage/gateway"
)

// Telephony is the provider that agents work with. Its commands return coded errors; all but Dial may be repeated.
type Telephony interface {
	// Login opens the agent's session; to have one already is success.
	Login(ctx context.Context, seat helix.AgentSeat) error
	// Logout ends it; to have none is success.
	Logout(ctx context.Context, seat helix.AgentSeat) error
	// SetState asks for READY or PAUSED; AGENT_BUSY while a call or after-call work is in the way.
	SetState(ctx context.Context, seat helix.AgentSeat, state helix.AgentState, reason string) error
	// Dial asks for a call once. UNKNOWN_OUTCOME means that it may ring; every other error that it does not.
	Dial(ctx context.Context, seat helix.AgentSeat, phone helix.Phone, call helix.CallID) (providerCallID string, err error)
	// AgentStates lists the agents who are logged in, as of now; who is missing is offline.
	AgentStates(ctx context.Context) ([]helix.AgentReport, error)
	// Control acts on a call that is up; NOT_FOUND when it is not. number is whom to bring in or to drop.
	Control(ctx context.Context, seat helix.AgentSeat, call helix.Call, action helix.ControlAction, number helix.Phone) error
	// SetRecording pauses or resumes the recording of a call that is up.
	SetRecording(ctx context.Context, providerCallID string, paused bool) error
	// Abandoned lists inbound calls that reached nobody, of today at least.
	Abandoned(ctx context.Context) ([]helix.CallReport, error)
	// CallDetails lists the records of a calendar day's calls in the order in which they began; callers must not change it.
	CallDetails(ctx context.Context, day time.Time) ([]helix.CallDetail, error)
	// AgentDays tells how long each agent who worked on a calendar day was in which state.
	AgentDays(ctx context.Context, day time.Time) ([]helix.AgentDay, error)
	// Dispositions lists the labels that the seat's campaign accepts.
	Dispositions(ctx context.Context, seat helix.AgentSeat) ([]string, error)
	// Dispose saves a disposition and frees the agent; a call that is disposed already is success.
	Dispose(ctx context.Context, seat helix.AgentSeat, call helix.Call, d helix.Disposition) error
}

// Calls is the log of calls.
type Calls interface {
	// Get reads a call; NOT_FOUND when nobody has heard of it.
	Get(ctx context.Context, id helix.CallID) (helix.Call, error)
	// Append adds the events that decide yields for the call as it is (nil: unknown); decide may be asked again.
	Append(ctx context.Context, id helix.CallID, decide func(*helix.Call) ([]helix.CallEvent, error)) (helix.Call, error)
	// BeginDial takes the agent's only place for an open dial; AGENT_BUSY while an earlier one is open.
	BeginDial(ctx context.Context, agent helix.AgentID, dial helix.OpenDial) error
	// NameDial keeps the provider's id of the agent's open dial.
	NameDial(ctx context.Context, agent helix.AgentID, p helix.Provider, call helix.CallID, providerCallID string) error
	// DialOf reads the agent's last dial.
	DialOf(ctx context.Context, agent helix.AgentID) (helix.OpenDial, error)
}

// Records is where writes to FortyTwo go.
type Records interface {
	// Submit stores writes durably.
	Submit(ctx context.Context, writes ...helix.RecordWrite) error
	// SubmitAndWait also waits for FortyTwo to have them; written is false when that takes longer than patience.
	SubmitAndWait(ctx context.Context, patience time.Duration, writes ...helix.RecordWrite) (written bool, err error)
}

// CRM is what is read from FortyTwo.
type CRM interface {
	// ContactByPhone tells whose number it is, as far as access may see.
	ContactByPhone(ctx context.Context, access helix.Access, phone helix.Phone) (helix.Contact, error)
	// CallerByPhone tells all that is known of a caller; its parts fail apart.
	CallerByPhone(ctx context.Context, access helix.Access, phone helix.Phone) (helix.CallerProfile, error)
	// FollowUpsDue lists a member's open follow-ups in order of (dueAt, id), and counts them.
	FollowUpsDue(ctx context.Context, access helix.Access, m helix.MemberID, q helix.DueQuery) ([]helix.FollowUpRecord, helix.DueCounts, error)
	// LeadsWaiting lists a member's uncontacted leads in order of (createdAt, id), and counts them.
	LeadsWaiting(ctx context.Context, access helix.Access, m helix.MemberID, q helix.DueQuery) ([]helix.LeadRecord, helix.DueCounts, error)
	// Search finds patients, leads and appointments; the kinds fail apart.
	Search(ctx context.Context, access helix.Access, q helix.SearchQuery) (helix.SearchResults, error)
}

// Options wires a [Desk].
type Options struct {
	Telephony Telephony
	Calls     Calls
	Records   Records
	CRM       CRM
	Agents    *Agents
	Queue     *Queue
	Seats     []helix.AgentSeat // the agent directory
	Now       func() time.Time
	Logger    *slog.Logger
	Tracer    trace.Tracer
	// PauseReason is sent when an agent pauses without one; it must be configured in the telephony account.
	PauseReason string
	// WrapUpLimit is how long after-call work may last before the call is disposed in the agent's stead.
	WrapUpLimit time.Duration
}

// Desk is what agents do. It is safe for concurrent use.
type Desk struct {
	telephony   Telephony
	calls       Calls
	records     Records
	crm         CRM
	agents      *Agents
	queue       *Queue
	seats       []helix.AgentSeat
	now         func() time.Time
	log         *slog.Logger
	tracer      trace.Tracer
	pauseReason string
	wrapUpLimit time.Duration
	lookups     *lookups
}

// New makes a desk.
func New(o Options) *Desk {
	return &Desk{
		telephony: o.Telephony, calls: o.Calls, records: o.Records, crm: o.CRM, agents: o.Agents, queue: o.Queue, seats: o.Seats,
		now: o.Now, log: o.Logger, tracer: o.Tracer, pauseReason: o.PauseReason, wrapUpLimit: o.WrapUpLimit, lookups: newLookups(o.Now),
	}
}

// Worker is a member at his desk: who acts.
type Worker struct {
	Member helix.MemberID
	Name   string
	Token  string // FortyTwo is read with his rights
	Seat   helix.AgentSeat

	Supervisor bool
}

// Access is the worker's own rights in FortyTwo.
func (w Worker) Access() helix.Access { return helix.AsUser(w.Token) }

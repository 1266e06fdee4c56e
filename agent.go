package helix

import "time"

// AgentID is an agent's login name at the telephony provider, e.g. "agent3".
type AgentID string

// MemberID is the id of a FortyTwo workspace member: the record that relations such as `assignee` point to.
type MemberID string

// AgentState is what an agent is doing, in the words of a contact centre.
type AgentState string

// The states of an agent.
const (
	AgentOffline       AgentState = "OFFLINE"         // no telephony session
	AgentIdle          AgentState = "IDLE"            // logged in, neither ready nor paused
	AgentReady         AgentState = "READY"           // waits for a call
	AgentPaused        AgentState = "PAUSED"          // on a break; see the reason
	AgentRinging       AgentState = "RINGING"         // is being offered a call
	AgentBusy          AgentState = "BUSY"            // is talking
	AgentAfterCallWork AgentState = "AFTER_CALL_WORK" // the call is over, the disposition is missing
	AgentUnknown       AgentState = "UNKNOWN"         // the provider says something that we have no word for
)

// OnCall reports whether a call occupies the agent.
func (s AgentState) OnCall() bool { return s == AgentRinging || s == AgentBusy }

// AgentSeat is an entry of the agent directory: which member works as which agent, on which phone. Password is needed
// in clear at login (ozonetel.md 2) and never leaves the process otherwise.
type AgentSeat struct {
	Email        string // of the FortyTwo workspace member, lower case
	Agent        AgentID
	Password     string
	SIPExtension string // or phone number that the provider rings
	Campaign     string
	DID          string // number that the campaign shows, "91" and ten digits (ozonetel.md 0)
}

// DeskAgent is an agent at a desk: who, in which state, with what open.
type DeskAgent struct {
	ID           AgentID
	Member       MemberID
	Name         string // the member's full name, as records carry it
	State        AgentState
	StateSince   time.Time
	StateReason  string // pause reason, or the provider's own word for an unknown state
	Wanted       AgentState
	SIPExtension string
	Campaign     string
	DID          string
	CurrentCall  CallID // the call that is offered, up, or waits for its disposition; "" when none
}

// AgentReport is what the provider says of an agent.
type AgentReport struct {
	Agent  AgentID
	State  AgentState
	Reason string
	Call   CallID    // when the provider names the call
	At     time.Time // when it happened, by the provider's clock
}

package outbound

import (
	"slices"
	"strings"

	helix "github.com/helix-engage/gateway"
)

// transition is a move that a call may make, and when it does.
type transition struct {
	from, to helix.OutboundState
	when     string
}

// transitions is every move. Any other one is refused and logged.
func transitions() []transition {
	const (
		initiating, dialing, connected = helix.OutboundInitiating, helix.OutboundDialing, helix.OutboundConnected
		active, disconnected           = helix.OutboundActive, helix.OutboundDisconnected
		completed, failed              = helix.OutboundCompleted, helix.OutboundFailed
	)
	return []transition{
		{initiating, dialing, "its turn has come, the intent is stored"},
		{initiating, connected, "an earlier attempt is answered late, the retry is cancelled"},
		{initiating, failed, "cancelled, not allowed, expired, or an earlier attempt turns out to be over"},
		{dialing, initiating, "busy, no answer, refused, and another attempt is left"},
		{dialing, connected, "answered, or its audio arrives"},
		{dialing, failed, "no attempt is left, rejected, outcome unknown, cancelled"},
		{connected, active, "the voice agent is there"},
		{connected, disconnected, "the audio ends without word"},
		{connected, completed, "handed over to a person before the voice agent was there"},
		{connected, failed, "no audio, no voice agent, hung up before it spoke, cancelled"},
		{active, disconnected, "the audio ends without word"},
		{active, completed, "the conversation is over"},
		{active, failed, "the voice agent is lost, cancelled"},
		{disconnected, completed, "report, results or patience tell that they talked"},
		{disconnected, failed, "report, results or patience tell that they did not, cancelled"},
	}
}

// States lists all states in the order in which a call passes them.
func States() []helix.OutboundState {
	return []helix.OutboundState{
		helix.OutboundInitiating, helix.OutboundDialing, helix.OutboundConnected, helix.OutboundActive,
		helix.OutboundDisconnected, helix.OutboundCompleted, helix.OutboundFailed,
	}
}

// Allowed reports whether a call may move from a state to another.
func Allowed(from, to helix.OutboundState) bool {
	return slices.ContainsFunc(transitions(), func(t transition) bool { return t.from == from && t.to == to })
}

// Diagram draws the table in Mermaid.
func Diagram() string {
	var b strings.Builder
	b.WriteString("stateDiagram-v2\n    [*] --> INITIATING: startOutboundCall\n")
	for _, t := range transitions() {
		b.WriteString("    " + string(t.from) + " --> " + string(t.to) + ": " + t.when + "\n")
	}
	b.WriteString("    COMPLETED --> [*]\n    FAILED --> [*]\n")
	return b.String()
}

// repeatable reports whether an attempt that ended so may be followed by another. A refusal may only when the provider
// said that trying again helps.
func repeatable(outcome helix.OutboundReason) bool {
	return outcome == helix.ReasonBusy || outcome == helix.ReasonNoAnswer || outcome == helix.ReasonRefused
}

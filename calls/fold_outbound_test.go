package calls

import (
	"testing"
	"time"

	helix "github.com/helix-engage/gateway"
)

func TestAnOutboundAICallIsACallAmongOthers(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 14, 10, 0, 0, 0, time.UTC)
	var call helix.Call
	entry := 0
	tell := func(kind helix.EventKind, state helix.OutboundState, reason helix.OutboundReason) {
		at = at.Add(time.Minute)
		if kind == helix.EventOutboundState {
			entry++
		}
		call = fold(call, helix.CallEvent{
			Kind: kind, At: at, Call: "c", Phone: "+919812345678", Direction: helix.Outbound,
			Outbound: &helix.OutboundChange{State: state, Reason: reason, Entry: entry},
		})
	}
	for _, step := range []struct {
		kind  helix.EventKind
		to    helix.OutboundState
		state helix.CallState
	}{
		{helix.EventOutboundState, helix.OutboundInitiating, ""},
		{helix.EventOutboundState, helix.OutboundDialing, helix.CallDialing},
		{helix.EventOutboundState, helix.OutboundConnected, helix.CallAnswered},
		{helix.EventOutboundState, helix.OutboundActive, helix.CallAnswered},
		{helix.EventOutboundUpdated, helix.OutboundActive, helix.CallAnswered},
		{helix.EventOutboundState, helix.OutboundDisconnected, helix.CallAnswered},
		{helix.EventOutboundState, helix.OutboundCompleted, helix.CallEnded},
		{helix.EventOutboundUpdated, helix.OutboundCompleted, helix.CallEnded},
	} {
		reason := helix.OutboundReason("")
		if step.to.Final() {
			reason = helix.ReasonPatientHungUp
		}
		tell(step.kind, step.to, reason)
		if call.State != step.state || call.AI.State != step.to || call.AIEntry != entry {
			t.Errorf("after %s %s: %s, %+v, entry %d", step.kind, step.to, call.State, call.AI, call.AIEntry)
		}
	}
	if call.EndReason != helix.EndPatientHungUp || call.Total != 5*time.Minute || call.Talk != 4*time.Minute {
		t.Errorf("%s, %s in all, %s of talk", call.EndReason, call.Total, call.Talk)
	}
}

func TestTheEndOfAnOutboundAICallInTheWordsOfCalls(t *testing.T) {
	t.Parallel()
	for reason, want := range map[helix.OutboundReason]helix.EndReason{
		helix.ReasonPatientHungUp: helix.EndPatientHungUp, helix.ReasonAgentHungUp: helix.EndAgentHungUp, helix.ReasonBusy: helix.EndNotAnswered,
		helix.ReasonNoAnswer: helix.EndNotAnswered, helix.ReasonRefused: helix.EndRefused, helix.ReasonRejected: helix.EndRefused,
		helix.ReasonNotAllowed: helix.EndRefused, helix.ReasonUnknownOutcome: helix.EndUnknownOutcome, helix.ReasonMaxDuration: helix.EndOther,
	} {
		if got := outboundEnd(reason); got != want {
			t.Errorf("%s ends as %s, want %s", reason, got, want)
		}
	}
}

package ozonetel

import (
	"strings"
	"time"

	helix "github.com/helix-engage/gateway"
)

// stateWords are the vendor's names of an agent's state in lower case: those of the reports (11) and the actions of
// agent events (12.2). The vendor's table calls both calling and incall BUSY; we have a word for a ringing phone.
var stateWords = map[string]helix.AgentState{
	"login": helix.AgentIdle, "idle": helix.AgentIdle, "not ready": helix.AgentIdle, "notready": helix.AgentIdle,
	"release": helix.AgentReady, "ready": helix.AgentReady,
	"aux": helix.AgentPaused, "pause": helix.AgentPaused, "paused": helix.AgentPaused,
	"calling": helix.AgentRinging, "incall": helix.AgentBusy, "busy": helix.AgentBusy,
	"acw":    helix.AgentAfterCallWork,
	"logout": helix.AgentOffline, "offline": helix.AgentOffline,
}

// maxWord bounds what is kept of a word that we do not know, in bytes.
const maxWord = 64

// agentReport puts the vendor's word for a state into ours. A word that is not in the table is kept as the reason.
func agentReport(agent helix.AgentID, word string, at time.Time) helix.AgentReport {
	r := helix.AgentReport{Agent: agent, State: stateWords[strings.ToLower(word)], At: at.UTC()}
	if r.State == "" {
		if len(word) > maxWord {
			word = word[:maxWord]
		}
		r.State, r.Reason = helix.AgentUnknown, strings.ToValidUTF8(word, "")
	}
	return r
}

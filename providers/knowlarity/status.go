package knowlarity

import (
	"strings"
	"time"

	helix "github.com/helix-engage/gateway"
)

// meaning is what a word says of a call.
type meaning struct {
	status helix.DialStatus
	over   bool
}

// hungUp is the meaning of words that end a call without telling whether it was answered; its duration may tell.
var hungUp = meaning{helix.DialUnclear, true}

// statuses are the words of section 5 and of the event stream (4), case-folded with "_" between words.
var statuses = map[string]meaning{
	"initiated": {helix.DialPlaced, false}, "accepted": {helix.DialPlaced, false}, "queued": {helix.DialPlaced, false},
	"originate": {helix.DialPlaced, false}, "ringing": {helix.DialPlaced, false}, "dialing": {helix.DialPlaced, false}, "dialling": {helix.DialPlaced, false},
	"agent_ringing": {helix.DialPlaced, false}, "customer_ringing": {helix.DialPlaced, false},
	"agent_answer": {helix.DialPlaced, false}, // the agent's leg is dialled first: the patient has not answered yet

	"answer": {helix.DialAnswered, false}, "answered": {helix.DialAnswered, false}, "customer_answer": {helix.DialAnswered, false},
	"bridge": {helix.DialAnswered, false}, "bridged": {helix.DialAnswered, false}, "connected": {helix.DialAnswered, false},
	"active": {helix.DialAnswered, false}, "call_start": {helix.DialAnswered, false}, "in_progress": {helix.DialAnswered, false},

	"completed": {helix.DialCompleted, true},
	"hangup":    hungUp, "hung_up": hungUp, "call_end": hungUp, "ended": hungUp, "disconnected": hungUp,

	"busy":      {helix.DialBusy, true},
	"no_answer": {helix.DialNoAnswer, true}, "noanswer": {helix.DialNoAnswer, true}, "unanswered": {helix.DialNoAnswer, true},
	"not_answered": {helix.DialNoAnswer, true}, "missed": {helix.DialNoAnswer, true}, "missed_call": {helix.DialNoAnswer, true},
	"call_missed": {helix.DialNoAnswer, true}, "customer_missed": {helix.DialNoAnswer, true},

	"failed": {helix.DialFailed, true}, "error": {helix.DialFailed, true}, "rejected": {helix.DialFailed, true},
	"cancel": {helix.DialFailed, true}, "cancelled": {helix.DialFailed, true}, "canceled": {helix.DialFailed, true},
}

// connectedTypes are the kinds of calls that somebody or something answered (3).
var connectedTypes = map[string]bool{"call_group": true, "phone": true, "dtmf": true, "sound": true, "outbound": true}

// status tells how the call stands: by the first word that means something, else, for the record of a call that is over,
// by what kind of call it was and whether it lasted. "" says that the record tells nothing of it.
func (r record) status(lasted time.Duration) (status helix.DialStatus, over bool) {
	kind := r["business_call_type"]
	for _, word := range []string{r["status"], r["call_status"], r["event_type"], r["event"], r.agentWord(), kind} {
		m, known := statuses[fold(word)]
		switch {
		case !known:
		case m == hungUp || m.status == helix.DialFailed:
			return r.ending(m.status, lasted), true
		default:
			return m.status, m.over
		}
	}
	switch {
	case !r.settled():
		return "", false
	case lasted > 0:
		return helix.DialCompleted, true
	default:
		return helix.DialUnclear, true
	}
}

// ending is how a call ended of which only is said that it is over or failed: the reason, the kind of call or its length
// may say more.
func (r record) ending(said helix.DialStatus, lasted time.Duration) helix.DialStatus {
	for _, word := range []string{r["reason"], r["business_call_type"]} {
		if m := statuses[fold(word)]; m.status == helix.DialBusy || m.status == helix.DialNoAnswer {
			return m.status
		}
	}
	if said == helix.DialUnclear && lasted > 0 {
		return helix.DialCompleted
	}
	return said
}

// settled reports whether the record is of a call that is over: the provider writes it then (3, 4, 5).
func (r record) settled() bool {
	return r["end_time"] != "" || r["call_duration"] != "" || connectedTypes[fold(r["business_call_type"])] || fold(r["type"]) == "cdr"
}

// fold makes the spellings of a word equal: No Answer, no-answer, NO_ANSWER.
func fold(word string) string {
	return strings.ToLower(strings.NewReplacer(" ", "_", "-", "_").Replace(strings.TrimSpace(word)))
}

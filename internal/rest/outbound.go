package rest

import (
	"net/http"
	"strings"

	helix "github.com/helix-engage/gateway"
)

// outboundStarted answers a wish to call. The call is stored then, and not dialled yet.
func outboundStarted(data object) any {
	outcome := data.at(outcomeAlias)
	call := session(outcome.at("outboundCall"))
	patient := call.at("patientData")
	message := "Outbound call accepted"
	if outcome["replayed"] == true {
		message = "This call was asked for before"
	}
	return object{"success": true, "message": message, "data": object{
		"success": true, "sessionId": call["id"], "callId": call["callId"], "message": message, "patientData": patient,
		"callMetadata": object{
			"patient_id": patient["id"], "patient_name": patient["name"], "patient_phone": patient["phoneNumber"],
			"treatment_type": patient["treatmentType"], "call_type": "outbound", "call_session_id": call["id"],
			"initiated_at": call["startTime"], "crm_data": patient["crmData"],
		},
	}}
}

// session shows a call as the replaced system did: states in lower case, attempts as their number, what was collected by
// its keys. Until the telephony provider has told its id of the call, callId is ours.
func session(call object) object {
	out := object{
		"id": call["id"], "callId": call["id"], "status": strings.ToLower(call.text("state")), "patientData": call.at("patient"),
		"attempts": len(call.items("attempts")), "attemptDetails": attempts(call),
		"startTime": call["createdAt"], "nextAttemptTime": call["dueAt"], "endTime": call["endedAt"], "endReason": call["endReason"],
		"language": call["language"],
	}
	for _, attempt := range call.items("attempts") {
		if attempt, ok := attempt.(object); ok && attempt["providerCallId"] != nil {
			out["callId"] = attempt["providerCallId"]
		}
	}
	for _, name := range []string{"conversationId", "summary", "recordingUrl", "talkSeconds", "transcript", "timeline"} {
		if value, asked := call[name]; asked {
			out[name] = value
		}
	}
	if _, asked := call["collectedData"]; asked {
		collected := object{}
		for _, item := range call.items("collectedData") {
			if item, ok := item.(object); ok {
				collected[item.text("key")] = item["value"]
			}
		}
		out["collectedData"] = collected
	}
	return out
}

func attempts(call object) []object {
	out := []object{}
	for _, attempt := range call.items("attempts") {
		if attempt, ok := attempt.(object); ok {
			attempt["status"] = strings.ToLower(attempt.text("state"))
			delete(attempt, "state")
			out = append(out, attempt)
		}
	}
	return out
}

// outboundCalls gives the calls that are not over, the latest first, and the figures of all.
func outboundCalls(data object) any {
	active := []object{}
	for _, call := range data.at("outboundCalls").nodes() {
		active = append(active, session(call))
	}
	figures := data.at("outboundStatistics")
	stats := object{"byState": object{}, "byOutcome": object{}}
	for _, name := range []string{"active", "queued", "concurrencyLimit", "successRate", "averageDurationSeconds"} {
		stats[name] = figures[name]
	}
	for _, n := range figures.items("byState") {
		if n, ok := n.(object); ok {
			stats.at("byState")[strings.ToLower(n.text("state"))] = n["count"]
		}
	}
	for _, n := range figures.items("byOutcome") {
		if n, ok := n.(object); ok {
			stats.at("byOutcome")[n.text("outcome")] = n["count"]
		}
	}
	return object{"activeCalls": active, "stats": stats}
}

// outboundFailure is what the paths of outbound calls answer errors with. A request that is wrong is shown as it was
// received to whoever sent it.
func outboundFailure(status int, err *helix.Error, in input) any {
	switch status {
	case http.StatusBadRequest:
		return object{"error": err.Message, "received": in.body}
	case http.StatusNotFound:
		return object{"error": "Call session not found"}
	default:
		return object{"error": err.Message, "code": err.Code}
	}
}

// AnswerCallback writes an answer to a push of the outbound calls' telephony provider, in the words of the replaced system's
// path (webhooks.Source.Answer). A push that is refused learns no more than on any path that does not exist.
func AnswerCallback(w http.ResponseWriter, status int, text string) {
	switch status {
	case http.StatusOK:
		write(w, status, object{"success": true, "message": "Status updated"})
	case http.StatusNotFound:
		noSuchPath(w, nil)
	default:
		write(w, status, object{"error": text})
	}
}

// CallbackPath is where the telephony provider of outbound calls pushed to in the replaced system; the secret may follow as
// one more segment.
const CallbackPath = prefix + "knowlarity/webhook"

// CallbackLacksID is what a push is answered that names no call by any id or number.
const CallbackLacksID = "call_session_id is required"

package rest

import (
	"net/http"
	"strings"

	helix "github.com/helix-engage/gateway"
)

// endpoint is one REST path.
type endpoint struct {
	method   string
	path     string // of [http.ServeMux]
	document string
	open     bool    // also for callers without a token
	fields   []field // in the order in which they are asked for

	first int                      // the largest page wanted, as $first; 0: the document has none
	lists func(data object) []list // the lists that are read on with $after; nil: one page is all
	pages int                      // read at most, over all lists

	answer  func(data object) any
	absent  string                                               // the root field that is null when there is no such thing; "" for none
	refused func(variables map[string]any, err *helix.Error) any // an answer in place of an error; nil keeps the error
	failure func(status int, err *helix.Error, in input) any     // the path's own form of errors; nil: the usual one
}

// telephony tells whether failures are answers to the old clients.
func (e endpoint) telephony() bool { return strings.HasPrefix(e.path, ozonetel) }

const (
	ozonetel = prefix + "ozonetel/"

	pageWanted = 100
	// What one request reads at most: 500 items of work, 1,000 missed calls, the 2,000 calls of a very busy day, and the
	// latest 500 outbound calls that are not over.
	worklistPages = 5
	queuePages    = 10
	historyPages  = 20
	outboundPages = 5
	hitsWanted    = 20 // of each kind
)

// endpoints is the table of all paths.
func endpoints() []endpoint {
	callNames := []string{"ucid", "callId", "monitorUCID", "monitorUcid"}
	return []endpoint{
		// An agent and his calls
		{
			method: http.MethodPost, path: ozonetel + "agent-login", document: documentAgentLogin,
			fields: []field{{variable: "sipExtension", names: []string{"sipExtension", "phoneNumber", "sipId"}, read: text}},
			answer: command("Agent logged in"),
		},
		{
			method: http.MethodPost, path: ozonetel + "agent-logout", document: documentAgentLogout,
			fields: []field{{variable: "force", names: []string{"force"}, read: flag}},
			answer: command("Agent logged out"),
		},
		{
			method: http.MethodPost, path: ozonetel + "agent-state", document: documentAgentState,
			fields: []field{
				{variable: "state", names: []string{"state"}, required: true, read: oneOf("Ready or Pause", map[string]any{
					"ready": "READY", "pause": "PAUSED", "paused": "PAUSED",
				})},
				{variable: "reason", names: []string{"pauseReason", "reason"}, read: text},
			},
			answer: command("Agent state changed"),
		},
		{
			method: http.MethodPost, path: ozonetel + "agent-ready", document: documentAgentReady,
			fields: []field{{variable: "sipExtension", names: []string{"sipExtension", "phoneNumber", "sipId"}, read: text}},
			answer: command("Agent is ready"),
		},
		{
			method: http.MethodPost, path: ozonetel + "dispose", document: documentDispose,
			fields: []field{
				{variable: "callId", names: callNames, required: true, read: callID},
				{variable: "disposition", names: []string{"disposition"}, required: true, read: text},
				{variable: "notes", names: []string{"notes", "comments"}, read: text},
				{variable: "callbackAt", names: []string{"callbackAt", "callBackTime", "callbackTime"}, read: moment},
				{variable: "missedCallId", names: []string{"missedCallId"}, read: text},
			},
			answer: command("Disposition saved"),
		},
		{
			method: http.MethodPost, path: ozonetel + "dial", document: documentDial,
			fields: []field{
				{variable: "phone", names: []string{"phoneNumber", "phone", "customerNumber", "number"}, required: true, read: text},
				{variable: "requestId", in: inHeader, names: []string{"Idempotency-Key"}, read: text},
				{variable: "requestId", names: []string{"requestId", "idempotencyKey"}, read: text, otherwise: newRequestID},
				{variable: "missedCallId", names: []string{"missedCallId"}, read: text},
				{variable: "leadId", names: []string{"leadId"}, read: text},
				{variable: "patientId", names: []string{"patientId"}, read: text},
			},
			answer: command("Call is being placed"),
		},
		{
			method: http.MethodPost, path: ozonetel + "call-control", document: documentCallControl,
			fields: []field{
				{variable: "callId", names: callNames, required: true, read: callID},
				{variable: "action", names: []string{"action"}, required: true, read: oneOf(
					"CONFERENCE, HOLD, UNHOLD, MUTE, UNMUTE or KICK_CALL", map[string]any{
						"conference": "CONFERENCE", "hold": "HOLD", "unhold": "UNHOLD", "mute": "MUTE", "unmute": "UNMUTE",
						"kickcall": "KICK_CALL", "kick": "KICK_CALL",
					})},
				{variable: "number", names: []string{"conferenceNumber", "number", "phoneNumber", "phone"}, read: text},
			},
			answer: command("Done"),
		},
		{
			method: http.MethodPost, path: ozonetel + "recording", document: documentRecording,
			fields: []field{
				{variable: "callId", names: callNames, required: true, read: callID},
				{variable: "paused", names: []string{"paused"}, read: flag},
				{variable: "paused", names: []string{"action"}, required: true, read: oneOf("pause or unPause", map[string]any{
					"pause": true, "unpause": false, "resume": false,
				})},
			},
			answer: command("Recording changed"),
		},
		{
			method: http.MethodGet, path: ozonetel + "missed-calls", document: documentMissedCalls,
			fields: []field{
				{variable: "from", in: inQuery, names: []string{"date"}, read: dayBegins, otherwise: todayBegins},
				{variable: "to", in: inQuery, names: []string{"date"}, read: dayEnds, otherwise: todayEnds},
			},
			answer: func(data object) any { return data["abandonedCalls"] },
		},
		{
			method: http.MethodGet, path: ozonetel + "call-history", document: documentCallHistory,
			first: pageWanted, lists: root("callHistory"), pages: historyPages,
			fields: []field{
				{variable: "date", in: inQuery, names: []string{"date"}, read: text, otherwise: today},
				{variable: "agentId", in: inQuery, names: []string{"agentId", "agentID"}, read: text},
				{variable: "direction", in: inQuery, names: []string{"direction", "callType"}, read: oneOf(
					"INBOUND or OUTBOUND", map[string]any{"inbound": "INBOUND", "outbound": "OUTBOUND"})},
			},
			answer: func(data object) any { return data.at("callHistory").nodes() },
		},
		{
			method: http.MethodGet, path: ozonetel + "performance", document: documentPerformance,
			fields: []field{
				{variable: "date", in: inQuery, names: []string{"date"}, read: text, otherwise: today},
				{variable: "agentId", in: inQuery, names: []string{"agentId", "agentID"}, read: text},
			},
			answer: func(data object) any { return data["agentPerformance"] },
		},

		// His work
		{
			method: http.MethodGet, path: prefix + "worklist", document: documentWorklist,
			first: pageWanted, lists: root("worklist"), pages: worklistPages,
			answer: worklist,
		},
		{
			method: http.MethodGet, path: prefix + "worklist/missed-queue", document: documentMissedQueue,
			first: pageWanted, lists: queueLists, pages: queuePages,
			answer: missedQueue,
		},
		{
			method: http.MethodPatch, path: prefix + "worklist/missed-queue/{id}/status", document: documentMissedStatus,
			fields: []field{
				{variable: "id", in: inPath, names: []string{"id"}, required: true, read: text},
				{variable: "status", names: []string{"status", "callbackStatus", "callbackstatus"}, required: true, read: oneOf(
					"PENDING_CALLBACK, CALLBACK_ATTEMPTED, CALLBACK_COMPLETED, INVALID or WRONG_NUMBER", map[string]any{
						"pendingcallback": "PENDING_CALLBACK", "callbackattempted": "CALLBACK_ATTEMPTED",
						"callbackcompleted": "CALLBACK_COMPLETED", "invalid": "INVALID", "wrongnumber": "WRONG_NUMBER",
					})},
			},
			answer: command("Status updated"),
		},

		// People
		{
			method: http.MethodGet, path: prefix + "search", document: documentSearch,
			first:  hitsWanted,
			fields: []field{{variable: "query", in: inQuery, names: []string{"q", "query"}, read: text, otherwise: nothing}},
			answer: search, refused: tooShort,
		},
		{
			method: http.MethodPost, path: prefix + "call/lookup", document: documentLookup,
			fields: []field{{variable: "phone", names: []string{"phoneNumber", "phone"}, required: true, read: text}},
			answer: lookup,
		},

		// Outbound calls of the voice agent
		{
			method: http.MethodPost, path: prefix + "outbound-call", document: documentOutboundStart,
			fields: []field{
				{variable: "key", in: inHeader, names: []string{"Idempotency-Key"}, read: text},
				{variable: "key", names: []string{"idempotencyKey"}, read: text},
				{variable: "id", names: []string{"patientData.id"}, read: text},
				{variable: "name", names: []string{"patientData.name"}, required: true, read: text},
				{variable: "phoneNumber", names: []string{"patientData.phoneNumber"}, required: true, read: text},
				{variable: "treatmentType", names: []string{"patientData.treatmentType"}, read: text},
				{variable: "crmData", names: []string{"patientData.crmData"}, read: asItIs},
				{variable: "language", names: []string{"language"}, read: text},
				{variable: "purpose", names: []string{"purpose"}, read: text},
				{variable: "scheduleAt", names: []string{"scheduleAt"}, read: moment},
				{variable: "agentId", names: []string{"agentId"}, read: text},
			},
			answer: outboundStarted, failure: outboundFailure,
		},
		{
			method: http.MethodGet, path: prefix + "outbound-call/{sessionId}", document: documentOutboundCall,
			fields: []field{{variable: "id", in: inPath, names: []string{"sessionId"}, required: true, read: text}},
			answer: func(data object) any { return session(data.at("outboundCall")) },
			absent: "outboundCall", failure: outboundFailure,
		},
		{
			method: http.MethodGet, path: prefix + "outbound-calls", document: documentOutboundCalls,
			first: pageWanted, lists: root("outboundCalls"), pages: outboundPages,
			answer: outboundCalls, failure: outboundFailure,
		},

		// The gateway itself; what it depends on is told by /readyz
		{
			method: http.MethodGet, path: prefix + "health", document: documentHealth, open: true,
			answer: func(object) any { return object{"status": "ok"} },
		},
	}
}

package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/sandbox/elevenlabs"
	"github.com/helix-engage/gateway/sandbox/hooks"
	"github.com/helix-engage/gateway/sandbox/knowlarity"
)

const (
	inJSON = "application/json"
	inForm = "application/x-www-form-urlencoded"
)

// pushes sends callbacks as the telephony provider would; a content type of "" sends them by GET.
func (s *outboundSystem) pushes(contentType string, bodies ...string) {
	s.t.Helper()
	const path = pathKnowlarity + "/" + sandboxWebhookSecret
	for _, body := range bodies {
		method, target := http.MethodPost, path
		if contentType == "" {
			method, target, body = http.MethodGet, path+"?"+body, ""
		}
		if status, answer := s.send(method, target, contentType, "", body); status != http.StatusOK {
			s.t.Fatalf("%s %q: HTTP %d %s", contentType, body, status, answer)
		}
	}
}

// Every shape of a callback moves its call, by our id, the provider's or the patient's number, however late and often it comes.
func TestCallbacksInEveryShapeMoveTheCall(t *testing.T) {
	t.Parallel()
	s := startOutboundSystem(t, map[string]string{ // so that nothing happens but what callbacks say
		"OUTBOUND_RETRY_BUSY": "1h", "OUTBOUND_RETRY_NO_ANSWER": "1h", "OUTBOUND_DIAL_TIMEOUT": "5m", "OUTBOUND_PATIENCE": "30m",
	})
	s.sandbox.Knowlarity().SetCallbacks(knowlarity.Callbacks{}) // ours are the only ones
	type told struct{ kind, body string }
	const record = `"dispnumber":"+918035550001","extension":"None","destination":"Stream","action":"6","timezone":"Asia/Kolkata","type":"dtmf",` +
		`"resource_url":"None","call_type":"outgoing","end_time":"","start_time":""`
	for i, c := range []struct {
		name    string
		told    []told
		outcome helix.OutboundReason // of the first attempt
		state   helix.OutboundState
	}{
		{"a status in JSON, by our id", []told{{inJSON, `{"call_session_id":"$call","status":"busy"}`}}, helix.ReasonBusy, ""},
		{"a status in a form, by the provider's id", []told{{inForm, `call_id=$theirs&status=no_answer&customer_number=$phone`}}, helix.ReasonNoAnswer, ""},
		{"a status in a query, by the number", []told{{"", `status=busy&customer_number=$number`}}, helix.ReasonBusy, ""},
		{"JSON that calls itself a form", []told{{inForm, `{"call_session_id":"$call","status":"busy"}`}}, helix.ReasonBusy, ""},
		{"the configured GET push of a missed call", []told{
			{"", `agent_number=Call+Missed&customer_number=$number&call_duration=0&Call_Type=outgoing&business_call_type=Unanswered&uuid=$theirs&caller_id=$number&resource_url=None`},
		}, helix.ReasonNoAnswer, ""},
		{"a rejection", []told{{inJSON, `{"call_session_id":"$call","status":"failed","reason":"rejected"}`}}, helix.ReasonRejected, helix.OutboundFailed},
		{
			"a record of a call that nobody answered does not say why",
			[]told{{inJSON, `{"callid":"$theirs","call_duration":"0","caller_id":"$phone","hangup_cause":"902",` + record + `}`}},
			helix.ReasonUnknownOutcome, helix.OutboundFailed,
		},
		{
			"a record of a call that was answered, and whose audio never came",
			[]told{{inJSON, `{"callid":"$theirs","call_duration":"31","caller_id":"$phone","hangup_cause":"900",` + record + `}`}},
			helix.ReasonNoAudio, helix.OutboundFailed,
		},
		{"a bridge", []told{{inJSON, `{"call_session_id":"$call","status":"bridge"}`}}, "", helix.OutboundConnected},
		{"the same twice", []told{
			{inJSON, `{"call_session_id":"$call","status":"rejected"}`}, {inJSON, `{"call_session_id":"$call","status":"rejected"}`},
		}, helix.ReasonRejected, helix.OutboundFailed},
		{"the end before the beginning", []told{
			{inJSON, `{"call_session_id":"$call","status":"completed"}`},
			{inForm, `call_session_id=$call&status=answered`},
			{"", `call_session_id=$call&status=ringing`},
			{inJSON, `{"call_session_id":"$call","status":"busy"}`},
		}, helix.ReasonNoAudio, helix.OutboundFailed},
		{"an answer after a missed call cancels the retry", []told{
			{inJSON, `{"call_session_id":"$call","status":"no_answer"}`}, {inJSON, `{"call_session_id":"$call","status":"answered"}`},
		}, "", helix.OutboundConnected},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := s.in(t)
			number := fmt.Sprintf("98000002%02d", i)
			phone := "+91" + number
			id := s.asks(phone, ringing())
			theirs := s.reached(id).Attempts[0].ProviderCallID
			fill := strings.NewReplacer("$call", string(id), "$theirs", theirs, "$number", number, "$phone", phone)
			for _, r := range c.told {
				s.pushes(r.kind, fill.Replace(r.body))
			}
			call := s.becomes(id, "what they say", func(call helix.OutboundCall) bool {
				first := call.Attempts[0]
				said := slices.ContainsFunc(call.Timeline, func(e helix.OutboundEntry) bool { return e.Kind == helix.OutboundCallback })
				return first.Outcome == c.outcome && (c.state == "" || call.State == c.state) && said
			})
			if c.state != "" && len(call.Attempts) != 1 {
				t.Errorf("%d attempts: %+v", len(call.Attempts), call.Timeline)
			}
			if !call.State.Final() {
				s.crm.run("CancelOutboundCall", map[string]any{"id": string(id)})
				return
			}
			s.pushes(inJSON, fill.Replace(`{"call_session_id":"$call","status":"in-progress"}`))
			call = s.becomes(id, "the note of a late callback", func(call helix.OutboundCall) bool {
				return strings.Contains(call.Timeline[len(call.Timeline)-1].Detail, "the call is over")
			})
			if call.State != helix.OutboundFailed || call.EndReason != c.outcome {
				t.Errorf("it left its end: %s %s", call.State, call.EndReason)
			}
		})
	}
}

func TestACallbackWithoutTheSecretIsRefusedAndOneThatNobodyCanReadIsKept(t *testing.T) {
	t.Parallel()
	s := startOutboundSystem(t, nil)
	for _, path := range []string{pathKnowlarity, pathKnowlarity + "/wrong-secret-wrong-secret", pathKnowlarity + "/" + sandboxWebhookSecret + "x"} {
		if status, _ := s.send(http.MethodPost, path, inJSON, "", `{"call_session_id":"x","status":"busy"}`); status != http.StatusNotFound {
			t.Errorf("%s: HTTP %d", path, status)
		}
	}
	s.pushes(inJSON, `{"call_session_id":`)
	s.pushes(inForm, "\x01\x02%zz")
	meera := s.signIn("meera@sandbox.test")
	until(t, "the dead letters", func() bool {
		_, data, _ := s.ask(meera, `{ deadLetters { totalCount edges { node { source reason } } } }`, nil)
		letters, _ := at(data, "deadLetters", "edges").([]any) // are not read at the moment at which they are counted
		return at(data, "deadLetters", "totalCount") == 2.0 && len(letters) == 2 && at(letters[0], "node", "source") == sourceKnowlarity && at(letters[1], "node", "reason") == "REFUSED"
	})
}

// Callbacks that never come are made up for by the call log; it alone does not have a patient called again.
func TestWithoutAnyCallbackTheCallLogTells(t *testing.T) {
	t.Parallel()
	s := startOutboundSystem(t, map[string]string{"OUTBOUND_RETRY_NO_ANSWER": "1h", "OUTBOUND_DIAL_TIMEOUT": "5m", "OUTBOUND_PATIENCE": "30m"})
	s.sandbox.Knowlarity().SetCallbacks(knowlarity.Callbacks{})
	missed := knowlarity.Script{Outcome: knowlarity.NoAnswer, Ring: 10 * time.Millisecond}
	const missedPhone, ringingPhone = "+919800000301", "+919800000302"
	nobody, still := s.asks(missedPhone, missed), s.asks(ringingPhone, ringing())
	until(t, "the missed call", func() bool {
		calls := s.rang(missedPhone)
		return len(calls) == 1 && calls[0].State == knowlarity.Ended
	})
	s.reached(still)
	s.later(5 * time.Minute) // the time-out of dials
	for _, id := range []helix.CallID{nobody, still} {
		s.becomes(id, "the time-out", func(c helix.OutboundCall) bool { return c.Attempts[0].Late })
	}
	if err := s.gateway.voice.outbound.Reconcile(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.becomes(nobody, "the retry", func(c helix.OutboundCall) bool {
		return c.State == helix.OutboundInitiating && c.Attempts[0].Outcome == helix.ReasonNoAnswer && !c.DueAt.IsZero()
	})
	if call := s.reached(still); call.State != helix.OutboundDialing {
		t.Errorf("that the log does not have a call proves nothing: %+v", call.Timeline)
	}
	s.later(30 * time.Minute) // the patience
	s.ends(still, helix.ReasonUnknownOutcome)
	if calls := s.rang(ringingPhone); len(calls) != 1 {
		t.Errorf("the phone of an unknown outcome rang %d times", len(calls))
	}
}

// resultsOf is the webhook of a conversation as the voice provider would send it.
func (s *outboundSystem) resultsOf(conversation string) string {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.sandbox.ElevenLabsURL()+"/v1/convai/conversations/"+conversation, http.NoBody)
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("xi-api-key", s.sandbox.ElevenLabs().APIKey())
	response, err := s.hc.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var record map[string]any
	if err := json.NewDecoder(response.Body).Decode(&record); err != nil || response.StatusCode != http.StatusOK {
		s.t.Fatalf("HTTP %d: %v", response.StatusCode, err)
	}
	body, err := json.Marshal(map[string]any{"type": "post_call_transcription", "event_timestamp": time.Now().Unix(), "data": record})
	if err != nil {
		s.t.Fatal(err)
	}
	return string(body)
}

// signs sends results with a signature.
func (s *outboundSystem) signs(body, signature string) (status int) {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.url+pathElevenLabs, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("Content-Type", inJSON)
	request.Header.Set("ElevenLabs-Signature", signature)
	response, err := s.hc.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	_ = response.Body.Close()
	return response.StatusCode
}

// The results of conversations are taken when they are signed, in time and new; before the audio ends as well as after it; and
// where no webhook comes they are fetched. FortyTwo gets them, even when it was away meanwhile.
func TestResultsOfConversationsReachTheCallAndFortyTwo(t *testing.T) {
	t.Parallel()
	s := startOutboundSystem(t, nil)
	if err := s.sandbox.ElevenLabs().FailHooks(hooks.Fault{Effect: hooks.Drop, Count: 100}); err != nil {
		t.Fatal(err)
	}
	s.control("/sandbox/faults", `{"target": "fortytwo", "kind": "status", "status": 503, "count": 100000}`)

	const signedPhone, fetchedPhone, earlyPhone = "+919800000401", "+919800000402", "+919800000403"
	signed, fetched, early := s.asks(signedPhone, talks()), s.asks(fetchedPhone, talks()), s.asks(earlyPhone, talks())

	// Before the audio ends.
	conversation := s.active(early).Conversation
	body := `{"type":"post_call_transcription","event_timestamp":1,"data":{"agent_id":"agent_sandbox_intake","conversation_id":"` + conversation +
		`","status":"done","user_id":"` + string(early) + `","transcript":[{"role":"agent","message":"Early words.","time_in_call_secs":0}],` +
		`"metadata":{"start_time_unix_secs":1,"call_duration_secs":3},"analysis":{"transcript_summary":"Came early.","call_successful":"success"}}}`
	if status := s.signs(body, elevenlabs.Sign(sandboxWebhookSecret, time.Now(), []byte(body))); status != http.StatusOK {
		t.Fatalf("results that come early: HTTP %d", status)
	}
	s.becomes(early, "the early results", func(c helix.OutboundCall) bool { return c.Summary == "Came early." && c.State == helix.OutboundActive })

	// Signatures.
	for id, phone := range map[helix.CallID]string{signed: signedPhone, fetched: fetchedPhone, early: earlyPhone} {
		s.active(id)
		s.hears(phone, 2*time.Second) // the greeting, so that there are words
		s.hangsUp(phone)
	}
	conversation = s.ends(signed, helix.ReasonPatientHungUp).Conversation
	until(t, "the analysis", func() bool {
		v, err := s.sandbox.ElevenLabs().Conversation(conversation)
		return err == nil && (v.Status == elevenlabs.Done || v.Status == elevenlabs.Failed)
	})
	body = s.resultsOf(conversation)
	for _, c := range []struct {
		name, signature string
		status          int
	}{
		{"no signature", "", http.StatusNotFound},
		{"another secret's", elevenlabs.Sign("another-secret-of-16-characters", time.Now(), []byte(body)), http.StatusNotFound},
		{"of another body", elevenlabs.Sign(sandboxWebhookSecret, time.Now(), []byte(body+" ")), http.StatusNotFound},
		{"too old", elevenlabs.Sign(sandboxWebhookSecret, time.Now().Add(-31*time.Minute), []byte(body)), http.StatusNotFound},
		{"of the future", elevenlabs.Sign(sandboxWebhookSecret, time.Now().Add(6*time.Minute), []byte(body)), http.StatusNotFound},
	} {
		if status := s.signs(body, c.signature); status != c.status {
			t.Errorf("%s: HTTP %d", c.name, status)
		}
	}
	if call := s.ends(signed, helix.ReasonPatientHungUp); call.Summary != "" {
		t.Fatal("results were taken that nobody signed")
	}
	good := elevenlabs.Sign(sandboxWebhookSecret, time.Now().Add(-29*time.Minute), []byte(body))
	for range 2 { // the second is a replay
		if status := s.signs(body, good); status != http.StatusOK {
			t.Errorf("a good signature: HTTP %d", status)
		}
	}
	s.becomes(signed, "the results", func(c helix.OutboundCall) bool { return c.Summary != "" && len(c.Transcript) > 0 })

	// No webhook at all.
	s.ends(fetched, helix.ReasonPatientHungUp)
	if early := s.ends(early, helix.ReasonPatientHungUp); early.Summary != "Came early." || early.State != helix.OutboundCompleted {
		t.Errorf("results that came early were lost: %+v", early)
	}
	s.later(61 * time.Second)
	if err := s.gateway.voice.outbound.FetchConversations(t.Context()); err != nil {
		t.Error(err)
	}
	s.becomes(fetched, "the fetched results", func(c helix.OutboundCall) bool { return c.Summary != "" && len(c.Transcript) > 0 })

	// FortyTwo comes back.
	s.sandbox.FortyTwo().ClearFaults()
	for _, id := range []helix.CallID{signed, fetched, early} {
		until(t, "the record in FortyTwo", func() bool {
			record, err := s.sandbox.FortyTwo().Record("call", string(id))
			text, _ := record["transcript"].(string)
			return err == nil && record["callStatus"] == "COMPLETED" && record["disposition"] == "PATIENT_HUNG_UP" && record["summary"] != nil && record["summary"] != "" &&
				strings.HasPrefix(text, "Agent: ")
		})
	}
}

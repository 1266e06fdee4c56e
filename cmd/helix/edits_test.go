package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/sandbox/day"
)

// abandon lets a patient hang up before anybody answers.
func (s *system) abandon(phone string) {
	s.t.Helper()
	rung := s.control("/sandbox/calls", `{"phone": "`+phone+`"}`)
	s.control("/sandbox/calls/"+textAt(rung, "ucid")+"/abandon", `{}`)
}

// latestCall is the provider's id of the call that it placed last.
func (s *system) latestCall() string {
	s.t.Helper()
	calls := s.sandbox.Ozonetel().Calls()
	if len(calls) == 0 {
		s.t.Fatal("the provider has no call")
	}
	return calls[len(calls)-1].UCID
}

// claimed waits until the agent, being ready, is offered a missed call, and answers with its id.
func (s *system) claimed(token string) string {
	s.t.Helper()
	var id string
	until(s.t, "a missed call", func() bool {
		_, data, _ := s.ask(token, `mutation { claimNextMissedCall(input: {}) { missedCall { id } } }`, nil)
		id, _ = at(data, "claimNextMissedCall", "missedCall", "id").(string)
		return id != ""
	})
	return id
}

// shown waits until FortyTwo shows a missed call with this status and by whom.
func (s *system) shown(id, status, agent string) {
	s.t.Helper()
	until(s.t, "FortyTwo's view "+status, func() bool {
		record, err := s.sandbox.FortyTwo().Record("call", id)
		return err == nil && record["callbackstatus"] == status && record["agentName"] == agent
	})
}

// standsAt waits until the queue has a missed call with this status.
func (s *system) standsAt(token, id, status string) {
	s.t.Helper()
	until(s.t, "the entry's status "+status, func() bool {
		_, data, _ := s.ask(token, `query($s: CallbackStatus) { missedCallQueue(status: $s) { groups { items { edges { node { id callbackStatus } } } } } }`,
			map[string]any{"s": status})
		raw, err := json.Marshal(data)
		return err == nil && strings.Contains(string(raw), id)
	})
}

// member answers with the FortyTwo member id of a token's user.
func (s *system) member(token string) string {
	s.t.Helper()
	_, data, _ := s.ask(token, `{ viewer { user { memberId } } }`, nil)
	id, _ := at(data, "viewer", "user", "memberId").(string)
	return id
}

// workChanges opens worklistChanged and answers with what comes. That it is open shows by a lead of the agent's own, whose
// name is changed until he hears of it; what he hears of that lead is left out.
func (s *system) workChanges(token string) (next func() map[string]any) {
	s.t.Helper()
	w := openSocket(s.t, s)
	w.hello(token)
	w.subscribe("1", operations(s.t, day.Documents)["WorklistChanged"], nil)
	lead := s.ownLead(s.member(token))
	pokes := 0
	until(s.t, "the subscription", func() bool {
		pokes++
		s.edit("lead", lead, `{"name": "Poke `+strconv.Itoa(pokes)+`"}`)
		return w.heard()
	})
	return func() map[string]any {
		s.t.Helper()
		for {
			m := w.read()
			var answer map[string]any
			if err := json.Unmarshal(m.Payload, &answer); m.Type != "next" || err != nil {
				s.t.Fatalf("%s %d %s", m.Type, m.closed, m.Payload)
			}
			if change, _ := at(answer, "data", "worklistChanged").(map[string]any); change["itemId"] != lead {
				return change
			}
		}
	}
}

// ownLead picks a lead on a member's work list.
func (s *system) ownLead(member string) string {
	s.t.Helper()
	leads, err := s.sandbox.FortyTwo().Records("lead")
	if err != nil {
		s.t.Fatal(err)
	}
	for _, lead := range leads {
		if lead["assigneeId"] == member && lead["leadStatus"] == "NEW" {
			return textAt(lead, "id")
		}
	}
	s.t.Fatal("the member has no lead")
	return ""
}

// ready signs an agent in and makes him ready.
func (s *system) ready(email string) string {
	s.t.Helper()
	token := s.signIn(email)
	s.ask(token, `mutation { agentLogin(input: {}) { ok } }`, nil)
	s.ask(token, `mutation { setAgentState(input: {state: READY}) { ok } }`, nil)
	return token
}

func (s *system) edit(object, id, data string) {
	s.t.Helper()
	s.control("/sandbox/fortytwo/records/update", `{"object": "`+object+`", "id": "`+id+`", "data": `+data+`}`)
}

func TestAPersonSettlesAMissedCallInFortyTwo(t *testing.T) {
	t.Parallel()
	s := startSystem(t, nil)
	asha, meera := s.ready("asha@sandbox.test"), s.signIn("meera@sandbox.test")
	s.abandon("9812345678")
	id := s.claimed(asha)
	s.shown(id, "PENDING_CALLBACK", "Asha Nair")
	next := s.workChanges(asha)
	s.edit("call", id, `{"callbackstatus": "CALLBACK_COMPLETED"}`)
	c := next()
	// Her claim may be told of after it was answered, and so may be who the caller is, when he is looked up later.
	for c["itemId"] == id && (c["reason"] == "ADDED" || c["reason"] == "CHANGED") {
		c = next()
	}
	if c["reason"] != "REMOVED" || c["itemId"] != id || c["kind"] != "MISSED_CALL" {
		t.Fatalf("told %v", c)
	}
	s.standsAt(meera, id, "CALLBACK_COMPLETED")
	s.edit("call", id, `{"callbackstatus": "PENDING_CALLBACK"}`)
	s.standsAt(meera, id, "PENDING_CALLBACK")
	s.shown(id, "PENDING_CALLBACK", "") // free again, and the edit stands
}

func TestASweepFindsAnEditOfWhichNoWebhookCame(t *testing.T) {
	t.Parallel()
	s := startSystem(t, map[string]string{"WEBHOOK_SECRET_FORTYTWO": "another secret than the sandbox's"})
	asha, meera := s.ready("asha@sandbox.test"), s.signIn("meera@sandbox.test")
	s.abandon("9812345678")
	id := s.claimed(asha)
	s.shown(id, "PENDING_CALLBACK", "Asha Nair")
	s.edit("call", id, `{"callbackstatus": "WRONG_NUMBER"}`)
	until(t, "the sweep's success", func() bool {
		if err := s.gateway.edits.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		m, err := s.gateway.desk.MissedCall(t.Context(), helix.CallID(id))
		return err == nil && m.Status == "WRONG_NUMBER"
	})
	s.standsAt(meera, id, "WRONG_NUMBER")
}

func TestAFollowUpGivenToAnotherReachesBothWorkLists(t *testing.T) {
	t.Parallel()
	s := startSystem(t, nil)
	asha, ravi := s.signIn("asha@sandbox.test"), s.signIn("ravi@sandbox.test")
	mine := `{ worklist(kinds: [FOLLOW_UP], first: 1) { edges { node { id } } } }`
	_, data, _ := s.ask(asha, mine, nil)
	edges, _ := at(data, "worklist", "edges").([]any)
	if len(edges) == 0 {
		t.Fatalf("got %v", data)
	}
	id, _ := at(edges[0], "node", "id").(string)
	toAsha, toRavi := s.workChanges(asha), s.workChanges(ravi)
	s.edit("followUp", id, `{"assigneeId": "`+s.member(ravi)+`"}`)
	if c := toRavi(); c["reason"] != "ADDED" || c["itemId"] != id || c["kind"] != "FOLLOW_UP" {
		t.Errorf("the new one was told %v", c)
	}
	if c := toAsha(); c["reason"] != "RESYNC" {
		t.Errorf("the old one was told %v", c)
	}
}

func TestAChangedDataModelIsReadSoon(t *testing.T) {
	t.Parallel()
	s := startSystem(t, nil)
	until(t, "the first model", func() bool { return s.gateway.fortyTwo.State().ModelReady })
	before := s.gateway.fortyTwo.State().ModelVersion
	s.control("/sandbox/fortytwo/fields", `{"object": "call", "name": "caseNumber", "type": "TEXT"}`)
	until(t, "the new model", func() bool { return s.gateway.fortyTwo.State().ModelVersion > before })
}

func TestAWebhookThatNobodySignedLooksLikeAMissingPath(t *testing.T) {
	t.Parallel()
	s := startSystem(t, nil)
	status, text := s.send(http.MethodPost, pathEdits, "application/json", "", `{"eventName": "call.updated"}`)
	other, missing := s.send(http.MethodPost, "/webhooks/nobody", "application/json", "", `{}`)
	if status != http.StatusNotFound || other != status || !bytes.Equal(text, missing) {
		t.Fatalf("HTTP %d %s, a missing path %s", status, text, missing)
	}
}

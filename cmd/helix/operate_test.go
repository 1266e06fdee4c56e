package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/bus"
)

// missCall pushes the record of an inbound call that nobody took.
func (s *system) missCall(ucid, caller string) helix.CallID {
	s.t.Helper()
	record := fmt.Sprintf(`{"monitorUCID":%q,"Did":"918041763265","CallerID":%q,"StartTime":"2026-01-14 16:10:20",`+
		`"EndTime":"2026-01-14 16:10:40","CallDuration":"00:00:20","Duration":"00:00:00","Type":"inbound","Status":"NotAnswered"}`, ucid, caller)
	s.pushCDR(url.Values{"data": {record}}.Encode())
	id := helix.CallID(helix.NewID("OZONETEL", ucid))
	until(s.t, "the missed call "+ucid, func() bool {
		call, err := s.gateway.calls.Get(s.t.Context(), id)
		return err == nil && call.Missed
	})
	return id
}

func (s *system) pushCDR(body string) {
	s.t.Helper()
	status, raw := s.send(http.MethodPost, pathCDR+"/"+sandboxWebhookSecret, "application/x-www-form-urlencoded", "", body)
	if status != http.StatusOK {
		s.t.Fatalf("HTTP %d %s", status, raw)
	}
}

// letters asks for dead letters; answer is all of it, to look for what must not be in it.
func (s *system) letters(token string) (ids []string, total int, answer string) {
	s.t.Helper()
	_, data, code := s.ask(token, `{ deadLetters { totalCount edges { cursor node { id kind source callId reason code attempts since } } } }`, nil)
	if code != "" {
		s.t.Fatal(code)
	}
	edges, _ := at(data, "deadLetters", "edges").([]any)
	for _, e := range edges {
		id, _ := at(e, "node", "id").(string)
		ids = append(ids, id)
	}
	n, _ := at(data, "deadLetters", "totalCount").(float64)
	return ids, int(n), fmt.Sprint(data)
}

func TestSupervisorsDecideAboutDeadLetters(t *testing.T) {
	t.Parallel()
	s := startSystem(t, nil)
	meera, asha := s.signIn("meera@sandbox.test"), s.signIn("asha@sandbox.test")
	s.pushCDR("nonsense about +919812345678")
	if _, err := s.gateway.bus.AppendOutbox(t.Context(), "call-1", "c1", []byte("no command about +919812345678")); err != nil {
		t.Fatal(err)
	}
	var ids []string
	var answer string
	until(t, "both dead letters", func() bool {
		var total int
		ids, total, answer = s.letters(meera)
		return len(ids) == 2 && total == 2
	})
	for _, want := range []string{"kind:COMMAND", "source:fortytwo", "callId:call-1", "reason:REFUSED", "kind:PUSH", "source:ozonetel.cdr", "attempts:1"} {
		if !strings.Contains(answer, want) {
			t.Errorf("%s is not in %s", want, answer)
		}
	}
	if strings.Contains(answer, "98123") || strings.Contains(answer, "about") {
		t.Errorf("the content is shown: %s", answer)
	}
	if _, data, _ := s.ask(meera, `{ deadLetters(kind: PUSH, first: 1) { totalCount pageInfo { hasNextPage } edges { node { kind } } } }`, nil); fmt.Sprint(data) !=
		"map[deadLetters:map[edges:[map[node:map[kind:PUSH]]] pageInfo:map[hasNextPage:false] totalCount:1]]" {
		t.Errorf("of one kind: %v", data)
	}
	_, data, _ := s.ask(meera, `{ deadLetters(first: 1) { pageInfo { endCursor hasNextPage } } }`, nil)
	_, data, code := s.ask(meera, `query($c: Cursor) { deadLetters(after: $c) { edges { node { id } } } }`,
		map[string]any{"c": at(data, "deadLetters", "pageInfo", "endCursor")})
	if code != "" || fmt.Sprint(data) != "map[deadLetters:map[edges:[map[node:map[id:"+ids[1]+"]]]]]" {
		t.Errorf("the second page: %v %s", data, code)
	}
	if _, _, code := s.ask(meera, `{ deadLetters(after: "x") { totalCount } }`, nil); code != "BAD_USER_INPUT" {
		t.Errorf("a cursor of nobody: %s", code)
	}

	const replay = `mutation($i: ID!) { done: replayDeadLetter(input: {id: $i}) { ok error { code } } }`
	const drop = `mutation($i: ID!) { done: dropDeadLetter(input: {id: $i}) { ok error { code } } }`
	for _, query := range []string{replay, drop} {
		if _, _, code := s.ask(asha, query, map[string]any{"i": ids[0]}); code != "FORBIDDEN" {
			t.Errorf("an agent may decide: %s", code)
		}
		if _, data, _ := s.ask(meera, query, map[string]any{"i": "inbox.99"}); at(data, "done", "error", "code") != "NOT_FOUND" {
			t.Errorf("a letter that does not exist: %v", data)
		}
	}
	// The push is no better the second time, and a new letter with another id.
	if _, data, _ := s.ask(meera, replay, map[string]any{"i": ids[1]}); at(data, "done", "ok") != true {
		t.Errorf("replay: %v", data)
	}
	until(t, "the letter's return", func() bool {
		again, _, _ := s.letters(meera)
		return len(again) == 2 && again[1] != ids[1]
	})
	ids, _, _ = s.letters(meera)
	for _, id := range ids {
		if _, data, _ := s.ask(meera, drop, map[string]any{"i": id}); at(data, "done", "ok") != true {
			t.Errorf("drop: %v", data)
		}
		if _, data, _ := s.ask(meera, drop, map[string]any{"i": id}); at(data, "done", "error", "code") != "NOT_FOUND" {
			t.Errorf("a second time: %v", data)
		}
	}
	if ids, _, _ := s.letters(meera); len(ids) > 0 {
		t.Errorf("left are %v", ids)
	}
}

func TestErasingAPersonLeavesNothingOfHimAndEverythingOfOthers(t *testing.T) {
	t.Parallel()
	s := startSystem(t, nil)
	meera, asha := s.signIn("meera@sandbox.test"), s.signIn("asha@sandbox.test")
	erased, kept := s.missCall("21799900000000801", "9812345601"), s.missCall("21799900000000802", "9812345602")
	second := s.missCall("21799900000000803", "09812345601")
	until(t, "the writes", func() bool { // what a push leads to is written before it counts as handled
		d, err := s.gateway.bus.Depth(t.Context())
		return err == nil && d.Inbox == 0 && d.Outbox == 0
	})
	s.pushCDR("nonsense about +919812345601")
	s.pushCDR("nonsense about 98123 45602")
	if _, err := s.gateway.bus.AppendOutbox(t.Context(), string(erased), "c1", []byte("a write that FortyTwo refuses")); err != nil {
		t.Fatal(err)
	}
	until(t, "the dead letters", func() bool {
		ids, _, _ := s.letters(meera)
		d, err := s.gateway.bus.Depth(t.Context())
		return len(ids) == 3 && err == nil && d.Inbox == 0
	})

	const erase = `mutation($p: PhoneNumber!) { erasePerson(input: {phone: $p}) { ok error { code message }
		erasure { id finished calls missedCalls pushes commands deadLetters events memberId } } }`
	if _, _, code := s.ask(asha, erase, map[string]any{"p": "9812345601"}); code != "FORBIDDEN" {
		t.Errorf("an agent may erase: %s", code)
	}
	_, data, code := s.ask(meera, erase, map[string]any{"p": "098123 45601"})
	done, _ := at(data, "erasePerson", "erasure").(map[string]any)
	for field, want := range map[string]any{"finished": true, "calls": 2.0, "missedCalls": 1.0, "pushes": 0.0, "commands": 1.0, "deadLetters": 1.0} {
		if done[field] != want {
			t.Errorf("%s is %v, want %v (%v %s)", field, done[field], want, data, code)
		}
	}
	if events, _ := done["events"].(float64); events < 4 {
		t.Errorf("%v events", done["events"])
	}

	const timeline = `query($c: ID!) { callTimeline(callId: $c) { integrity edges { node { kind } } } }`
	for _, call := range []helix.CallID{erased, second} {
		if _, _, code := s.ask(meera, timeline, map[string]any{"c": call}); code != "NOT_FOUND" {
			t.Errorf("the erased call's timeline: %s", code)
		}
	}
	if _, data, _ := s.ask(meera, timeline, map[string]any{"c": kept}); at(data, "callTimeline", "integrity") != "INTACT" {
		t.Errorf("the other's timeline: %v", data)
	}
	until(t, "the queue without the erased", func() bool {
		_, data, _ := s.ask(meera, `{ missedCallQueue { groups { items(first: 10) { edges { node { phone } } } } } }`, nil)
		return !strings.Contains(fmt.Sprint(data), "9812345601") && strings.Contains(fmt.Sprint(data), "9812345602")
	})
	if ids, _, _ := s.letters(meera); len(ids) != 1 {
		t.Errorf("dead letters: %v", ids)
	}
	const check = `{ eventLogCheck { integrity events calls unknownCalls brokenCalls brokenCallIds missingEvents pageInfo { hasNextPage endCursor } } }`
	if _, data, code := s.ask(meera, check, nil); at(data, "eventLogCheck", "integrity") != "INTACT" || at(data, "eventLogCheck", "calls") != 1.0 {
		t.Errorf("the log: %v %s", data, code)
	}

	// A second time finds nothing and is success; both left a trace, and neither says whom.
	if _, data, _ := s.ask(meera, erase, map[string]any{"p": "+919812345601"}); at(data, "erasePerson", "erasure", "events") != 0.0 {
		t.Errorf("again: %v", data)
	}
	_, data, _ = s.ask(meera, `{ erasures { totalCount edges { node { id at memberId finished calls events } } } }`, nil)
	if at(data, "erasures", "totalCount") != 2.0 || !strings.Contains(fmt.Sprint(data), fmt.Sprint(done["memberId"])) || strings.Contains(fmt.Sprint(data), "9812345601") {
		t.Errorf("traces: %v", data)
	}
	for _, query := range []string{check, `{ erasures { totalCount } }`, `{ deadLetters { totalCount } }`} {
		if _, _, code := s.ask(asha, query, nil); code != "FORBIDDEN" {
			t.Errorf("an agent sees %s: %s", query, code)
		}
	}
}

func TestAPersonIsNotErasedWhileSomebodyWorksOnHisCall(t *testing.T) {
	t.Parallel()
	s := startSystem(t, nil)
	meera, asha := s.signIn("meera@sandbox.test"), s.signIn("asha@sandbox.test")
	s.ask(asha, `mutation { agentLogin(input: {}) { ok } }`, nil)
	s.ask(asha, `mutation { setAgentState(input: {state: READY}) { ok } }`, nil)
	s.control("/sandbox/dials/next", `{"outcome": "answer", "agentRingSeconds": 0.1, "ringSeconds": 0.1, "talkSeconds": 0.5}`)
	_, data, _ := s.ask(asha, `mutation { dial(input: {phone: "+919812345678", requestId: "r1"}) { call { id } } }`, nil)
	call := at(data, "dial", "call", "id")
	const erase = `mutation { erasePerson(input: {phone: "+919812345678"}) { ok error { code retryable } erasure { events } } }`
	refused := func(when string) {
		t.Helper()
		if _, data, _ := s.ask(meera, erase, nil); at(data, "erasePerson", "error", "code") != "CONFLICT" || at(data, "erasePerson", "erasure") != nil {
			t.Errorf("%s: %v", when, data)
		}
	}
	refused("while it is open")
	until(t, "the call's end", func() bool {
		_, data, _ := s.ask(asha, `{ viewer { agent { state currentCall { id state } } } }`, nil)
		return at(data, "viewer", "agent", "currentCall", "state") == "ENDED"
	})
	refused("before it is disposed")
	s.ask(asha, `mutation($c: ID!) { dispose(input: {callId: $c, disposition: "General Enquiry"}) { ok } }`, map[string]any{"c": call})
	if _, data, _ := s.ask(meera, erase, nil); at(data, "erasePerson", "ok") != true {
		t.Errorf("afterwards: %v", data)
	}
	if dial, err := s.gateway.calls.DialOf(t.Context(), "agent1"); err != nil || dial.Phone != "" {
		t.Errorf("the agent's dial is %+v, %v", dial, err)
	}
	bucket, err := bus.OpenBucket[helix.CallID](t.Context(), s.gateway.bus, bus.BucketCallIDs)
	if err != nil {
		t.Fatal(err)
	}
	ids, err := bucket.All(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for key, id := range ids {
		if fmt.Sprint(id) == fmt.Sprint(call) {
			t.Errorf("%s still leads to the call", key)
		}
	}
}

package main

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const routerKey = "the-key-of-a-router"

// entities asks for references: with a token, as a router when that is wanted. It answers with what stands at each place and
// the codes of the errors.
func (s *system) entities(token string, router bool, selection string, representations ...any) (found []any, codes string) {
	s.t.Helper()
	body, err := json.Marshal(map[string]any{
		"query":     `query($r: [_Any!]!) { _entities(representations: $r) { ` + selection + ` } }`,
		"variables": map[string]any{"r": representations},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.url+"/graphql", strings.NewReader(string(body)))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if router {
		req.Header.Set("X-Router-Key", routerKey)
	}
	res, err := s.hc.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	var answer struct {
		Data   map[string]any
		Errors []struct {
			Extensions struct{ Code string }
		}
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		s.t.Fatalf("%v: %s", err, raw)
	}
	for _, e := range answer.Errors {
		codes += e.Extensions.Code + " "
	}
	found, _ = answer.Data["_entities"].([]any)
	return found, strings.TrimSpace(codes)
}

func reference(typeName, id string) any { return map[string]any{"__typename": typeName, "id": id} }

// The gateway's own fields of FortyTwo's records come from its log: a call is found under the lead that it was dialled for.
func TestACallIsToldUnderTheLeadAndThePatientThatItWasDialledFor(t *testing.T) {
	t.Parallel()
	s := startSystem(t, map[string]string{"FEDERATION_ROUTER_KEYS": "edge:" + routerKey})
	facts := s.sandbox.FortyTwo().SeedFacts()
	lead, patient, phone := facts.SharedCaller.LeadID, facts.SharedCaller.PatientID, facts.SharedCaller.Phone
	asha, ravi, meera := s.signIn("asha@sandbox.test"), s.signIn("ravi@sandbox.test"), s.signIn("meera@sandbox.test")
	s.ask(asha, `mutation { agentLogin(input: {}) { ok } }`, nil)
	s.ask(asha, `mutation { setAgentState(input: {state: READY}) { ok } }`, nil)
	s.control("/sandbox/dials/next", `{"outcome": "answer", "agentRingSeconds": 0.1, "ringSeconds": 0.1, "talkSeconds": 600}`)
	_, data, code := s.ask(asha, `mutation($p: PhoneNumber!, $l: UUID, $t: UUID) {
		dial(input: {phone: $p, requestId: "1", leadId: $l, patientId: $t}) { call { id } error { code } }
	}`, map[string]any{"p": phone, "l": lead, "t": patient})
	call, _ := at(data, "dial", "call", "id").(string)
	if call == "" {
		t.Fatalf("not dialled: %v %s", data, code)
	}
	const selection = `... on Lead { name callTimeline(first: 1) { edges { node { kind callId } } } } ... on Patient { lastCall { id } insight { status } }`
	told := []any{
		map[string]any{"name": at(s.entity(meera, `... on Lead { name }`, reference("Lead", lead)), "name"), "callTimeline": map[string]any{
			"edges": []any{map[string]any{"node": map[string]any{"kind": "DIALING", "callId": call}}},
		}},
		map[string]any{"lastCall": map[string]any{"id": call}, "insight": map[string]any{"status": "NOT_CONFIGURED"}},
	}
	both := []any{reference("Lead", lead), reference("Patient", patient)}
	for who, token := range map[string]string{"the agent": asha, "a supervisor": meera} {
		until(t, "the call", func() bool {
			found, codes := s.entities(token, false, selection, both...)
			return codes == "" && cmp.Diff(told, found) == ""
		})
		if found, codes := s.entities(token, true, selection, both...); cmp.Diff(told, found) != "" {
			t.Errorf("%s through a router: %v %s", who, found, codes)
		}
	}
	found, codes := s.entities(ravi, false, `... on Lead { callTimeline { edges { node { kind } } } } ... on Patient { lastCall { id } }`, both...)
	nothing := []any{map[string]any{"callTimeline": map[string]any{"edges": []any{}}}, map[string]any{"lastCall": nil}}
	if diff := cmp.Diff(nothing, found); diff != "" || codes != "" {
		t.Errorf("another agent is told: %s %s", diff, codes)
	}
	found, codes = s.entities("", true, `... on Lead { id callTimeline { edges { node { kind } } } }`, both[:1]...)
	if diff := cmp.Diff([]any{map[string]any{"id": lead, "callTimeline": nil}}, found); diff != "" || codes != unauthenticated {
		t.Errorf("a router that asks for nobody is told: %s %s", diff, codes)
	}
}

func (s *system) entity(token, selection string, representation any) any {
	s.t.Helper()
	found, codes := s.entities(token, false, selection, representation)
	if len(found) != 1 || found[0] == nil || codes != "" {
		s.t.Fatalf("%v %s", found, codes)
	}
	return found[0]
}

func TestAMissedCallIsToldUnderItsRecord(t *testing.T) {
	t.Parallel()
	s := startSystem(t, nil)
	asha, ravi, meera := s.signIn("asha@sandbox.test"), s.signIn("ravi@sandbox.test"), s.signIn("meera@sandbox.test")
	s.ask(asha, `mutation { agentLogin(input: {}) { ok } }`, nil)
	s.abandon("9800000011")
	entry := s.claimed(asha)
	const selection = `... on Call { missedCall { id missedCount record { id } } }`
	want := map[string]any{"missedCall": map[string]any{"id": entry, "missedCount": 1.0, "record": map[string]any{"id": entry}}}
	for who, token := range map[string]string{"who holds it": asha, "a supervisor": meera} {
		until(t, "the record in FortyTwo", func() bool {
			found, _ := s.entities(token, false, selection, reference("Call", entry))
			return len(found) == 1 && found[0] != nil
		})
		if diff := cmp.Diff(want, s.entity(token, selection, reference("Call", entry))); diff != "" {
			t.Errorf("%s: %s", who, diff)
		}
	}
	if diff := cmp.Diff(map[string]any{"missedCall": nil}, s.entity(ravi, selection, reference("Call", entry))); diff != "" {
		t.Errorf("another agent: %s", diff)
	}
}

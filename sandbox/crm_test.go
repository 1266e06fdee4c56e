package sandbox_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/helix-engage/gateway/sandbox"
)

// query sends a GraphQL document to the CRM with the server key and decodes the answer.
func (r *running) query(path, document string) (int, map[string]any) {
	r.t.Helper()
	body, err := json.Marshal(map[string]string{"query": document})
	if err != nil {
		r.t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(r.t.Context(), "POST", r.FortyTwoURL()+path, bytes.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+r.FortyTwoAPIKey())
	response, err := r.client.Do(request)
	if err != nil {
		r.t.Fatal(err)
	}
	defer response.Body.Close()
	var out map[string]any
	if response.StatusCode == http.StatusOK {
		if err := json.NewDecoder(response.Body).Decode(&out); err != nil {
			r.t.Fatal(err)
		}
	}
	return response.StatusCode, out
}

func TestAFieldAddedToTheCRMIsThereAtOnce(t *testing.T) {
	t.Parallel()
	s := run(t, sandbox.Options{Empty: true, Traffic: sandbox.TrafficOff})
	known := func() bool {
		_, out := s.query("/graphql", `{ __type(name: "Call") { fields { name } } }`)
		return strings.Contains(asJSON(t, out), `"caseNumber"`)
	}
	if known() {
		t.Fatal("the field is there before it was added")
	}
	s.ok("POST", "/sandbox/fortytwo/fields", `{"object":"call","name":"caseNumber","type":"TEXT"}`)
	if !known() {
		t.Error("the field was not added")
	}
}

func TestFaultsOfTheCRMAreReachedThroughTheControlServer(t *testing.T) {
	t.Parallel()
	s := run(t, sandbox.Options{Empty: true, Traffic: sandbox.TrafficOff})
	const calls, leads = `{ calls(first: 1) { totalCount } }`, `{ leads(first: 1) { totalCount } }`
	s.ok("POST", "/sandbox/faults", `{"target":"fortytwo","endpoint":"calls","kind":"status","status":502}`)
	if code, _ := s.query("/graphql", leads); code != http.StatusOK {
		t.Errorf("another root field: %d", code)
	}
	if code, _ := s.query("/graphql", calls); code != http.StatusBadGateway {
		t.Errorf("the root field: %d", code)
	}
	s.ok("POST", "/sandbox/faults", `{"target":"fortytwo","endpoint":"/graphql","kind":"error","code":"TEAPOT","message":"short and stout"}`)
	if _, out := s.query("/graphql", leads); !strings.Contains(asJSON(t, out["errors"]), "TEAPOT") {
		t.Errorf("the path: %v", out)
	}
	s.ok("POST", "/sandbox/faults", `{"target":"fortytwo","kind":"status"}`)
	s.ok("DELETE", "/sandbox/faults", "")
	if code, _ := s.query("/graphql", calls); code != http.StatusOK {
		t.Errorf("after disarming: %d", code)
	}
	counts := s.ok("GET", "/sandbox/requests", "")["fortytwo"].(map[string]any)["counts"].(map[string]any)
	if counts["calls"] != 2.0 || counts["leads"] != 2.0 {
		t.Errorf("counts %v", counts)
	}
}

func TestMembersTokensExpireOnDemand(t *testing.T) {
	t.Parallel()
	s := run(t, sandbox.Options{Empty: true, Traffic: sandbox.TrafficOff})
	token, err := s.FortyTwo().AccessToken("asha@sandbox.test")
	if err != nil {
		t.Fatal(err)
	}
	ask := func() string {
		body := strings.NewReader(`{"query":"{ currentUser { email } }"}`)
		request, err := http.NewRequestWithContext(t.Context(), "POST", s.FortyTwoURL()+"/metadata", body)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Authorization", "Bearer "+token)
		response, err := s.client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		var out any
		if err := json.NewDecoder(response.Body).Decode(&out); err != nil {
			t.Fatal(err)
		}
		return asJSON(t, out)
	}
	if got := ask(); !strings.Contains(got, "asha@sandbox.test") {
		t.Errorf("before: %s", got)
	}
	s.ok("POST", "/sandbox/fortytwo/tokens/expire", "")
	if got := ask(); !strings.Contains(got, "UNAUTHENTICATED") {
		t.Errorf("after: %s", got)
	}
}

func TestChangesInTheCRMReachTheWebhookOnce(t *testing.T) {
	t.Parallel()
	events := make(chan string, 10)
	gateway := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { events <- r.URL.Path }))
	t.Cleanup(gateway.Close)
	hooks := sandbox.Webhooks{FortyTwo: gateway.URL + "/fortytwo", FortyTwoSecret: "secret"}
	s := run(t, sandbox.Options{Empty: true, Traffic: sandbox.TrafficOff, Webhooks: hooks})
	s.SetWebhooks(hooks) // registered already
	if _, out := s.query("/graphql", `mutation { createCall(data: {}) { id } }`); out["errors"] != nil {
		t.Fatal(out["errors"])
	}
	if got := <-events; got != "/fortytwo" {
		t.Errorf("webhook at %s", got)
	}
	if _, out := s.query("/metadata", `{ webhooks { targetUrl } }`); strings.Count(asJSON(t, out), "/fortytwo") != 1 {
		t.Errorf("registered: %v", out)
	}
}

func TestAMemberEditsARecord(t *testing.T) {
	t.Parallel()
	events := make(chan map[string]any, 10)
	gateway := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var event map[string]any
		if err := json.NewDecoder(r.Body).Decode(&event); err != nil {
			t.Error(err)
		}
		events <- event
	}))
	t.Cleanup(gateway.Close)
	s := run(t, sandbox.Options{
		Empty: true, Traffic: sandbox.TrafficOff, Webhooks: sandbox.Webhooks{FortyTwo: gateway.URL, FortyTwoSecret: "secret"},
	})
	_, out := s.query("/graphql", `mutation { createCall(data: {}) { id } }`)
	id := out["data"].(map[string]any)["createCall"].(map[string]any)["id"].(string)
	<-events
	edit := func(status, more string) string {
		return `{"object":"call","id":"` + id + `","data":{"callbackstatus":"` + status + `"}` + more + `}`
	}
	s.ok("POST", "/sandbox/fortytwo/records/update", edit("INVALID", `,"unheard":true`))
	s.ok("POST", "/sandbox/fortytwo/records/update", edit("WRONG_NUMBER", ""))
	event := <-events
	record := event["record"].(map[string]any)
	if event["workspaceMemberId"] == nil || record["callbackstatus"] != "WRONG_NUMBER" || !strings.Contains(asJSON(t, event["updatedFields"]), "callbackstatus") {
		t.Errorf("told %v", event)
	}
	for body, want := range map[string]int{
		`{"object":"call","id":"none","data":{"callbackstatus":"INVALID"}}`: http.StatusNotFound,
		`{"object":"cake","id":"none","data":{"callbackstatus":"INVALID"}}`: http.StatusNotFound,
		edit("PERHAPS", ""): http.StatusBadRequest,
		edit("INVALID", `,"email":"nobody@sandbox.test"`): http.StatusNotFound,
		`{"object":"call","id":"` + id + `"}`:             http.StatusBadRequest,
	} {
		if status, out := s.control("POST", "/sandbox/fortytwo/records/update", body); status != want {
			t.Errorf("%s: %d %v", body, status, out)
		}
	}
}

func TestCallersArePartlySeededPeopleAndPartlyStrangers(t *testing.T) {
	t.Parallel()
	s := run(t, sandbox.Options{Traffic: sandbox.TrafficOff, Seed: 1})
	known := s.FortyTwo().Phones()
	if len(known) < 500 {
		t.Fatalf("%d phones are seeded", len(known))
	}
	familiar := 0
	for range 40 {
		if phone := s.ok("POST", "/sandbox/calls", "")["phone"].(string); slices.Contains(known, phone) {
			familiar++
		}
	}
	if familiar < 5 || familiar > 35 {
		t.Errorf("%d of 40 callers are known", familiar)
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

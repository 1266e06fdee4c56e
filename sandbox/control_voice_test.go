package sandbox_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/helix-engage/gateway/sandbox"
)

// dials asks Knowlarity for a call and answers with the HTTP status.
func (r *running) dials(customer string) int {
	r.t.Helper()
	account := r.Knowlarity().Account()
	body := `{"k_number":"` + account.Numbers[0] + `","agent_number":"+918035550009","customer_number":"` + customer + `","caller_id":"` + account.Numbers[0] + `"}`
	request, err := http.NewRequestWithContext(r.t.Context(), "POST", r.KnowlarityURL()+"/Basic/v1/account/call/makecall", strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	request.Header.Set("x-api-key", account.APIKey)
	request.Header.Set("authorization", account.Authorization)
	response, err := r.client.Do(request)
	if err != nil {
		r.t.Fatal(err)
	}
	defer response.Body.Close()
	return response.StatusCode
}

func TestPatientsDoCallByCallWhatTheControlServerWasTold(t *testing.T) {
	t.Parallel()
	s := run(t, sandbox.Options{Empty: true, Traffic: sandbox.TrafficOff})
	s.ok("PUT", "/sandbox/knowlarity/patients", `{"number":"+919812345678","calls":[{"outcome":"busy","ringSeconds":2},{"outcome":"no_answer"}]}`)
	s.ok("PUT", "/sandbox/knowlarity/patients", `{"calls":[{"outcome":"rejected"}]}`)
	s.ok("POST", "/sandbox/faults", `{"target":"knowlarity","endpoint":"makecall","kind":"status","status":503}`)
	for i, want := range []int{503, 200, 200, 200} {
		if code := s.dials("+919812345678"); code != want {
			t.Errorf("dial %d: HTTP %d, not %d", i+1, code, want)
		}
	}
	s.dials("+919812345679")
	s.Advance(time.Minute)
	got := map[any][]string{}
	for _, customer := range []string{"%2B919812345678", "%2B919812345679"} {
		for _, call := range s.ok("GET", "/sandbox/knowlarity/calls?customer="+customer, "")["calls"].([]any) {
			result, _ := call.(map[string]any)["result"].(string)
			got[customer] = append(got[customer], result)
		}
	}
	if strings.Join(got["%2B919812345678"], " ") != "busy no_answer no_answer" || strings.Join(got["%2B919812345679"], " ") != "rejected" {
		t.Errorf("results %v", got)
	}
	if counts := s.ok("GET", "/sandbox/requests", "")["knowlarity"].(map[string]any)["counts"].(map[string]any); counts["makecall"] != 5.0 {
		t.Errorf("requests %v", counts)
	}
}

func TestConversationsAndTheirWebhooksGoWrongAsTheControlServerWasTold(t *testing.T) {
	t.Parallel()
	s := run(t, sandbox.Options{Empty: true, Traffic: sandbox.TrafficOff})
	results := make(chan string, 1)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		results <- r.Header.Get("ElevenLabs-Signature") + " " + string(body)
	}))
	t.Cleanup(receiver.Close)
	s.ok("PUT", "/sandbox/elevenlabs/webhook", `{"url":"`+receiver.URL+`","secret":"another secret"}`)
	s.ok("POST", "/sandbox/elevenlabs/conversations/faults", `{"agentId":"agent_sandbox_public","kind":"close","code":1011,"reason":"internal"}`)
	address := "ws" + strings.TrimPrefix(s.ElevenLabsURL(), "http") + "/v1/convai/conversation?agent_id=agent_sandbox_public"
	conn, response, err := websocket.DefaultDialer.DialContext(t.Context(), address, nil)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	defer conn.Close()
	if err := conn.WriteMessage(websocket.TextMessage, []byte(`{"type":"conversation_initiation_client_data"}`)); err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, _, err = conn.ReadMessage()
	}
	if !websocket.IsCloseError(err, websocket.CloseInternalServerErr) {
		t.Errorf("the socket ended with %v", err)
	}
	all := s.ok("GET", "/sandbox/elevenlabs/conversations", "")["conversations"].([]any)
	one, _ := all[0].(map[string]any)
	if len(all) != 1 || one["closeCode"] != 1011.0 {
		t.Errorf("conversations %v", all)
	}
	if code, out := s.control("POST", "/sandbox/elevenlabs/conversations/"+one["conversationId"].(string)+"/end", ""); code != http.StatusConflict {
		t.Errorf("ended again: %d %v", code, out)
	}
	s.Advance(time.Minute)
	if result := <-results; !strings.HasPrefix(result, "t=") || !strings.Contains(result, one["conversationId"].(string)) {
		t.Errorf("the webhook: %.200s", result)
	}
	if counts := s.ok("GET", "/sandbox/elevenlabs/webhook", ""); counts["failed"] != 0.0 {
		t.Errorf("webhooks %v", counts)
	}
}

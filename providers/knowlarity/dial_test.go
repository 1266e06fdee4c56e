package knowlarity_test

import (
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers"
	"github.com/helix-engage/gateway/providers/knowlarity"
)

const accepted = `{"success":{"status":"success","message":"Call is being placed","call_id":"` + theirID + `"}}`

// reset ends the connection after the request was read.
func reset(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

func TestADialIsPlacedRefusedOrUnknown(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer    http.HandlerFunc
		strategy  knowlarity.Strategy
		id        string
		code      helix.Code
		retryable bool
	}{
		"success names the call":                              {answer: says(200, accepted), id: theirID},
		"success may lack an id":                              {answer: says(200, `{"success":{"status":"success"}}`)},
		"the id may stand beside success":                     {answer: says(200, `{"success":{"status":"success"},"call_id":"c1"}`), id: "c1"},
		"the id may stand in a response":                      {answer: says(200, `{"success":{"status":"success"},"response":{"call_id":7}}`), id: "7"},
		"an empty error is none":                              {answer: says(201, `{"error":null,"success":{"status":"SUCCESS","call_id":"c1"}}`), id: "c1"},
		"a campaign counts its status":                        {answer: says(200, `{"status_code":"1","order_id":55}`), strategy: knowlarity.StrategyCampaign},
		"a campaign that says something else is open":         {answer: says(200, `{"status_code":0}`), strategy: knowlarity.StrategyCampaign, code: helix.CodeUnknownOutcome},
		"an error in a 200 is a refusal":                      {answer: says(200, `{"error":{"message":"Agent number is not registered"}}`), code: helix.CodeRejected},
		"an error of one word is a refusal":                   {answer: says(200, `{"error":"DND"}`), code: helix.CodeRejected},
		"a refusal for now may be tried later":                {answer: says(200, `{"error":{"message":"All channels are busy"}}`), code: helix.CodeRejected, retryable: true},
		"success that says failed is a refusal":               {answer: says(200, `{"success":{"status":"failed","message":"invalid number"}}`), code: helix.CodeRejected},
		"a limit in a 200 may be tried later":                 {answer: says(200, `{"error":{"message":"Limit Exceeded"}}`), code: helix.CodeTooManyRequests, retryable: true},
		"a fault in a 200 is open":                            {answer: says(200, `{"error":{"message":"Internal error, request timed out"}}`), code: helix.CodeUnknownOutcome},
		"a 400 is a refusal":                                  {answer: says(400, `{"message":"bad number"}`), code: helix.CodeRejected},
		"a 401 is a refusal":                                  {answer: says(401, ``), code: helix.CodeRejected},
		"a 403 is a refusal":                                  {answer: says(403, `{"message":"Forbidden"}`), code: helix.CodeRejected},
		"a 404 is a refusal":                                  {answer: says(404, `<html>`), code: helix.CodeRejected},
		"a 429 may be tried later":                            {answer: says(429, `{"message":"Too Many Requests"}`), code: helix.CodeTooManyRequests, retryable: true},
		"a throttle that wears a 403 may be tried later":      {answer: says(403, `{"message":"Limit Exceeded"}`), code: helix.CodeTooManyRequests, retryable: true},
		"a 408 is open":                                       {answer: says(408, ``), code: helix.CodeUnknownOutcome},
		"a 500 is open":                                       {answer: says(500, `{"error":"x"}`), code: helix.CodeUnknownOutcome},
		"a 502 is open":                                       {answer: says(502, ``), code: helix.CodeUnknownOutcome},
		"a redirect is open":                                  {answer: says(302, ``), code: helix.CodeUnknownOutcome},
		"a page instead of JSON is open":                      {answer: says(200, `<html>OK</html>`), code: helix.CodeUnknownOutcome},
		"an empty 200 is open":                                {answer: says(200, ``), code: helix.CodeUnknownOutcome},
		"a list is open":                                      {answer: says(200, `[]`), code: helix.CodeUnknownOutcome},
		"neither success nor error is open, with what is id":  {answer: says(200, `{"call_id":"c9"}`), code: helix.CodeUnknownOutcome, id: "c9"},
		"a status that nobody knows is open":                  {answer: says(200, `{"success":{"status":"queued","call_id":"c8"}}`), code: helix.CodeUnknownOutcome, id: "c8"},
		"a reset after the request is open":                   {answer: reset, code: helix.CodeUnknownOutcome},
		"success is told as Python writes it by some gateway": {answer: says(200, `{'success': {'status': 'success', 'call_id': 'c7'}}`), id: "c7"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPeer(t, c.answer)
			client := newClient(t, func(o *knowlarity.Options) { o.BaseURL, o.Strategy = p.URL, c.strategy })
			id, err := client.Dial(t.Context(), request())
			if id != c.id || (c.code == "") != (err == nil) || c.code != "" && !helix.IsCode(err, c.code) || helix.IsRetryable(err) != c.retryable {
				t.Errorf("dial answered %q, %v; want %q, code %q, retryable %t", id, err, c.id, c.code, c.retryable)
			}
			if n := len(p.requests()); n != 1 {
				t.Errorf("%d requests were sent", n)
			}
		})
	}
}

// TestAnAnswerThatComesTooLateIsOpen has a clock of its own: the time-out begins when there is nothing left to do but wait.
func TestAnAnswerThatComesTooLateIsOpen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, transport := newPeerInMemory(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		client := newClient(t, func(o *knowlarity.Options) { o.BaseURL, o.HTTP = p.URL, newKit(t, transport) })
		id, err := client.Dial(t.Context(), request())
		if id != "" || !helix.IsCode(err, helix.CodeUnknownOutcome) || helix.IsRetryable(err) || len(p.requests()) != 1 {
			t.Errorf("dial answered %q, %v after %d requests", id, err, len(p.requests()))
		}
	})
}

func TestADialThatFindsNobodyIsNotPlaced(t *testing.T) {
	t.Parallel()
	client := newClient(t, func(o *knowlarity.Options) { o.BaseURL = "http://127.0.0.1:1" })
	_, err := client.Dial(t.Context(), request())
	if !helix.IsCode(err, helix.CodeUnavailable) || !helix.IsRetryable(err) {
		t.Errorf("dial failed with %v, want a retryable UPSTREAM_UNAVAILABLE", err)
	}
}

func TestRefusedCredentialsShowInHealth(t *testing.T) {
	t.Parallel()
	p := newPeer(t, says(401, `{"message":"Unauthorized"}`))
	client := newClient(t, func(o *knowlarity.Options) { o.BaseURL = p.URL })
	if _, err := client.Dial(t.Context(), request()); !errors.Is(err, providers.ErrCredentials) {
		t.Errorf("dial failed with %v", err)
	}
	if client.Health().OK() {
		t.Error("the account looks healthy")
	}
}

func TestEachStrategyWritesItsOwnBody(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*knowlarity.Options)
		path   string
		want   map[string]any
	}{
		"makecall bridges the stream's number and the patient": {
			func(o *knowlarity.Options) { o.Strategy = knowlarity.StrategyMakeCall },
			"/Basic/v1/account/call/makecall",
			map[string]any{
				"k_number": "+918035550001", "agent_number": "+918035550002", "customer_number": "+919812345678", "caller_id": "+918047770003",
				"additional_params": map[string]any{"call_session_id": string(ourID), "attempt": 2.0},
			},
		},
		"a campaign is one call that starts at a full minute and is void soon": {
			func(o *knowlarity.Options) { o.Strategy, o.Channel = knowlarity.StrategyCampaign, "Premium" },
			"/Premium/v1/account/call/campaign",
			map[string]any{
				"k_number": "+918035550001", "caller_id": "+918047770003", "ivr_id": "ivr-7", "additional_number": "+919812345678",
				"timezone": "Asia/Kolkata", "start_time": "2026-11-20 10:01", "end_time": "2026-11-20 10:11", "priority": "1",
				"order_throttling": "1", "max_retry": "0", "retry_duration": "15", "is_transactional": "True", "is_promotional": "False",
			},
		},
		"a flow greets in the patient's language and then streams": {
			func(o *knowlarity.Options) {
				o.Rate, o.FlowPath, o.AccountID, o.CallerID = 8000, "/account/{account}/call/flow", "acc 1", ""
			},
			"/Basic/v1/account/acc 1/call/flow",
			map[string]any{
				"k_number": "+918035550001", "customer_number": "+919812345678",
				"ivr_flow": map[string]any{"nodes": []any{
					map[string]any{"id": "welcome", "type": "play", "next": "stream_node", "audio": map[string]any{"type": "tts", "text": "नमस्ते राहुल जी", "language": "hi"}},
					map[string]any{"id": "stream_node", "type": "stream", "config": map[string]any{
						"wss_url": streamURL, "sampling_rate": "8k",
						"metadata": `{"attempt":2,"call_session_id":"` + string(ourID) + `","client_meta_id":"` + string(ourID) + `","customer_number":"+919812345678",` +
							`"session_metadata":{"patient_name":"Rahul Sharma","treatment_type":"cardiology"},"virtual_number":"+918035550001"}`,
					}},
				}},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPeer(t, says(200, accepted))
			client := newClient(t, func(o *knowlarity.Options) { o.BaseURL = p.URL }, c.change)
			if _, err := client.Dial(t.Context(), request()); err != nil {
				t.Fatal(err)
			}
			got := p.requests()[0]
			var body map[string]any
			if err := json.Unmarshal(got.body, &body); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, body); diff != "" || got.path != c.path || got.method != http.MethodPost {
				t.Errorf("%s %s (-want +got):\n%s", got.method, got.path, diff)
			}
			for name, want := range map[string]string{"X-Api-Key": apiKey, "Authorization": authorization, "Content-Type": "application/json"} {
				if got.header.Get(name) != want {
					t.Errorf("header %s is %q", name, got.header.Get(name))
				}
			}
		})
	}
}

func TestMetadataThatIsTooLongLosesAllButItsIDs(t *testing.T) {
	t.Parallel()
	p := newPeer(t, says(200, accepted))
	client := newClient(t, func(o *knowlarity.Options) { o.BaseURL = p.URL })
	r := request()
	r.Greeting, r.Metadata = "", map[string]any{"crm_data": strings.Repeat("x", 5000)}
	if _, err := client.Dial(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	var body struct {
		Flow struct {
			Nodes []struct {
				Type   string
				Config struct{ Metadata string }
			}
		} `json:"ivr_flow"`
	}
	if err := json.Unmarshal(p.requests()[0].body, &body); err != nil {
		t.Fatal(err)
	}
	if len(body.Flow.Nodes) != 1 || body.Flow.Nodes[0].Type != "stream" {
		t.Fatalf("nodes are %+v, want the stream alone", body.Flow.Nodes)
	}
	text := body.Flow.Nodes[0].Config.Metadata
	if len(text) > 4096 || !json.Valid([]byte(text)) || !strings.Contains(text, string(ourID)) {
		t.Errorf("metadata is %s", text)
	}
}

func TestErrorsRevealNothing(t *testing.T) {
	t.Parallel()
	echo := `{"error":{"message":"cannot call Rahul Sharma (Rahul) at +919812345678 / 98123 45678 via ` + streamURL + ` with key, कृपया"}}`
	for name, answer := range map[string]http.HandlerFunc{
		"a refusal in a 200": says(200, echo), "a 400": says(400, echo), "a fault": says(500, echo), "a page": says(200, "<html>"+echo),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPeer(t, answer)
			client := newClient(t, func(o *knowlarity.Options) { o.BaseURL = p.URL })
			_, err := client.Dial(t.Context(), request())
			if err == nil {
				t.Fatal("the dial succeeded")
			}
			for _, secret := range []string{apiKey, authorization, "9812345678", "45678", "s3cr3t", "voice.example", "Rahul", "Sharma", "कृपया", p.URL} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("the error tells %q: %v", secret, err)
				}
			}
		})
	}
}

func TestAnAccountWithoutKeySaysWhatToSet(t *testing.T) {
	t.Parallel()
	client := newClient(t, func(o *knowlarity.Options) { o.APIKey, o.Number, o.CallerID = "", "", "" })
	_, dialErr := client.Dial(t.Context(), request())
	_, logErr := client.CallLog(t.Context(), morning.Add(-time.Hour), morning, "")
	for _, err := range []error{dialErr, logErr, client.SetStreamURL(t.Context(), "", streamURL)} {
		if !helix.IsCode(err, helix.CodeNotConfigured) || !strings.Contains(err.Error(), "KNOWLARITY_API_KEY") || !strings.Contains(err.Error(), "KNOWLARITY_NUMBER") {
			t.Errorf("error is %v", err)
		}
	}
	if client.Configured() {
		t.Error("it counts as configured")
	}
}

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	good := func() knowlarity.Options {
		kit, err := providers.NewHTTP(providers.Options{Provider: helix.ProviderKnowlarity})
		if err != nil {
			t.Fatal(err)
		}
		return knowlarity.Options{HTTP: kit, APIKey: "k", Number: "8035550001"}
	}
	for name, change := range map[string]func(*knowlarity.Options){
		"no HTTP client":            func(o *knowlarity.Options) { o.HTTP = nil },
		"a URL without host":        func(o *knowlarity.Options) { o.BaseURL = "kpi" },
		"a URL with a query":        func(o *knowlarity.Options) { o.BaseURL = "https://kpi.example?x=1" },
		"an unknown strategy":       func(o *knowlarity.Options) { o.Strategy = "fax" },
		"a campaign without IVR":    func(o *knowlarity.Options) { o.Strategy = knowlarity.StrategyCampaign },
		"makecall without a number": func(o *knowlarity.Options) { o.Strategy = knowlarity.StrategyMakeCall },
		"a rate of music":           func(o *knowlarity.Options) { o.Rate = 44100 },
		"a number of letters":       func(o *knowlarity.Options) { o.CallerID = "hospital" },
	} {
		o := good()
		if _, err := knowlarity.New(o); err != nil {
			t.Fatal(err)
		}
		change(&o)
		if _, err := knowlarity.New(o); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

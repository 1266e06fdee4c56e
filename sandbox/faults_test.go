package sandbox_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/helix-engage/gateway/sandbox"
)

const tokenPath = "/ca_apis/CAToken/generateToken"

// telephony sends a request to the account, its key and any headers ("name: value") included.
func (r *running) telephony(ctx context.Context, path, body string, headers ...string) (status int, answer string, err error) {
	r.t.Helper()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.OzonetelURL()+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		request.Header[name] = []string{value} // as it is spelt
	}
	response, err := r.client.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, strings.TrimSpace(string(text)), err
}

// until gives a context that ends once something has happened, as that of a client who gives up then.
func until(t *testing.T, happened func() bool) context.Context {
	t.Helper()
	ctx, leave := context.WithCancel(t.Context())
	go func() {
		defer leave()
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for !happened() && t.Context().Err() == nil {
			<-tick.C
		}
	}()
	return ctx
}

// token generates a token.
func (r *running) token() string {
	r.t.Helper()
	account := r.OzonetelAccount()
	_, body, err := r.telephony(r.t.Context(), tokenPath, `{"userName":"`+account.UserName+`"}`, "apiKey: "+account.APIKey)
	var out struct {
		Token string `json:"token"`
	}
	if err != nil || json.Unmarshal([]byte(body), &out) != nil || out.Token == "" {
		r.t.Fatalf("no token: %v, %s", err, body)
	}
	return out.Token
}

func TestEveryFaultOfARequestIsReachedThroughTheControlServer(t *testing.T) {
	t.Parallel()
	const served = `{"status":"false","message":"UserName is null","data":null}`
	for kind, want := range map[string]struct {
		more   string // of the fault
		status int    // 0: no answer
		body   string
	}{
		"delay":      {`,"delayMs":1`, 200, served},
		"hang":       {"", 0, ""},
		"reset":      {"", 0, ""},
		"status":     {`,"status":503`, 503, ""},
		"body":       {"", 200, `{"status":"error","message":"Internal error"}`},
		"garbage":    {"", 200, "<br />\n<b>Warning</b>: {\"status\":"},
		"rate-limit": {`,"status":429`, 429, `{"status":"error","message":"Max limit exceeded"}`},
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			s := run(t, sandbox.Options{Empty: true, Traffic: sandbox.TrafficOff})
			s.ok("POST", "/sandbox/faults", `{"target":"ozonetel","endpoint":"generateToken","kind":"`+kind+`"`+want.more+`}`)
			ctx := t.Context()
			if kind == "hang" {
				ctx = until(t, func() bool { return s.Ozonetel().RequestCount("generateToken") > 0 })
			}
			status, body, err := s.telephony(ctx, tokenPath, `{}`)
			if status != want.status || body != want.body || (err != nil) != (want.status == 0) {
				t.Errorf("got %d %q, %v", status, body, err)
			}
			if _, body, _ := s.telephony(t.Context(), tokenPath, `{}`); body != served {
				t.Errorf("the next request: %q", body)
			}
		})
	}
	s := run(t, sandbox.Options{Empty: true, Traffic: sandbox.TrafficOff})
	if code, out := s.control("POST", "/sandbox/faults", `{"target":"ozonetel","kind":"sulk"}`); code != http.StatusBadRequest {
		t.Errorf("an unknown kind: %d %v", code, out)
	}
}

func TestTokensAreExpiredAndStolenThroughTheControlServer(t *testing.T) {
	t.Parallel()
	for how, refusal := range map[string]string{"expire": "Token Expired", "steal": "Invalid Token"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			s := run(t, sandbox.Options{Empty: true, Traffic: sandbox.TrafficOff})
			use := func(token string) string {
				_, body, err := s.telephony(t.Context(), "/ca_apis/getAgentLogins",
					`{"userName":"`+s.OzonetelAccount().UserName+`"}`, "Authorization: Bearer "+token)
				if err != nil {
					t.Fatal(err)
				}
				return body
			}
			if err := s.Ozonetel().LogIn("agent1"); err != nil {
				t.Fatal(err)
			}
			token := s.token()
			if body := use(token); !strings.Contains(body, `"success"`) {
				t.Fatalf("before: %s", body)
			}
			s.ok("POST", "/sandbox/ozonetel/token/"+how, "")
			if body := use(token); !strings.Contains(body, refusal) {
				t.Errorf("afterwards: %s", body)
			}
			if body := use(s.token()); !strings.Contains(body, `"success"`) {
				t.Errorf("with a new token: %s", body)
			}
		})
	}
}

func TestRateLimitsAreSetThroughTheControlServer(t *testing.T) {
	t.Parallel()
	for limits, want := range map[string]int{`{}`: 200, `{"status":429}`: 429, `{"off":true}`: 0} {
		s := run(t, sandbox.Options{Empty: true, Traffic: sandbox.TrafficOff})
		s.ok("PUT", "/sandbox/ozonetel/limits", limits)
		account := s.OzonetelAccount()
		refused := 0
		for range 11 { // one more than an hour has
			status, body, err := s.telephony(t.Context(), tokenPath, `{"userName":"`+account.UserName+`"}`, "apiKey: "+account.APIKey)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(body, "Max limit exceeded") {
				refused = status
			}
		}
		if refused != want {
			t.Errorf("%s: the refusal is HTTP %d, want %d", limits, refused, want)
		}
	}
}

func TestPushesAreDisturbedThroughTheControlServer(t *testing.T) {
	t.Parallel()
	for effect, want := range map[string][]string{
		"none":      {"login", "release", "calling", "Calling", "incall", "Answered", "Disconnect", "ACW"},
		"duplicate": {"login", "release", "calling", "Calling", "Calling", "incall", "Answered", "Disconnect", "ACW"},
		"drop":      {"login", "release", "calling", "incall", "Answered", "Disconnect", "ACW"},
		"reorder":   {"login", "release", "calling", "incall", "Calling", "Answered", "Disconnect", "ACW"},
		"delay":     {"login", "release", "calling", "incall", "Answered", "Disconnect", "ACW", "Calling"},
	} {
		t.Run(effect, func(t *testing.T) {
			t.Parallel()
			actions := make(chan string, 100)
			receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				var event struct {
					Data struct {
						Action string `json:"action"`
					} `json:"data"`
				}
				if err := json.NewDecoder(r.Body).Decode(&event); err != nil {
					t.Error(err)
				}
				actions <- event.Data.Action
			}))
			t.Cleanup(receiver.Close)
			s := run(t, sandbox.Options{
				Empty: true, Traffic: sandbox.TrafficOff, Webhooks: sandbox.Webhooks{OzonetelEvents: receiver.URL},
			})
			if err := s.Ozonetel().LogIn("agent1"); err != nil {
				t.Fatal(err)
			}
			if effect != "none" {
				s.ok("POST", "/sandbox/pushes", `{"kind":"call","effect":"`+effect+`","delayMs":60000}`)
			}
			ucid, _ := s.ok("POST", "/sandbox/calls", `{"phone":"9812345678"}`)["ucid"].(string)
			for _, move := range []string{"offer", "answer", "hangup"} {
				s.ok("POST", "/sandbox/calls/"+ucid+"/"+move, "")
			}
			var got []string
			for len(got) < len(want) {
				if effect == "delay" && len(got) == len(want)-1 {
					s.Advance(time.Minute)
				}
				select {
				case action := <-actions:
					got = append(got, action)
				case <-time.After(time.Minute):
					t.Fatalf("only %v came", got)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			if dropped := s.ok("GET", "/sandbox/pushes", "")["dropped"]; (dropped == 1.0) != (effect == "drop") {
				t.Errorf("%v pushes were dropped", dropped)
			}
		})
	}
}

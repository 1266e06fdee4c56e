package elevenlabs_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"

	"github.com/helix-engage/gateway/sandbox/elevenlabs"
	"github.com/helix-engage/gateway/sandbox/faults"
)

func TestHowConversationsAreRefused(t *testing.T) {
	t.Parallel()
	agents := func(change func(*elevenlabs.Agent)) []elevenlabs.Agent {
		agent := elevenlabs.DefaultAgent()
		change(&agent)
		return []elevenlabs.Agent{agent}
	}
	tests := []struct {
		name       string
		agents     []elevenlabs.Agent
		initiation string
		code       int
		reason     string
		kinds      []string
	}{
		{
			"a variable is missing", agents(func(a *elevenlabs.Agent) { a.Variables = []string{"name", "call"} }),
			`{"type":"conversation_initiation_client_data","dynamic_variables":{"call":1}}`,
			1008, "Missing required dynamic variables in first message: {'name'}",
			[]string{"error"},
		},
		{
			"an override is not allowed", agents(func(a *elevenlabs.Agent) { a.NoOverrides = true }),
			`{"type":"conversation_initiation_client_data","conversation_config_override":{"agent":{"language":"en"}}}`,
			1008, "Override for field 'language' is not allowed by config.",
			[]string{"error"},
		},
		{
			"a variable is no plain value", nil,
			`{"type":"conversation_initiation_client_data","dynamic_variables":{"call":{"id":1}}}`,
			1008, "Invalid conversation_initiation_client_data",
			[]string{"error"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorkspace(t, elevenlabs.Options{Agents: test.agents})
			p := w.dial(w.signed(""))
			p.send(test.initiation)
			code, reason, kinds := p.closed()
			if code != test.code || reason != test.reason || !cmp.Equal(kinds, test.kinds) {
				t.Errorf("%d %q after %v", code, reason, kinds)
			}
			if view := w.settled(w.Conversations()[0].ID); view.Status != elevenlabs.Failed {
				t.Errorf("status %s", view.Status)
			}
		})
	}
}

func TestOnlyASignedAddressOpensAConversation(t *testing.T) {
	t.Parallel()
	public := elevenlabs.DefaultAgent()
	public.ID, public.Public = "open", true
	w := newWorkspace(t, elevenlabs.Options{Agents: []elevenlabs.Agent{elevenlabs.DefaultAgent(), public}})
	base := strings.Replace(w.url, "http", "ws", 1) + "/v1/convai/conversation?agent_id="
	signature := func(address string) string {
		_, rest, _ := strings.Cut(address, "&conversation_signature=")
		return "&conversation_signature=" + rest
	}
	once, expired := w.signed("&include_conversation_id=true"), w.signed("")
	w.Advance(16 * time.Minute)
	lapsed := once
	once = w.signed("&include_conversation_id=true")
	first := w.dial(once)
	first.send(plain)
	if id := first.next("conversation_initiation_metadata")["conversation_id"]; !strings.Contains(once, "conversation_id="+id.(string)) {
		t.Errorf("the conversation %v is not the address's", id)
	}
	for name, address := range map[string]string{
		"no signature": base + "agent_sandbox_intake", "a wrong one": base + "agent_sandbox_intake&conversation_signature=x",
		"of another agent": base + "open" + signature(w.signed("")), "used": once, "expired": expired, "expired with id": lapsed, "no agent": base + "x",
	} {
		if code, reason, _ := w.dial(address).closed(); code != 3000 || reason != "Request error" {
			t.Errorf("%s: %d %s", name, code, reason)
		}
	}
	p := w.dial(base + "open")
	p.send(plain)
	p.next("audio")
}

func TestHowConversationsGoWrong(t *testing.T) {
	t.Parallel()
	tests := []struct {
		fault elevenlabs.Fault
		code  int
		want  string // a type that comes
		never string // one that does not
	}{
		{elevenlabs.Fault{Kind: elevenlabs.FaultClose, Code: 1011, Reason: "unknown_websocket_crash"}, 1011, "error", "conversation_initiation_metadata"},
		{elevenlabs.Fault{Kind: elevenlabs.FaultClose, Code: 1008, Reason: "value_error", After: 100 * time.Second}, 1008, "audio", ""},
		{elevenlabs.Fault{Kind: elevenlabs.FaultClose, Code: 3008, Reason: "too many concurrent connections"}, 3008, "", "error"},
		{elevenlabs.Fault{Kind: elevenlabs.FaultDie, After: 100 * time.Second}, 1006, "audio", "error"},
		{elevenlabs.Fault{Kind: elevenlabs.FaultQueue}, 3008, "queue_status", "conversation_initiation_metadata"},
	}
	for _, test := range tests {
		t.Run(string(test.fault.Kind)+http.StatusText(test.fault.Code), func(t *testing.T) {
			t.Parallel()
			w := newWorkspace(t, elevenlabs.Options{})
			if err := w.FailConversations(test.fault); err != nil {
				t.Fatal(err)
			}
			p := w.dial(w.signed(""))
			p.send(plain)
			code, _, kinds := p.closed()
			came := " " + strings.Join(kinds, " ") + " "
			if code != test.code || !strings.Contains(came, test.want) || (test.never != "" && strings.Contains(came, " "+test.never+" ")) {
				t.Errorf("%d after%s", code, came)
			}
			w.begin(plain).next("audio") // the next one works
		})
	}
}

func TestConversationsThatDisturb(t *testing.T) {
	t.Parallel()
	start := func(t *testing.T, f elevenlabs.Fault) (*workspace, *peer) {
		t.Helper()
		t.Parallel()
		w := newWorkspace(t, elevenlabs.Options{})
		if err := w.FailConversations(f); err != nil {
			t.Fatal(err)
		}
		p := w.dial(w.signed(""))
		p.send(plain)
		return w, p
	}
	t.Run("huge audio", func(t *testing.T) {
		_, p := start(t, elevenlabs.Fault{Kind: elevenlabs.FaultHuge})
		if text, _ := p.next("audio")["audio_base_64"].(string); base64.StdEncoding.DecodedLen(len(text)) <= 32<<10 {
			t.Errorf("%d characters", len(text))
		}
	})
	t.Run("garbage", func(t *testing.T) {
		_, p := start(t, elevenlabs.Fault{Kind: elevenlabs.FaultGarbage})
		p.next("agent_response")
	})
	t.Run("admitted from the queue", func(t *testing.T) {
		_, p := start(t, elevenlabs.Fault{Kind: elevenlabs.FaultQueue, After: time.Second})
		for _, want := range []string{"waiting", "admitted"} {
			if status := p.next("queue_status")["status"]; status != want {
				t.Errorf("%v, not %s", status, want)
			}
		}
		p.next("audio")
	})
	t.Run("slow", func(t *testing.T) {
		_, p := start(t, elevenlabs.Fault{Kind: elevenlabs.FaultSlow, After: 2 * time.Second})
		p.next("audio")
	})
	for kind, initiated := range map[elevenlabs.FaultKind]int{elevenlabs.FaultNoMetadata: 0, elevenlabs.FaultSilent: 1} {
		t.Run(string(kind), func(t *testing.T) {
			w, p := start(t, elevenlabs.Fault{Kind: kind})
			p.send(`{"type":"user_message","text":"x"}`)
			if initiated == 1 {
				p.next("user_transcript")
			}
			if err := w.End(w.opened().ID, 1011, "over"); err != nil {
				t.Fatal(err)
			}
			code, reason, kinds := p.closed()
			if code != 1011 || reason != "over" || len(kinds) != 0 {
				t.Errorf("%d %s after %v", code, reason, kinds)
			}
		})
	}
}

func TestTheOpeningOfASocketGoesWrongToo(t *testing.T) {
	t.Parallel()
	w := newWorkspace(t, elevenlabs.Options{})
	for _, f := range []faults.Request{
		{Endpoint: "conversation", Kind: faults.KindDelay, Delay: time.Millisecond}, {Endpoint: "conversation", Kind: faults.KindStatus, Status: 503},
	} {
		if err := w.Fail(f); err != nil {
			t.Fatal(err)
		}
	}
	w.begin(plain)
	_, response, err := websocket.DefaultDialer.DialContext(t.Context(), w.signed(""), nil)
	if response == nil || err == nil {
		t.Fatalf("opened, or no answer: %v", err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("status %d", response.StatusCode)
	}
}

func TestAnAgentThatIsFullRefuses(t *testing.T) {
	t.Parallel()
	agent := elevenlabs.DefaultAgent()
	agent.Concurrency = 1
	w := newWorkspace(t, elevenlabs.Options{Agents: []elevenlabs.Agent{agent}})
	first := w.begin(plain)
	if code, _, _ := w.dial(w.signed("")).closed(); code != 3008 {
		t.Errorf("closed with %d", code)
	}
	if err := w.End(first.id, 0, ""); err != nil {
		t.Fatal(err)
	}
	if code, _, _ := first.closed(); code != 1006 {
		t.Errorf("closed with %d", code)
	}
	w.settled(first.id)
	w.begin(plain)
}

func TestSettingsThatMakeNoSenseAreRefused(t *testing.T) {
	t.Parallel()
	one := elevenlabs.DefaultAgent()
	for name, agents := range map[string][]elevenlabs.Agent{
		"an id twice": {one, one}, "no id": {{}}, "a format": {{ID: "a", Input: "mp3"}}, "a sentence": {{ID: "a", Script: []elevenlabs.Step{{Ask: "x"}}}},
	} {
		if _, err := elevenlabs.New(elevenlabs.Options{Agents: agents}); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	w := newWorkspace(t, elevenlabs.Options{})
	for _, f := range []elevenlabs.Fault{{Kind: "x"}, {Kind: elevenlabs.FaultClose, Code: 1006}, {Kind: elevenlabs.FaultDie, Count: -1}} {
		if w.FailConversations(f) == nil {
			t.Errorf("%+v is armed", f)
		}
	}
	if w.Fail(faults.Request{Endpoint: "x", Kind: faults.KindHang}) == nil {
		t.Error("an unknown endpoint fails")
	}
}

package main

import (
	"bytes"
	"log/slog"
	"maps"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/helix-engage/gateway/sandbox/elevenlabs"
	sandboxfaults "github.com/helix-engage/gateway/sandbox/faults"
	"github.com/helix-engage/gateway/sandbox/knowlarity"
)

// voiceAccounts are emulated accounts of both providers of outbound AI calls.
type voiceAccounts struct {
	t           *testing.T
	knowlarity  *knowlarity.Server
	elevenLabs  *elevenlabs.Server
	environment map[string]string // that configures them completely
}

func newVoiceAccounts(t *testing.T) *voiceAccounts {
	t.Helper()
	agent := elevenlabs.DefaultAgent()
	dialler, err := knowlarity.New(knowlarity.Options{})
	if err != nil {
		t.Fatal(err)
	}
	voices, err := elevenlabs.New(elevenlabs.Options{Agents: []elevenlabs.Agent{agent}})
	if err != nil {
		t.Fatal(err)
	}
	v := &voiceAccounts{t: t, knowlarity: dialler, elevenLabs: voices}
	dials, talks := httptest.NewServer(dialler.Handler()), httptest.NewServer(voices.Handler())
	t.Cleanup(func() {
		for _, s := range []*httptest.Server{dials, talks} {
			s.CloseClientConnections()
			s.Close()
		}
	})
	account := dialler.Account()
	v.environment = map[string]string{
		"HELIX_SECRET": testSecret, "SERVER_WEBSOCKET_URL": "wss://voice.example.org",
		"KNOWLARITY_API_URL": dials.URL, "KNOWLARITY_CHANNEL": account.Channel, "KNOWLARITY_API_KEY": account.APIKey,
		"KNOWLARITY_AUTHORIZATION": account.Authorization, "KNOWLARITY_CALLER_ID": account.Numbers[0],
		"ELEVENLABS_API_URL": talks.URL, "ELEVENLABS_API_KEY": voices.APIKey(), "ELEVENLABS_AGENT_ID": agent.ID,
	}
	return v
}

// fail lets every request to both go wrong.
func (v *voiceAccounts) fail(f sandboxfaults.Request) {
	v.t.Helper()
	f.Count = 1000
	if err := v.knowlarity.Fail(f); err != nil {
		v.t.Fatal(err)
	}
	if err := v.elevenLabs.Fail(f); err != nil {
		v.t.Fatal(err)
	}
}

// examined is what doctor says of both, where the environment differs so from a complete one.
func (v *voiceAccounts) examined(different map[string]string, within time.Duration) (said []string, sick bool) {
	v.t.Helper()
	environment := maps.Clone(v.environment)
	maps.Copy(environment, different)
	cfg, err := LoadConfig(environment)
	if err != nil {
		v.t.Fatal(err)
	}
	g := &Gateway{cfg: cfg, log: slog.New(slog.DiscardHandler), now: time.Now}
	defer func() { _ = g.Close() }()
	if err := g.buildTelemetry(v.t.Context()); err != nil {
		v.t.Fatal(err)
	}
	if err := g.buildVoiceProviders(); err != nil {
		v.t.Fatal(err)
	}
	var out bytes.Buffer
	c := checkup{g: g, out: &out, within: within}
	c.askVoice(v.t.Context())
	return strings.Split(strings.TrimSpace(out.String()), "\n"), c.sick
}

// patiently is longer than any answer takes.
const patiently = time.Minute

func TestDoctorSaysWhatOfTheVoiceProvidersIsConfigured(t *testing.T) {
	t.Parallel()
	nothing := map[string]string{
		"KNOWLARITY_API_KEY": "", "KNOWLARITY_AUTHORIZATION": "", "KNOWLARITY_CALLER_ID": "", "ELEVENLABS_API_KEY": "", "ELEVENLABS_AGENT_ID": "",
	}
	with := func(more ...string) map[string]string {
		all := maps.Clone(nothing)
		for i := 0; i < len(more); i += 2 {
			all[more[i]] = more[i+1]
		}
		return all
	}
	const (
		noKnowlarity = "set KNOWLARITY_API_KEY and KNOWLARITY_CALLER_ID"
		noElevenLabs = "set ELEVENLABS_API_KEY and ELEVENLABS_AGENT_ID"
	)
	for name, test := range map[string]struct {
		different map[string]string
		want      []string
		sick      bool
	}{
		"all of it": {nil, []string{"knowlarity: up", "elevenlabs: up"}, false},
		"nothing": {
			nothing, []string{
				"knowlarity: not_configured " + noKnowlarity + " for outbound AI calls", "elevenlabs: not_configured " + noElevenLabs + " for outbound AI calls",
			}, false,
		},
		"all but the keys": {
			map[string]string{"KNOWLARITY_API_KEY": "", "ELEVENLABS_API_KEY": ""}, []string{
				"knowlarity: not_configured half configured: set KNOWLARITY_API_KEY", "elevenlabs: not_configured half configured: set ELEVENLABS_API_KEY",
			}, true,
		},
		"secrets of webhooks alone": {
			with("WEBHOOK_SECRET_KNOWLARITY", testSecret, "WEBHOOK_SECRET_ELEVENLABS", testSecret), []string{
				"knowlarity: not_configured half configured: " + noKnowlarity, "elevenlabs: not_configured half configured: " + noElevenLabs,
			}, true,
		},
		"Knowlarity alone": {
			map[string]string{"ELEVENLABS_API_KEY": "", "ELEVENLABS_AGENT_ID": ""}, []string{
				"knowlarity: up", "elevenlabs: not_configured although knowlarity is, and outbound AI calls need both: " + noElevenLabs,
			}, true,
		},
		"ElevenLabs alone": {
			map[string]string{"KNOWLARITY_API_KEY": "", "KNOWLARITY_AUTHORIZATION": "", "KNOWLARITY_CALLER_ID": ""}, []string{
				"knowlarity: not_configured although elevenlabs is, and outbound AI calls need both: " + noKnowlarity, "elevenlabs: up",
			}, true,
		},
		"no voice agent": {
			map[string]string{"ELEVENLABS_AGENT_ID": ""}, []string{"knowlarity: up", "elevenlabs: degraded half configured: set ELEVENLABS_AGENT_ID"}, true,
		},
		"no secret for the streams of a number": {
			map[string]string{"KNOWLARITY_STRATEGY": "makecall", "KNOWLARITY_AGENT_NUMBER": "+918035550002"},
			[]string{"knowlarity: degraded half configured: set WEBHOOK_SECRET_KNOWLARITY", "elevenlabs: up"},
			true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			said, sick := newVoiceAccounts(t).examined(test.different, patiently)
			if diff := cmp.Diff(test.want, said); diff != "" || sick != test.sick {
				t.Errorf("needs mending: %t; said (-want +got):\n%s", sick, diff)
			}
		})
	}
}

func TestDoctorSaysWhatIsWrongWithAVoiceProvider(t *testing.T) {
	t.Parallel()
	unaccepted := []string{"knowlarity: down", "knowlarity does not accept the gateway's credentials"}
	for name, test := range map[string]struct {
		different              map[string]string
		fault                  sandboxfaults.Request
		within                 time.Duration // patiently by default
		knowlarity, elevenLabs []string      // parts of what is said
	}{
		"Knowlarity does not take the key":       {map[string]string{"KNOWLARITY_API_KEY": "wr0ng-key"}, sandboxfaults.Request{}, 0, unaccepted, nil},
		"Knowlarity does not take the other key": {map[string]string{"KNOWLARITY_AUTHORIZATION": "wr0ng-key"}, sandboxfaults.Request{}, 0, unaccepted, nil},
		"Knowlarity wants the other key, which is not set": {
			map[string]string{"KNOWLARITY_AUTHORIZATION": ""}, sandboxfaults.Request{}, 0, append(unaccepted, "KNOWLARITY_AUTHORIZATION is not set"), nil,
		},
		"ElevenLabs does not take the key": {
			map[string]string{"ELEVENLABS_API_KEY": "wr0ng-key"},
			sandboxfaults.Request{},
			0, nil,
			[]string{"elevenlabs: down", "elevenlabs does not accept the gateway's credentials", "ELEVENLABS_API_URL"},
		},
		"ElevenLabs does not know the agent": {
			map[string]string{"ELEVENLABS_AGENT_ID": "agent_of_nobody"},
			sandboxfaults.Request{},
			0, nil,
			[]string{"elevenlabs: down", "elevenlabs does not know the configured voice agent"},
		},
		"neither can be reached": {
			map[string]string{"KNOWLARITY_API_URL": "http://127.0.0.1:1", "ELEVENLABS_API_URL": "http://127.0.0.1:1"},
			sandboxfaults.Request{},
			0,
			[]string{"knowlarity: down", "cannot be reached"},
			[]string{"elevenlabs: down", "cannot be reached"},
		},
		"neither answers": {
			nil,
			sandboxfaults.Request{Kind: sandboxfaults.KindHang},
			200 * time.Millisecond,
			[]string{"knowlarity: down", "time-out"},
			[]string{"elevenlabs: down", "time-out"},
		},
		"both break the connection": {
			nil,
			sandboxfaults.Request{Kind: sandboxfaults.KindReset},
			0,
			[]string{"knowlarity: down", "did not answer"},
			[]string{"elevenlabs: down", "did not answer"},
		},
		"both answer what is no JSON": {
			nil,
			sandboxfaults.Request{Kind: sandboxfaults.KindGarbage},
			0,
			[]string{"knowlarity: down", "no JSON"},
			[]string{"elevenlabs: down", "no list of conversations"},
		},
		"both answer something else": {
			nil,
			sandboxfaults.Request{Kind: sandboxfaults.KindBody, Body: `{"wr0ng":[]}`},
			0,
			[]string{"knowlarity: down", "holds no list"},
			[]string{"elevenlabs: down", "no list of conversations"},
		},
		"both have a fault of their own": {
			nil,
			sandboxfaults.Request{Kind: sandboxfaults.KindStatus, Status: 503, Body: "wr0ng"},
			0,
			[]string{"knowlarity: down", "HTTP 503"},
			[]string{"elevenlabs: down", "HTTP 503"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := newVoiceAccounts(t)
			if test.fault.Kind != "" {
				v.fail(test.fault)
			}
			if test.within == 0 {
				test.within = patiently
			}
			said, sick := v.examined(test.different, test.within)
			if !sick || len(said) != 2 {
				t.Fatalf("needs mending: %t: %q", sick, said)
			}
			for i, parts := range [][]string{test.knowlarity, test.elevenLabs} {
				if parts == nil && !strings.HasSuffix(said[i], ": up") {
					t.Errorf("of the other it is said %q", said[i])
				}
				for _, part := range parts {
					if !strings.Contains(said[i], part) {
						t.Errorf("%q lacks %q", said[i], part)
					}
				}
				if strings.Contains(said[i], "wr0ng") {
					t.Errorf("told: %q", said[i])
				}
			}
		})
	}
}

func TestDoctorDialsNobodyAndBeginsNoConversation(t *testing.T) {
	t.Parallel()
	v := newVoiceAccounts(t)
	if said, sick := v.examined(nil, patiently); sick {
		t.Errorf("said %q", said)
	}
	for _, asked := range []struct{ got, want map[string]int }{
		{v.knowlarity.RequestCounts(), map[string]int{"calllog": 1}},
		{v.elevenLabs.RequestCounts(), map[string]int{"conversations": 1, "conversation/get-signed-url": 1}},
	} {
		maps.DeleteFunc(asked.got, func(_ string, n int) bool { return n == 0 })
		if diff := cmp.Diff(asked.want, asked.got); diff != "" {
			t.Errorf("requests (-want +got):\n%s", diff)
		}
	}
	if calls, begun := v.knowlarity.Calls(), v.elevenLabs.Conversations(); len(calls)+len(begun) > 0 {
		t.Errorf("calls %+v, conversations %+v", calls, begun)
	}
}

func TestDoctorFailsWhereAVoiceProviderIsHalfConfigured(t *testing.T) {
	t.Parallel()
	s := startSystem(t, nil)
	const alone = "1" // where no gateway listens
	code, said := s.doctored(map[string]string{"PORT": alone})
	if code != 0 || !strings.Contains(said, "knowlarity: up\n") || !strings.Contains(said, "elevenlabs: up\n") {
		t.Errorf("exit code %d: %s", code, said)
	}
	code, said = s.doctored(map[string]string{"PORT": alone, "ELEVENLABS_API_KEY": ""})
	if code != 1 || !strings.Contains(said, "elevenlabs: not_configured half configured: set ELEVENLABS_API_KEY") {
		t.Errorf("exit code %d: %s", code, said)
	}
}

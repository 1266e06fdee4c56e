package main

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/sandbox/elevenlabs"
	sandboxfaults "github.com/helix-engage/gateway/sandbox/faults"
	"github.com/helix-engage/gateway/sandbox/knowlarity"
	"github.com/helix-engage/gateway/streaming"
)

// opens opens an audio socket as the telephony provider would, and tells with which code it is closed, 0 when it is not, or
// the HTTP status when it is not even opened.
func (s *outboundSystem) opens(path, first string) (code int) {
	s.t.Helper()
	socket, response, err := websocket.DefaultDialer.DialContext(s.t.Context(), "ws"+strings.TrimPrefix(s.url, "http")+path, nil)
	if response != nil {
		_ = response.Body.Close()
	}
	if err != nil && response == nil {
		s.t.Fatal(err)
	}
	if err != nil {
		return response.StatusCode
	}
	defer func() { _ = socket.Close() }()
	_ = socket.WriteMessage(websocket.TextMessage, []byte(first)) // a closed socket says so below
	_ = socket.SetReadDeadline(time.Now().Add(5 * time.Second))
	for err == nil {
		_, _, err = socket.ReadMessage()
	}
	var closed *websocket.CloseError
	if errors.As(err, &closed) {
		return closed.Code
	}
	return 0
}

// Only the stream that was asked for, once and in time, becomes a call's audio; others do not disturb it.
func TestWhichStreamsAreRefused(t *testing.T) {
	t.Parallel()
	s := startOutboundSystem(t, nil)
	const phone = "+919800000501"
	live, waiting := s.asks(phone, soon(4*time.Second)), s.asks("+919800000502", ringing())
	s.active(live)
	s.reached(waiting)
	theirs := s.rang(phone)[0].ID
	tokens := s.gateway.voice.tokens
	foreign := streaming.NewTokens([]byte("the secret of somebody else, which is long"), time.Now)
	good := tokens.Token(live, 1, time.Minute)
	first := `{"call_session_id":"` + string(live) + `","callid":"` + theirs + `"}`
	for _, c := range []struct {
		name, path string
		code       int
	}{
		{"a second one of a live session", pathStream + "/" + good, websocket.ClosePolicyViolation},
		{"a second one on the other path", pathSessionStream + "/" + good, websocket.ClosePolicyViolation},
		{"a second one by its number", pathNumberStream + "/" + sandboxWebhookSecret, websocket.ClosePolicyViolation},
		{"another attempt's", pathStream + "/" + tokens.Token(waiting, 2, time.Minute), websocket.ClosePolicyViolation},
		{"an expired token's", pathStream + "/" + tokens.Token(waiting, 1, -time.Second), websocket.ClosePolicyViolation},
		{"a foreign token's", pathStream + "/" + foreign.Token(waiting, 1, time.Minute), websocket.ClosePolicyViolation},
		{"a token's that was changed", pathStream + "/" + strings.ToUpper(tokens.Token(waiting, 1, time.Minute)), websocket.ClosePolicyViolation},
		{"the call's id for a token", pathStream + "/" + string(waiting), websocket.ClosePolicyViolation},
		{"of a call that does not exist", pathStream + "/" + tokens.Token("nobody", 1, time.Minute), websocket.ClosePolicyViolation},
		{"a wrong secret's", pathNumberStream + "/" + sandboxWebhookSecret + "x", websocket.ClosePolicyViolation},
		{"no token's", pathStream, http.StatusNotFound},
		{"an unknown path's", "/streams/other/" + good, http.StatusNotFound},
	} {
		t.Run(c.name, func(t *testing.T) {
			if code := s.in(t).opens(c.path, first); code != c.code {
				t.Errorf("%d, not %d", code, c.code)
			}
		})
	}
	if call := s.ends(live, helix.ReasonPatientHungUp); call.State != helix.OutboundCompleted {
		t.Errorf("the live call was disturbed: %+v", call.Timeline)
	}
	if code := s.opens(pathStream+"/"+good, first); code != websocket.ClosePolicyViolation {
		t.Errorf("a token that was used opened a stream: %d", code)
	}
	if call := s.reached(waiting); call.State != helix.OutboundDialing {
		t.Errorf("a call that waits for its audio is %s: %+v", call.State, call.Timeline)
	}
}

// Lines differ; what the patient and the agent hear does not, and whatever a line does ends its own call and no other.
func TestLinesOfEveryKindCarryACall(t *testing.T) {
	t.Parallel()
	s := startOutboundSystem(t, map[string]string{"OUTBOUND_MAX_DURATION": "10s"})
	const talk = 4 * time.Second
	hangsUp := func(settings knowlarity.StreamSettings) knowlarity.Script {
		script := soon(talk)
		script.Stream = &settings
		return script
	}
	stays := func(settings knowlarity.StreamSettings) knowlarity.Script {
		script := hangsUp(settings)
		script.HangUpAfter = 0
		return script
	}
	for i, c := range []struct {
		name   string
		script knowlarity.Script
		reason helix.OutboundReason
	}{
		{"a line of 8 kHz", hangsUp(knowlarity.StreamSettings{Rate: 8000}), helix.ReasonPatientHungUp},
		{"odd numbers of bytes", hangsUp(knowlarity.StreamSettings{Framing: knowlarity.FramesOdd}), helix.ReasonPatientHungUp},
		{"glued frames", hangsUp(knowlarity.StreamSettings{Framing: knowlarity.FramesGlued, NoSubprotocol: true}), helix.ReasonPatientHungUp},
		{"garbage among the frames", hangsUp(knowlarity.StreamSettings{Garbage: true, Binary: true}), helix.ReasonPatientHungUp},
		{"no first message", hangsUp(knowlarity.StreamSettings{Dialect: knowlarity.DialectMissing}), helix.ReasonPatientHungUp},
		{"a late first message", hangsUp(knowlarity.StreamSettings{Dialect: knowlarity.DialectNotFirst}), helix.ReasonPatientHungUp},
		{"a broken first message", hangsUp(knowlarity.StreamSettings{Dialect: knowlarity.DialectBroken}), helix.ReasonPatientHungUp},
		{"a socket that breaks off", hangsUp(knowlarity.StreamSettings{Abrupt: true}), helix.ReasonPatientHungUp},
		{"a reset", stays(knowlarity.StreamSettings{ResetAfter: talk}), helix.ReasonPatientHungUp},
		{"a call that reaches its maximum", stays(knowlarity.StreamSettings{}), helix.ReasonMaxDuration},
		{"a line that never reads reaches its maximum at most", stays(knowlarity.StreamSettings{NeverReads: true}), helix.ReasonMaxDuration},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := s.in(t)
			phone := fmt.Sprintf("+9198000006%02d", i)
			began := time.Now()
			call := s.ends(s.asks(phone, c.script), c.reason)
			if call.State != helix.OutboundCompleted || call.Media == nil || call.Media.FramesIn == 0 || call.Media.FramesOut == 0 {
				t.Errorf("%s, media %+v: %+v", call.State, call.Media, call.Timeline)
			}
			if lasted := time.Since(began); lasted > 25*time.Second {
				t.Errorf("it lasted %v", lasted)
			}
			heard := s.rang(phone)[0]
			if c.reason == helix.ReasonPatientHungUp && (heard.HeardFor < time.Second || call.Media.Dropped != 0) {
				t.Errorf("the patient heard %v, %d frames were lost", heard.HeardFor, call.Media.Dropped)
			}
			if wrong := exceptLate(heard.Violations); len(wrong) > 0 {
				t.Errorf("the provider objects: %q", wrong)
			}
		})
	}
	t.Cleanup(func() {
		if wrong := exceptLate(s.sandbox.ElevenLabs().Violations()); len(wrong) > 0 {
			t.Errorf("the voice provider objects: %q", wrong)
		}
	})
}

// exceptLate leaves out what a busy machine alone brings about, where emulators play and ask late; package streaming proves the
// pace and the pongs.
func exceptLate(violations []string) []string {
	return slices.DeleteFunc(violations, func(v string) bool {
		return strings.Contains(v, "sent ahead") || strings.Contains(v, "ping") || strings.Contains(v, "pong")
	})
}

// Where the line's address is of a number and not of a call, the first message tells the call, in whatever dialect; and a peer
// that is half gone ends its call.
func TestStreamsOfANumberAreMatchedByTheirFirstMessage(t *testing.T) {
	t.Parallel()
	s := startOutboundSystem(t, map[string]string{"KNOWLARITY_STRATEGY": "makecall", "KNOWLARITY_AGENT_NUMBER": "+918035550009"})
	until(t, "the announced address", func() bool { return s.sandbox.Knowlarity().RequestCounts()["update_wss_url"] > 0 })
	for i, dialect := range []knowlarity.Dialect{knowlarity.DialectV, knowlarity.DialectH, knowlarity.DialectT, knowlarity.DialectPython} {
		t.Run("dialect "+string(dialect), func(t *testing.T) {
			t.Parallel()
			s := s.in(t)
			script := soon(3 * time.Second)
			script.Stream = &knowlarity.StreamSettings{Dialect: dialect, Binary: i%2 == 1}
			phone := "+91980000070" + string(rune('0'+i))
			call := s.ends(s.asks(phone, script), helix.ReasonPatientHungUp)
			if call.State != helix.OutboundCompleted || !call.Attempts[0].KnownAs(s.rang(phone)[0].ID) {
				t.Errorf("%s: %+v", call.State, call.Timeline)
			}
		})
	}
	t.Run("a peer that is half gone", func(t *testing.T) {
		t.Parallel()
		s := s.in(t)
		script := soon(0)
		script.Stream = &knowlarity.StreamSettings{Dialect: knowlarity.DialectV, StallAfter: 2 * time.Second}
		if call := s.ends(s.asks("+919800000709", script), helix.ReasonNoAudio); len(call.Attempts) != 1 {
			t.Errorf("%+v", call.Attempts)
		}
	})
}

// An agent that dies in mid-call is found again, without a silence that nobody explains; one that never comes leaves the patient
// to be called back by a person.
func TestAVoiceAgentThatIsLost(t *testing.T) {
	t.Parallel()
	s := startOutboundSystem(t, nil)
	voice := s.sandbox.ElevenLabs()
	if err := voice.FailConversations(elevenlabs.Fault{Kind: elevenlabs.FaultDie, After: 2 * time.Second}); err != nil {
		t.Fatal(err)
	}
	const phone = "+919800000801"
	dies := s.asks(phone, soon(8*time.Second))
	s.active(dies)
	found := s.becomes(dies, "another conversation", func(c helix.OutboundCall) bool { return len(c.Conversations) == 2 })
	if err := voice.Fail(sandboxfaults.Request{Endpoint: "conversation/get-signed-url", Kind: sandboxfaults.KindStatus, Status: 503, Count: 100}); err != nil {
		t.Fatal(err)
	}
	const lost = "+919800000802"
	never := s.ends(s.asks(lost, soon(0)), helix.ReasonVoiceFailed)
	if never.State != helix.OutboundFailed || !slices.ContainsFunc(never.Timeline, func(e helix.OutboundEntry) bool { return e.Detail == "a call back was asked for" }) {
		t.Errorf("%+v", never.Timeline)
	}
	asha := s.signIn("asha@sandbox.test")
	until(t, "the call back in the agent's queue", func() bool {
		_, data, _ := s.ask(asha, `{ missedCallQueue { groups { items(first: 5) { edges { node { phone } } } } } }`, nil)
		groups, _ := at(data, "missedCallQueue", "groups").([]any)
		return slices.ContainsFunc(groups, func(group any) bool {
			edges, _ := at(group, "items", "edges").([]any)
			return slices.ContainsFunc(edges, func(edge any) bool { return at(edge, "node", "phone") == lost })
		})
	})
	call := s.ends(dies, helix.ReasonPatientHungUp)
	if call.State != helix.OutboundCompleted || call.Media == nil || call.Media.Reconnects != 1 || found.Conversations[0].ID == found.Conversation {
		t.Errorf("%s %+v: %+v", call.State, call.Media, call.Timeline)
	}
	if gap := s.rang(phone)[0].LongestGap; gap > 1500*time.Millisecond {
		t.Errorf("the line was silent for %v", gap)
	}
}

func TestAPatientInterruptsTheAgent(t *testing.T) {
	t.Parallel()
	s := startOutboundSystem(t, nil)
	const phone = "+919800000901"
	script := knowlarity.Script{
		Ring: 10 * time.Millisecond, HangUpAfter: 8 * time.Second,
		Lines: []knowlarity.Line{{Say: "wait", When: knowlarity.OverAgent, After: 800 * time.Millisecond}},
	}
	call := s.ends(s.asks(phone, script), helix.ReasonPatientHungUp)
	if call.Media == nil || call.Media.Interruptions != 1 {
		t.Errorf("%+v: %+v", call.Media, call.Timeline)
	}
	var spoke, killed, silent time.Duration
	for _, m := range s.rang(phone)[0].Moments {
		switch {
		case m.Kind == knowlarity.Spoke && spoke == 0:
			spoke = m.At
		case m.Kind == knowlarity.Killed && killed == 0:
			killed = m.At
		case m.Kind == knowlarity.HeardSpeech && silent == 0:
			silent = m.At + m.Duration
		}
	}
	if spoke == 0 || killed < spoke || silent < spoke || silent > killed+500*time.Millisecond {
		t.Errorf("spoke at %v, killAudio at %v, silence at %v", spoke, killed, silent)
	}
}

// Who is erased leaves no outbound call, nothing that leads to one, and no recording.
func TestErasingAPersonRemovesHisOutboundCallsAndRecordings(t *testing.T) {
	t.Parallel()
	s := startOutboundSystem(t, nil)
	const phone, other = "+919800000951", "+919800000952"
	talked, waits, kept := s.asks(phone, soon(3*time.Second)), helix.CallID(""), s.asks(other, soon(3*time.Second))
	s.ends(kept, helix.ReasonPatientHungUp)
	recording := s.ends(talked, helix.ReasonPatientHungUp).Recording
	if err := s.sandbox.Knowlarity().SetScripts(phone, ringing()); err != nil {
		t.Fatal(err)
	}
	again := wishOfTheCRM("again", phone)
	if id, ok := at(s.crm.run("StartOutboundCall", again), "outboundCall", "id").(string); ok {
		waits = helix.CallID(id)
	}
	s.reached(waits)
	if _, _, err := s.gateway.ownRecordings()(recording); err != nil {
		t.Fatalf("the recording: %v", err)
	}
	meera := s.signIn("meera@sandbox.test")
	erase := func() any {
		_, data, _ := s.ask(meera, `mutation { erasePerson(input: {phone: "`+phone+`"}) { error { code } erasure { outboundCalls } } }`, nil)
		return at(data, "erasePerson")
	}
	if got := erase(); at(got, "error", "code") != "CONFLICT" {
		t.Errorf("while a call is open: %v", got)
	}
	s.crm.run("CancelOutboundCall", map[string]any{"id": string(waits)})
	if got := erase(); at(got, "erasure", "outboundCalls") != 2.0 {
		t.Fatalf("erased: %v", got)
	}
	for _, id := range []helix.CallID{talked, waits} {
		if _, err := s.gateway.voice.outbound.Get(t.Context(), id); !helix.IsCode(err, helix.CodeNotFound) {
			t.Errorf("a call is there still: %v", err)
		}
	}
	if _, _, err := s.gateway.ownRecordings()(recording); err == nil {
		t.Error("the recording is there still")
	}
	if code := s.opens(pathStream+"/"+s.gateway.voice.tokens.Token(waits, 1, time.Minute), `{}`); code != websocket.ClosePolicyViolation {
		t.Errorf("audio of the erased call was let in: %d", code)
	}
	if _, _, err := s.gateway.ownRecordings()(s.ends(kept, helix.ReasonPatientHungUp).Recording); err != nil {
		t.Errorf("the recording of another person: %v", err)
	}
}

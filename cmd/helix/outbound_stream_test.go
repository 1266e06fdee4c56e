package main

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
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
	_ = socket.SetReadDeadline(time.Now().Add(patience))
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
	s := startOutboundSystem(t, map[string]string{"OUTBOUND_DIAL_TIMEOUT": "5m", "OUTBOUND_PATIENCE": "30m"}) // one of them rings all the time
	const phone = "+919800000501"
	live, waiting := s.asks(phone, talks()), s.asks("+919800000502", ringing())
	s.active(live)
	s.reached(waiting)
	theirs := s.lastRang(phone).ID
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
	s.hangsUp(phone)
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
	s := startOutboundSystem(t, map[string]string{"OUTBOUND_MAX_DURATION": "25s"})
	for i, c := range []struct {
		name    string
		line    knowlarity.StreamSettings
		hangsUp bool // when he has heard the agent
		reason  helix.OutboundReason
	}{
		{"a line of 8 kHz", knowlarity.StreamSettings{Rate: 8000}, true, helix.ReasonPatientHungUp},
		{"odd numbers of bytes", knowlarity.StreamSettings{Framing: knowlarity.FramesOdd}, true, helix.ReasonPatientHungUp},
		{"glued frames", knowlarity.StreamSettings{Framing: knowlarity.FramesGlued, NoSubprotocol: true}, true, helix.ReasonPatientHungUp},
		{"garbage among the frames", knowlarity.StreamSettings{Garbage: true, Binary: true}, true, helix.ReasonPatientHungUp},
		{"no first message", knowlarity.StreamSettings{Dialect: knowlarity.DialectMissing}, true, helix.ReasonPatientHungUp},
		{"a late first message", knowlarity.StreamSettings{Dialect: knowlarity.DialectNotFirst}, true, helix.ReasonPatientHungUp},
		{"a broken first message", knowlarity.StreamSettings{Dialect: knowlarity.DialectBroken}, true, helix.ReasonPatientHungUp},
		{"a socket that breaks off", knowlarity.StreamSettings{Abrupt: true}, true, helix.ReasonPatientHungUp},
		{"a reset", knowlarity.StreamSettings{ResetAfter: 5 * time.Second}, false, helix.ReasonPatientHungUp},
		{"a call that reaches its maximum", knowlarity.StreamSettings{}, false, helix.ReasonMaxDuration},
		{"a line that never reads reaches its maximum at most", knowlarity.StreamSettings{NeverReads: true}, false, helix.ReasonMaxDuration},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := s.in(t)
			phone, script := fmt.Sprintf("+9198000006%02d", i), talks()
			script.Stream = &c.line
			id := s.asks(phone, script)
			if c.hangsUp {
				s.hears(phone, 2*time.Second)
				s.hangsUp(phone)
			}
			call := s.ends(id, c.reason)
			if call.State != helix.OutboundCompleted || call.Media == nil || call.Media.FramesIn == 0 || call.Media.FramesOut == 0 {
				t.Errorf("%s, media %+v: %+v", call.State, call.Media, call.Timeline)
			}
			heard := s.lastRang(phone)
			if c.reason == helix.ReasonPatientHungUp && heard.HeardFor < time.Second { // a machine that stands still for seconds loses frames
				t.Errorf("the patient heard %v", heard.HeardFor)
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

// stalls measures beside a test for how long the machine has stood still, in all: what is late on a machine that has other
// things to do is not for that late.
func stalls(t *testing.T) (total func() time.Duration) {
	t.Helper()
	const every = 10 * time.Millisecond
	var late atomic.Int64
	last := time.Now()
	t.Cleanup(meanwhile(every, func(int) {
		now := time.Now()
		late.Add(int64(max(now.Sub(last)-every, 0)))
		last = now
	}))
	return func() time.Duration { return time.Duration(late.Load()) }
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
			script := talks()
			script.Stream = &knowlarity.StreamSettings{Dialect: dialect, Binary: i%2 == 1}
			phone := "+91980000070" + string(rune('0'+i))
			id := s.asks(phone, script)
			s.active(id)
			s.hangsUp(phone)
			call := s.ends(id, helix.ReasonPatientHungUp)
			if call.State != helix.OutboundCompleted || !call.Attempts[0].KnownAs(s.lastRang(phone).ID) {
				t.Errorf("%s: %+v", call.State, call.Timeline)
			}
		})
	}
	t.Run("a peer that is half gone", func(t *testing.T) {
		t.Parallel()
		s := s.in(t)
		script := soon(0)
		script.Stream = &knowlarity.StreamSettings{Dialect: knowlarity.DialectV, StallAfter: 2 * time.Second}
		s.becomes(s.asks("+919800000709", script), "an end of its audio", func(c helix.OutboundCall) bool {
			return c.State == helix.OutboundDisconnected && slices.ContainsFunc(c.Timeline, func(e helix.OutboundEntry) bool {
				return strings.HasSuffix(e.Detail, "no audio came from the line")
			})
		})
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
	lag := stalls(t)
	dies := s.asks(phone, talks())
	s.active(dies)
	found := s.becomes(dies, "another conversation", func(c helix.OutboundCall) bool { return len(c.Conversations) == 2 })
	s.hears(phone, s.lastRang(phone).HeardFor+time.Second)
	s.hangsUp(phone)
	call := s.ends(dies, helix.ReasonPatientHungUp)
	if call.State != helix.OutboundCompleted || call.Media == nil || call.Media.Reconnects != 1 || found.Conversations[0].ID == found.Conversation {
		t.Errorf("%s %+v: %+v", call.State, call.Media, call.Timeline)
	}
	if gap, stalled := s.lastRang(phone).LongestGap, lag(); gap > 1500*time.Millisecond+stalled {
		t.Errorf("the line was silent for %v, of which the machine stood still for %v", gap, stalled)
	}

	if err := voice.Fail(sandboxfaults.Request{Endpoint: "conversation/get-signed-url", Kind: sandboxfaults.KindStatus, Status: 503, Count: 100}); err != nil {
		t.Fatal(err)
	}
	const lost = "+919800000802"
	never := s.ends(s.asks(lost, soon(0)), helix.ReasonVoiceFailed)
	if never.State != helix.OutboundFailed || !asksForCallBack(never) {
		t.Errorf("%+v", never.Timeline)
	}
	s.waitsForCallBack(lost)
}

func TestAPatientInterruptsTheAgent(t *testing.T) {
	t.Parallel()
	s := startOutboundSystem(t, nil)
	const phone = "+919800000901"
	script := knowlarity.Script{
		Ring: 10 * time.Millisecond, Lines: []knowlarity.Line{{Say: "wait", When: knowlarity.OverAgent, After: 800 * time.Millisecond}},
	}
	lag := stalls(t)
	id := s.asks(phone, script)
	until(t, "the silence after the interruption", func() bool {
		calls := s.rang(phone)
		return len(calls) > 0 && slices.ContainsFunc(calls[0].Moments, func(m knowlarity.Moment) bool { return m.Kind == knowlarity.Killed }) &&
			slices.ContainsFunc(calls[0].Moments, func(m knowlarity.Moment) bool { return m.Kind == knowlarity.HeardSpeech })
	})
	s.hangsUp(phone)
	call := s.ends(id, helix.ReasonPatientHungUp)
	if call.Media == nil || call.Media.Interruptions != 1 {
		t.Errorf("%+v: %+v", call.Media, call.Timeline)
	}
	var spoke, killed, silent time.Duration
	for _, m := range s.lastRang(phone).Moments {
		switch {
		case m.Kind == knowlarity.Spoke && spoke == 0:
			spoke = m.At
		case m.Kind == knowlarity.Killed && killed == 0:
			killed = m.At
		case m.Kind == knowlarity.HeardSpeech && silent == 0:
			silent = m.At + m.Duration
		}
	}
	if spoke == 0 || killed < spoke || silent < spoke || silent > killed+500*time.Millisecond+lag() {
		t.Errorf("spoke at %v, killAudio at %v, silence at %v; the machine stood still for %v", spoke, killed, silent, lag())
	}
}

// Who is erased leaves no outbound call, nothing that leads to one, and no recording.
func TestErasingAPersonRemovesHisOutboundCallsAndRecordings(t *testing.T) {
	t.Parallel()
	s := startOutboundSystem(t, nil)
	const phone, other = "+919800000951", "+919800000952"
	talked, waits, kept := s.asks(phone, talks()), helix.CallID(""), s.asks(other, talks())
	for id, number := range map[helix.CallID]string{talked: phone, kept: other} {
		s.active(id)
		s.hangsUp(number)
	}
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

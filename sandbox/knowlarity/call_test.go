package knowlarity_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"

	"github.com/helix-engage/gateway/sandbox/knowlarity"
	"github.com/helix-engage/gateway/sandbox/speech"
)

func TestWhatBecomesOfARingingPhone(t *testing.T) {
	t.Parallel()
	tests := []struct {
		script  knowlarity.Script
		result  knowlarity.Result
		moments string
	}{
		{knowlarity.Script{Outcome: knowlarity.Busy}, knowlarity.ResultBusy, ""},
		{knowlarity.Script{Outcome: knowlarity.NoAnswer, Ring: 30 * time.Second}, knowlarity.ResultNoAnswer, ""},
		{knowlarity.Script{Outcome: knowlarity.Rejects}, knowlarity.ResultRejected, ""},
		{knowlarity.Script{HangUpAfter: -1}, knowlarity.ResultCompleted, "hung-up"},
		{knowlarity.Script{HangUpAfter: 100 * time.Millisecond}, knowlarity.ResultCompleted, "prompt hung-up"},
	}
	for _, test := range tests {
		t.Run(string(test.script.Outcome)+test.moments, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, knowlarity.Options{})
			if err := a.SetScripts(patient, test.script); err != nil {
				t.Fatal(err)
			}
			id := a.place()
			a.Advance(time.Minute)
			if view := a.ended(id); view.Result != test.result || kinds(view) != test.moments || view.Session != "8b7e" || view.Violations != nil {
				t.Errorf("%+v", view)
			}
		})
	}
}

func TestScriptsAreUsedCallByCall(t *testing.T) {
	t.Parallel()
	a := newAccount(t, knowlarity.Options{})
	scripts := []knowlarity.Script{{Outcome: knowlarity.Busy}, {Outcome: knowlarity.NoAnswer}}
	if err := errors.Join(a.SetScripts("", knowlarity.Script{Outcome: knowlarity.Rejects}), a.SetScripts(patient, scripts...)); err != nil {
		t.Fatal(err)
	}
	var results []knowlarity.Result
	for i := range 4 {
		if i == 3 {
			if err := a.SetScripts(patient); err != nil {
				t.Fatal(err)
			}
		}
		id := a.place()
		a.Advance(time.Minute)
		results = append(results, a.ended(id).Result)
	}
	want := []knowlarity.Result{knowlarity.ResultBusy, knowlarity.ResultNoAnswer, knowlarity.ResultNoAnswer, knowlarity.ResultRejected}
	if diff := cmp.Diff(want, results); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAnAttentivePatientAnswersTheAgentsQuestions(t *testing.T) {
	t.Parallel()
	for _, rate := range []int{8_000, 16_000} {
		t.Run(strconv.Itoa(rate), func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, knowlarity.Options{KeepAudio: true, MaxAhead: time.Minute, Stream: knowlarity.StreamSettings{Rate: rate}})
			id, line := a.talk(knowlarity.Script{})
			if kind, _ := line.next(); kind != websocket.TextMessage {
				t.Fatal("the first message is not the metadata")
			}
			for _, turn := range [][2]string{{"greeting", "age"}, {"symptom", "knee"}, {"sorry", "knee"}, {"time", "tomorrow"}} {
				line.play(agentSays(t, turn[0]))
				var detector speech.Detector
				for {
					kind, data := line.next()
					if kind == websocket.BinaryMessage && detector.Hear(speech.Resample(speech.Samples(data), rate, speech.Rate)) == speech.Ended {
						break
					}
				}
				if got, _ := speech.Recognise("hi", speech.Patient, detector.Turn()); got.Name != turn[1] {
					t.Errorf("%s is answered by %q", turn[0], got.Name)
				}
			}
			line.send(`{"type":"disconnect"}`)
			if err := line.drain(); !websocket.IsCloseError(err, websocket.CloseNormalClosure) {
				t.Errorf("closed by %v", err)
			}
			view := a.ended(id)
			if kinds(view) != "prompt stream heard spoke heard spoke heard spoke heard spoke disconnect" || view.Played != 4 || view.Violations != nil {
				t.Errorf("%s, %d played, %v", kinds(view), view.Played, view.Violations)
			}
			heard, err := a.Heard(id)
			if err != nil || !speech.Loud(heard) {
				t.Errorf("heard %d samples, %v", len(heard), err)
			}
		})
	}
}

func TestFilesArePlayedOneAfterTheOtherAndKilled(t *testing.T) {
	t.Parallel()
	for _, all := range []bool{false, true} {
		a := newAccount(t, knowlarity.Options{Pace: 1, MaxAhead: time.Minute, Stream: knowlarity.StreamSettings{KillAll: all}})
		id, line := a.talk(knowlarity.Script{Mute: true})
		const first, second = 25 * time.Second, 30 * time.Second // longer than a busy machine takes to kill it
		line.play(make([]int16, speech.Count(first)))
		line.play(make([]int16, speech.Count(second)))
		line.send(`{"type":"killAudio"}`)
		line.send(`{"type":"disconnect"}`)
		if err := line.drain(); err == nil {
			t.Error("not closed")
		}
		view := a.ended(id)
		killed, left := view.Moments[2].Duration, view.Unheard
		if view.Moments[2].Kind != knowlarity.Killed || (all && (left != 0 || killed <= second)) ||
			(!all && (left == 0 || left > second || killed > first)) {
			t.Errorf("all %v: killed %v, left %v, %s", all, killed, left, kinds(view))
		}
	}
}

func TestLinesComeWhenTheyAreToCome(t *testing.T) {
	t.Parallel()
	a := newAccount(t, knowlarity.Options{MaxAhead: time.Minute})
	id, line := a.talk(knowlarity.Script{Lines: []knowlarity.Line{
		{Say: "yes", When: knowlarity.AtTime, After: 200 * time.Millisecond},
		{Say: "wait", When: knowlarity.OverAgent, After: 300 * time.Millisecond},
		{Say: "age"},
	}})
	for i, want := range []string{"yes", "wait", "age"} {
		if i == 1 {
			line.play(agentSays(t, "greeting"))
		}
		if got, _ := speech.Recognise("hi", speech.Patient, line.turn()); got.Name != want {
			t.Errorf("said %q, not %s", got.Name, want)
		}
	}
	if err := a.Speak(id, speech.Say("hi", "tomorrow")); err != nil {
		t.Fatal(err)
	}
	if got, _ := speech.Recognise("hi", speech.Patient, line.turn()); got.Name != "tomorrow" {
		t.Errorf("said %q", got.Name)
	}
	if err := a.Press(id, "5"); err != nil {
		t.Fatal(err)
	}
	for {
		if kind, data := line.next(); kind == websocket.TextMessage && string(data) == `{"digit":"5","type":"dtmf"}` {
			break
		}
	}
	if err := a.HangUp(id); err != nil {
		t.Fatal(err)
	}
	if err := line.drain(); !websocket.IsCloseError(err, websocket.CloseNormalClosure) {
		t.Errorf("closed by %v", err)
	}
	view := a.ended(id)
	if want := "prompt stream spoke spoke heard spoke spoke pressed hung-up"; kinds(view) != want {
		t.Errorf("%s", kinds(view))
	}
	if err := a.HangUp(id); !errors.Is(err, knowlarity.ErrNotTalking) {
		t.Errorf("got %v", err)
	}
}

func TestSilenceIsMeasured(t *testing.T) {
	t.Parallel()
	a := newAccount(t, knowlarity.Options{MaxAhead: time.Minute})
	id, line := a.talk(knowlarity.Script{Lines: []knowlarity.Line{{Say: "yes", After: 2 * time.Second}, {Say: "yes"}}})
	for range 2 {
		line.play(agentSays(t, "symptom"))
		line.turn()
	}
	line.send(`{"type":"transfer","data":{"textContent":"+918035550009"}}`)
	if err := line.drain(); err == nil {
		t.Error("not closed")
	}
	view := a.ended(id)
	if !slices.ContainsFunc(view.Moments, func(m knowlarity.Moment) bool {
		return m.Kind == knowlarity.HeardSilence && m.Duration >= 2*time.Second
	}) {
		t.Errorf("%+v", view.Moments)
	}
	if view.LongestGap < 2*time.Second || view.Transfer != "+918035550009" {
		t.Errorf("%v, %+v", view.LongestGap, view)
	}
}

func TestTheFirstMessageSpeaksEveryDialect(t *testing.T) {
	t.Parallel()
	tests := []struct {
		settings knowlarity.StreamSettings
		want     []string // in the first message, apart from which it is no audio
		json     bool
	}{
		{knowlarity.StreamSettings{}, []string{`"callid":"ours"`, `"customer_number":"+919812345678"`, `"virtual_number"`}, true},
		{knowlarity.StreamSettings{Dialect: knowlarity.DialectV, Rate: 8_000}, []string{`"uuid"`, `"sample_rate":8000`, `"from":"+919812345678"`}, true},
		{knowlarity.StreamSettings{Dialect: knowlarity.DialectT, Binary: true}, []string{`"callid"`, `"customer_number"`}, true},
		{knowlarity.StreamSettings{Dialect: knowlarity.DialectPython}, []string{`'callid': 'ours'`, `"O'Brien"`, `None`}, false},
		{knowlarity.StreamSettings{Dialect: knowlarity.DialectBroken}, []string{`"callid":"ours"`}, false},
		{knowlarity.StreamSettings{Dialect: knowlarity.DialectMissing}, nil, false},
		{knowlarity.StreamSettings{Dialect: knowlarity.DialectNotFirst, NoSubprotocol: true}, nil, false},
	}
	for _, test := range tests {
		t.Run(string(test.settings.Dialect), func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, knowlarity.Options{})
			_, line := a.talk(knowlarity.Script{Stream: &test.settings})
			if offered := line.conn.Subprotocol() != ""; offered == test.settings.NoSubprotocol {
				t.Errorf("sub-protocol %q", line.conn.Subprotocol())
			}
			kind, data := line.next()
			if test.want == nil {
				if kind != websocket.BinaryMessage || len(data) != 640 {
					t.Errorf("%d bytes of kind %d", len(data), kind)
				}
				for test.settings.Dialect == knowlarity.DialectNotFirst && kind != websocket.TextMessage {
					kind, _ = line.next()
				}
				return
			}
			if (kind == websocket.BinaryMessage) != test.settings.Binary || json.Valid(data) != test.json {
				t.Errorf("kind %d, valid %v: %s", kind, json.Valid(data), data)
			}
			for _, part := range test.want {
				if !strings.Contains(string(data), part) {
					t.Errorf("%s is not in %s", part, data)
				}
			}
		})
	}
}

func TestStreamsThatDisturb(t *testing.T) {
	t.Parallel()
	begin := func(t *testing.T, settings knowlarity.StreamSettings) (*account, string, *stream) {
		t.Helper()
		t.Parallel()
		settings.Dialect = knowlarity.DialectMissing
		a := newAccount(t, knowlarity.Options{})
		id, line := a.talk(knowlarity.Script{Stream: &settings, Mute: true})
		return a, id, line
	}
	t.Run("odd sizes", func(t *testing.T) {
		_, _, line := begin(t, knowlarity.StreamSettings{Framing: knowlarity.FramesOdd})
		if _, data := line.next(); len(data)%2 == 0 {
			t.Errorf("%d bytes", len(data))
		}
	})
	t.Run("glued", func(t *testing.T) {
		_, _, line := begin(t, knowlarity.StreamSettings{Framing: knowlarity.FramesGlued, Rate: 8_000})
		if _, data := line.next(); len(data) != 960 {
			t.Errorf("%d bytes", len(data))
		}
	})
	t.Run("garbage", func(t *testing.T) {
		_, _, line := begin(t, knowlarity.StreamSettings{Garbage: true})
		for kind := 0; kind != websocket.TextMessage; {
			kind, _ = line.next()
		}
	})
	t.Run("no audio", func(t *testing.T) {
		a, id, line := begin(t, knowlarity.StreamSettings{NoAudio: true})
		if err := a.HangUp(id); err != nil {
			t.Fatal(err)
		}
		if _, _, err := line.conn.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseNormalClosure) {
			t.Errorf("got %v", err)
		}
		line.conn.Close()
	})
	t.Run("a reset", func(t *testing.T) {
		a, id, line := begin(t, knowlarity.StreamSettings{ResetAfter: time.Second})
		if err := line.drain(); websocket.IsCloseError(err, websocket.CloseNormalClosure) {
			t.Errorf("got %v", err)
		}
		a.ended(id)
	})
	t.Run("an abrupt end", func(t *testing.T) {
		a, id, line := begin(t, knowlarity.StreamSettings{Abrupt: true})
		if err := a.HangUp(id); err != nil {
			t.Fatal(err)
		}
		if err := line.drain(); !websocket.IsUnexpectedCloseError(err, websocket.CloseNormalClosure) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("half-open", func(t *testing.T) {
		a, id, line := begin(t, knowlarity.StreamSettings{StallAfter: 100 * time.Millisecond})
		_ = line.conn.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
		if err := line.drain(); err == nil || websocket.IsCloseError(err, websocket.CloseNormalClosure) {
			t.Errorf("got %v", err)
		}
		if err := a.HangUp(id); err != nil {
			t.Fatal(err)
		}
		a.ended(id)
	})
	t.Run("never reads", func(t *testing.T) {
		a, id, line := begin(t, knowlarity.StreamSettings{NeverReads: true})
		line.send(`{"type":"disconnect"}`)
		for range 20 {
			line.next()
		}
		if view, err := a.Call(id); err != nil || view.State != knowlarity.Answered || kinds(view) != "prompt stream" {
			t.Errorf("%+v, %v", view, err)
		}
	})
}

func TestAStreamThatIsRefusedEndsTheCall(t *testing.T) {
	t.Parallel()
	a := newAccount(t, knowlarity.Options{})
	a.stream += "/refused"
	_, body := a.do("POST", knowlarity.DefaultFlowPath, strings.Replace(a.flow(), "/s/token", "", 1))
	a.Advance(time.Minute)
	id := a.Calls()[0].ID
	if view := a.ended(id); kinds(view) != "prompt refused" || view.Moments[1].Text != "403" {
		t.Errorf("%s after %s", kinds(view), body)
	}
}

func TestACloseByUsEndsTheCall(t *testing.T) {
	t.Parallel()
	a := newAccount(t, knowlarity.Options{})
	id, line := a.talk(knowlarity.Script{})
	_ = line.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(1011, ""), time.Now().Add(time.Minute))
	if err := line.drain(); err == nil {
		t.Error("not closed")
	}
	if view := a.ended(id); view.CloseCode != 1011 || kinds(view) != "prompt stream closed" {
		t.Errorf("%+v", view)
	}
}

func TestWhatWeDoWrongIsNoted(t *testing.T) {
	t.Parallel()
	play := func(data string) string { return `{"type":"playAudio","data":` + data + `}` }
	tests := []struct{ send, want string }{
		{`{`, "a message that is no JSON"},
		{`{"type":"agent_ready"}`, "a message of unknown type"},
		{play(`{"sampleRate":16000,"audioContent":"AAA="}`), "playAudio: no audioContentType"},
		{play(`{"audioContentType":"mp3","audioContent":"AAA="}`), "playAudio: audioContentType is unknown"},
		{play(`{"audioContentType":"raw","audioContent":"AAA="}`), "playAudio: sampleRate is unknown"},
		{play(`{"audioContentType":"raw","sampleRate":8000,"audioContent":"%"}`), "playAudio: audioContent is no base64"},
		{play(`{"audioContentType":"raw","sampleRate":8000,"audioContent":"AAAA"}`), "playAudio: an odd number of bytes"},
		{play(`{"audioContentType":"raw","sampleRate":8000}`), "playAudio: no audio"},
		{play(`{"audioContentType":"wave","audioContent":"AAAA"}`), "playAudio: no WAV file"},
		{`{"type":"transfer"}`, "transfer without textContent"},
	}
	a := newAccount(t, knowlarity.Options{})
	id, line := a.talk(knowlarity.Script{Mute: true})
	want := make([]string, 0, len(tests)+4)
	for _, test := range tests {
		line.send(test.send)
		want = append(want, id+": "+test.want)
	}
	if err := line.conn.WriteMessage(websocket.BinaryMessage, []byte{1}); err != nil {
		t.Fatal(err)
	}
	line.play(make([]int16, 3*speech.Rate))
	line.play(make([]int16, 61*speech.Rate))
	line.send(`{"type":"disconnect"}`)
	line.send(`{"type":"disconnect"}`)
	if err := line.drain(); err == nil {
		t.Error("not closed")
	}
	a.ended(id)
	want = append(want, id+": a binary message", id+": 3s of audio sent ahead", id+": more than 1m0s are queued", id+": a message after disconnect")
	if diff := cmp.Diff(want, a.Violations()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func FuzzStreamMessages(f *testing.F) {
	for _, seed := range []string{
		`{"type":"playAudio","data":{"audioContentType":"wave","audioContent":"UklGRg=="}}`, `{"type":"killAudio"}`, `[`, `{"type":"transfer","data":{"textContent":"x"}}`,
		`{"type":"playAudio","data":{"audioContentType":"raw","sampleRate":64000,"audioContent":"AAA="}}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a := newAccount(t, knowlarity.Options{Pace: 100})
		id, line := a.talk(knowlarity.Script{Mute: true})
		line.send(text)
		_ = line.conn.WriteMessage(websocket.TextMessage, []byte(`{"type":"disconnect"}`)) // may be closed already
		if err := line.drain(); err == nil {
			t.Error("not closed")
		}
		a.ended(id)
	})
}

package outbound

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	helix "github.com/helix-engage/gateway"
)

func TestACallGoesFromDialToResults(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	s := p.still()
	call := p.dialled(s, "k")
	p.report(s, call.ID, helix.DialAnswered, false)
	p.is(s, call.ID, helix.OutboundConnected, "")
	plan, err := s.Attach(p.ctx, Claim{Call: call.ID, Attempt: 1})
	p.do(err)
	want := map[string]any{
		"call_session_id": string(call.ID), "attempt": 1, "patient_id": "patient_123", "patient_name": "राहुल शर्मा", "language": "hi", "purpose": "follow-up",
		"treatment_type": "heart surgery consultation", "crm_doctor": "Dr. Smith", "crm_last_visit": "2024-01-15", "crm_last_paid": true,
	}
	if diff := cmp.Diff(want, plan.Start.Variables); diff != "" {
		t.Error("what the voice agent knows: " + diff)
	}
	if plan.VoiceAgent != "agent_1" || plan.Call != call.ID || plan.MaxDuration != 10*time.Minute {
		t.Errorf("plan %+v", plan)
	}
	p.do(s.Active(p.ctx, call.ID, 1, "conv-1"))
	s.Said(p.ctx, call.ID, helix.TranscriptLine{At: p.now(), Role: helix.RoleVoiceAgent, Text: "Namaste"})
	s.Note(p.ctx, call.ID, helix.OutboundMedia, "interrupted")
	if _, err := s.Tool(p.ctx, call.ID, "save_patient_data", []byte(`{"age":52,"chest_pain":"no"}`)); err != nil {
		t.Fatal(err)
	}
	p.pass(time.Minute)
	p.do(s.Ended(p.ctx, call.ID, 1, Result{
		Reason: helix.ReasonPatientHungUp, Conversation: "conv-1", TalkedFor: time.Minute, Recording: "rec.wav", Media: helix.MediaStats{FramesIn: 50},
	}))
	over := p.is(s, call.ID, helix.OutboundCompleted, helix.ReasonPatientHungUp)
	if len(over.Transcript) != 1 || over.Recording != "rec.wav" || over.Media.FramesIn != 50 {
		t.Errorf("%+v", over)
	}
	before := p.record(t)
	if before.Fields["transcript"] != "Agent: Namaste" {
		t.Errorf("FortyTwo did not get what was heard at the end: %v", before.Fields)
	}
	results := helix.Conversation{
		ID: "conv-1", Done: true, Summary: "They talked.", Cost: 12.5, StartedAt: p.now().Add(-time.Minute), Duration: time.Minute,
		Transcript: []helix.TranscriptLine{{At: p.now(), Role: helix.RoleVoiceAgent, Text: "Namaste."}, {At: p.now(), Role: helix.RolePatient, Text: "Haan."}},
		Collected: []helix.CollectedItem{
			{Key: "age", Value: json.RawMessage(`53`)}, {Key: "chest_pain", Value: json.RawMessage(`null`)}, {Key: "wants_visit", Value: json.RawMessage(` true `)},
		},
	}
	for range 2 {
		p.do(s.Conversation(p.ctx, results))
	}
	over = p.is(s, call.ID, helix.OutboundCompleted, helix.ReasonPatientHungUp)
	if over.Cost != 12.5 || over.Summary != "They talked." || len(over.Transcript) != 2 {
		t.Errorf("%+v", over)
	}
	after := p.record(t)
	collected, err := json.Marshal(after.Fields["collecteddata"])
	p.do(err)
	if string(collected) != `{"age":53,"chest_pain":"no","wants_visit":true}` || after.Fields["summary"] != "They talked." || after.Fields["patientId"] != nil {
		t.Errorf("FortyTwo got %v, collected %s", after.Fields, collected)
	}
	if n := len(p.records); n != 2 {
		t.Errorf("FortyTwo was told %d times, want at the end and when the results came", n)
	}
	checkTimeline(t, &over)
}

func checkTimeline(t testing.TB, c *helix.OutboundCall) {
	t.Helper()
	state := helix.OutboundInitiating
	for i, e := range c.Timeline {
		if e.Sequence != i+1 {
			t.Errorf("entry %d has the number %d", i+1, e.Sequence)
		}
		if e.Kind != helix.OutboundMoved {
			continue
		}
		if e.From != state || !Allowed(e.From, e.To) {
			t.Errorf("moved from %s to %s while %s", e.From, e.To, state)
		}
		state = e.To
	}
	if state != c.State {
		t.Errorf("the timeline ends %s, the call is %s", state, c.State)
	}
}

func TestAnAttemptHasOneStream(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	s := p.still()
	call := p.dialled(s, "k")
	var racing sync.WaitGroup
	var mu sync.Mutex
	attached := 0
	for range 8 {
		racing.Go(func() {
			_, err := s.Attach(p.ctx, Claim{Call: call.ID, Attempt: 1})
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				attached++
			case !helix.IsCode(err, helix.CodeForbidden):
				t.Error(err)
			}
		})
	}
	racing.Wait()
	if attached != 1 {
		t.Errorf("%d streams were attached", attached)
	}
	for name, claim := range map[string]Claim{
		"of another attempt":   {Call: call.ID, Attempt: 2},
		"of no call":           {Call: "nobody", Attempt: 1},
		"of an unknown caller": {Start: helix.LineStart{ProviderCallID: "x", Customer: "+919899999999"}},
	} {
		if _, err := s.Attach(p.ctx, claim); err == nil {
			t.Errorf("a stream %s was attached", name)
		}
	}
}

func TestAStreamWithoutATokenIsMatchedByWhatTheProviderSays(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	s := p.still()
	for name, start := range map[string]func(helix.OutboundCall) helix.LineStart{
		"its call id": func(c helix.OutboundCall) helix.LineStart {
			return helix.LineStart{ProviderCallID: c.Attempt().ProviderCallID}
		},
		"our session": func(c helix.OutboundCall) helix.LineStart { return helix.LineStart{Session: string(c.ID)} },
		"the customer, in the number's last ten digits": func(helix.OutboundCall) helix.LineStart {
			return helix.LineStart{Customer: "+09812345678", ProviderCallID: ""}
		},
	} {
		call := p.dialled(s, name)
		plan, err := s.Attach(p.ctx, Claim{Start: start(call)})
		if err != nil || plan.Call != call.ID {
			t.Errorf("%s: %v", name, err)
		}
		p.do(s.Ended(p.ctx, call.ID, 1, Result{Reason: helix.ReasonNoAudio}))
	}
}

func TestLateAudioIsTakenAndCancelsTheRetry(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	s := p.still()
	call := p.dialled(s, "k")
	p.pass(45 * time.Second)
	p.do(s.Deadlines(p.ctx))
	p.is(s, call.ID, helix.OutboundDialing, "") // our wait is over, not the call
	p.report(s, call.ID, helix.DialNoAnswer, true)
	p.is(s, call.ID, helix.OutboundInitiating, "")
	if _, err := s.Attach(p.ctx, Claim{Call: call.ID, Attempt: 1}); err != nil {
		t.Fatal(err)
	}
	p.do(s.Active(p.ctx, call.ID, 1, "conv"))
	p.pass(time.Minute)
	p.do(s.dial(p.ctx, call.ID, func() {}))
	p.do(s.Ended(p.ctx, call.ID, 1, Result{Reason: helix.ReasonCompleted, TalkedFor: time.Minute}))
	over := p.is(s, call.ID, helix.OutboundCompleted, helix.ReasonCompleted)
	if len(over.Attempts) != 1 || p.attempts(call.ID) != 1 {
		t.Errorf("%d attempts, %d dials", len(over.Attempts), p.attempts(call.ID))
	}
}

func TestHowAStreamEndsSaysHowTheCallEnds(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	s := p.still(func(o *Options) { o.Concurrency = 1000 })
	for _, c := range []struct {
		reason helix.OutboundReason
		talked helix.OutboundState // the end of a call in which they talked
		not    helix.OutboundState // and of one whose voice agent never came
	}{
		{helix.ReasonCompleted, helix.OutboundCompleted, helix.OutboundFailed},
		{helix.ReasonPatientHungUp, helix.OutboundCompleted, helix.OutboundFailed},
		{helix.ReasonAgentHungUp, helix.OutboundCompleted, helix.OutboundFailed},
		{helix.ReasonMaxDuration, helix.OutboundCompleted, helix.OutboundFailed},
		{helix.ReasonTransferred, helix.OutboundCompleted, helix.OutboundCompleted},
		{helix.ReasonNoAudio, helix.OutboundDisconnected, helix.OutboundFailed},
		{helix.ReasonVoiceFailed, helix.OutboundFailed, helix.OutboundFailed},
		{helix.ReasonCancelled, helix.OutboundFailed, helix.OutboundFailed},
		{"", helix.OutboundDisconnected, helix.OutboundDisconnected},
	} {
		up := p.talking(s, "talked "+string(c.reason))
		quiet := p.dialled(s, "quiet "+string(c.reason))
		_, err := s.Attach(p.ctx, Claim{Call: quiet.ID, Attempt: 1})
		p.do(err)
		for id, want := range map[helix.CallID]helix.OutboundState{up.ID: c.talked, quiet.ID: c.not} {
			for range 2 {
				p.do(s.Ended(p.ctx, id, 1, Result{Reason: c.reason}))
			}
			reason := c.reason
			if want == helix.OutboundDisconnected {
				reason = ""
			}
			p.is(s, id, want, reason)
		}
	}
	if n := len(p.wishes); n != 2 {
		t.Errorf("%d call backs were asked for, want one for each call that lost its voice agent", n)
	}
}

func TestADisconnectedCallIsSettled(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	s := p.still(func(o *Options) { o.Concurrency = 100 })
	for name, c := range map[string]struct {
		word   func(helix.CallID) error
		state  helix.OutboundState
		reason helix.OutboundReason
	}{
		"by a report": {func(id helix.CallID) error { p.report(s, id, helix.DialCompleted, true); return nil }, helix.OutboundCompleted, helix.ReasonCompleted},
		"by the results": {func(id helix.CallID) error {
			return s.Conversation(p.ctx, helix.Conversation{Call: id, ID: "conv-by the results", Done: true, Transcript: []helix.TranscriptLine{{Text: "x"}}})
		}, helix.OutboundCompleted, helix.ReasonCompleted},
		"by failed results": {func(id helix.CallID) error {
			return s.Conversation(p.ctx, helix.Conversation{Call: id, ID: "conv-by failed results", Done: true, Failed: true})
		}, helix.OutboundFailed, helix.ReasonVoiceFailed},
		"by patience": {func(helix.CallID) error { p.pass(time.Minute); return s.Deadlines(p.ctx) }, helix.OutboundCompleted, helix.ReasonCompleted},
	} {
		call := p.talking(s, name)
		p.do(s.Ended(p.ctx, call.ID, 1, Result{}))
		p.is(s, call.ID, helix.OutboundDisconnected, "")
		p.do(c.word(call.ID))
		p.is(s, call.ID, c.state, c.reason)
	}
}

func TestNoCallOutlivesItsMaximumByAMinute(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	s := p.still()
	talked := p.talking(s, "talked")
	quiet := p.dialled(s, "quiet")
	p.report(s, quiet.ID, helix.DialAnswered, false)
	gone := p.talking(s, "gone")
	p.report(s, gone.ID, helix.DialCompleted, true) // and the replica that had the stream is gone
	p.pass(time.Minute)
	p.do(s.Deadlines(p.ctx))
	p.is(s, talked.ID, helix.OutboundActive, "")
	p.is(s, quiet.ID, helix.OutboundFailed, helix.ReasonNoAudio)
	p.is(s, gone.ID, helix.OutboundCompleted, helix.ReasonCompleted)
	p.pass(10*time.Minute - 10*time.Second)
	p.do(s.Deadlines(p.ctx))
	p.is(s, talked.ID, helix.OutboundCompleted, helix.ReasonMaxDuration)
}

func TestReportsAreHarmlessLateTwiceAndOutOfOrder(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	s := p.still(func(o *Options) { o.Concurrency = 100 })
	type report struct {
		status   helix.DialStatus
		finished bool
	}
	for name, c := range map[string]struct {
		reports []report
		state   helix.OutboundState
		reason  helix.OutboundReason
	}{
		"placed after answered":            {[]report{{helix.DialAnswered, false}, {helix.DialPlaced, false}}, helix.OutboundConnected, ""},
		"busy twice is one busy":           {[]report{{helix.DialBusy, true}, {helix.DialBusy, true}}, helix.OutboundInitiating, ""},
		"busy, not finished":               {[]report{{helix.DialBusy, false}}, helix.OutboundDialing, ""},
		"answered after busy":              {[]report{{helix.DialBusy, true}, {helix.DialAnswered, false}}, helix.OutboundConnected, ""},
		"over and answered after busy":     {[]report{{helix.DialBusy, true}, {helix.DialCompleted, true}}, helix.OutboundFailed, helix.ReasonNoAudio},
		"over, then answered":              {[]report{{helix.DialCompleted, true}, {helix.DialAnswered, false}}, helix.OutboundFailed, helix.ReasonNoAudio},
		"answered, then over, not a sound": {[]report{{helix.DialAnswered, false}, {helix.DialNoAnswer, true}}, helix.OutboundFailed, helix.ReasonNoAudio},
		"rejected":                         {[]report{{helix.DialFailed, true}, {helix.DialBusy, true}}, helix.OutboundFailed, helix.ReasonRejected},
		"over, nobody knows how":           {[]report{{helix.DialUnclear, true}, {helix.DialBusy, true}}, helix.OutboundFailed, helix.ReasonUnknownOutcome},
		"a word that we do not know":       {[]report{{"RINGING", false}}, helix.OutboundDialing, ""},
	} {
		call := p.dialled(s, name)
		for _, r := range c.reports {
			p.report(s, call.ID, r.status, r.finished)
		}
		over := p.is(s, call.ID, c.state, c.reason)
		checkTimeline(t, &over)
	}
}

func TestAReportOfAnEarlierAttemptDoesNotEndTheNextOne(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	s := p.still()
	call := p.dialled(s, "k")
	first := helix.DialReport{Status: helix.DialNoAnswer, Finished: true, At: p.now(), Customer: rahul, ProviderCallID: call.Attempt().ProviderCallID}
	p.do(s.Report(p.ctx, first))
	p.pass(15 * time.Minute)
	p.do(s.dial(p.ctx, call.ID, func() {}))
	p.do(s.Report(p.ctx, first))
	first.ProviderCallID = "" // told by customer and time
	p.do(s.Report(p.ctx, first))
	first.At = time.Time{} // told by customer alone
	p.do(s.Report(p.ctx, first))
	if got := p.is(s, call.ID, helix.OutboundDialing, ""); len(got.Attempts) != 2 {
		t.Errorf("%d attempts", len(got.Attempts))
	}
	if err := s.Report(p.ctx, helix.DialReport{Customer: "+919899999999", Status: helix.DialBusy, Finished: true}); !helix.IsCode(err, helix.CodeNotFound) {
		t.Errorf("a report of a stranger: %v", err)
	}
}

func TestAnswerCallbackAndStreamMayEachHaveTheirOwnID(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	s := p.still()
	call := p.dialled(s, "k")
	p.do(s.Report(p.ctx, helix.DialReport{Call: call.ID, ProviderCallID: "of the callback", Status: helix.DialAnswered, At: p.now()}))
	_, err := s.Attach(p.ctx, Claim{Call: call.ID, Attempt: 1, Start: helix.LineStart{ProviderCallID: "of the stream"}})
	p.do(err)
	p.do(s.Active(p.ctx, call.ID, 1, "conv"))
	p.do(s.Ended(p.ctx, call.ID, 1, Result{}))
	p.do(s.Report(p.ctx, helix.DialReport{ProviderCallID: "of the stream", Status: helix.DialCompleted, Finished: true}))
	over := p.is(s, call.ID, helix.OutboundCompleted, helix.ReasonCompleted)
	if diff := cmp.Diff([]string{"of the callback", "of the stream"}, over.Attempt().Aliases); diff != "" {
		t.Error(diff)
	}
}

func TestWhatIsSaidIsStoredInBatches(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	s := p.still()
	call := p.talking(s, "k")
	before := p.get(s, call.ID).Revision
	for i := range speechLines - 1 {
		s.Said(p.ctx, call.ID, helix.TranscriptLine{At: p.now(), Role: helix.RolePatient, Text: fmt.Sprint(i)})
	}
	s.flush(p.ctx, speechPause, 0)
	if got := p.get(s, call.ID); got.Revision != before {
		t.Error("a few lines were stored at once")
	}
	p.pass(speechPause)
	s.flush(p.ctx, speechPause, 0)
	if got := p.get(s, call.ID); len(got.Transcript) != speechLines-1 {
		t.Errorf("%d lines after the pause", len(got.Transcript))
	}
	for i := range speechLines {
		s.Said(p.ctx, call.ID, helix.TranscriptLine{At: p.now(), Role: helix.RolePatient, Text: fmt.Sprint(i)})
	}
	s.flush(p.ctx, speechPause, 0)
	if got := p.get(s, call.ID); len(got.Transcript) != 2*speechLines-1 {
		t.Errorf("%d lines when a batch was full", len(got.Transcript))
	}
}

func TestALongCallStaysWithinItsBounds(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	s := p.still()
	call := p.talking(s, "k")
	wide := strings.Repeat("<", maxLine/5) // six bytes each in JSON
	for range 3 {
		for range helix.MaxTranscript {
			s.Said(p.ctx, call.ID, helix.TranscriptLine{At: p.now(), Role: helix.RolePatient, Text: wide})
			s.Note(p.ctx, call.ID, helix.OutboundMedia, wide)
		}
		s.flush(p.ctx, 0, 0)
	}
	for i := range 25 {
		_, err := s.Tool(p.ctx, call.ID, "save_patient_data", fmt.Appendf(nil, `{"key %d":%q}`, i, wide[:600]))
		if err != nil && (i < 15 || !helix.IsCode(err, helix.CodeBadInput)) {
			t.Fatalf("value %d: %v", i, err)
		}
	}
	p.do(s.Conversation(p.ctx, helix.Conversation{ID: "conv-k", Done: true, Summary: strings.Repeat(wide, 10)}))
	p.do(s.Ended(p.ctx, call.ID, 1, Result{Reason: helix.ReasonCompleted}))
	over := p.is(s, call.ID, helix.OutboundCompleted, helix.ReasonCompleted) // the move came in although the timeline was full
	data, err := json.Marshal(over)
	p.do(err)
	if len(data) > 500<<10 || len(over.Timeline) > helix.MaxTimeline || len(over.Transcript) > helix.MaxTranscript || len(over.Collected) > helix.MaxCollected {
		t.Errorf("%d bytes, %d entries, %d lines, %d values", len(data), len(over.Timeline), len(over.Transcript), len(over.Collected))
	}
	checkTimeline(t, &over)
	record, err := json.Marshal(p.record(t))
	p.do(err)
	if len(record) > 256<<10-4<<10 {
		t.Errorf("the record has %d bytes", len(record))
	}
}

func TestResultsThatNoWebhookBroughtAreFetched(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	s := p.still()
	call := p.talking(s, "k")
	p.do(s.Ended(p.ctx, call.ID, 1, Result{Reason: helix.ReasonPatientHungUp}))
	p.do(s.FetchConversations(p.ctx))
	if p.asked != 0 {
		t.Error("the webhook was not waited for")
	}
	for range 60 {
		p.pass(time.Minute)
		p.do(s.FetchConversations(p.ctx))
	}
	if p.asked < 4 || p.asked > 7 {
		t.Errorf("asked %d times within an hour", p.asked)
	}
	p.talks["conv-k"] = helix.Conversation{Done: true, Summary: "found"}
	p.pass(time.Hour)
	p.do(s.FetchConversations(p.ctx))
	if got := p.get(s, call.ID); got.Summary != "found" {
		t.Errorf("%+v", got.Conversations)
	}
	lost := p.talking(s, "lost")
	p.do(s.Ended(p.ctx, lost.ID, 1, Result{Reason: helix.ReasonPatientHungUp}))
	p.pass(25 * time.Hour)
	p.do(s.FetchConversations(p.ctx))
	if n := len(s.index.unfinished()); n != 0 {
		t.Errorf("%d calls are waited for after a day", n)
	}
	p.do(s.Conversation(p.ctx, helix.Conversation{ID: "conv-lost", Done: true, Summary: "after all"}))
	if got := p.get(s, lost.ID); got.Summary != "after all" {
		t.Error("results that came after a day were not taken")
	}
}

func TestTwoConversationsOfACallMakeOneTranscript(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	s := p.still()
	call := p.talking(s, "k")
	start := p.now()
	say := func(text string) {
		s.Said(p.ctx, call.ID, helix.TranscriptLine{At: p.now(), Role: helix.RolePatient, Text: text})
		p.pass(10 * time.Second)
	}
	say("heard 1")
	p.do(s.Active(p.ctx, call.ID, 1, "conv-again"))
	again := p.now()
	say("heard 2")
	p.do(s.Ended(p.ctx, call.ID, 1, Result{Reason: helix.ReasonCompleted}))
	for _, c := range []helix.Conversation{
		{ID: "conv-again", Done: true, Cost: 2, Summary: "last", StartedAt: again, Duration: 9 * time.Second, Transcript: []helix.TranscriptLine{{At: again, Text: "said 2"}}},
		{ID: "conv-k", Done: true, Cost: 1, Summary: "first", StartedAt: start, Duration: 9 * time.Second, Transcript: []helix.TranscriptLine{{At: start, Text: "said 1"}}},
	} {
		p.do(s.Conversation(p.ctx, c))
	}
	got := p.get(s, call.ID)
	var texts []string
	for _, l := range got.Transcript {
		texts = append(texts, l.Text)
	}
	if diff := cmp.Diff([]string{"said 1", "said 2"}, texts); diff != "" || got.Cost != 3 || got.Summary != "last" {
		t.Errorf("%s cost %v, summary %q", diff, got.Cost, got.Summary)
	}
}

func TestTools(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	s := p.still()
	call := p.talking(s, "k")
	for _, c := range []struct {
		tool, args, says string
		code             helix.Code
	}{
		{"save_patient_data", `{"age":52,"list":[1, 2]}`, "saved", ""},
		{"save_patient_data", `{"age":52}`, "saved", ""},
		{"save_patient_data", `{}`, "saved", ""},
		{"save_patient_data", `[1]`, "", helix.CodeBadInput},
		{"save_patient_data", `{"a":1} {"b":2}`, "", helix.CodeBadInput},
		{"save_patient_data", `{"":1}`, "", helix.CodeBadInput},
		{"save_patient_data", `{"a":"` + strings.Repeat("x", maxCollectedValue) + `"}`, "", helix.CodeBadInput},
		{"get_patient_context", ``, "Dr. Smith", ""},
		{"mark_call_outcome", `{"outcome":"interested","notes":"call in May"}`, "saved", ""},
		{"mark_call_outcome", `{"result":"interested"}`, "", helix.CodeBadInput},
		{"request_callback", `{"when":"tomorrow","reason":"wants a doctor"}`, "requested", ""},
		{"format_disk", `{}`, "", helix.CodeBadInput},
	} {
		got, err := s.Tool(p.ctx, call.ID, c.tool, []byte(c.args))
		if c.code != "" {
			if !helix.IsCode(err, c.code) {
				t.Errorf("%s %s: %v", c.tool, c.args, err)
			}
			continue
		}
		if err != nil || !strings.Contains(got, c.says) {
			t.Errorf("%s: %q, %v", c.tool, got, err)
		}
	}
	var keys []string
	for _, item := range p.get(s, call.ID).Collected {
		keys = append(keys, item.Key+"="+string(item.Value))
	}
	want := []string{
		"age=52", "list=[1,2]", "call_notes=\"call in May\"", "call_outcome=\"interested\"", "callback_requested=true",
		"callback_reason=\"wants a doctor\"", "callback_when=\"tomorrow\"",
	}
	if diff := cmp.Diff(want, keys); diff != "" {
		t.Error(diff)
	}
	if len(p.wishes) != 1 || p.wishes[0].When != "tomorrow" || p.wishes[0].Phone != rahul {
		t.Errorf("wishes %+v", p.wishes)
	}
}

func TestACallBackThatCannotBeAskedForIsAskedForAgain(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	s := p.still()
	call := p.talking(s, "k")
	for _, port := range []string{"call backs", "records"} {
		p.refuse[port] = errors.New("out of order")
		if err := s.Ended(p.ctx, call.ID, 1, Result{Reason: helix.ReasonVoiceFailed}); err == nil {
			t.Fatalf("the end was stored although %s failed", port)
		}
		p.is(s, call.ID, helix.OutboundActive, "")
	}
	p.do(s.Ended(p.ctx, call.ID, 1, Result{Reason: helix.ReasonVoiceFailed}))
	p.is(s, call.ID, helix.OutboundFailed, helix.ReasonVoiceFailed)
}

func FuzzToolArguments(f *testing.F) {
	f.Add([]byte(`{"age":52}`))
	f.Add([]byte(`{"a":{"b":[1,"\u0000"]}}`))
	f.Add([]byte(`[]`))
	f.Add([]byte("{\"\xff\":1}"))
	f.Fuzz(func(t *testing.T, args []byte) {
		items, err := toolArguments(args)
		if err != nil {
			if !helix.IsCode(err, helix.CodeBadInput) {
				t.Fatalf("an error without its code: %v", err)
			}
			return
		}
		var e edit
		for _, item := range items {
			if item.Key == "" || !json.Valid(item.Value) {
				t.Fatalf("%q = %q", item.Key, item.Value)
			}
			if _, err := e.upsert(item); err != nil {
				continue
			}
			if changed, err := e.upsert(item); changed || err != nil {
				t.Fatalf("the same value again: %t, %v", changed, err)
			}
		}
		data, err := json.Marshal(e.Collected)
		if err != nil || len(data) > 2*maxCollectedSize {
			t.Fatalf("%d bytes, %v", len(data), err)
		}
	})
}

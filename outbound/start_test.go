package outbound

import (
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	helix "github.com/helix-engage/gateway"
)

func TestARepeatedRequestAnswersWithTheSameCall(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	s, stop := p.stoppable()
	call, replayed, err := s.Start(p.ctx, asker, request("crm-42"))
	if err != nil || replayed || call.State != helix.OutboundInitiating {
		t.Fatalf("%+v, %t, %v", call, replayed, err)
	}
	same := request("crm-42")
	same.Patient.CRMData = json.RawMessage(`{ "last":{"paid":true,"visit":"2024-01-15"}, "doctor":"Dr. Smith" }`)
	again, replayed, err := s.Start(p.ctx, asker, same)
	if err != nil || !replayed {
		t.Fatalf("a repetition: %t, %v", replayed, err)
	}
	if diff := cmp.Diff(call, again); diff != "" {
		t.Error("another answer: " + diff)
	}
	other := request("crm-42")
	other.Patient.Name = "Asha"
	if _, _, err := s.Start(p.ctx, asker, other); !helix.IsCode(err, helix.CodeIdempotencyConflict) {
		t.Errorf("another request under the key: %v", err)
	}
	if theirs, replayed, err := s.Start(p.ctx, "key:other", request("crm-42")); err != nil || replayed || theirs.ID == call.ID {
		t.Errorf("another asker's key is not his own: %t, %v", replayed, err)
	}
	stop()
	for range 2 { // after a restart, and on another replica beside it
		s := p.still()
		if after, replayed, err := s.Start(p.ctx, asker, request("crm-42")); err != nil || !replayed || after.ID != call.ID {
			t.Errorf("%s, %t, %v", after.ID, replayed, err)
		}
	}
}

func TestOneKeyFromManyAtOnceIsOneCall(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	services := []*Service{p.still(), p.still()}
	var asked sync.WaitGroup
	var mu sync.Mutex
	first := 0
	for i := range 16 {
		asked.Go(func() {
			_, replayed, err := services[i%2].Start(p.ctx, asker, request("k"))
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
			}
			if !replayed {
				first++
			}
		})
	}
	asked.Wait()
	if first != 1 {
		t.Errorf("%d of 16 were told that theirs was the first", first)
	}
	p.work(services[0])
	p.work(services[1])
	if len(p.dials) != 1 {
		t.Errorf("dialled %d times", len(p.dials))
	}
}

func TestARequestWithoutAKeyAnswersWithTheOpenCall(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	s := p.still()
	first, replayed, err := s.Start(p.ctx, asker, request(""))
	if err != nil || replayed {
		t.Fatal(replayed, err)
	}
	if again, replayed, err := s.Start(p.ctx, asker, request("")); err != nil || !replayed || again.ID != first.ID {
		t.Fatalf("%s, %t, %v", again.ID, replayed, err)
	}
	if _, err := s.Cancel(p.ctx, first.ID); err != nil {
		t.Fatal(err)
	}
	if next, replayed, err := s.Start(p.ctx, asker, request("")); err != nil || replayed || next.ID == first.ID {
		t.Fatalf("a call that is over answered: %t, %v", replayed, err)
	}
}

func TestWhatIsWrongWithARequestIsSaid(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	s := p.still()
	for name, c := range map[string]struct {
		spoil func(*helix.OutboundRequest)
		says  string
	}{
		"no name":                      {func(r *helix.OutboundRequest) { r.Patient.Name = " " }, "name is missing"},
		"no number":                    {func(r *helix.OutboundRequest) { r.Patient.Phone = "" }, "phone number is missing"},
		"a number that is not":         {func(r *helix.OutboundRequest) { r.Patient.Phone = "+91123" }, "not a phone number"},
		"a name of control characters": {func(r *helix.OutboundRequest) { r.Patient.Name = "a\x00b" }, "no text"},
		"a language that is none":      {func(r *helix.OutboundRequest) { r.Language = "Hindi" }, "language"},
		"an agent that is none":        {func(r *helix.OutboundRequest) { r.VoiceAgent = "../x" }, "voice agent"},
		"data that is no object":       {func(r *helix.OutboundRequest) { r.Patient.CRMData = json.RawMessage(`[1]`) }, "JSON object"},
		"data of two objects":          {func(r *helix.OutboundRequest) { r.Patient.CRMData = json.RawMessage(`{} {}`) }, "JSON object"},
		"data that is too much": {func(r *helix.OutboundRequest) {
			r.Patient.CRMData = json.RawMessage(`{"a":"` + strings.Repeat("x", maxCRMData) + `"}`)
		}, "16 kB"},
		"a time too far ahead": {func(r *helix.OutboundRequest) { r.ScheduledAt = p.now().Add(31 * 24 * time.Hour) }, "30 days"},
		"a key without end":    {func(r *helix.OutboundRequest) { r.Key = strings.Repeat("k", 201) }, "key is longer"},
	} {
		r := request("key")
		c.spoil(&r)
		_, _, err := s.Start(p.ctx, asker, r)
		if !helix.IsCode(err, helix.CodeBadInput) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestACancelledCallIsNotDialled(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	s := p.still()
	call, _, err := s.Start(p.ctx, asker, request("k"))
	p.do(err)
	for range 2 {
		if cancelled, err := s.Cancel(p.ctx, call.ID); err != nil || cancelled.EndReason != helix.ReasonCancelled {
			t.Fatalf("%+v, %v", cancelled, err)
		}
	}
	p.work(s)
	if p.attempts(call.ID) != 0 {
		t.Error("a cancelled call was dialled")
	}
	talking := p.talking(s, "up")
	if _, err := s.Cancel(p.ctx, talking.ID); err != nil {
		t.Fatal(err)
	}
	p.is(s, talking.ID, helix.OutboundFailed, helix.ReasonCancelled)
	if diff := cmp.Diff([]helix.OutboundReason{helix.ReasonCancelled}, p.ended); diff != "" {
		t.Error("streams that were ended: " + diff)
	}
	p.do(s.Ended(p.ctx, talking.ID, 1, Result{Reason: helix.ReasonCancelled, TalkedFor: time.Second}))
	if _, err := s.Cancel(p.ctx, "nobody"); !helix.IsCode(err, helix.CodeNotFound) {
		t.Errorf("a call that is not there: %v", err)
	}
	done := p.talking(s, "done")
	p.do(s.Ended(p.ctx, done.ID, 1, Result{Reason: helix.ReasonPatientHungUp}))
	if _, err := s.Cancel(p.ctx, done.ID); !helix.IsCode(err, helix.CodeConflict) {
		t.Errorf("a call that is over: %v", err)
	}
}

package outbound

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	helix "github.com/helix-engage/gateway"
)

func TestPagesNeitherRepeatNorLeaveOut(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	s := p.still(func(o *Options) { o.Concurrency = 100 })
	var made []helix.CallID
	for i := range 7 {
		call := p.dialled(s, fmt.Sprint(i))
		made = append([]helix.CallID{call.ID}, made...)
		p.pass(time.Second)
	}
	p.report(s, made[1], helix.DialFailed, true)
	var listed []helix.CallID
	for after, more := "", true; more; {
		page, err := s.List(p.ctx, Filter{}, 3, after)
		p.do(err)
		if want := 7 + min(len(listed), 1); page.Total != want { // a new call comes in after the first page
			t.Errorf("total %d, want %d", page.Total, want)
		}
		for _, call := range page.Calls {
			listed = append(listed, call.ID)
		}
		after, more = page.Cursors[len(page.Cursors)-1], page.More
		if len(listed) == 3 {
			p.dialled(s, "new")
		}
	}
	if diff := cmp.Diff(made, listed); diff != "" {
		t.Error(diff)
	}
	for name, c := range map[string]struct {
		filter Filter
		want   int
	}{
		"a state":       {Filter{States: []helix.OutboundState{helix.OutboundFailed}}, 1},
		"two states":    {Filter{States: []helix.OutboundState{helix.OutboundFailed, helix.OutboundDialing}}, 8},
		"no state":      {Filter{States: []helix.OutboundState{}}, 0},
		"another asker": {Filter{Asker: "key:other"}, 0},
		"a number":      {Filter{Phone: "+09812345678"}, 8},
		"another":       {Filter{Phone: "+919899999999"}, 0},
	} {
		if page, err := s.List(p.ctx, c.filter, 2, ""); err != nil || page.Total != c.want || len(page.Calls) != min(2, c.want) || page.More != (c.want > 2) {
			t.Errorf("%s: %d of %d, more %t, %v", name, len(page.Calls), page.Total, page.More, err)
		}
	}
	if _, err := s.List(p.ctx, Filter{}, 3, "bm9wZQ"); !helix.IsCode(err, helix.CodeBadInput) {
		t.Errorf("a strange cursor: %v", err)
	}
}

func TestStatisticsCount(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	s := p.still()
	for i, minutes := range []int{1, 3} {
		call := p.talking(s, fmt.Sprint(i))
		p.do(s.Ended(p.ctx, call.ID, 1, Result{Reason: helix.ReasonCompleted, TalkedFor: time.Duration(minutes) * time.Minute}))
	}
	failed := p.dialled(s, "failed")
	p.report(s, failed.ID, helix.DialFailed, true)
	p.talking(s, "up")
	_, _, err := s.Start(p.ctx, asker, request("queued"))
	p.do(err)
	got, err := s.Statistics(p.ctx, "")
	p.do(err)
	want := Statistics{
		Active: 1, Queued: 1, ConcurrencyLimit: 10, SuccessRate: 2.0 / 3, AverageDuration: 2 * time.Minute,
		ByState: map[helix.OutboundState]int{
			helix.OutboundCompleted: 2, helix.OutboundFailed: 1, helix.OutboundActive: 1, helix.OutboundInitiating: 1,
		},
		ByOutcome: map[helix.OutboundReason]int{helix.ReasonCompleted: 2, helix.ReasonRejected: 1},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestASubscriberSeesEveryMoveAndResumes(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	s := p.still()
	call, _, err := s.Start(p.ctx, asker, request("k"))
	p.do(err)
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	updates, err := s.Updates(ctx, call.ID, nil)
	p.do(err)
	first, err := updates.Next(ctx)
	p.do(err)
	if first.Kind != helix.EventCheckpoint || first.Call.State != helix.OutboundInitiating {
		t.Errorf("the call as it is at first: %s %s", first.Kind, first.Call.State)
	}
	p.do(s.dial(p.ctx, call.ID, func() {}))
	seen := first
	for seen.Kind != helix.EventOutboundUpdated { // the provider's id of the call is the last that dialling adds
		seen, err = updates.Next(ctx)
		p.do(err)
	}
	_, err = s.Attach(p.ctx, Claim{Call: call.ID, Attempt: 1})
	p.do(err)
	p.do(s.Active(p.ctx, call.ID, 1, "conv"))
	_, err = s.Tool(p.ctx, call.ID, "save_patient_data", []byte(`{"age":52}`))
	p.do(err)
	p.do(s.Ended(p.ctx, call.ID, 1, Result{Reason: helix.ReasonCompleted}))
	// From the cursor on, as after a reconnect: the last state of the call with each kind of event.
	resumed, err := s.Updates(ctx, call.ID, &seen.Cursor)
	p.do(err)
	var kinds []helix.EventKind
	for range 4 {
		u, err := resumed.Next(ctx)
		p.do(err)
		if u.Call.State != helix.OutboundCompleted {
			t.Errorf("%s came with a stale call: %s", u.Kind, u.Call.State)
		}
		kinds = append(kinds, u.Kind)
	}
	want := []helix.EventKind{helix.EventOutboundState, helix.EventOutboundState, helix.EventOutboundUpdated, helix.EventOutboundState}
	if diff := cmp.Diff(want, kinds); diff != "" {
		t.Error(diff)
	}
	timeline, err := p.calls.Timeline(p.ctx, call.ID, 0, 100)
	p.do(err)
	var states []helix.OutboundState
	for i, e := range timeline.Events {
		if e.Sequence != i+1 || e.Phone != rahul || e.Direction != helix.Outbound {
			t.Errorf("event %d: %+v", i, e)
		}
		if e.Kind == helix.EventOutboundState {
			states = append(states, e.Outbound.State)
		}
	}
	moves := []helix.OutboundState{helix.OutboundInitiating, helix.OutboundDialing, helix.OutboundConnected, helix.OutboundActive, helix.OutboundCompleted}
	if diff := cmp.Diff(moves, states); diff != "" {
		t.Error(diff)
	}
	told, err := p.calls.Get(p.ctx, call.ID)
	p.do(err)
	if told.State != helix.CallEnded || !told.Answered() || told.Direction != helix.Outbound {
		t.Errorf("as a call among calls: %+v", told)
	}
}

func TestErasingAPersonLeavesNothingOfHim(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	s := p.still()
	done := p.talking(s, "done")
	p.do(s.Ended(p.ctx, done.ID, 1, Result{Reason: helix.ReasonCompleted}))
	up := p.talking(s, "up")
	other := request("other")
	other.Patient.Phone = "+919899999999"
	kept, _, err := s.Start(p.ctx, asker, other)
	p.do(err)
	erased, err := s.Erase(p.ctx, rahul)
	p.do(err)
	if erased != len(p.forgotten) || erased == 0 {
		t.Errorf("%d calls are erased, the recordings of %d", erased, len(p.forgotten))
	}
	for _, call := range []helix.OutboundCall{done, up} {
		if _, err := s.Get(p.ctx, call.ID); !helix.IsCode(err, helix.CodeNotFound) {
			t.Errorf("a call of his is there: %v", err)
		}
		if err := s.Report(p.ctx, helix.DialReport{ProviderCallID: call.Attempt().ProviderCallID, Status: helix.DialPlaced}); !helix.IsCode(err, helix.CodeNotFound) {
			t.Errorf("an id of his is known: %v", err)
		}
	}
	p.until("the index forgets", func() bool {
		page, err := s.List(p.ctx, Filter{}, 10, "")
		return err == nil && page.Total == 1 && page.Calls[0].ID == kept.ID
	})
	if again, replayed, err := s.Start(p.ctx, asker, request("done")); err != nil || replayed || again.ID != done.ID {
		t.Errorf("his key was not freed: %t, %v", replayed, err)
	}
}

func TestACallThatTheQueueLostIsPutBack(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	s := p.still()
	call, _, err := s.Start(p.ctx, asker, request("k"))
	p.do(err)
	p.lose(s, call.ID)
	p.pass(sweepEvery)
	p.do(s.Deadlines(p.ctx))
	queued, err := p.bus.DialQueued(p.ctx, string(call.ID))
	if err != nil || !queued {
		t.Errorf("%t, %v", queued, err)
	}
	p.work(s)
	p.is(s, call.ID, helix.OutboundDialing, "")
}

func BenchmarkShortCall(b *testing.B) {
	p := newPlace(b)
	p.ctx = context.Background()
	s := p.still(func(o *Options) { o.Concurrency = 100 })
	for i := range b.N {
		call := p.talking(s, fmt.Sprint(i))
		s.Said(p.ctx, call.ID, helix.TranscriptLine{At: p.now(), Role: helix.RolePatient, Text: "Haan, boliye."})
		p.do(s.Ended(p.ctx, call.ID, 1, Result{Reason: helix.ReasonCompleted, TalkedFor: time.Second}))
		p.do(s.Conversation(p.ctx, helix.Conversation{ID: "conv-" + fmt.Sprint(i), Done: true, Summary: "short"}))
		p.dials, p.records = nil, nil
	}
	b.StopTimer()
	if n := len(s.index.unfinished()); n != 0 {
		b.Errorf("%d calls are unfinished", n)
	}
}

// It is not parallel, so that the memory is its own.
func TestManyCallsThatAreOverTakeLittleMemory(t *testing.T) {
	const many = 50_000
	x, before := newIndex(), memory()
	at := time.Now()
	for i := range many {
		c := helix.OutboundCall{
			ID: helix.CallID(helix.NewID("outbound", fmt.Sprint(i))), Asker: asker, Request: request("k"), State: helix.OutboundCompleted,
			CreatedAt: at.Add(time.Duration(i) * time.Second), Conversations: []helix.OutboundConversation{{ID: "c", Done: true}},
			Transcript: make([]helix.TranscriptLine, 10),
		}
		c.Request.Patient.Phone = helix.Phone(fmt.Sprintf("+91%010d", 9_000_000_000+i))
		x.put(c.ID, &c, 1)
	}
	each := (memory() - before) / many
	if each > 1500 {
		t.Errorf("%d bytes for each call", each)
	}
	t.Logf("%d bytes for each call", each)
	if chosen, total, more := x.choose(Filter{}, nil, 10); len(chosen) != 10 || total != many || !more || len(x.unfinished()) != 0 {
		t.Errorf("%d of %d, more %t, %d unfinished", len(chosen), total, more, len(x.unfinished()))
	}
}

func memory() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

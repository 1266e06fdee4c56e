package calls_test

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/trace/noop"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/calls"
	"github.com/helix-engage/gateway/internal/bus"
)

const priya helix.Phone = "+919812345679"

// threeCalls makes three calls of two persons, interleaved, once the service has seen what came before each event: then
// each event names the one before it in the log.
func threeCalls(t *testing.T, s *calls.Service) {
	t.Helper()
	stream, err := s.Stream(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for second, kind := range []helix.ReportKind{helix.ReportOffered, helix.ReportAnswered, helix.ReportEnded} {
		for _, call := range []struct {
			id    string
			phone helix.Phone
		}{{"1", rahul}, {"2", priya}, {"3", rahul}} {
			r := report(kind, call.id, second)
			r.Phone = call.phone
			ingest(t, s, r)
			if _, err := stream.Next(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func events(t *testing.T, b *bus.Bus) []bus.StoredEvent {
	t.Helper()
	all, err := b.EventsAfter(t.Context(), 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// rewritten is a service over another log that holds these events at their places; an event without data leaves a hole.
func rewritten(t *testing.T, stored []bus.StoredEvent) *calls.Service {
	t.Helper()
	b := openBus(t, t.TempDir())
	last := map[string]uint64{}
	for _, e := range stored {
		if e.Data == nil {
			seq, err := b.AppendEvent(t.Context(), "hole", fmt.Sprint("hole", e.Sequence), 0, []byte("{}"))
			if err == nil {
				err = b.EraseEvents(t.Context(), seq)
			}
			if err != nil {
				t.Fatal(err)
			}
			continue
		}
		seq, err := b.AppendEvent(t.Context(), e.Person, e.Call, last[e.Call], e.Data)
		if err != nil {
			t.Fatal(err)
		}
		last[e.Call] = seq
	}
	s, _ := replica(t, b)
	return s
}

func verify(t *testing.T, s *calls.Service) helix.LogCheck {
	t.Helper()
	found, err := s.Verify(t.Context(), helix.Cursor{})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestAnUntouchedLogIsIntact(t *testing.T) {
	t.Parallel()
	s, _, b := setup(t)
	threeCalls(t, s)
	if found := verify(t, s); found.Integrity() != helix.Intact || found.Events != 9 || found.Calls != 3 || found.More {
		t.Errorf("found %+v", found)
	}
	if found := verify(t, rewritten(t, events(t, b))); found.Integrity() != helix.Intact {
		t.Errorf("in a faithful copy: %+v", found)
	}
	other, err := calls.New(t.Context(), calls.Options{
		Bus: b, Now: time.Now, Tracer: noop.NewTracerProvider().Tracer(""), Secret: []byte("another secret"), Person: func(helix.Phone) string { return "" },
	})
	if err != nil {
		t.Fatal(err)
	}
	if found := verify(t, other); found.Broken != 3 {
		t.Errorf("under another secret: %+v", found)
	}
}

func TestALogThatWasChangedIsFoundOut(t *testing.T) {
	t.Parallel()
	s, _, b := setup(t)
	threeCalls(t, s)
	id := func(n string) helix.CallID { return helix.CallID(helix.NewID("OZONETEL", n)) }
	seal := regexp.MustCompile(`,"seal":"[^"]*"\}$`)
	for _, c := range []struct {
		name    string
		change  func([]bus.StoredEvent) []bus.StoredEvent
		broken  []helix.CallID
		missing int
		call    helix.CallID
		verdict helix.Integrity // of that call's timeline; "" when the call is gone
	}{
		{"an altered event", func(e []bus.StoredEvent) []bus.StoredEvent {
			e[4].Data = bytes.Replace(e[4].Data, []byte("Asha Rao"), []byte("Asha Roy"), 1)
			return e
		}, []helix.CallID{id("2")}, 0, id("2"), helix.IntegrityViolation},
		{"an event that is no event", func(e []bus.StoredEvent) []bus.StoredEvent {
			e[4].Data = []byte("nonsense")
			return e
		}, []helix.CallID{id("2")}, 0, id("1"), helix.Intact},
		{"an event removed from the middle", func(e []bus.StoredEvent) []bus.StoredEvent {
			e[4].Data = nil
			return e
		}, []helix.CallID{id("2")}, 1, id("2"), helix.IntegrityViolation},
		{"the first event removed", func(e []bus.StoredEvent) []bus.StoredEvent {
			e[1].Data = nil
			return e
		}, []helix.CallID{id("2")}, 1, id("2"), helix.IntegrityViolation},
		{"the last event of a call removed", func(e []bus.StoredEvent) []bus.StoredEvent {
			e[7].Data = nil
			return e
		}, nil, 1, id("2"), helix.Intact}, // alone, the call cannot know; the next event of any call does
		{"a whole call removed", func(e []bus.StoredEvent) []bus.StoredEvent {
			e[1].Data, e[4].Data, e[7].Data = nil, nil, nil
			return e
		}, nil, 3, id("2"), ""},
		{"two events in the other order", func(e []bus.StoredEvent) []bus.StoredEvent {
			e[1].Data, e[4].Data = e[4].Data, e[1].Data
			return e
		}, []helix.CallID{id("2")}, 0, id("2"), helix.IntegrityViolation},
		{"an event of one call put into another", func(e []bus.StoredEvent) []bus.StoredEvent {
			e[5].Data = e[3].Data
			return e
		}, []helix.CallID{id("3")}, 0, id("3"), helix.IntegrityViolation},
		{"a call ascribed to another person", func(e []bus.StoredEvent) []bus.StoredEvent {
			for _, i := range []int{1, 4, 7} {
				e[i].Person = "somebody"
			}
			return e
		}, []helix.CallID{id("2")}, 0, id("2"), helix.IntegrityViolation},
		{"a seal removed", func(e []bus.StoredEvent) []bus.StoredEvent {
			e[7].Data = seal.ReplaceAll(e[7].Data, []byte("}"))
			return e
		}, []helix.CallID{id("2")}, 0, id("2"), helix.IntegrityViolation},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			changed := rewritten(t, c.change(clone(events(t, b))))
			found := verify(t, changed)
			got := map[helix.CallID]bool{}
			for _, call := range found.BrokenIDs {
				got[call] = true
			}
			for _, call := range c.broken {
				if !got[call] {
					t.Errorf("call %s is not found out: %+v", call, found)
				}
			}
			if c.broken == nil && found.Broken > 0 || found.Missing != c.missing || found.Integrity() != helix.IntegrityViolation {
				t.Errorf("found %+v, want %d missing", found, c.missing)
			}
			story, err := changed.Timeline(t.Context(), c.call, 0, 10)
			if c.verdict == "" {
				if !helix.IsCode(err, helix.CodeNotFound) {
					t.Errorf("the call is still there: %v", err)
				}
			} else if c.name != "an event that is no event" && (err != nil || story.Integrity != c.verdict) {
				t.Errorf("the timeline is %s, %v, want %s", story.Integrity, err, c.verdict)
			}
		})
	}
}

func clone(stored []bus.StoredEvent) []bus.StoredEvent {
	out := make([]bus.StoredEvent, len(stored))
	for i, e := range stored {
		e.Data = bytes.Clone(e.Data)
		out[i] = e
	}
	return out
}

func TestEventsOlderThanSealsAreUnknownAndTheCallGoesOnSealed(t *testing.T) {
	t.Parallel()
	b := openBus(t, t.TempDir())
	id := helix.CallID(helix.NewID("OZONETEL", "1"))
	old := fmt.Sprintf(`{"seq":1,"kind":"INCOMING","at":"2026-01-14T10:00:00Z","recordedAt":"2026-01-14T10:00:00Z","call":%q,"phone":%q,"direction":"INBOUND","agent":"agent1"}`, id, rahul)
	if _, err := b.AppendEvent(t.Context(), "person"+rahul.Last10(), string(id), 0, []byte(old)); err != nil {
		t.Fatal(err)
	}
	s, _ := replica(t, b)
	ingest(t, s, report(helix.ReportAnswered, "1", 5), report(helix.ReportEnded, "1", 65))
	story, err := s.Timeline(t.Context(), id, 0, 10)
	if err != nil || story.Integrity != helix.IntegrityUnknown || len(story.Events) != 3 || story.Events[2].Seal == "" {
		t.Errorf("the story is %+v, %v", story, err)
	}
	if found := verify(t, s); found.Unknown != 1 || found.Integrity() != helix.IntegrityUnknown {
		t.Errorf("found %+v", found)
	}
}

func TestALogIsCheckedInPartsWithTheSameFindings(t *testing.T) {
	t.Parallel()
	s, _, b := setup(t)
	threeCalls(t, s)
	all := verify(t, s)
	for after := uint64(1); after < 9; after++ {
		from := helix.Cursor{Epoch: all.Next.Epoch, Sequence: after}
		found, err := s.Verify(t.Context(), from)
		if err != nil || found.Integrity() != helix.Intact || found.Events != int(9-after) || found.Next != all.Next {
			t.Errorf("after %d: %+v, %v", after, found, err)
		}
	}
	changed := clone(events(t, b))
	changed[1].Data = bytes.Replace(changed[1].Data, []byte("Asha Rao"), []byte("Asha Roy"), 1)
	tampered := rewritten(t, changed)
	_, _, epoch, _ := b.EventBounds(t.Context())
	if _, err := tampered.Verify(t.Context(), helix.Cursor{Epoch: epoch, Sequence: 2}); !helix.IsCode(err, helix.CodeCursorExpired) {
		t.Errorf("a cursor of another log: %v", err)
	}
	// The call began before the part, and its beginning was altered.
	found, err := tampered.Verify(t.Context(), helix.Cursor{Sequence: 2})
	if err != nil || found.Broken != 1 {
		t.Errorf("behind the altered event: %+v, %v", found, err)
	}
}

func TestErasingAPersonLeavesTheOthersVerifiable(t *testing.T) {
	t.Parallel()
	s, _, b := setup(t)
	other, _ := replica(t, b) // its memory must forget as well
	watcher, err := other.Stream(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	threeCalls(t, s)
	for range 9 {
		if _, err := watcher.Next(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	first := helix.CallID(helix.NewID("OZONETEL", "1"))
	if _, err := other.Get(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	known, err := s.PersonCalls(t.Context(), rahul)
	if err != nil || len(known) != 2 || known[0].ID != first || known[0].State != helix.CallEnded {
		t.Fatalf("the person's calls are %+v, %v", known, err)
	}
	e := helix.Erasure{ID: "e1", At: start, By: "m1", Calls: 2}
	if err := s.TraceErasure(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	if e.Events, err = s.ErasePerson(t.Context(), e, rahul); err != nil || e.Events != 6 {
		t.Fatalf("%d events were erased, %v", e.Events, err)
	}
	e.Done = true
	if err := s.TraceErasure(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	for name, replica := range map[string]*calls.Service{"here": s, "on another replica": other} {
		for {
			_, err := replica.Get(t.Context(), first)
			if helix.IsCode(err, helix.CodeNotFound) {
				break
			}
			if t.Context().Err() != nil || err != nil {
				t.Fatalf("%s the call is still known: %v", name, err)
			}
		}
		if found := verify(t, replica); found.Integrity() != helix.Intact || found.Events != 3 || found.Calls != 1 {
			t.Errorf("%s: found %+v", name, found)
		}
	}
	traces, err := s.Erasures(t.Context())
	if diff := cmp.Diff([]helix.Erasure{e}, traces); err != nil || diff != "" {
		t.Errorf("traces: %v %s", err, diff)
	}
	if again, err := s.ErasePerson(t.Context(), e, rahul); err != nil || again != 0 {
		t.Errorf("again: %d, %v", again, err)
	}

	// A trace that somebody forged, or removed, excuses nothing.
	bucket, err := bus.OpenBucket[map[string]any](t.Context(), b, bus.BucketErasures)
	if err != nil {
		t.Fatal(err)
	}
	trace, rev, err := bucket.Get(t.Context(), "e1.1")
	if err != nil {
		t.Fatal(err)
	}
	trace["by"] = "m2"
	if _, err := bucket.Update(t.Context(), "e1.1", trace, rev); err != nil {
		t.Fatal(err)
	}
	if found := verify(t, s); found.Missing != 2 || found.More { // the other four are named by erased ones alone, or older than the log
		t.Errorf("with a forged trace: %+v", found)
	}
}

func TestARingWithoutTheErasedServesWhoeverResumes(t *testing.T) {
	t.Parallel()
	s, _, _ := setup(t)
	threeCalls(t, s)
	found := verify(t, s)
	if _, err := s.ErasePerson(t.Context(), helix.Erasure{ID: "e1"}, rahul); err != nil {
		t.Fatal(err)
	}
	stream, err := s.Stream(t.Context(), &helix.Cursor{Epoch: found.Next.Epoch, Sequence: 2})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for range 2 {
		e, err := stream.Next(ctx)
		if err != nil || e.Phone != priya {
			t.Fatalf("got %+v, %v", e, err)
		}
	}
	ingest(t, s, report(helix.ReportOffered, "4", 9))
	if e, err := stream.Next(ctx); err != nil || e.Kind != helix.EventIncoming || e.Sequence != 1 {
		t.Fatalf("then got %+v, %v", e, err)
	}
}

func TestADialOfAnErasedPersonIsForgotten(t *testing.T) {
	t.Parallel()
	s, _, _ := setup(t)
	for agent, phone := range map[helix.AgentID]helix.Phone{"agent1": rahul, "agent2": priya} {
		if err := s.BeginDial(t.Context(), agent, helix.OpenDial{Call: helix.CallID("c-" + agent), Phone: phone, At: start}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.ErasePerson(t.Context(), helix.Erasure{ID: "e1"}, rahul); err != nil {
		t.Fatal(err)
	}
	for agent, want := range map[helix.AgentID]helix.Phone{"agent1": "", "agent2": priya} {
		if dial, err := s.DialOf(t.Context(), agent); err != nil || dial.Phone != want {
			t.Errorf("%s dials %+v, %v", agent, dial, err)
		}
	}
}

func TestAProvidersRecordsDoNotBringAnErasedPersonBack(t *testing.T) {
	t.Parallel()
	s, a, _ := setup(t)
	threeCalls(t, s)
	e := helix.Erasure{ID: "e1", At: start.Add(time.Minute)}
	if _, err := s.ErasePerson(t.Context(), e, rahul); err != nil {
		t.Fatal(err)
	}
	written := len(a.records)
	again := report(helix.ReportDetails, "1", 0)
	again.EndedAt, again.Answered = start.Add(2*time.Second), true
	unheard := report(helix.ReportAbandoned, "5", 30)
	ingest(t, s, again, unheard)
	if known, err := s.PersonCalls(t.Context(), rahul); err != nil || len(known) > 0 || len(a.records) != written || len(a.missed) > 0 {
		t.Errorf("back are %+v, %v; FortyTwo got %d, the queue %v", known, err, len(a.records)-written, a.missed)
	}
	ingest(t, s, report(helix.ReportOffered, "6", 61))
	if known, err := s.PersonCalls(t.Context(), rahul); err != nil || len(known) != 1 {
		t.Errorf("a later call: %+v, %v", known, err)
	}
	other := report(helix.ReportDetails, "7", 1)
	other.Phone = priya
	ingest(t, s, other)
	if known, err := s.PersonCalls(t.Context(), priya); err != nil || len(known) != 2 {
		t.Errorf("of somebody else: %+v, %v", known, err)
	}
}

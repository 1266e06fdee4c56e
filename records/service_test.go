package records_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/trace/noop"
	"go.uber.org/goleak"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/bus"
	"github.com/helix-engage/gateway/records"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// crm writes what it is given, or does as answer says.
type crm struct {
	mu      sync.Mutex
	written []helix.RecordWrite
	answer  func(w helix.RecordWrite) records.Result
	down    error
	asked   chan struct{} // one for each request
}

func (c *crm) UpsertRecords(_ context.Context, _ helix.Access, writes []helix.RecordWrite) ([]records.Result, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case c.asked <- struct{}{}:
	default:
	}
	if c.down != nil {
		return nil, c.down
	}
	results := make([]records.Result, len(writes))
	for i, w := range writes {
		results[i] = records.Result{ID: w.Record}
		if c.answer != nil {
			results[i] = c.answer(w)
		}
		if results[i].Err == nil {
			c.written = append(c.written, w)
		}
	}
	return results, nil
}

func (c *crm) set(change func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change()
}

// byRecord gives the last write of each record.
func (c *crm) byRecord() map[string]helix.RecordWrite {
	c.mu.Lock()
	defer c.mu.Unlock()
	last := map[string]helix.RecordWrite{}
	for _, w := range c.written {
		last[w.Record] = w
	}
	return last
}

func setup(t *testing.T, c *crm) (*records.Service, *bus.Bus) {
	t.Helper()
	c.asked = make(chan struct{}, 1000)
	b, err := bus.Open(t.Context(), bus.Options{Dir: t.TempDir(), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	lease := b.NewLease("leader", "test", 15*time.Second)
	s, err := records.New(t.Context(), records.Options{
		Bus: b, Writer: c, Lease: lease, Logger: slog.New(slog.DiscardHandler), Tracer: noop.NewTracerProvider().Tracer(""),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = lease.Run(ctx) })
	running.Go(func() { _ = s.Run(ctx) })
	t.Cleanup(func() {
		stop()
		running.Wait()
		if err := b.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s, b
}

func write(lane, record string, object helix.RecordObject, fields map[string]any) helix.RecordWrite {
	return helix.RecordWrite{ID: record, Lane: lane, Record: record, Object: object, Fields: fields}
}

const patience = time.Minute

func TestWritesReachFortyTwoAndTheSubmitterIsTold(t *testing.T) {
	t.Parallel()
	c := &crm{}
	s, _ := setup(t, c)
	call := write("c1", "c1", helix.ObjectCall, map[string]any{"callStatus": "COMPLETED"})
	followUp := write("c1", "f1", helix.ObjectFollowUp, map[string]any{"callId": "c1"})
	written, err := s.SubmitAndWait(t.Context(), patience, followUp, call)
	if err != nil || !written {
		t.Fatalf("written %t, %v", written, err)
	}
	if diff := cmp.Diff([]string{"c1", "f1"}, slices.Sorted(maps.Keys(c.byRecord()))); diff != "" {
		t.Fatal(diff)
	}
}

func TestAFollowUpIsWrittenAfterTheCallThatItRefersTo(t *testing.T) {
	t.Parallel()
	c := &crm{}
	s, _ := setup(t, c)
	var batch []bus.OutboxMessage
	for _, w := range []helix.RecordWrite{
		write("c1", "f1", helix.ObjectFollowUp, map[string]any{"callId": "c1"}), write("c1", "c1", helix.ObjectCall, map[string]any{"n": 1.0}),
	} {
		data, err := json.Marshal(w)
		if err != nil {
			t.Fatal(err)
		}
		batch = append(batch, bus.OutboxMessage{Lane: w.Lane, ID: w.ID, Data: data})
	}
	if diff := cmp.Diff([]error{nil, nil}, s.Write(t.Context(), batch)); diff != "" {
		t.Fatal(diff)
	}
	if c.written[0].Record != "c1" || c.written[1].Record != "f1" {
		t.Errorf("written in the order of %+v", c.written)
	}
}

func TestAWriteWaitsForFortyTwoToComeBack(t *testing.T) {
	t.Parallel()
	c := &crm{down: &helix.Error{Code: helix.CodeUnavailable, Message: "down", Retryable: true}}
	s, b := setup(t, c)
	w := write("c1", "c1", helix.ObjectCall, map[string]any{"callStatus": "MISSED"})
	if written, err := s.SubmitAndWait(t.Context(), time.Millisecond, w); err != nil || written {
		t.Fatalf("written %t, %v", written, err)
	}
	<-c.asked
	c.set(func() { c.down = nil })
	if written, err := s.SubmitAndWait(t.Context(), patience, write("c1", "c1", helix.ObjectCall, map[string]any{"callStatus": "COMPLETED"})); err != nil || !written {
		t.Fatalf("written %t, %v", written, err)
	}
	last := c.written[len(c.written)-1]
	if last.Fields["callStatus"] != "COMPLETED" {
		t.Fatalf("the last word was %v", last.Fields)
	}
	if letters, err := b.DeadLetters(t.Context(), "", "", 1); err != nil || len(letters) > 0 {
		t.Fatalf("%d dead letters, %v", len(letters), err)
	}
}

func TestARefusedWriteParksItsOwnLaneAlone(t *testing.T) {
	t.Parallel()
	c := &crm{answer: func(w helix.RecordWrite) records.Result {
		if w.Record == "bad" {
			return records.Result{Err: helix.BadInput("no such option")}
		}
		return records.Result{ID: w.Record}
	}}
	s, b := setup(t, c)
	if err := s.Submit(t.Context(), write("bad", "bad", helix.ObjectCall, map[string]any{"n": 1.0})); err != nil {
		t.Fatal(err)
	}
	if written, err := s.SubmitAndWait(t.Context(), patience, write("good", "good", helix.ObjectCall, map[string]any{"n": 1.0})); err != nil || !written {
		t.Fatalf("written %t, %v", written, err)
	}
	var letters []bus.DeadLetter
	for len(letters) == 0 {
		var err error
		if letters, err = b.DeadLetters(t.Context(), "", "", 10); err != nil {
			t.Fatal(err)
		}
	}
	if len(letters) != 1 || letters[0].Lane != "bad" {
		t.Fatalf("got %+v", letters)
	}
}

func TestARecordThatFortyTwoKnowsUnderAnotherIdIsCalledByItFromThenOn(t *testing.T) {
	t.Parallel()
	c := &crm{answer: func(w helix.RecordWrite) records.Result {
		if w.Record == "ours" {
			return records.Result{ID: "theirs"}
		}
		return records.Result{ID: w.Record}
	}}
	s, _ := setup(t, c)
	for _, w := range []helix.RecordWrite{
		write("ours", "ours", helix.ObjectCall, map[string]any{"n": 1.0}),
		write("ours", "f1", helix.ObjectFollowUp, map[string]any{"callId": "ours"}),
		write("ours", "ours", helix.ObjectCall, map[string]any{"n": 2.0}),
	} {
		if written, err := s.SubmitAndWait(t.Context(), patience, w); err != nil || !written {
			t.Fatalf("written %t, %v", written, err)
		}
	}
	got := []string{c.written[0].Record, c.written[1].Fields["callId"].(string), c.written[2].Record}
	if diff := cmp.Diff([]string{"ours", "theirs", "theirs"}, got); diff != "" {
		t.Fatal(diff)
	}
}

func TestManyWritesOfACallBecomeFewRequests(t *testing.T) {
	t.Parallel()
	c := &crm{down: &helix.Error{Code: helix.CodeUnavailable, Message: "down", Retryable: true}}
	s, _ := setup(t, c)
	var all []helix.RecordWrite
	for i := range 40 {
		all = append(all, write("c1", "c1", helix.ObjectCall, map[string]any{fmt.Sprintf("field%02d", i): float64(i), "last": float64(i)}))
	}
	if err := s.Submit(t.Context(), all...); err != nil {
		t.Fatal(err)
	}
	c.set(func() { c.down = nil })
	if written, err := s.SubmitAndWait(t.Context(), patience, write("c1", "c1", helix.ObjectCall, map[string]any{"last": 40.0})); err != nil || !written {
		t.Fatalf("written %t, %v", written, err)
	}
	c.set(func() {
		fields := map[string]any{}
		for _, w := range c.written {
			maps.Copy(fields, w.Fields)
		}
		if len(fields) != 41 || fields["last"] != 40.0 {
			t.Errorf("%d fields arrived, the last word is %v", len(fields), fields["last"])
		}
		if len(c.written) > 10 {
			t.Errorf("%d requests", len(c.written))
		}
		if slices.ContainsFunc(c.written, func(w helix.RecordWrite) bool { return w.Lane != "c1" }) {
			t.Error("a foreign lane")
		}
	})
}

func TestTheSameWriteTwiceIsStoredOnceAndAnotherContentIsNot(t *testing.T) {
	t.Parallel()
	c := &crm{}
	s, _ := setup(t, c)
	w := write("c1", "c1", helix.ObjectCall, map[string]any{"n": 1.0})
	for range 3 {
		if err := s.Submit(t.Context(), w); err != nil {
			t.Fatal(err)
		}
	}
	if written, err := s.SubmitAndWait(t.Context(), patience, write("c1", "c1", helix.ObjectCall, map[string]any{"n": 2.0})); err != nil || !written {
		t.Fatalf("written %t, %v", written, err)
	}
	if n := len(c.written); n > 2 {
		t.Fatalf("%d writes", n)
	}
}

package watch_test

import (
	"context"
	"encoding/json"
	"iter"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/bus"
	"github.com/helix-engage/gateway/watch"
)

const (
	patience = time.Minute
	spacing  = 20 * time.Millisecond
	lead     = "6f0d8a52-5c53-4d0f-9e5c-3b6ac3f6b2a1"
)

// crm is FortyTwo with one record, as one user sees it.
type crm struct {
	mu     sync.Mutex
	view   helix.RecordView
	err    error
	failed int // reads that fail with err before it is forgotten; -1 for all
	reads  int
	read   chan struct{} // says that a read began

	stream *stream // nil: there is none
}

func newCRM(streams bool) *crm {
	c := &crm{read: make(chan struct{}, 1000)}
	c.set(`"name":"Asha","leadStatus":"NEW"`)
	if streams {
		c.stream = &stream{signals: make(chan struct{}, 1)}
	}
	return c
}

func (c *crm) set(fields string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.view = helix.RecordView{Found: true, JSON: json.RawMessage(`{"id":"` + lead + `",` + fields + `}`), UpdatedAt: time.Unix(1_700_000_000, 0).UTC()}
}

func (c *crm) change(do func(*helix.RecordView)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	do(&c.view)
}

func (c *crm) fail(err error, times int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.err, c.failed = err, times
}

func (c *crm) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.reads
}

func (c *crm) Follow(helix.Access, time.Time, string, string) (watch.Stream, error) {
	if c.stream == nil {
		return nil, watch.ErrNoStream
	}
	c.stream.mu.Lock()
	defer c.stream.mu.Unlock()
	c.stream.open = true
	return c.stream, nil
}

func (c *crm) Reader(helix.Access, string, string) watch.Reader { return c }

func (c *crm) Read(context.Context) (helix.RecordView, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reads++
	select {
	case c.read <- struct{}{}:
	default: // enough to wake whoever waits
	}
	if c.failed != 0 {
		c.failed--
		return helix.RecordView{}, c.err
	}
	return c.view, nil
}

// stream is an event stream that a test plays.
type stream struct {
	signals chan struct{}

	mu        sync.Mutex
	live      bool
	err       error
	destroyed bool
	open      bool // followed, and not closed
}

func (s *stream) become(live bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.live, s.err = live, err
}

func (s *stream) signal() {
	select {
	case s.signals <- struct{}{}:
	default:
	}
}

func (s *stream) Signals() <-chan struct{} { return s.signals }

func (s *stream) State() (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.live, s.err
}

func (s *stream) Destroyed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	was := s.destroyed
	s.destroyed = false
	return was
}

func (s *stream) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open = false
}

// bench is a service on a bus of its own.
type bench struct {
	*watch.Service
	t   *testing.T
	crm *crm
	bus *bus.Bus
}

func newBench(t *testing.T, c *crm, change func(*watch.Options)) *bench {
	t.Helper()
	b, err := bus.Open(t.Context(), bus.Options{Dir: t.TempDir(), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return newReplica(t, b, c, change)
}

// newReplica is a service on a bus that others may share.
func newReplica(t *testing.T, b *bus.Bus, c *crm, change func(*watch.Options)) *bench {
	t.Helper()
	o := watch.Options{Bus: b, CRM: c, Webhooks: true, Spacing: spacing, Patience: patience, Now: time.Now, Logger: slog.New(slog.DiscardHandler)}
	if change != nil {
		change(&o)
	}
	s := watch.New(o)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	x := &bench{Service: s, t: t, crm: c, bus: b}
	if c.stream == nil && o.Webhooks {
		x.probe()
	}
	return x
}

// probe waits until the service listens: signals from before are lost.
func (b *bench) probe() {
	b.t.Helper()
	ctx, stop := context.WithCancel(b.t.Context())
	updates, err := b.Watch(ctx, member(), "lead", "probe")
	if err != nil {
		b.t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, err := range updates {
			if err != nil {
				b.t.Error(err)
			}
		}
	}()
	b.toldAnyhow("probe")
	stop()
	<-done
}

func member() *helix.Caller {
	return &helix.Caller{User: &helix.User{ID: "u1"}, Token: "token", ExpiresAt: time.Now().Add(time.Hour)}
}

// subscription is what a subscriber gets.
type subscription struct {
	t       *testing.T
	updates chan helix.RecordUpdate
	ended   chan error
	stop    context.CancelFunc
}

func (b *bench) subscribe(who *helix.Caller) *subscription {
	b.t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	updates, err := b.Watch(ctx, who, "lead", lead)
	if err != nil {
		stop()
		b.t.Fatal(err)
	}
	s := &subscription{t: b.t, updates: make(chan helix.RecordUpdate, 100), ended: make(chan error, 1), stop: stop}
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.ended <- s.take(updates)
	}()
	b.t.Cleanup(func() {
		stop()
		<-done
	})
	return s
}

func (s *subscription) take(updates iter.Seq2[helix.RecordUpdate, error]) error {
	for u, err := range updates {
		if err != nil {
			return err
		}
		s.updates <- u
	}
	return nil
}

func (s *subscription) next() helix.RecordUpdate {
	s.t.Helper()
	select {
	case u := <-s.updates:
		return u
	case err := <-s.ended:
		select {
		case u := <-s.updates: // before it ended
			s.ended <- err
			return u
		default:
			s.t.Fatalf("it ended: %v", err)
		}
	case <-time.After(patience):
		s.t.Fatal("nothing was told")
	}
	return helix.RecordUpdate{}
}

func (s *subscription) end() error {
	s.t.Helper()
	select {
	case err := <-s.ended:
		return err
	case u := <-s.updates:
		s.t.Fatalf("it was told %+v", u)
	case <-time.After(patience):
		s.t.Fatal("it did not end")
	}
	return nil
}

// told plays a webhook and waits until the record is read.
func (b *bench) told(event helix.RecordEvent) {
	b.t.Helper()
	before := b.crm.count()
	b.webhook(lead, event)
	b.awaitReads(before + 1)
}

// awaitReads waits until the record has been read so often.
func (b *bench) awaitReads(want int) {
	b.t.Helper()
	deadline := time.After(patience)
	for b.crm.count() < want {
		select {
		case <-b.crm.read:
		case <-deadline:
			b.t.Fatalf("the record was not read %d times", want)
		}
	}
}

// toldAnyhow plays the webhook until the record is read.
func (b *bench) toldAnyhow(record string) {
	b.t.Helper()
	before := b.crm.count()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for b.crm.count() == before {
		b.webhook(record, helix.RecordUpdated)
		select {
		case <-tick.C:
		case <-deadline:
			b.t.Fatal("the signal was not heard")
		}
	}
}

func (b *bench) webhook(record string, event helix.RecordEvent) {
	b.t.Helper()
	if err := b.Changed(helix.RecordChange{Name: "lead", Record: record, Event: event}); err != nil {
		b.t.Fatal(err)
	}
}

func TestASubscriberIsToldWhatHeReads(t *testing.T) {
	t.Parallel()
	for name, streams := range map[string]bool{"by the event stream": true, "by webhooks": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCRM(streams)
			b := newBench(t, c, nil)
			if streams {
				c.stream.become(true, nil)
				c.stream.signal()
			}
			s := b.subscribe(member())
			if streams {
				b.awaitReads(2) // the second since the stream was opened after the first
			}
			signal := func(event helix.RecordEvent) {
				if !streams {
					b.told(event)
					return
				}
				c.stream.mu.Lock()
				c.stream.destroyed = event == helix.RecordDestroyed
				c.stream.mu.Unlock()
				c.stream.signal()
			}
			for _, step := range []struct {
				name   string
				change func(*helix.RecordView)
				signal helix.RecordEvent
				want   helix.RecordEvent
				fields []string
				after  bool
			}{
				{"an update", func(v *helix.RecordView) {
					v.JSON = json.RawMessage(`{"id":"` + lead + `","name":"Asha Rao","leadStatus":"NEW","updatedAt":"2"}`)
				}, helix.RecordUpdated, helix.RecordUpdated, []string{"name"}, true},
				{"a deletion", func(v *helix.RecordView) { v.Deleted = true }, helix.RecordDeleted, helix.RecordDeleted, []string{}, false},
				{"a restoration", func(v *helix.RecordView) { v.Deleted = false }, helix.RecordRestored, helix.RecordRestored, []string{}, true},
				{"the end", func(v *helix.RecordView) { *v = helix.RecordView{} }, helix.RecordDestroyed, helix.RecordDestroyed, []string{}, false},
			} {
				c.change(step.change)
				signal(step.signal)
				got := s.next()
				if got.Event != step.want || got.Object != "lead" || got.Record != lead || (got.After != nil) != step.after || got.At.IsZero() {
					t.Errorf("%s: %+v", step.name, got)
				}
				if diff := cmp.Diff(step.fields, got.Fields); diff != "" {
					t.Error(step.name, diff)
				}
			}
			if err := s.end(); err != nil {
				t.Errorf("it ended with %v", err)
			}
		})
	}
}

func TestABurstIsOneChange(t *testing.T) {
	t.Parallel()
	c := newCRM(true)
	c.stream.become(true, nil)
	c.stream.signal()
	const spacing = 200 * time.Millisecond
	b := newBench(t, c, func(o *watch.Options) { o.Spacing = spacing })
	began := time.Now()
	s := b.subscribe(member())
	for i := range 100 {
		c.set(`"name":"` + string(rune('a'+i%26)) + `","leadStatus":"CONTACTED"`)
		c.stream.signal()
	}
	c.set(`"name":"the last","leadStatus":"CONTACTED"`)
	c.stream.signal()
	told := 1
	for string(s.next().After) != `{"id":"`+lead+`","name":"the last","leadStatus":"CONTACTED"}` {
		told++
	}
	most := 3 + int(time.Since(began)/spacing) // a slow machine makes the burst last
	if n := c.count(); n > most || told > most {
		t.Errorf("told %d times after %d reads, want at most %d", told, n, most)
	}
}

func TestWhoMayNotReadHearsNothing(t *testing.T) {
	t.Parallel()
	forbidden := helix.Forbidden("no")
	t.Run("from the start", func(t *testing.T) {
		t.Parallel()
		for name, prepare := range map[string]func(*crm){
			"no right":        func(c *crm) { c.fail(forbidden, -1) },
			"no such record":  func(c *crm) { c.change(func(v *helix.RecordView) { *v = helix.RecordView{} }) },
			"no such object":  func(c *crm) { c.fail(helix.NotFound("object"), -1) },
			"FortyTwo absent": func(c *crm) { c.fail(&helix.Error{Code: helix.CodeUnavailable, Retryable: true}, -1) },
		} {
			c := newCRM(true)
			c.stream.become(true, nil)
			c.stream.signal()
			prepare(c)
			b := newBench(t, c, nil)
			if _, err := b.Watch(t.Context(), member(), "lead", lead); err == nil || c.stream.open {
				t.Errorf("%s: %v, the stream is left open", name, err)
			}
		}
		if _, err := newBench(t, newCRM(false), nil).Watch(t.Context(), &helix.Caller{APIKeyID: "k"}, "lead", lead); !helix.IsCode(err, helix.CodeForbidden) {
			t.Errorf("a key: %v", err)
		}
	})
	t.Run("once the right is lost", func(t *testing.T) {
		t.Parallel()
		c := newCRM(false)
		b := newBench(t, c, nil)
		s := b.subscribe(member())
		c.fail(forbidden, -1)
		b.told(helix.RecordUpdated)
		if err := s.end(); !helix.IsCode(err, helix.CodeForbidden) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("once the right is lost and nothing is said", func(t *testing.T) {
		t.Parallel()
		c := newCRM(true)
		c.stream.become(true, nil)
		c.stream.signal()
		s := newBench(t, c, func(o *watch.Options) { o.Recheck = 50 * time.Millisecond }).subscribe(member())
		c.fail(forbidden, -1)
		if err := s.end(); !helix.IsCode(err, helix.CodeForbidden) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("once the record is hidden from him", func(t *testing.T) {
		t.Parallel()
		c := newCRM(false)
		b := newBench(t, c, nil)
		s := b.subscribe(member())
		c.change(func(v *helix.RecordView) { *v = helix.RecordView{} })
		b.told(helix.RecordUpdated)
		if err := s.end(); !helix.IsCode(err, helix.CodeNotFound) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("once the token is over", func(t *testing.T) {
		t.Parallel()
		who := member()
		who.ExpiresAt = time.Now().Add(200 * time.Millisecond)
		if err := newBench(t, newCRM(false), nil).subscribe(who).end(); !helix.IsCode(err, helix.CodeUnauthenticated) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("once the token is over while the next read is put off", func(t *testing.T) {
		t.Parallel()
		c := newCRM(true)
		c.stream.become(true, nil)
		c.stream.signal()
		b := newBench(t, c, func(o *watch.Options) { o.Spacing = patience })
		who := member()
		who.ExpiresAt = time.Now().Add(200 * time.Millisecond)
		if err := b.subscribe(who).end(); !helix.IsCode(err, helix.CodeUnauthenticated) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("once FortyTwo refuses the token", func(t *testing.T) {
		t.Parallel()
		c := newCRM(true)
		c.stream.become(true, nil)
		c.stream.signal()
		s := newBench(t, c, nil).subscribe(member())
		c.stream.become(false, &helix.Error{Code: helix.CodeUnauthenticated})
		c.stream.signal()
		if err := s.end(); !helix.IsCode(err, helix.CodeUnauthenticated) {
			t.Errorf("got %v", err)
		}
	})
}

func TestASignalWithoutADifferenceIsNotTold(t *testing.T) {
	t.Parallel()
	c := newCRM(false)
	b := newBench(t, c, nil)
	s := b.subscribe(member())
	c.set(`"name":"Asha","leadStatus":"NEW","updatedAt":"later","phone":"he may read it now"`)
	b.told(helix.RecordUpdated)
	c.set(`"leadStatus":"CONTACTED","phone":"he may read it now"`)
	b.told(helix.RecordUpdated)
	if got := s.next(); cmp.Diff([]string{"leadStatus"}, got.Fields) != "" {
		t.Errorf("told %+v", got)
	}
}

func TestWebhooksAreHeededWhileTheStreamIsNotThere(t *testing.T) {
	t.Parallel()
	c := newCRM(true)
	c.stream.become(true, nil)
	c.stream.signal()
	b := newBench(t, c, nil)
	s := b.subscribe(member())
	c.stream.become(false, nil) // it broke, and is being opened again
	c.set(`"name":"by webhook","leadStatus":"NEW"`)
	b.toldAnyhow(lead)
	s.next()
	c.stream.become(true, nil)
	before := c.count()
	for range 20 {
		b.webhook(lead, helix.RecordUpdated)
	}
	c.set(`"name":"by the stream","leadStatus":"NEW"`)
	c.stream.signal()
	s.next()
	if n := c.count() - before; n > 2 { // one may have been heard before the stream was open
		t.Errorf("%d reads", n)
	}
	c.stream.become(false, watch.ErrNoStream) // FortyTwo was put back to line 1.5
	c.stream.signal()
	c.set(`"name":"by webhook again","leadStatus":"NEW"`)
	b.toldAnyhow(lead)
	s.next()
}

func TestASubscriptionWithoutASourceIsRefused(t *testing.T) {
	t.Parallel()
	deaf := func(o *watch.Options) { o.Webhooks = false }
	_, err := newBench(t, newCRM(false), deaf).Watch(t.Context(), member(), "lead", lead)
	if !helix.IsCode(err, helix.CodeNotConfigured) {
		t.Errorf("got %v", err)
	}
	c := newCRM(true)
	c.stream.become(false, watch.ErrNoStream)
	c.stream.signal()
	if _, err = newBench(t, c, deaf).Watch(t.Context(), member(), "lead", lead); !helix.IsCode(err, helix.CodeNotConfigured) {
		t.Errorf("a stream that is refused: %v", err)
	}
}

func TestAChangeBeforeTheStreamIsOpenIsTold(t *testing.T) {
	t.Parallel()
	c := newCRM(true)
	b := newBench(t, c, nil)
	go func() {
		<-c.read // the first
		c.set(`"name":"changed while the stream was opened","leadStatus":"NEW"`)
		c.stream.become(true, nil)
		c.stream.signal()
	}()
	if got := b.subscribe(member()).next(); got.Event != helix.RecordUpdated || cmp.Diff([]string{"name"}, got.Fields) != "" {
		t.Errorf("told %+v", got)
	}
}

func TestASubscriptionBeginsWithoutAStreamThatTakesLong(t *testing.T) {
	t.Parallel()
	c := newCRM(true)
	b := newBench(t, c, func(o *watch.Options) { o.Patience = 10 * time.Millisecond })
	s := b.subscribe(member())
	c.set(`"name":"changed before the stream was open","leadStatus":"NEW"`)
	c.stream.become(true, nil)
	c.stream.signal()
	if got := s.next(); got.Event != helix.RecordUpdated {
		t.Errorf("told %+v", got)
	}
}

func TestAReadIsRepeatedWhileFortyTwoIsAway(t *testing.T) {
	t.Parallel()
	c := newCRM(false)
	b := newBench(t, c, nil)
	s := b.subscribe(member())
	c.set(`"name":"Asha Rao","leadStatus":"NEW"`)
	c.fail(&helix.Error{Code: helix.CodeUnavailable, Retryable: true}, 1)
	b.told(helix.RecordUpdated)
	if got := s.next(); got.Event != helix.RecordUpdated {
		t.Errorf("told %+v", got)
	}
}

func TestAWebhookThatOneReplicaTakesReachesTheOthers(t *testing.T) {
	t.Parallel()
	first := newBench(t, newCRM(false), nil)
	second := newReplica(t, first.bus, newCRM(false), nil)
	s := second.subscribe(member())
	second.crm.set(`"name":"Asha Rao","leadStatus":"NEW"`)
	first.webhook(lead, helix.RecordUpdated)
	if got := s.next(); got.Event != helix.RecordUpdated {
		t.Errorf("told %+v", got)
	}
}

func TestNoMoreFollowThanMay(t *testing.T) {
	t.Parallel()
	b := newBench(t, newCRM(false), func(o *watch.Options) { o.Max = 2 })
	first := b.subscribe(member())
	b.subscribe(member())
	if _, err := b.Watch(t.Context(), member(), "lead", lead); !helix.IsCode(err, helix.CodeLimitExceeded) {
		t.Fatalf("got %v", err)
	}
	first.stop()
	if err := first.end(); err != nil {
		t.Fatal(err)
	}
	b.subscribe(member())
}

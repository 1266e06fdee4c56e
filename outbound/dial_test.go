package outbound

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	helix "github.com/helix-engage/gateway"
)

func TestBusyIsTriedThriceAndThenFails(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	s := p.still()
	call := p.dialled(s, "k")
	for attempt := 1; ; attempt++ {
		p.report(s, call.ID, helix.DialPlaced, false)
		p.report(s, call.ID, helix.DialBusy, true)
		if attempt == 3 {
			break
		}
		waiting := p.is(s, call.ID, helix.OutboundInitiating, "")
		if pause := waiting.DueAt.Sub(p.now()); pause < 2*time.Minute || pause > 150*time.Second {
			t.Errorf("the pause after busy is %s", pause)
		}
		p.do(s.dial(p.ctx, call.ID, func() {}))
		p.is(s, call.ID, helix.OutboundInitiating, "") // not yet due
		p.pass(3 * time.Minute)
		p.do(s.dial(p.ctx, call.ID, func() {}))
		p.is(s, call.ID, helix.OutboundDialing, "")
	}
	over := p.is(s, call.ID, helix.OutboundFailed, helix.ReasonBusy)
	if len(over.Attempts) != 3 || p.attempts(call.ID) != 3 {
		t.Errorf("%d attempts, %d dials", len(over.Attempts), p.attempts(call.ID))
	}
	if r := p.record(t); r.Fields["callStatus"] != "FAILED" || r.Fields["disposition"] != "BUSY" {
		t.Errorf("FortyTwo got %v", r.Fields)
	}
}

func TestARefusalIsTriedAgainOnlyWhenItProvesThatNothingWasPlaced(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	s := p.still()
	for name, c := range map[string]struct {
		err    error
		state  helix.OutboundState
		reason helix.OutboundReason
	}{
		"busy provider":       {&helix.Error{Code: helix.CodeUnavailable, Retryable: true, RetryAfter: 5 * time.Minute}, helix.OutboundInitiating, ""},
		"refused for now":     {&helix.Error{Code: helix.CodeRejected, Retryable: true}, helix.OutboundInitiating, ""},
		"refused for good":    {&helix.Error{Code: helix.CodeRejected}, helix.OutboundFailed, helix.ReasonRefused},
		"not configured":      {helix.NotConfigured(helix.ProviderKnowlarity, "X"), helix.OutboundFailed, helix.ReasonRefused},
		"no answer from them": {&helix.Error{Code: helix.CodeUnknownOutcome, Retryable: true}, helix.OutboundDialing, ""},
		"an error of no code": {errors.New("connection reset"), helix.OutboundDialing, ""},
		"a time-out":          {context.DeadlineExceeded, helix.OutboundDialing, ""},
	} {
		t.Run(name, func(t *testing.T) {
			p.answer = func(helix.DialRequest) (string, error) { return "", c.err }
			call := p.dialled(s, name)
			call = p.is(s, call.ID, c.state, c.reason)
			if pause := call.DueAt.Sub(p.now()); name == "busy provider" && pause < 5*time.Minute {
				t.Errorf("the provider's word for the pause was not heeded: %s", pause)
			}
		})
	}
}

func TestAnUnknownOutcomeIsNeverDialledAgain(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	s := p.still()
	p.answer = func(helix.DialRequest) (string, error) { return "", errors.New("connection reset") }
	call := p.dialled(s, "k")
	for range 7 {
		p.pass(time.Minute)
		p.do(s.Deadlines(p.ctx))
		p.do(s.Reconcile(p.ctx)) // the log is empty, which proves nothing
		p.do(s.dial(p.ctx, call.ID, func() {}))
		p.work(s)
	}
	p.is(s, call.ID, helix.OutboundFailed, helix.ReasonUnknownOutcome)
	p.do(s.Report(p.ctx, helix.DialReport{Call: call.ID, Status: helix.DialNoAnswer, Finished: true, At: p.now()})) // too late to matter
	p.is(s, call.ID, helix.OutboundFailed, helix.ReasonUnknownOutcome)
	if n := p.attempts(call.ID); n != 1 {
		t.Errorf("dialled %d times", n)
	}
}

func TestTheCallLogSettlesAnUnknownOutcome(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	s := p.still(func(o *Options) { o.Concurrency = 100 })
	p.answer = func(helix.DialRequest) (string, error) { return "other", nil }
	p.dialled(s, "another call")
	customer := 0
	for name, c := range map[string]struct {
		row   helix.DialReport
		after time.Duration // of the intent
		state helix.OutboundState
	}{
		"a finished unanswered call is dialled again": {helix.DialReport{ProviderCallID: "kn-1", Status: helix.DialNoAnswer, Finished: true, Customer: rahul}, time.Second, helix.OutboundInitiating},
		"one that still rings is not":                 {helix.DialReport{ProviderCallID: "kn-1", Status: helix.DialNoAnswer, Customer: rahul}, time.Second, helix.OutboundDialing},
		"one of an hour ago proves nothing":           {helix.DialReport{ProviderCallID: "kn-0", Status: helix.DialNoAnswer, Finished: true, Customer: rahul}, -time.Hour, helix.OutboundDialing},
		"one of another customer proves nothing":      {helix.DialReport{ProviderCallID: "kn-2", Status: helix.DialNoAnswer, Finished: true, Customer: "+919899999999"}, time.Second, helix.OutboundDialing},
		"one of another call of ours proves nothing":  {helix.DialReport{ProviderCallID: "other", Status: helix.DialNoAnswer, Finished: true, Customer: rahul}, time.Second, helix.OutboundDialing},
		"an answered one without audio fails":         {helix.DialReport{ProviderCallID: "kn-1", Status: helix.DialCompleted, Finished: true, Customer: rahul}, time.Second, helix.OutboundFailed},
	} {
		t.Run(name, func(t *testing.T) {
			p.answer = func(helix.DialRequest) (string, error) { return "", errors.New("connection reset") }
			r := request(name)
			customer++
			r.Patient.Phone = helix.Phone(fmt.Sprintf("+9198123456%02d", customer))
			if c.row.Customer == rahul {
				c.row.Customer = r.Patient.Phone
			}
			call, _, err := s.Start(p.ctx, asker, r)
			p.do(err)
			p.do(s.dial(p.ctx, call.ID, func() {}))
			call = p.get(s, call.ID)
			if c.row.ProviderCallID == "kn-1" {
				c.row.ProviderCallID += name
			}
			c.row.At = call.Attempt().StartedAt.Add(c.after)
			p.log = []helix.DialReport{c.row}
			p.pass(40 * time.Second)
			p.do(s.Deadlines(p.ctx))
			p.do(s.Reconcile(p.ctx))
			if got := p.get(s, call.ID); got.State != c.state {
				t.Errorf("%s, want %s\n%s", got.State, c.state, story(&got))
			}
		})
	}
}

func TestTwoServicesNeverDialTheSameAttempt(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	a, b := p.still(), p.still()
	var ids []helix.CallID
	for _, key := range []string{"1", "2", "3", "4", "5", "6", "7", "8"} {
		call, _, err := a.Start(p.ctx, asker, request(key))
		p.do(err)
		ids = append(ids, call.ID)
	}
	var racing sync.WaitGroup
	for _, id := range ids {
		for _, s := range []*Service{a, b, a, b} {
			racing.Go(func() {
				if err := s.dial(p.ctx, id, func() {}); err != nil {
					t.Error(err)
				}
			})
		}
	}
	racing.Wait()
	for _, id := range ids {
		if n := p.attempts(id); n != 1 {
			t.Errorf("%s was dialled %d times", id, n)
		}
	}
}

// gate is a rule whose word the test sets.
type gate struct{ verdict Verdict }

func (g *gate) Pass(context.Context, helix.OutboundCall) (Verdict, error) { return g.verdict, nil }

func TestEveryDialPassesTheGate(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	rule := &gate{}
	s := p.still(func(o *Options) { o.Gates = []Gate{rule}; o.Concurrency = 1 })
	rule.verdict = Verdict{Until: p.now().Add(time.Hour), Detail: "outside the calling window"}
	call := p.dialled(s, "k")
	if call.State != helix.OutboundInitiating || !call.DueAt.Equal(rule.verdict.Until) {
		t.Fatalf("%s, due %s", call.State, call.DueAt)
	}
	p.pass(time.Hour)
	rule.verdict = Verdict{}
	p.do(s.dial(p.ctx, call.ID, func() {}))
	p.is(s, call.ID, helix.OutboundDialing, "")
	second := p.dialled(s, "second")
	if second.State != helix.OutboundInitiating {
		t.Error("more calls are up than there are lines")
	}
	p.report(s, call.ID, helix.DialFailed, true)
	p.is(s, call.ID, helix.OutboundFailed, helix.ReasonRejected)
	p.pass(gatePause)
	rule.verdict = Verdict{Refuse: true, Detail: "on the do-not-call list"}
	p.do(s.dial(p.ctx, second.ID, func() {}))
	p.is(s, second.ID, helix.OutboundFailed, helix.ReasonNotAllowed)
	if n := len(p.dials); n != 1 {
		t.Errorf("%d dials", n)
	}
}

func TestAScheduledCallIsDialledInItsTimeOrExpires(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	s := p.still()
	r := request("k")
	r.ScheduledAt = p.now().Add(time.Hour)
	call, _, err := s.Start(p.ctx, asker, r)
	p.do(err)
	p.work(s)
	p.is(s, call.ID, helix.OutboundInitiating, "")
	p.pass(time.Hour + time.Minute)
	p.do(s.Deadlines(p.ctx)) // puts it into the queue, whose own clock has not moved
	p.work(s)
	p.is(s, call.ID, helix.OutboundDialing, "")

	r.Key = "late"
	r.ScheduledAt = p.now().Add(time.Hour)
	call, _, err = s.Start(p.ctx, asker, r)
	p.do(err)
	p.pass(26 * time.Hour)
	p.do(s.Deadlines(p.ctx))
	p.is(s, call.ID, helix.OutboundFailed, helix.ReasonExpired)
}

func TestARunningServiceDialsWhatItIsGivenWithinItsLines(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	o := p.options()
	o.Concurrency = 2
	s, err := New(p.ctx, o)
	p.do(err)
	stop := p.run(s.Run)
	var ids []helix.CallID
	for _, key := range []string{"1", "2", "3", "4", "5"} {
		call, _, err := s.Start(p.ctx, asker, request(key))
		p.do(err)
		ids = append(ids, call.ID)
	}
	dialled := func() (n int) {
		p.mu.Lock()
		defer p.mu.Unlock()
		return len(p.dials)
	}
	p.until("two dials", func() bool { return dialled() == 2 })
	for over := range 5 {
		p.until("a free line is used", func() bool { return dialled() == min(over+2, 5) })
		p.until("the provider's answer to one is kept", func() bool {
			return slices.ContainsFunc(ids, func(id helix.CallID) bool {
				call := p.get(s, id)
				kept := call.State == helix.OutboundDialing && call.Attempt().ProviderCallID != ""
				if kept {
					p.report(s, id, helix.DialFailed, true)
				}
				return kept
			})
		})
		p.until("one more is over", func() bool {
			st, err := s.Statistics(p.ctx, "")
			return err == nil && st.ByState[helix.OutboundFailed] == over+1
		})
	}
	stop()
}

package outbound

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/bus"
)

// errKilled is what a port answers when the process is killed while it is used.
var errKilled = errors.New("killed")

func TestAKillBetweenTwoStepsLosesNothingAndDialsNothingTwice(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	for name, c := range map[string]struct {
		until  func(s *Service, id helix.CallID) // what the killed process had done
		dials  int
		state  helix.OutboundState // once the next process has had time
		reason helix.OutboundReason
	}{
		"stored, not queued": {func(s *Service, id helix.CallID) {
			p.lose(s, id)
		}, 1, helix.OutboundFailed, helix.ReasonUnknownOutcome},
		"the intent is stored, the request did not leave": {func(s *Service, id helix.CallID) {
			_, err := s.intend(p.ctx, p.get(s, id), Verdict{})
			p.do(err)
		}, 0, helix.OutboundFailed, helix.ReasonUnknownOutcome},
		"the request left, its answer was not kept": {func(s *Service, id helix.CallID) {
			call, err := s.intend(p.ctx, p.get(s, id), Verdict{})
			p.do(err)
			ctx, cancel := context.WithCancel(p.ctx)
			p.answer = func(helix.DialRequest) (string, error) { cancel(); return "", errKilled }
			s.place(ctx, call)
		}, 1, helix.OutboundFailed, helix.ReasonUnknownOutcome},
		"busy is stored, the retry not queued": {func(s *Service, id helix.CallID) {
			p.do(s.dial(p.ctx, id, func() {}))
			p.report(s, id, helix.DialBusy, true)
			p.do(p.bus.DropDial(p.ctx, string(id)))
		}, 2, helix.OutboundFailed, helix.ReasonUnknownOutcome},
		"the audio was there": {func(s *Service, id helix.CallID) {
			p.do(s.dial(p.ctx, id, func() {}))
			_, err := s.Attach(p.ctx, Claim{Call: id, Attempt: 1})
			p.do(err)
			p.do(s.Active(p.ctx, id, 1, "conv-"+string(id)))
		}, 1, helix.OutboundCompleted, helix.ReasonMaxDuration},
		"a change was not announced": {func(s *Service, id helix.CallID) {
			p.do(s.dial(p.ctx, id, func() {}))
			p.refuse["log"] = errKilled
			_, err := s.Attach(p.ctx, Claim{Call: id, Attempt: 1})
			p.do(err)
		}, 1, helix.OutboundFailed, helix.ReasonMaxDuration},
	} {
		t.Run(name, func(t *testing.T) {
			killed, kill := p.stoppable()
			p.answer = nil
			call, _, err := killed.Start(p.ctx, asker, request(name))
			p.do(err)
			c.until(killed, call.ID)
			kill()
			p.answer = nil

			next := p.still()
			next.retell(p.ctx)
			for range 5 {
				p.work(next)
				p.pass(4 * time.Minute)
				p.do(next.Deadlines(p.ctx))
			}
			over := p.is(next, call.ID, c.state, c.reason)
			if n := p.attempts(call.ID); n != c.dials {
				t.Errorf("dialled %d times, want %d\n%s", n, c.dials, story(&over))
			}
			told, err := p.calls.Get(p.ctx, call.ID)
			if err != nil || told.AI == nil || told.AI.State != c.state || told.Open() {
				t.Errorf("the log tells of %+v, %v", told.AI, err)
			}
			if r := p.record(t); r.Record != string(call.ID) {
				t.Error("FortyTwo was not told")
			}
		})
	}
}

// TestWhateverHappensACallEndsAndIsNeverDialledTwice plays reports, streams, time and crashes in any order.
func TestWhateverHappensACallEndsAndIsNeverDialledTwice(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	run := 0
	rapid.Check(t, func(rt *rapid.T) {
		run++
		m := &life{place: p, rt: rt, key: fmt.Sprint("life ", run), outcomes: map[int]dialOutcome{}}
		m.begin()
		steps := rapid.IntRange(1, 14).Draw(rt, "steps")
		for range steps {
			m.step()
			m.check()
		}
		m.end()
	})
}

// dialOutcome is what the provider did with a dial, unknown to the gateway until it is told.
type dialOutcome struct {
	id     string
	err    error
	proven bool // the gateway was told in a way that allows another attempt
}

// life is one call's.
type life struct {
	*place
	rt       *rapid.T
	key      string
	s        *Service
	stop     func()
	call     helix.CallID
	outcomes map[int]dialOutcome
	final    helix.OutboundState
}

func (m *life) begin() {
	m.mu.Lock()
	m.answer = m.placed
	m.mu.Unlock()
	m.s, m.stop = m.stoppable()
	call, _, err := m.s.Start(m.ctx, asker, request(m.key))
	m.do(err)
	m.call = call.ID
}

// placed is the provider's answer to a dial. A dial that follows an attempt of unknown outcome is the failure that must
// never be.
func (m *life) placed(r helix.DialRequest) (string, error) {
	if _, again := m.outcomes[r.Attempt]; again || r.Attempt > helix.MaxAttempts || r.Attempt != len(m.outcomes)+1 {
		m.rt.Errorf("attempt %d was dialled after %d others", r.Attempt, len(m.outcomes))
	}
	if before, ok := m.outcomes[r.Attempt-1]; ok && !before.proven {
		m.rt.Errorf("dialled again after an attempt of unknown outcome")
	}
	o := dialOutcome{id: fmt.Sprintf("%s-%d", m.key, r.Attempt)}
	switch rapid.IntRange(0, 5).Draw(m.rt, "answer") {
	case 0:
		o.err = errKilled
	case 1:
		o.err, o.proven = &helix.Error{Code: helix.CodeUnavailable, Retryable: true}, true
	case 2:
		o.err = &helix.Error{Code: helix.CodeUnknownOutcome, Retryable: true}
	}
	m.outcomes[r.Attempt] = o
	if o.err != nil {
		return "", o.err
	}
	return o.id, nil
}

func (m *life) step() {
	attempt := len(m.outcomes)
	switch rapid.IntRange(0, 11).Draw(m.rt, "step") {
	case 0, 1, 2:
		m.do(m.s.dial(m.ctx, m.call, func() {}))
	case 3, 4:
		if attempt > 0 {
			m.reportOf(rapid.IntRange(1, attempt).Draw(m.rt, "attempt"))
		}
	case 5:
		_, _ = m.s.Attach(m.ctx, Claim{Call: m.call, Attempt: rapid.IntRange(1, 3).Draw(m.rt, "claimed")}) // refused or not, both are right
	case 6:
		_ = m.s.Active(m.ctx, m.call, attempt, m.key)
	case 7:
		reason := rapid.SampledFrom([]helix.OutboundReason{"", helix.ReasonPatientHungUp, helix.ReasonVoiceFailed, helix.ReasonNoAudio}).Draw(m.rt, "reason")
		_ = m.s.Ended(m.ctx, m.call, attempt, Result{Reason: reason})
	case 8:
		m.pass(time.Duration(rapid.IntRange(1, 900).Draw(m.rt, "seconds")) * time.Second)
		m.do(m.s.Deadlines(m.ctx))
	case 9: // killed, and started on the same directory
		m.stop()
		m.s, m.stop = m.stoppable()
	case 10:
		m.mu.Lock()
		m.refuse[rapid.SampledFrom([]string{"records", "log", "call backs"}).Draw(m.rt, "port")] = errKilled
		m.mu.Unlock()
		_ = m.s.Deadlines(m.ctx)
		m.mu.Lock()
		clear(m.refuse)
		m.mu.Unlock()
	case 11:
		m.do(m.s.Conversation(m.ctx, helix.Conversation{ID: m.key, Call: m.call, Done: true, Summary: "s"}))
	}
}

// reportOf reports the end of a dial that was placed, or something on the way, once or twice, timed or not.
func (m *life) reportOf(attempt int) {
	o := m.outcomes[attempt]
	status := rapid.SampledFrom([]helix.DialStatus{
		helix.DialPlaced, helix.DialAnswered, helix.DialCompleted, helix.DialBusy, helix.DialNoAnswer, helix.DialFailed, helix.DialUnclear,
	}).Draw(m.rt, "status")
	finished := rapid.Bool().Draw(m.rt, "finished")
	if finished && (status == helix.DialBusy || status == helix.DialNoAnswer) {
		o.proven = true
	}
	m.outcomes[attempt] = o
	r := helix.DialReport{ProviderCallID: o.id, Call: m.call, Status: status, Finished: finished}
	for range rapid.IntRange(1, 2).Draw(m.rt, "times") {
		m.do(m.s.Report(m.ctx, r))
	}
}

// check is what always holds.
func (m *life) check() {
	call := m.get(m.s, m.call)
	if m.final != "" && call.State != m.final {
		m.rt.Errorf("%s became %s", m.final, call.State)
	}
	if call.State.Final() {
		m.final = call.State
	}
	if len(call.Attempts) > helix.MaxAttempts || len(call.Attempts) < len(m.outcomes) {
		m.rt.Errorf("%d attempts, %d dials", len(call.Attempts), len(m.outcomes))
	}
	checkTimeline(m.t, &call)
}

// end lets time pass until the call is over, as it must be.
func (m *life) end() {
	for range 12 {
		m.pass(10 * time.Minute)
		m.do(m.s.Deadlines(m.ctx))
		m.do(m.s.dial(m.ctx, m.call, func() {}))
		m.check()
	}
	if m.final == "" {
		call := m.get(m.s, m.call)
		m.rt.Errorf("the call never ended\n%s", story(&call))
	}
	for { // what the queue still has of it
		d, err := m.s.dialers.Take(m.ctx, 20*time.Millisecond)
		if errors.Is(err, bus.ErrNotFound) {
			break
		}
		m.do(err)
		m.s.serve(m.ctx, d, func() {})
	}
	m.stop()
}

func TestARestartedServiceGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	o := p.options()
	s, err := New(p.ctx, o)
	p.do(err)
	stop := p.run(s.Run)
	p.until("the index is there", func() bool { _, err := s.Statistics(p.ctx, ""); return err == nil })
	call, _, err := s.Start(p.ctx, asker, request("k"))
	p.do(err)
	p.until("it is dialled", func() bool {
		c := p.get(s, call.ID)
		return c.State == helix.OutboundDialing && c.Attempt().ProviderCallID != ""
	})
	_, err = s.Attach(p.ctx, Claim{Call: call.ID, Attempt: 1})
	p.do(err)
	p.do(s.Active(p.ctx, call.ID, 1, "conv"))
	s.Said(p.ctx, call.ID, helix.TranscriptLine{At: p.now(), Role: helix.RolePatient, Text: "kept by a shutdown in order"})
	stop()

	s, err = New(p.ctx, o)
	p.do(err)
	p.run(s.Run)
	if got := p.get(s, call.ID); len(got.Transcript) != 1 {
		t.Errorf("%d lines", len(got.Transcript))
	}
	p.report(s, call.ID, helix.DialCompleted, true)
	p.pass(2 * time.Minute)
	p.until("the clock of the new process settles it", func() bool { return p.get(s, call.ID).State == helix.OutboundCompleted })
	if n := p.attempts(call.ID); n != 1 {
		t.Errorf("dialled %d times", n)
	}
}

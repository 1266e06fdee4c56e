package main

import (
	"flag"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	helix "github.com/helix-engage/gateway"
)

// However pushes come, be it late, twice, in another order, in another form or not at all, the story of a call is the
// same as if they had come in order, and what no push told is made good by the provider's own records.
//
// Each case is a few calls of one or two patients. It is played twice, to two sets of numbers: once in order and once as
// drawn. Run it with -rapid.checks=N for N cases and -rapid.seed=S to repeat a run.
func TestPushesConvergeThroughTheWholeSystemHoweverTheyCome(t *testing.T) {
	t.Parallel()
	seed := rapidFlag(t, "rapid.seed", "0", strconv.FormatInt(time.Now().UnixNano(), 10))
	rapidFlag(t, "rapid.nofailfile", "false", "true") // the seed is enough, and a test leaves no files
	checks := rapidFlag(t, "rapid.checks", "100", "25")
	x := newExchange(t)
	rapid.Check(t, func(rt *rapid.T) {
		shapes := rapid.SliceOfN(rapid.SampledFrom(shapes), 1, 4).Draw(rt, "calls")
		patients := rapid.SliceOfN(rapid.IntRange(0, 1), len(shapes), len(shapes)).Draw(rt, "patients")
		x.nextDay(rt)
		ordered, drawn := x.newCase(shapes, patients), x.newCase(shapes, patients)
		all := len(ordered.pushes)
		deliveries := rapid.SliceOfN(rapid.IntRange(0, all-1), all/2, 2*all).Draw(rt, "deliveries")
		forms := rapid.SliceOfN(rapid.SampledFrom(forms), len(deliveries), len(deliveries)).Draw(rt, "forms")

		told := slices.Compact(slices.Sorted(slices.Values(deliveries)))
		for _, i := range told {
			x.deliver(rt, ordered.pushes[i], asJSON)
		}
		for n, i := range deliveries {
			x.deliver(rt, drawn.pushes[i], forms[n])
		}
		x.settle(rt)
		for i := range shapes {
			x.checkAlike(rt, ordered.calls[i], drawn.calls[i], told)
		}

		x.repair(rt, ordered, drawn)
		before := x.told(rt)
		x.repair(rt, ordered, drawn)
		if after := x.told(rt); after != before {
			rt.Fatalf("repairing again told %d more events", after-before)
		}
		for _, c := range []*played{ordered, drawn} {
			for _, call := range c.calls {
				x.checkTruth(rt, call)
			}
			x.checkQueue(rt, c)
		}
		x.checkFigures(rt, ordered, drawn)
	})
	t.Logf("%s cases of up to 4 calls, each in order and as drawn: %d pushes, %d events; seed %s", checks, x.pushed.Load(), x.told(t), seed)
}

// rapidFlag gives a flag of the property tests, set to ours where nobody has set it.
func rapidFlag(t *testing.T, name, unset, ours string) string {
	t.Helper()
	f := flag.Lookup(name)
	if f.Value.String() == unset {
		if err := f.Value.Set(ours); err != nil {
			t.Fatal(err)
		}
	}
	return f.Value.String()
}

// checkAlike compares a call that was told of in order with one that was told of the same otherwise.
func (x *exchange) checkAlike(rt *rapid.T, ordered, drawn *playedCall, told []int) {
	a, b := x.story(rt, ordered), x.story(rt, drawn)
	switch {
	case a == nil && b == nil:
		return
	case a == nil || b == nil:
		rt.Fatalf("%s: told of in order %v, as drawn %v", ordered.name, a != nil, b != nil)
	case a.State != b.State || a.Answered() != b.Answered() || a.Missed != b.Missed || a.Direction != b.Direction || a.Detailed != b.Detailed:
		rt.Fatalf("%s: in order %+v, as drawn %+v", ordered.name, *a, *b)
	}
	if slices.ContainsFunc(ordered.records, func(i int) bool { return slices.Contains(told, i) }) {
		x.checkTruth(rt, ordered)
		x.checkTruth(rt, drawn)
	}
}

// story reads a call, nil when nobody has told of it, and checks that each thing happened to it once.
func (x *exchange) story(rt *rapid.T, c *playedCall) *helix.Call {
	call, err := x.calls.Get(rt.Context(), c.id())
	if helix.IsCode(err, helix.CodeNotFound) {
		return nil
	}
	if err != nil {
		rt.Fatal(err)
	}
	seen := map[string]bool{}
	for i, e := range x.events(rt, c.id()) {
		what := string(e.Kind)
		if e.Kind == helix.EventIncoming || e.Kind == helix.EventRinging {
			what += " to " + string(e.Agent) + " at " + e.At.String()
		}
		if e.Kind == helix.EventDetails {
			what += fmt.Sprint(e.Total, e.Talk, e.RecordingURL)
		}
		if seen[what] || e.Sequence != i+1 {
			rt.Fatalf("%s: event %d of %s is %s", c.name, e.Sequence, c.ucid, what)
		}
		seen[what] = true
	}
	return &call
}

// checkTruth compares a call of which the provider's record is known with what really happened.
func (x *exchange) checkTruth(rt *rapid.T, c *playedCall) {
	call := x.story(rt, c)
	if call == nil {
		rt.Fatalf("%s: nobody knows of it", c.name)
	}
	missed := c.inbound && c.talk == 0
	switch {
	case call.State != helix.CallEnded || !call.Detailed || call.Missed != missed || call.Answered() != (c.talk > 0):
		rt.Fatalf("%s: %+v", c.name, *call)
	case !call.StartedAt.Equal(c.start) || !call.EndedAt.Equal(c.start.Add(c.total)) || call.Total != c.total || call.Talk != c.talk || call.EndReason != c.reason():
		rt.Fatalf("%s: began %s for %s, talk %s, %s: not as the record says, %s, %s, %s, %s", c.name,
			call.StartedAt, call.Total, call.Talk, call.EndReason, c.start, c.total, c.talk, c.reason())
	case c.talk > 0 && !call.AnsweredAt.Equal(c.start.Add(c.total-c.talk)):
		rt.Fatalf("%s: answered at %s", c.name, call.AnsweredAt)
	case call.Phone != c.phone || call.Agent != c.lastAgent() || call.RecordingURL != c.recording():
		rt.Fatalf("%s: %+v", c.name, *call)
	}
}

// checkQueue compares the entries of the case's patients with who still waits: those whose last missed call came after
// they were last talked to.
func (x *exchange) checkQueue(rt *rapid.T, c *played) {
	all, err := x.queue.All(rt.Context())
	if err != nil {
		rt.Fatal(err)
	}
	for _, phone := range c.phones() {
		waits, ids := 0, map[helix.CallID]bool{}
		for _, call := range c.calls { // in the order in which they began
			switch {
			case call.phone != phone:
			case call.talk > 0:
				waits = 0
			case call.inbound:
				waits++
			}
		}
		counted := 0
		for _, m := range all {
			if m.Phone != phone {
				continue
			}
			if ids[m.ID] = true; m.Status.Open() {
				counted = m.Count
			}
		}
		if len(ids) > 1 || counted != waits {
			rt.Fatalf("a patient with %d missed calls since he was last talked to has %d entries, and %d counted", waits, len(ids), counted)
		}
	}
}

// checkFigures compares what the agents' day says with the calls.
func (x *exchange) checkFigures(rt *rapid.T, cases ...*played) {
	for _, agent := range agentsOfTheExchange {
		var answered, missed, outbound int
		var talk time.Duration
		for _, c := range cases {
			for _, call := range c.calls {
				if call.lastAgent() != agent {
					continue
				}
				switch {
				case call.talk > 0:
					answered++
				case call.inbound:
					missed++
				}
				if !call.inbound {
					outbound++
				}
				talk += call.talk
			}
		}
		p, history := x.figures(rt, agent)
		if p.Answered != answered || p.Missed != missed || p.Outbound != outbound || p.Talk != talk || len(history) != p.Inbound+p.Outbound {
			rt.Fatalf("%s: %+v and %d calls, not %d answered, %d missed, %d outbound, talk %s", agent, p, len(history), answered, missed, outbound, talk)
		}
		for _, h := range history {
			call, err := x.calls.Get(rt.Context(), helix.CallID(helix.NewID(string(helix.ProviderOzonetel), h.Report.ProviderCallID)))
			if err != nil || call.Agent != agent || call.Talk != h.Report.Talk || call.Missed != (h.Outcome == helix.OutcomeMissed) {
				rt.Fatalf("history says %+v, its events %+v, %v", h, call, err)
			}
		}
	}
}

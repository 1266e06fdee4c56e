package main

import (
	"testing"
	"time"

	helix "github.com/helix-engage/gateway"
)

// A patient waits for a call back for what he tried since he was last talked to, in whatever order we are told of it.
func TestWhoWasTalkedToWaitsForNoCallBack(t *testing.T) {
	t.Parallel()
	x := newExchange(t)
	type told struct {
		call     string
		minute   int // when the call began
		dial     bool
		answered bool
	}
	for i, c := range []struct {
		name  string
		told  []told
		count int // of the open entry; 0 for none
	}{
		{"missed, then answered", []told{{call: "1"}, {call: "2", minute: 5, answered: true}}, 0},
		{"answered, and told later of a call missed before", []told{{call: "2", minute: 5, answered: true}, {call: "1"}}, 0},
		{"reached by a dial, and told later of a call missed before", []told{{call: "2", minute: 5, dial: true, answered: true}, {call: "1"}}, 0},
		{"a dial that nobody answers reaches nobody", []told{{call: "1"}, {call: "2", minute: 5, dial: true}}, 1},
		{"missed before and after, told in order", []told{{call: "1"}, {call: "2", minute: 5, answered: true}, {call: "3", minute: 9}}, 1},
		{"missed before and after, told of the answer last", []told{{call: "1"}, {call: "3", minute: 9}, {call: "2", minute: 5, answered: true}}, 1},
		{"the call itself turns out to have been answered", []told{{call: "1"}, {call: "1", answered: true}}, 0},
		{"told twice of the same", []told{{call: "1"}, {call: "1"}, {call: "2", minute: 1}, {call: "2", minute: 1}}, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			phone := helix.Phone("+9198000000" + string(rune('0'+i)) + "0")
			for _, r := range c.told {
				at := x.today().Add(time.Duration(r.minute) * time.Minute)
				report := helix.CallReport{
					Kind: helix.ReportDetails, Provider: helix.ProviderOzonetel, ProviderCallID: c.name + r.call, Direction: helix.Inbound,
					Phone: phone, At: at, EndedAt: at.Add(30 * time.Second), Total: 30 * time.Second, Answered: r.answered,
				}
				if r.answered {
					report.Talk, report.Agent = 20*time.Second, agentOne
				}
				if r.dial {
					report.Direction = helix.Outbound
				}
				if err := x.calls.Ingest(t.Context(), helix.ProviderReports{Calls: []helix.CallReport{report}}); err != nil {
					t.Fatal(err)
				}
			}
			all, err := x.queue.All(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			count := 0
			for _, m := range all {
				if m.Phone == phone && m.Status.Open() {
					count += m.Count
				}
			}
			if count != c.count {
				t.Fatalf("%d missed calls wait, not %d: %+v", count, c.count, all)
			}
		})
	}
}

package calls

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	helix "github.com/helix-engage/gateway"
)

var ten = time.Date(2026, 1, 14, 10, 0, 0, 0, time.UTC)

// report makes a report of one inbound call at a second after ten.
func report(kind helix.ReportKind, second int, edit ...func(*helix.CallReport)) helix.CallReport {
	r := helix.CallReport{
		Kind: kind, Provider: helix.ProviderOzonetel, ProviderCallID: "2176", LegID: "2176", Direction: helix.Inbound,
		Phone: "+919812345678", Agent: "agent1", At: ten.Add(time.Duration(second) * time.Second),
	}
	for _, e := range edit {
		e(&r)
	}
	return r
}

func outbound(r *helix.CallReport) { r.Direction = helix.Outbound }

func by(agent helix.AgentID) func(*helix.CallReport) {
	return func(r *helix.CallReport) { r.Agent = agent }
}

func details(answered bool, total, talk int) func(*helix.CallReport) {
	return func(r *helix.CallReport) {
		r.Answered = answered
		r.Total, r.Talk = time.Duration(total)*time.Second, time.Duration(talk)*time.Second
		r.EndedAt = r.At.Add(r.Total)
	}
}

// tell gives reports one after another and yields the kinds of event and the call.
func tell(reports ...helix.CallReport) ([]helix.EventKind, helix.Call) {
	var call *helix.Call
	var kinds []helix.EventKind
	for _, r := range reports {
		events := decide(call, r)
		after := preview("c", call, events)
		call = &after
		for _, e := range events {
			kinds = append(kinds, e.Kind)
		}
	}
	return kinds, *call
}

func TestTheStoryOfACall(t *testing.T) {
	t.Parallel()
	offered, answered := report(helix.ReportOffered, 0), report(helix.ReportAnswered, 5)
	ended, cdr := report(helix.ReportEnded, 65), report(helix.ReportDetails, 0, details(true, 65, 60))
	missed := report(helix.ReportDetails, 0, details(false, 20, 0))
	for _, c := range []struct {
		name    string
		reports []helix.CallReport
		want    []helix.EventKind
		state   helix.CallState
	}{
		{
			"an inbound call from offer to record",
			[]helix.CallReport{offered, answered, ended, cdr},
			[]helix.EventKind{helix.EventIncoming, helix.EventAnswered, helix.EventEnded, helix.EventDetails},
			helix.CallEnded,
		},
		{
			"every report twice tells nothing new",
			[]helix.CallReport{offered, offered, answered, answered, ended, ended, cdr, cdr},
			[]helix.EventKind{helix.EventIncoming, helix.EventAnswered, helix.EventEnded, helix.EventDetails},
			helix.CallEnded,
		},
		{
			"offered to one agent after the other",
			[]helix.CallReport{offered, report(helix.ReportOffered, 3, by("agent2"))},
			[]helix.EventKind{helix.EventIncoming, helix.EventIncoming},
			helix.CallRinging,
		},
		{
			"a dial that is answered",
			[]helix.CallReport{report(helix.ReportOffered, 0, outbound), report(helix.ReportOffered, 1, outbound), report(helix.ReportAnswered, 2, outbound)},
			[]helix.EventKind{helix.EventRinging, helix.EventAnswered},
			helix.CallAnswered,
		},
		{
			"a dial that nobody answers is not a missed call",
			[]helix.CallReport{report(helix.ReportDetails, 0, outbound, details(false, 20, 0))},
			[]helix.EventKind{helix.EventEnded, helix.EventDetails},
			helix.CallEnded,
		},
		{
			"a hang-up without an answer is not missed until the record says so",
			[]helix.CallReport{offered, ended},
			[]helix.EventKind{helix.EventIncoming, helix.EventEnded},
			helix.CallEnded,
		},
		{
			"missed by push, then told by poll",
			[]helix.CallReport{missed, report(helix.ReportAbandoned, 0)},
			[]helix.EventKind{helix.EventEnded, helix.EventMissed, helix.EventDetails},
			helix.CallEnded,
		},
		{
			"missed by poll, then told by push",
			[]helix.CallReport{report(helix.ReportAbandoned, 0), missed},
			[]helix.EventKind{helix.EventEnded, helix.EventMissed, helix.EventDetails},
			helix.CallEnded,
		},
		{
			"the record alone tells the whole story",
			[]helix.CallReport{cdr},
			[]helix.EventKind{helix.EventAnswered, helix.EventEnded, helix.EventDetails},
			helix.CallEnded,
		},
		{
			"an answer that comes after the end is still an answer",
			[]helix.CallReport{offered, ended, answered},
			[]helix.EventKind{helix.EventIncoming, helix.EventEnded, helix.EventAnswered},
			helix.CallEnded,
		},
		{
			"an offer that comes after the answer is no news",
			[]helix.CallReport{answered, offered},
			[]helix.EventKind{helix.EventAnswered},
			helix.CallAnswered,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			kinds, call := tell(c.reports...)
			if diff := cmp.Diff(c.want, kinds); diff != "" {
				t.Error(diff)
			}
			if call.State != c.state {
				t.Errorf("the call is %s", call.State)
			}
		})
	}
}

func TestDurationsOfACallWithoutARecordFollowFromItsEvents(t *testing.T) {
	t.Parallel()
	_, call := tell(report(helix.ReportOffered, 0), report(helix.ReportAnswered, 5), report(helix.ReportEnded, 65))
	if call.Total != 65*time.Second || call.Talk != 60*time.Second || call.EndReason != helix.EndOther {
		t.Fatalf("total %s, talk %s, %s", call.Total, call.Talk, call.EndReason)
	}
}

// Whatever is repeated, dropped short of the record, or reordered, the call ends up the same.
func TestReportsConvergeInAnyOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		wasAnswered := rapid.Bool().Draw(t, "answered")
		all := []helix.CallReport{report(helix.ReportOffered, 0)}
		record := report(helix.ReportDetails, 0, details(false, 20, 0))
		if wasAnswered {
			all = append(all, report(helix.ReportAnswered, 5))
			record = report(helix.ReportDetails, 0, details(true, 65, 60))
		} else {
			all = append(all, report(helix.ReportAbandoned, 0))
		}
		all = append(all, report(helix.ReportEnded, 65), record)
		deliveries := rapid.SliceOfN(rapid.SampledFrom(all), 0, 12).Draw(t, "deliveries")
		at := rapid.IntRange(0, len(deliveries)).Draw(t, "at")
		deliveries = append(deliveries[:at:at], append([]helix.CallReport{record}, deliveries[at:]...)...)

		kinds, call := tell(deliveries...)
		if call.State != helix.CallEnded || call.Answered() != wasAnswered || call.Missed == wasAnswered {
			t.Fatalf("%s, answered %t, missed %t", call.State, call.Answered(), call.Missed)
		}
		if call.Total != record.Total || call.Talk != record.Talk || !call.StartedAt.Equal(ten) {
			t.Fatalf("total %s, talk %s, started %s", call.Total, call.Talk, call.StartedAt)
		}
		times := map[helix.EventKind]int{}
		for _, k := range kinds {
			if times[k]++; times[k] > 1 {
				t.Fatalf("%s told twice: %v", k, kinds)
			}
		}
		if call.Sequence != len(kinds) {
			t.Fatalf("sequence %d after %d events", call.Sequence, len(kinds))
		}
	})
}

package desk

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	helix "github.com/helix-engage/gateway"
)

func TestWhoseWorkListChangesWithARecord(t *testing.T) {
	t.Parallel()
	const asha, ravi helix.MemberID = "asha", "ravi"
	ours := helix.NewID("followUp", "call-1")
	for _, c := range []struct {
		name       string
		change     helix.RecordChange
		asha, ravi WorkReason // what each hears, "" for nothing
	}{
		{"a new follow-up of hers", helix.RecordChange{Event: helix.RecordCreated, Assignee: asha, Waits: true}, WorkAdded, ""},
		{"a new one of nobody's", helix.RecordChange{Event: helix.RecordCreated, Waits: true}, "", ""},
		{"a new one that is done already", helix.RecordChange{Event: helix.RecordCreated, Assignee: asha}, "", ""},
		{
			"one that our own disposition planned",
			helix.RecordChange{Event: helix.RecordCreated, Assignee: asha, Waits: true, Record: ours, Call: "call-1"},
			"", "",
		},
		{"one that is restored", helix.RecordChange{Event: helix.RecordRestored, Assignee: asha, Waits: true}, WorkAdded, ""},
		{"one that is deleted", helix.RecordChange{Event: helix.RecordDeleted, Assignee: asha, Waits: true}, WorkRemoved, ""},
		{"one that is destroyed when done", helix.RecordChange{Event: helix.RecordDestroyed, Assignee: asha}, "", ""},
		{
			"another remark",
			helix.RecordChange{Event: helix.RecordUpdated, Fields: []string{"remark"}, Assignee: asha, Waits: true},
			WorkChanged, "",
		},
		{
			"another due time",
			helix.RecordChange{Event: helix.RecordUpdated, Fields: []string{"dueAt"}, Assignee: asha, Waits: true},
			WorkChanged, "",
		},
		{
			"one that is done",
			helix.RecordChange{Event: helix.RecordUpdated, Fields: []string{"followUpStatus"}, Assignee: asha},
			WorkRemoved, "",
		},
		{
			"a lead that is new again",
			helix.RecordChange{Object: helix.ObjectLead, Event: helix.RecordUpdated, Fields: []string{"leadStatus"}, Assignee: asha, Waits: true},
			WorkAdded, "",
		},
		{
			"one that was given to her",
			helix.RecordChange{Event: helix.RecordUpdated, Fields: []string{"assignee"}, Assignee: asha, Waits: true},
			WorkAdded, WorkResync,
		},
		{
			"one that was taken from somebody",
			helix.RecordChange{Event: helix.RecordUpdated, Fields: []string{"assignee"}, Waits: true},
			WorkResync, WorkResync,
		},
		{"a done one that changes hands", helix.RecordChange{Event: helix.RecordUpdated, Fields: []string{"assignee"}, Assignee: asha}, "", ""},
		{"fields that the list does not show", helix.RecordChange{Event: helix.RecordUpdated, Fields: []string{}, Assignee: asha, Waits: true}, "", ""},
		{"an update that does not say of what", helix.RecordChange{Event: helix.RecordUpdated, Assignee: asha, Waits: true}, WorkChanged, WorkResync},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if c.change.Object == "" {
				c.change.Object = helix.ObjectFollowUp
			}
			hear := func(member helix.MemberID) WorkReason {
				s, ok := signalOf(c.change)
				w := WorkChange{Kind: s.Kind, Reason: s.Reason, member: s.Member, others: s.Others}
				who := Worker{Member: member}
				if !ok || !w.concerns(who) {
					return ""
				}
				return w.of(who).Reason
			}
			if diff := cmp.Diff([]WorkReason{c.asha, c.ravi}, []WorkReason{hear(asha), hear(ravi)}); diff != "" {
				t.Error(diff)
			}
		})
	}
}

package compose_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/helix-engage/gateway/federation/compose"
)

func TestChangesAreNamedOnePerLine(t *testing.T) {
	t.Parallel()
	before := upstreamOf(t, `
		type Query { lead(id: ID, zone: String = "A"): Lead leads: [Lead] gone: Int }
		type Lead implements Named { name: String score: Float }
		interface Named { name: String }
		interface Scored { score: Int }
		enum Status { NEW OLD STALE }
		scalar Gone
		scalar Kind
		union Any = Lead | Note
		type Note { text: String }
		input Filter { a: Int = 1 }
	`, `[{"singular": "lead", "plural": "leads", "active": true}, {"singular": "note", "plural": "notes", "active": true}]`)
	after := upstreamOf(t, `
		type Query { lead(id: ID!, zone: String = "B", more: Int): Lead leads: [Lead!]! }
		type Lead implements Scored { name: String @deprecated score: Int added: Boolean }
		interface Named { name: String }
		interface Scored { score: Int }
		enum Status { NEW OLD @deprecated FRESH }
		scalar Fresh
		enum Kind { A B }
		union Any = Lead
		type Note { text: String }
		input Filter { a: Int = 2 }
	`, `[{"singular": "lead", "plural": "leads", "active": false}, {"singular": "call", "plural": "calls", "active": true}]`)
	want := []string{
		"- Any | Note: member",
		"~ Filter.a: Int = 1 became Int = 2",
		"- Lead implements Named: member",
		"+ Lead implements Scored: member",
		"+ Lead.added: Boolean",
		"~ Lead.name: String became String @deprecated",
		"~ Lead.score: Float became Int",
		"- Query.gone: Int",
		"~ Query.lead(id:): ID became ID!",
		"+ Query.lead(more:): Int",
		`~ Query.lead(zone:): String = "A" became String = "B"`,
		"~ Query.leads: [Lead] became [Lead!]!",
		"+ Status.FRESH: value",
		"~ Status.OLD: value became value @deprecated",
		"- Status.STALE: value",
		"+ object call: active, many are calls",
		"~ object lead: active, many are leads became inactive, many are leads",
		"- object note: active, many are notes",
		"+ type Fresh: scalar",
		"- type Gone: scalar",
		"~ type Kind: scalar became enum",
	}
	var got []string
	for _, change := range compose.Diff(before, after) {
		got = append(got, change.String())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

func TestNothingChangesBetweenASchemaAndItself(t *testing.T) {
	t.Parallel()
	if changes := compose.Diff(synthetic(t, 3), synthetic(t, 3)); len(changes) > 0 {
		t.Errorf("got %v", changes)
	}
	if changes := compose.Diff(nil, nil); len(changes) > 0 {
		t.Errorf("got %v", changes)
	}
	all := synthetic(t, 3)
	if n := len(all.Types) + len(all.Objects); len(compose.Diff(nil, all)) != n || len(compose.Diff(all, nil)) != n {
		t.Error("not all of it is new after nothing, and gone before nothing")
	}
}

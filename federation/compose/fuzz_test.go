package compose_test

import (
	"encoding/json"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/federation/compose"
	"github.com/helix-engage/gateway/federation/compose/composetest"
)

// FuzzRead: whatever FortyTwo answers, it is read and composes, or is refused with a code that is not a fault of ours; and
// what composes survives the disk and being printed.
func FuzzRead(f *testing.F) {
	small := upstreamOf(f, `
		scalar DateTime
		type Query { leads(filter: LeadFilter, first: Int = 20, offset: Int): LeadConnection }
		type Mutation { createLead(data: LeadFilter): Lead }
		"A \"lead\""
		type Lead implements Named { id: ID! name: String @deprecated(reason: "old") calls: LeadConnection owner: Owner kind: Kind }
		type LeadConnection { edges: [LeadEdge!]! pageInfo: PageInfo! }
		type LeadEdge { node: Lead! }
		type PageInfo { hasNextPage: Boolean more: Int! }
		interface Named { name: String }
		union Owner = Lead | LeadEdge
		enum Kind { HOT COLD }
		input LeadFilter { id: ID at: DateTime and: [LeadFilter!] kinds: [Kind!] = [HOT] text: String = "\\n" }
	`, `[{"singular": "lead", "plural": "leads", "active": true, "fields": [
		{"name": "calls", "type": "RELATION", "relation": {"kind": "ONE_TO_MANY", "target": "lead", "foreignKey": "id"}}]}]`)
	ask := composetest.Server(small)
	var seeds [2][]byte
	for i, endpoint := range []compose.Endpoint{compose.Records, compose.Metadata} {
		text, err := ask(f.Context(), endpoint, "objects", nil)
		if err != nil {
			f.Fatal(err)
		}
		seeds[i] = text
	}
	f.Add(seeds[0], seeds[1])
	f.Add([]byte(`{"__schema":null}`), []byte(`{"objects":[]}`))
	local, err := gqlparser.LoadSchema(&ast.Source{Input: `
		scalar UUID
		type Query { search: Lead }
		type Lead { id: UUID! calls: String }
		type PageInfo { hasNextPage: Boolean! }
	`})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, introspection, objects []byte) {
		given := answers{string(introspection), string(objects), `{"currentWorkspace":{"metadataVersion":1}}`}
		up, err := compose.Read(t.Context(), given.post)
		if err != nil {
			wantCode(t, err)
			return
		}
		c, err := compose.Compose(local, up)
		if err != nil {
			wantCode(t, err)
			return
		}
		text, err := json.Marshal(up)
		if err != nil {
			t.Fatal(err)
		}
		again := new(compose.Upstream)
		if err := json.Unmarshal(text, again); err != nil {
			t.Fatalf("the copy: %v", err)
		}
		if changes := compose.Diff(up, again); len(changes) > 0 {
			t.Fatalf("the copy differs: %v", changes)
		}
		parsed, err := gqlparser.LoadSchema(&ast.Source{Input: c.SDL()})
		if err != nil {
			t.Fatalf("%v in\n%s", err, c.SDL())
		}
		if alone := composed(t, parsed, nil); alone.SDL() != c.SDL() {
			t.Fatalf("%s\nwas parsed to\n%s", c.SDL(), alone.SDL())
		}
	})
}

func wantCode(t *testing.T, err error) {
	t.Helper()
	if !helix.IsCode(err, helix.CodeUnavailable) && !helix.IsCode(err, helix.CodeRejected) {
		t.Fatalf("got %v", err)
	}
}

// FuzzStored: whatever is on disk, it is read or refused.
func FuzzStored(f *testing.F) {
	f.Add([]byte(`{"format":1,"query":"Query","schema":"type Query { a(b: Int = 1): [Int!] @deprecated(reason: \"x\") }","objects":[{"singular":"a","plural":"as"}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		up := new(compose.Upstream)
		if up.UnmarshalJSON(text) != nil {
			return
		}
		if _, err := compose.Compose(gatewaySchemaOnce(), up); err != nil {
			wantCode(t, err)
		}
	})
}

package compose_test

import (
	"encoding/json"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/federation/compose"
)

// FuzzRead: whatever FortyTwo answers, it is read and composes, or is refused with a code that is not a fault of ours; and
// what composes survives the disk and being printed.
func FuzzRead(f *testing.F) {
	good := sound(f)
	f.Add([]byte(good.introspection), []byte(good.objects))
	f.Add([]byte(`{"__schema":{"queryType":{"name":"Query"},"types":[{"kind":"OBJECT","name":"Query","fields":[
		{"name":"leads","args":[{"name":"filter","type":{"kind":"INPUT_OBJECT","name":"F"}}],"type":{"kind":"OBJECT","name":"LeadConnection"}}]},
		{"kind":"INPUT_OBJECT","name":"F","inputFields":[{"name":"id","type":{"kind":"SCALAR","name":"ID"},"defaultValue":"\"\\u00e9\""}]},
		{"kind":"OBJECT","name":"LeadConnection","fields":[{"name":"edges","type":{"kind":"OBJECT","name":"LeadEdge"}}]},
		{"kind":"OBJECT","name":"LeadEdge","fields":[{"name":"node","type":{"kind":"OBJECT","name":"Lead"}}]},
		{"kind":"OBJECT","name":"Lead","description":"A \"lead\"\n","fields":[{"name":"id","type":{"kind":"NON_NULL","ofType":{"kind":"SCALAR","name":"ID"}}}]}]}}`),
		[]byte(`{"objects":{"edges":[{"node":{"nameSingular":"lead","namePlural":"leads","isActive":true,"fieldsList":[]}}],"pageInfo":{}}}`))
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
		given := answers{string(introspection), string(objects), good.version}
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
	text, err := json.Marshal(synthetic(f, 1))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
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

package compose_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/helix-engage/gateway/federation/compose"
)

func TestTheCopyOnDiskIsTheWholeSchema(t *testing.T) {
	t.Parallel()
	up := synthetic(t, 2)
	text, err := json.Marshal(up)
	if err != nil {
		t.Fatal(err)
	}
	again := new(compose.Upstream)
	if err := json.Unmarshal(text, again); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(up, again); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
	local := gatewaySchemaOnce()
	if composed(t, local, up).SDL() != composed(t, local, again).SDL() {
		t.Error("the copy composes to another schema")
	}
}

func TestACopyThatIsNoneIsRefused(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(synthetic(t, 1))
	if err != nil {
		t.Fatal(err)
	}
	stored := func(change string, to any) string {
		var all map[string]any
		if err := json.Unmarshal(text, &all); err != nil {
			t.Fatal(err)
		}
		all[change] = to
		out, err := json.Marshal(all)
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	for name, c := range map[string]struct{ text, want string }{
		"an empty file":            {``, "damaged"},
		"half a file":              {string(text[:len(text)/2]), "damaged"},
		"a file of another format": {stored("format", 2), "format 2"},
		"a file of no format":      {stored("format", nil), "format 0"},
		"a text that is no schema": {stored("schema", "type {"), "does not parse"},
		"no types":                 {stored("schema", ""), "root type Query"},
		"a type twice":             {stored("schema", "scalar A scalar A"), "out of place"},
		"a reserved type":          {stored("schema", "scalar __A"), "out of place"},
		"a built-in type":          {stored("schema", "scalar Int"), "out of place"},
		"more than types":          {stored("schema", "extend type Query { a: Int }"), "more than types"},
		"a root type that is none": {stored("mutation", "DateTime"), "root type DateTime"},
		"no root type":             {stored("query", ""), "no type of queries"},
		"an object of nothing":     {stored("objects", []any{nil}), "nothing"},
		"a field of nothing":       {stored("objects", []any{map[string]any{"singular": "a", "plural": "as", "fields": []any{nil}}}), "nothing"},
		"too much":                 {strings.Repeat(" ", 32<<20) + "{}", "damaged"},
		"too deep":                 {stored("schema", "type Query { a: "+strings.Repeat("[", 3_000_000)), "does not parse"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantUnreadable(t, new(compose.Upstream).UnmarshalJSON([]byte(c.text)), c.want)
		})
	}
}

package scalar_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/graph/scalar"
)

func TestWhatARepresentationRefersTo(t *testing.T) {
	t.Parallel()
	const id = "6f1f4c1e-8f0a-4c57-9d3e-0d6f5a2b7c11"
	for name, c := range map[string]struct {
		in    any
		want  scalar.Representation // but for Err
		fails bool
	}{
		"an entity":             {map[string]any{"__typename": "Lead", "id": id}, scalar.Representation{Type: "Lead", ID: id}, false},
		"with more than a key":  {map[string]any{"__typename": "Lead", "id": id, "name": "x"}, scalar.Representation{Type: "Lead", ID: id}, false},
		"an id in upper case":   {map[string]any{"__typename": "Lead", "id": "6F1F4C1E-8F0A-4C57-9D3E-0D6F5A2B7C11"}, scalar.Representation{Type: "Lead", ID: id}, false},
		"a type of others":      {map[string]any{"__typename": "Invoice", "id": id}, scalar.Representation{Type: "Invoice", ID: id}, false},
		"no type":               {map[string]any{"id": id}, scalar.Representation{}, true},
		"a type that is none":   {map[string]any{"__typename": json.Number("1"), "id": id}, scalar.Representation{}, true},
		"an empty type":         {map[string]any{"__typename": "", "id": id}, scalar.Representation{}, true},
		"no id":                 {map[string]any{"__typename": "Lead"}, scalar.Representation{Type: "Lead"}, true},
		"the id null":           {map[string]any{"__typename": "Lead", "id": nil}, scalar.Representation{Type: "Lead"}, true},
		"an id that is none":    {map[string]any{"__typename": "Lead", "id": "1"}, scalar.Representation{Type: "Lead"}, true},
		"an id of version 7":    {map[string]any{"__typename": "Lead", "id": "01890a5d-ac96-774b-bcce-b302099a8057"}, scalar.Representation{Type: "Lead"}, true},
		"an id that is a list":  {map[string]any{"__typename": "Lead", "id": []any{id}}, scalar.Representation{Type: "Lead"}, true},
		"a list":                {[]any{id}, scalar.Representation{}, true},
		"a word":                {"Lead", scalar.Representation{}, true},
		"nothing":               {nil, scalar.Representation{}, true},
		"an object with no key": {map[string]any{}, scalar.Representation{}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := scalar.UnmarshalRepresentation(c.in)
			if err != nil || (got.Err != nil) != c.fails || got.Err != nil && !helix.IsCode(got.Err, helix.CodeBadInput) {
				t.Fatalf("got %v, %v", got.Err, err)
			}
			got.Err = nil
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestARepresentationIsWrittenAsItIsRead(t *testing.T) {
	t.Parallel()
	want := scalar.Representation{Type: "Lead", ID: "6f1f4c1e-8f0a-4c57-9d3e-0d6f5a2b7c11"}
	var read any
	if err := json.Unmarshal([]byte(written(scalar.MarshalRepresentation(want))), &read); err != nil {
		t.Fatal(err)
	}
	got, err := scalar.UnmarshalRepresentation(read)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Error(diff, err)
	}
}

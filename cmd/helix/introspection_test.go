package main

import (
	"os"
	"testing"
)

// The document is what graphql-js asks with every option on; see package introspection.
func TestIntrospectionShowsBothSchemas(t *testing.T) {
	t.Parallel()
	s := startSystem(t, nil)
	full, err := os.ReadFile("../../internal/introspection/testdata/full.graphql")
	if err != nil {
		t.Fatal(err)
	}
	_, data, code := s.ask(s.signIn("asha@sandbox.test"), string(full), nil)
	types, _ := at(data, "__schema", "types").([]any)
	if code != "" || len(types) == 0 {
		t.Fatalf("%s: %d types", code, len(types))
	}
	fields := map[string]map[string]bool{}
	for _, typ := range types {
		name, _ := at(typ, "name").(string)
		fields[name] = map[string]bool{}
		of, _ := at(typ, "fields").([]any)
		for _, f := range of {
			field, _ := at(f, "name").(string)
			fields[name][field] = true
		}
	}
	for _, want := range [][2]string{
		{"Lead", "callTimeline"}, {"Lead", "leadStatus"}, {"Query", "worklist"}, {"Query", "leads"}, {"Query", "_entities"}, {"__Directive", "isDeprecated"},
	} {
		if !fields[want[0]][want[1]] {
			t.Errorf("%s.%s is not shown", want[0], want[1])
		}
	}
	_, data, code = s.ask(s.signIn("asha@sandbox.test"), `{ viewer { user { email } } __type(name: "Lead") { name } leads(first: 1) { edges { node { id } } } }`, nil)
	if code != "" || at(data, "__type", "name") != "Lead" || at(data, "viewer", "user", "email") != "asha@sandbox.test" || at(data, "leads", "edges") == nil {
		t.Errorf("beside other fields: %v %s", data, code)
	}
}

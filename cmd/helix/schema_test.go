package main

import (
	"bytes"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/helix-engage/gateway/sandbox/fortytwo"
)

func TestTheSchemaCanBePrintedBesideAGateway(t *testing.T) {
	t.Parallel()
	dir, door, box := t.TempDir(), newFrontDoor(t), startSandbox(t)
	door.open(t, box.FortyTwoURL())
	f := behindDoor(t.Context(), t, dir, box, door)
	environment := sandboxEnvironment(box, map[string]string{"DATA_DIR": filepath.Join(dir, "data")})
	show := func(args ...string) (int, string) {
		var out, said bytes.Buffer
		code := 0
		if err := printSchema(t.Context(), process{args: args, environment: maps.Clone(environment), stdout: &out, stderr: &said}); err != nil {
			code = 1
			out.WriteString(err.Error())
		}
		return code, out.String()
	}
	until(t, "the schema", func() bool { return f.gateway.federation.State().Composed })

	code, composed := show()
	schema, err := gqlparser.LoadSchema(&ast.Source{Input: composed})
	if code != 0 || err != nil || schema.Query.Fields.ForName("leads") == nil || schema.Query.Fields.ForName("worklist") == nil {
		t.Errorf("the composed schema: %v %.300s", err, composed)
	}
	if code, sdl := show("-subgraph"); code != 0 || !strings.Contains(sdl, "@key(fields: \"id\")") || strings.Contains(sdl, "leadsGroupBy") {
		t.Errorf("the subgraph: %.300s", sdl)
	}
	code, conflicts := show("-conflicts")
	lines := strings.Split(strings.TrimSpace(conflicts), "\n")
	if code != 0 || !slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, "Query.search became fortyTwoSearch: ") }) {
		t.Errorf("conflicts: %s", conflicts)
	}
	if code, changes := show("-diff"); code != 0 || changes != "" {
		t.Errorf("without a change: %s", changes)
	}

	// A gateway that does not look again has kept what was there before.
	door.away.Store(true)
	if err := box.FortyTwo().AddField("lead", fortytwo.FieldSpec{Name: "bloodGroup", Type: fortytwo.TypeText}); err != nil {
		t.Fatal(err)
	}
	if code, changes := show("-diff"); code != 0 || !strings.Contains(changes, "+ Lead.bloodGroup: String\n") || strings.Contains(changes, "- ") {
		t.Errorf("with a new field: %s", changes)
	}
	for _, args := range [][]string{{"-subgraph", "-diff"}, {"all"}, {"-no"}} {
		if code, _ := show(args...); code == 0 {
			t.Errorf("%v was accepted", args)
		}
	}
	environment["DATA_DIR"] = t.TempDir()
	if code, said := show("-diff"); code == 0 || !strings.Contains(said, "no gateway has kept a schema") {
		t.Errorf("without a schema that was kept: %s", said)
	}
}

package graph

import (
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
)

func TestEverythingThatIsOursIsDescribed(t *testing.T) {
	t.Parallel()
	schema := NewExecutableSchema(Config{}).Schema()
	described := 0
	check := func(name, description string) {
		described++
		if strings.TrimSpace(description) == "" {
			t.Errorf("%s has no description", name)
		}
	}
	arguments := func(of string, all ast.ArgumentDefinitionList) {
		for _, a := range all {
			check(of+"("+a.Name+":)", a.Description)
		}
	}
	for _, d := range schema.Types {
		if d.BuiltIn {
			continue
		}
		check(d.Name, d.Description)
		for _, f := range d.Fields {
			if strings.HasPrefix(f.Name, "__") {
				continue
			}
			check(d.Name+"."+f.Name, f.Description)
			arguments(d.Name+"."+f.Name, f.Arguments)
		}
		for _, v := range d.EnumValues {
			check(d.Name+"."+v.Name, v.Description)
		}
	}
	for _, d := range schema.Directives {
		if !d.Position.Src.BuiltIn {
			check("@"+d.Name, d.Description)
			arguments("@"+d.Name, d.Arguments)
		}
	}
	if described < 500 {
		t.Errorf("%d things were looked at", described)
	}
}

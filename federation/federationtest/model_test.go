package federationtest

import (
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/helix-engage/gateway/sandbox/fortytwo"
)

// model is what a conforming FortyTwo would know of its records: which types they are, and where its lists hang. It is made of the
// emulator's data model, not of what the composition reads from it.
type model struct {
	schema   *ast.Schema // composed
	local    *ast.Schema
	plurals  map[string]string              // of record types
	children map[string]map[string]children // by record type and field
}

// children are the records of a list root field whose column names the parent.
type children struct{ list, column string }

func newModel(schema, local *ast.Schema, specs []fortytwo.ObjectSpec) *model {
	m := &model{schema: schema, local: local, plurals: map[string]string{}, children: map[string]map[string]children{}}
	for _, s := range specs {
		m.plurals[pascal(s.NameSingular)] = s.NamePlural
		m.children[pascal(s.NameSingular)] = map[string]children{}
	}
	for _, s := range specs {
		for _, f := range s.Fields {
			if f.Target == "" {
				continue
			}
			inverse := f.Inverse
			if inverse == "" {
				inverse = s.NamePlural
			}
			m.children[pascal(f.Target)][inverse] = children{s.NamePlural, f.Name + "Id"}
		}
		if s.Custom || s.Targetable {
			for object, plural := range map[string]string{
				"attachment": "attachments", "noteTarget": "noteTargets", "taskTarget": "taskTargets", "timelineActivity": "timelineActivities",
			} {
				if m.plurals[pascal(object)] != "" {
					m.children[pascal(s.NameSingular)][plural] = children{plural, "target" + pascal(s.NameSingular) + "Id"}
				}
			}
		}
	}
	return m
}

func (m *model) isRecord(typ string) bool { return m.plurals[typ] != "" }

// extends tells fields of the local half: its root fields, and those that it adds to records. The id is known on both sides.
func (m *model) extends(typ, field string) bool {
	definition := m.local.Types[typ]
	if definition == nil || definition.Fields.ForName(field) == nil {
		return false
	}
	return typ == "Query" || typ == "Mutation" || m.isRecord(typ) && field != "id"
}

// selection is everything that FortyTwo can be asked of a type in one go: no relations and no lists below records, and of aggregates
// but totalCount only if they are wanted.
func (m *model) selection(typ string, aggregates bool) string {
	definition := m.schema.Types[typ]
	if definition.IsLeafType() {
		return ""
	}
	var out strings.Builder
	out.WriteString("{")
	for _, f := range definition.Fields {
		below := f.Type.Name()
		switch {
		case m.unasked(typ, f.Name), m.extends(typ, f.Name):
			continue
		case strings.HasSuffix(typ, "Connection") && !aggregates && !m.shapes(f.Name):
			continue
		case m.isRecord(typ) && (m.isRecord(below) || strings.HasSuffix(below, "Connection")):
			continue
		}
		out.WriteString(" " + f.Name + m.selection(below, aggregates))
	}
	return out.String() + " }"
}

// shapes are the members of connections that are asked with the records.
func (m *model) shapes(field string) bool {
	return field == "edges" || field == "pageInfo" || field == "totalCount" || field == "groupByDimensionValues"
}

// unasked are fields that nobody selects (fortytwo.md 7).
func (m *model) unasked(typ, field string) bool {
	return strings.HasPrefix(field, "__") || m.isRecord(typ) && (field == "searchVector" || strings.HasPrefix(field, "fortyTwo"))
}

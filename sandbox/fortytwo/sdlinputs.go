package fortytwo

import (
	"fmt"
	"strings"
)

func (w *sdl) inputs(o *objectMeta) {
	name := o.typeName()
	var create, filter, order, group, where []string
	for _, f := range o.fields {
		switch {
		case f.manyToOne():
			target := f.relation.target.typeName()
			create = append(create, f.relation.column+": ID", f.name+": "+target+"RelationInput")
			filter = append(filter, f.relation.column+": UUIDFilter")
			order = append(order, f.relation.column+": OrderByDirection")
			if w.grouping() {
				filter = append(filter, f.name+": "+target+"FilterInput")
				order = append(order, f.name+": "+target+"OrderByInput")
				group = append(group, f.relation.column+": Boolean", f.name+": "+target+"GroupByInput")
			}
			continue
		case f.oneToMany():
			continue
		}
		filter = append(filter, f.name+": "+f.filterType())
		if f.unique {
			where = append(where, f.name+": "+f.inputType("Create"))
		}
		if f.typ != TypeTSVector {
			create = append(create, f.name+": "+f.inputType("Create"))
		}
		if c := f.composite(); c != nil {
			order = append(order, f.name+": "+w.line.compositeName(c)+"OrderByInput")
			group = append(group, f.name+": "+w.line.compositeName(c)+"GroupByInput")
			continue
		}
		order = append(order, f.name+": OrderByDirection")
		if f.typ == TypeDate || f.typ == TypeDateTime {
			group = append(group, f.name+": GroupByDateInput")
		} else {
			group = append(group, f.name+": Boolean")
		}
	}
	w.linef("input %sCreateInput { %s }", name, strings.Join(create, " "))
	w.linef("input %sUpdateInput { %s }", name, strings.Join(create, " "))
	w.linef("input %sFilterInput { %s and: [%sFilterInput] or: [%sFilterInput] not: %sFilterInput }",
		name, strings.Join(filter, " "), name, name, name)
	w.linef("input %sOrderByInput { %s }", name, strings.Join(order, " "))
	if w.grouping() {
		w.groupInputs(o, group, order)
	}
	w.linef("input %sWhereUniqueInput { %s }", name, strings.Join(where, " "))
	w.linef("input %sConnectInput { where: %sWhereUniqueInput }", name, name)
	w.linef("input %sRelationInput { connect: %sConnectInput disconnect: Boolean }", name, name)
}

// groupInputs are the inputs of grouping by these dimensions and ordering by these fields.
func (w *sdl) groupInputs(o *objectMeta, group, order []string) {
	name := o.typeName()
	w.linef("input %sGroupByInput { %s }", name, strings.Join(group, " "))
	var counts []string
	for _, aggregateName := range sortedKeys(o.aggregates) {
		counts = append(counts, aggregateName+": OrderByDirection")
	}
	w.linef("input %sOrderByWithGroupByInput { aggregate: %sOrderByAggregateInput %s }", name, name, strings.Join(order, " "))
	w.linef("input %sOrderByAggregateInput { %s }", name, strings.Join(counts, " "))
}

func (f *fieldMeta) inputType(kind string) string {
	if c := f.composite(); c != nil {
		return f.object.line.compositeName(c) + kind + "Input"
	}
	return f.outType()
}

func (w *sdl) roots(objects []*objectMeta) {
	var query, mutation []string
	for _, o := range objects {
		if !o.active {
			continue
		}
		t, one, many := o.typeName(), pascal(o.singular), pascal(o.plural)
		list := fmt.Sprintf("filter: %sFilterInput, orderBy: [%sOrderByInput], ", t, t) + w.paging()
		query = append(query,
			fmt.Sprintf("%s(filter: %sFilterInput!): %s", o.singular, t, t),
			fmt.Sprintf("%s(%s): %sConnection", o.plural, list, t),
		)
		if len(o.duplicates) > 0 {
			query = append(query, fmt.Sprintf("%sDuplicates(ids: [UUID], data: [%sCreateInput]): [%sConnection]", o.singular, t, t))
		}
		if w.grouping() {
			query = append(query, fmt.Sprintf("%sGroupBy(groupBy: [%sGroupByInput!]!, filter: %sFilterInput, orderBy: [%sOrderByWithGroupByInput], "+
				"orderByForRecords: [%sOrderByInput], limit: Int, offsetForRecords: Int, viewId: UUID): [%sGroupByConnection]", o.plural, t, t, t, t, t))
		}
		mutation = append(mutation,
			fmt.Sprintf("create%s(data: %sCreateInput!, upsert: Boolean): %s", one, t, t),
			fmt.Sprintf("create%s(data: [%sCreateInput!]!, upsert: Boolean): [%s!]", many, t, t),
			fmt.Sprintf("update%s(id: UUID!, data: %sUpdateInput!): %s", one, t, t),
			fmt.Sprintf("update%s(filter: %sFilterInput!, data: %sUpdateInput!): [%s!]", many, t, t, t),
		)
		for _, verb := range []string{"delete", "restore", "destroy"} {
			mutation = append(mutation,
				fmt.Sprintf("%s%s(id: UUID!): %s", verb, one, t),
				fmt.Sprintf("%s%s(filter: %sFilterInput!): [%s!]", verb, many, t, t))
		}
	}
	w.linef("type Query {\n  %s\n}\ntype Mutation {\n  %s\n}", strings.Join(query, "\n  "), strings.Join(mutation, "\n  "))
}

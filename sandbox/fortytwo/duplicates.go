package fortytwo

import "strings"

// findDuplicates answers one connection for each id that exists, or for each item of data.
func (q *request) findDuplicates() (any, *apiError) {
	if err := q.allow("ids", "data"); err != nil {
		return nil, err
	}
	subjects, err := q.subjects()
	if err != nil {
		return nil, err
	}
	out := []*dict{}
	for _, subject := range subjects {
		var found []*record
		for _, r := range q.ws.tables[q.object()].records {
			if !r.deleted() && r.row["id"] != subject["id"] && q.object().duplicate(subject, r.row) {
				found = append(found, r)
			}
		}
		c := connection{object: q.object(), nodes: q.ws.project(q.object(), q.node, found), records: found, node: q.node, counted: found}
		out = append(out, c.dict(q.outer))
	}
	return out, nil
}

func (q *request) subjects() ([]row, *apiError) {
	ids, byID := q.argument("ids").([]any)
	data, byData := q.argument("data").([]any)
	if byID == byData {
		return nil, badInput(subQuery, genericMessage, "You have to provide either \"data\" or \"ids\" argument")
	}
	var out []row
	for _, item := range ids {
		id, ok := parseUUID(item)
		if !ok {
			return nil, invalidValue(subData, "UUID", "id", item)
		}
		if r := q.ws.tables[q.object()].live(id); r != nil {
			out = append(out, r.row)
		}
	}
	for _, item := range data {
		object, ok := item.(*dict)
		if !ok {
			return nil, badInput(subQuery, genericMessage, "Invalid argument: \"data\" must be an array of objects")
		}
		p, err := q.prepare(object, nil)
		if err != nil {
			return nil, err
		}
		out = append(out, p.values)
	}
	return out, nil
}

// duplicate is true when all paths of one group of criteria are set and equal.
func (o *objectMeta) duplicate(a, b row) bool {
	for _, group := range o.duplicates {
		same := true
		for _, path := range group {
			name, part, nested := strings.Cut(path, ".")
			x, y := a[name], b[name]
			if nested {
				inner, _ := x.(row)
				other, _ := y.(row)
				x, y = inner[part], other[part]
			}
			same = same && x != nil && x == y
		}
		if same {
			return true
		}
	}
	return false
}

package fortytwo

func (q *request) createOne() (any, *apiError) {
	data, ok := q.argument("data").(*dict)
	if err := q.allow("data", "upsert"); err != nil {
		return nil, err
	}
	if !ok {
		return nil, badInput(subQuery, genericMessage, "Missing required argument: data")
	}
	records, err := q.create([]*dict{data})
	if err != nil {
		return nil, err
	}
	return q.ws.project(q.object(), q.node, records)[0], nil
}

func (q *request) createMany() (any, *apiError) {
	if err := q.allow("data", "upsert"); err != nil {
		return nil, err
	}
	list, ok := q.argument("data").([]any)
	if !ok {
		return nil, badInput(subQuery, genericMessage, "Invalid argument: \"data\" must be an array")
	}
	items := make([]*dict, 0, len(list))
	for _, item := range list {
		data, ok := item.(*dict)
		if !ok {
			return nil, badInput(subQuery, genericMessage, "Invalid argument: \"data\" must be an array of objects")
		}
		items = append(items, data)
	}
	if len(items) > maxWrites {
		return nil, badInput(subTooMany, "You can only create up to 200 records at once.",
			"Maximum number of records to upsert is %d.", maxWrites)
	}
	records, err := q.create(items)
	if err != nil {
		return nil, err
	}
	return q.ws.project(q.object(), q.node, records), nil
}

func (q *request) argument(name string) any {
	value, _ := q.args.get(name)
	return value
}

// create writes all items or none; the caller rolls back on an error. With upsert an item that matches a record by id or a
// unique field changes that record, which keeps its id and comes back when it was soft-deleted (fortytwo.md 8).
func (q *request) create(items []*dict) ([]*record, *apiError) {
	upsert := q.argument("upsert") == true
	matches := make([]*record, len(items))
	prepared := make([]prepared, len(items))
	for i, data := range items {
		var err *apiError
		if prepared[i], err = q.prepare(data, nil); err != nil {
			return nil, err
		}
		if !upsert {
			continue
		}
		if matches[i], err = q.match(prepared[i]); err != nil {
			return nil, err
		}
	}
	out := make([]*record, len(items))
	for i := range items {
		var err *apiError
		if matches[i] != nil {
			out[i], err = q.change(matches[i], items[i], "upsert")
		} else {
			out[i], err = q.insertPrepared(prepared[i])
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// match finds the one record that an upsert means, soft-deleted ones included.
func (q *request) match(p prepared) (*record, *apiError) {
	o := q.object()
	var found *record
	for _, f := range o.fields {
		if !f.unique {
			continue
		}
		value := f.uniqueValue(p.values)
		if value == nil {
			continue
		}
		for _, r := range q.ws.tables[o].records {
			if f.uniqueValue(r.row) != value || r == found {
				continue
			}
			if found != nil {
				return nil, badInput(subUpsertMatch, "Multiple records found with the same unique field values.",
					"Multiple records found with the same unique field values for %s. Cannot determine which record to update.", o.singular)
			}
			found = r
		}
	}
	return found, nil
}

func (q *request) insertPrepared(p prepared) (*record, *apiError) {
	o := q.object()
	values, now := p.values, q.ws.now()
	if id, given := values["id"].(string); given {
		if holder := q.ws.tables[o].byID[id]; holder != nil {
			return nil, errDuplicate(o, o.byName["id"], holder)
		}
	} else {
		values["id"] = q.ws.newID()
	}
	for _, stamp := range []string{"createdAt", "updatedAt"} {
		if values[stamp] == nil {
			values[stamp] = now
		}
	}
	actor := q.caller.actor()
	if given, ok := values["createdBy"].(row); ok && given["source"] != nil {
		actor = actor.clone()
		actor["source"] = given["source"]
	}
	values["createdBy"] = actor
	o.signUpdate(values, q.caller.actor())
	if values["position"] == nil {
		lowest, _ := q.ws.positions(o)
		values["position"] = lowest - 1
	}
	q.applyDefaults(o, values)
	if err := q.check(o, values); err != nil {
		return nil, err
	}
	stored, err := q.insert(o, values)
	if err != nil {
		return nil, err
	}
	q.emit(o, "created", nil, values)
	return stored, nil
}

// applyDefaults sets the default of columns that the data did not mention. A select's default stands in quotes.
func (q *request) applyDefaults(o *objectMeta, values row) {
	for _, f := range o.fields {
		if f.system || f.relation != nil {
			continue
		}
		if _, given := values[f.name]; given {
			continue
		}
		switch v := f.defaultValue.(type) {
		case string:
			values[f.name] = blank(unquote(v))
		case bool, float64:
			values[f.name] = v
		}
	}
}

// unquote takes the single quotes off a default such as "'NEW'".
func unquote(s string) string {
	if len(s) >= 2 && s[0] == '\'' && s[len(s)-1] == '\'' {
		return s[1 : len(s)-1]
	}
	return s
}

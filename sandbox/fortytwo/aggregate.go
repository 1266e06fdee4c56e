package fortytwo

import "time"

// aggregate is one computed field of a connection or a group, e.g. sumMissedcallcount (fortytwo.md 3).
type aggregate struct {
	kind  string
	field *fieldMeta
	get   func(row) any
	out   FieldType // type of the column; decides min, max, avg, sum
}

// addAggregates names the aggregates of a field.
func (f *fieldMeta) addAggregates(to map[string]aggregate) {
	if f.typ.isRelation() || f.typ == TypeTSVector {
		return
	}
	get := func(r row) any { return r[f.name] }
	add := func(name string, typ FieldType, get func(row) any, kinds ...string) {
		for _, kind := range kinds {
			to[kind+name] = aggregate{kind: kind, field: f, get: get, out: typ}
		}
	}
	name := pascal(f.name)
	add(name, f.typ, get, "countEmpty", "countNotEmpty", "countUniqueValues", "percentageEmpty", "percentageNotEmpty")
	switch {
	case f.typ.isNumber():
		add(name, f.typ, get, "min", "max", "avg", "sum")
	case f.typ == TypeDate || f.typ == TypeDateTime:
		add(name, f.typ, get, "min", "max")
	case f.typ == TypeBoolean:
		add(name, f.typ, get, "countTrue", "countFalse")
	case f.typ == TypeCurrency:
		amount := func(r row) any {
			inner, _ := r[f.name].(row)
			return inner["amountMicros"]
		}
		add(name+"AmountMicros", TypeNumeric, amount, "min", "max", "avg", "sum")
	}
}

// compute reduces records to the aggregate's value; of no values min, max, avg and sum are null.
func (a aggregate) compute(records []*record) any {
	if a.kind == "totalCount" {
		return len(records)
	}
	values := make([]any, 0, len(records))
	for _, r := range records {
		if v := a.get(r.row); v != nil {
			values = append(values, v)
		}
	}
	switch a.kind {
	case "countEmpty":
		return len(records) - len(values)
	case "countNotEmpty":
		return len(values)
	case "countUniqueValues":
		distinct := map[any]bool{}
		for _, v := range values {
			distinct[mapKey(v)] = true
		}
		return len(distinct)
	case "percentageEmpty", "percentageNotEmpty":
		if len(records) == 0 {
			return nil
		}
		share := float64(len(values)) / float64(len(records))
		if a.kind == "percentageEmpty" {
			return 1 - share
		}
		return share
	case "countTrue", "countFalse":
		n := 0
		for _, v := range values {
			if v == (a.kind == "countTrue") {
				n++
			}
		}
		return n
	case "min", "max":
		found := extreme(values, a.kind == "max")
		if a.out == TypeDate {
			return a.field.object.line.readDate(found)
		}
		return found
	default:
		return a.total(values)
	}
}

func extreme(values []any, greatest bool) any {
	var best any
	for _, v := range values {
		if best == nil || (compareValues(v, best, nil) > 0) == greatest {
			best = v
		}
	}
	return best
}

// total is the sum or the average.
func (a aggregate) total(values []any) any {
	if len(values) == 0 {
		return nil
	}
	sum := 0.0
	for _, v := range values {
		n, _ := v.(float64)
		sum += n
	}
	if a.kind == "avg" {
		return sum / float64(len(values))
	}
	return sum
}

// typeName is the GraphQL type of the aggregate.
func (a aggregate) typeName() string {
	switch a.kind {
	case "min", "max":
		switch a.out {
		case TypeDate:
			return a.field.outType()
		case TypeDateTime:
			return "DateTime"
		}
		return "Float"
	case "avg", "sum", "percentageEmpty", "percentageNotEmpty":
		return "Float"
	default:
		return "Int"
	}
}

// description is what the schema says of the aggregate.
func (a aggregate) description() string {
	if a.kind == "totalCount" {
		return "Number of all records in the connection"
	}
	what, known := map[string]string{
		"countEmpty": "Number of records without", "countNotEmpty": "Number of records with", "countUniqueValues": "Number of distinct values of",
		"percentageEmpty": "Share of records without", "percentageNotEmpty": "Share of records with", "countTrue": "Number of yes in",
		"countFalse": "Number of no in", "min": "Least", "max": "Greatest", "avg": "Average of", "sum": "Sum of",
	}[a.kind]
	if !known {
		return ""
	}
	return what + " " + a.field.name
}

// value is a result in its output form.
func aggregateOut(value any) any {
	if instant, ok := value.(time.Time); ok {
		return formatInstant(instant)
	}
	return value
}

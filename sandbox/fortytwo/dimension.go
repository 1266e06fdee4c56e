package fortytwo

import (
	"slices"
	"strconv"
	"time"
)

// dimension is one value to group by.
type dimension struct {
	name    string
	value   func(row) any // what stands in groupByDimensionValues
	options []string      // a select sorts by position
}

// dimensions reads the groupBy argument.
func (q *request) dimensions() ([]dimension, *apiError) {
	list, ok := q.argument("groupBy").([]any)
	if !ok || len(list) == 0 {
		return nil, badInput(subQuery, genericMessage, "Missing required argument: groupBy")
	}
	var out []dimension
	for _, item := range list {
		object, _ := item.(*dict)
		if object.size() == 0 {
			return nil, badInput(subQuery, genericMessage, "Invalid argument: \"groupBy\" must be an array of objects")
		}
		for _, key := range object.keys {
			d, err := q.ws.dimension(q.object(), key, object.at(key))
			if err != nil {
				return nil, err
			}
			out = append(out, d)
		}
	}
	return out, nil
}

func (ws *workspace) dimension(o *objectMeta, key string, value any) (dimension, *apiError) {
	field, byColumn := o.resolve(key)
	invalid := badInput(subQuery, genericMessage, "Unable to find groupBy field with name \"%s\"", key)
	if field == nil || field.oneToMany() {
		return dimension{}, invalid
	}
	nested, _ := value.(*dict)
	switch {
	case field.manyToOne() && !byColumn:
		if nested.size() != 1 {
			return dimension{}, invalid
		}
		inner, err := ws.dimension(field.relation.target, nested.keys[0], nested.at(nested.keys[0]))
		if err != nil {
			return dimension{}, err
		}
		target, column, of := ws.tables[field.relation.target], field.relation.column, inner.value
		inner.name, inner.value = key, func(r row) any {
			id, _ := r[column].(string)
			if other := target.byID[id]; other != nil {
				return of(other.row)
			}
			return nil
		}
		return inner, nil
	case field.composite() != nil:
		if nested.size() != 1 {
			return dimension{}, invalid
		}
		part := nested.keys[0]
		if _, ok := field.composite().part(part); !ok {
			return dimension{}, invalid
		}
		return dimension{name: key, value: func(r row) any {
			inner, _ := r[field.name].(row)
			return inner[part]
		}}, nil
	case field.typ == TypeDate || field.typ == TypeDateTime:
		return dateDimension(field, nested)
	}
	column := field.column()
	d := dimension{name: key, value: func(r row) any { return r[column] }}
	if field.typ == TypeSelect {
		d.options = field.values()
	}
	return d, nil
}

// dateDimension groups by a period in a zone; without a granularity by the raw value.
func dateDimension(field *fieldMeta, in *dict) (dimension, *apiError) {
	raw := func(r row) any {
		if at, ok := r[field.name].(time.Time); ok {
			return formatInstant(at)
		}
		return r[field.name]
	}
	granularity, _ := in.get("granularity")
	name, _ := granularity.(string)
	if name == "" || name == "NONE" {
		return dimension{name: field.name, value: raw}, nil
	}
	zone, err := zoneOf(in, name)
	if err != nil {
		return dimension{}, err
	}
	first, _ := in.get("weekStartDay")
	weekStart, _ := first.(string)
	if _, ok := period(name, time.Time{}, weekStart); !ok {
		return dimension{}, badInput(subQuery, genericMessage, "Invalid date granularity \"%s\"", name)
	}
	return dimension{name: field.name, value: func(r row) any {
		at, ok := r[field.name].(time.Time)
		if day, isDay := r[field.name].(string); isDay {
			parsed, err := time.ParseInLocation(time.DateOnly, day, zone)
			at, ok = parsed, err == nil
		}
		if !ok {
			return nil
		}
		value, _ := period(name, at.In(zone), weekStart)
		return value
	}}, nil
}

func zoneOf(in *dict, granularity string) (*time.Location, *apiError) {
	value, _ := in.get("timeZone")
	name, _ := value.(string)
	if name == "" {
		if slices.Contains([]string{"DAY", "WEEK", "MONTH", "QUARTER", "YEAR"}, granularity) {
			return nil, badInput("MISSING_TIMEZONE_FOR_DATE_GROUP_BY", genericMessage,
				"Time zone should be specified for a group by date with granularity %s", granularity)
		}
		return time.UTC, nil
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, badInput(subQuery, genericMessage, "Invalid time zone \"%s\"", name)
	}
	return zone, nil
}

// period is the start of the period that holds t, or the period's name.
func period(granularity string, t time.Time, weekStart string) (any, bool) {
	y, m, d := t.Date()
	start := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	switch granularity {
	case "DAY":
	case "WEEK":
		firstDay := map[string]time.Weekday{"": time.Monday, "MONDAY": time.Monday, "SUNDAY": time.Sunday, "SATURDAY": time.Saturday}[weekStart]
		start = start.AddDate(0, 0, -(int(start.Weekday()-firstDay)+7)%7)
	case "MONTH":
		start = time.Date(y, m, 1, 0, 0, 0, 0, time.UTC)
	case "QUARTER":
		start = time.Date(y, m-(m-1)%3, 1, 0, 0, 0, 0, time.UTC)
	case "YEAR":
		start = time.Date(y, 1, 1, 0, 0, 0, 0, time.UTC)
	case "DAY_OF_THE_WEEK":
		return t.Weekday().String(), true
	case "MONTH_OF_THE_YEAR":
		return m.String(), true
	case "QUARTER_OF_THE_YEAR":
		return "Q" + strconv.Itoa((int(m)-1)/3+1), true
	default:
		return nil, false
	}
	return start.Format(time.DateOnly), true
}

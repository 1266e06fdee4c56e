package fortytwo

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	helix "github.com/helix-engage/gateway"
)

// Names that every object has, whatever the workspace (fortytwo.md 7).
const (
	columnID        = "id"
	columnCreatedAt = "createdAt"
)

// node is a record as FortyTwo answers it: its fields, in no order. A value that is absent, null or of another type reads as
// its zero value: a field that was deleted meanwhile reads as null (fortytwo.md 0.6).
type node []namedValue

type namedValue struct {
	name  string
	value json.RawMessage
}

// nodeOf takes an object apart; nil when raw is none. known may be shared by the records of an answer.
func nodeOf(raw []byte, known *nameTable) node {
	if !begins(raw, '{') {
		return nil
	}
	n := make(node, 0, max(len(*known), 4))
	for name, value := range members(raw) {
		n = append(n, namedValue{known.of(name), value})
	}
	return n
}

// value gives a field's value; nil when the record has none of that name.
func (n node) value(name string) json.RawMessage {
	for _, f := range slices.Backward(n) { // the last of a name counts
		if f.name == name {
			return f.value
		}
	}
	return nil
}

func (n node) id() string { return strings.ToLower(stringOf(n.value(columnID))) }

// text reads a TEXT or SELECT field; f may be nil.
func (n node) text(f *field) string {
	if f == nil {
		return ""
	}
	return stringOf(n.value(f.name))
}

// time reads a DATE_TIME by FortyTwo's name.
func (n node) time(name string) time.Time {
	t, err := time.Parse(time.RFC3339, stringOf(n.value(name)))
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

// timeOf reads a DATE_TIME field; f may be nil.
func (n node) timeOf(f *field) time.Time {
	if f == nil {
		return time.Time{}
	}
	return n.time(f.name)
}

// duration reads a NUMBER of units of time; f may be nil.
func (n node) duration(f *field, unit time.Duration) time.Duration {
	if f == nil {
		return 0
	}
	const century = 100 * 365 * 24 * time.Hour // no duration of ours is longer, and none overflows
	var units float64
	if json.Unmarshal(n.value(f.name), &units) != nil || units < 0 || units > float64(century/unit) {
		return 0
	}
	return time.Duration(units * float64(unit))
}

// related reads a many-to-one relation: nil when it is not set, or points to a deleted record.
func (n node) related(f *field) node {
	if f == nil {
		return nil
	}
	return nodeOf(n.value(f.name), new(nameTable))
}

// column reads a relation's id without the relation.
func (n node) column(f *field) string {
	if f == nil {
		return ""
	}
	return strings.ToLower(stringOf(n.value(f.column)))
}

// phone reads the primary number of a PHONES field as E.164; without its calling code it cannot be told and reads as "".
func (n node) phone(f *field) helix.Phone {
	calling, national := n.phoneParts(f)
	if calling == "" || national == "" {
		return ""
	}
	return helix.Phone("+" + calling + national)
}

// phoneParts reads the primary number of a PHONES field as FortyTwo keeps it, the calling code apart (fortytwo.md 7):
// digits both, or "" when they are none or too many.
func (n node) phoneParts(f *field) (calling, national string) {
	if f == nil {
		return "", ""
	}
	calling = strings.TrimPrefix(stringOf(valueOf(n.value(f.name), "primaryPhoneCallingCode")), "+")
	national = stringOf(valueOf(n.value(f.name), "primaryPhoneNumber"))
	if !isDigits(calling) || !isDigits(national) || len(calling)+len(national) > 15 {
		return "", ""
	}
	return calling, national
}

// displayName gives what a person record is called: its name, else its full name in parts.
func (n node) displayName(o *object) string {
	if name := strings.TrimSpace(n.text(o.fields["name"])); name != "" {
		return name
	}
	return n.fullName(o)
}

// fullName gives a FULL_NAME in one piece.
func (n node) fullName(o *object) string {
	f := o.fields["fullName"]
	if f == nil {
		return ""
	}
	return joinName(stringOf(valueOf(n.value(f.name), "firstName")), stringOf(valueOf(n.value(f.name), "lastName")))
}

func isDigits(s string) bool {
	for _, r := range s {
		if r < '0' || r > '9' {
			return false
		}
	}
	return true
}

// select builds selections. Fields that the workspace lacks are left out: 1.5 would refuse the whole request.
func (o *object) selection(names ...string) string {
	parts := []string{columnID}
	for _, name := range names {
		f := o.fields[name]
		if f == nil {
			continue
		}
		switch f.kind {
		case kindPhones:
			parts = append(parts, f.name+" { primaryPhoneNumber primaryPhoneCallingCode }")
		case kindFullName:
			parts = append(parts, f.name+" { firstName lastName }")
		case kindRelation:
			parts = append(parts, f.column)
		default:
			parts = append(parts, f.name)
		}
	}
	return strings.Join(parts, " ")
}

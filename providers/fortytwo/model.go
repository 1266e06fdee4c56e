package fortytwo

import (
	"maps"
	"slices"
	"strings"
	"sync"

	helix "github.com/helix-engage/gateway"
)

// model is a workspace's data model as far as the gateway uses it: which of FortyTwo's objects, fields and values stand
// for ours. It never changes; a changed workspace gets a new model.
type model struct {
	version int
	objects map[helix.RecordObject]*object
	catalog map[string]*catalogued // by FortyTwo's singular name: all objects, whether the gateway knows them or not
	missing []string               // sorted; see State.Missing
	words   map[string]bool        // all resolved names, lower case: the only words of an error that may be logged
	warned  sync.Map               // paths whose absence was logged; at most as many as the table has
}

// object is a resolved object. A field that the workspace lacks has no entry.
type object struct {
	ours       helix.RecordObject
	singular   string // "followUp"
	plural     string // "followUps"
	fields     map[string]*field
	absent     map[string]bool // our names of fields that the workspace lacks
	correlated []*field        // unique texts, by which FortyTwo may find a record under another id
}

// field is a resolved field.
type field struct {
	path     string // ours, "call.callbackstatus"
	name     string // FortyTwo's
	column   string // what filters and writes name: "leadId" for the relation lead, else name
	kind     string
	unique   bool
	options  []string          // of a SELECT: what FortyTwo takes
	values   map[string]string // of a SELECT: ours to FortyTwo's
	wantsAny bool              // a SELECT of which the gateway needs no value in particular
}

// object gives a resolved object, or NOT_CONFIGURED naming it.
func (m *model) object(name helix.RecordObject) (*object, error) {
	if o := m.objects[name]; o != nil {
		return o, nil
	}
	return nil, lacking(string(name))
}

// field gives a resolved field, or NOT_CONFIGURED naming it.
func (o *object) field(name string) (*field, error) {
	if f := o.fields[name]; f != nil {
		return f, nil
	}
	return nil, lacking(string(o.ours) + "." + name)
}

// only gives the object as if it had no other fields than these.
func (o *object) only(names ...string) *object {
	narrowed := *o
	narrowed.fields = map[string]*field{}
	for _, name := range names {
		if f := o.fields[name]; f != nil {
			narrowed.fields[name] = f
		}
	}
	return &narrowed
}

// typeName gives the object's GraphQL type, which prefixes its input types.
func (o *object) typeName() string { return upperFirst(o.singular) }

// writable finds the field that a write names: a relation by its column, "leadId".
func (o *object) writable(key string) (f *field, absent bool) {
	name, isColumn := strings.CutSuffix(key, "Id")
	if f := o.fields[name]; isColumn && f != nil && f.kind == kindRelation {
		return f, false
	}
	if f := o.fields[key]; f != nil && f.kind != kindRelation {
		return f, false
	}
	return nil, o.absent[key] || isColumn && o.absent[name]
}

// value translates a value of a SELECT, or answers NOT_CONFIGURED naming it.
func (f *field) value(ours string) (string, error) {
	if theirs, ok := f.values[ours]; ok {
		return theirs, nil
	}
	return "", lacking(f.path + "." + ours)
}

// ours translates a value that FortyTwo answered; one that the gateway does not know stays.
func (f *field) ours(theirs string) string {
	if f != nil {
		for ours, value := range f.values {
			if value == theirs {
				return ours
			}
		}
	}
	return theirs
}

// mentioned picks the model's own names out of an upstream message, at most five: the only part of it that surely holds
// no value of a record.
func (m *model) mentioned(message string) string {
	if m == nil {
		return ""
	}
	found := map[string]bool{}
	for word := range strings.FieldsFuncSeq(message, func(r rune) bool { return !isNameRune(r) }) {
		if m.words[strings.ToLower(word)] {
			found[word] = true
		}
	}
	names := slices.Sorted(maps.Keys(found))
	return strings.Join(names[:min(5, len(names))], ",")
}

func isNameRune(r rune) bool {
	return r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}

func upperFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// lacking says that the workspace has no such object, field or value.
func lacking(path string) *helix.Error {
	e := helix.NotConfigured(helix.ProviderFortyTwo, "FORTYTWO_FIELD_MAP, since its data model has no "+path)
	e.Op, e.Detail = "fortytwo.model", "missing="+path
	return e
}

package fortytwo

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Directions of a relation, as settings.relationType and relation.type have them.
const (
	manyToOne = "MANY_TO_ONE"
	oneToMany = "ONE_TO_MANY"
)

// objectMeta is one object of the workspace's metadata. It is guarded by the workspace's lock like the records.
type objectMeta struct {
	line                        Line
	id                          string
	singular, plural            string
	labelSingular, labelPlural  string
	icon, description           string
	custom, system              bool
	active, searchable          bool
	labelField                  *fieldMeta
	fields                      []*fieldMeta
	duplicates                  [][]string
	byName                      map[string]*fieldMeta // fields by name
	byColumn                    map[string]*fieldMeta // many-to-one fields by their join column
	aggregates                  map[string]aggregate  // of connections and groups, by GraphQL name
	createdAt                   string
	isLabelSynced, isUIReadOnly bool
}

// fieldMeta is one field of an object.
type fieldMeta struct {
	id                       string
	object                   *objectMeta
	name, label              string
	icon, description        string
	typ                      FieldType
	custom, system           bool
	active, nullable, unique bool
	options                  []option
	defaultValue             any // as metadata has it: "'NEW'" for a select
	settings                 *dict
	relation                 *relationMeta
	createdAt                string
}

// option is one value of a SELECT or MULTI_SELECT field.
type option struct {
	id, value, label, color string
	position                float64
}

// relationMeta is what a relation field points to.
type relationMeta struct {
	direction string
	column    string // join column of a many-to-one: <name>Id
	target    *objectMeta
	inverse   *fieldMeta
}

func (f *fieldMeta) manyToOne() bool { return f.relation != nil && f.relation.direction == manyToOne }

func (f *fieldMeta) oneToMany() bool { return f.relation != nil && f.relation.direction == oneToMany }

// column is the key of the field's value in a record. A one-to-many has none.
func (f *fieldMeta) column() string {
	if f.manyToOne() {
		return f.relation.column
	}
	return f.name
}

func (f *fieldMeta) composite() *composite { return composites[f.typ] }

// values are the option values in order, which is the order that the database sorts them in.
func (f *fieldMeta) values() []string {
	if f.typ == TypeRating {
		return ratings
	}
	values := make([]string, len(f.options))
	for i, o := range f.options {
		values[i] = o.value
	}
	return values
}

// resolve finds a field by its name or by a join column; byColumn tells which.
func (o *objectMeta) resolve(key string) (field *fieldMeta, byColumn bool) {
	if f := o.byName[key]; f != nil {
		return f, false
	}
	if f := o.byColumn[key]; f != nil {
		return f, true
	}
	return nil, false
}

// add appends a field and keeps the look-ups right.
func (o *objectMeta) add(f *fieldMeta) {
	f.object = o
	o.fields = append(o.fields, f)
	if o.byName == nil {
		o.index()
		return
	}
	o.look(f)
}

// index rebuilds the look-ups after a change of fields.
func (o *objectMeta) index() {
	o.byName = make(map[string]*fieldMeta, len(o.fields))
	o.byColumn = map[string]*fieldMeta{}
	o.aggregates = map[string]aggregate{"totalCount": {kind: "totalCount"}}
	for _, f := range o.fields {
		o.look(f)
	}
}

// look makes a field known to the look-ups.
func (o *objectMeta) look(f *fieldMeta) {
	o.byName[f.name] = f
	if f.manyToOne() {
		o.byColumn[f.relation.column] = f
	}
	f.addAggregates(o.aggregates)
}

// signUpdate notes who changed a row, where the object tells.
func (o *objectMeta) signUpdate(r, actor row) {
	if o.byName["updatedBy"] != nil {
		r["updatedBy"] = actor
	}
}

func (o *objectMeta) typeName() string { return pascal(o.singular) }

// operation is what a root field does.
type operation int

const (
	findOne operation = iota
	findMany
	groupBy
	findDuplicates
	createOne
	createMany
	updateOne
	updateMany
	deleteOne
	deleteMany
	restoreOne
	restoreMany
	destroyOne
	destroyMany
)

func (op operation) mutates() bool { return op >= createOne }

// root is one root field of the record API.
type root struct {
	object *objectMeta
	op     operation
}

// rootsOf names the root fields of the active objects (fortytwo.md 3). Line 1.5 cannot group; duplicates are found by criteria, which not
// every object has.
func rootsOf(line Line, objects []*objectMeta) map[string]root {
	roots := map[string]root{}
	for _, o := range objects {
		if !o.active {
			continue
		}
		one, many := pascal(o.singular), pascal(o.plural)
		for name, op := range map[string]operation{
			o.singular: findOne, o.plural: findMany, o.plural + "GroupBy": groupBy, o.singular + "Duplicates": findDuplicates,
			"create" + one: createOne, "create" + many: createMany, "update" + one: updateOne, "update" + many: updateMany,
			"delete" + one: deleteOne, "delete" + many: deleteMany, "restore" + one: restoreOne, "restore" + many: restoreMany,
			"destroy" + one: destroyOne, "destroy" + many: destroyMany,
		} {
			if op == groupBy && line == Line15 || op == findDuplicates && len(o.duplicates) == 0 {
				continue
			}
			roots[name] = root{object: o, op: op}
		}
	}
	return roots
}

// pascal upper-cases the first letter.
func pascal(name string) string {
	first, size := utf8.DecodeRuneInString(name)
	return string(unicode.ToUpper(first)) + name[size:]
}

// camel makes an API name of a label, as label sync does: "Callback Status" becomes callbackStatus (fortytwo.md 13).
func camel(label string) string {
	words := strings.FieldsFunc(label, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	for i, word := range words {
		lower := strings.ToLower(word)
		if i == 0 {
			words[i] = lower
			continue
		}
		words[i] = pascal(lower)
	}
	return strings.Join(words, "")
}

// labelOf makes a label of an API name: followUpStatus becomes "Follow Up Status".
func labelOf(name string) string {
	var out strings.Builder
	for i, r := range name {
		if i == 0 {
			out.WriteRune(unicode.ToUpper(r))
			continue
		}
		if unicode.IsUpper(r) {
			out.WriteByte(' ')
		}
		out.WriteRune(r)
	}
	return out.String()
}

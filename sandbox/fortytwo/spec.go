package fortytwo

import (
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
)

// ObjectSpec describes an object of the data model that a workspace starts with.
type ObjectSpec struct {
	NameSingular, NamePlural   string
	LabelSingular, LabelPlural string // default: made of the names
	Description                string
	System                     bool
	Custom                     bool // gets a name field and attachments, noteTargets, taskTargets and timelineActivities
	Searchable                 bool
	Targetable                 bool       // a standard object that notes, tasks, attachments and activities can point to
	LabelField                 string     // default "name"
	Duplicates                 [][]string // groups of fields ("name" or "emails.primaryEmail") that together make a duplicate
	Fields                     []FieldSpec
}

// FieldSpec describes a field beside the system fields, which every object has.
type FieldSpec struct {
	Name  string
	Label string // default: made of the name
	// Description stands in the schema; most fields have none.
	Description string
	Type        FieldType
	Options     []string // of SELECT and MULTI_SELECT, upper snake case
	Default     any      // as metadata has it: "'NEW'" for a select
	Unique      bool
	Custom      bool   // made by an administrator
	Target      string // of a many-to-one relation: the object's singular name
	Inverse     string // of a many-to-one relation: name of the one-to-many field on the target
}

// targetObjects are the objects whose records hang on any other record, with the one-to-many field that they add there.
var targetObjects = []struct{ object, inverse string }{
	{"attachment", "attachments"}, {"noteTarget", "noteTargets"}, {"taskTarget", "taskTargets"}, {"timelineActivity", "timelineActivities"},
}

// namespace makes metadata ids that are the same in every run.
var namespace = uuid.MustParse("6f0d8a52-5c53-4d0f-9e5c-3b6ac3f6b2a1")

// modelBuilder turns specs into objects.
type modelBuilder struct {
	line        Line
	workspaceID string
	now         time.Time
	objects     []*objectMeta
	byName      map[string]*objectMeta
}

// buildModel makes the objects of specs. Errors: a name used twice, a relation to an unknown object.
func buildModel(line Line, workspaceID string, now time.Time, specs []ObjectSpec) ([]*objectMeta, error) {
	b := &modelBuilder{line: line, workspaceID: workspaceID, now: now, byName: map[string]*objectMeta{}}
	for _, spec := range specs {
		if b.byName[spec.NameSingular] != nil {
			return nil, fmt.Errorf("fortytwo emulator: object %q is described twice", spec.NameSingular)
		}
		b.addObject(spec)
	}
	for _, spec := range specs {
		if err := b.addFields(spec); err != nil {
			return nil, err
		}
	}
	for _, spec := range specs {
		if spec.Custom || spec.Targetable {
			b.addTargets(b.byName[spec.NameSingular])
		}
	}
	return b.objects, nil
}

func (b *modelBuilder) id(parts ...string) string {
	name := b.workspaceID + "/" + strings.Join(parts, "/")
	return uuid.NewSHA1(namespace, []byte(name)).String()
}

func (b *modelBuilder) addObject(spec ObjectSpec) *objectMeta {
	o := &objectMeta{
		line: b.line, id: b.id("object", spec.NameSingular), singular: spec.NameSingular, plural: spec.NamePlural,
		labelSingular: spec.LabelSingular, labelPlural: spec.LabelPlural, icon: "IconBox", description: spec.Description,
		custom: spec.Custom, system: spec.System, active: true, searchable: spec.Searchable || spec.Custom,
		duplicates: spec.Duplicates, createdAt: formatInstant(b.now),
	}
	if o.labelSingular == "" {
		o.labelSingular = labelOf(o.singular)
	}
	if o.labelPlural == "" {
		o.labelPlural = labelOf(o.plural)
	}
	for _, f := range systemFields() {
		if b.line == Line15 && f.Name == "updatedBy" {
			continue
		}
		b.addField(o, f).system = true
	}
	if spec.Custom {
		b.addField(o, FieldSpec{Name: "name", Type: TypeText})
	}
	o.labelField = o.byName["id"]
	b.objects = append(b.objects, o)
	b.byName[o.singular] = o
	return o
}

// systemFields are on every record (fortytwo.md 7).
func systemFields() []FieldSpec {
	return []FieldSpec{
		{Name: "id", Label: "Id", Description: "Id", Type: TypeUUID, Default: "uuid", Unique: true},
		{Name: "createdAt", Label: "Creation date", Description: "Creation date", Type: TypeDateTime, Default: "now"},
		{Name: "updatedAt", Label: "Last update", Description: "When the record was last changed", Type: TypeDateTime, Default: "now"},
		{Name: "deletedAt", Label: "Deleted at", Description: "When the record was deleted", Type: TypeDateTime},
		{Name: "createdBy", Label: "Created by", Description: "Who created the record", Type: TypeActor},
		{Name: "updatedBy", Label: "Updated by", Description: "Who changed the record last", Type: TypeActor},
		{Name: "position", Description: "Where the record stands in a list", Type: TypePosition, Default: float64(0)},
		{Name: "searchVector", Description: "What the record is found by in a search", Type: TypeTSVector},
	}
}

func (b *modelBuilder) addFields(spec ObjectSpec) error {
	o := b.byName[spec.NameSingular]
	for _, f := range spec.Fields {
		if o.byName[f.Name] != nil {
			if spec.Custom && f.Name == "name" {
				continue // every custom object has it
			}
			return fmt.Errorf("fortytwo emulator: field %s.%s is described twice", o.singular, f.Name)
		}
		if !f.Type.isRelation() {
			b.addField(o, f)
			continue
		}
		target := b.byName[f.Target]
		if target == nil {
			return fmt.Errorf("fortytwo emulator: field %s.%s points to the unknown object %q", o.singular, f.Name, f.Target)
		}
		if f.Inverse == "" {
			f.Inverse = o.plural
		}
		if target.byName[f.Inverse] != nil {
			return fmt.Errorf("fortytwo emulator: inverse %s.%s exists already", target.singular, f.Inverse)
		}
		b.addRelation(o, f, target)
	}
	label := spec.LabelField
	if label == "" {
		label = "name"
	}
	if f := o.byName[label]; f != nil {
		o.labelField = f
	}
	return nil
}

func (b *modelBuilder) addField(o *objectMeta, spec FieldSpec) *fieldMeta {
	f := &fieldMeta{
		id: b.id("field", o.singular, spec.Name), name: spec.Name, label: spec.Label, typ: spec.Type, icon: "IconList",
		custom: spec.Custom, active: true, nullable: spec.Name != "id", unique: spec.Unique, defaultValue: spec.Default,
		description: spec.Description, createdAt: formatInstant(b.now),
	}
	if f.label == "" {
		f.label = labelOf(spec.Name)
	}
	for i, value := range spec.Options {
		f.options = append(f.options, option{
			id: b.id("option", o.singular, spec.Name, value), value: value, label: optionLabel(value), color: "blue", position: float64(i),
		})
	}
	o.add(f)
	return f
}

func (b *modelBuilder) addRelation(o *objectMeta, spec FieldSpec, target *objectMeta) {
	f := b.addField(o, spec)
	inverse := b.addField(target, FieldSpec{Name: spec.Inverse, Type: TypeRelation, Custom: spec.Custom})
	relate(f, inverse)
}

// relate makes f a many-to-one whose other end is inverse.
func relate(f, inverse *fieldMeta) {
	f.relation = &relationMeta{direction: manyToOne, column: f.name + "Id", target: inverse.object, inverse: inverse}
	inverse.relation = &relationMeta{direction: oneToMany, target: f.object, inverse: f}
	f.settings = newDict()
	f.settings.set("onDelete", "SET_NULL")
	f.settings.set("relationType", manyToOne)
	f.settings.set("joinColumnName", f.relation.column)
	inverse.settings = newDict()
	inverse.settings.set("relationType", oneToMany)
	f.object.look(f)
}

// addTargets hangs notes, tasks, attachments and activities on o.
func (b *modelBuilder) addTargets(o *objectMeta) {
	for _, t := range targetObjects {
		if from := b.byName[t.object]; from != nil {
			b.addRelation(from, b.targetField(o, t.inverse), o)
		}
	}
}

// targetField is how a note, task, attachment or activity points to o: a part of a morph relation, or a relation of its own on line
// 1.5.
func (b *modelBuilder) targetField(o *objectMeta, inverse string) FieldSpec {
	if b.line == Line15 {
		return FieldSpec{Name: o.singular, Type: TypeRelation, Inverse: inverse}
	}
	return FieldSpec{Name: "target" + pascal(o.singular), Type: TypeMorph, Inverse: inverse}
}

// optionLabel makes "Pending callback" of PENDING_CALLBACK.
func optionLabel(value string) string {
	out := []byte(value)
	for i := range out {
		switch {
		case out[i] == '_':
			out[i] = ' '
		case i > 0 && out[i] >= 'A' && out[i] <= 'Z':
			out[i] += 'a' - 'A'
		}
	}
	return string(out)
}

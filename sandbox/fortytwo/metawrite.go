package fortytwo

import (
	"fmt"
	"regexp"
	"slices"
)

// nameRule is what an API name must look like; reservedNames may not be used (fortytwo.md 13).
var nameRule = regexp.MustCompile(`^[a-z][a-zA-Z0-9]{0,62}$`)

var reservedNames = []string{
	"type", "field", "link", "currency", "fullName", "address", "links", "event", "user", "users", "role", "roles", "plan", "job", "jobs",
	"workspace", "workspaces", "search", "object", "objects", "index", "relation", "relations",
}

// errMetadata is upstream's refusal of a change of metadata, with the details under the kind's name.
func errMetadata(kind, code, message string) *apiError {
	detail := newDict()
	detail.set("code", code)
	detail.set("message", message)
	detail.set("userFriendlyMessage", message)
	entry := newDict()
	entry.set("metadataName", kind)
	entry.set("status", "fail")
	entry.set("errors", []any{detail})
	byKind := newDict()
	byKind.set(kind, []any{entry})
	summary := newDict()
	summary.set("totalErrors", 1)
	summary.set(kind, 1)
	extra := newDict()
	extra.set("errors", byKind)
	extra.set("summary", summary)
	extra.set("message", "Validation failed for 1 "+kind)
	return &apiError{
		message: "Multiple validation errors occurred while creating " + kind, code: codeMetadata, user: message, extra: extra,
	}
}

func errNameTaken(name string) *apiError {
	return errMetadata("fieldMetadata", "NOT_AVAILABLE", "Name \""+name+"\" is not available as it is already used by another field")
}

func (m *metaRequest) createObject(args map[string]any) (any, *apiError) {
	input, _ := args["input"].(map[string]any)
	in, _ := input["object"].(map[string]any)
	ws := m.caller.workspace
	o, err := ws.createObject(ObjectSpec{
		NameSingular: text(in, "nameSingular"), NamePlural: text(in, "namePlural"), LabelSingular: text(in, "labelSingular"),
		LabelPlural: text(in, "labelPlural"), Custom: true,
	})
	if err != nil {
		return nil, err
	}
	o.icon, o.description = text(in, "icon"), text(in, "description")
	o.isLabelSynced = in["isLabelSyncedWithName"] == true
	m.s.announceMetadata(ws, m.caller, "objectMetadata", "created", o.id)
	return objectFields(o), nil
}

// createObject adds an object made by an administrator, without the fields of the spec.
func (ws *workspace) createObject(spec ObjectSpec) (*objectMeta, *apiError) {
	for _, name := range []string{spec.NameSingular, spec.NamePlural} {
		if err := checkName("objectMetadata", name); err != nil {
			return nil, err
		}
		taken := slices.ContainsFunc(ws.objects, func(o *objectMeta) bool { return o.singular == name || o.plural == name })
		if taken {
			return nil, errMetadata("objectMetadata", "NOT_AVAILABLE", "Object already exists")
		}
	}
	b := &modelBuilder{line: ws.line, workspaceID: ws.id, now: ws.now(), byName: map[string]*objectMeta{}}
	for _, o := range ws.objects {
		b.byName[o.singular] = o
	}
	o := b.addObject(spec)
	o.labelField = o.byName["name"]
	b.addTargets(o)
	ws.objects = append(ws.objects, o)
	ws.tables[o] = newTable()
	ws.changed()
	return o, nil
}

func checkName(kind, name string) *apiError {
	switch {
	case !nameRule.MatchString(name):
		return errMetadata(kind, "INVALID_"+map[string]string{"objectMetadata": "OBJECT", "fieldMetadata": "FIELD"}[kind]+"_INPUT",
			fmt.Sprintf("Name \"%s\" is not valid: must start with lowercase letter and contain only alphanumeric letters", name))
	case slices.Contains(reservedNames, name):
		return errMetadata(kind, "RESERVED_KEYWORD", "This name is reserved.")
	}
	return nil
}

func (m *metaRequest) createField(args map[string]any) (any, *apiError) {
	input, _ := args["input"].(map[string]any)
	in, _ := input["field"].(map[string]any)
	f, err := m.caller.workspace.createField(in)
	if err != nil {
		return nil, err
	}
	m.s.announceMetadata(m.caller.workspace, m.caller, "fieldMetadata", "created", f.id)
	return fieldFields(f), nil
}

// createField adds a field made by an administrator; a relation adds its other end too.
func (ws *workspace) createField(in map[string]any) (*fieldMeta, *apiError) {
	o := ws.objectByID(text(in, "objectMetadataId"))
	if o == nil {
		return nil, errMetadata("fieldMetadata", "OBJECT_METADATA_NOT_FOUND", "Object metadata not found")
	}
	name, typ := text(in, "name"), FieldType(text(in, "type"))
	if err := checkName("fieldMetadata", name); err != nil {
		return nil, err
	}
	switch {
	case o.byName[name] != nil || o.byColumn[name] != nil:
		return nil, errNameTaken(name)
	case !creatable[typ]:
		return nil, errMetadata("fieldMetadata", "UNCOVERED_FIELD_METADATA_TYPE_VALIDATION", "Unsupported field metadata type "+string(typ))
	}
	options, err := readOptions(typ, in["options"])
	if err != nil {
		return nil, err
	}
	f := &fieldMeta{
		id: ws.newID(), name: name, label: text(in, "label"), icon: text(in, "icon"), description: text(in, "description"), typ: typ,
		custom: true, active: true, nullable: in["isNullable"] != false, unique: in["isUnique"] == true,
		options: options, defaultValue: in["defaultValue"], createdAt: formatInstant(ws.now()),
	}
	if settings, ok := in["settings"].(map[string]any); ok {
		f.settings = sortedDict(settings)
	}
	for i := range f.options {
		f.options[i].id = ws.newID()
	}
	if typ == TypeRelation {
		return f, ws.createRelation(o, f, in["relationCreationPayload"])
	}
	o.add(f)
	ws.changed()
	return f, nil
}

// createRelation hangs f and its inverse on both objects; the inverse's name comes from its label.
func (ws *workspace) createRelation(o *objectMeta, f *fieldMeta, payload any) *apiError {
	in, _ := payload.(map[string]any)
	target := ws.objectByID(text(in, "targetObjectMetadataId"))
	if target == nil {
		return errMetadata("fieldMetadata", "OBJECT_METADATA_NOT_FOUND", "Object metadata not found")
	}
	inverse := &fieldMeta{
		id: ws.newID(), name: camel(text(in, "targetFieldLabel")), label: text(in, "targetFieldLabel"), icon: text(in, "targetFieldIcon"),
		typ: TypeRelation, custom: true, active: true, nullable: true, createdAt: f.createdAt,
	}
	if target.byName[inverse.name] != nil || !nameRule.MatchString(inverse.name) {
		return errNameTaken(inverse.name)
	}
	o.add(f)
	target.add(inverse)
	if text(in, "type") == oneToMany {
		relate(inverse, f)
	} else {
		relate(f, inverse)
	}
	ws.changed()
	return nil
}

// readOptions takes the options of a select; they are needed there and refused elsewhere.
func readOptions(typ FieldType, value any) ([]option, *apiError) {
	list, _ := value.([]any)
	if typ != TypeSelect && typ != TypeMultiSelect {
		return nil, nil
	}
	if len(list) == 0 {
		return nil, errMetadata("fieldMetadata", "INVALID_FIELD_INPUT", "Options are required for enum fields")
	}
	var out []option
	for i, item := range list {
		in, _ := item.(map[string]any)
		o := option{value: text(in, "value"), label: text(in, "label"), color: text(in, "color"), position: float64(i)}
		if position, ok := in["position"].(float64); ok {
			o.position = position
		}
		if !optionRule.MatchString(o.value) {
			return nil, errMetadata("fieldMetadata", "INVALID_FIELD_INPUT", "Value must be in UPPER_CASE and follow snake_case \""+o.value+"\"")
		}
		out = append(out, o)
	}
	return out, nil
}

var optionRule = regexp.MustCompile(`^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$`)

func sortedDict(in map[string]any) *dict {
	out := newDict()
	keys := make([]string, 0, len(in))
	for key := range in {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		out.set(key, in[key])
	}
	return out
}

// updateField renames, relabels, (de)activates, or changes options, default and uniqueness. With label sync on a new label renames.
func (m *metaRequest) updateField(args map[string]any) (any, *apiError) {
	input, _ := args["input"].(map[string]any)
	in, _ := input["update"].(map[string]any)
	ws := m.caller.workspace
	f := ws.fieldByID(text(input, "id"))
	if f == nil {
		return nil, errMetadataNotFound("Field")
	}
	name := text(in, "name")
	if in["isLabelSyncedWithName"] == true && text(in, "label") != "" && name == "" {
		name = camel(text(in, "label"))
	}
	if name != "" && name != f.name {
		if err := checkName("fieldMetadata", name); err != nil {
			return nil, err
		}
		if f.object.byName[name] != nil || f.system {
			return nil, errNameTaken(name)
		}
	}
	if in["options"] != nil {
		options, err := readOptions(f.typ, in["options"])
		if err != nil {
			return nil, err
		}
		for i := range options {
			options[i].id = ws.newID()
		}
		f.options = options
	}
	if name != "" && name != f.name {
		ws.renameField(f, name)
	}
	f.update(in)
	ws.changed()
	m.s.announceMetadata(ws, m.caller, "fieldMetadata", "updated", f.id)
	return fieldFields(f), nil
}

func (f *fieldMeta) update(in map[string]any) {
	if label := text(in, "label"); label != "" {
		f.label = label
	}
	if icon := text(in, "icon"); icon != "" {
		f.icon = icon
	}
	if description, ok := in["description"].(string); ok {
		f.description = description
	}
	if active, ok := in["isActive"].(bool); ok {
		f.active = active
	}
	if unique, ok := in["isUnique"].(bool); ok {
		f.unique = unique
	}
	if value, given := in["defaultValue"]; given {
		f.defaultValue = value
	}
}

func (m *metaRequest) deleteField(args map[string]any) (any, *apiError) {
	input, _ := args["input"].(map[string]any)
	ws := m.caller.workspace
	f := ws.fieldByID(text(input, "id"))
	switch {
	case f == nil:
		return nil, errMetadataNotFound("Field")
	case f.system || f == f.object.labelField:
		return nil, errMetadata("fieldMetadata", "FIELD_MUTATION_NOT_ALLOWED", "System fields cannot be deleted")
	}
	gone := fieldFields(f)
	gone["relation"] = nil
	if f.relation != nil {
		ws.removeField(f.relation.inverse)
	}
	ws.removeField(f)
	ws.changed()
	m.s.announceMetadata(ws, m.caller, "fieldMetadata", "deleted", f.id)
	return gone, nil
}

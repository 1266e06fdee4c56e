package fortytwo

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	helix "github.com/helix-engage/gateway"
)

// resolve finds every object, field and value of the wanted model in the workspace's metadata: by the configured
// override where there is one, else by exact name, else by a name that differs in case alone (fortytwo.md 0.20, 13).
func resolve(version int, metadata []objectMetadata, o overrides) *model {
	m := &model{version: version, objects: map[helix.RecordObject]*object{}, words: map[string]bool{}}
	usable := slices.DeleteFunc(slices.Clone(metadata), func(md objectMetadata) bool {
		return !md.IsActive || !identifier.MatchString(md.NameSingular) || !identifier.MatchString(md.NamePlural)
	})
	m.catalog = catalogue(usable)
	for _, w := range wanted() {
		md, ok := match(usable, func(md objectMetadata) string { return md.NameSingular }, string(w.object), o[string(w.object)])
		if !ok {
			m.missing = append(m.missing, string(w.object))
			continue
		}
		m.objects[w.object] = m.resolveObject(w, md, o)
	}
	slices.Sort(m.missing)
	return m
}

func (m *model) resolveObject(w wantedObject, md objectMetadata, o overrides) *object {
	obj := &object{
		ours: w.object, singular: md.NameSingular, plural: md.NamePlural,
		fields: map[string]*field{}, absent: map[string]bool{},
	}
	m.know(md.NameSingular, md.NamePlural)
	usable := slices.DeleteFunc(slices.Clone(md.FieldsList), func(f fieldMetadata) bool {
		return !f.IsActive || !identifier.MatchString(f.Name)
	})
	for _, wf := range w.fields {
		path := string(w.object) + "." + wf.name
		fm, ok := match(usable, func(f fieldMetadata) string { return f.Name }, wf.name, o[path])
		switch {
		case !ok:
			m.missing = append(m.missing, path)
		case fm.Type != wf.kind:
			m.missing = append(m.missing, fmt.Sprintf("%s (is %s, not %s)", path, word(looseText(fm.Type)), wf.kind))
			ok = false
		}
		if !ok {
			obj.absent[wf.name] = true
			continue
		}
		f := m.resolveField(path, wf, fm, o)
		obj.fields[wf.name] = f
		if f.unique && f.kind == kindText {
			obj.correlated = append(obj.correlated, f)
		}
	}
	return obj
}

func (m *model) resolveField(path string, wf wantedField, fm fieldMetadata, o overrides) *field {
	f := &field{path: path, name: fm.Name, column: fm.Name, kind: fm.Type, unique: fm.IsUnique}
	switch fm.Type {
	case kindRelation:
		f.column = joinColumn(fm)
	case kindSelect:
		f.options, f.values, f.wantsAny = optionValues(fm.Options), map[string]string{}, len(wf.values) == 0
		for _, ours := range wf.values {
			theirs, ok := match(f.options, func(v string) string { return v }, ours, o[path+"."+ours])
			if !ok {
				m.missing = append(m.missing, path+"."+ours)
				continue
			}
			f.values[ours] = theirs
		}
	}
	m.know(f.name, f.column)
	return f
}

func (m *model) know(names ...string) {
	for _, n := range names {
		m.words[strings.ToLower(n)] = true
	}
}

// match finds the item that stands for want. Names that differ in case alone must be unique to count.
func match[T any](items []T, name func(T) string, want, override string) (found T, ok bool) {
	if override != "" {
		want = override
	}
	folded := 0
	for _, item := range items {
		switch n := name(item); {
		case n == want:
			return item, true
		case override == "" && strings.EqualFold(n, want):
			found, folded = item, folded+1
		}
	}
	return found, folded == 1
}

// joinColumn gives the scalar that holds a relation's id; both lines tell it in the settings.
func joinColumn(fm fieldMetadata) string {
	var settings struct {
		JoinColumnName string `json:"joinColumnName"`
	}
	if json.Unmarshal(fm.Settings, &settings) == nil && identifier.MatchString(settings.JoinColumnName) {
		return settings.JoinColumnName
	}
	return fm.Name + "Id"
}

func optionValues(raw json.RawMessage) []string {
	var options []struct {
		Value string `json:"value"`
	}
	if json.Unmarshal(raw, &options) != nil {
		return nil
	}
	var values []string
	for _, o := range options {
		values = append(values, o.Value)
	}
	return values
}

package fortytwo

import (
	"errors"
	"fmt"
)

// AddObject adds an object with its fields to the hospital, as an administrator would. Error: what upstream would refuse; the object
// is there all the same when it is one of the fields.
func (s *Server) AddObject(spec ObjectSpec) error {
	spec.Custom = true
	ws := s.main()
	ws.mu.Lock()
	o, refused := ws.createObject(spec)
	if refused == nil {
		s.announceMetadata(ws, &caller{}, "objectMetadata", "created", o.id)
	}
	ws.mu.Unlock()
	if refused != nil {
		return errors.New("fortytwo emulator: " + refused.message)
	}
	for _, f := range spec.Fields {
		if err := s.AddField(spec.NameSingular, f); err != nil {
			return err
		}
	}
	return nil
}

// DeactivateObject takes an object of the hospital out of use: its root fields go, its records and its types stay. Activating brings them
// back. Error: ErrUnknown.
func (s *Server) DeactivateObject(object string) error { return s.setActive(object, false) }

// ActivateObject is the opposite of DeactivateObject.
func (s *Server) ActivateObject(object string) error { return s.setActive(object, true) }

func (s *Server) setActive(object string, active bool) error {
	ws := s.main()
	ws.mu.Lock()
	defer ws.mu.Unlock()
	o := ws.objectNamed(object)
	if o == nil {
		return fmt.Errorf("%w: object %q", ErrUnknown, object)
	}
	o.active = active
	ws.changed()
	s.announceMetadata(ws, &caller{}, "objectMetadata", "updated", o.id)
	return nil
}

// AddField adds a field to an object of the hospital, as an administrator would: usable at once, the metadata version rises. Error:
// what upstream would refuse.
func (s *Server) AddField(object string, spec FieldSpec) error {
	ws := s.main()
	ws.mu.Lock()
	defer ws.mu.Unlock()
	o := ws.objectNamed(object)
	if o == nil {
		return fmt.Errorf("%w: object %q", ErrUnknown, object)
	}
	in := map[string]any{
		"objectMetadataId": o.id, "name": spec.Name, "label": spec.Label, "type": string(spec.Type),
		"defaultValue": spec.Default, "isUnique": spec.Unique,
	}
	if spec.Label == "" {
		in["label"] = spec.Name
	}
	var options []any
	for i, value := range spec.Options {
		options = append(options, map[string]any{"value": value, "label": optionLabel(value), "color": "blue", "position": float64(i)})
	}
	in["options"] = options
	if spec.Type == TypeRelation {
		target := ws.objectNamed(spec.Target)
		if target == nil {
			return fmt.Errorf("%w: object %q", ErrUnknown, spec.Target)
		}
		label := spec.Inverse
		if label == "" {
			label = o.plural
		}
		in["relationCreationPayload"] = map[string]any{"type": manyToOne, "targetObjectMetadataId": target.id, "targetFieldLabel": label}
	}
	f, err := ws.createField(in)
	if err != nil {
		return errors.New("fortytwo emulator: " + err.message)
	}
	s.announceMetadata(ws, &caller{}, "fieldMetadata", "created", f.id)
	return nil
}

// RenameField gives a field of the hospital another API name; its values move along. Errors: ErrUnknown, what upstream would refuse.
func (s *Server) RenameField(object, name, to string) error {
	ws := s.main()
	ws.mu.Lock()
	defer ws.mu.Unlock()
	o := ws.objectNamed(object)
	if o == nil || o.byName[name] == nil {
		return fmt.Errorf("%w: field %s.%s", ErrUnknown, object, name)
	}
	f := o.byName[name]
	refused := checkName("fieldMetadata", to)
	if refused == nil && (f.system || o.byName[to] != nil || o.byColumn[to] != nil) {
		refused = errNameTaken(to)
	}
	if refused != nil {
		return errors.New("fortytwo emulator: " + refused.message)
	}
	ws.renameField(f, to)
	ws.changed()
	s.announceMetadata(ws, &caller{}, "fieldMetadata", "updated", f.id)
	return nil
}

// RemoveField deletes a field of the hospital with its values. Errors: ErrUnknown, a system field, the object's label.
func (s *Server) RemoveField(object, name string) error {
	ws := s.main()
	ws.mu.Lock()
	defer ws.mu.Unlock()
	o := ws.objectNamed(object)
	if o == nil || o.byName[name] == nil {
		return fmt.Errorf("%w: field %s.%s", ErrUnknown, object, name)
	}
	f := o.byName[name]
	if f.system || f == o.labelField {
		return fmt.Errorf("fortytwo emulator: %s.%s cannot be deleted", object, name)
	}
	if f.relation != nil {
		ws.removeField(f.relation.inverse)
	}
	ws.removeField(f)
	ws.changed()
	s.announceMetadata(ws, &caller{}, "fieldMetadata", "deleted", f.id)
	return nil
}

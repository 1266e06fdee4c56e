package fortytwo

import "slices"

// Role is what a user or an API key may do (fortytwo.md 14).
type Role struct {
	Label string
	// ReadAll and the others hold for every object that Objects does not name.
	ReadAll, UpdateAll, SoftDeleteAll, DestroyAll bool
	Objects                                       map[string]ObjectRights // by singular name
	Settings                                      []string                // permission flags: DATA_MODEL, API_KEYS_AND_WEBHOOKS, …
	AssignableToAPIKeys                           bool
}

// ObjectRights are a role's rights on one object.
type ObjectRights struct {
	Read, Update, SoftDelete, Destroy bool
	Unreadable, Unwritable            []string // fields
}

// Setting flags that the emulator checks.
const (
	settingDataModel = "DATA_MODEL"
	settingKeys      = "API_KEYS_AND_WEBHOOKS"
)

// AdminRole may do everything, also from an API key.
func AdminRole() Role {
	return Role{
		Label: "Admin", ReadAll: true, UpdateAll: true, SoftDeleteAll: true, DestroyAll: true, AssignableToAPIKeys: true,
		Settings: []string{settingDataModel, settingKeys, "ROLES", "WORKSPACE", "WORKSPACE_MEMBERS", "SECURITY"},
	}
}

// MemberRole reads and writes every record and no setting.
func MemberRole(label string) Role {
	return Role{Label: label, ReadAll: true, UpdateAll: true, SoftDeleteAll: true, DestroyAll: true}
}

func (r *Role) rights(o *objectMeta) ObjectRights {
	if rights, ok := r.Objects[o.singular]; ok {
		return rights
	}
	return ObjectRights{Read: r.ReadAll, Update: r.UpdateAll, SoftDelete: r.SoftDeleteAll, Destroy: r.DestroyAll}
}

func (r *Role) may(setting string) bool { return slices.Contains(r.Settings, setting) }

// mayRead refuses a selection that holds an unreadable object or field: one of them refuses the whole root field.
func (r *Role) mayRead(o *objectMeta, s *selection) *apiError {
	rights := r.rights(o)
	if !rights.Read {
		return errDenied()
	}
	if s == nil {
		return nil
	}
	for _, f := range s.fields {
		field, _ := o.resolve(f.name)
		if field == nil {
			continue
		}
		if slices.Contains(rights.Unreadable, field.name) {
			return errDenied()
		}
		if field.relation == nil || f.sub == nil {
			continue
		}
		target := f.sub
		if field.oneToMany() {
			target = f.sub.get("edges").get("node")
		}
		if err := r.mayRead(field.relation.target, target); err != nil {
			return err
		}
	}
	return nil
}

// mayWrite refuses data that sets an unwritable field.
func (r *Role) mayWrite(o *objectMeta, data *dict) *apiError {
	rights := r.rights(o)
	if !rights.Update {
		return errDenied()
	}
	for _, key := range data.keys {
		field, _ := o.resolve(key)
		if field != nil && slices.Contains(rights.Unwritable, field.name) {
			return errDenied()
		}
	}
	return nil
}

package fortytwo

import (
	"slices"
	"strings"
)

// currentUser is who the token belongs to (fortytwo.md 2.4). An API key is nobody here.
func (m *metaRequest) currentUser(map[string]any) (any, *apiError) {
	c := m.caller
	if c.user == nil {
		return nil, errForbiddenResource()
	}
	out := fields{
		"id": c.user.id, "email": c.user.email, "firstName": c.user.first, "lastName": c.user.last, "locale": "en",
		"workspaceMember": nil, "currentWorkspace": nil, "currentUserWorkspace": nil,
	}
	if c.workspace == nil {
		return out, nil
	}
	c.workspace.mu.RLock()
	defer c.workspace.mu.RUnlock()
	out["currentWorkspace"] = m.workspaceFields()
	out["workspaceMember"] = m.memberFields()
	out["currentUserWorkspace"] = fields{
		"id": c.member.userWorkspaceID, "permissionFlags": stringsAsAny(c.role.Settings), "objectsPermissions": m.objectPermissions(),
	}
	return out, nil
}

func (m *metaRequest) memberFields() any {
	c := m.caller
	r := c.workspace.tables[c.workspace.objectNamed("workspaceMember")].live(c.memberID)
	if r == nil {
		return nil
	}
	name, _ := r.row["name"].(row)
	read := func(value any) any { return readPart(part{typ: TypeText}, value) }
	return fields{
		"id": r.id, "userEmail": read(r.row["userEmail"]), "timeZone": read(r.row["timeZone"]), "locale": read(r.row["locale"]),
		"avatarUrl": read(r.row["avatarUrl"]), "colorScheme": read(r.row["colorScheme"]), "userWorkspaceId": c.member.userWorkspaceID,
		"name":  fields{"firstName": read(name["firstName"]), "lastName": read(name["lastName"])},
		"roles": []any{c.member.role.fields()},
	}
}

func (r *roleEntry) fields() fields {
	return fields{
		"id": r.id, "label": r.Label, "canReadAllObjectRecords": r.ReadAll, "canUpdateAllObjectRecords": r.UpdateAll,
		"canSoftDeleteAllObjectRecords": r.SoftDeleteAll, "canDestroyAllObjectRecords": r.DestroyAll,
		"canBeAssignedToApiKeys": r.AssignableToAPIKeys,
	}
}

// currentWorkspace answers API keys too.
func (m *metaRequest) currentWorkspace(map[string]any) (any, *apiError) {
	return m.workspaceFields(), nil
}

func (m *metaRequest) workspaceFields() fields {
	ws := m.caller.workspace
	return fields{
		"id": ws.id, "displayName": ws.displayName, "subdomain": ws.subdomain, "activationStatus": "ACTIVE", "metadataVersion": ws.version,
		"trashRetentionDays": 14, "featureFlags": []any{}, "workspaceUrls": m.s.workspaceURLs(),
	}
}

func (m *metaRequest) objectPermissions() []any {
	out := []any{}
	for _, o := range m.caller.workspace.objects {
		rights := m.caller.role.rights(o)
		restricted := newDict()
		for _, f := range o.fields {
			unreadable, unwritable := slices.Contains(rights.Unreadable, f.name), slices.Contains(rights.Unwritable, f.name)
			if unreadable || unwritable {
				entry := newDict()
				entry.set("canRead", yesUnless(unreadable))
				entry.set("canUpdate", yesUnless(unwritable))
				restricted.set(f.id, entry)
			}
		}
		out = append(out, fields{
			"objectMetadataId": o.id, "canReadObjectRecords": rights.Read, "canUpdateObjectRecords": rights.Update,
			"canSoftDeleteObjectRecords": rights.SoftDelete, "canDestroyObjectRecords": rights.Destroy, "restrictedFields": restricted,
		})
	}
	return out
}

// yesUnless is false for a restriction and null for none, which is how restrictedFields tells them.
func yesUnless(restricted bool) any {
	if restricted {
		return false
	}
	return nil
}

func (m *metaRequest) roles(map[string]any) (any, *apiError) {
	out := []any{}
	for _, r := range sortedRoles(m.caller.workspace) {
		out = append(out, r.fields())
	}
	return out, nil
}

func sortedRoles(ws *workspace) []*roleEntry {
	var list []*roleEntry
	for _, r := range ws.roles {
		list = append(list, r)
	}
	slices.SortFunc(list, func(a, b *roleEntry) int { return strings.Compare(a.Label, b.Label) })
	return list
}

func stringsAsAny(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}

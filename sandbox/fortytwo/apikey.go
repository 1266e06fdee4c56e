package fortytwo

import (
	"cmp"
	"slices"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// apiKey is a key of a workspace; its tokens carry its id as jti.
type apiKey struct {
	id, name             string
	expiresAt, revokedAt time.Time
	role                 *roleEntry
}

// maxAPIKeys bounds the keys of a workspace.
const maxAPIKeys = 1_000

func (k *apiKey) fields() fields {
	out := fields{"id": k.id, "name": k.name, "expiresAt": formatInstant(k.expiresAt), "revokedAt": nil, "role": k.role.fields()}
	if !k.revokedAt.IsZero() {
		out["revokedAt"] = formatInstant(k.revokedAt)
	}
	return out
}

func (m *metaRequest) apiKeys(map[string]any) (any, *apiError) {
	keys := make([]*apiKey, 0, len(m.caller.workspace.keys))
	for _, key := range m.caller.workspace.keys {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b *apiKey) int { return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.id, b.id)) })
	out := []any{}
	for _, key := range keys {
		out = append(out, key.fields())
	}
	return out, nil
}

// createAPIKey needs a role that may be given to keys (fortytwo.md 2.5).
func (m *metaRequest) createAPIKey(args map[string]any) (any, *apiError) {
	in, _ := args["input"].(map[string]any)
	ws := m.caller.workspace
	role := ws.roles[text(in, "roleId")]
	expires, ok := parseInstant(in["expiresAt"])
	switch {
	case !ok:
		return nil, badInput("", genericMessage, "Invalid expiration date")
	case role == nil:
		return nil, badInput("", genericMessage, "Role not found")
	case !role.AssignableToAPIKeys:
		return nil, badInput("", "This role cannot be assigned to API keys.", "Role %s cannot be assigned to API keys", role.Label)
	case len(ws.keys) >= maxAPIKeys:
		return nil, internal("too many API keys")
	}
	return ws.addKey(text(in, "name"), role, expires).fields(), nil
}

func (ws *workspace) addKey(name string, role *roleEntry, expires time.Time) *apiKey {
	key := &apiKey{id: ws.newID(), name: name, expiresAt: expires, role: role}
	ws.keys[key.id] = key
	return key
}

func (m *metaRequest) generateAPIKeyToken(args map[string]any) (any, *apiError) {
	key := m.caller.workspace.keys[text(args, "apiKeyId")]
	expires, ok := parseInstant(args["expiresAt"])
	if key == nil || !ok {
		return nil, errMetadataNotFound("API key")
	}
	return fields{"token": m.s.keyToken(m.caller.workspace, key, expires)}, nil
}

func (s *Server) keyToken(ws *workspace, key *apiKey, expires time.Time) string {
	return s.tokens.issueUntil(claims{
		RegisteredClaims: jwt.RegisteredClaims{Subject: ws.id, ID: key.id}, Type: tokenAPIKey, WorkspaceID: ws.id,
	}, expires)
}

func (m *metaRequest) revokeAPIKey(args map[string]any) (any, *apiError) {
	in, _ := args["input"].(map[string]any)
	key := m.caller.workspace.keys[text(in, "id")]
	if key == nil {
		return nil, nil
	}
	key.revokedAt = m.caller.workspace.now()
	return key.fields(), nil
}

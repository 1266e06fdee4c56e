package fortytwo

import "strings"

// authenticate finds the caller of an Authorization header. Anything that is no Bearer token counts as no token
// (fortytwo.md 1); user, membership and role are looked up for every request (2.2).
func (s *Server) authenticate(header string) (*caller, *apiError) {
	scheme, token, _ := strings.Cut(header, " ")
	if token = strings.TrimSpace(token); !strings.EqualFold(scheme, "bearer") || token == "" {
		return &caller{kind: nobody}, nil
	}
	c, err := s.tokens.read(token)
	if err != nil {
		return &caller{kind: nobody}, err
	}
	var found *caller
	switch c.Type {
	case tokenAccess:
		found, err = s.memberCaller(c)
	case tokenAgnostic:
		found, err = s.agnosticCaller(c)
	case tokenAPIKey:
		found, err = s.keyCaller(c)
	default:
		err = errAuth(codeForbidden, subTokenType, "Invalid token type: "+c.Type)
	}
	if err != nil {
		return &caller{kind: nobody}, err
	}
	return found, nil
}

func (s *Server) memberCaller(c *claims) (*caller, *apiError) {
	ws := s.workspaceByID(c.WorkspaceID)
	if ws == nil {
		return nil, errAuth(codeUnauthenticated, "WORKSPACE_NOT_FOUND", "Workspace not found")
	}
	u := s.userByID(c.Subject)
	if u == nil {
		return nil, errAuth(codeUnauthenticated, "USER_NOT_FOUND", "User not found")
	}
	ws.mu.RLock()
	defer ws.mu.RUnlock()
	m := ws.members[u.id]
	if m == nil {
		return nil, errAuth(codeUnauthenticated, "USER_WORKSPACE_NOT_FOUND", "UserWorkspace not found")
	}
	if ws.tables[ws.objectNamed("workspaceMember")].live(m.memberID) == nil {
		return nil, errAuth(codeForbidden, subForbidden, "User is not a member of the workspace.")
	}
	return &caller{kind: member, user: u, workspace: ws, member: m, memberID: m.memberID, role: &m.role.Role}, nil
}

func (s *Server) agnosticCaller(c *claims) (*caller, *apiError) {
	u := s.userByID(c.Subject)
	if u == nil {
		return nil, errAuth(codeUnauthenticated, "USER_NOT_FOUND", "User not found")
	}
	return &caller{kind: agnostic, user: u}, nil
}

func (s *Server) keyCaller(c *claims) (*caller, *apiError) {
	ws := s.workspaceByID(c.Subject)
	if ws == nil {
		return nil, errAuth(codeUnauthenticated, "WORKSPACE_NOT_FOUND", "Workspace not found")
	}
	ws.mu.RLock()
	defer ws.mu.RUnlock()
	key := ws.keys[c.ID]
	if key == nil || !key.revokedAt.IsZero() || !ws.now().Before(key.expiresAt) {
		return nil, errAuth(codeForbidden, subForbidden, "This API Key is revoked")
	}
	return &caller{kind: keyHolder, workspace: ws, key: key, role: &key.role.Role}, nil
}

func (s *Server) userByID(id string) *user {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.users[id]
}

func (s *Server) userByEmail(email string) *user {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, u := range s.users {
		if strings.EqualFold(u.email, email) {
			return u
		}
	}
	return nil
}

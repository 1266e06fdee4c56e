package fortytwo

import (
	"time"

	"github.com/golang-jwt/jwt/v5"
)

func text(args map[string]any, name string) string {
	value, _ := args[name].(string)
	return value
}

func errForbidden(message string) *apiError {
	return &apiError{message: message, code: codeForbidden, subCode: subForbidden, user: genericMessage}
}

func errWrongPassword() *apiError {
	return &apiError{message: "Wrong password", code: codeForbidden, subCode: subForbidden, user: "Wrong password"}
}

// credentials are checked by name and password. An unknown name answers like a wrong password.
func (m *metaRequest) credentials(args map[string]any) (*user, *apiError) {
	u := m.s.userByEmail(text(args, "email"))
	if u == nil || u.password != text(args, "password") {
		return nil, errWrongPassword()
	}
	return u, nil
}

func authToken(token string, until time.Time) fields {
	return fields{"token": token, "expiresAt": formatInstant(until)}
}

func (m *metaRequest) loginToken(u *user, ws *workspace) fields {
	return authToken(m.s.tokens.issue(claims{
		RegisteredClaims: jwt.RegisteredClaims{Subject: u.email}, Type: tokenLogin, WorkspaceID: ws.id, AuthProvider: "password",
	}, m.s.options.LoginTokenTTL))
}

// getLoginToken is the first step of a sign-in (fortytwo.md 2.1).
func (m *metaRequest) getLoginToken(args map[string]any) (any, *apiError) {
	u, err := m.credentials(args)
	if err != nil {
		return nil, err
	}
	ws := m.s.workspaceOf(text(args, "origin"))
	if !ws.hasMember(u) {
		return nil, errForbidden("User is not a member of the workspace.")
	}
	return fields{"loginToken": m.loginToken(u, ws)}, nil
}

func (ws *workspace) hasMember(u *user) bool {
	ws.mu.RLock()
	defer ws.mu.RUnlock()
	return ws.members[u.id] != nil
}

// getAuthTokens is the second step: a login token for a pair of tokens.
func (m *metaRequest) getAuthTokens(args map[string]any) (any, *apiError) {
	c, err := m.s.tokens.read(text(args, "loginToken"))
	if err != nil {
		return nil, err
	}
	if c.Type != tokenLogin {
		return nil, errAuth(codeForbidden, subTokenType, "Expected a login token")
	}
	ws := m.s.workspaceOf(text(args, "origin"))
	if ws.id != c.WorkspaceID {
		return nil, errForbidden("Token is not valid for this workspace")
	}
	u := m.s.userByEmail(c.Subject)
	if u == nil || !ws.hasMember(u) {
		return nil, errAuth(codeUnauthenticated, "USER_NOT_FOUND", "User not found")
	}
	return fields{"tokens": m.s.pair(u, ws)}, nil
}

// pair is an access and a refresh token; without a workspace they are workspace-agnostic.
func (s *Server) pair(u *user, ws *workspace) fields {
	access, until := s.accessToken(u, ws)
	workspaceID := ""
	if ws != nil {
		workspaceID = ws.id
	}
	refresh, refreshUntil := s.tokens.issue(claims{
		RegisteredClaims: jwt.RegisteredClaims{Subject: u.id}, Type: tokenRefresh, UserID: u.id, WorkspaceID: workspaceID,
		AuthProvider: "password",
	}, s.options.RefreshTokenTTL)
	return fields{"accessOrWorkspaceAgnosticToken": authToken(access, until), "refreshToken": authToken(refresh, refreshUntil)}
}

func (s *Server) accessToken(u *user, ws *workspace) (string, time.Time) {
	c := claims{RegisteredClaims: jwt.RegisteredClaims{Subject: u.id}, UserID: u.id, AuthProvider: "password", Type: tokenAgnostic}
	if ws != nil {
		ws.mu.RLock()
		m := ws.members[u.id]
		ws.mu.RUnlock()
		impersonating := false
		c.Type, c.WorkspaceID, c.IsImpersonating = tokenAccess, ws.id, &impersonating
		if m != nil {
			c.WorkspaceMemberID, c.UserWorkspaceID = m.memberID, m.userWorkspaceID
		}
	}
	return s.tokens.issue(c, s.options.AccessTokenTTL)
}

// renewToken gives a new pair and revokes the refresh token; it may be used again for a minute.
func (m *metaRequest) renewToken(args map[string]any) (any, *apiError) {
	c, err := m.s.tokens.read(text(args, "appToken"))
	if err != nil {
		return nil, err
	}
	if c.Type != tokenRefresh {
		return nil, errAuth(codeForbidden, subTokenType, "Expected a refresh token")
	}
	u := m.s.userByID(c.Subject)
	if u == nil {
		return nil, errAuth(codeUnauthenticated, "USER_NOT_FOUND", "User not found")
	}
	if !m.s.tokens.use(c.ID) {
		return nil, errForbidden("Suspicious activity detected, this refresh token has been revoked. All tokens have been revoked.")
	}
	return fields{"tokens": m.s.pair(u, m.s.workspaceByID(c.WorkspaceID))}, nil
}

// signIn gives a token without a workspace and a login token for each workspace of the user.
func (m *metaRequest) signIn(args map[string]any) (any, *apiError) {
	u, err := m.credentials(args)
	if err != nil {
		return nil, err
	}
	available := []any{}
	for _, ws := range m.s.workspaces {
		if ws.hasMember(u) {
			available = append(available, fields{
				"id": ws.id, "displayName": ws.displayName, "loginToken": m.loginToken(u, ws)["token"], "workspaceUrls": m.s.workspaceURLs(),
			})
		}
	}
	return fields{
		"tokens":              m.s.pair(u, nil),
		"availableWorkspaces": fields{"availableWorkspacesForSignIn": available, "availableWorkspacesForSignUp": []any{}},
	}, nil
}

func (s *Server) workspaceURLs() fields {
	return fields{"customUrl": nil, "subdomainUrl": s.options.FrontURL + "/"}
}

// signUp is off once a workspace exists.
func (m *metaRequest) signUp(map[string]any) (any, *apiError) {
	return nil, &apiError{
		message: "New workspace setup is disabled", code: codeForbidden, subCode: "SIGNUP_DISABLED", user: "Sign up is disabled.",
	}
}

// signUpInWorkspace takes the workspace's invite hash and makes a user with the first role that is not an administrator's.
func (m *metaRequest) signUpInWorkspace(args map[string]any) (any, *apiError) {
	ws := m.s.workspaceByID(text(args, "workspaceId"))
	if ws == nil || text(args, "workspaceInviteHash") != m.s.options.InviteHash {
		return nil, errForbidden("Invalid invite hash")
	}
	if m.s.userByEmail(text(args, "email")) != nil {
		return nil, errForbidden("User already exists")
	}
	if err := m.s.addUser(ws, User{Email: text(args, "email"), Password: text(args, "password"), Role: m.s.memberRole()}); err != nil {
		return nil, internal("%s", err.Error())
	}
	return fields{
		"loginToken": m.loginToken(m.s.userByEmail(text(args, "email")), ws),
		"workspace":  fields{"id": ws.id, "workspaceUrls": m.s.workspaceURLs()},
	}, nil
}

func (s *Server) memberRole() string {
	for _, r := range s.options.Roles {
		if !r.may(settingDataModel) {
			return r.Label
		}
	}
	return s.options.Roles[0].Label
}

package fortytwo

import (
	"context"
	"errors"
	"strings"

	"github.com/golang-jwt/jwt/v5"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers"
)

// SignIn trades e-mail address and password for a user's tokens, in FortyTwo's two steps (fortytwo.md 2.1). A wrong
// password is UNAUTHENTICATED; an account that needs a second factor is FORBIDDEN.
func (c *Client) SignIn(ctx context.Context, email, password string) (helix.Session, error) {
	if c.recordsURL != "" && c.origin == "" {
		return helix.Session{}, helix.NotConfigured(helix.ProviderFortyTwo, "PLATFORM_ORIGIN")
	}
	anonymous := metadata{c, request{op: "fortytwo.signIn", anonymous: true, safety: providers.Idempotent}}
	login, err := getLoginToken(ctx, anonymous, email, password, c.origin)
	if err != nil {
		return helix.Session{}, signInRefused(err)
	}
	resp, err := getAuthTokens(ctx, anonymous, login.GetLoginTokenFromCredentials.LoginToken.Token, c.origin)
	if err != nil {
		return helix.Session{}, err
	}
	return session(resp.GetAuthTokensFromLoginToken)
}

// Refresh trades a refresh token for new tokens. FortyTwo revokes the old one, and tolerates its use for a minute more,
// so that a repeated request is safe. A revoked or expired one is UNAUTHENTICATED.
func (c *Client) Refresh(ctx context.Context, refreshToken string) (helix.Session, error) {
	resp, err := renewTokens(ctx, metadata{c, request{op: "fortytwo.refresh", anonymous: true, safety: providers.Idempotent}}, refreshToken)
	if err != nil {
		return helix.Session{}, refreshRefused(err)
	}
	return session(resp.RenewToken)
}

// WhoAmI asks FortyTwo who a token belongs to and in which workspace; the caller compares that with [Client.Workspace].
// A token that is no user's in a workspace is refused: UNAUTHENTICATED or FORBIDDEN.
func (c *Client) WhoAmI(ctx context.Context, token string) (user helix.User, workspaceID string, err error) {
	if !mayBeUserToken(token) {
		return helix.User{}, "", &helix.Error{Code: helix.CodeUnauthenticated, Message: messageSignIn, Op: "fortytwo.whoAmI"}
	}
	resp, err := currentUser(ctx, metadata{c, request{op: "fortytwo.whoAmI", access: helix.AsUser(token), safety: providers.Safe}})
	if err != nil {
		return helix.User{}, "", err
	}
	u := resp.CurrentUser
	if u.WorkspaceMember == nil || u.CurrentWorkspace == nil {
		return helix.User{}, "", helix.Forbidden("you are not a member of this workspace")
	}
	return userOf(u), u.CurrentWorkspace.Id, nil
}

func userOf(u signedInUser) helix.User {
	member := u.WorkspaceMember
	name := joinName(member.Name.FirstName, member.Name.LastName)
	if name == "" {
		name = joinName(u.FirstName, u.LastName)
	}
	user := helix.User{
		ID: u.Id, Member: helix.MemberID(member.Id), Name: name, Email: strings.ToLower(u.Email),
		Locale: member.Locale, TimeZone: member.TimeZone,
	}
	for _, role := range member.Roles {
		user.Roles = append(user.Roles, role.Label)
	}
	return user
}

// mayBeUserToken lets a claim refuse, never grant: line 1.5 answers currentUser to an API key too, as if it were its
// maker (fortytwo-samples/1.5/auth-apikey-currentUser). Tokens without a kind are FortyTwo's to judge.
func mayBeUserToken(token string) bool {
	if token == "" {
		return false
	}
	claims := jwt.MapClaims{}
	if _, _, err := jwt.NewParser().ParseUnverified(token, claims); err != nil {
		return true
	}
	kind, stated := claims["type"].(string)
	return !stated || kind == "ACCESS"
}

func session(t authTokens) (helix.Session, error) {
	access, refresh := t.Tokens.AccessOrWorkspaceAgnosticToken, t.Tokens.RefreshToken
	if access.Token == "" {
		return helix.Session{}, unavailable(errors.New("the answer holds no token"))
	}
	return helix.Session{AccessToken: access.Token, ExpiresAt: access.ExpiresAt, RefreshToken: refresh.Token}, nil
}

// signInRefused tells nobody whether the address or the password was wrong.
func signInRefused(err error) error {
	if errors.Is(err, errUnverified) {
		return err
	}
	e := helix.AsError(err)
	switch e.Code {
	case helix.CodeForbidden, helix.CodeBadInput, helix.CodeNotFound, helix.CodeUnauthenticated:
		refused := *e
		refused.Code, refused.Message = helix.CodeUnauthenticated, "the e-mail address or the password is wrong"
		return &refused
	default:
		return err
	}
}

func refreshRefused(err error) error {
	e := helix.AsError(err)
	switch e.Code {
	case helix.CodeForbidden, helix.CodeBadInput, helix.CodeNotFound:
		refused := *e
		refused.Code, refused.Message = helix.CodeUnauthenticated, messageSignIn
		return &refused
	default:
		return err
	}
}

func joinName(first, last string) string {
	return strings.TrimSpace(strings.TrimSpace(first) + " " + strings.TrimSpace(last))
}

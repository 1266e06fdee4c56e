package fortytwo

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	helix "github.com/helix-engage/gateway"
)

func TestSignInTakesTwoStepsAndSaysWhereItComesFrom(t *testing.T) {
	t.Parallel()
	s := newStrict(t)
	c := s.unresolved(t, nil)
	got, err := c.SignIn(t.Context(), "asha@sandbox.test", "right")
	if err != nil {
		t.Fatal(err)
	}
	want := helix.Session{
		AccessToken: "login for http://crm.test", RefreshToken: "refresh", ExpiresAt: time.Date(2026, 5, 1, 10, 30, 0, 0, time.UTC),
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestSignInThatFailsSaysWhatTheUserCanDo(t *testing.T) {
	t.Parallel()
	s := newStrict(t)
	_, err := s.unresolved(t, nil).SignIn(t.Context(), "asha@sandbox.test", "wrong")
	wantCode(t, err, helix.CodeUnauthenticated)
	if e := helix.AsError(err); e.Message != "the e-mail address or the password is wrong" {
		t.Errorf("says %q", e.Message)
	}
	_, err = s.unresolved(t, func(o *Options) { o.Origin = "" }).SignIn(t.Context(), "asha@sandbox.test", "right")
	wantCode(t, err, helix.CodeNotConfigured)
	s.secondFactor = true
	_, err = s.unresolved(t, nil).SignIn(t.Context(), "asha@sandbox.test", "right")
	wantCode(t, err, helix.CodeForbidden)
}

func TestARefreshTokenIsTradedAndARevokedOneEndsTheSession(t *testing.T) {
	t.Parallel()
	s := newStrict(t)
	c := s.unresolved(t, nil)
	got, err := c.Refresh(t.Context(), "refresh")
	if err != nil || got.AccessToken != "renewed" {
		t.Errorf("got %+v, %v", got, err)
	}
	_, err = c.Refresh(t.Context(), "revoked")
	wantCode(t, err, helix.CodeUnauthenticated)
}

func TestWhoAmITellsTheMemberAndTheWorkspace(t *testing.T) {
	t.Parallel()
	s := newStrict(t)
	s.user = map[string]any{
		"id": leadID, "email": "Asha@Sandbox.test", "firstName": "A", "lastName": "R",
		"workspaceMember": map[string]any{
			"id": string(member), "name": map[string]any{"firstName": "Asha", "lastName": "Rao"}, "timeZone": "Asia/Kolkata", "locale": "en",
			"roles": []any{map[string]any{"label": "Member"}, map[string]any{"label": "Supervisor"}},
		},
		"currentWorkspace": map[string]any{"id": workspaceID},
	}
	c := s.unresolved(t, nil)
	user, workspace, err := c.WhoAmI(t.Context(), "token")
	if err != nil {
		t.Fatal(err)
	}
	want := helix.User{
		ID: leadID, Member: member, Name: "Asha Rao", Email: "asha@sandbox.test", Roles: []string{"Member", "Supervisor"},
		Locale: "en", TimeZone: "Asia/Kolkata",
	}
	if diff := gocmp.Diff(want, user); diff != "" || workspace != workspaceID {
		t.Error(diff, workspace)
	}
	ours, err := c.Workspace(t.Context())
	if err != nil || ours != workspace {
		t.Errorf("the server key belongs to %q, %v", ours, err)
	}
}

func TestATokenThatIsNoUsersInAWorkspaceIsRefused(t *testing.T) {
	t.Parallel()
	s := newStrict(t)
	s.user = map[string]any{"id": leadID, "email": "a@b.test", "workspaceMember": nil, "currentWorkspace": nil}
	c := s.unresolved(t, nil)
	_, _, err := c.WhoAmI(t.Context(), "token")
	wantCode(t, err, helix.CodeForbidden)
	s.documents()
	for _, kind := range []string{"API_KEY", "REFRESH", "WORKSPACE_AGNOSTIC"} {
		_, _, err = c.WhoAmI(t.Context(), jwtOf(`{"type":"`+kind+`"}`))
		wantCode(t, err, helix.CodeUnauthenticated)
	}
	_, _, err = c.WhoAmI(t.Context(), "")
	wantCode(t, err, helix.CodeUnauthenticated)
	if docs := s.documents(); len(docs) != 0 {
		t.Errorf("asked FortyTwo about them: %q", docs)
	}
}

// jwtOf gives an unsigned token with these claims.
func jwtOf(claims string) string {
	part := base64.RawURLEncoding.EncodeToString
	return part([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + part([]byte(claims)) + "." + part([]byte("signature"))
}

func FuzzSessionsAreReadWithoutPanic(f *testing.F) {
	f.Add([]byte(`{"tokens":{"accessOrWorkspaceAgnosticToken":{"token":"a","expiresAt":"2026-05-01T10:30:00.000Z"},"refreshToken":{"token":"r"}}}`))
	f.Add([]byte(`{"id":"u","email":"A@B.C","workspaceMember":{"id":"m","name":{"firstName":" A "},"roles":[{"label":"x"}]},"currentWorkspace":{"id":"w"}}`))
	f.Add([]byte(`{"workspaceMember":null,"tokens":null}`))
	f.Add([]byte(jwtOf(`{"type":"API_KEY"}`)))
	f.Add([]byte(jwtOf(`{"type":7,"exp":"soon"}`)))
	f.Fuzz(func(t *testing.T, raw []byte) {
		mayBeUserToken(string(raw))
		var tokens authTokens
		if json.Unmarshal(raw, &tokens) == nil {
			if s, err := session(tokens); err == nil && s.AccessToken == "" {
				t.Fatal("a session without a token")
			}
		}
		var user signedInUser
		if json.Unmarshal(raw, &user) == nil && user.WorkspaceMember != nil {
			if u := userOf(user); u.Email != strings.ToLower(u.Email) || len(u.Roles) != len(user.WorkspaceMember.Roles) {
				t.Fatalf("the user is %+v", u)
			}
		}
	})
}

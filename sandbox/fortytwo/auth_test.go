package fortytwo

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// signIn takes both steps and gives the access and refresh token.
func (b *bench) signIn(email, password, origin string) (access, refresh string) {
	b.t.Helper()
	got := b.post("/metadata", "", map[string]any{
		"query":     `mutation($e:String!,$p:String!,$o:String!){getLoginTokenFromCredentials(email:$e,password:$p,origin:$o){loginToken{token expiresAt}}}`,
		"variables": map[string]any{"e": email, "p": password, "o": origin},
	})
	var login struct{ LoginToken struct{ Token string } }
	if err := json.Unmarshal([]byte(got.data("getLoginTokenFromCredentials")), &login); err != nil || got.failure() != "" {
		b.t.Fatalf("%v: %s", err, got.text)
	}
	got = b.post("/metadata", "", map[string]any{
		"query":     `mutation($t:String!,$o:String!){getAuthTokensFromLoginToken(loginToken:$t,origin:$o){` + tokensSelection + `}}`,
		"variables": map[string]any{"t": login.LoginToken.Token, "o": origin},
	})
	return b.pairOf(got, "getAuthTokensFromLoginToken")
}

const tokensSelection = `tokens{accessOrWorkspaceAgnosticToken{token expiresAt} refreshToken{token expiresAt}}`

func (b *bench) pairOf(a answer, root string) (access, refresh string) {
	b.t.Helper()
	var out struct {
		Tokens struct {
			AccessOrWorkspaceAgnosticToken, RefreshToken struct{ Token string }
		}
	}
	if err := json.Unmarshal([]byte(a.data(root)), &out); err != nil || a.failure() != "" {
		b.t.Fatalf("%v: %s", err, a.text)
	}
	return out.Tokens.AccessOrWorkspaceAgnosticToken.Token, out.Tokens.RefreshToken.Token
}

func (b *bench) renew(refresh string) answer {
	b.t.Helper()
	return b.post("/metadata", "", map[string]any{
		"query": `mutation($t:String!){renewToken(appToken:$t){` + tokensSelection + `}}`, "variables": map[string]any{"t": refresh},
	})
}

const whoAmI = `{currentUser{email workspaceMember{userEmail name{firstName} roles{label}} currentWorkspace{id metadataVersion} currentUserWorkspace{permissionFlags}}}`

func TestSigningInTakesTwoStepsAndTellsWhoIsCalling(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	access, _ := b.signIn(adminEmail, "tim@apple.dev", "http://localhost:3001")
	got := b.post("/metadata", access, map[string]any{"query": whoAmI})
	want := `{"currentUserWorkspace":{"permissionFlags":["DATA_MODEL","API_KEYS_AND_WEBHOOKS","ROLES","WORKSPACE","WORKSPACE_MEMBERS","SECURITY"]},` +
		`"currentWorkspace":{"id":"` + recordedWorkspace + `","metadataVersion":1},"email":"tim@apple.dev",` +
		`"workspaceMember":{"name":{"firstName":"Tim"},"roles":[{"label":"Admin"}],"userEmail":"tim@apple.dev"}}`
	if got.data("currentUser") != want {
		t.Errorf("got %s\nwant %s", got.text, want)
	}
	var c jwt.MapClaims
	token, _, err := jwt.NewParser().ParseUnverified(access, &c)
	if err != nil {
		t.Fatal(err)
	}
	if token.Header["alg"] != "ES256" || token.Header["kid"] == nil || c["type"] != "ACCESS" || c["sub"] != c["userId"] || c["workspaceId"] != recordedWorkspace ||
		c["workspaceMemberId"] == nil || c["userWorkspaceId"] == nil || c["isImpersonating"] != false {
		t.Errorf("header %v, claims %v", token.Header, c)
	}
	wrong := b.post("/metadata", "", map[string]any{
		"query": `mutation{getLoginTokenFromCredentials(email:"tim@apple.dev",password:"x",origin:""){loginToken{token}}}`,
	})
	if wrong.failure() != "FORBIDDEN/FORBIDDEN_EXCEPTION: Wrong password" {
		t.Errorf("a wrong password: %s", wrong.text)
	}
}

func TestEveryTokenFailureAnswersAsDocumented(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	access, refresh := b.signIn(adminEmail, "tim@apple.dev", "")
	header, rest, _ := strings.Cut(access, ".")
	payload, _, _ := strings.Cut(rest, ".")
	foreign, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"sub": "nobody", "type": "ACCESS", "workspaceId": recordedWorkspace, "iat": b.clock.Now().Unix(), "exp": b.clock.Now().Add(time.Hour).Unix(),
	}).SignedString([]byte(b.tokens.secret(recordedWorkspace, "ACCESS")))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, token, failure string }{
		{"a refresh token", refresh, "FORBIDDEN/INVALID_JWT_TOKEN_TYPE: Invalid token type: REFRESH"},
		{"no JWT", "garbage", "UNAUTHENTICATED/UNAUTHENTICATED: No payload"},
		{"a bad signature", header + "." + payload + ".AAAA", "UNAUTHENTICATED/UNAUTHENTICATED: Token invalid."},
		{"a user who is gone", foreign, "UNAUTHENTICATED/USER_NOT_FOUND: User not found"},
	} {
		for path, query := range map[string]string{"/graphql": `{calls{totalCount}}`, "/metadata": `{currentUser{id}}`} {
			t.Run(tt.name+" on "+path, func(t *testing.T) {
				got := b.post(path, tt.token, map[string]any{"query": query})
				if got.failure() != tt.failure || got.status != 200 {
					t.Errorf("status %d, failure %q, want %q", got.status, got.failure(), tt.failure)
				}
				if _, hasData := got.body["data"]; hasData || !strings.Contains(got.text, `"userFriendlyMessage":{"id"`) {
					t.Errorf("no data and an object for the user: %s", got.text)
				}
			})
		}
	}
}

func TestAuthorizationIsBearerInAnyCaseOrNoToken(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	token := b.token(adminEmail)
	body := map[string]any{"query": `{calls{totalCount}}`}
	if got := b.post("/graphql", "", body, "Authorization", "bEARER "+token); got.data("calls") != `{"totalCount":8}` {
		t.Errorf("answer %s", got.text)
	}
	if got := b.post("/graphql", "", body, "Authorization", "Token "+token); got.failure() != `/: Cannot query field "calls" on type "Query".` {
		t.Errorf("answer %s", got.text)
	}
}

func TestATokenWithoutAWorkspaceKnowsItsUserAndNoRecords(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	s := sample{}
	s.Request.Body = map[string]any{"query": `mutation($e:String!,$p:String!){signIn(email:$e,password:$p){` + tokensSelection + `}}`}
	withCredentials(b, &s)
	agnostic, _ := b.pairOf(b.post("/metadata", "", s.Request.Body), "signIn")
	if got := b.post("/metadata", agnostic, map[string]any{"query": `{currentUser{email currentWorkspace{id}}}`}); got.data("currentUser") != `{"currentWorkspace":null,"email":"tim@apple.dev"}` {
		t.Errorf("answer %s", got.text)
	}
	if got := b.post("/graphql", agnostic, map[string]any{"query": `{calls{totalCount}}`}); got.failure() != `/: Cannot query field "calls" on type "Query".` {
		t.Errorf("answer %s", got.text)
	}
}

func TestARefreshTokenWorksOnceAndForAMinuteMore(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	_, refresh := b.signIn(adminEmail, "tim@apple.dev", "")
	access, _ := b.pairOf(b.renew(refresh), "renewToken")
	if got := b.post("/graphql", access, map[string]any{"query": `{calls{totalCount}}`}); got.data("calls") != `{"totalCount":8}` {
		t.Errorf("the new token: %s", got.text)
	}
	b.clock.advance(59 * time.Second)
	if got := b.renew(refresh); got.failure() != "" {
		t.Errorf("reuse within the minute: %s", got.text)
	}
	b.clock.advance(2 * time.Second)
	if got := b.renew(refresh); !strings.HasPrefix(got.failure(), "FORBIDDEN/FORBIDDEN_EXCEPTION: Suspicious activity detected") {
		t.Errorf("reuse after the minute: %s", got.text)
	}
	if got := b.renew(access); got.failure() != "FORBIDDEN/INVALID_JWT_TOKEN_TYPE: Expected a refresh token" {
		t.Errorf("an access token: %s", got.text)
	}
}

func TestExpireTokensEndsThoseIssuedSoFarAndNoOthers(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	body := map[string]any{"query": `{calls{totalCount}}`}
	old, refresh := b.signIn(adminEmail, "tim@apple.dev", "")
	b.ExpireTokens()
	if got := b.post("/graphql", old, body); got.failure() != "UNAUTHENTICATED/UNAUTHENTICATED: Token has expired." {
		t.Errorf("the old token: %s", got.text)
	}
	renewed, _ := b.pairOf(b.renew(refresh), "renewToken")
	for name, token := range map[string]string{"a renewed token": renewed, "the API key": b.APIKey(), "a token of a new sign-in": b.token(adminEmail)} {
		if got := b.post("/graphql", token, body); got.failure() != "" {
			t.Errorf("%s: %s", name, got.text)
		}
	}
}

func TestTheOtherWorkspacesTokenIsValidButForeign(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	other := b.SeedFacts().OtherWorkspace
	access, _ := b.signIn(other.Email, other.Password, other.Origin)
	got := b.post("/metadata", access, map[string]any{"query": `{currentUser{currentWorkspace{id}}}`})
	if got.data("currentUser") != `{"currentWorkspace":{"id":"`+other.ID+`"}}` || other.ID == recordedWorkspace {
		t.Errorf("answer %s", got.text)
	}
	if got := b.post("/graphql", access, map[string]any{"query": `{calls{totalCount}}`}); got.data("calls") != `{"totalCount":0}` {
		t.Errorf("it sees its own, empty workspace: %s", got.text)
	}
	stranger := b.post("/metadata", "", map[string]any{
		"query": `mutation{getLoginTokenFromCredentials(email:"owner@clinic.test",password:"sandbox",origin:"http://localhost:3001"){loginToken{token}}}`,
	})
	if stranger.failure() != "FORBIDDEN/FORBIDDEN_EXCEPTION: User is not a member of the workspace." {
		t.Errorf("at the hospital: %s", stranger.text)
	}
}

func TestARoleChangeActsOnATokenAlreadyIssued(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	body := map[string]any{"query": `{leads{totalCount}}`}
	token := b.token("member@apple.dev")
	if got := b.post("/graphql", token, body); got.failure() != "" {
		t.Fatal(got.failure())
	}
	if err := b.SetRole("member@apple.dev", "Restricted"); err != nil {
		t.Fatal(err)
	}
	if got := b.post("/graphql", token, body); !strings.HasPrefix(got.failure(), "FORBIDDEN/PERMISSION_DENIED") {
		t.Errorf("answer %s", got.text)
	}
}

func TestAPIKeysAreMadeUsedAndRevoked(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	roles := map[string]string{}
	for id, r := range b.main().roles {
		roles[r.Label] = id
	}
	const create = `mutation($r:UUID!){createApiKey(input:{name:"crm",expiresAt:"2027-01-01",roleId:$r}){id name}}`
	if got := b.meta(create, "r", roles["Member"]); got.failure() != "BAD_USER_INPUT/: Role Member cannot be assigned to API keys" {
		t.Errorf("a role that keys may not have: %s", got.text)
	}
	if got := b.as("member@apple.dev", "/metadata", create, "r", roles["Admin"]); !strings.HasPrefix(got.failure(), "FORBIDDEN/PERMISSION_DENIED") {
		t.Errorf("a member: %s", got.text)
	}
	var key struct{ ID string }
	if err := json.Unmarshal([]byte(b.meta(create, "r", roles["Admin"]).data("createApiKey")), &key); err != nil {
		t.Fatal(err)
	}
	var made struct{ Token string }
	got := b.meta(`mutation($k:UUID!){generateApiKeyToken(apiKeyId:$k,expiresAt:"2027-01-01T00:00:00Z"){token}}`, "k", key.ID)
	if err := json.Unmarshal([]byte(got.data("generateApiKeyToken")), &made); err != nil {
		t.Fatal(err)
	}
	record := b.post("/graphql", made.Token, map[string]any{"query": `mutation{createLead(data:{}){createdBy{source name workspaceMemberId}}}`})
	if want := `{"createdBy":{"name":"crm","source":"API","workspaceMemberId":null}}`; record.data("createLead") != want {
		t.Errorf("a record of a key: %s", record.text)
	}
	workspace := b.post("/metadata", made.Token, map[string]any{"query": `{currentWorkspace{id metadataVersion}}`})
	if workspace.data("currentWorkspace") != `{"id":"`+recordedWorkspace+`","metadataVersion":1}` {
		t.Errorf("currentWorkspace of a key: %s", workspace.text)
	}
	b.meta(`mutation($k:UUID!){revokeApiKey(input:{id:$k}){id}}`, "k", key.ID)
	if got := b.post("/graphql", made.Token, map[string]any{"query": `{leads{totalCount}}`}); got.failure() != "FORBIDDEN/FORBIDDEN_EXCEPTION: This API Key is revoked" {
		t.Errorf("a revoked key: %s", got.text)
	}
}

func TestTrap14KeysAreLimitedByRootFieldAndUsersAreNot(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(o *Options) { o.Rate = RateLimit{Short: 3, Long: 5} })
	both := map[string]any{"query": `{calls{totalCount} leads{totalCount}}`}
	if got := b.post("/graphql", b.APIKey(), both); got.failure() != "" {
		t.Fatal(got.failure())
	}
	if got := b.post("/graphql", b.APIKey(), both); got.failure() != "BAD_USER_INPUT/LIMIT_REACHED: Limit reached (3 tokens per 1000 ms)" || strings.Count(got.text, "null") != 1 {
		t.Errorf("one root field too many: %s", got.text)
	}
	b.clock.advance(time.Second)
	b.post("/graphql", b.APIKey(), both)
	if got := b.post("/graphql", b.APIKey(), both); !strings.Contains(got.failure(), "5 tokens per 60000 ms") {
		t.Errorf("the minute's budget: %s", got.text)
	}
	for range 10 {
		if got := b.query(both["query"].(string)); got.failure() != "" {
			t.Fatalf("a user: %s", got.text)
		}
	}
}

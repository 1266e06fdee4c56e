package auth_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/auth"
)

// withKeys knows two keys of one name and one of another.
func withKeys(c *crm) *auth.Authenticator {
	return auth.New(auth.Options{
		Identities: c, Now: newClock().now, Directory: seats{},
		APIKeys: []auth.APIKey{
			auth.NewAPIKey("crm", "the-old-key"), auth.NewAPIKey("crm", "the-new-key"), auth.NewAPIKey("lab", "the-key-of-the-lab"),
		},
	})
}

func TestWhoseKeyItIs(t *testing.T) {
	t.Parallel()
	valid := token(t, start.Add(time.Hour))
	for _, c := range []struct {
		name, authorization, key string
		want                     string // [helix.Caller.Key]
		code                     helix.Code
	}{
		{"a key", "", "the-new-key", "key:crm", ""},
		{"the key that it replaces", "", "the-old-key", "key:crm", ""},
		{"a key of another name", "", " the-key-of-the-lab ", "key:lab", ""},
		{"a wrong key", "", "the-new-kez", "", helix.CodeUnauthenticated},
		{"the beginning of a key", "", "the-new-ke", "", helix.CodeUnauthenticated},
		{"a key as a token", "Bearer the-new-key", "", "", helix.CodeUnauthenticated},
		{"a token as a key", "", valid, "", helix.CodeUnauthenticated},
		{"a key goes before a token", "Bearer " + valid, "the-new-key", "key:crm", ""},
		{"a wrong key is not made up for by a token", "Bearer " + valid, "no key", "", helix.CodeUnauthenticated},
		{"a token without a key", "Bearer " + valid, " ", "user:u1", ""},
		{"neither", "", "", "", helix.CodeUnauthenticated},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ctx := withKeys(asha()).With(t.Context(), auth.NewCredentials(c.authorization, c.key), "")
			caller, err := auth.Anyone(ctx)
			if c.code != "" {
				if !helix.IsCode(err, c.code) || caller != nil {
					t.Fatalf("got %v, %v", caller, err)
				}
				return
			}
			if err != nil || caller.Key() != c.want || caller.Supervisor || (caller.User == nil) != strings.HasPrefix(c.want, "key:") {
				t.Fatalf("got %+v, %v", caller, err)
			}
		})
	}
}

func TestNobodyIsAskedWhoseKeyItIs(t *testing.T) {
	t.Parallel()
	c := asha()
	if _, err := auth.Anyone(withKeys(c).With(t.Context(), auth.NewCredentials("", "the-new-key"), "")); err != nil || c.asked.Load() != 0 {
		t.Fatalf("%v, asked %d times", err, c.asked.Load())
	}
}

func TestAKeyOpensNothingThatIsForMembers(t *testing.T) {
	t.Parallel()
	ctx := withKeys(asha()).With(t.Context(), auth.NewCredentials("", "the-new-key"), "")
	if caller, err := auth.Caller(ctx); !helix.IsCode(err, helix.CodeForbidden) || caller != nil {
		t.Errorf("a member: %v, %v", caller, err)
	}
	if _, _, err := auth.Seat(ctx); !helix.IsCode(err, helix.CodeForbidden) {
		t.Errorf("a desk: %v", err)
	}
	if _, err := auth.Anyone(auth.Fresh(ctx)); err != nil {
		t.Errorf("asked anew: %v", err)
	}
}

func TestWithoutKeysNoneIsValid(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"the-new-key", "", " "} {
		ctx := authenticator(asha(), newClock().now).With(t.Context(), auth.NewCredentials("", key), "")
		if _, err := auth.Anyone(ctx); !helix.IsCode(err, helix.CodeUnauthenticated) {
			t.Errorf("%q: %v", key, err)
		}
	}
}

func TestAKeyIsReadFromItsHeader(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("x-api-key", "the-new-key")
	var caller *helix.Caller
	var anonymous bool
	var limits auth.LimitName
	withKeys(asha()).Middleware(0, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		caller, _ = auth.Anyone(r.Context())
		anonymous, limits = auth.Anonymous(r.Context()), auth.LimitKey(r.Context())
	})).ServeHTTP(httptest.NewRecorder(), r)
	if caller == nil || caller.APIKeyID != "crm" || anonymous || limits == (auth.LimitName{}) || limits == auth.LimitKey(t.Context()) {
		t.Fatalf("%+v, %t, %v", caller, anonymous, limits)
	}
}

func TestAKeyThatIsPrintedTellsItsNameAlone(t *testing.T) {
	t.Parallel()
	key := auth.NewAPIKey("crm", "the-new-key")
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if text := fmt.Sprintf(verb, key); !strings.Contains(text, "crm") || len(text) > 20 {
			t.Errorf("%s: %s", verb, text)
		}
	}
}

func TestARouterSaysThatItIsOneBesideWhomItAsksFor(t *testing.T) {
	t.Parallel()
	valid := token(t, start.Add(time.Hour))
	a := auth.New(auth.Options{
		Identities: asha(), Now: newClock().now, Directory: seats{}, APIKeys: []auth.APIKey{auth.NewAPIKey("crm", "the-key-of-the-crm")},
		RouterKeys: []auth.APIKey{auth.NewAPIKey("old", "the-old-router"), auth.NewAPIKey("new", "the-new-router")},
	})
	for _, c := range []struct {
		name, key string
		router    bool
		code      helix.Code
	}{
		{"no key", "", false, ""},
		{"a key", "the-old-router", true, ""},
		{"another key", " the-new-router ", true, ""},
		{"a wrong key", "the-new-routes", false, helix.CodeUnauthenticated},
		{"a key of the CRM", "the-key-of-the-crm", false, helix.CodeUnauthenticated},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := http.Header{"Authorization": {"Bearer " + valid}}
			if c.key != "" {
				h.Set(auth.HeaderRouterKey, c.key)
			}
			ctx := auth.Fresh(a.With(t.Context(), auth.CredentialsIn(h), ""))
			router, err := auth.Router(ctx)
			if router != c.router || (c.code == "") != (err == nil) || err != nil && !helix.IsCode(err, c.code) {
				t.Errorf("got %t, %v", router, err)
			}
			if caller, err := auth.Caller(ctx); err != nil || caller.Key() != "user:u1" {
				t.Errorf("for whom it asks: %+v, %v", caller, err)
			}
		})
	}
	if _, err := auth.Caller(a.With(t.Context(), auth.CredentialsIn(http.Header{auth.HeaderRouterKey: {"the-new-router"}}), "")); !helix.IsCode(err, helix.CodeUnauthenticated) {
		t.Errorf("a router is somebody by itself: %v", err)
	}
	if router, err := auth.Router(t.Context()); router || err != nil {
		t.Errorf("outside a request: %t, %v", router, err)
	}
}

package auth_test

import (
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/auth"
)

// Whatever a token says, FortyTwo's answer decides: no text grants what FortyTwo refuses.
func FuzzTokens(f *testing.F) {
	for _, expires := range []time.Time{start.Add(-time.Hour), start.Add(time.Hour)} {
		token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.RegisteredClaims{ExpiresAt: jwt.NewNumericDate(expires)}).SignedString([]byte("key"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(token)
	}
	f.Add("")
	f.Add("a.b.c")
	f.Add("eyJhbGciOiJub25lIn0.eyJleHAiOiIxZTk5OSJ9.")
	refusing := &crm{err: &helix.Error{Code: helix.CodeUnauthenticated, Message: "no"}}
	f.Fuzz(func(t *testing.T, token string) {
		a := auth.New(auth.Options{Identities: refusing, Now: func() time.Time { return start }})
		if caller, err := a.Authenticate(t.Context(), token); !helix.IsCode(err, helix.CodeUnauthenticated) || caller != nil {
			t.Fatalf("caller %v, error %v", caller, err)
		}
	})
}

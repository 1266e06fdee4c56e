package auth

import (
	"context"
	"crypto/sha256"
	"net"
	"net/http"
	"strings"
	"sync"

	helix "github.com/helix-engage/gateway"
)

// credentials are what a request carries; whose they are is asked when a field needs to know.
type credentials struct {
	auth  *Authenticator
	token string
	ip    string

	once   sync.Once
	caller *helix.Caller
	err    error
}

type contextKey struct{}

// With attaches a bearer token and the client's address to ctx.
func (a *Authenticator) With(ctx context.Context, token, ip string) context.Context {
	return context.WithValue(ctx, contextKey{}, &credentials{auth: a, token: token, ip: ip})
}

// Fresh gives a context in which who calls is asked again; what is cached for the token still counts.
func Fresh(ctx context.Context) context.Context {
	c, ok := ctx.Value(contextKey{}).(*credentials)
	if !ok {
		return ctx
	}
	return c.auth.With(ctx, c.token, c.ip)
}

// Anonymous reports whether the request carries no token at all.
func Anonymous(ctx context.Context) bool {
	c, ok := ctx.Value(contextKey{}).(*credentials)
	return !ok || c.token == ""
}

// LimitKey names who sends the request without asking anybody: the hash of the token, else the address. It is for limits
// alone, since anybody can make up a token.
func LimitKey(ctx context.Context) string {
	c, ok := ctx.Value(contextKey{}).(*credentials)
	if !ok || c.token == "" {
		return "address:" + ClientIP(ctx)
	}
	sum := sha256.Sum256([]byte(c.token))
	return string(sum[:])
}

// Middleware attaches what an HTTP request carries. proxies is how many proxies in front of the gateway append to
// X-Forwarded-For; with none the header is not believed.
func (a *Authenticator) Middleware(proxies int, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := a.With(r.Context(), BearerToken(r.Header.Get("Authorization")), clientIP(r, proxies))
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// Caller is who calls: UNAUTHENTICATED when nobody does.
func Caller(ctx context.Context) (*helix.Caller, error) {
	c, ok := ctx.Value(contextKey{}).(*credentials)
	if !ok {
		return nil, unauthenticated("sign in first")
	}
	c.once.Do(func() { c.caller, c.err = c.auth.Authenticate(ctx, c.token) })
	return c.caller, c.err
}

// Seat is the calling member's desk: NOT_AN_AGENT when he has none.
func Seat(ctx context.Context) (*helix.Caller, helix.AgentSeat, error) {
	caller, err := Caller(ctx)
	if err != nil {
		return nil, helix.AgentSeat{}, err
	}
	if caller.Seat == nil {
		return nil, helix.AgentSeat{}, &helix.Error{
			Code: helix.CodeNotAnAgent, Message: "you have no desk here; ask your supervisor to add you to the agent directory",
		}
	}
	return caller, *caller.Seat, nil
}

// ClientIP is the address that the request came from, "" outside a request.
func ClientIP(ctx context.Context) string {
	if c, ok := ctx.Value(contextKey{}).(*credentials); ok {
		return c.ip
	}
	return ""
}

// BearerToken reads an Authorization header; another scheme counts as no token, as FortyTwo has it (fortytwo.md 1).
func BearerToken(header string) string {
	scheme, token, ok := strings.Cut(strings.TrimSpace(header), " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

func clientIP(r *http.Request, proxies int) string {
	if proxies > 0 {
		hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
		if i := len(hops) - proxies; i >= 0 {
			if ip := strings.TrimSpace(hops[i]); net.ParseIP(ip) != nil {
				return ip
			}
		}
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

package auth

import (
	"context"
	"crypto/sha256"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	helix "github.com/helix-engage/gateway"
)

// Credentials are what a request carries to say who sends it. A key counts before a token: who presents one is the CRM,
// whatever else he presents, and a key that is wrong is not made up for by a token that is right.
type Credentials struct {
	token string
	hash  [sha256.Size]byte // of the token
	key   [sha256.Size]byte // hash of the API key
	keyed bool

	router [sha256.Size]byte // hash of the router's key
	routed bool
}

// hashOf copies what is as long as tokens are to the stack, and not to the heap.
func hashOf(text string) [sha256.Size]byte {
	var room [2048]byte
	return sha256.Sum256(append(room[:0], text...))
}

// CredentialsIn reads the headers of a request: Authorization, X-Api-Key and X-Router-Key.
func CredentialsIn(h http.Header) Credentials {
	c := NewCredentials(h.Get("Authorization"), h.Get(HeaderAPIKey))
	if key := strings.TrimSpace(h.Get(HeaderRouterKey)); key != "" {
		c.router, c.routed = sha256.Sum256([]byte(key)), true
	}
	return c
}

// NewCredentials are those of an Authorization header and of an API key; "" for none.
func NewCredentials(authorization, apiKey string) Credentials {
	c := Credentials{token: BearerToken(authorization)}
	if c.token != "" {
		c.hash = hashOf(c.token)
	}
	if apiKey = strings.TrimSpace(apiKey); apiKey != "" {
		c.key, c.keyed = sha256.Sum256([]byte(apiKey)), true
	}
	return c
}

// request is a context that knows who sends a request; whose credentials they are is asked when a field needs to know.
type request struct {
	context.Context
	Credentials
	auth *Authenticator
	ip   string
	age  time.Duration // at which FortyTwo's answer is believed no more

	asked  atomic.Bool
	once   sync.Once
	caller *helix.Caller
	err    error
}

type contextKey struct{}

// With attaches credentials and the client's address to ctx.
func (a *Authenticator) With(ctx context.Context, c Credentials, ip string) context.Context {
	return &request{Context: ctx, Credentials: c, auth: a, ip: ip, age: cacheFor}
}

// Value gives the request, or what the context before has.
func (r *request) Value(key any) any {
	if key == (contextKey{}) {
		return r
	}
	return r.Context.Value(key)
}

// Fresh gives a context in which who calls is asked again; what is cached for the token still counts.
func Fresh(ctx context.Context) context.Context {
	r, ok := ctx.Value(contextKey{}).(*request)
	if !ok || !r.asked.Load() {
		return ctx
	}
	return r.auth.With(ctx, r.Credentials, r.ip)
}

// Recent gives a context in which who calls is asked again, and FortyTwo with it unless its answer is younger than age. Those who
// ask at the same time share one question.
func Recent(ctx context.Context, age time.Duration) context.Context {
	r, ok := ctx.Value(contextKey{}).(*request)
	if !ok {
		return ctx
	}
	return &request{Context: ctx, Credentials: r.Credentials, auth: r.auth, ip: r.ip, age: min(age, cacheFor)}
}

// Anonymous reports whether the request carries neither token nor key.
func Anonymous(ctx context.Context) bool {
	r, ok := ctx.Value(contextKey{}).(*request)
	return !ok || (r.token == "" && !r.keyed)
}

// LimitName names who sends a request, for limits.
type LimitName struct {
	secret  [sha256.Size]byte // hash of the key or the token
	address string            // of whom there is neither
}

// LimitKey names who sends the request without asking anybody. It is for limits alone, since anybody can make up tokens.
func LimitKey(ctx context.Context) LimitName {
	r, ok := ctx.Value(contextKey{}).(*request)
	switch {
	case ok && r.keyed:
		return LimitName{secret: r.key}
	case ok && r.token != "":
		return LimitName{secret: r.hash}
	default:
		return LimitName{address: ClientIP(ctx)}
	}
}

// Middleware attaches what an HTTP request carries. proxies is how many proxies in front of the gateway append to
// X-Forwarded-For; with none the header is not believed.
func (a *Authenticator) Middleware(proxies int, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := a.With(r.Context(), CredentialsIn(r.Header), clientIP(r, proxies))
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// Caller is the member who calls: UNAUTHENTICATED when nobody does, FORBIDDEN for a key of the CRM.
func Caller(ctx context.Context) (*helix.Caller, error) {
	caller, err := Anyone(ctx)
	if err == nil && caller.User == nil {
		return nil, helix.Forbidden("an API key opens outbound calls alone")
	}
	return caller, err
}

// Anyone is who calls, be it a member or the CRM with a key: UNAUTHENTICATED when nobody does. It is for what a key opens;
// all else asks for the [Caller].
func Anyone(ctx context.Context) (*helix.Caller, error) {
	r, ok := ctx.Value(contextKey{}).(*request)
	if !ok {
		return nil, unauthenticated("sign in first")
	}
	r.asked.Store(true)
	r.once.Do(func() {
		if r.keyed {
			r.caller, r.err = r.auth.keyHolder(r.key)
			return
		}
		r.caller, r.err = r.auth.authenticate(ctx, r.token, r.hash, r.age)
	})
	return r.caller, r.err
}

// Router tells whether a router of a larger graph sends the request, which it says beside whom it does so for: UNAUTHENTICATED
// for a key that is not valid.
func Router(ctx context.Context) (bool, error) {
	r, ok := ctx.Value(contextKey{}).(*request)
	if !ok || !r.routed {
		return false, nil
	}
	if holder(r.auth.routers, r.router) < 0 {
		return false, unauthenticated("the router's key is not valid")
	}
	return true, nil
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
	if r, ok := ctx.Value(contextKey{}).(*request); ok {
		return r.ip
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

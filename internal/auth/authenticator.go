package auth

import (
	"context"
	"crypto/sha256"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/sync/singleflight"

	helix "github.com/helix-engage/gateway"
)

const (
	// cacheFor is how long FortyTwo's answer for a token is believed, from when it was asked: a role that is taken away works
	// that much longer.
	cacheFor = time.Minute
	// maxCached bounds the answers that are kept; when it is reached, those that have lapsed go, else an arbitrary one.
	maxCached = 10_000
	// maxToken is longer than any token that FortyTwo issues, in bytes.
	maxToken = 8 << 10
	// askWithin bounds the question to FortyTwo. It is shared by everyone who waits for it, so no one's context ends it.
	askWithin = 10 * time.Second
)

// Identities is the system that knows whose token it is.
type Identities interface {
	// WhoAmI answers with the user and his workspace; UNAUTHENTICATED for a token that is not valid.
	WhoAmI(ctx context.Context, token string) (user helix.User, workspace string, err error)
	// Workspace answers with the workspace that the gateway serves.
	Workspace(ctx context.Context) (id string, err error)
}

// Directory says which member works at which desk.
type Directory interface {
	// Seat gives the desk of the member with this e-mail, or nil.
	Seat(email string) *helix.AgentSeat
}

// Options wires an [Authenticator].
type Options struct {
	Identities      Identities
	Directory       Directory
	SupervisorRoles []string // labels of FortyTwo roles; compared without case
	APIKeys         []APIKey // of the CRM; a handful, each is compared
	RouterKeys      []APIKey // of routers that the gateway stands behind; a handful, each is compared
	Now             func() time.Time
}

// Authenticator tells callers by their tokens and keys. It is safe for concurrent use.
type Authenticator struct {
	identities  Identities
	directory   Directory
	supervisors []string
	keys        []APIKey
	routers     []APIKey
	now         func() time.Time
	flight      singleflight.Group

	mu        sync.Mutex
	cache     map[[sha256.Size]byte]answer
	workspace string
}

type answer struct {
	caller *helix.Caller
	asked  time.Time
	until  time.Time
}

// New makes an authenticator.
func New(o Options) *Authenticator {
	roles := make([]string, len(o.SupervisorRoles))
	for i, r := range o.SupervisorRoles {
		roles[i] = strings.ToLower(strings.TrimSpace(r))
	}
	return &Authenticator{
		identities: o.Identities, directory: o.Directory, supervisors: roles, keys: slices.Clone(o.APIKeys), now: o.Now,
		routers: slices.Clone(o.RouterKeys),
		cache:   map[[sha256.Size]byte]answer{},
	}
}

// Authenticate tells whose token it is: UNAUTHENTICATED without a valid token, FORBIDDEN for one of another workspace.
func (a *Authenticator) Authenticate(ctx context.Context, token string) (*helix.Caller, error) {
	return a.authenticate(ctx, token, sha256.Sum256([]byte(token)), cacheFor)
}

// authenticate looks a token up by its hash. An answer of this age, or an older one, is not believed.
func (a *Authenticator) authenticate(ctx context.Context, token string, key [sha256.Size]byte, age time.Duration) (*helix.Caller, error) {
	a.mu.Lock()
	known, ok := a.cache[key]
	a.mu.Unlock()
	if now := a.now(); ok && now.Before(known.until) && now.Before(known.asked.Add(age)) { // never past the token's end, which is not read again
		return known.caller, nil
	}
	return a.learn(ctx, token, key)
}

// learn asks FortyTwo whose token it is, once for all who ask at the same time.
func (a *Authenticator) learn(ctx context.Context, token string, key [sha256.Size]byte) (*helix.Caller, error) {
	expires, err := a.readable(token)
	if err != nil {
		return nil, err
	}
	done := a.flight.DoChan(string(key[:]), func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askWithin)
		defer cancel()
		return a.ask(ctx, token, expires, key)
	})
	select {
	case r := <-done:
		if r.Err != nil {
			return nil, r.Err
		}
		return r.Val.(*helix.Caller), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// readable refuses what cannot be a valid token before anybody is asked, and reads when it ends.
func (a *Authenticator) readable(token string) (time.Time, error) {
	if token == "" {
		return time.Time{}, unauthenticated("sign in first")
	}
	if len(token) > maxToken {
		return time.Time{}, unauthenticated("the token is not valid")
	}
	var claims jwt.RegisteredClaims
	if _, _, err := jwt.NewParser().ParseUnverified(token, &claims); err != nil || claims.ExpiresAt == nil {
		return time.Time{}, unauthenticated("the token is not valid")
	}
	if !a.now().Before(claims.ExpiresAt.Time) {
		return time.Time{}, unauthenticated("the session has expired; refresh it")
	}
	return claims.ExpiresAt.Time, nil
}

func (a *Authenticator) ask(ctx context.Context, token string, expires time.Time, key [sha256.Size]byte) (*helix.Caller, error) {
	ours, err := a.ourWorkspace(ctx)
	if err != nil {
		return nil, err
	}
	asked := a.now()
	user, workspace, err := a.identities.WhoAmI(ctx, token)
	if err == nil && (workspace != ours || user.Member == "") {
		err = helix.Forbidden("this account does not belong to the workspace")
	}
	if err != nil {
		if helix.IsCode(err, helix.CodeUnauthenticated) || helix.IsCode(err, helix.CodeForbidden) {
			a.forget(key)
		}
		return nil, err
	}
	caller := &helix.Caller{
		User: &user, Token: token, TokenHash: key, ExpiresAt: expires, Seat: a.directory.Seat(user.Email), Supervisor: a.supervises(user),
	}
	until := asked.Add(cacheFor)
	if expires.Before(until) {
		until = expires
	}
	a.keep(key, answer{caller: caller, asked: asked, until: until})
	return caller, nil
}

func (a *Authenticator) ourWorkspace(ctx context.Context) (string, error) {
	a.mu.Lock()
	known := a.workspace
	a.mu.Unlock()
	if known != "" {
		return known, nil
	}
	id, err := a.identities.Workspace(ctx)
	if err != nil {
		return "", err
	}
	if id == "" {
		return "", &helix.Error{
			Code: helix.CodeUnavailable, Message: "sign-in is not possible at the moment", Retryable: true,
			Provider: helix.ProviderFortyTwo, Op: "auth.workspace", Detail: "the server key belongs to no workspace",
		}
	}
	a.mu.Lock()
	a.workspace = id
	a.mu.Unlock()
	return id, nil
}

func (a *Authenticator) supervises(u helix.User) bool {
	return slices.ContainsFunc(u.Roles, func(role string) bool {
		return slices.Contains(a.supervisors, strings.ToLower(role))
	})
}

// forget believes no answer any more that was given before a refusal.
func (a *Authenticator) forget(key [sha256.Size]byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.cache, key)
}

func (a *Authenticator) keep(key [sha256.Size]byte, ans answer) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.cache) >= maxCached {
		now := a.now()
		for k, v := range a.cache {
			if !now.Before(v.until) {
				delete(a.cache, k)
			}
		}
		for k := range a.cache {
			if len(a.cache) < maxCached {
				break
			}
			delete(a.cache, k)
		}
	}
	a.cache[key] = ans
}

func unauthenticated(message string) *helix.Error {
	return &helix.Error{Code: helix.CodeUnauthenticated, Message: message}
}

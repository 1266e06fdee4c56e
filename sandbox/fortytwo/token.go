package fortytwo

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
)

// Types of tokens (fortytwo.md 2.3).
const (
	tokenAccess   = "ACCESS"
	tokenAgnostic = "WORKSPACE_AGNOSTIC"
	tokenAPIKey   = "API_KEY"
	tokenLogin    = "LOGIN"
	tokenRefresh  = "REFRESH"
)

// claims are those of every token type; each sets its own.
type claims struct {
	jwt.RegisteredClaims
	Type              string `json:"type"`
	UserID            string `json:"userId,omitempty"`
	WorkspaceID       string `json:"workspaceId,omitempty"`
	WorkspaceMemberID string `json:"workspaceMemberId,omitempty"`
	UserWorkspaceID   string `json:"userWorkspaceId,omitempty"`
	AuthProvider      string `json:"authProvider,omitempty"`
	IsImpersonating   *bool  `json:"isImpersonating,omitempty"`
}

// tokens signs and reads JWTs: ES256 with a key id; HS256 of older servers is read too, and all that line 1.5 signs.
type tokens struct {
	line      Line
	key       *ecdsa.PrivateKey
	keyID     string
	appSecret string
	now       func() time.Time

	mu        sync.Mutex
	expiredAt time.Time              // access tokens issued up to here count as expired
	fresh     map[[32]byte]bool      // issued after expiredAt but within its second, which is all that iat can tell
	known     map[[32]byte]claims    // tokens whose signature was found good, by their hash
	refresh   map[string]*refreshing // refresh tokens by id
	order     []string               // their ids, oldest first
}

// refreshing is the state of a refresh token.
type refreshing struct{ revokedAt time.Time }

const (
	// maxRefreshTokens bounds what is remembered; the oldest are forgotten and no longer accepted.
	maxRefreshTokens = 10_000
	// maxFreshTokens bounds the tokens of one second; more would count as expired.
	maxFreshTokens = 10_000
	// maxKnownTokens bounds the tokens whose signature need not be checked again; beyond it all are forgotten.
	maxKnownTokens = 10_000
	// reuseTolerance is how long a used refresh token may be used again (fortytwo.md 2.1).
	reuseTolerance = time.Minute
)

func newTokens(line Line, appSecret string, now func() time.Time) (*tokens, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("fortytwo emulator: signing key: %w", err)
	}
	return &tokens{
		line: line, key: key, keyID: uuid.NewString(), appSecret: appSecret, now: now,
		fresh: map[[32]byte]bool{}, refresh: map[string]*refreshing{},
	}, nil
}

// issue signs a token and gives it with the time it expires.
func (t *tokens) issue(c claims, ttl time.Duration) (string, time.Time) {
	now := t.now()
	return t.issueUntil(c, now.Add(ttl)), now.Add(ttl)
}

func (t *tokens) issueUntil(c claims, until time.Time) string {
	now := t.now()
	c.IssuedAt, c.ExpiresAt = jwt.NewNumericDate(now), jwt.NewNumericDate(until)
	if c.Type == tokenRefresh {
		c.ID = uuid.NewString()
		t.remember(c.ID)
	}
	signed, err := t.sign(c)
	if err != nil {
		return "" // either kind of key signs any claims
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if now.Unix() == t.expiredAt.Unix() && len(t.fresh) < maxFreshTokens {
		t.fresh[sha256.Sum256([]byte(signed))] = true
	}
	return signed
}

func (t *tokens) sign(c claims) (string, error) {
	if t.line == Line15 {
		return jwt.NewWithClaims(jwt.SigningMethodHS256, c).SignedString(t.secretOf(&c))
	}
	token := jwt.NewWithClaims(jwt.SigningMethodES256, c)
	token.Header["kid"] = t.keyID
	return token.SignedString(t.key)
}

// secretOf is the HS256 key of a token with these claims.
func (t *tokens) secretOf(c *claims) []byte {
	owner := c.WorkspaceID
	if owner == "" {
		owner = c.UserID
	}
	return []byte(t.secret(owner, c.Type))
}

func (t *tokens) remember(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.refresh[id] = &refreshing{}
	if t.order = append(t.order, id); len(t.order) > maxRefreshTokens {
		delete(t.refresh, t.order[0])
		t.order = t.order[1:]
	}
}

// use revokes a refresh token. It is false for one that is unknown or was revoked more than a minute ago.
func (t *tokens) use(id string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	state := t.refresh[id]
	if state == nil || !state.revokedAt.IsZero() && t.now().Sub(state.revokedAt) > reuseTolerance {
		return false
	}
	if state.revokedAt.IsZero() {
		state.revokedAt = t.now()
	}
	return true
}

// expireAccess makes every access token issued so far count as expired.
func (t *tokens) expireAccess() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.expiredAt = t.now()
	t.fresh = map[[32]byte]bool{}
}

// secret is the HS256 key of servers before 2.5.
func (t *tokens) secret(owner, tokenType string) string {
	sum := sha256.Sum256([]byte(t.appSecret + owner + tokenType))
	return hex.EncodeToString(sum[:])
}

// read checks signature and expiry (fortytwo.md 2.6). A signature is checked once.
func (t *tokens) read(token string) (*claims, *apiError) {
	hash := sha256.Sum256([]byte(token))
	t.mu.Lock()
	known, ok := t.known[hash]
	t.mu.Unlock()
	if ok && known.ExpiresAt != nil && t.now().Before(known.ExpiresAt.Time) && !t.expiredEarly(hash, &known) {
		return &known, nil
	}
	c, err := t.verified(token, hash)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.known == nil || len(t.known) >= maxKnownTokens {
		t.known = map[[32]byte]claims{}
	}
	t.known[hash] = *c
	return c, nil
}

func (t *tokens) verified(token string, hash [32]byte) (*claims, *apiError) {
	var c claims
	parser := jwt.NewParser(jwt.WithTimeFunc(t.now), jwt.WithValidMethods([]string{"ES256", "HS256"}))
	if _, _, err := parser.ParseUnverified(token, &c); err != nil {
		return nil, errAuth(codeUnauthenticated, codeUnauthenticated, "No payload")
	}
	_, err := parser.ParseWithClaims(token, &c, func(parsed *jwt.Token) (any, error) {
		if parsed.Method.Alg() == "HS256" {
			return t.secretOf(&c), nil
		}
		if parsed.Header["kid"] != t.keyID {
			return nil, jwt.ErrTokenUnverifiable
		}
		return &t.key.PublicKey, nil
	})
	switch {
	case errors.Is(err, jwt.ErrTokenExpired), err == nil && t.expiredEarly(hash, &c):
		return nil, errAuth(codeUnauthenticated, codeUnauthenticated, "Token has expired.")
	case err != nil:
		return nil, errAuth(codeUnauthenticated, codeUnauthenticated, "Token invalid.")
	}
	return &c, nil
}

func (t *tokens) expiredEarly(hash [32]byte, c *claims) bool {
	if c.Type != tokenAccess && c.Type != tokenAgnostic {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.expiredAt.IsZero() || c.IssuedAt == nil || c.IssuedAt.Unix() > t.expiredAt.Unix() {
		return false
	}
	return !t.fresh[hash]
}

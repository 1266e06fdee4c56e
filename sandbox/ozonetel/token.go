package ozonetel

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"time"
)

// tokenStore is the account's token: one at a time, a new one kills the earlier (ozonetel.md 1).
type tokenStore struct {
	key     [8]byte
	minted  int
	current string
	expires time.Time
}

func newTokenStore(seed int64) tokenStore {
	var store tokenStore
	binary.BigEndian.PutUint64(store.key[:], uint64(seed))
	return store
}

// mint makes the next token, shaped like the vendor's JWT.
func (t *tokenStore) mint(userName string, now time.Time, life time.Duration) string {
	t.minted++
	t.expires = now.Add(life)
	encode := base64.RawURLEncoding.EncodeToString
	text := encode([]byte(`{"alg":"HS256"}`)) + "." +
		encode(fmt.Appendf(nil, `{"sub":%q,"iat":%d,"exp":%d,"jti":"%d"}`, userName, now.Unix(), t.expires.Unix(), t.minted))
	sum := hmac.New(sha256.New, t.key[:])
	sum.Write([]byte(text))
	t.current = text + "." + encode(sum.Sum(nil))
	return t.current
}

// refusal is the token layer's message for a token, empty when it is good.
func (t *tokenStore) refusal(token string, now time.Time) string {
	switch {
	case token == "":
		return "Token Should Not be Null or Empty."
	case token != t.current:
		return "Invalid Token"
	case !now.Before(t.expires):
		return "Token Expired"
	default:
		return ""
	}
}

// generateToken answers POST /ca_apis/CAToken/generateToken and its three aliases (ozonetel.md 1). Both account modes hand out tokens.
func (s *Server) generateToken(r *request) reply {
	body, refused := r.json()
	if refused != nil {
		return *refused
	}
	userName := body.text("userName")
	if userName == "" {
		return envelope("UserName is null")
	}
	if userName != s.account.UserName || r.http.Header.Get("Apikey") != s.account.APIKey {
		return envelope("Invalid userName or apiKey")
	}
	if refused := s.overLimit(tokenFamily); refused != nil {
		return *refused
	}
	return jsonReply(struct {
		Token   string `json:"token"`
		Message string `json:"message"`
	}{Token: s.tokens.mint(userName, s.line.Now(), s.timing.TokenLife)})
}

// ExpireToken makes the present token answer `Token Expired`.
func (s *Server) ExpireToken() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens.expires = s.line.Now()
}

// StealToken generates a token as another system on the same account would: it counts against the hourly limit and the one in use
// answers `Invalid Token`.
func (s *Server) StealToken() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.overLimit(tokenFamily)
	s.tokens.mint(s.account.UserName, s.line.Now(), s.timing.TokenLife)
}

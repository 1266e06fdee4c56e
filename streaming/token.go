package streaming

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"math"
	"time"

	helix "github.com/helix-engage/gateway"
)

// errToken is every reason not to take a token.
var errToken = errors.New("streaming: no such token")

// Sizes of a token's parts, in bytes: expiry in Unix seconds, number of the attempt, then the call's id, then the mark.
const (
	tokenExpiry  = 8
	tokenAttempt = 2
	tokenMark    = 16
	maxTokenCall = 64
)

// Tokens make and check the tokens that open streams. A token is bound to one attempt of one call and expires; that it is
// used once is up to [Calls].Attach. It is safe for concurrent use.
type Tokens struct {
	key []byte
	now func() time.Time
}

// NewTokens makes tokens under a secret.
func NewTokens(secret []byte, now func() time.Time) *Tokens {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte("stream tokens"))
	return &Tokens{key: mac.Sum(nil), now: now}
}

// Token gives a token, fit for a path, that works for ttl; "" for a call or an attempt that no token can name.
func (t *Tokens) Token(call helix.CallID, attempt int, ttl time.Duration) string {
	if call == "" || len(call) > maxTokenCall || attempt < 1 || attempt > math.MaxUint16 {
		return ""
	}
	plain := binary.BigEndian.AppendUint64(nil, uint64(t.now().Add(ttl).Unix()))
	plain = binary.BigEndian.AppendUint16(plain, uint16(attempt))
	plain = append(plain, call...)
	return base64.RawURLEncoding.EncodeToString(append(plain, t.mark(plain)...))
}

// Check reads a token that is still good.
func (t *Tokens) Check(token string) (call helix.CallID, attempt int, err error) {
	const most = tokenExpiry + tokenAttempt + maxTokenCall + tokenMark
	if len(token) > base64.RawURLEncoding.EncodedLen(most) {
		return "", 0, errToken
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) <= tokenExpiry+tokenAttempt+tokenMark {
		return "", 0, errToken
	}
	plain, mark := raw[:len(raw)-tokenMark], raw[len(raw)-tokenMark:]
	if !hmac.Equal(mark, t.mark(plain)) || t.now().Unix() >= int64(binary.BigEndian.Uint64(plain)) {
		return "", 0, errToken
	}
	attempt = int(binary.BigEndian.Uint16(plain[tokenExpiry:]))
	return helix.CallID(plain[tokenExpiry+tokenAttempt:]), attempt, nil
}

func (t *Tokens) mark(plain []byte) []byte {
	mac := hmac.New(sha256.New, t.key)
	mac.Write(plain)
	return mac.Sum(nil)[:tokenMark]
}

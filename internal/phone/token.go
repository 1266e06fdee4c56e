package phone

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"

	helix "github.com/helix-engage/gateway"
)

// Withheld is the token of the empty Phone.
const Withheld = "withheld"

// tokenBytes is 128 bits: enough that two numbers never share a token, short enough for subjects and keys.
const tokenBytes = 16

// Token stands for a number in subjects and keys, where patient data may not appear and "+" is not allowed: 32 hex
// digits, the same for the same secret and number everywhere. It is an HMAC, since a plain hash of ten digits is
// undone by trying them all.
func Token(secret []byte, p helix.Phone) string {
	if p == "" {
		return Withheld
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(p))
	return hex.EncodeToString(mac.Sum(nil)[:tokenBytes])
}

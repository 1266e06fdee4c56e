package bus

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// maxKey is the longest key that is kept readable; NATS limits a subject, of which a key is a part, to 4 kB.
const maxKey = 200

// Key makes any id a key: a single subject token of letters, digits, '-', '_' and '='. Different ids give different
// keys; an id of safe characters is its own key. Other bytes become =XX, since keys reject '+', spaces and more.
// It hides nothing: a phone number must become a token before.
func Key(id string) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	b.Grow(len(id) + 8)
	for i := range len(id) {
		c := id[i]
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_' {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('=')
		b.WriteByte(digits[c>>4])
		b.WriteByte(digits[c&15])
	}
	switch {
	case b.Len() == 0:
		return "="
	case b.Len() > maxKey:
		sum := sha256.Sum256([]byte(id))
		return "==" + hex.EncodeToString(sum[:])
	}
	return b.String()
}

// isKey reports whether key is what Key makes, or a name of a bucket's key.
func isKey(key string) bool {
	for i := range len(key) {
		c := key[i]
		if c == '.' && (i == 0 || i == len(key)-1 || key[i-1] == '.') {
			return false
		}
		if c != '.' && c != '-' && c != '_' && c != '=' && (c < '0' || '9' < c) && (c < 'A' || 'Z' < c) && (c < 'a' || 'z' < c) {
			return false
		}
	}
	return key != ""
}

package auth

import (
	"crypto/sha256"
	"crypto/subtle"

	helix "github.com/helix-engage/gateway"
)

// HeaderAPIKey carries a key of the CRM, in requests and, in any case of its letters, in the payload of connection_init.
const HeaderAPIKey = "X-Api-Key"

// APIKey is a key of the CRM as it is kept: its hash, and the name that what it asks for is filed under. Several keys may
// have one name, so that a key can be replaced without losing sight of what the old one asked for.
type APIKey struct {
	ID   string
	Hash [sha256.Size]byte
}

// NewAPIKey hashes a key.
func NewAPIKey(id, key string) APIKey { return APIKey{ID: id, Hash: sha256.Sum256([]byte(key))} }

// String tells the name alone.
func (k APIKey) String() string { return k.ID }

// GoString tells no more than String.
func (k APIKey) GoString() string { return "auth.APIKey(" + k.ID + ")" }

// keyHolder tells whose key it is by its hash, in the same time whichever it is, if any.
func (a *Authenticator) keyHolder(presented [sha256.Size]byte) (*helix.Caller, error) {
	found := -1
	for i := range a.keys {
		found = subtle.ConstantTimeSelect(subtle.ConstantTimeCompare(a.keys[i].Hash[:], presented[:]), i, found)
	}
	if found < 0 {
		return nil, unauthenticated("the API key is not valid")
	}
	return &helix.Caller{APIKeyID: a.keys[found].ID}, nil
}

package auth

import (
	"crypto/sha256"
	"crypto/subtle"

	helix "github.com/helix-engage/gateway"
)

// HeaderAPIKey carries a key of the CRM, in requests and, in any case of its letters, in the payload of connection_init.
const HeaderAPIKey = "X-Api-Key"

// HeaderRouterKey carries the key of a router of a larger graph that the gateway is a part of. It comes beside what says whom
// the router asks for, and says only that the router has read the entities that it refers to.
const HeaderRouterKey = "X-Router-Key"

// APIKey is a key of the CRM, or of a router, as it is kept: its hash, and the name that what it asks for is filed under. Several keys may
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

// keyHolder tells whose key it is, if any.
func (a *Authenticator) keyHolder(presented [sha256.Size]byte) (*helix.Caller, error) {
	found := holder(a.keys, presented)
	if found < 0 {
		return nil, unauthenticated("the API key is not valid")
	}
	return &helix.Caller{APIKeyID: a.keys[found].ID}, nil
}

// holder finds a key by its hash, in the same time whichever it is; -1 when it is none.
func holder(keys []APIKey, presented [sha256.Size]byte) int {
	found := -1
	for i := range keys {
		found = subtle.ConstantTimeSelect(subtle.ConstantTimeCompare(keys[i].Hash[:], presented[:]), i, found)
	}
	return found
}

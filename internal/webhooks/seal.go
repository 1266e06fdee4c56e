package webhooks

import (
	"crypto/hmac"
	"crypto/sha256"
	"io"
	"sync"
	"time"
)

const (
	// tolerance is how old, or how far ahead of our clock, a signature may be.
	tolerance = 5 * time.Minute
	// maxSeals bounds the memory of signatures; the oldest are forgotten first.
	maxSeals = 16_384
)

// Seal is a signature as the headers of a push tell it: HMAC-SHA256, under a shared secret, of Prefix and the raw body.
type Seal struct {
	At     time.Time // when it was made; part of Prefix, or it would prove nothing
	Prefix string    // what is signed before the body
	MAC    [sha256.Size]byte
}

// verifier tells genuine pushes of one source.
type verifier struct {
	keys [][]byte
	now  func() time.Time

	mu   sync.Mutex
	seen map[[sha256.Size]byte]struct{}
	ring [][sha256.Size]byte // in order of arrival, from next on
	next int
}

func newVerifier(s Source, now func() time.Time) *verifier {
	v := &verifier{now: now, seen: map[[sha256.Size]byte]struct{}{}}
	for _, secret := range s.Secrets {
		if secret != "" {
			v.keys = append(v.keys, []byte(secret))
		}
	}
	return v
}

func (v *verifier) timely(s Seal) bool {
	age := v.now().Sub(s.At)
	return -tolerance <= age && age <= tolerance
}

// genuine compares with every key, whichever fits.
func (v *verifier) genuine(s Seal, body []byte) bool {
	found := false
	for _, key := range v.keys {
		mac := hmac.New(sha256.New, key)
		_, _ = io.WriteString(mac, s.Prefix)
		_, _ = mac.Write(body)
		found = hmac.Equal(mac.Sum(nil), s.MAC[:]) || found
	}
	return found
}

// known reports whether a push with this signature was stored.
func (v *verifier) known(s Seal) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	_, seen := v.seen[s.MAC]
	return seen
}

// remember keeps the signature of a push that is stored. Two at the same moment may both have been: the inbox keeps one.
func (v *verifier) remember(s Seal) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if _, seen := v.seen[s.MAC]; seen {
		return
	}
	v.seen[s.MAC] = struct{}{}
	if len(v.ring) < maxSeals {
		v.ring = append(v.ring, s.MAC)
		return
	}
	delete(v.seen, v.ring[v.next])
	v.ring[v.next] = s.MAC
	v.next = (v.next + 1) % maxSeals
}

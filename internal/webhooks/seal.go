package webhooks

import (
	"crypto/hmac"
	"crypto/sha256"
	"io"
	"sync"
	"time"
)

const (
	// tolerance is how far ahead of our clock a signature may be, and how old where its source does not say otherwise.
	tolerance = 5 * time.Minute
	// maxSeals bounds the memory of signatures; the oldest are forgotten first.
	maxSeals = 16_384
)

// Seal is a signature as the headers of a push tell it: HMAC-SHA256, under a shared secret, of Prefix and the raw body.
type Seal struct {
	At     time.Time           // when it was made; part of Prefix, or it would prove nothing
	Prefix string              // what is signed before the body
	MACs   [][sha256.Size]byte // any of them will do: a provider that replaces its secret signs with both; a few at most
}

// verifier tells genuine pushes of one source.
type verifier struct {
	keys [][]byte
	age  time.Duration
	now  func() time.Time

	mu   sync.Mutex
	seen map[[sha256.Size]byte]struct{}
	ring [][sha256.Size]byte // in order of arrival, from next on
	next int
}

func newVerifier(s Source, now func() time.Time) *verifier {
	v := &verifier{age: s.MaxAge, now: now, seen: map[[sha256.Size]byte]struct{}{}}
	if v.age == 0 {
		v.age = tolerance
	}
	for _, secret := range s.Secrets {
		if secret != "" {
			v.keys = append(v.keys, []byte(secret))
		}
	}
	return v
}

func (v *verifier) timely(s Seal) bool {
	age := v.now().Sub(s.At)
	return -tolerance <= age && age <= v.age
}

// genuine compares each signature with that of every key, whichever fits, and gives the one that does.
func (v *verifier) genuine(s Seal, body []byte) (mac [sha256.Size]byte, ok bool) {
	for _, key := range v.keys {
		h := hmac.New(sha256.New, key)
		_, _ = io.WriteString(h, s.Prefix)
		_, _ = h.Write(body)
		own := [sha256.Size]byte(h.Sum(nil))
		for _, told := range s.MACs {
			if hmac.Equal(own[:], told[:]) {
				mac, ok = own, true
			}
		}
	}
	return mac, ok
}

// known reports whether a push with this signature was stored.
func (v *verifier) known(mac [sha256.Size]byte) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	_, seen := v.seen[mac]
	return seen
}

// remember keeps the signature of a push that is stored. Two at the same moment may both have been: the inbox keeps one.
func (v *verifier) remember(mac [sha256.Size]byte) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if _, seen := v.seen[mac]; seen {
		return
	}
	v.seen[mac] = struct{}{}
	if len(v.ring) < maxSeals {
		v.ring = append(v.ring, mac)
		return
	}
	delete(v.seen, v.ring[v.next])
	v.ring[v.next] = mac
	v.next = (v.next + 1) % maxSeals
}

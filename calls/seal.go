package calls

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"hash"
	"sync"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/bus"
)

const (
	// sealPurpose keeps the key of seals apart from the other uses of the secret.
	sealPurpose = "helix call event seal 1"
	// sealBytes is 128 bits of the HMAC: a seal cannot be guessed, and costs 22 characters of each event.
	sealBytes = 16
)

// sealer makes and checks seals: HMACs over an event's bytes, whose it is, and the seal of the event before in its call.
// It is safe for concurrent use.
type sealer struct {
	mu   sync.Mutex
	mac  hash.Hash
	head []byte // scratch, as the next
	sum  []byte
}

func newSealer(secret []byte) *sealer {
	key := hmac.New(sha256.New, secret)
	_, _ = key.Write([]byte(sealPurpose)) // a hash takes everything
	return &sealer{mac: hmac.New(sha256.New, key.Sum(nil)), sum: make([]byte, 0, sha256.Size)}
}

// seal is the seal of content behind another seal, "" for the first.
func (s *sealer) seal(person, call, before string, content []byte) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mac.Reset()
	s.head = append(append(s.head[:0], person...), 0)
	s.head = append(append(s.head, call...), 0)
	s.head = append(append(s.head, before...), 0)
	_, _ = s.mac.Write(s.head)
	_, _ = s.mac.Write(content)
	return base64.RawURLEncoding.EncodeToString(s.mac.Sum(s.sum)[:sealBytes])
}

// The seal is the last member of the stored document, so that the bytes that it covers can be told from it.
const sealMember = `,"seal":"`

// marshal writes an event as it is stored, sealed behind the call's seal before, and sets its Seal.
func (s *sealer) marshal(person, before string, e *helix.CallEvent) ([]byte, error) {
	e.Seal = ""
	content, err := json.Marshal(e)
	if err != nil {
		return nil, err
	}
	e.Seal = s.seal(person, string(e.Call), before, content)
	content = append(content[:len(content)-1], sealMember...)
	return append(append(content, e.Seal...), '"', '}'), nil
}

// genuine reports whether an event was sealed behind another seal, as it is stored.
func (s *sealer) genuine(st bus.StoredEvent, e *helix.CallEvent, before string) bool {
	open, ok := bytes.CutSuffix(st.Data, []byte(sealMember+e.Seal+`"}`))
	if !ok {
		return false
	}
	content := append(bytes.Clone(open), '}')
	return hmac.Equal([]byte(s.seal(st.Person, st.Call, before, content)), []byte(e.Seal))
}

// chain follows one call through the log and notices what does not fit.
type chain struct {
	first uint64 // the oldest event that the log holds

	begun    bool
	sequence int    // of the last event within the call
	revision uint64 // of the last event within the log
	seal     string // of the last event
	unknown  bool
	broken   bool
}

// follow takes the call's next event.
func (c *chain) follow(seals *sealer, st bus.StoredEvent, e *helix.CallEvent) {
	switch {
	case string(e.Call) != st.Call, c.begun && e.Sequence != c.sequence+1:
		c.broken = true
	case e.Seal == "":
		c.unknown = true
		c.broken = c.broken || c.seal != "" // since there are seals, there is none without
	case !c.begun && e.Sequence > 1:
		c.unknown = true // sealed behind one that is gone
		c.broken = c.broken || e.Previous >= c.first
	case c.begun && e.Previous != c.revision, !seals.genuine(st, e, c.seal):
		c.broken = true
	}
	c.begun, c.sequence, c.revision, c.seal = true, e.Sequence, st.Sequence, e.Seal
}

func (c *chain) integrity() helix.Integrity {
	switch {
	case c.broken:
		return helix.IntegrityViolation
	case c.unknown:
		return helix.IntegrityUnknown
	}
	return helix.Intact
}

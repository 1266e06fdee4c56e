package webhooks

import (
	"crypto/sha256"
	"encoding/binary"
	"testing"
	"time"
)

func TestTheMemoryOfSignaturesForgetsTheOldestFirst(t *testing.T) {
	t.Parallel()
	v := newVerifier(Source{Secrets: []string{"secret"}}, time.Now)
	seal := func(n uint64) [sha256.Size]byte { return sha256.Sum256(binary.BigEndian.AppendUint64(nil, n)) }
	for n := range uint64(maxSeals + 10) {
		v.remember(seal(n))
		v.remember(seal(n))
	}
	for n, want := range map[uint64]bool{0: false, 9: false, 10: true, maxSeals + 9: true, maxSeals + 10: false} {
		if got := v.known(seal(n)); got != want {
			t.Errorf("the %dth is known: %t", n, got)
		}
	}
	if len(v.seen) != maxSeals || len(v.ring) != maxSeals {
		t.Errorf("%d and %d are kept", len(v.seen), len(v.ring))
	}
}

package helix

import (
	"crypto/sha1" //nolint:gosec // UUIDv5 is defined over SHA-1; nothing is protected by it
	"fmt"
)

// namespace makes the gateway's UUIDv5 ids its own: 5f0b6c86-3f3e-4a53-9d0a-6f7f2f4b9c21. It must never change, since
// ids in FortyTwo depend on it.
const namespace = "\x5f\x0b\x6c\x86\x3f\x3e\x4a\x53\x9d\x0a\x6f\x7f\x2f\x4b\x9c\x21"

// NewID derives a UUIDv5 from words that name a thing, e.g. a provider and its call id: the same words give the same id
// on every replica and after every restart. FortyTwo takes v4 and v5 alone (fortytwo.md 0.21).
func NewID(words ...string) string {
	h := sha1.New() //nolint:gosec // see the import
	h.Write([]byte(namespace))
	for _, w := range words {
		h.Write([]byte(w))
		h.Write([]byte{0})
	}
	id := h.Sum(nil)[:16]
	id[6] = id[6]&0x0f | 0x50
	id[8] = id[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[0:4], id[4:6], id[6:8], id[8:10], id[10:16])
}

package fortytwo_test

import (
	"testing"

	helix "github.com/helix-engage/gateway"
	emulator "github.com/helix-engage/gateway/sandbox/fortytwo"
)

// BenchmarkSearch measures a search of all kinds in the seeded hospital over real HTTP, the emulator's work included.
func BenchmarkSearch(b *testing.B) {
	u := newUpstream(b, func(o *emulator.Options) { o.Empty = false })
	c := u.client(b)
	asha := signIn(b, c, "asha@sandbox.test")
	for name, text := range map[string]string{
		"name": "rao", "two words": "rahul sharma", "Devanagari": "शर्मा", "number": "+91 98", "nobody": "zzzz",
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := c.Search(b.Context(), asha.access(), helix.SearchQuery{Text: text}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkProfile measures a caller's profile in the same way.
func BenchmarkProfile(b *testing.B) {
	u := newUpstream(b, func(o *emulator.Options) { o.Empty = false })
	c := u.client(b)
	asha := signIn(b, c, "asha@sandbox.test")
	caller := helix.Phone(u.SeedFacts().SharedCaller.Phone)
	for b.Loop() {
		if _, err := c.CallerByPhone(b.Context(), asha.access(), caller); err != nil {
			b.Fatal(err)
		}
	}
}

package resolvers

import (
	"math"
	"time"

	helix "github.com/helix-engage/gateway"
)

// value reads an optional argument; absent and null are the zero value.
func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// text, when, number, id, count and word make the empty value null.

func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func when(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func number(p helix.Phone) *helix.Phone {
	if p == "" {
		return nil
	}
	return &p
}

func id(c helix.CallID) *string { return text(string(c)) }

func count(n int) *int {
	if n == 0 {
		return nil
	}
	return &n
}

// word gives one of the business's words as the schema's, which is spelled alike.
func word[Theirs, Ours ~string](w Ours) *Theirs {
	if w == "" {
		return nil
	}
	shown := Theirs(w)
	return &shown
}

// seconds rounds: a provider's own figures have whole seconds.
func seconds(d time.Duration) int { return int(math.Round(d.Seconds())) }

// renamed gives a list of names in words of the other side. Nil, which is an absent list or null and asks for everything, stays
// nil; an empty list, which asks for nothing, stays empty.
func renamed[To, From ~string](list []From) []To {
	if list == nil {
		return nil
	}
	out := make([]To, len(list))
	for i, name := range list {
		out[i] = To(name)
	}
	return out
}

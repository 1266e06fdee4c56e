package streaming

import (
	"strings"
	"testing"
	"time"

	helix "github.com/helix-engage/gateway"
)

func TestATokenNamesItsAttemptUntilItExpires(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	tokens := NewTokens([]byte("secret"), func() time.Time { return now })
	token := tokens.Token("8b7e4f0a-3f3e-5a53-9d0a-6f7f2f4b9c21", 3, time.Minute)
	if call, attempt, err := tokens.Check(token); err != nil || call != "8b7e4f0a-3f3e-5a53-9d0a-6f7f2f4b9c21" || attempt != 3 {
		t.Errorf("%s, %d, %v", call, attempt, err)
	}
	now = now.Add(time.Minute)
	if _, _, err := tokens.Check(token); err == nil {
		t.Error("it outlives its time")
	}
}

func TestNoTokenIsMadeForWhatItCannotName(t *testing.T) {
	t.Parallel()
	tokens := NewTokens([]byte("secret"), time.Now)
	for name, token := range map[string]string{
		"no call": tokens.Token("", 1, time.Minute), "a long call": tokens.Token(helix.CallID(strings.Repeat("x", 65)), 1, time.Minute),
		"attempt 0": tokens.Token("one", 0, time.Minute), "attempt 65536": tokens.Token("one", 65536, time.Minute),
	} {
		if token != "" {
			t.Errorf("%s has a token", name)
		}
	}
}

func FuzzTokensCheck(f *testing.F) {
	now := time.Unix(1_800_000_000, 0)
	tokens := NewTokens([]byte("secret"), func() time.Time { return now })
	good := tokens.Token("one", 1, time.Minute)
	f.Add(good)
	f.Add(good + "A")
	f.Add(strings.Repeat("A", 200))
	f.Fuzz(func(t *testing.T, token string) {
		if call, attempt, err := tokens.Check(token); err == nil && token != good {
			t.Errorf("%q is taken for attempt %d of %s", token, attempt, call)
		}
	})
}

package bus

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestKey(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, id, want string }{
		{"an id of safe characters is its own key", "41673185517016653", "41673185517016653"},
		{"a UUID is its own key", "0b2c8a1e-5d0f-5c3e-9a59-7d3e1f6a2b4c", "0b2c8a1e-5d0f-5c3e-9a59-7d3e1f6a2b4c"},
		{"a plus sign and a space are escaped", "+91 98", "=2B91=2098"},
		{"a dot is escaped, so that a key is one token", "ozonetel.cdr", "ozonetel=2Ecdr"},
		{"the escape sign is escaped", "a=b", "a=3Db"},
		{"nothing has a key", "", "="},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := Key(tt.id); got != tt.want {
				t.Errorf("Key(%q) = %q, want %q", tt.id, got, tt.want)
			}
		})
	}
}

func TestDifferentIDsHaveDifferentKeysThatTheServerTakes(t *testing.T) {
	t.Parallel()
	b := embedded(t)
	ctx := testContext(t)
	bucket := must[*Bucket[string]](t)(OpenBucket[string](ctx, b, BucketMeta))
	ids := map[string]string{}
	rapid.Check(t, func(t *rapid.T) {
		id := rapid.OneOf(rapid.String(), rapid.StringN(150, 300, 900), rapid.StringOf(rapid.SampledFrom([]rune("=.2EB+ ")))).Draw(t, "id")
		key := Key(id)
		if other, taken := ids[key]; taken && other != id {
			t.Fatalf("%q and %q have the key %q", id, other, key)
		}
		ids[key] = id
		if !isToken(key) {
			t.Fatalf("the key %q of %q is not a token", key, id)
		}
		if _, err := bucket.Put(ctx, key, id); err != nil {
			t.Fatalf("the key of %q: %v", id, err)
		}
	})
	if !strings.HasPrefix(Key(strings.Repeat("x", maxKey+1)), "==") {
		t.Error("a long id is not hashed")
	}
}

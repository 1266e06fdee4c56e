package calls

import (
	"strconv"
	"testing"

	helix "github.com/helix-engage/gateway"
)

func TestNamesAreBoundedAndTheLatestIsAmongThem(t *testing.T) {
	t.Parallel()
	n := newNames()
	for i := range 2 * maxCached {
		key := strconv.Itoa(i)
		n.put(key, helix.CallID("call-"+key))
		if id, ok := n.get(key); !ok || id != helix.CallID("call-"+key) {
			t.Fatalf("%s is remembered as %q", key, id)
		}
	}
	if len(n.byKey) != maxCached {
		t.Errorf("%d names are remembered", len(n.byKey))
	}
	n.clear()
	if id, ok := n.get(strconv.Itoa(2*maxCached - 1)); ok {
		t.Errorf("%s is left", id)
	}
}

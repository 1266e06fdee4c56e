package load

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// framesOf makes frames with these numbers, sent a millisecond after each other.
func framesOf(numbers ...uint32) []byte {
	all := make([]byte, len(numbers)*frameBytes)
	for i, n := range numbers {
		mark{n, time.Duration(i) * time.Millisecond}.write(all[i*frameBytes:])
	}
	return all
}

func TestFramesAreRecognisedHoweverTheyAreCut(t *testing.T) {
	t.Parallel()
	sent := framesOf(0, 1, 2, 3)
	for _, piece := range []int{1, 639, 640, 641, 1920, len(sent)} {
		var g grid
		var last mark
		for rest := sent; len(rest) > 0; rest = rest[min(piece, len(rest)):] {
			for _, m := range g.take(rest[:min(piece, len(rest))]) {
				last = m
			}
		}
		if diff := cmp.Diff([]int{4, 0, 3, 3}, []int{g.received, g.moved, int(last.number), int(last.sent.Milliseconds())}); diff != "" {
			t.Errorf("in pieces of %d: %s", piece, diff)
		}
	}
}

func TestFramesThatAreMissingMovedOrSpoiltAreCounted(t *testing.T) {
	t.Parallel()
	spoilt := framesOf(0, 1, 2)
	spoilt[frameBytes] ^= 1
	for _, c := range []struct {
		name                            string
		frames                          []byte
		received, moved, early, foreign int
	}{
		{"all", framesOf(0, 1, 2), 3, 0, 0, 0},
		{"one is missing", framesOf(0, 2, 3), 3, 1, 0, 0},
		{"one came twice", framesOf(0, 1, 1, 2), 4, 1, 0, 0},
		{"two changed places", framesOf(0, 2, 1, 3), 4, 3, 0, 0},
		{"one is spoilt", spoilt, 2, 1, 0, 1},
		{"the first never came", framesOf(2, 3), 2, 0, 2, 0},
		{"none", nil, 0, 0, 0, 0},
	} {
		var g grid
		g.take(c.frames)
		got := []int{g.received, g.moved, g.early, g.foreign}
		if diff := cmp.Diff([]int{c.received, c.moved, c.early, c.foreign}, got); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

func FuzzGrid(f *testing.F) {
	f.Add(framesOf(0, 1), 100)
	f.Fuzz(func(t *testing.T, samples []byte, cut int) {
		var whole, cutUp grid
		whole.take(samples)
		cut = max(0, min(cut, len(samples)))
		cutUp.take(samples[:cut])
		cutUp.take(samples[cut:])
		if whole.received != cutUp.received || whole.moved != cutUp.moved || whole.received+whole.foreign != len(samples)/frameBytes {
			t.Errorf("%d and %d, %d and %d", whole.received, cutUp.received, whole.moved, cutUp.moved)
		}
	})
}

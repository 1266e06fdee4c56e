package compose_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/helix-engage/gateway/federation/compose"
	"github.com/helix-engage/gateway/federation/compose/composetest"
)

// tired is a clock that goes on by an hour whenever it is looked at, so that each look at it ends a portion; sleeping costs no
// time.
type tired struct {
	now   time.Time
	slept []time.Duration
}

func (c *tired) pace(work time.Duration) *compose.Pace {
	return compose.NewPace(compose.PaceOptions{
		Work: work, Rest: time.Second,
		Now: func() time.Time {
			c.now = c.now.Add(time.Hour)
			return c.now
		},
		Sleep: func(d time.Duration) { c.slept = append(c.slept, d) },
	})
}

// rests says how often was rested since it was asked last.
func (c *tired) rests() int {
	n := len(c.slept)
	c.slept = nil
	return n
}

func TestWorkRestsAfterEachPortion(t *testing.T) {
	t.Parallel()
	up := synthetic(t, 3)
	post := composetest.Server(up)
	clock := &tired{}
	pace := clock.pace(time.Minute)

	read, err := pace.Read(t.Context(), post)
	if err != nil {
		t.Fatal(err)
	}
	fields := 0
	for _, def := range up.Types {
		fields += len(def.Fields)
	}
	for _, d := range clock.slept {
		if d != time.Second {
			t.Errorf("a rest lasted %s", d)
		}
	}
	if n := clock.rests(); n < fields/8 {
		t.Errorf("reading %d fields rested %d times", fields, n)
	}
	if diff := cmp.Diff(up, read); diff != "" {
		t.Errorf("what is read at a pace differs: want -, got +:\n%s", diff)
	}

	got, err := pace.Compose(gatewaySchemaOnce(), up)
	if err != nil {
		t.Fatal(err)
	}
	if n := clock.rests(); n < 2*len(up.Types)/8 {
		t.Errorf("composing %d types rested %d times", len(up.Types), n)
	}
	if got.SDL() != composed(t, gatewaySchemaOnce(), up).SDL() {
		t.Error("what is composed at a pace differs")
	}

	text, err := pace.Marshal(up)
	if err != nil {
		t.Fatal(err)
	}
	if n := clock.rests(); n < len(up.Types)+len(up.Objects) {
		t.Errorf("writing %d types and %d objects rested %d times", len(up.Types), len(up.Objects), n)
	}
	if atOnce, err := up.MarshalJSON(); err != nil || !bytes.Equal(atOnce, text) {
		t.Errorf("what is written at a pace differs, %v", err)
	}
}

func TestWorkThatIsDoneWithinOnePortionDoesNotRest(t *testing.T) {
	t.Parallel()
	clock := &tired{}
	up := synthetic(t, 1)
	if _, err := clock.pace(1e6*time.Hour).Compose(gatewaySchemaOnce(), up); err != nil {
		t.Fatal(err)
	}
	if n := clock.rests(); n != 0 {
		t.Errorf("it rested %d times", n)
	}
}

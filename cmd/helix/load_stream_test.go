package main

import (
	"testing"

	"github.com/helix-engage/gateway/sandbox/load"
)

// streamsOf is what the tests read of `helix load stream`.
type streamsOf struct {
	Calls, Extra, Refused, Frames, Lost, Moved int
	Steady, Overload                           map[string]struct{ Count int }
}

func (s streamsOf) check(t *testing.T) {
	t.Helper()
	if s.Frames == 0 || s.Lost+s.Moved != 0 {
		t.Errorf("of %d frames %d were lost and %d moved", s.Frames, s.Lost, s.Moved)
	}
	for _, of := range []string{"toAgent", "collected", "driver"} {
		if s.Steady[of].Count < s.Calls/2 || s.Extra > 0 && s.Overload[of].Count < s.Calls/2 {
			t.Errorf("%s: %+v, %+v", of, s.Steady, s.Overload)
		}
	}
}

func TestLoadMeasuresCallsAndTheirAudio(t *testing.T) {
	t.Parallel()
	var got struct {
		Rounds []streamsOf
		Soak   struct {
			Calls, Failed, Frames, Lost, Moved int
			After                              load.Process
		}
	}
	runLoad(t, &got, "stream", "-calls", "5", "-for", "1s", "-soak", "3", "-collect", "0")
	if len(got.Rounds) != 1 || got.Rounds[0].Calls != 5 {
		t.Fatalf("%+v", got)
	}
	got.Rounds[0].check(t)
	if s := got.Soak; s.Calls != 3 || s.Failed+s.Lost+s.Moved != 0 || s.Frames == 0 || s.After.Goroutines == 0 {
		t.Errorf("%+v", s)
	}
}

func TestLoadMeasuresThatCallsInProgressDoNotNoticeThoseThatAreRefused(t *testing.T) {
	t.Parallel()
	var got struct{ Overload streamsOf }
	runLoad(t, &got, "stream", "-calls", "", "-overload", "5", "-for", "2s")
	if o := got.Overload; o.Extra != 1 || o.Refused != 1 {
		t.Errorf("%+v", o)
	}
	got.Overload.check(t)
}

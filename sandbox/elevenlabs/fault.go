package elevenlabs

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/helix-engage/gateway/sandbox/faults"
)

// FaultKind is what goes wrong with a conversation.
type FaultKind string

// The kinds.
const (
	FaultNoMetadata FaultKind = "no-metadata" // opened, and never begun
	FaultSlow       FaultKind = "slow"        // the metadata come After
	FaultDie        FaultKind = "die"         // the connection is reset After the metadata
	FaultClose      FaultKind = "close"       // closed with Code and Reason After the metadata, or before them when After is 0
	FaultSilent     FaultKind = "silent"      // the agent never speaks nor answers
	FaultGarbage    FaultKind = "garbage"     // frames that are no frames among the good ones
	FaultHuge       FaultKind = "huge"        // each response is one audio frame, larger than 32 KiB
	FaultStale      FaultKind = "stale"       // after an interruption more audio with the old event id
	FaultQueue      FaultKind = "queue"       // queue_status waiting; admitted After, or with After 0 timed_out after 5 s and close 3008
	FaultMute       FaultKind = "no-ping"     // no pings
)

// Fault is what happens to the next Count conversations.
type Fault struct {
	Agent  string // "" means any
	Kind   FaultKind
	Count  int           // 0 means 1
	After  time.Duration // divided by Options.Pace
	Code   int           // of FaultClose, e.g. 1011, 1008, 3000, 3008
	Reason string        // of FaultClose; an error frame with it as error_type precedes 1002, 1008 and 1011
}

// FailConversations arms a fault. Errors: an unknown kind, a code that is none, negative numbers, faults.ErrFull.
func (s *Server) FailConversations(f Fault) error {
	kinds := []FaultKind{
		FaultNoMetadata, FaultSlow, FaultDie, FaultClose, FaultSilent, FaultGarbage, FaultHuge, FaultStale, FaultQueue, FaultMute,
	}
	switch {
	case !slices.Contains(kinds, f.Kind):
		return fmt.Errorf("elevenlabs emulator: unknown fault kind %q", f.Kind)
	case f.Kind == FaultClose && (f.Code < 1000 || f.Code > 4999 || f.Code == 1005 || f.Code == 1006 || len(f.Reason) > 120):
		return fmt.Errorf("elevenlabs emulator: %d with %d bytes of reason cannot close a socket", f.Code, len(f.Reason))
	case f.Count < 0 || f.After < 0:
		return errors.New("elevenlabs emulator: count and after cannot be negative")
	case !s.faults.Arm(f, f.Count):
		return faults.ErrFull
	default:
		return nil
	}
}

func (s *Server) takeFault(agent string) Fault {
	f := s.faults.Take(func(f Fault) bool { return f.Agent == "" || f.Agent == agent })
	if f == nil {
		return Fault{}
	}
	f.After = time.Duration(float64(f.After) / s.options.Pace)
	return *f
}

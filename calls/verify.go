package calls

import (
	"context"
	"encoding/json"
	"fmt"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/bus"
)

const (
	// checkAtOnce is how many events one look through the log covers: about a second's work.
	checkAtOnce = 50_000
	// maxBrokenIDs bounds the calls that a check names.
	maxBrokenIDs = 100
	// checkMemory is how far back a check remembers seals. The event that another one names stood at the log's end when
	// that one was written, so it is close.
	checkMemory = 8192
)

// Verify looks through the log after a place, the zero cursor for its beginning. Appends to different calls do not wait
// for each other, so that there is no single chain; instead each call is one, and each event names one of any call that
// was there before. What is found: an event that was altered, replaced or put elsewhere; one that was removed from the
// middle of its call; and one that was removed from the end of its call, or with the whole call, as soon as later
// events named it. One look at a time: TOO_MANY_REQUESTS while another one is under way in this process.
func (s *Service) Verify(ctx context.Context, after helix.Cursor) (helix.LogCheck, error) {
	if !s.checking.TryLock() {
		return helix.LogCheck{}, &helix.Error{
			Code: helix.CodeTooManyRequests, Message: "the log is being checked already; wait for that to end", Retryable: true,
		}
	}
	defer s.checking.Unlock()
	first, last, epoch, err := s.bus.EventBounds(ctx)
	if err != nil {
		return helix.LogCheck{}, fmt.Errorf("calls.verify: %w", err)
	}
	if after.Epoch != "" && after.Epoch != epoch {
		return helix.LogCheck{}, &helix.Error{Code: helix.CodeCursorExpired, Message: "the cursor is of another log"}
	}
	c := check{
		calls: s, first: first, from: max(after.Sequence+1, first), chains: map[string]*chain{}, missing: map[uint64]struct{}{},
	}
	place := after.Sequence
	for c.found.Events < checkAtOnce && place < last {
		page, err := s.bus.EventsAfter(ctx, place, replayPage)
		if err != nil {
			return helix.LogCheck{}, fmt.Errorf("calls.verify: %w", err)
		}
		if len(page) == 0 {
			place = last // what is behind was erased
			break
		}
		for _, st := range page {
			if err := c.take(ctx, st); err != nil {
				return helix.LogCheck{}, err
			}
			place = st.Sequence
		}
	}
	if err := c.forgive(ctx); err != nil {
		return helix.LogCheck{}, err
	}
	c.conclude()
	c.found.Next, c.found.More = helix.Cursor{Epoch: epoch, Sequence: place}, place < last
	return c.found, nil
}

// check is one look through a part of the log.
type check struct {
	calls  *Service
	first  uint64 // the oldest event of the log
	from   uint64 // where the part begins
	chains map[string]*chain
	order  []string // of the calls, as they were met

	recent  [checkMemory]helix.LogMark // by sequence
	missing map[uint64]struct{}        // named and gone
	found   helix.LogCheck
}

func (c *check) take(ctx context.Context, st bus.StoredEvent) error {
	c.found.Events++
	story := c.chains[st.Call]
	if story == nil {
		story = &chain{first: c.first}
		c.chains[st.Call] = story
		c.order = append(c.order, st.Call)
	}
	c.recent[st.Sequence%checkMemory] = helix.LogMark{Sequence: st.Sequence}
	var e helix.CallEvent
	if json.Unmarshal(st.Data, &e) != nil {
		story.broken = true // we never wrote this
		return nil          //nolint:nilerr // that is a finding and no failure of the check
	}
	c.recent[st.Sequence%checkMemory].Seal = e.Seal
	if !story.begun && e.Sequence > 1 && e.Previous >= c.first && e.Previous < c.from {
		if err := c.catchUp(ctx, story, st); err != nil {
			return err
		}
	}
	story.follow(c.calls.seals, st, &e)
	c.witness(story, st.Sequence, e.Before)
	return nil
}

// catchUp follows the events of a call that precede the part that is looked at.
func (c *check) catchUp(ctx context.Context, story *chain, until bus.StoredEvent) error {
	stored, err := c.calls.bus.CallEvents(ctx, until.Call)
	if err != nil {
		return fmt.Errorf("calls.verify: %w", err)
	}
	for _, st := range stored {
		if st.Sequence >= until.Sequence {
			break
		}
		var e helix.CallEvent
		if json.Unmarshal(st.Data, &e) != nil {
			story.broken = true
			continue
		}
		story.follow(c.calls.seals, st, &e)
	}
	return nil
}

// witness looks for the event that another one named. One that is older than the part, or than what is remembered, is
// left to other looks.
func (c *check) witness(story *chain, at uint64, named helix.LogMark) {
	switch {
	case named.Sequence >= at:
		story.broken = true // nobody names what is still to come
		return
	case named.Sequence < c.from, named.Sequence+checkMemory <= at:
		return
	}
	switch there := c.recent[named.Sequence%checkMemory]; {
	case there.Sequence != named.Sequence:
		c.missing[named.Sequence] = struct{}{}
	case there.Seal != named.Seal:
		story.broken = true
	}
}

// forgive takes those out of the missing that were erased with a person.
func (c *check) forgive(ctx context.Context) error {
	if len(c.missing) == 0 {
		return nil
	}
	traces, err := c.calls.erasures.All(ctx)
	if err != nil {
		return fmt.Errorf("calls.verify: %w", err)
	}
	for _, t := range traces {
		if !c.calls.seals.genuineTrace(t) {
			continue
		}
		for _, hole := range t.Holes {
			delete(c.missing, hole)
		}
	}
	return nil
}

func (c *check) conclude() {
	c.found.Calls, c.found.Missing = len(c.chains), len(c.missing)
	for _, call := range c.order {
		switch c.chains[call].integrity() {
		case helix.IntegrityViolation:
			c.found.Broken++
			if len(c.found.BrokenIDs) < maxBrokenIDs {
				c.found.BrokenIDs = append(c.found.BrokenIDs, helix.CallID(call))
			}
		case helix.IntegrityUnknown:
			c.found.Unknown++
		case helix.Intact:
		}
	}
}

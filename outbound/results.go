package outbound

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/bus"
)

const (
	// fetchFirst is how long the webhook is waited for before a conversation is asked for; the wait doubles up to
	// fetchLongest, and ends after fetchWithin.
	fetchFirst   = time.Minute
	fetchLongest = time.Hour
	fetchWithin  = 24 * time.Hour
	// maxFetches bounds what one run asks for.
	maxFetches = 100
)

// Conversation takes in the results of a conversation, from the webhook or as read. The same results twice change
// nothing. NOT_FOUND when the conversation is of no call of ours.
func (s *Service) Conversation(ctx context.Context, c helix.Conversation) error {
	id, err := s.converser(ctx, c)
	if err != nil || !c.Done {
		return err
	}
	_, err = s.change(ctx, id, func(e *edit) (bool, error) { return s.merge(e, c), nil })
	return err
}

// converser finds the call of a conversation.
func (s *Service) converser(ctx context.Context, c helix.Conversation) (helix.CallID, error) {
	if c.Call != "" {
		if _, err := s.Get(ctx, c.Call); err == nil || !helix.IsCode(err, helix.CodeNotFound) {
			return c.Call, err
		}
	}
	id, _, err := s.ids.Get(ctx, providerKey(helix.ProviderElevenLabs, c.ID))
	if errors.Is(err, bus.ErrNotFound) {
		return "", helix.NotFound("outbound call")
	}
	return id, coded("outbound.conversation", err)
}

// merge brings results into the call, once, see doc.go, and says whether that changed it.
func (s *Service) merge(e *edit, c helix.Conversation) bool {
	known := e.converse(c.ID)
	if known == nil {
		return e.ignored("results of a conversation too many")
	}
	if known.Done {
		return false
	}
	known.Done, known.Cost = true, c.Cost
	last := c.ID == e.Conversation
	e.Cost = 0
	for _, conversation := range e.Conversations {
		e.Cost += conversation.Cost
	}
	if c.Summary != "" && (last || e.Summary == "") {
		e.Summary = clean(c.Summary, maxSummary)
	}
	if len(c.Transcript) > 0 {
		e.transcribe(c)
	}
	left := 0
	for _, item := range c.Collected {
		item, err := collectedItem(item.Key, item.Value)
		if err != nil || string(item.Value) == "null" {
			continue
		}
		if _, err := e.upsert(item); err != nil {
			left++
		}
	}
	if e.State == helix.OutboundDisconnected && last {
		s.settleBy(e, c)
	}
	e.note(helix.OutboundVoice, "results of conversation "+c.ID)
	if left > 0 {
		e.note(helix.OutboundVoice, "more was collected than there is room for")
	}
	return true
}

// settleBy ends a call whose audio ended without word, by the results of its last conversation.
func (s *Service) settleBy(e *edit, c helix.Conversation) {
	if c.Failed && len(c.Transcript) == 0 {
		e.finish(helix.OutboundFailed, helix.ReasonVoiceFailed)
		return
	}
	if a := e.Attempt(); a.TalkingAt.IsZero() {
		a.TalkingAt = e.now
	}
	s.settle(e)
}

// transcribe puts a conversation's transcript in place of what was heard of it while it ran: all, or its time when there
// were several conversations.
func (e *edit) transcribe(c helix.Conversation) {
	heard := e.Transcript
	e.Transcript = nil
	lines := c.Transcript
	if len(e.Conversations) > 1 {
		end := c.StartedAt.Add(c.Duration)
		others := slices.DeleteFunc(slices.Clone(heard), func(l helix.TranscriptLine) bool {
			return !l.At.Before(c.StartedAt) && !l.At.After(end)
		})
		lines = append(others, lines...)
		slices.SortStableFunc(lines, func(a, b helix.TranscriptLine) int { return a.At.Compare(b.At) })
	}
	e.speak(lines)
}

// fetches is when which conversation is asked for next. It holds at most the conversations of calls whose results are
// missing, and forgets with the process.
type fetches struct {
	mu   *sync.Mutex
	next map[string]fetch
}

type fetch struct {
	at    time.Time
	pause time.Duration
}

func newFetches() fetches { return fetches{mu: &sync.Mutex{}, next: map[string]fetch{}} }

// due reports whether a conversation that ended at a time should be asked for now, and if so sets its next time.
func (f fetches) due(id string, ended, now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	known, ok := f.next[id]
	if !ok {
		known = fetch{at: ended.Add(fetchFirst), pause: fetchFirst}
	}
	due := !now.Before(known.at)
	if due {
		known.pause = min(2*known.pause, fetchLongest)
		known.at = now.Add(known.pause)
	}
	f.next[id] = known
	return due
}

func (f fetches) forget(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.next, id)
}

// FetchConversations asks for the results of ended calls that no webhook brought, for a day at most. It is run by the
// scheduler, on one replica.
func (s *Service) FetchConversations(ctx context.Context) error {
	if err := s.ready(ctx); err != nil {
		return err
	}
	var failures []error
	asked := 0
	for _, call := range s.index.unfinished() {
		ended, over := silence(call)
		if !over {
			continue
		}
		for _, conversation := range call.Conversations {
			now := s.o.Now()
			switch {
			case conversation.Done, conversation.GivenUp:
			case now.Sub(ended) > fetchWithin:
				failures = append(failures, s.giveUp(ctx, call.ID, conversation.ID))
			case asked < maxFetches && s.fetches.due(conversation.ID, ended, now):
				asked++
				failures = append(failures, s.fetch(ctx, call.ID, conversation.ID))
			}
		}
	}
	return errors.Join(failures...)
}

// silence is when a call's audio ended.
func silence(c *helix.OutboundCall) (at time.Time, over bool) {
	switch {
	case c.State.Final():
		return c.EndedAt, true
	case c.State == helix.OutboundDisconnected:
		return c.Attempt().SilentAt, true
	}
	return time.Time{}, false
}

func (s *Service) fetch(ctx context.Context, call helix.CallID, id string) error {
	c, err := s.o.Conversations.Conversation(ctx, id)
	if helix.IsCode(err, helix.CodeNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	c.ID, c.Call = id, call
	if err := s.Conversation(ctx, c); err != nil || !c.Done {
		return err
	}
	s.fetches.forget(id)
	return nil
}

// giveUp stops waiting for results.
func (s *Service) giveUp(ctx context.Context, call helix.CallID, id string) error {
	s.fetches.forget(id)
	_, err := s.change(ctx, call, func(e *edit) (bool, error) {
		known := e.converse(id)
		if known == nil || known.Done || known.GivenUp {
			return false, nil
		}
		known.GivenUp = true
		e.note(helix.OutboundVoice, "no results came within a day")
		return true, nil
	})
	return err
}

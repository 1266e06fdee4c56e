package outbound

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/bus"
)

const (
	// maxTries bounds how often a lost compare-and-set is tried anew. Losing means that somebody else moved the call.
	maxTries = 64
	// afterwards bounds what follows a stored change, which must not be cut short by whoever asked for the change.
	afterwards = 5 * time.Second
	// tick is how often due times are looked at.
	tick = time.Second
)

// Service runs outbound AI calls. It is safe for concurrent use, on any number of replicas.
type Service struct {
	o       Options
	calls   *bus.Bucket[helix.OutboundCall]
	ids     *bus.Bucket[helix.CallID] // ids of providers -> ours
	dialers *bus.Dialers
	index   *index
	room    *room
	speech  *speech
	fetches fetches

	mu     sync.Mutex
	untold map[helix.CallID]struct{} // calls whose last change is not announced; at most the open ones and those of one outage
	swept  time.Time                 // when the queue was last looked through
}

// New opens the buckets and joins the queue.
func New(ctx context.Context, o Options) (*Service, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	calls, err := bus.OpenBucket[helix.OutboundCall](ctx, o.Bus, bus.BucketOutboundCalls)
	if err != nil {
		return nil, err
	}
	ids, err := bus.OpenBucket[helix.CallID](ctx, o.Bus, bus.BucketCallIDs)
	if err != nil {
		return nil, err
	}
	dialers, err := o.Bus.Dialers(ctx)
	if err != nil {
		return nil, err
	}
	s := &Service{
		o: o, calls: calls, ids: ids, dialers: dialers, index: newIndex(), speech: newSpeech(), untold: map[helix.CallID]struct{}{},
		fetches: newFetches(),
	}
	s.room = newRoom(o.Concurrency, s.index)
	return s, nil
}

// Run follows the calls, dials them, watches their due times and stores what is spoken, until ctx ends and the dial
// requests that are under way have been answered.
func (s *Service) Run(ctx context.Context) error {
	work, ctx := errgroup.WithContext(ctx)
	work.Go(func() error { return s.follow(ctx) })
	work.Go(func() error {
		if s.ready(ctx) == nil {
			s.dispatch(ctx)
		}
		return nil
	})
	work.Go(func() error {
		if s.ready(ctx) == nil {
			s.retell(ctx)
		}
		return nil
	})
	work.Go(func() error { return s.keepTime(ctx) })
	return work.Wait()
}

// follow keeps the index up to date.
func (s *Service) follow(ctx context.Context) error {
	return s.calls.Watch(ctx, func(key string, c *helix.OutboundCall, revision uint64) {
		if key == "" { // the bucket's sign that all there was has been told
			s.index.complete()
			return
		}
		s.index.put(helix.CallID(key), c, revision)
	})
}

// ready waits until the index knows all calls.
func (s *Service) ready(ctx context.Context) error {
	select {
	case <-s.index.loaded:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Service) keepTime(ctx context.Context) error {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			s.flushLast(ctx)
			return nil
		case <-s.speech.full:
			s.flush(ctx, speechPause, tick/2)
		case <-ticker.C:
			s.flush(ctx, speechPause, tick/2)
			s.retellFailed(ctx)
			if s.o.Leader(ctx) != nil {
				continue
			}
			if err := s.Deadlines(ctx); err != nil && ctx.Err() == nil {
				s.o.Logger.WarnContext(ctx, "due times of outbound calls were not all seen to", "error", err)
			}
		}
	}
}

// flushLast stores what waits when the service stops.
func (s *Service) flushLast(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), afterwards)
	defer cancel()
	s.flush(ctx, 0, 0)
}

// Get reads a call; NOT_FOUND when there is none.
func (s *Service) Get(ctx context.Context, id helix.CallID) (helix.OutboundCall, error) {
	c, revision, err := s.calls.Get(ctx, bus.Key(string(id)))
	c.Revision = revision
	return c, coded("outbound.get", err)
}

// change is one compare-and-set on a call: alter may run several times, on a fresh value each time, and says whether
// there is anything to store. The answer is the call afterwards.
func (s *Service) change(ctx context.Context, id helix.CallID, alter func(*edit) (bool, error)) (helix.OutboundCall, error) {
	for range maxTries {
		before, err := s.Get(ctx, id)
		if err != nil {
			return before, err
		}
		e := edit{OutboundCall: clone(before), now: s.o.Now().UTC().Round(0)}
		write, err := alter(&e)
		s.logRefused(ctx, &e)
		if err != nil || !write {
			return before, err
		}
		if err := s.affect(ctx, &before, &e); err != nil {
			return before, err
		}
		revision, err := s.calls.Update(ctx, bus.Key(string(id)), e.OutboundCall, before.Revision)
		if errors.Is(err, bus.ErrConflict) {
			continue
		}
		if err != nil {
			return before, coded("outbound.change", err)
		}
		e.Revision = revision
		s.index.put(id, &e.OutboundCall, revision)
		s.follows(ctx, &before, &e.OutboundCall)
		return e.OutboundCall, nil
	}
	return helix.OutboundCall{}, helix.Internal("outbound.change", fmt.Errorf("call %s lost %d races in a row", id, maxTries))
}

// clone copies what an edit changes in place.
func clone(c helix.OutboundCall) helix.OutboundCall {
	c.Attempts, c.Timeline = slices.Clone(c.Attempts), slices.Clone(c.Timeline)
	c.Conversations, c.Transcript, c.Collected = slices.Clone(c.Conversations), slices.Clone(c.Transcript), slices.Clone(c.Collected)
	return c
}

func (s *Service) logRefused(ctx context.Context, e *edit) {
	for _, move := range e.refused {
		s.o.Logger.WarnContext(ctx, "an outbound call was not moved", "call", string(e.ID), "move", move)
	}
}

// affect does what a change causes elsewhere before it is stored, see doc.go.
func (s *Service) affect(ctx context.Context, before *helix.OutboundCall, e *edit) error {
	after := &e.OutboundCall
	if err := s.know(ctx, after); err != nil {
		return err
	}
	if !after.State.Final() {
		return nil
	}
	if !before.State.Final() && after.EndReason == helix.ReasonVoiceFailed {
		wish := CallBackWish{Call: after.ID, Phone: after.Request.Patient.Phone, At: e.now, Reason: "the voice agent was lost"}
		if err := s.o.CallBacks.Request(ctx, wish); err != nil {
			return coded("outbound.call back", err)
		}
		e.note(helix.OutboundVoice, "a call back was asked for")
	}
	record := after.Record()
	if before.State.Final() && reflect.DeepEqual(before.Record().Fields, record.Fields) {
		return nil
	}
	if err := s.o.Records.Submit(ctx, record); err != nil {
		return coded("outbound.save", err)
	}
	e.note(helix.OutboundSaved, "handed to FortyTwo")
	return nil
}

// know remembers under which ids providers speak of the call.
func (s *Service) know(ctx context.Context, c *helix.OutboundCall) error {
	for i := range c.Attempts {
		for _, id := range append([]string{c.Attempts[i].ProviderCallID}, c.Attempts[i].Aliases...) {
			if err := s.knowAs(ctx, s.o.Provider, id, c.ID); err != nil {
				return err
			}
		}
	}
	for _, conversation := range c.Conversations {
		if err := s.knowAs(ctx, helix.ProviderElevenLabs, conversation.ID, c.ID); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) knowAs(ctx context.Context, p helix.Provider, id string, call helix.CallID) error {
	if id == "" || s.index.knows(call, id) {
		return nil
	}
	_, err := s.ids.Create(ctx, providerKey(p, id), call)
	if errors.Is(err, bus.ErrConflict) {
		return nil
	}
	return coded("outbound.know", err)
}

func providerKey(p helix.Provider, id string) string { return bus.Key(string(p) + "." + id) }

// follows does what comes after a change: queueing and telling. Neither is lost when it fails: see Deadlines and retell.
func (s *Service) follows(ctx context.Context, before, after *helix.OutboundCall) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), afterwards)
	defer cancel()
	if after.State == helix.OutboundInitiating && !after.DueAt.Equal(before.DueAt) {
		s.queue(ctx, after.ID, after.DueAt)
	}
	if before.State == helix.OutboundInitiating && after.State.Final() {
		if err := s.o.Bus.DropDial(ctx, string(after.ID)); err != nil {
			s.o.Logger.InfoContext(ctx, "the dial of a call that is over stays queued", "call", string(after.ID), "error", err)
		}
	}
	s.tell(ctx, after)
}

func (s *Service) queue(ctx context.Context, id helix.CallID, due time.Time) {
	if err := s.o.Bus.QueueDial(ctx, string(id), due); err != nil {
		s.o.Logger.WarnContext(ctx, "a call was not queued; tried again later", "call", string(id), "error", err)
	}
}

// coded gives a failure of the bus its code.
func coded(op string, err error) error {
	var known *helix.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return err
	case errors.Is(err, bus.ErrNotFound):
		return helix.NotFound("outbound call")
	case errors.Is(err, bus.ErrUnavailable), errors.Is(err, bus.ErrFull):
		return &helix.Error{Code: helix.CodeUnavailable, Message: "the call cannot be stored now; try again later", Retryable: true, Op: op, Err: err}
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	}
	return helix.Internal(op, err)
}

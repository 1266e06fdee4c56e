package calls

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/bus"
)

// maxLinked is how many calls are kept of a lead or a patient; the earliest linked go first.
const maxLinked = 50

// linkFields are the fields of a call's record that say whom it is recorded under.
var linkFields = [...]struct {
	field  string
	object helix.RecordObject
}{{"leadId", helix.ObjectLead}, {"patientId", helix.ObjectPatient}}

// Link remembers which calls writes record under which lead and patient, so that they are found without asking FortyTwo. It
// comes before the writes are stored: what is written again is linked once, and a link whose write was not stored is of a
// call that will be written again.
func (s *Service) Link(ctx context.Context, writes ...helix.RecordWrite) error {
	for _, w := range writes {
		if w.Object != helix.ObjectCall {
			continue
		}
		for _, f := range linkFields {
			if record, _ := w.Fields[f.field].(string); record != "" {
				if err := s.link(ctx, f.object, record, helix.CallID(w.Record)); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// link adds a call to those of a record. When the bucket is full it is left out: telephony goes on without it.
func (s *Service) link(ctx context.Context, object helix.RecordObject, record string, call helix.CallID) error {
	key := linkKey(object, record)
	for range maxAppendTries {
		linked, rev, err := s.links.Get(ctx, key)
		switch {
		case errors.Is(err, bus.ErrNotFound):
			_, err = s.links.Create(ctx, key, []helix.CallID{call})
		case err != nil:
		case slices.Contains(linked, call):
			return nil
		default:
			linked = append(linked, call)
			_, err = s.links.Update(ctx, key, linked[max(0, len(linked)-maxLinked):], rev)
		}
		switch {
		case err == nil || errors.Is(err, bus.ErrFull):
			return nil
		case !errors.Is(err, bus.ErrConflict):
			return fmt.Errorf("calls.link: %w", err)
		}
	}
	return helix.Internal("calls.link", fmt.Errorf("call %s lost %d races in a row", call, maxAppendTries))
}

// RecordTimeline reads up to limit events, in the order of the log and after a place in it, of the calls that are recorded
// under a lead or a patient and that visible lets pass. more says whether events follow.
func (s *Service) RecordTimeline(
	ctx context.Context, object helix.RecordObject, record string, visible func(*helix.Call) bool, after uint64, limit int,
) (events []*helix.CallEvent, more bool, err error) {
	calls, err := s.linkedCalls(ctx, object, record, visible)
	if err != nil {
		return nil, false, err
	}
	for _, call := range calls {
		if call.Revision <= after {
			continue
		}
		stored, err := s.bus.CallEvents(ctx, string(call.ID))
		if err != nil {
			return nil, false, fmt.Errorf("calls.record timeline: %w", err)
		}
		for _, st := range stored {
			if st.Sequence <= after {
				continue
			}
			e, err := s.tail.decode(st)
			if err != nil {
				return nil, false, err
			}
			events = append(events, e)
		}
	}
	slices.SortFunc(events, func(a, b *helix.CallEvent) int { return cmp.Compare(a.Cursor.Sequence, b.Cursor.Sequence) })
	return events[:min(limit, len(events))], len(events) > limit, nil
}

// LastOf gives the call that began last of those that are recorded under a lead or a patient and that visible lets pass; nil
// when there is none.
func (s *Service) LastOf(
	ctx context.Context, object helix.RecordObject, record string, visible func(*helix.Call) bool,
) (*helix.Call, error) {
	calls, err := s.linkedCalls(ctx, object, record, visible)
	if err != nil || len(calls) == 0 {
		return nil, err
	}
	return slices.MaxFunc(calls, func(a, b *helix.Call) int { return a.StartedAt.Compare(b.StartedAt) }), nil
}

// linkedCalls leaves out calls that the log has forgotten.
func (s *Service) linkedCalls(
	ctx context.Context, object helix.RecordObject, record string, visible func(*helix.Call) bool,
) (calls []*helix.Call, err error) {
	linked, _, err := s.links.Get(ctx, linkKey(object, record))
	if err != nil {
		return nil, ignoreNotFound(err)
	}
	for _, id := range linked {
		call, err := s.load(ctx, id)
		if err != nil {
			return nil, err
		}
		if call != nil && visible(call) {
			calls = append(calls, call)
		}
	}
	return calls, nil
}

// unlink forgets under whom calls are recorded.
func (s *Service) unlink(ctx context.Context, calls []helix.Call) error {
	if len(calls) == 0 {
		return nil
	}
	gone := make(map[helix.CallID]bool, len(calls))
	for _, c := range calls {
		gone[c.ID] = true
	}
	all, err := s.links.All(ctx)
	if err != nil {
		return fmt.Errorf("calls.unlink: %w", err)
	}
	for key, linked := range all {
		if !slices.ContainsFunc(linked, func(id helix.CallID) bool { return gone[id] }) {
			continue
		}
		if err := s.unlinkKey(ctx, key, gone); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) unlinkKey(ctx context.Context, key string, gone map[helix.CallID]bool) error {
	for range maxAppendTries {
		linked, rev, err := s.links.Get(ctx, key)
		if err != nil {
			return ignoreNotFound(err)
		}
		linked = slices.DeleteFunc(linked, func(id helix.CallID) bool { return gone[id] })
		if len(linked) == 0 {
			err = s.links.Delete(ctx, key, rev)
		} else {
			_, err = s.links.Update(ctx, key, linked, rev)
		}
		if !errors.Is(err, bus.ErrConflict) {
			return err
		}
	}
	return helix.Internal("calls.unlink", fmt.Errorf("lost %d races in a row", maxAppendTries))
}

func linkKey(object helix.RecordObject, record string) string {
	return string(object) + "." + bus.Key(record)
}

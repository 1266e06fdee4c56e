package desk

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/bus"
)

const (
	// sweepPage is how many records one question of a sweep covers, maxSweepPages how many it asks at most: a longer
	// queue is gone through in several sweeps.
	sweepPage     = 100
	maxSweepPages = 10
	// maxSweepEdits bounds the records that one sweep looks at again, each of which costs a request.
	maxSweepEdits = 25
)

// Callbacks is what FortyTwo shows of missed calls.
type Callbacks interface {
	// CallbackStates gives the status by record id; "" when the field says nothing of the queue's, missing when the record
	// is deleted. NOT_CONFIGURED when the workspace cannot show every status.
	CallbackStates(ctx context.Context, access helix.Access, records []string) (map[string]helix.CallbackStatus, error)
}

// Outbox knows what is on its way to FortyTwo.
type Outbox interface {
	// Waiting reports whether FortyTwo may not have everything yet that was submitted in the lane.
	Waiting(ctx context.Context, lane string) (bool, error)
	// KeptAs gives the id that FortyTwo keeps a record of ours under.
	KeptAs(ctx context.Context, record string) (string, error)
}

// EditsOptions wires [Edits].
type EditsOptions struct {
	Bus    *bus.Bus
	Queue  *Queue
	CRM    Callbacks
	Outbox Outbox
	Now    func() time.Time
	Logger *slog.Logger
}

// Edits hears of what people change in FortyTwo. It is safe for concurrent use, Sweep apart.
type Edits struct {
	o       EditsOptions
	signals *bus.Bucket[workSignal]

	sweeping sync.Mutex   // held by Sweep
	swept    helix.CallID // where the last sweep stopped, "" when it came to the end
}

// NewEdits prepares to hear.
func NewEdits(ctx context.Context, o EditsOptions) (*Edits, error) {
	signals, err := bus.OpenBucket[workSignal](ctx, o.Bus, bus.BucketWorkSignals)
	return &Edits{o: o, signals: signals}, err
}

// Changed takes what FortyTwo's webhook tells of a record. It may be told twice. An error means that it must be told again.
func (x *Edits) Changed(ctx context.Context, c helix.RecordChange) error {
	if c.Object != helix.ObjectCall {
		return x.signal(ctx, c)
	}
	e := x.entryOf(c)
	switch {
	case e == nil:
		return nil
	case c.Event == helix.RecordDeleted || c.Event == helix.RecordDestroyed: // the sweep sees to it, see showAgain
		return nil
	case c.Event == helix.RecordUpdated && c.Fields != nil && !slices.Contains(c.Fields, fieldCallback):
		return nil
	case c.Callback == e.Status: // most often the echo of our own write
		return nil
	}
	return x.adopt(ctx, e, c.Record, c)
}

// entryOf finds the entry that a call record shows: by its id or, where FortyTwo keeps it under another, by the
// provider's id of the first missed call. nil when it shows none.
func (x *Edits) entryOf(c helix.RecordChange) *indexed {
	q := x.o.Queue
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, id := range []string{c.Record, helix.NewID(string(helix.ProviderOzonetel), c.ProviderCallID)} {
		if e := q.byKey[q.byID[helix.CallID(id)]]; e != nil {
			return e
		}
	}
	return nil
}

// adopt moves the entry to the status that its record shows, when that is an edit and not our own word.
//
// With nothing of ours on its way, FortyTwo had our last word before it was asked, so a record that differs was edited since:
// no clock is needed to know. With something on its way, what the record shows may be an earlier word of ours; then
// only a member's own edit counts, told by a webhook, still shown, and made after the entry's last move. Every
// other edit waits for the sweep. The compare-and-set holds all of this together.
func (x *Edits) adopt(ctx context.Context, e *indexed, record string, told helix.RecordChange) error {
	waiting, err := x.o.Outbox.Waiting(ctx, string(e.ID)) // before the record is read, or our own write might come between
	if err != nil || waiting && told.Member == "" {
		return err
	}
	states, err := x.o.CRM.CallbackStates(ctx, helix.AsServer(), []string{record})
	if err != nil {
		return unlessNotConfigured(err)
	}
	theirs, there := states[record]
	switch {
	case theirs == e.Status:
		return nil
	case waiting && (theirs != told.Callback || !told.At.After(e.MovedAt)):
		return nil
	case !there || theirs == "":
		if told.Event != "" {
			return nil // as above
		}
		return x.showAgain(ctx, e)
	}
	at := x.o.Now().UTC()
	if waiting {
		at = told.At
	}
	seen := func(stored entry) *entry {
		if waiting { // what is on its way would overwrite the edit: all is written once more behind that
			return nil
		}
		stored.Status = theirs
		return &stored
	}
	_, _, err = x.o.Queue.changeSeen(ctx, e.key, seen, func(now *entry, exists bool) (bool, error) {
		if !exists || now.ID != e.ID || now.Status != e.Status || !now.MovedAt.Equal(e.MovedAt) {
			return false, nil // moved meanwhile; what FortyTwo shows then is compared by the next sweep
		}
		now.set(theirs, at)
		now.MovedAt = at
		return true, nil
	})
	if err == nil {
		x.o.Logger.InfoContext(ctx, "an edit of a missed call in FortyTwo was adopted",
			"missed_call", string(e.ID), "from", string(e.Status), "to", string(theirs))
	}
	return err
}

// showAgain writes all of an open entry: somebody deleted its record, or emptied its status. The patient waits all the
// same; whoever wants him off the queue sets a status. Only the sweep does this: an automation of FortyTwo's that keeps
// deleting would otherwise have us race with it.
func (x *Edits) showAgain(ctx context.Context, e *indexed) error {
	nothing := func(entry) *entry { return nil }
	_, _, err := x.o.Queue.changeSeen(ctx, e.key, nothing, func(now *entry, exists bool) (bool, error) {
		return exists && now.ID == e.ID && now.Status.Open(), nil
	})
	return err
}

// Sweep compares the open entries with their records, since webhooks come at most once (fortytwo.md 15.2). It is run by the
// scheduler, on one replica.
func (x *Edits) Sweep(ctx context.Context) error {
	if err := x.o.Queue.ready(ctx); err != nil {
		return err
	}
	x.sweeping.Lock()
	defer x.sweeping.Unlock()
	edits := 0
	for range maxSweepPages {
		page := x.page()
		if len(page) == 0 {
			return nil
		}
		n, err := x.sweepPage(ctx, page, maxSweepEdits-edits)
		if edits += n; err != nil || edits == maxSweepEdits {
			return err
		}
		if x.swept = page[len(page)-1].ID; len(page) < sweepPage {
			x.swept = ""
			return nil
		}
	}
	return nil
}

// page gives the next open entries in the order of their ids, which no move changes.
func (x *Edits) page() []*indexed {
	open := slices.DeleteFunc(x.o.Queue.snapshot(), func(e *indexed) bool { return !e.Status.Open() || e.ID <= x.swept })
	slices.SortFunc(open, func(a, b *indexed) int { return compareIDs(a.ID, b.ID) })
	if len(open) == 0 {
		x.swept = ""
	}
	return open[:min(len(open), sweepPage)]
}

func (x *Edits) sweepPage(ctx context.Context, page []*indexed, limit int) (edits int, err error) {
	records := make([]string, len(page))
	for i, e := range page {
		if records[i], err = x.o.Outbox.KeptAs(ctx, string(e.ID)); err != nil {
			return 0, err
		}
	}
	states, err := x.o.CRM.CallbackStates(ctx, helix.AsServer(), records)
	if err != nil {
		return 0, unlessNotConfigured(err)
	}
	for i, e := range page {
		if states[records[i]] == e.Status {
			continue
		}
		if edits == limit {
			break
		}
		edits++
		if err := x.adopt(ctx, e, records[i], helix.RecordChange{}); err != nil {
			return edits, err
		}
	}
	return edits, nil
}

// unlessNotConfigured forgives a workspace that cannot show every status: its records are not compared.
func unlessNotConfigured(err error) error {
	if helix.IsCode(err, helix.CodeNotConfigured) {
		return nil
	}
	return err
}

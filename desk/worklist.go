package desk

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"slices"
	"sync"
	"time"

	helix "github.com/helix-engage/gateway"
)

// leadSLA is within what time a new lead should be contacted.
const leadSLA = 24 * time.Hour

// WorklistKind is a source of work.
type WorklistKind string

// The sources, in the order in which equals are listed.
const (
	WorkMissedCall WorklistKind = "MISSED_CALL"
	WorkFollowUp   WorklistKind = "FOLLOW_UP"
	WorkLead       WorklistKind = "LEAD"
)

// AllWork is every source.
func AllWork() []WorklistKind { return []WorklistKind{WorkMissedCall, WorkFollowUp, WorkLead} }

// WorklistItem is one thing to do. Exactly one of the three is set.
type WorklistItem struct {
	Kind       WorklistKind
	ID         string
	DueAt      time.Time
	MissedCall *helix.MissedCall
	FollowUp   *helix.FollowUpRecord
	Lead       *helix.LeadRecord
	Cursor     string

	key helix.DueKey // its place within its own source
}

// WorklistQuery is what is asked for.
type WorklistQuery struct {
	Kinds  []WorklistKind
	First  int
	After  string // a cursor of an earlier page, "" for the first
	Counts bool   // whether Total and Counts are wanted; they cost queries of their own
}

// Worklist is a page. A source that failed is missing from Items and Counts and named in Failed.
type Worklist struct {
	Items   []WorklistItem
	HasNext bool
	Total   int
	Counts  map[WorklistKind]WorkCount
	Failed  map[WorklistKind]error
}

// WorkCount is how much there is of one kind.
type WorkCount struct{ All, Overdue int }

// Worklist merges the worker's missed calls, follow-ups and new leads by due time. Overdue items are thereby first, the
// longest overdue at the head; then come those with the least time left.
//
// A cursor holds the place within each source, so that a page after it neither repeats nor skips what is still there,
// whatever was added or done meanwhile.
func (d *Desk) Worklist(ctx context.Context, w Worker, q WorklistQuery) (Worklist, error) {
	places, err := parsePlaces(q.After)
	if err != nil {
		return Worklist{}, err
	}
	ctx, span := d.tracer.Start(ctx, "desk.worklist")
	defer span.End()
	now := d.now()
	list := Worklist{Counts: map[WorklistKind]WorkCount{}, Failed: map[WorklistKind]error{}}
	var items []WorklistItem
	var mu sync.Mutex
	var wg sync.WaitGroup
	collect := func(kind WorklistKind, read func() error) {
		wg.Go(func() {
			if err := read(); err != nil {
				mu.Lock()
				list.Failed[kind] = err
				mu.Unlock()
			}
		})
	}
	for _, kind := range q.Kinds {
		collect(kind, func() error {
			found, err := d.work(ctx, w, kind, places[kind], q.First+1)
			mu.Lock()
			items = append(items, found...)
			mu.Unlock()
			return err
		})
		if q.Counts {
			collect(kind, func() error {
				count, err := d.countWork(ctx, w, kind, now)
				if err == nil {
					mu.Lock()
					list.Counts[kind] = count
					mu.Unlock()
				}
				return err
			})
		}
	}
	wg.Wait()
	list.page(items, places, q.First)
	return list, nil
}

// page merges and cuts, and gives each item the cursor that continues behind it.
func (l *Worklist) page(items []WorklistItem, places places, first int) {
	items = slices.DeleteFunc(items, func(i WorklistItem) bool { return l.Failed[i.Kind] != nil })
	for kind := range l.Failed {
		delete(l.Counts, kind)
	}
	slices.SortFunc(items, func(a, b WorklistItem) int {
		if c := a.DueAt.Compare(b.DueAt); c != 0 {
			return c
		}
		if c := slices.Index(AllWork(), a.Kind) - slices.Index(AllWork(), b.Kind); c != 0 {
			return c
		}
		return compareIDs(helix.CallID(a.ID), helix.CallID(b.ID))
	})
	if l.HasNext = len(items) > first; l.HasNext {
		items = items[:first]
	}
	for i := range items {
		places[items[i].Kind] = items[i].key
		items[i].Cursor = places.String()
	}
	l.Items = items
	for _, c := range l.Counts {
		l.Total += c.All
	}
}

// work reads one source behind a place.
func (d *Desk) work(ctx context.Context, w Worker, kind WorklistKind, after helix.DueKey, limit int) ([]WorklistItem, error) {
	var items []WorklistItem
	switch kind {
	case WorkMissedCall:
		open, err := d.queue.Open(ctx, w.Seat.Agent)
		if err != nil {
			return nil, err
		}
		for _, m := range open {
			key := helix.DueKey{Due: m.DueAt, ID: string(m.ID)}
			if keyAfter(key, after) {
				items = append(items, WorklistItem{Kind: kind, ID: string(m.ID), DueAt: m.DueAt, MissedCall: &m, key: key})
			}
		}
	case WorkFollowUp:
		due, err := d.crm.FollowUpsDue(ctx, w.Access(), w.Member, after, limit)
		if err != nil {
			return nil, err
		}
		for _, f := range due {
			key := helix.DueKey{Due: f.DueAt, ID: f.ID}
			items = append(items, WorklistItem{Kind: kind, ID: f.ID, DueAt: f.DueAt, FollowUp: &f, key: key})
		}
	case WorkLead:
		waiting, err := d.crm.LeadsWaiting(ctx, w.Access(), w.Member, after, limit)
		if err != nil {
			return nil, err
		}
		for _, l := range waiting {
			key := helix.DueKey{Due: l.CreatedAt, ID: l.ID}
			items = append(items, WorklistItem{Kind: kind, ID: l.ID, DueAt: l.CreatedAt.Add(leadSLA), Lead: &l, key: key})
		}
	}
	return items, nil
}

func (d *Desk) countWork(ctx context.Context, w Worker, kind WorklistKind, now time.Time) (WorkCount, error) {
	var c WorkCount
	var err error
	switch kind {
	case WorkMissedCall:
		var open []helix.MissedCall
		open, err = d.queue.Open(ctx, w.Seat.Agent)
		for _, m := range open {
			c.All++
			if m.DueAt.Before(now) {
				c.Overdue++
			}
		}
	case WorkFollowUp:
		c.All, c.Overdue, err = d.crm.FollowUpCounts(ctx, w.Access(), w.Member, now)
	case WorkLead:
		c.All, c.Overdue, err = d.crm.LeadCounts(ctx, w.Access(), w.Member, now.Add(-leadSLA))
	}
	return c, err
}

func keyAfter(k, after helix.DueKey) bool {
	if c := k.Due.Compare(after.Due); c != 0 {
		return c > 0
	}
	return k.ID > after.ID
}

// places is how far each source was read.
type places map[WorklistKind]helix.DueKey

func (p places) String() string {
	raw, _ := json.Marshal(p) // a map of strings, times and strings always marshals
	return base64.RawURLEncoding.EncodeToString(raw)
}

func parsePlaces(cursor string) (places, error) {
	p := places{}
	if cursor == "" {
		return p, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err == nil {
		err = json.Unmarshal(raw, &p)
	}
	if err != nil {
		return nil, helix.BadInput("the cursor is not one of the work list's")
	}
	for kind := range p {
		if !slices.Contains(AllWork(), kind) {
			return nil, helix.BadInput("the cursor is not one of the work list's")
		}
	}
	return p, nil
}

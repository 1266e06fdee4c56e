package desk

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"maps"
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

	key helix.DueKey // its place within its own source
}

// WorklistQuery is what is asked for.
type WorklistQuery struct {
	Kinds   []WorklistKind
	First   int
	After   string // a cursor of an earlier page, "" for the first
	Total   bool   // whether Total and WorkCount.All are wanted; on later pages they cost queries of their own
	Overdue bool   // whether WorkCount.Overdue is wanted, likewise
}

// Worklist is a page. A source that failed is missing from Items and Counts and named in Failed.
type Worklist struct {
	Items   []WorklistItem
	HasNext bool
	Total   int
	Counts  map[WorklistKind]WorkCount // of every source that answered
	Failed  map[WorklistKind]error

	began places // before the first item
}

// WorkCount is how much there is of one kind; what was not asked for means nothing.
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
	list := Worklist{Counts: map[WorklistKind]WorkCount{}, Failed: map[WorklistKind]error{}}
	now, sources := d.now(), make([]source, len(q.Kinds))
	read := func(i int) {
		kind := q.Kinds[i]
		sources[i].items, sources[i].count, sources[i].err = d.work(ctx, w, kind, places[kind], q, now)
	}
	var others sync.WaitGroup
	for i := 1; i < len(sources); i++ {
		others.Go(func() { read(i) })
	}
	if len(sources) > 0 {
		read(0)
	}
	others.Wait()
	list.page(q, sources, places)
	return list, nil
}

// source is what one of them answered.
type source struct {
	items []WorklistItem
	count WorkCount
	err   error
}

// page merges and cuts.
func (l *Worklist) page(q WorklistQuery, sources []source, began places) {
	l.began = began
	for i, s := range sources {
		kind := q.Kinds[i]
		if s.err != nil {
			l.Failed[kind] = s.err
			continue
		}
		l.Counts[kind] = s.count
		l.Total += s.count.All
		if l.Items == nil {
			l.Items = s.items
		} else {
			l.Items = append(l.Items, s.items...)
		}
	}
	order := AllWork()
	slices.SortFunc(l.Items, func(a, b WorklistItem) int {
		if c := a.DueAt.Compare(b.DueAt); c != 0 {
			return c
		}
		if c := slices.Index(order, a.Kind) - slices.Index(order, b.Kind); c != 0 {
			return c
		}
		return compareIDs(helix.CallID(a.ID), helix.CallID(b.ID))
	})
	if l.HasNext = len(l.Items) > q.First; l.HasNext {
		l.Items = l.Items[:q.First]
	}
}

// Cursor continues behind an item of the page, given by its place.
func (l *Worklist) Cursor(i int) string {
	at := maps.Clone(l.began)
	for _, item := range l.Items[:i+1] {
		at[item.Kind] = item.key
	}
	return at.String()
}

// Cursors are those of all items of the page. From one to the next a single source goes on, so that only its part is written anew.
func (l *Worklist) Cursors() []string {
	var kinds []WorklistKind // in the order in which a map is written
	parts := map[WorklistKind][]byte{}
	set := func(kind WorklistKind, key helix.DueKey) {
		if at, known := slices.BinarySearch(kinds, kind); !known {
			kinds = slices.Insert(kinds, at, kind)
		}
		parts[kind] = parts[kind][:0]
		raw, err := json.Marshal(key) //nolint:musttag // within places its fields go by their names too
		if err == nil {               // else a time that JSON has not: that source begins anew
			parts[kind] = append(append(append(append(parts[kind], '"'), kind...), '"', ':'), raw...)
		}
	}
	for kind, key := range l.began {
		set(kind, key)
	}
	all := make([]string, len(l.Items))
	var text, encoded []byte
	for i := range l.Items {
		set(l.Items[i].Kind, l.Items[i].key)
		text = append(text[:0], '{')
		for _, kind := range kinds {
			if len(text) > 1 && len(parts[kind]) > 0 {
				text = append(text, ',')
			}
			text = append(text, parts[kind]...)
		}
		encoded = base64.RawURLEncoding.AppendEncode(encoded[:0], append(text, '}'))
		all[i] = string(encoded)
	}
	return all
}

// work reads one source behind a place, and counts it.
func (d *Desk) work(
	ctx context.Context, w Worker, kind WorklistKind, after helix.DueKey, q WorklistQuery, now time.Time,
) (items []WorklistItem, count WorkCount, err error) {
	if kind == WorkMissedCall {
		return d.missedWork(ctx, w, after, now)
	}
	due := helix.DueQuery{After: after, Limit: q.First + 1, Total: q.Total}
	var counts helix.DueCounts
	switch kind {
	case WorkFollowUp:
		if q.Overdue {
			due.Before = now
		}
		var found []helix.FollowUpRecord
		found, counts, err = d.crm.FollowUpsDue(ctx, w.Access(), w.Member, due)
		items = make([]WorklistItem, 0, len(found))
		for i := range found {
			f := &found[i]
			key := helix.DueKey{Due: f.DueAt, ID: f.ID}
			items = append(items, WorklistItem{Kind: kind, ID: f.ID, DueAt: f.DueAt, FollowUp: f, key: key})
		}
	case WorkLead:
		if q.Overdue {
			due.Before = now.Add(-leadSLA)
		}
		var found []helix.LeadRecord
		found, counts, err = d.crm.LeadsWaiting(ctx, w.Access(), w.Member, due)
		items = make([]WorklistItem, 0, len(found))
		for i := range found {
			l := &found[i]
			key := helix.DueKey{Due: l.CreatedAt, ID: l.ID}
			items = append(items, WorklistItem{Kind: kind, ID: l.ID, DueAt: l.CreatedAt.Add(leadSLA), Lead: l, key: key})
		}
	}
	return items, WorkCount{All: counts.Total, Overdue: counts.Before}, err
}

// missedWork reads the missed calls, which are ours.
func (d *Desk) missedWork(
	ctx context.Context, w Worker, after helix.DueKey, now time.Time,
) (items []WorklistItem, count WorkCount, err error) {
	open, err := d.queue.Open(ctx, w.Seat.Agent)
	for _, m := range open {
		count.All++
		if m.DueAt.Before(now) {
			count.Overdue++
		}
		key := helix.DueKey{Due: m.DueAt, ID: string(m.ID)}
		if keyAfter(key, after) {
			items = append(items, WorklistItem{Kind: WorkMissedCall, ID: string(m.ID), DueAt: m.DueAt, MissedCall: &m, key: key})
		}
	}
	return items, count, err
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

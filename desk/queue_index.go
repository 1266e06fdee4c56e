package desk

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/bus"
)

// Run follows the bucket until ctx ends. Reading and claiming wait for its first pass.
func (q *Queue) Run(ctx context.Context) error {
	var once sync.Once
	return q.bucket.Watch(ctx, func(key string, e *entry, rev uint64) {
		if key == "" { // the bucket's sign that all there was has been told
			once.Do(func() { close(q.loaded) })
			return
		}
		q.put(key, e, rev)
	})
}

func (q *Queue) ready(ctx context.Context) error {
	select {
	case <-q.loaded:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// put keeps the newer of what is known and what is told: our own writes are known before the bucket tells them.
func (q *Queue) put(key string, e *entry, rev uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	old := q.byKey[key]
	if old != nil && old.rev >= rev {
		return
	}
	if old != nil {
		delete(q.byID, old.ID)
	}
	q.tell(old, e)
	if e == nil {
		delete(q.byKey, key)
		return
	}
	q.byKey[key] = &indexed{entry: *e, key: key, rev: rev}
	q.byID[e.ID] = key
}

// tell notes whose work list changes with an entry. An entry that is no longer open is on nobody's.
func (q *Queue) tell(old *indexed, now *entry) {
	if old != nil && now != nil && old.ID == now.ID && maps.Equal(old.shown(), now.shown()) {
		return
	}
	change := WorkChange{At: q.o.Now().UTC(), Kind: WorkMissedCall}
	if old != nil && old.Status.Open() {
		change.agents[0], change.Item = old.Agent, string(old.ID)
	}
	if now != nil && now.Status.Open() {
		change.agents[1], change.Item = now.Agent, string(now.ID)
	}
	if change.agents != [2]helix.AgentID{} {
		q.changes.add(change)
	}
}

// find gives an entry by its id, NOT_FOUND when there is none. One that another replica has just made may not have been
// told yet: its first call tells whose number it is, and so its key.
func (q *Queue) find(ctx context.Context, id helix.CallID) (*indexed, error) {
	if err := q.ready(ctx); err != nil {
		return nil, err
	}
	q.mu.Lock()
	known := q.byKey[q.byID[id]]
	q.mu.Unlock()
	if known != nil {
		return known, nil
	}
	call, err := q.o.Calls.Get(ctx, id)
	if err != nil {
		return nil, helix.NotFound("missed call")
	}
	key := q.o.Person(call.Phone)
	e, rev, err := q.bucket.Get(ctx, key)
	if errors.Is(err, bus.ErrNotFound) || (err == nil && e.ID != id) {
		return nil, helix.NotFound("missed call")
	}
	if err != nil {
		return nil, fmt.Errorf("desk.queue: %w", err)
	}
	q.put(key, &e, rev)
	return &indexed{entry: e, key: key, rev: rev}, nil
}

// snapshot lists all entries, the first missed first. Entries are replaced, never changed, so they may be read freely.
func (q *Queue) snapshot() []*indexed {
	q.mu.Lock()
	all := make([]*indexed, 0, len(q.byKey))
	for _, e := range q.byKey {
		all = append(all, e)
	}
	q.mu.Unlock()
	slices.SortFunc(all, func(a, b *indexed) int {
		if c := a.FirstMissedAt.Compare(b.FirstMissedAt); c != 0 {
			return c
		}
		return compareIDs(a.ID, b.ID)
	})
	return all
}

func compareIDs(a, b helix.CallID) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

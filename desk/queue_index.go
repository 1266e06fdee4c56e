package desk

import (
	"context"
	"slices"

	helix "github.com/helix-engage/gateway"
)

// Run follows the bucket until ctx ends. Reading and claiming wait for its first pass.
func (q *Queue) Run(ctx context.Context) error {
	return q.bucket.WatchLoaded(ctx, q.loaded, func(key string, e *entry, rev uint64) { q.put(key, e, rev) })
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
	if e == nil {
		delete(q.byKey, key)
		return
	}
	q.byKey[key] = &indexed{entry: *e, key: key, rev: rev}
	q.byID[e.ID] = key
}

func (q *Queue) find(id helix.CallID) *indexed {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.byKey[q.byID[id]]
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

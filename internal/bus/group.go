package bus

import (
	"context"
	"crypto/sha256"
	"fmt"
	"sync"
	"time"
)

const (
	// maxQueued and maxQueuedBytes bound the pushes that wait to be stored; beyond them AppendInbox answers
	// ErrUnavailable. They are reached only when the disk or the cluster stands still.
	maxQueued      = 4096
	maxQueuedBytes = 32 << 20
	// gatherFor is how long pushes gather when those before them had company.
	gatherFor = time.Millisecond
	// maxRemembered bounds the hashes of each generation of stored pushes; there are two.
	maxRemembered = 32_768
)

// groupWriter stores pushes in groups: while one message is on its way to the disk, the pushes of the next gather. A
// push that comes alone goes at once. It is safe for concurrent use.
type groupWriter struct {
	bus *Bus

	mu      sync.Mutex
	writing bool // a goroutine stores what is queued
	queue   []*queuedPush
	bytes   int                      // of queue
	byHash  map[pushHash]*queuedPush // those of queue and those on their way
	stored  [2]map[pushHash]struct{} // of recently stored pushes, the newer generation first
	since   time.Time                // of stored[0]
}

// pushHash tells whether two pushes are the same.
type pushHash [sha256.Size]byte

func hashPush(m InboxMessage) (h pushHash) {
	sum := sha256.New()
	fmt.Fprintf(sum, "%d:%s", len(m.Source), m.Source)
	_, _ = sum.Write(m.Body)
	sum.Sum(h[:0])
	return h
}

// queuedPush is a push that is not stored yet.
type queuedPush struct {
	message InboxMessage
	hash    pushHash
	size    int
	since   time.Time     // when it was queued
	callers int           // who wait for it
	done    chan struct{} // closed when err is set
	err     error
}

func newGroupWriter(b *Bus) *groupWriter {
	return &groupWriter{bus: b, byHash: map[pushHash]*queuedPush{}}
}

// store returns when the push is on the disk, or could not be brought there, or ctx ends.
func (w *groupWriter) store(ctx context.Context, m InboxMessage) error {
	p, err := w.enqueue(m)
	if p == nil {
		return err
	}
	select {
	case <-p.done:
		return p.err
	case <-ctx.Done():
		w.mu.Lock()
		defer w.mu.Unlock()
		p.callers--
		return translate("bus.append inbox", ctx.Err())
	}
}

// enqueue gives what to wait for; nil when there is nothing to wait for.
func (w *groupWriter) enqueue(m InboxMessage) (*queuedPush, error) {
	hash := hashPush(m)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.known(hash) {
		return nil, nil
	}
	if p := w.byHash[hash]; p != nil {
		p.callers++
		return p, nil
	}
	p := &queuedPush{message: m, hash: hash, size: packedSize(m), since: w.bus.governor.now(), callers: 1, done: make(chan struct{})}
	if len(w.queue) >= maxQueued || len(w.queue) > 0 && w.bytes+p.size > maxQueuedBytes {
		return nil, fmt.Errorf("bus.append inbox: too many pushes wait to be stored: %w", ErrUnavailable)
	}
	w.queue = append(w.queue, p)
	w.bytes += p.size
	w.byHash[hash] = p
	w.bus.governor.arrive()
	if !w.writing {
		w.writing = true
		go w.write()
	}
	return p, nil
}

// write stores groups until nothing is queued. It belongs to no caller: one who leaves does not take others with him.
// After a group of several it waits a moment before the next, so that a busy machine stores fewer and larger ones.
func (w *groupWriter) write() {
	for group := w.next(); len(group) > 0; group = w.next() {
		err := w.publish(group)
		w.settle(group, err)
		if len(group) > 1 {
			time.Sleep(gatherFor)
		}
	}
}

// next takes a group from the queue; none ends the writing.
func (w *groupWriter) next() (group []*queuedPush) {
	w.mu.Lock()
	defer w.mu.Unlock()
	size := 1
	for len(w.queue) > 0 && len(group) < maxGroup {
		p := w.queue[0]
		if len(group) > 0 && size+p.size > maxGroupBytes {
			break
		}
		w.queue = w.queue[1:]
		w.bytes -= p.size
		if p.callers == 0 { // all were told that it was not stored
			delete(w.byHash, p.hash)
			w.bus.governor.leave(1, p.since)
			continue
		}
		group = append(group, p)
		size += p.size
	}
	w.writing = len(group) > 0
	return group
}

func (w *groupWriter) publish(group []*queuedPush) error {
	ctx, cancel := context.WithTimeout(context.Background(), requestPatience)
	defer cancel()
	if len(group) == 1 {
		return w.bus.storeInbox(ctx, group[0].message, fmt.Sprintf("%x", group[0].hash))
	}
	pushes := make([]InboxMessage, len(group))
	for i, p := range group {
		pushes[i] = p.message
	}
	return w.bus.storeGroup(ctx, pushes)
}

func (w *groupWriter) settle(group []*queuedPush, err error) {
	w.bus.governor.leave(len(group), group[0].since)
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range group {
		delete(w.byHash, p.hash)
		if err == nil {
			w.remember(p.hash)
		}
		p.err = err
		close(p.done)
	}
}

// known reports whether a push was stored within the window, by this process.
func (w *groupWriter) known(hash pushHash) bool {
	w.age()
	_, newer := w.stored[0][hash]
	_, older := w.stored[1][hash]
	return newer || older
}

func (w *groupWriter) remember(hash pushHash) {
	w.age()
	w.stored[0][hash] = struct{}{}
}

// age begins a new generation when the newer one covers the window or is full, and forgets the older.
func (w *groupWriter) age() {
	if now := time.Now(); w.stored[0] == nil || len(w.stored[0]) >= maxRemembered || now.Sub(w.since) >= dedupeWindow {
		w.stored[1], w.stored[0], w.since = w.stored[0], map[pushHash]struct{}{}, now
	}
}

package bus

import (
	"sync"
	"time"
)

const (
	// maxHeldBytes bounds the pushes that are kept in memory between their delivery and their handling, by their bodies; what
	// was decoded of them comes on top.
	maxHeldBytes = 8 << 20
	// maxHeldFor is how long: one that is discarded meanwhile on another replica must not come back later than that.
	maxHeldFor = time.Second
)

// held keeps messages of the inbox in memory, so that they need not be read once more for each of their pushes. It is
// safe for concurrent use.
type held struct {
	mu    sync.Mutex
	bySeq map[uint64]*heldMessage
	order []*heldMessage // as they were put; those that are dropped are still in it
	bytes int            // of bySeq
}

type heldMessage struct {
	sequence uint64
	pushes   []InboxMessage
	size     int
	at       time.Time
	dropped  bool
}

func newHeld() *held { return &held{bySeq: map[uint64]*heldMessage{}} }

// get gives the pushes of a message, nil when they must be read.
func (h *held) get(now time.Time, sequence uint64) []InboxMessage {
	h.mu.Lock()
	defer h.mu.Unlock()
	m := h.bySeq[sequence]
	if m == nil || now.Sub(m.at) > maxHeldFor {
		return nil
	}
	return m.pushes
}

// offer keeps a message if there is room: those that came before it are handled before it.
func (h *held) offer(now time.Time, sequence uint64, pushes []InboxMessage, size int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for len(h.order) > 0 && (h.order[0].dropped || now.Sub(h.order[0].at) > maxHeldFor) {
		h.dropFirst()
	}
	if h.bytes+size <= maxHeldBytes {
		h.keep(now, sequence, pushes, size)
	}
}

// put keeps a message that is being handled; the oldest make room.
func (h *held) put(now time.Time, sequence uint64, pushes []InboxMessage, size int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for len(h.order) > 0 && (h.order[0].dropped || h.bytes+size > maxHeldBytes) {
		h.dropFirst()
	}
	h.keep(now, sequence, pushes, size)
}

// drop forgets a message.
func (h *held) drop(sequence uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.forget(h.bySeq[sequence])
	for len(h.order) > 0 && h.order[0].dropped {
		h.dropFirst()
	}
}

func (h *held) keep(now time.Time, sequence uint64, pushes []InboxMessage, size int) {
	h.forget(h.bySeq[sequence])
	m := &heldMessage{sequence: sequence, pushes: pushes, size: size, at: now}
	h.bySeq[sequence] = m
	h.order = append(h.order, m)
	h.bytes += size
}

func (h *held) dropFirst() {
	h.forget(h.order[0])
	h.order[0] = nil
	h.order = h.order[1:]
}

func (h *held) forget(m *heldMessage) {
	if m == nil || m.dropped {
		return
	}
	delete(h.bySeq, m.sequence)
	h.bytes -= m.size
	m.dropped, m.pushes = true, nil
}

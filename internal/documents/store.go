package documents

import (
	"container/list"
	"crypto/sha256"
	"sync"
)

// store holds the documents that clients have registered, the most recently used ones.
type store struct {
	maxEntries, maxBytes int

	mu     sync.Mutex
	bytes  int
	byHash map[string]*list.Element
	order  *list.List // of *registered, the newest first
}

type registered struct{ hash, text string }

func newStore(entries, bytes int) *store {
	return &store{maxEntries: entries, maxBytes: bytes, byHash: make(map[string]*list.Element), order: list.New()}
}

func (s *store) get(hash string) (text string, found bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, found := s.byHash[hash]
	if !found {
		return "", false
	}
	s.order.MoveToFront(e)
	return e.Value.(*registered).text, true
}

// add remembers a document and forgets others for it. One that would take more than an eighth of the room is not remembered:
// its client goes on sending it.
func (s *store) add(hash, text string) {
	if len(text) > s.maxBytes/8 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if e, known := s.byHash[hash]; known {
		s.order.MoveToFront(e)
		return
	}
	s.byHash[hash] = s.order.PushFront(&registered{hash: hash, text: text})
	for s.bytes += len(text); s.bytes > s.maxBytes || s.order.Len() > s.maxEntries; {
		oldest := s.order.Remove(s.order.Back()).(*registered)
		delete(s.byHash, oldest.hash)
		s.bytes -= len(oldest.text)
	}
}

// What mode log remembers of the documents of callers that are known, and of strangers, who could make up any number.
const (
	maxKnownNotes    = 1_000
	maxStrangerNotes = 100
)

// notes are the documents that mode log has logged since the folder changed.
type notes struct {
	mu        sync.Mutex
	of        *set
	seen      map[[sha256.Size]byte]struct{}
	strangers int
}

func newNotes() *notes { return &notes{seen: make(map[[sha256.Size]byte]struct{})} }

// add tells whether a document is to be logged, being the first of its kind, and whether it is the last that will be.
func (n *notes) add(of *set, hash [sha256.Size]byte, known bool) (first, last bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.of != of {
		n.of, n.strangers = of, 0
		clear(n.seen)
	}
	if _, seen := n.seen[hash]; seen {
		return false, false
	}
	count, limit := len(n.seen)-n.strangers, maxKnownNotes
	if !known {
		count, limit = n.strangers, maxStrangerNotes
	}
	if count == limit {
		return false, false
	}
	n.seen[hash] = struct{}{}
	if !known {
		n.strangers++
	}
	return true, count+1 == limit
}

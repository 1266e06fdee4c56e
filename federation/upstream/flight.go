package upstream

import (
	"bytes"
	"hash/maphash"
	"math/bits"
	"sync"
)

// flight is one request for a query, and those who wait for its answer.
type flight struct {
	exchange
	out outcome

	// guarded by flights
	done    chan struct{} // closed once out is there; made for the second caller, since the first is told by himself
	waiting int
	open    bool    // newcomers may join
	hash    uint64  // of caller and body
	next    *flight // open too, by chance of the same hash
	before  *flight // open too, of the same caller
	after   *flight
}

// flights are those that newcomers may join. It holds no more entries than queries are under way.
type flights struct {
	seed maphash.Seed

	mu       sync.Mutex
	byHash   map[uint64]*flight   // the head of each chain
	byCaller map[[32]byte]*flight // the head of each list
}

func newFlights() flights {
	return flights{seed: maphash.MakeSeed(), byHash: map[uint64]*flight{}, byCaller: map[[32]byte]*flight{}}
}

// join enters the open flight for the same query of the same caller, or a new one; first says which. The first makes the
// exchange and calls land or leave; whoever joins him waits for done or calls leave.
func (s *flights) join(caller *Caller, r *Request) (f *flight, first bool) {
	hash := maphash.Bytes(s.seed, r.Body) ^ bits.RotateLeft64(maphash.Bytes(s.seed, caller.Key[:]), 1)
	s.mu.Lock()
	defer s.mu.Unlock()
	head := s.byHash[hash]
	for f := head; f != nil; f = f.next {
		if f.answers(caller, r) {
			f.waiting++
			if f.done == nil {
				f.done = make(chan struct{})
			}
			return f, false
		}
	}
	f = &flight{
		exchange: exchange{caller: caller, request: r}, waiting: 1, open: true, hash: hash, next: head,
		after: s.byCaller[caller.Key],
	}
	if f.after != nil {
		f.after.before = f
	}
	s.byHash[hash], s.byCaller[caller.Key] = f, f
	return f, true
}

// answers compares everything that FortyTwo sees. The token is compared beside its hash: a caller whose Key is not what it
// should be must not get what is another's.
func (f *flight) answers(caller *Caller, r *Request) bool {
	his := f.caller
	return his.Key == caller.Key && his.Token == caller.Token && his.Language == caller.Language && his.Locale == caller.Locale &&
		bytes.Equal(f.request.Body, r.Body)
}

// leave takes one out who no longer waits, and tells how many still do. When it is nobody, the flight is closed and its
// request has to be ended.
func (s *flights) leave(f *flight) (rest int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.waiting--; f.waiting == 0 {
		s.remove(f)
	}
	return f.waiting
}

// land gives the answer to all who wait, and tells whether anybody but the first ever did.
func (s *flights) land(f *flight, out outcome) (shared bool) {
	f.out = out
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remove(f)
	if f.done != nil {
		close(f.done)
	}
	return f.done != nil
}

// closeAll lets nobody join the caller's flights any more. Who waits for one is not disturbed.
func (s *flights) closeAll(caller [32]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for f := s.byCaller[caller]; f != nil; {
		after := f.after
		s.remove(f)
		f = after
	}
}

// remove takes f, if it is open, out of its chain and its list. s.mu is held.
func (s *flights) remove(f *flight) {
	if !f.open {
		return
	}
	s.unchain(f)
	switch {
	case f.before != nil:
		f.before.after = f.after
	case f.after != nil:
		s.byCaller[f.caller.Key] = f.after
	default:
		delete(s.byCaller, f.caller.Key)
	}
	if f.after != nil {
		f.after.before = f.before
	}
	f.open, f.next, f.before, f.after = false, nil, nil, nil
}

func (s *flights) unchain(f *flight) {
	head := s.byHash[f.hash]
	switch {
	case head != f:
		for head.next != f {
			head = head.next
		}
		head.next = f.next
	case f.next != nil:
		s.byHash[f.hash] = f.next
	default:
		delete(s.byHash, f.hash)
	}
}

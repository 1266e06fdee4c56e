package outbound

import (
	"slices"
	"strings"
	"sync"
	"time"

	helix "github.com/helix-engage/gateway"
)

// index is what this process knows of all calls, following the bucket. It answers lists, statistics and what is due; it
// decides nothing: every move is a compare-and-set on the stored call. Memory is bounded by the bucket's own size, about
// 600 bytes for a call that is over and 2 kB for an open one.
type index struct {
	loaded chan struct{} // closed when the calls of the start are known
	once   sync.Once

	mu     sync.Mutex
	byID   map[helix.CallID]*entry
	order  []*entry                             // by creation, then id
	open   map[helix.CallID]*entry              // that have a call
	phones map[string]map[helix.CallID]struct{} // last ten digits -> calls
	busy   int                                  // calls that occupy a line
	freed  chan struct{}                        // one token when busy has fallen
}

// entry is what is kept of a call. Entries are replaced, never changed.
type entry struct {
	id        helix.CallID
	revision  uint64
	state     helix.OutboundState
	reason    helix.OutboundReason
	asker     string
	phone     string // last ten digits
	createdAt time.Time
	endedAt   time.Time
	talkedFor time.Duration

	call *helix.OutboundCall // without its long parts; nil when it is over and all results are there
}

func newIndex() *index {
	return &index{
		loaded: make(chan struct{}), byID: map[helix.CallID]*entry{}, open: map[helix.CallID]*entry{},
		phones: map[string]map[helix.CallID]struct{}{}, freed: make(chan struct{}, 1),
	}
}

func (x *index) complete() { x.once.Do(func() { close(x.loaded) }) }

// put keeps the newer of what is known and what is told; our own changes are known before the bucket tells them. nil
// says that the call is gone.
func (x *index) put(id helix.CallID, c *helix.OutboundCall, revision uint64) {
	x.mu.Lock()
	defer x.mu.Unlock()
	old := x.byID[id]
	if old != nil && old.revision >= revision {
		return
	}
	if old != nil {
		x.remove(old)
	}
	if c != nil {
		x.insert(newEntry(c, revision))
	}
	if x.wasBusy(old) && !x.wasBusy(x.byID[id]) {
		select {
		case x.freed <- struct{}{}:
		default:
		}
	}
}

func newEntry(c *helix.OutboundCall, revision uint64) *entry {
	e := &entry{
		id: c.ID, revision: revision, state: c.State, reason: c.EndReason, asker: c.Asker,
		phone: strings.Clone(c.Request.Patient.Phone.Last10()), createdAt: c.CreatedAt, endedAt: c.EndedAt, talkedFor: c.TalkedFor,
	}
	if !c.State.Final() || slices.ContainsFunc(c.Conversations, func(v helix.OutboundConversation) bool { return !v.Done && !v.GivenUp }) {
		short := clone(*c)
		short.Request.Patient.CRMData, short.Timeline, short.Transcript, short.Collected, short.Summary = nil, nil, nil, nil, ""
		short.Revision = revision
		e.call = &short
	}
	return e
}

func (x *index) insert(e *entry) {
	x.byID[e.id] = e
	if e.call != nil {
		x.open[e.id] = e
	}
	at, _ := slices.BinarySearchFunc(x.order, e, compareEntries)
	x.order = slices.Insert(x.order, at, e)
	if x.phones[e.phone] == nil {
		x.phones[e.phone] = map[helix.CallID]struct{}{}
	}
	x.phones[e.phone][e.id] = struct{}{}
	if x.wasBusy(e) {
		x.busy++
	}
}

func (x *index) remove(e *entry) {
	delete(x.byID, e.id)
	delete(x.open, e.id)
	if at, found := slices.BinarySearchFunc(x.order, e, compareEntries); found {
		x.order = slices.Delete(x.order, at, at+1)
	}
	delete(x.phones[e.phone], e.id)
	if len(x.phones[e.phone]) == 0 {
		delete(x.phones, e.phone)
	}
	if x.wasBusy(e) {
		x.busy--
	}
}

// wasBusy reports whether a call occupies a line of the provider's.
func (x *index) wasBusy(e *entry) bool {
	if e == nil {
		return false
	}
	switch e.state {
	case helix.OutboundDialing, helix.OutboundConnected, helix.OutboundActive:
		return true
	}
	return false
}

func compareEntries(a, b *entry) int {
	if c := a.createdAt.Compare(b.createdAt); c != 0 {
		return c
	}
	return strings.Compare(string(a.id), string(b.id))
}

// knows reports whether the call is already known under a provider's id.
func (x *index) knows(id helix.CallID, providerID string) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	e := x.byID[id]
	if e == nil {
		return false
	}
	if e.call == nil {
		return true // it was known when its results came
	}
	return slices.ContainsFunc(e.call.Attempts, func(a helix.OutboundAttempt) bool { return a.KnownAs(providerID) }) ||
		slices.ContainsFunc(e.call.Conversations, func(c helix.OutboundConversation) bool { return c.ID == providerID })
}

// unfinished lists the calls that are open or whose results are missing, the oldest first.
func (x *index) unfinished() []*helix.OutboundCall {
	x.mu.Lock()
	calls := make([]*helix.OutboundCall, 0, len(x.open))
	for _, e := range x.open {
		calls = append(calls, e.call)
	}
	x.mu.Unlock()
	slices.SortFunc(calls, func(a, b *helix.OutboundCall) int {
		if c := a.CreatedAt.Compare(b.CreatedAt); c != 0 {
			return c
		}
		return strings.Compare(string(a.ID), string(b.ID))
	})
	return calls
}

// ofPhone lists the calls to a number, the newest first.
func (x *index) ofPhone(p helix.Phone) []*entry {
	x.mu.Lock()
	defer x.mu.Unlock()
	var found []*entry
	for id := range x.phones[p.Last10()] {
		found = append(found, x.byID[id])
	}
	slices.SortFunc(found, func(a, b *entry) int { return compareEntries(b, a) })
	return found
}

// occupied counts the calls that occupy a line, apart from one.
func (x *index) occupied(except helix.CallID) int {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.wasBusy(x.byID[except]) {
		return x.busy - 1
	}
	return x.busy
}

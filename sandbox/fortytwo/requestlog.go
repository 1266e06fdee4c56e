package fortytwo

import (
	"maps"
	"sync"
	"time"
)

const (
	// maxRequestLog bounds the log; the oldest records are overwritten, counts go on.
	maxRequestLog = 1_000
	// maxCounted bounds the names that are counted; further ones count under "…".
	maxCounted = 1_000
	// maxNoted bounds the root fields kept of one request.
	maxNoted = 50
)

// RequestRecord is one request received: never a header, variable or document, where secrets and patients are.
type RequestRecord struct {
	At         time.Time `json:"at"`
	Path       string    `json:"path"`
	Operation  string    `json:"operation,omitempty"`
	RootFields []string  `json:"rootFields"`
	Caller     string    `json:"caller"`          // none, agnostic, user or api-key
	Fault      FaultKind `json:"fault,omitempty"` // what was done to it on purpose
}

// requestLog is the ring of the latest requests and the counts of all.
type requestLog struct {
	mu     sync.Mutex
	ring   []RequestRecord
	next   int
	counts map[string]int
}

// note records a request and counts its root fields.
func (s *Server) note(in incoming, roots []string, kind callerKind, fault FaultKind) {
	l := &s.requests
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.counts == nil {
		l.counts = map[string]int{}
	}
	for _, name := range roots {
		if _, known := l.counts[name]; !known && len(l.counts) >= maxCounted {
			name = "…"
		}
		l.counts[name]++
	}
	r := RequestRecord{
		At: s.options.Now(), Path: in.path, Operation: in.operationName, RootFields: roots[:min(len(roots), maxNoted)],
		Caller: kind.String(), Fault: fault,
	}
	if len(l.ring) < maxRequestLog {
		l.ring = append(l.ring, r)
		return
	}
	l.ring[l.next] = r
	l.next = (l.next + 1) % maxRequestLog
}

// Requests are the latest requests received, oldest first, at most 1,000.
func (s *Server) Requests() []RequestRecord {
	l := &s.requests
	l.mu.Lock()
	defer l.mu.Unlock()
	return append(append([]RequestRecord{}, l.ring[l.next:]...), l.ring[:l.next]...)
}

// RequestCount is how often a root field was asked for since the start, requests with faults included.
func (s *Server) RequestCount(rootField string) int {
	l := &s.requests
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.counts[rootField]
}

// RequestCounts is RequestCount of every root field that was asked for.
func (s *Server) RequestCounts() map[string]int {
	l := &s.requests
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.counts)
}

package ozonetel

import (
	"sync"
	"time"
)

// maxRequestLog bounds the log; the oldest records are overwritten, counts go on.
const maxRequestLog = 1_000

// RequestRecord is one request received: never a header, body or query, where secrets are.
type RequestRecord struct {
	At       time.Time `json:"at"`
	Endpoint string    `json:"endpoint"`
	Method   string    `json:"method"`
	Path     string    `json:"path"`
	Fault    FaultKind `json:"fault,omitempty"` // what was done to it on purpose
}

type requestLog struct {
	mu     sync.Mutex
	ring   []RequestRecord
	next   int
	counts map[string]int
}

func (l *requestLog) add(r RequestRecord) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.counts == nil {
		l.counts = make(map[string]int)
	}
	l.counts[r.Endpoint]++
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

// RequestCount is how many requests an endpoint has received since the start, those with faults included.
func (s *Server) RequestCount(endpoint string) int {
	l := &s.requests
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.counts[endpoint]
}

// RequestCounts is RequestCount of every endpoint.
func (s *Server) RequestCounts() map[string]int {
	counts := make(map[string]int)
	for _, name := range s.Endpoints() {
		counts[name] = s.RequestCount(name)
	}
	return counts
}

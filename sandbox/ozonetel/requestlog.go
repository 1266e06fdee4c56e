package ozonetel

import "time"

// RequestRecord is one request received: never a header, body or query, where secrets are.
type RequestRecord struct {
	At       time.Time `json:"at"`
	Endpoint string    `json:"endpoint"`
	Method   string    `json:"method"`
	Path     string    `json:"path"`
	Fault    FaultKind `json:"fault,omitempty"` // what was done to it on purpose
}

// Requests are the latest requests received, oldest first, at most 1,000.
func (s *Server) Requests() []RequestRecord { return s.requests.Latest() }

// RequestCount is how many requests an endpoint has received since the start, those with faults included.
func (s *Server) RequestCount(endpoint string) int { return s.requests.Count(endpoint) }

// RequestCounts is RequestCount of every endpoint.
func (s *Server) RequestCounts() map[string]int {
	counts := make(map[string]int)
	for _, name := range s.Endpoints() {
		counts[name] = s.RequestCount(name)
	}
	return counts
}

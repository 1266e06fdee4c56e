package fortytwo

import "time"

// maxNoted bounds the root fields kept of one request.
const maxNoted = 50

// RequestRecord is one request received: never a header, variable or document, where secrets and patients are.
type RequestRecord struct {
	At         time.Time `json:"at"`
	Path       string    `json:"path"`
	Operation  string    `json:"operation,omitempty"`
	RootFields []string  `json:"rootFields"`
	Caller     string    `json:"caller"`          // none, agnostic, user or api-key
	Fault      FaultKind `json:"fault,omitempty"` // what was done to it on purpose
}

// note records a request and counts it by its path and by its root fields.
func (s *Server) note(in incoming, roots []string, kind callerKind, fault FaultKind) {
	s.requests.Add(RequestRecord{
		At: s.options.Now(), Path: in.path, Operation: in.operationName, RootFields: roots[:min(len(roots), maxNoted)], Caller: kind.String(), Fault: fault,
	}, append([]string{in.path}, roots...)...)
}

// Requests are the latest requests received, oldest first, at most 1,000.
func (s *Server) Requests() []RequestRecord { return s.requests.Latest() }

// RequestCount is how often a root field was asked for since the start, or how many requests a path ("/graphql", "/metadata") received;
// requests with faults included.
func (s *Server) RequestCount(name string) int { return s.requests.Count(name) }

// RequestCounts is RequestCount of every root field that was asked for and of both paths.
func (s *Server) RequestCounts() map[string]int { return s.requests.Counts() }

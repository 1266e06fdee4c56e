package providers

import (
	"net/http"
	"time"
)

// Safety says whether an operation may be sent again when it is not known how it went.
type Safety int

// The kinds of safety.
const (
	// Once is a command whose repetition does harm, e.g. a dial that rings a patient. It is never repeated.
	Once Safety = iota
	// Idempotent is a command that has the same effect however often it is sent. It is repeated once: a command that
	// fails twice is for the person who waits for it to decide about.
	Idempotent
	// Safe is a read. It is repeated twice.
	Safe
)

// attempts is how often an operation is sent at most.
func (s Safety) attempts() int {
	switch s {
	case Safe:
		return 3
	case Idempotent:
		return 2
	default:
		return 1
	}
}

// Operation is what a driver does to its provider, apart from the request's content.
type Operation struct {
	Name    string        // span name, metric label and Op of errors, e.g. "ozonetel.dial"
	Family  string        // the group of operations that share the provider's rate limit, e.g. "cdr"; "" for none
	Safety  Safety        // the zero value is the careful one
	Timeout time.Duration // for all attempts together; zero means the client's

	MaxResponse int64 // bytes of an answer, decompressed; zero means the client's
}

// Request is one HTTP request as a driver builds it. Header names are sent in the spelling given.
type Request struct {
	Method string
	URL    string // may hold credentials in its query; it is never logged
	Header http.Header
	Body   []byte // nil for none; a GET may have one (ozonetel.md 8)
}

// Response is an answer, read whole.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// OK reports whether the status is 2xx.
func (r Response) OK() bool { return r.Status >= 200 && r.Status < 300 }

package fortytwo

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// FaultKind is what goes wrong with a request.
type FaultKind string

// The kinds of faults.
const (
	FaultDelay     FaultKind = "delay"      // served, the answer comes after Delay
	FaultHang      FaultKind = "hang"       // no answer until the client gives up
	FaultReset     FaultKind = "reset"      // the connection is reset
	FaultStatus    FaultKind = "status"     // HTTP Status with Body as text
	FaultBody      FaultKind = "body"       // HTTP 200 with Body as JSON
	FaultError     FaultKind = "error"      // HTTP 200, every root field null, one GraphQL error of Code, SubCode and Message
	FaultGarbage   FaultKind = "garbage"    // HTTP 200 that is no JSON
	FaultRateLimit FaultKind = "rate-limit" // the answer of an exhausted API key; with Status 429 as HTTP 429
	FaultExpired   FaultKind = "expired"    // the answer to an expired token
)

// Fault is what happens to the next Count requests that match.
type Fault struct {
	Path        string // "/graphql" or "/metadata"; "" means both
	RootField   string // the request has this root field, by its name; "" means any
	Kind        FaultKind
	Count       int           // 0 means 1
	Delay       time.Duration // of FaultDelay; the others answer after it too
	Status      int           // of FaultStatus, default 500
	Body        string
	Code        string // of FaultError, default INTERNAL_SERVER_ERROR
	SubCode     string
	Message     string
	AfterEffect bool // the request takes effect and only its answer is lost or replaced
}

// maxFaults bounds the armed faults.
const maxFaults = 100

// Fail arms a fault. Faults that match the same request are used in the order armed. Errors: an unknown path or kind, a status
// that is none, too many faults.
func (s *Server) Fail(f Fault) error {
	kinds := []FaultKind{
		FaultDelay, FaultHang, FaultReset, FaultStatus, FaultBody, FaultError, FaultGarbage, FaultRateLimit, FaultExpired,
	}
	switch {
	case f.Path != "" && f.Path != "/graphql" && f.Path != "/metadata":
		return fmt.Errorf("fortytwo emulator: unknown path %q", f.Path)
	case !slices.Contains(kinds, f.Kind):
		return fmt.Errorf("fortytwo emulator: unknown fault kind %q", f.Kind)
	case f.Status != 0 && (f.Status < 200 || f.Status > 599):
		return fmt.Errorf("fortytwo emulator: %d is no final HTTP status", f.Status)
	case f.Count < 0 || f.Delay < 0:
		return errors.New("fortytwo emulator: count and delay cannot be negative")
	}
	setDefault(&f.Count, 1)
	setDefault(&f.Status, map[FaultKind]int{FaultStatus: http.StatusInternalServerError}[f.Kind])
	setDefault(&f.Code, codeInternal)
	setDefault(&f.Message, "Internal server error")
	return s.faults.arm(f)
}

// ClearFaults disarms what Fail armed and is not used up.
func (s *Server) ClearFaults() { s.faults.clear() }

// ExpireTokens makes every access token issued so far count as expired. Refresh tokens and API keys stay good.
func (s *Server) ExpireTokens() { s.tokens.expireAccess() }

// faultBook holds the armed faults.
type faultBook struct {
	mu    sync.Mutex
	armed []Fault
}

func (b *faultBook) arm(f Fault) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.armed) >= maxFaults {
		return errors.New("fortytwo emulator: too many faults are armed")
	}
	b.armed = append(b.armed, f)
	return nil
}

func (b *faultBook) clear() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.armed = nil
}

// take uses one count of the first fault that matches; nil when there is none.
func (b *faultBook) take(path string, roots []string) *Fault {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.armed {
		f := b.armed[i]
		if f.Path != "" && f.Path != path || f.RootField != "" && !slices.Contains(roots, f.RootField) {
			continue
		}
		if b.armed[i].Count--; b.armed[i].Count == 0 {
			b.armed = slices.Delete(b.armed, i, i+1)
		}
		return &f
	}
	return nil
}

func (f *Fault) kind() FaultKind {
	if f == nil {
		return ""
	}
	return f.Kind
}

// applyFault answers in the fault's way. served is what the request would have got, for a delay.
func (s *Server) applyFault(w http.ResponseWriter, r *http.Request, f *Fault, served reply, roots []string) {
	if !s.wait(r, f.Delay) {
		return
	}
	switch f.Kind {
	case FaultDelay:
		served.write(w)
	case FaultHang:
		s.hang(r)
	case FaultReset:
		reset(w)
	case FaultStatus:
		reply{status: f.Status, contentType: "text/html; charset=utf-8", body: []byte(f.Body)}.write(w)
	case FaultBody:
		reply{status: http.StatusOK, contentType: jsonPlain, body: []byte(f.Body)}.write(w)
	case FaultError:
		nullReply(roots, &apiError{message: f.Message, code: f.Code, subCode: f.SubCode, user: genericMessage}).write(w)
	case FaultGarbage:
		reply{status: http.StatusOK, contentType: jsonPlain, body: []byte("<html><body>Bad gateway{\"data\":")}.write(w)
	case FaultRateLimit:
		out := nullReply(roots, errLimit(s.options.Rate.Long, s.options.Rate.LongWindow))
		if f.Status != 0 {
			out.status = f.Status
		}
		out.write(w)
	case FaultExpired:
		errorReply(http.StatusOK, jsonPlain, errAuth(codeUnauthenticated, codeUnauthenticated, "Token has expired.")).write(w)
	}
}

// nullReply fails every root field with one error.
func nullReply(roots []string, err *apiError) reply {
	data := newDict()
	for _, name := range roots {
		data.set(name, nil)
	}
	return dataReply(data, err)
}

// reset closes the connection with a TCP reset, as a crashed peer or a firewall does.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // HTTP/2 has no connection to hijack; the stream is reset
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

package ozonetel

import (
	"context"
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
	FaultStatus    FaultKind = "status"     // HTTP Status with Body
	FaultBody      FaultKind = "body"       // HTTP 200 with Body; default an error body
	FaultGarbage   FaultKind = "garbage"    // HTTP 200 that is no JSON
	FaultRateLimit FaultKind = "rate-limit" // the vendor's rate-limit body; with Status 429 as HTTP 429
)

// Fault is what happens to the next Count requests of an endpoint.
type Fault struct {
	Endpoint    string // a name of Endpoints; "" means every endpoint
	Kind        FaultKind
	Count       int           // 0 means 1
	Delay       time.Duration // of FaultDelay, in real time; the others answer after it too
	Status      int           // of FaultStatus, default 500
	Body        string
	AfterEffect bool // the request takes effect and only its answer is lost or replaced
}

const maxFaults = 100

// Fail arms a fault. Faults of an endpoint are used in the order armed. Errors: an unknown endpoint or kind, a status that is none,
// too many faults.
func (s *Server) Fail(f Fault) error {
	kinds := []FaultKind{FaultDelay, FaultHang, FaultReset, FaultStatus, FaultBody, FaultGarbage, FaultRateLimit}
	switch {
	case f.Endpoint != "" && !slices.Contains(s.Endpoints(), f.Endpoint):
		return fmt.Errorf("ozonetel emulator: unknown endpoint %q", f.Endpoint)
	case !slices.Contains(kinds, f.Kind):
		return fmt.Errorf("ozonetel emulator: unknown fault kind %q", f.Kind)
	case f.Status != 0 && (f.Status < 200 || f.Status > 599):
		return fmt.Errorf("ozonetel emulator: %d is no final HTTP status", f.Status)
	case f.Count < 0 || f.Delay < 0:
		return errors.New("ozonetel emulator: count and delay cannot be negative")
	}
	if f.Count == 0 {
		f.Count = 1
	}
	return s.faults.arm(f)
}

// ClearFaults disarms what Fail armed and is not used up.
func (s *Server) ClearFaults() { s.faults.clear() }

// faultBook holds the armed faults.
type faultBook struct {
	mu    sync.Mutex
	armed []Fault
}

func (b *faultBook) arm(f Fault) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.armed) >= maxFaults {
		return ErrFull
	}
	b.armed = append(b.armed, f)
	return nil
}

func (b *faultBook) clear() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.armed = nil
}

// take uses one count of the first fault for the endpoint; nil when there is none.
func (b *faultBook) take(endpoint string) *Fault {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.armed {
		f := b.armed[i]
		if f.Endpoint != "" && f.Endpoint != endpoint {
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

func (s *Server) applyFault(w http.ResponseWriter, r *http.Request, f Fault, served reply) {
	if !wait(r.Context(), f.Delay) {
		return
	}
	switch f.Kind {
	case FaultDelay:
		served.write(w)
	case FaultHang:
		<-r.Context().Done()
	case FaultReset:
		reset(w)
	case FaultStatus:
		code := f.Status
		if code == 0 {
			code = http.StatusInternalServerError
		}
		reply{code: code, contentType: "text/html", body: []byte(f.Body)}.write(w)
	case FaultBody:
		out := statusReply("error", "Internal error")
		if f.Body != "" {
			out.body = []byte(f.Body)
		}
		out.write(w)
	case FaultGarbage:
		reply{code: http.StatusOK, contentType: "application/json", body: []byte("<br />\n<b>Warning</b>: {\"status\":")}.write(w)
	case FaultRateLimit:
		limitExceeded("Max limit exceeded", f.Status).write(w)
	}
}

// wait is false when the client gave up first.
func wait(ctx context.Context, d time.Duration) bool {
	if d == 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
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

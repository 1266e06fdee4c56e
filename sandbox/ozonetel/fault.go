package ozonetel

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/helix-engage/gateway/sandbox/faults"
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

// Fail arms a fault. Faults of an endpoint are used in the order armed. Errors: an unknown endpoint or kind, a status that is none,
// too many faults.
func (s *Server) Fail(f Fault) error {
	kinds := []FaultKind{FaultDelay, FaultHang, FaultReset, FaultStatus, FaultBody, FaultGarbage, FaultRateLimit}
	if f.Endpoint != "" && !slices.Contains(s.Endpoints(), f.Endpoint) {
		return fmt.Errorf("ozonetel emulator: unknown endpoint %q", f.Endpoint)
	}
	if err := faults.Check(f.Kind, kinds, f.Status, f.Count, f.Delay); err != nil {
		return fmt.Errorf("ozonetel emulator: %w", err)
	}
	if !s.faults.Arm(f, f.Count) {
		return ErrFull
	}
	return nil
}

// ClearFaults disarms what Fail and FailPushes armed and is not used up.
func (s *Server) ClearFaults() {
	s.faults.Clear()
	s.pushes.faults.Clear()
}

func (f *Fault) kind() FaultKind {
	if f == nil {
		return ""
	}
	return f.Kind
}

func (s *Server) applyFault(w http.ResponseWriter, r *http.Request, f Fault, served reply) {
	if !faults.Wait(r.Context(), nil, f.Delay) {
		return
	}
	switch f.Kind {
	case FaultDelay:
		served.write(w)
	case FaultHang:
		faults.Hang(r.Context(), nil)
	case FaultReset:
		faults.Reset(w)
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

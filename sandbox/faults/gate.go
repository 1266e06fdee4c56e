package faults

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"time"
)

// Kind is what goes wrong with a request.
type Kind string

// The kinds.
const (
	KindDelay   Kind = "delay"   // served, the answer comes after Delay
	KindHang    Kind = "hang"    // no answer until the client gives up
	KindReset   Kind = "reset"   // the connection is reset
	KindStatus  Kind = "status"  // HTTP Status with Body
	KindBody    Kind = "body"    // HTTP 200 with Body
	KindGarbage Kind = "garbage" // HTTP 200 that is no JSON
)

// Request is what happens to the next Count requests of an endpoint. The opening of a WebSocket has no effect to come before its answer:
// a delay is before it, and AfterEffect changes nothing.
type Request struct {
	Endpoint    string // "" means every endpoint
	Kind        Kind
	Count       int           // 0 means 1
	Delay       time.Duration // of KindDelay, in real time; the others happen after it too
	Status      int           // of KindStatus, 0 means 500
	Body        string
	AfterEffect bool // the request takes effect and only its answer is lost or replaced
}

// Record is one request received: never a header, body, query or path, where secrets are.
type Record struct {
	At       time.Time `json:"at"`
	Endpoint string    `json:"endpoint"`
	Method   string    `json:"method"`
	Fault    Kind      `json:"fault,omitempty"` // what was done to it on purpose
}

// ErrFull means that a book of faults is full.
var ErrFull = errors.New("too many faults are armed")

// Gate stands before the endpoints of an emulator: it logs requests, and lets those go wrong for which a fault is armed. The endpoints are
// wrapped before the first request.
type Gate struct {
	Log[Record]

	now       func() time.Time
	book      Book[Request]
	endpoints map[string]bool
}

// NewGate makes a gate that tells the time of requests by now.
func NewGate(now func() time.Time) *Gate { return &Gate{now: now, endpoints: make(map[string]bool)} }

// Counts is how many requests each endpoint has received, those with faults included.
func (g *Gate) Counts() map[string]int {
	counts := make(map[string]int, len(g.endpoints))
	for name := range g.endpoints {
		counts[name] = g.Count(name)
	}
	return counts
}

// Fail arms a fault. Faults of an endpoint are used in the order armed. Errors: an unknown endpoint or kind, a status that is none,
// negative numbers, ErrFull.
func (g *Gate) Fail(f Request) error {
	if f.Endpoint != "" && !g.endpoints[f.Endpoint] {
		return fmt.Errorf("unknown endpoint %q", f.Endpoint)
	}
	kinds := []Kind{KindDelay, KindHang, KindReset, KindStatus, KindBody, KindGarbage}
	if err := Check(f.Kind, kinds, f.Status, f.Count, f.Delay); err != nil {
		return err
	}
	if !g.book.Arm(f, f.Count) {
		return ErrFull
	}
	return nil
}

// Clear disarms what is not used up.
func (g *Gate) Clear() { g.book.Clear() }

// Wrap puts an endpoint behind the gate.
func (g *Gate) Wrap(endpoint string, serve http.HandlerFunc) http.HandlerFunc {
	g.endpoints[endpoint] = true
	return func(w http.ResponseWriter, r *http.Request) {
		f := g.book.Take(func(f Request) bool { return f.Endpoint == "" || f.Endpoint == endpoint })
		record := Record{At: g.now(), Endpoint: endpoint, Method: r.Method}
		if f == nil {
			g.Add(record, endpoint)
			serve(w, r)
			return
		}
		record.Fault = f.Kind
		g.Add(record, endpoint)
		f.apply(w, r, serve)
	}
}

func (f *Request) apply(w http.ResponseWriter, r *http.Request, serve http.HandlerFunc) {
	served, socket := &heldAnswer{header: make(http.Header)}, r.Header.Get("Upgrade") != ""
	if !socket && (f.AfterEffect || f.Kind == KindDelay) {
		serve(served, r)
	}
	if !Wait(r.Context(), nil, f.Delay) {
		return
	}
	switch f.Kind {
	case KindDelay:
		if socket {
			serve(w, r)
			return
		}
		maps.Copy(w.Header(), served.header)
		w.WriteHeader(cmp.Or(served.status, http.StatusOK))
		_, _ = w.Write(served.body.Bytes()) // the client has gone: nobody is left to tell
	case KindHang:
		Hang(r.Context(), nil)
	case KindReset:
		Reset(w)
	case KindStatus:
		f.write(w, cmp.Or(f.Status, http.StatusInternalServerError), f.Body)
	case KindBody:
		f.write(w, http.StatusOK, f.Body)
	case KindGarbage:
		f.write(w, http.StatusOK, "<html><body>It works!</body></html>")
	}
}

func (*Request) write(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body)) // the client has gone: nobody is left to tell
}

// heldAnswer keeps what an endpoint answers until it is known what becomes of it.
type heldAnswer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (h *heldAnswer) Header() http.Header         { return h.header }
func (h *heldAnswer) Write(p []byte) (int, error) { return h.body.Write(p) }
func (h *heldAnswer) WriteHeader(status int)      { h.status = cmp.Or(h.status, status) }

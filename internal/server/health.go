package server

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"
)

// State is how a dependency does.
type State string

// The states of a dependency.
const (
	StateUp            State = "up"
	StateDegraded      State = "degraded"       // works in part, or may be down
	StateDown          State = "down"           // does not work
	StateNotConfigured State = "not_configured" // the operator has not asked for it
)

// Check asks one dependency of the gateway. Probe gives its state and a detail for operators; the detail is shown to
// anybody who asks /readyz, so it holds nothing confidential. It must return when ctx ends.
type Check struct {
	Name     string // e.g. "bus"
	Required bool   // whether the gateway is of no use without
	Probe    func(ctx context.Context) (state State, detail string)
}

const (
	probeTimeout = 2 * time.Second
	// keepAnswer is how long /readyz repeats its answer, so that asking it cannot flood what it asks.
	keepAnswer = time.Second
	// keepTrouble is the same while something is amiss: a start and a recovery should be seen at once.
	keepTrouble = 100 * time.Millisecond
)

// The overall states that /readyz tells.
const (
	statusReady    = "ready"
	statusDraining = "draining"
	statusNotReady = "not_ready"
)

// readiness serves /readyz.
type readiness struct {
	checks   []Check
	now      func() time.Time
	draining func() bool

	mu      sync.Mutex // held while probing: those who ask meanwhile wait for the same answer
	results map[string]result
	usable  bool
	until   time.Time
}

type result struct {
	State    State  `json:"state"`
	Required bool   `json:"required"`
	Detail   string `json:"detail,omitempty"`
}

func newReadiness(checks []Check, now func() time.Time, draining func() bool) *readiness {
	return &readiness{checks: checks, now: now, draining: draining}
}

// ServeHTTP answers 200 when the gateway can work and 503 when it cannot or is about to stop.
func (r *readiness) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	results, usable := r.look(req.Context())
	status, code := statusReady, http.StatusOK
	switch {
	case r.draining():
		status, code = statusDraining, http.StatusServiceUnavailable
	case !usable:
		status, code = statusNotReady, http.StatusServiceUnavailable
	}
	writeJSON(w, code, struct {
		Status string            `json:"status"`
		Checks map[string]result `json:"checks"`
	}{status, results})
}

// look asks every dependency at once, or repeats what was seen a moment ago.
func (r *readiness) look(ctx context.Context) (map[string]result, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.results != nil && r.now().Before(r.until) {
		return r.results, r.usable
	}
	// Others get this answer too, so the one who happens to ask first does not end it by leaving.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), probeTimeout)
	defer cancel()
	seen := make([]result, len(r.checks))
	var probes sync.WaitGroup
	for i, check := range r.checks {
		probes.Go(func() {
			state, detail := check.Probe(ctx)
			seen[i] = result{state, check.Required, detail}
		})
	}
	probes.Wait()
	r.results, r.usable = make(map[string]result, len(seen)), true
	keep := keepAnswer
	for i, check := range r.checks {
		r.results[check.Name] = seen[i]
		if seen[i].State != StateUp {
			keep = keepTrouble
		}
		if check.Required && (seen[i].State == StateDown || seen[i].State == StateNotConfigured) {
			r.usable = false
		}
	}
	r.until = r.now().Add(keep)
	return r.results, r.usable
}

// serveHealth says that the process is alive, and nothing else.
func serveHealth(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, struct {
		Status string `json:"status"`
	}{"alive"})
}

func writeJSON(w http.ResponseWriter, code int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = w.Write(append(body, '\n')) // a client that has gone needs no answer
}

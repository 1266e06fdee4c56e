package streaming

import (
	"context"
	"sync"
	"time"

	helix "github.com/helix-engage/gateway"
)

const (
	// maxReports bounds what waits to be told to the owner of the calls; more is left out and counted.
	maxReports = 256
	// reportWithin is how long the owner may take for one of them.
	reportWithin = 10 * time.Second
)

// reporter is what a report is told with.
type reporter struct {
	Calls
	ctx  context.Context
	call helix.CallID
}

// reports tells the owner of the calls what happens, in order and beside the audio. There is a goroutine only while there is
// something to tell.
type reports struct {
	mu      sync.Mutex
	waiting []func(reporter)
	running bool
	lost    int
}

// report tells the owner of the calls something.
func (c *call) report(tell func(reporter)) {
	r := &c.reports
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.waiting) == maxReports {
		r.lost++
		return
	}
	r.waiting = append(r.waiting, tell)
	if !r.running {
		r.running = true
		c.tasks.Go(c.tellReports)
	}
}

func (c *call) tellReports() {
	r := &c.reports
	for {
		r.mu.Lock()
		waiting := r.waiting
		r.waiting = nil
		r.running = len(waiting) > 0
		r.mu.Unlock()
		if len(waiting) == 0 {
			return
		}
		for _, tell := range waiting {
			ctx, cancel := context.WithTimeout(c.ctx, reportWithin)
			tell(reporter{c.server.opts.Calls, ctx, c.plan.Call})
			cancel()
		}
	}
}

// unreported is how many reports were left out.
func (r *reports) unreported() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lost
}

// note adds a line to the call's audit trail. detail holds nothing of the patient's.
func (c *call) note(kind helix.OutboundKind, detail string) {
	c.report(func(r reporter) { r.Note(r.ctx, r.call, kind, detail) })
}

package load

import (
	"context"
	"fmt"
	"io"
	"time"

	"golang.org/x/sync/errgroup"
)

// sampleEvery is how often the backlog is looked at: rarely, since looking costs the gateway.
const sampleEvery = 250 * time.Millisecond

// WebhooksOptions say what to push.
type WebhooksOptions struct {
	Gateway     *Gateway
	Targets     Targets
	Dir         string // on the disk of the gateway's log
	Rate        int    // pushes a second
	For         time.Duration
	Burst       int // pushes at once afterwards; 0: none
	Connections int // most pushes under way at once
}

// Webhooks is what came of it.
type Webhooks struct {
	Machine    Machine      `json:"machine"`
	FsyncAlone Distribution `json:"fsyncAlone"` // append of 2 kB and fsync, nothing else running
	Steady     PushPhase    `json:"steady"`
	Burst      PushPhase    `json:"burst"`
	Gateway    Process      `json:"gateway"` // at the end
}

// PushPhase is a stretch of pushes and the handling of them.
type PushPhase struct {
	Pushed
	Effort   Effort       `json:"effort"` // while pushes were sent
	Fsync    Distribution `json:"fsync"`  // meanwhile, as FsyncAlone
	Backlog  int          `json:"backlogMax"`
	Drained  float64      `json:"drainSeconds"`    // from the last answer until nothing waited to be handled
	CPUOfOne float64      `json:"cpuMicrosOfPush"` // of the gateway, handling included
}

// MeasureWebhooks pushes at a steady rate, waits until everything is handled, and pushes a burst. Errors: the emulator
// or the disk cannot be used, or the backlog does not drain within ten minutes.
func MeasureWebhooks(ctx context.Context, o WebhooksOptions) (w Webhooks, err error) {
	w.Machine = machine()
	recorded, err := recordStory(ctx)
	if err != nil {
		return w, err
	}
	alone, cancel := context.WithTimeout(ctx, fsyncAlone)
	w.FsyncAlone, err = measureFsync(alone, o.Dir, 0)
	cancel()
	if err != nil {
		return w, err
	}
	p := newPusher(recorded, o.Targets, o.Connections, pushWindow)
	defer p.close()
	if w.Steady, err = pushPhase(ctx, o, p, int(float64(o.Rate)*o.For.Seconds()), float64(o.Rate)); err != nil {
		return w, fmt.Errorf("steady pushes: %w", err)
	}
	if o.Burst > 0 {
		if w.Burst, err = pushPhase(ctx, o, p, o.Burst, 0); err != nil {
			return w, fmt.Errorf("burst: %w", err)
		}
	}
	w.Gateway = o.Gateway.process(ctx)
	return w, nil
}

func pushPhase(ctx context.Context, o WebhooksOptions, p *pusher, count int, rate float64) (ph PushPhase, err error) {
	watch := o.Gateway.stopwatch()
	pushing, done := context.WithCancel(ctx)
	defer done()
	beside, besideCtx := errgroup.WithContext(pushing)
	beside.Go(func() (err error) {
		ph.Fsync, err = measureFsync(besideCtx, o.Dir, fsyncEvery)
		return err
	})
	beside.Go(func() error {
		ph.Backlog = o.Gateway.sampleBacklog(besideCtx)
		return nil
	})
	ph.Pushed = p.run(ctx, count, rate, nil)
	ph.Effort, _ = watch.read()
	done()
	if err := beside.Wait(); err != nil {
		return ph, err
	}
	answered := time.Now()
	err = o.Gateway.awaitDrained(ctx)
	ph.Drained = time.Since(answered).Seconds()
	_, cpu := watch.read()
	ph.CPUOfOne = float64(cpu.Microseconds()) / float64(max(ph.Answered, 1))
	return ph, err
}

// sampleBacklog gives the largest backlog that it saw until ctx ended.
func (g *Gateway) sampleBacklog(ctx context.Context) (most int) {
	tick := time.NewTicker(sampleEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if waiting, err := g.Metric(ctx, metricInbox); err == nil {
				most = max(most, int(waiting))
			}
		case <-ctx.Done():
			return most
		}
	}
}

// Print writes the result as a table.
func (w Webhooks) Print(out io.Writer) error {
	t := newTable(out)
	t.row("machine", w.Machine.String())
	t.row("fsync of 2 kB, alone", w.FsyncAlone.String())
	for _, ph := range []struct {
		name string
		PushPhase
	}{{"steady", w.Steady}, {"burst", w.Burst}} {
		if ph.Sent == 0 {
			continue
		}
		t.row("", "")
		t.row(ph.name, fmt.Sprintf("%d sent in %.1f s, %d failed", ph.Sent, ph.Seconds, ph.Failed))
		t.row("  stored and answered", fmt.Sprintf("%.0f a second", ph.PerSecond))
		t.row("  answer", ph.Answer.String())
		t.row("  fsync meanwhile", ph.Fsync.String())
		t.row("  waiting at most", fmt.Sprintf("%d", ph.Backlog))
		t.row("  drained after", fmt.Sprintf("%.1f s", ph.Drained))
		t.row("  effort", fmt.Sprintf("%s; %.0f µs of the gateway's CPU a push", ph.Effort, ph.CPUOfOne))
	}
	t.row("", "")
	t.row("gateway at the end", w.Gateway.String())
	return t.flush()
}

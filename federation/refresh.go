package federation

import (
	"context"
	"time"

	"github.com/helix-engage/gateway/federation/compose"
)

// maxPause is how long Run waits at most before it looks again after a failure.
const maxPause = 16 * time.Second

// settle is how long Run lets changes come in before it looks: an administrator makes several.
const settle = time.Second

// Changed tells that FortyTwo's schema is said to have changed: Run looks soon. It never blocks.
func (f *Federation) Changed() {
	select {
	case f.moved <- struct{}{}:
	default: // told already
	}
}

// doubtEvery is how often a field that is gone has the schema looked at. A look that finds the version unmoved would not help
// the next who asks for the field, and spends of the server key's budget.
const doubtEvery = 10 * time.Second

// doubt has the schema looked at, since FortyTwo does not know a field of it.
func (f *Federation) doubt() {
	f.mu.Lock()
	now := f.o.Now()
	due := f.doubted.IsZero() || now.Sub(f.doubted) >= doubtEvery
	if due {
		f.doubted = now
	}
	f.mu.Unlock()
	if due {
		f.Changed()
	}
}

// workFor and restFor are how a refresh gives way to requests, see [compose.Pace]. A request that finds the core busy waits for
// what is left of a portion, at each of the few times that it waits for the network. A shorter rest would not be one: the
// runtime waits for the network in whole milliseconds. So a refresh takes about five times as long as its work.
const (
	workFor = 250 * time.Microsecond
	restFor = time.Millisecond
)

func (f *Federation) pace() *compose.Pace {
	return compose.NewPace(compose.PaceOptions{Work: workFor, Rest: restFor, Now: f.o.Now, Sleep: f.o.Sleep})
}

// Run keeps the schema current until ctx ends: it looks at FortyTwo's version at once, then every interval, sooner after a
// failure and after [Federation.Changed]. It returns nil when ctx ends.
func (f *Federation) Run(ctx context.Context) error {
	if f.o.Upstream == nil {
		<-ctx.Done()
		return nil
	}
	for failures := 0; ; {
		wait := f.o.Interval
		err := f.look(ctx, f.pace())
		switch {
		case err == nil:
			failures = 0
		case ctx.Err() == nil:
			wait = min(wait, maxPause, time.Second<<min(failures, 10))
			failures++
			f.o.Logger.WarnContext(ctx, "the schema of FortyTwo is not taken over", "failures", failures, "error", err)
		}
		if !f.rest(ctx, wait) {
			return nil
		}
	}
}

// rest waits until FortyTwo is to be looked at again; false when ctx ends.
func (f *Federation) rest(ctx context.Context, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	moved := f.moved
	for {
		select {
		case <-ctx.Done():
			return false
		case <-timer.C:
			return true
		case <-moved:
			moved = nil // those that follow wait for the next look
			timer.Reset(min(wait, settle))
		}
	}
}

// Refresh looks at FortyTwo's version and, when it is another than the one that is served, reads the schema, composes it aside
// and serves it. What cannot be read or composed leaves everything as it is; State tells why. It is done as fast as can be, for
// a start; Run lets requests go before.
func (f *Federation) Refresh(ctx context.Context) error { return f.look(ctx, nil) }

// look is Refresh at a pace.
func (f *Federation) look(ctx context.Context, pace *compose.Pace) error {
	f.refreshing.Lock()
	defer f.refreshing.Unlock()
	err := f.refresh(ctx, pace)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.state.Err = err
	return err
}

func (f *Federation) refresh(ctx context.Context, pace *compose.Pace) error {
	if f.o.Upstream == nil {
		return nil
	}
	now, err := compose.Version(ctx, f.o.Post)
	if err != nil {
		return err
	}
	before := f.Composed().Upstream
	if before != nil && before.Version == now && !f.State().Stored {
		return nil
	}
	up, err := pace.Read(ctx, f.o.Post)
	if err != nil {
		return err
	}
	composed, err := pace.Compose(f.o.Local, up)
	if err != nil {
		return err
	}
	f.serve(composed)
	f.o.Logger.InfoContext(ctx, "the schema of FortyTwo was composed with ours",
		"version", up.Version, "line", string(up.Line), "types", len(composed.Schema.Types), "conflicts", len(composed.Conflicts))
	if f.o.Store == nil {
		return nil
	}
	if err := f.o.Store.Save(up, pace); err != nil { // it is served all the same
		f.o.Logger.WarnContext(ctx, "the schema of FortyTwo could not be kept", "error", err)
	}
	return nil
}

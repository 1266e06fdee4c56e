package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"
)

// Component is a part of the process with a life of its own.
type Component struct {
	Name string
	// Run works until ctx ends. Returning earlier, even nil, stops the process.
	Run func(ctx context.Context) error
	// Started waits until the component serves others; the next one starts then. nil: at once.
	Started func(ctx context.Context) error
	// StopWithin is how long Run may take to return once its ctx has ended; 10 s when zero.
	StopWithin time.Duration
}

// RunComponents starts components in their order and runs them until ctx ends or one of them does. It stops them in
// reverse order, each when the later ones have stopped, and answers with every failure, the first one first. One that
// does not stop in time is left behind and named.
func RunComponents(parent context.Context, log *slog.Logger, components ...Component) error {
	ctx, cancel := context.WithCancel(parent)
	defer cancel()
	first := make(chan error, 1)
	fail := func(err error) {
		select {
		case first <- err:
		default: // told by stop
		}
		cancel()
	}
	var running []*runningComponent
	for _, c := range components {
		r := startComponent(ctx, c, fail)
		running = append(running, r)
		if err := r.waitStarted(ctx); err != nil {
			fail(err)
		}
		if ctx.Err() != nil {
			break
		}
		log.DebugContext(ctx, "started", slog.String("component", c.Name))
	}
	<-ctx.Done()
	var failures []error
	select {
	case err := <-first:
		failures = append(failures, err)
	default: // told to stop
	}
	for _, r := range slices.Backward(running) {
		err := r.stop()
		if err != nil && !slices.Contains(failures, err) {
			failures = append(failures, err)
		}
		log.DebugContext(ctx, "stopped", slog.String("component", r.Name), slog.Bool("ok", err == nil))
	}
	return errors.Join(failures...)
}

type runningComponent struct {
	Component
	cancel context.CancelFunc
	done   chan struct{}
	err    error // valid once done is closed
}

// startComponent runs c under a context that ends when it is its turn to stop, not when the first one fails.
func startComponent(ctx context.Context, c Component, fail func(error)) *runningComponent {
	own, cancel := context.WithCancel(context.WithoutCancel(ctx))
	r := &runningComponent{Component: c, cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(r.done)
		err := c.Run(own)
		stopped := own.Err() != nil
		switch {
		case err != nil && !(stopped && errors.Is(err, context.Canceled)):
			r.err = fmt.Errorf("%s: %w", c.Name, err)
		case err == nil && !stopped:
			r.err = fmt.Errorf("%s: ended by itself", c.Name)
		}
		if r.err != nil {
			fail(r.err)
		}
	}()
	return r
}

// waitStarted is nil also when ctx ends first: whoever ended it knows why.
func (r *runningComponent) waitStarted(ctx context.Context) error {
	if r.Started == nil {
		return nil
	}
	if err := r.Started(ctx); err != nil && ctx.Err() == nil {
		return fmt.Errorf("%s: did not start: %w", r.Name, err)
	}
	return nil
}

func (r *runningComponent) stop() error {
	r.cancel()
	within := r.StopWithin
	if within <= 0 {
		within = 10 * time.Second
	}
	timer := time.NewTimer(within)
	defer timer.Stop()
	select {
	case <-r.done:
		return r.err
	case <-timer.C:
		return fmt.Errorf("%s: did not stop within %s", r.Name, within)
	}
}

// UntilSignal gives a context that ends with the first SIGINT or SIGTERM. From then on the signals do what they do
// without a program's doing: a second one kills the process at once.
func UntilSignal(parent context.Context) (context.Context, context.CancelFunc) {
	signalled, stop := signal.NotifyContext(parent, os.Interrupt, syscall.SIGTERM)
	ctx, cancel := context.WithCancel(context.WithoutCancel(parent))
	context.AfterFunc(signalled, func() {
		stop() // first, so that whoever sees ctx end may rely on it
		cancel()
	})
	return ctx, stop
}

package main

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/metric"
)

// measureBus tells how much waits in the log: what operators watch to see that nothing piles up.
func (g *Gateway) measureBus() error {
	meter := g.telemetry.Metrics.Meter(scope)
	var failures []error
	gauge := func(name, description string) metric.Int64ObservableGauge {
		instrument, err := meter.Int64ObservableGauge(name, metric.WithDescription(description))
		failures = append(failures, err)
		return instrument
	}
	inbox := gauge("helix.inbox.waiting", "Pushes that are stored and not handled yet.")
	outbox := gauge("helix.outbox.waiting", "Writes to FortyTwo that are stored and not done yet, parked ones included.")
	dead := gauge("helix.inbox.dead", "Pushes that could not be handled and wait for an operator.")
	parked := gauge("helix.outbox.parked", "Calls whose writes wait for an operator.")
	events := gauge("helix.events.stored", "Events of calls in the log.")
	if err := errors.Join(failures...); err != nil {
		return err
	}
	_, err := meter.RegisterCallback(func(ctx context.Context, o metric.Observer) error {
		d, err := g.bus.Depth(ctx)
		if err != nil {
			return err
		}
		o.ObserveInt64(inbox, int64(d.Inbox))
		o.ObserveInt64(outbox, int64(d.Outbox))
		o.ObserveInt64(dead, int64(d.DeadPushes))
		o.ObserveInt64(parked, int64(d.ParkedLanes))
		o.ObserveInt64(events, int64(d.Events))
		return nil
	}, inbox, outbox, dead, parked, events)
	return err
}

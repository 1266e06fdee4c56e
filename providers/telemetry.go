package providers

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	helix "github.com/helix-engage/gateway"
)

// outcomeOK is the metric's outcome of a success; a failure's is its code.
const outcomeOK = "OK"

// instruments makes the kit's figures.
func (c *Client) instruments() error {
	var errs [4]error
	c.duration, errs[0] = c.meter.Float64Histogram("helix.provider.operation.duration",
		metric.WithUnit("s"), metric.WithDescription("How long operations on outside systems took, repeats included."),
		metric.WithExplicitBucketBoundaries(.01, .025, .05, .1, .25, .5, 1, 2, 4, 8, 15, 30, 60, 120))
	c.limitWait, errs[1] = c.meter.Float64Histogram("helix.provider.limit.wait",
		metric.WithUnit("s"), metric.WithDescription("How long requests waited for their turn within the provider's limits."),
		metric.WithExplicitBucketBoundaries(.01, .1, .5, 1, 5, 15, 30, 60, 120))
	c.refused, errs[2] = c.meter.Int64Counter("helix.provider.requests.refused",
		metric.WithDescription("Requests that were not sent: the family's limit was reached, or the breaker was open."))
	c.breakerOpen, errs[3] = c.meter.Int64Gauge("helix.provider.breaker.open",
		metric.WithDescription("1 while requests are refused because the provider is gone."))
	return errors.Join(errs[:]...)
}

// countRefusal counts a request that was not sent; reason is "limit" or "breaker".
func (c *Client) countRefusal(ctx context.Context, op Operation, reason string) {
	c.refused.Add(ctx, 1, metric.WithAttributes(attribute.String("provider", string(c.provider)),
		attribute.String("family", op.Family), attribute.String("reason", reason)))
}

// observe opens the operation's span; done closes it and keeps duration, outcome and health.
func (c *Client) observe(ctx context.Context, op Operation) (_ context.Context, done func(attempts int, err *helix.Error)) {
	began := c.now()
	ctx, span := c.tracer.Start(ctx, op.Name, trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(attribute.String("helix.provider", string(c.provider))))
	return ctx, func(attempts int, err *helix.Error) {
		outcome := outcomeOK
		if err != nil {
			outcome = string(err.Code)
			span.SetStatus(codes.Error, outcome)
			span.SetAttributes(attribute.String("helix.detail", err.Detail))
		}
		span.SetAttributes(attribute.Int("http.request.resend_count", attempts-1))
		span.End()
		c.health.note(c.now(), err)
		c.duration.Record(ctx, c.now().Sub(began).Seconds(), metric.WithAttributes(
			attribute.String("provider", string(c.provider)), attribute.String("operation", op.Name), attribute.String("outcome", outcome)))
	}
}

// Health is what the last operations showed of a provider. It costs no request.
type Health struct {
	LastSuccess time.Time    // the provider last answered sensibly, a refusal included; zero when never
	LastFailure time.Time    // it last failed; zero when never
	LastError   *helix.Error // of LastFailure
}

// OK reports whether the last word about the provider is not a failure. A provider that was never asked is OK.
func (h Health) OK() bool { return !h.LastFailure.After(h.LastSuccess) }

// Health tells how the provider did lately.
func (c *Client) Health() Health {
	c.health.mu.Lock()
	defer c.health.mu.Unlock()
	return c.health.state
}

type healthBook struct {
	mu    sync.Mutex
	state Health
}

// note takes in an outcome. A refusal shows a healthy provider, unless it is about our credentials; an operation that
// the caller gave up, or that was never sent, shows nothing.
func (b *healthBook) note(now time.Time, err *helix.Error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case err == nil:
		b.state.LastSuccess = now
	case errors.Is(err, context.Canceled), errors.Is(err, errNotSent), err.Code == helix.CodeInternal:
	case errors.Is(err, ErrCredentials),
		err.Code == helix.CodeUnavailable, err.Code == helix.CodeUnknownOutcome, err.Code == helix.CodeTooManyRequests:
		b.state.LastFailure, b.state.LastError = now, err
	default:
		b.state.LastSuccess = now
	}
}

package ozonetel

import (
	"context"
	"sync"
	"time"

	helix "github.com/helix-engage/gateway"
)

// For how long the records of a day are fresh: those of calls that just ended come and change (9).
const (
	freshToday   = 2 * time.Minute
	freshRecent  = 30 * time.Minute
	freshSettled = 24 * time.Hour
)

const (
	maxKept    = 64 // answers; the oldest makes room
	longFlight = maxPages * recordsTimeout
)

// recordKey is a question about a day, or about one of its calls.
type recordKey struct {
	day  time.Time
	call string
}

// recordBook keeps answers about calls, and lets callers with the same question share one request.
type recordBook struct {
	now     func() time.Time
	backlog func() time.Duration // until the turn of a request that comes now

	mu      sync.Mutex
	kept    map[recordKey]DayRecords
	flights map[recordKey]*recordFlight // bounded by the limiter, which refuses a request whose turn is too far
}

// recordFlight is a request that callers wait for.
type recordFlight struct {
	turn   time.Time     // when its request leaves, by the clock of deadlines
	done   chan struct{} // closed when result and err are set
	result DayRecords
	err    error
}

func newRecordBook(now func() time.Time, backlog func() time.Duration) *recordBook {
	return &recordBook{now: now, backlog: backlog, kept: map[recordKey]DayRecords{}, flights: map[recordKey]*recordFlight{}}
}

// peek gives a fresh answer.
func (b *recordBook) peek(key recordKey, fresh time.Duration) (DayRecords, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.lookUp(key, fresh)
}

func (b *recordBook) lookUp(key recordKey, fresh time.Duration) (DayRecords, bool) {
	kept, ok := b.kept[key]
	return kept, ok && b.now().Sub(kept.AsOf) < fresh
}

// get gives a fresh answer, or waits for a request that is under way or begins now. It refuses at once when that
// request's turn comes after ctx's deadline.
func (b *recordBook) get(
	ctx context.Context, key recordKey, fresh time.Duration, fetch func(context.Context) ([]CallRecord, error),
) (DayRecords, error) {
	b.mu.Lock()
	if kept, ok := b.lookUp(key, fresh); ok {
		b.mu.Unlock()
		return kept, nil
	}
	flight := b.flights[key]
	begins := flight == nil
	if begins {
		flight = &recordFlight{turn: time.Now().Add(b.backlog()), done: make(chan struct{})}
	}
	if deadline, ok := ctx.Deadline(); ok && flight.turn.After(deadline) {
		b.mu.Unlock()
		return DayRecords{}, recordsError(helix.CodeTooManyRequests, "too many reports are asked for: try again in a moment", time.Until(flight.turn), nil)
	}
	if begins {
		b.flights[key] = flight
		go b.fly(context.WithoutCancel(ctx), key, flight, fetch)
	}
	b.mu.Unlock()
	select {
	case <-flight.done:
		return flight.result, flight.err
	case <-ctx.Done():
		return DayRecords{}, recordsError(helix.CodeUnavailable, "the report takes long: try again in a moment", 0, ctx.Err())
	}
}

// fly asks the account and keeps the answer. It outlives its callers, so that the next one finds the answer.
func (b *recordBook) fly(ctx context.Context, key recordKey, flight *recordFlight, fetch func(context.Context) ([]CallRecord, error)) {
	ctx, cancel := context.WithTimeout(ctx, longFlight)
	defer cancel()
	asked := b.now().UTC()
	records, err := fetch(ctx)
	flight.result, flight.err = DayRecords{Records: records, AsOf: asked}, err
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.flights, key)
	if err == nil && (key.call == "" || len(records) > 0) { // a call without a record yet may have one soon
		b.keep(key, flight.result)
	}
	close(flight.done)
}

// keep makes room first. mu is held.
func (b *recordBook) keep(key recordKey, result DayRecords) {
	if _, replaced := b.kept[key]; !replaced && len(b.kept) >= maxKept {
		var oldest recordKey
		for k, kept := range b.kept {
			if first, ok := b.kept[oldest]; !ok || kept.AsOf.Before(first.AsOf) {
				oldest = k
			}
		}
		delete(b.kept, oldest)
	}
	b.kept[key] = result
}

func recordsError(code helix.Code, message string, after time.Duration, cause error) *helix.Error {
	return &helix.Error{
		Code: code, Message: message, Provider: helix.ProviderOzonetel, Op: opRecords, Retryable: true, RetryAfter: after, Err: cause,
	}
}

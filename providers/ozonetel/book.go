package ozonetel

import (
	"context"
	"sync"
	"time"

	helix "github.com/helix-engage/gateway"
)

// For how long an answer about a day is fresh: figures of the last two days still come and change (9).
const (
	freshToday   = 2 * time.Minute
	freshRecent  = 30 * time.Minute
	freshSettled = 24 * time.Hour
)

const (
	maxKept    = 64 // answers of one book; the oldest makes room
	longFlight = maxPages * recordsTimeout
)

// question is about a day, or about one call of it.
type question struct {
	day  time.Time
	call string
}

// kept is an answer and when the account was asked.
type kept[V any] struct {
	value V
	asOf  time.Time
}

// book keeps a report's answers, and lets callers with the same question share one request.
type book[V any] struct {
	op      string // of errors
	now     func() time.Time
	backlog func() time.Duration // until the turn of a request that comes now

	mu      sync.Mutex
	answers map[question]kept[V]
	flights map[question]*flight[V] // bounded by the limiter, which refuses a request whose turn is too far
}

// flight is a request that callers wait for.
type flight[V any] struct {
	turn   time.Time     // when its request leaves, by the clock of deadlines
	done   chan struct{} // closed when answer and err are set
	answer kept[V]
	err    error
}

func newBook[V any](op string, now func() time.Time, backlog func() time.Duration) *book[V] {
	return &book[V]{op: op, now: now, backlog: backlog, answers: map[question]kept[V]{}, flights: map[question]*flight[V]{}}
}

// peek gives a fresh answer.
func (b *book[V]) peek(q question, fresh time.Duration) (kept[V], bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.lookUp(q, fresh)
}

func (b *book[V]) lookUp(q question, fresh time.Duration) (kept[V], bool) {
	answer, ok := b.answers[q]
	return answer, ok && b.now().Sub(answer.asOf) < fresh
}

// get gives a fresh answer, or waits for a request that is under way or begins now. It refuses at once when that
// request's turn comes after ctx's deadline. fetch says whether its answer is worth keeping.
func (b *book[V]) get(ctx context.Context, q question, fresh time.Duration, fetch fetcher[V]) (kept[V], error) {
	b.mu.Lock()
	if answer, ok := b.lookUp(q, fresh); ok {
		b.mu.Unlock()
		return answer, nil
	}
	f := b.flights[q]
	begins := f == nil
	if begins {
		f = &flight[V]{turn: time.Now().Add(b.backlog()), done: make(chan struct{})}
	}
	if deadline, ok := ctx.Deadline(); ok && f.turn.After(deadline) {
		b.mu.Unlock()
		return kept[V]{}, b.failure(helix.CodeTooManyRequests, "too many reports are asked for: try again in a moment", time.Until(f.turn), nil)
	}
	if begins {
		b.flights[q] = f
		go b.fly(context.WithoutCancel(ctx), q, f, fetch)
	}
	b.mu.Unlock()
	select {
	case <-f.done:
		return f.answer, f.err
	case <-ctx.Done():
		return kept[V]{}, b.failure(helix.CodeUnavailable, "the report takes long: try again in a moment", 0, ctx.Err())
	}
}

// fetcher asks the account.
type fetcher[V any] func(context.Context) (value V, keep bool, err error)

// fly asks the account and keeps the answer. It outlives its callers, so that the next one finds the answer.
func (b *book[V]) fly(ctx context.Context, q question, f *flight[V], fetch fetcher[V]) {
	ctx, cancel := context.WithTimeout(ctx, longFlight)
	defer cancel()
	asked := b.now().UTC()
	value, keep, err := fetch(ctx)
	f.answer, f.err = kept[V]{value, asked}, err
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.flights, q)
	if err == nil && keep {
		b.keep(q, f.answer)
	}
	close(f.done)
}

// keep makes room first. mu is held.
func (b *book[V]) keep(q question, answer kept[V]) {
	if _, replaced := b.answers[q]; !replaced && len(b.answers) >= maxKept {
		var oldest question
		for other, a := range b.answers {
			if first, ok := b.answers[oldest]; !ok || a.asOf.Before(first.asOf) {
				oldest = other
			}
		}
		delete(b.answers, oldest)
	}
	b.answers[q] = answer
}

func (b *book[V]) failure(code helix.Code, message string, after time.Duration, cause error) *helix.Error {
	return &helix.Error{
		Code: code, Message: message, Provider: helix.ProviderOzonetel, Op: b.op, Retryable: true, RetryAfter: after, Err: cause,
	}
}

package watch

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	helix "github.com/helix-engage/gateway"
)

// Bounds of the pause before a read that failed is repeated.
const (
	firstRetry = 500 * time.Millisecond
	maxRetry   = 30 * time.Second
)

// watcher is one subscriber to one record.
type watcher struct {
	service        *Service
	object, record string
	expires        time.Time
	heard          *ear
	stream         Stream // nil when there is none
	reader         Reader
	last           helix.RecordView // what the subscriber knows
	unread         bool             // the record may have changed between the first read and the opening of the stream
}

func (w *watcher) key() recordKey { return recordKey{w.object, w.record} }

func (w *watcher) close() {
	w.service.hub.leave(w.key(), w.heard)
	w.dropStream()
}

func (w *watcher) dropStream() {
	if w.stream != nil {
		w.stream.Close()
		w.stream = nil
	}
}

// settle waits until the stream is open, so that a subscription without any source is refused; open reports whether it is. It goes
// on without when that takes long.
func (w *watcher) settle(ctx context.Context) (open bool, err error) {
	patience := time.NewTimer(w.service.o.Patience)
	defer patience.Stop()
	for w.stream != nil {
		select {
		case <-w.stream.Signals():
			if live, err := w.checkStream(); live || err != nil {
				return live, err
			}
		case <-patience.C:
			return false, nil
		case <-ctx.Done():
			return false, helix.AsError(ctx.Err())
		}
	}
	return false, w.sourced()
}

// sourced refuses a subscription that would never be told anything.
func (w *watcher) sourced() error {
	if w.stream == nil && !w.service.o.Webhooks {
		return helix.NotConfigured(helix.ProviderFortyTwo, "WEBHOOK_SECRET_FORTYTWO, since this FortyTwo has no event stream for the token")
	}
	return nil
}

// checkStream gives the stream's state. One that is over for good is given up for webhooks, where there are any.
func (w *watcher) checkStream() (live bool, err error) {
	if w.stream == nil {
		return false, nil
	}
	live, err = w.stream.State()
	if errors.Is(err, ErrNoStream) {
		w.dropStream()
		return false, w.sourced()
	}
	return live, err
}

// run tells changes until ctx or the token ends, the subscriber stops, or the record can no longer be read.
func (w *watcher) run(ctx context.Context, yield func(helix.RecordUpdate, error) bool) {
	expired := errSignIn()
	ctx, cancel := context.WithTimeoutCause(ctx, w.expires.Sub(w.service.o.Now()), expired)
	defer cancel()
	for {
		var told helix.RecordUpdate
		var destroyed, over bool
		var err error
		if !w.unread {
			destroyed, err = w.next(ctx)
		}
		w.unread = false
		if err == nil {
			told, over, err = w.look(ctx, destroyed)
		}
		switch {
		case errors.Is(context.Cause(ctx), expired):
			yield(helix.RecordUpdate{}, expired)
			return
		case ctx.Err() != nil:
			return
		case err != nil:
			yield(helix.RecordUpdate{}, err)
			return
		case told.Event == "":
		case !yield(told, nil):
			return
		}
		if over {
			return
		}
		if !pause(ctx, w.service.o.Spacing) {
			if errors.Is(context.Cause(ctx), expired) {
				yield(helix.RecordUpdate{}, expired)
			}
			return
		}
	}
}

// next waits for a signal, or until it is time to look without one: a stream tells nothing to somebody who has lost the right
// to hear it, and a webhook may be lost. destroyed is what the signal says of the record's end.
func (w *watcher) next(ctx context.Context) (destroyed bool, err error) {
	recheck := time.NewTimer(w.service.o.Recheck/2 + rand.N(w.service.o.Recheck)) // those who began together do not all ask together
	defer recheck.Stop()
	for {
		var streamed <-chan struct{}
		if w.stream != nil {
			streamed = w.stream.Signals()
		}
		select {
		case <-streamed:
			live, err := w.checkStream()
			if err != nil {
				return false, err
			}
			if !live { // it broke, or is over: what is told meanwhile comes by webhook
				continue
			}
			return w.stream.Destroyed(), nil
		case <-w.heard.signals:
			if live, err := w.checkStream(); live || err != nil {
				if err != nil {
					return false, err
				}
				continue // the stream tells it too, and knows rights
			}
			return w.service.hub.destroyed(w.heard), nil
		case <-recheck.C:
			return false, nil
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
}

// look reads the record, as often as FortyTwo does not answer, and says what has changed; told is zero when nothing has.
func (w *watcher) look(ctx context.Context, destroyed bool) (told helix.RecordUpdate, over bool, err error) {
	for attempt := 0; ; attempt++ {
		view, err := w.reader.Read(ctx)
		if err == nil {
			return w.compare(view, destroyed)
		}
		if !helix.IsRetryable(err) {
			return told, false, err
		}
		wait := min(maxRetry, firstRetry<<min(attempt, 10))
		if !pause(ctx, max(wait/2+rand.N(wait/2), helix.AsError(err).RetryAfter)) {
			return told, false, ctx.Err()
		}
	}
}

// compare says what a new view of the record means. A record that is gone without a word of its end may be there for others.
func (w *watcher) compare(view helix.RecordView, destroyed bool) (told helix.RecordUpdate, over bool, err error) {
	was := w.last
	w.last = view
	told = helix.RecordUpdate{Object: w.object, Record: w.record, Fields: []string{}, At: view.UpdatedAt}
	if told.At.IsZero() {
		told.At = w.service.o.Now().UTC()
	}
	switch {
	case !view.Found && destroyed:
		told.Event = helix.RecordDestroyed
		return told, true, nil
	case !view.Found:
		return helix.RecordUpdate{}, true, helix.NotFound("record")
	case view.Deleted && was.Deleted:
		return helix.RecordUpdate{}, false, nil
	case view.Deleted:
		told.Event = helix.RecordDeleted
		return told, false, nil
	}
	if told.Fields, err = changed(was.JSON, view.JSON); err != nil {
		return helix.RecordUpdate{}, true, helix.Internal("watch.compare", err)
	}
	told.Event, told.After = helix.RecordUpdated, view.JSON
	if was.Deleted {
		told.Event = helix.RecordRestored
	} else if len(told.Fields) == 0 {
		return helix.RecordUpdate{}, false, nil
	}
	return told, false, nil
}

// pause lets d pass; false when ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func errSignIn() *helix.Error {
	return &helix.Error{Code: helix.CodeUnauthenticated, Message: "sign in again", Op: "watch"}
}

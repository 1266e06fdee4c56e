package fortytwo

import (
	"context"
	"crypto/sha256"
	"errors"
	"sync"
	"time"

	"github.com/google/uuid"

	helix "github.com/helix-engage/gateway"
)

const (
	// maxStreams bounds the event streams of this process, each of which is a connection to FortyTwo.
	maxStreams = 1000
	// maxStreamQueries bounds the records that one user watches at the same time.
	maxStreamQueries = 100
	// streamlessFor is how long a server that knows no event stream is not asked for one again.
	streamlessFor = 10 * time.Minute
	// streamSilence is when a stream that says nothing counts as dead: FortyTwo's comments come every 12 s.
	streamSilence = 30 * time.Second
)

// ErrNoStream says that records cannot be watched by an event stream: the server is of line 1.5, refuses this token, or there
// are too many streams. Webhooks tell of changes all the same.
var ErrNoStream = errors.New("fortytwo: no event stream")

// streams are the event streams of this process, one for each token that somebody watches records with.
type streams struct {
	silence time.Duration

	mu         sync.Mutex // also guards what is in the streams
	byToken    map[[sha256.Size]byte]*userStream
	streamless time.Time // until when the server counts as one without event streams
}

// Watching is one subscriber's interest in one record. What happened to the record is not told: it is to be read again.
type Watching struct {
	signals chan struct{}
	stream  *userStream
	query   *streamQuery

	// Guarded by the streams' lock.
	destroyed bool
	failed    error
	closed    bool
}

// WatchRecord watches a record with a user's token, over an event stream that all who bring the same token share. It does not
// wait for the stream: [Watching.Signals] says when it is open. expires is when the token does. object is FortyTwo's
// singular name. The Watching must be closed.
//
// Errors: [ErrNoStream]; LIMIT_EXCEEDED when the user watches too many records; UNAUTHENTICATED without a token.
func (c *Client) WatchRecord(access helix.Access, expires time.Time, object, record string) (*Watching, error) {
	token, server := access.Token()
	switch {
	case c.metaURL == "":
		return nil, helix.NotConfigured(helix.ProviderFortyTwo, "PLATFORM_GRAPHQL_URL")
	case server:
		return nil, ErrNoStream // FortyTwo opens none for API keys (fortytwo.md 15.1)
	case token == "" || !expires.After(c.now()):
		return nil, signInAgain()
	}
	h, key := &c.streams, sha256.Sum256([]byte(token))
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.byToken[key]
	switch {
	case s == nil && (c.now().Before(h.streamless) || len(h.byToken) >= maxStreams):
		return nil, ErrNoStream
	case s == nil:
		s = c.openStream(key, access, expires)
	}
	w := &Watching{signals: make(chan struct{}, 1), stream: s}
	at := watchedRecord{object, record}
	if w.query = s.queries[at]; w.query == nil {
		if len(s.queries) >= maxStreamQueries {
			return nil, &helix.Error{Code: helix.CodeLimitExceeded, Message: "too many records are watched at the same time: 100 is the most"}
		}
		w.query = &streamQuery{of: at, id: uuid.NewString(), watchers: map[*Watching]bool{}}
		s.queries[at] = w.query
		s.poke()
	}
	w.query.watchers[w] = true
	if w.query.registered || w.query.refused {
		w.signal()
	}
	return w, nil
}

// openStream begins a stream that lives as long as somebody watches by it. The lock is held.
func (c *Client) openStream(key [sha256.Size]byte, access helix.Access, expires time.Time) *userStream {
	ctx, stop := context.WithTimeoutCause(context.Background(), expires.Sub(c.now()), signInAgain())
	s := &userStream{
		client: c, key: key, access: access, stop: stop,
		queries: map[watchedRecord]*streamQuery{}, changed: make(chan struct{}, 1),
	}
	if c.streams.byToken == nil {
		c.streams.byToken = map[[sha256.Size]byte]*userStream{}
	}
	c.streams.byToken[key] = s
	go s.run(ctx)
	return s
}

// Signals says by an item that the record may have changed, and then is to be read: when the stream is open for the first
// time, after it was interrupted, and with every event. Events that come before an item is taken are one. It also says
// that [Watching.State] has changed for good.
func (w *Watching) Signals() <-chan struct{} { return w.signals }

// State tells whether changes are being told at present. The error ends the Watching: [ErrNoStream], or UNAUTHENTICATED when
// the token is no longer good.
func (w *Watching) State() (live bool, err error) {
	h := &w.stream.client.streams
	h.mu.Lock()
	defer h.mu.Unlock()
	if w.query.refused && w.failed == nil {
		return false, ErrNoStream
	}
	return w.query.registered, w.failed
}

// Destroyed reports whether an event said so since the last time that this was asked.
func (w *Watching) Destroyed() bool {
	h := &w.stream.client.streams
	h.mu.Lock()
	defer h.mu.Unlock()
	destroyed := w.destroyed
	w.destroyed = false
	return destroyed
}

// Close ends the interest. The last one who watches by a stream closes it. Closing twice is harmless.
func (w *Watching) Close() {
	s := w.stream
	h := &s.client.streams
	h.mu.Lock()
	defer h.mu.Unlock()
	if w.closed {
		return
	}
	w.closed = true
	if delete(w.query.watchers, w); len(w.query.watchers) > 0 {
		return
	}
	delete(s.queries, w.query.of)
	if len(s.queries) == 0 {
		s.leave()
		s.stop()
		return
	}
	if w.query.registered {
		s.dropped = append(s.dropped, w.query.id)
		s.poke()
	}
}

// signal never blocks: an item that was not taken yet stands for this one too.
func (w *Watching) signal() {
	select {
	case w.signals <- struct{}{}:
	default:
	}
}

func signInAgain() *helix.Error {
	return &helix.Error{Code: helix.CodeUnauthenticated, Message: messageSignIn, Op: "fortytwo.stream"}
}

package fortytwo

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"mime"
	"net/http"
	"time"

	"github.com/google/uuid"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers"
)

// Bounds of the pause before a stream is opened again.
const (
	firstReopen = 250 * time.Millisecond
	maxReopen   = 30 * time.Second
)

// maxRefusal is how much is read of an answer that is no stream, in bytes.
const maxRefusal = 64 << 10

// userStream is the event stream of one token. It is opened again as often as it breaks, until nobody watches by it, the token
// ends, or FortyTwo refuses for good. Its fields are guarded by the streams' lock.
type userStream struct {
	client *Client
	key    [sha256.Size]byte
	access helix.Access
	stop   context.CancelFunc

	queries map[watchedRecord]*streamQuery
	dropped []string      // ids of registered queries that nobody wants any more
	changed chan struct{} // says that queries or dropped changed
}

// watchedRecord names a record by FortyTwo's names.
type watchedRecord struct{ object, record string }

// streamQuery is a record that somebody watches.
type streamQuery struct {
	of         watchedRecord
	id         string
	registered bool // FortyTwo knows it, on the connection that is open
	refused    bool // FortyTwo does not take it
	watchers   map[*Watching]bool
}

// Why a connection ends.
var (
	errStreamSilent    = errors.New("the stream fell silent")
	errStreamForgotten = errors.New("the stream is not known there")
	errStreamComplete  = errors.New("the stream was ended there")
	errStreamless      = errors.New("the server knows no event stream")
)

func (s *userStream) poke() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// leave makes room for another stream of the same token. The lock is held.
func (s *userStream) leave() {
	if h := &s.client.streams; h.byToken[s.key] == s {
		delete(h.byToken, s.key)
	}
}

// run keeps the stream open until ctx ends or FortyTwo refuses for good.
func (s *userStream) run(ctx context.Context) {
	defer s.stop()
	for attempt := 0; ; attempt++ {
		began := s.client.now()
		err := s.connect(ctx)
		s.down()
		if final := s.verdict(ctx, err); final != nil {
			s.fail(final)
			return
		}
		if s.client.now().Sub(began) >= maxReopen {
			attempt = 0
		}
		pause := min(maxReopen, firstReopen<<min(attempt, 10))
		pause = pause/2 + rand.N(pause/2) // those whose streams broke together do not all return together
		s.client.log.InfoContext(ctx, "an event stream of FortyTwo is opened again", "attempt", attempt+1, "in", pause, "error", err)
		if !providers.Wait(ctx, pause) {
			s.fail(s.verdict(ctx, nil))
			return
		}
	}
}

// verdict says what ends the stream for good; nil for what passes.
func (s *userStream) verdict(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil && helix.IsCode(context.Cause(ctx), helix.CodeUnauthenticated):
		return signInAgain()
	case ctx.Err() != nil: // nobody watches
		return ErrNoStream
	case helix.IsCode(err, helix.CodeUnauthenticated):
		return err
	case errors.Is(err, errStreamless), helix.IsCode(err, helix.CodeForbidden):
		return ErrNoStream
	default:
		return nil
	}
}

// fail tells everybody that the stream is over.
func (s *userStream) fail(final error) {
	h := &s.client.streams
	h.mu.Lock()
	defer h.mu.Unlock()
	s.leave()
	for _, q := range s.queries {
		for w := range q.watchers {
			w.failed = final
			w.signal()
		}
	}
}

// down marks that nothing is told until the stream is open again. Whoever watches reads then, since nothing is replayed.
func (s *userStream) down() {
	h := &s.client.streams
	h.mu.Lock()
	defer h.mu.Unlock()
	s.dropped = nil
	for _, q := range s.queries {
		q.registered, q.refused = false, false
	}
}

// connect opens the stream and hands on its events until it ends, and says why it did.
func (s *userStream) connect(parent context.Context) error {
	ctx, cancel := context.WithCancelCause(parent)
	defer cancel(nil)
	c := s.client
	watchdog := time.AfterFunc(c.timeout, func() { cancel(errStreamSilent) })
	defer watchdog.Stop()
	id := uuid.NewString()
	res, err := s.open(ctx, id)
	if err != nil {
		return ended(ctx, err)
	}
	defer res.Body.Close()
	if media, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type")); media != "text/event-stream" {
		return ended(ctx, s.refused(res))
	}
	events := newSSEReader(res.Body, func() { watchdog.Reset(c.streams.silence) })
	if err := s.hello(events); err != nil {
		return ended(ctx, err)
	}
	kept := make(chan struct{})
	go func() {
		defer close(kept)
		cancel(s.keepQueries(ctx, id))
	}()
	err = s.listen(events)
	cancel(err)
	<-kept
	return ended(ctx, err)
}

// ended prefers what ended the connection to what that looked like to its reader.
func ended(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

func (s *userStream) open(ctx context.Context, id string) (*http.Response, error) {
	token, _ := s.access.Token()
	payload, err := json.Marshal(body{Query: streamDocument, Variables: map[string]string{"id": id}})
	if err != nil {
		return nil, helix.Internal("fortytwo.stream", err)
	}
	req := post(s.client.metaURL, token, payload)
	req.Header.Set("Accept", "text/event-stream")
	req.Header.Set("Accept-Encoding", "identity") // a compressing proxy would hold events back
	return s.client.http.Stream(ctx, providers.Operation{Name: "fortytwo.stream", Safety: providers.Safe}, req)
}

// refused reads an answer that is no stream. A server that does not understand the question has no event streams.
func (s *userStream) refused(res *http.Response) error {
	data, err := io.ReadAll(io.LimitReader(res.Body, maxRefusal))
	if err != nil {
		return err
	}
	if a, err := decodeAnswer(data); err == nil && len(a.Errors) > 0 {
		if e := refusal(a.Errors[0], false); e.Code != helix.CodeRejected && !errors.Is(e, errTokenless) {
			return e
		}
	} else if res.StatusCode >= http.StatusInternalServerError {
		return unavailable(nil)
	}
	h := &s.client.streams
	h.mu.Lock()
	defer h.mu.Unlock()
	h.streamless = s.client.now().Add(streamlessFor)
	return errStreamless
}

// hello reads the first event, which is empty or an error.
func (s *userStream) hello(events *sseReader) error {
	first, err := events.next()
	if err != nil {
		return err
	}
	if _, err := decodeStreamed(first.data); err != nil && !errors.Is(err, errStreamAnswer) {
		return err
	}
	return nil
}

// listen hands on events until the stream ends, and says why it did.
func (s *userStream) listen(events *sseReader) error {
	for {
		e, err := events.next()
		switch {
		case err != nil:
			return err
		case e.name == "complete":
			return errStreamComplete
		}
		told, err := decodeStreamed(e.data)
		if err != nil {
			return err
		}
		s.tell(told)
	}
}

func (s *userStream) tell(events []streamed) {
	h := &s.client.streams
	h.mu.Lock()
	defer h.mu.Unlock()
	byID := make(map[string]*streamQuery, len(s.queries))
	for _, q := range s.queries {
		byID[q.id] = q
	}
	for _, e := range events {
		for _, id := range e.queries {
			if q := byID[id]; q != nil {
				q.tell(e.destroyed)
			}
		}
	}
}

// tell signals all who watch the record. The lock is held.
func (q *streamQuery) tell(destroyed bool) {
	for w := range q.watchers {
		w.destroyed = w.destroyed || destroyed
		w.signal()
	}
}

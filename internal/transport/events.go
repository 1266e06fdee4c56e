package transport

import (
	"context"
	"net/http"
	"time"

	"github.com/99designs/gqlgen/graphql"
	helix "github.com/helix-engage/gateway"
	"github.com/vektah/gqlparser/v2/ast"
)

// eventStream is one answer of Server-Sent Events: a session whose frames the handler's own goroutine writes.
type eventStream struct {
	session
}

// Why an event stream, or a socket, is not opened.
var (
	errBusy    = &helix.Error{Code: helix.CodeUnavailable, Message: "no more connections are taken at the moment", Retryable: true}
	errExpired = &helix.Error{Code: helix.CodeUnauthenticated, Message: "the token has expired"}
)

func (h *Handler) newEventStream(ctx context.Context, d dialect) *eventStream {
	e := &eventStream{session: session{h: h, dialect: d, transport: transportEvents}}
	e.begin(ctx)
	return e
}

// serveEvents answers a request that accepts an event stream: with one when it is preferred or when the operation is a
// subscription, which has no other answer, and else as ever. What is wrong with an operation is told in the stream, since
// that is what was asked for (PROTOCOL.md of graphql-sse, "Distinct connections mode").
func (h *Handler) serveEvents(
	w http.ResponseWriter, r *http.Request, media mediaType, wish eventsWish, params *graphql.RawParams, exec graphql.GraphExecutor,
) {
	e := h.newEventStream(r.Context(), events{})
	defer e.finish()
	if wish != eventsPreferred {
		e.transport = transportHTTP
	}
	st, _ := e.start(e.ctx, "") // the first operation of a session is never refused
	op := h.newOperation(st.ctx, exec, e.transport)
	defer op.finish()
	resp := op.prepare(params)
	if wish != eventsPreferred && (resp != nil || op.kind() != ast.Subscription) {
		defer e.ended(st)
		op.answer(w, r, media, resp)
		return
	}
	var refused *refusal
	if resp == nil {
		refused = allowed(r.Method, op.kind(), true)
	}
	if refused == nil {
		refused = e.open(r.Context())
	}
	if refused != nil {
		defer e.ended(st)
		refused.write(w, media)
		return
	}
	defer h.sessions.remove(&e.session)
	go func() {
		defer e.ended(st)
		if resp != nil {
			e.fail(st, resp.Errors)
		} else {
			e.run(st, op, nil)
		}
		e.out.close(closing{}, true)
	}()
	e.write(w, r)
	e.finish() // before the stream leaves the registry, and op is reported
}

// open enters the stream into the registry, from where it must be removed, and lets it end with the identity in ctx.
func (e *eventStream) open(ctx context.Context) *refusal {
	busy := &refusal{status: http.StatusServiceUnavailable, err: errBusy}
	if !e.h.sessions.hasRoom(e.h.opts.Socket.MaxSockets) {
		return busy
	}
	if !e.admit(ctx) {
		return &refusal{status: http.StatusUnauthorized, err: errExpired}
	}
	if !e.h.sessions.add(&e.session) {
		e.h.sessions.remove(&e.session)
		return busy
	}
	return nil
}

// write is the one writer of the stream: frames in order, comments between them so that neither side nor what is between
// takes silence for an end. It returns when the stream has ended or its client has gone.
func (e *eventStream) write(w http.ResponseWriter, r *http.Request) {
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Time{}) // the server's, for a request, would cut the stream off
	header := w.Header()
	header.Set("Content-Type", string(mediaEvents)+"; charset=utf-8")
	header.Set("Cache-Control", "no-store") // patient data
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("X-Accel-Buffering", "no") // nginx would hold events back
	header.Add("Vary", "Accept")
	w.WriteHeader(http.StatusOK)
	put := func(data []byte) error {
		_ = control.SetWriteDeadline(time.Now().Add(e.h.opts.Socket.WriteTimeout))
		if _, err := w.Write(data); err != nil {
			return err
		}
		return control.Flush()
	}
	comment := []byte(":\n\n")
	keepAlive := time.NewTicker(e.h.opts.Socket.KeepAlive)
	defer keepAlive.Stop()
	open, err := true, put(comment) // the client learns at once that it is connected
	for open && err == nil {
		select {
		case <-e.out.ready:
			open, err = e.flush(put)
		case <-keepAlive.C:
			err = put(comment)
		case <-r.Context().Done():
			err = r.Context().Err()
		}
	}
	if err == nil {
		_ = control.SetWriteDeadline(time.Time{}) // the connection is used again
	}
}

// flush writes what is queued. open is false when the stream has ended.
func (e *eventStream) flush(put func([]byte) error) (open bool, err error) {
	for {
		f, ok, end := e.out.pop()
		switch {
		case end != nil:
			return false, nil
		case !ok:
			return true, nil
		case !e.claim(f):
			continue
		}
		if err := put(f.data); err != nil {
			return false, err
		}
		if f.last {
			e.written()
		}
	}
}

package transport

import (
	"context"
	"crypto/rand"
	"net/http"
	"strconv"
	"time"

	"github.com/99designs/gqlgen/graphql"
	helix "github.com/helix-engage/gateway"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// headerStreamToken carries the token of a reservation (PROTOCOL.md of graphql-sse, "Making reservations"); a search
// parameter does so too.
const (
	headerStreamToken = "X-GraphQL-Event-Stream-Token"
	paramStreamToken  = "token"
)

// reservation is an event stream of many operations, from the PUT that reserves it until its one connection has ended.
//
//	PUT ──> reserved ──GET with the token──> connected ──the client leaves, expiry, shutdown──> gone
//	           └──────── InitTimeout ─────────────────────────────────────────────────────────────┘
type reservation struct {
	*eventStream
	token  string
	caller string
	timer  *time.Timer

	connected bool // guarded by reservations.mu
}

var (
	errNoReservation = &helix.Error{Code: helix.CodeNotFound, Message: "there is no such event stream: reserve one with PUT"}
	errConnected     = &helix.Error{Code: helix.CodeConflict, Message: "the event stream is connected already"}
	errReservations  = &helix.Error{
		Code: helix.CodeTooManyRequests, Message: "too many event streams are reserved and not connected", Retryable: true,
	}
)

// streamToken is the token that a request carries, or empty.
func streamToken(r *http.Request) string {
	if token := r.Header.Get(headerStreamToken); token != "" {
		return token
	}
	if r.URL.RawQuery == "" {
		return ""
	}
	return r.URL.Query().Get(paramStreamToken)
}

// serveReserved answers what belongs to the single connection mode.
func (h *Handler) serveReserved(w http.ResponseWriter, r *http.Request, token string) {
	media, _ := negotiate(r.Header)
	if r.Method == http.MethodPut {
		h.reserve(w, r, media)
		return
	}
	res := h.reservations.find(token, h.opts.Caller(r))
	if res == nil || res.out.isClosing() != nil {
		(&refusal{status: http.StatusNotFound, err: errNoReservation}).write(w, media)
		return
	}
	switch {
	case r.Method == http.MethodDelete:
		res.stop(w, r, media)
	case eventsIn(r.Header) == eventsPreferred && (r.Method == http.MethodGet || r.Method == http.MethodPost):
		res.connect(w, r, media)
	default:
		res.accept(w, r, media)
	}
}

// reserve answers a PUT with 201 and a token.
func (h *Handler) reserve(w http.ResponseWriter, r *http.Request, media mediaType) {
	if err := h.opts.Admit(r.Context()); err != nil {
		resp := &graphql.Response{Errors: gqlerror.List{present(err)}}
		respond(w, media, statusOf(mediaGraphQL, resp), resp)
		return
	}
	res := &reservation{
		eventStream: h.newEventStream(context.WithoutCancel(r.Context()), identifiedEvents{}), token: rand.Text(), caller: h.opts.Caller(r),
	}
	res.drained = func() { // nobody reads yet who would see the end
		if h.reservations.connect(res) {
			go h.release(res)
		}
	}
	refused := res.open(r.Context())
	if refused == nil && !h.reservations.add(res) {
		h.sessions.remove(&res.session)
		refused = &refusal{status: http.StatusTooManyRequests, err: errReservations}
	}
	if refused != nil {
		res.finish()
		refused.write(w, media)
		return
	}
	if res.out.isClosing() != nil { // the server began to shut down meanwhile
		h.release(res)
		(&refusal{status: http.StatusServiceUnavailable, err: errBusy}).write(w, media)
		return
	}
	header := w.Header()
	header.Set("Content-Type", "text/plain; charset=utf-8")
	header.Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusCreated)
	_, _ = w.Write([]byte(res.token))
}

// connect writes the events to the one connection that may have them, and ends the reservation with it.
func (res *reservation) connect(w http.ResponseWriter, r *http.Request, media mediaType) {
	if !res.h.reservations.connect(res) {
		(&refusal{status: http.StatusConflict, err: errConnected}).write(w, media)
		return
	}
	defer res.h.release(res)
	res.write(w, r)
}

// accept starts an operation whose answers go to the event stream: 202. What is wrong with it is answered as to any other
// request.
func (res *reservation) accept(w http.ResponseWriter, r *http.Request, media mediaType) {
	params, refused := res.h.readRequest(w, r)
	if refused != nil {
		refused.write(w, media)
		return
	}
	exec := res.h.opts.Executor()
	if exec == nil {
		(&refusal{status: http.StatusServiceUnavailable, err: errNoSchema}).write(w, media)
		return
	}
	id, err := operationID(params.Extensions["operationId"])
	if err != nil {
		(&refusal{status: http.StatusBadRequest, err: err}).write(w, media)
		return
	}
	st, refusedStart := res.start(context.WithoutCancel(r.Context()), id)
	if refusedStart != 0 {
		res.refuseStart(refusedStart).write(w, media)
		return
	}
	ends := context.AfterFunc(res.ctx, st.cancel)
	op := res.h.newOperation(st.ctx, exec, res.transport)
	done := func() {
		ends()
		op.finish()
		res.ended(st)
	}
	resp := op.prepare(params)
	if resp == nil {
		refused = allowed(r.Method, op.kind(), true)
	}
	switch {
	case resp != nil:
		defer done()
		res.discard(st)
		respond(w, media, statusOf(media, resp), resp)
	case refused != nil:
		defer done()
		res.discard(st)
		refused.write(w, media)
	default:
		w.WriteHeader(http.StatusAccepted)
		go func() {
			defer done()
			res.run(st, op, nil)
		}()
	}
}

func (res *reservation) refuseStart(why startRefusal) *refusal {
	switch why {
	case startTaken:
		taken := &helix.Error{Code: helix.CodeConflict, Message: "the operationId is in use on this event stream"}
		return &refusal{status: http.StatusConflict, err: taken}
	case startTooMany:
		return &refusal{status: http.StatusTooManyRequests, err: res.tooManyOperations()}
	default:
		return &refusal{status: http.StatusServiceUnavailable, err: errBusy}
	}
}

// stop ends an operation for its client. One that has ended meanwhile is as good as stopped.
func (res *reservation) stop(w http.ResponseWriter, r *http.Request, media mediaType) {
	id, err := operationID(r.URL.Query().Get("operationId"))
	if err != nil {
		(&refusal{status: http.StatusBadRequest, err: err}).write(w, media)
		return
	}
	res.complete(id)
	w.WriteHeader(http.StatusOK)
}

// operationID reads the name of an operation within its event stream.
func operationID(given any) (string, *helix.Error) {
	id, ok := given.(string)
	switch {
	case !ok || id == "":
		return "", helix.BadInput("operationId must be a string that is not empty")
	case len(id) > maxIdentifier:
		return "", helix.BadInput("operationId is longer than " + strconv.Itoa(maxIdentifier) + " bytes")
	}
	return id, nil
}

// release ends a reservation: operations are cancelled, the token means nothing any more.
func (h *Handler) release(res *reservation) {
	if !h.reservations.remove(res) {
		return
	}
	res.out.close(closing{}, false)
	res.finish()
	h.sessions.remove(&res.session)
}

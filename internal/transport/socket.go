package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/gorilla/websocket"
	helix "github.com/helix-engage/gateway"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// socket is one WebSocket that speaks graphql-transport-ws, or its predecessor (legacy.go).
//
//	opened ──connection_init──> initialising ──Init, connection_ack──> acknowledged ──┐
//	  │ 4406, 4408                 │ 4403, 1013, 1011, 4401, 4429          │ 4409, 4429 │ any operation, ping, pong
//	  └────────────────────────────┴───────────────────────────────────────┴────────────┴──> closing ──> closed
//
// From every state: 4400 for what is no message, 1009 for a message too large, 1013 for a slow peer, 1001 at shutdown,
// 4403 at the end of the token.
type socket struct {
	session
	conn   *websocket.Conn
	header http.Header
	opened time.Time
	legacy bool // speaks the predecessor

	initTimer *time.Timer

	writeBy time.Time // the writer's: until when the network has to take a write

	// Guarded by session.mu.
	initReceived bool
	pending      []message // came while Init was asked; of a legacy socket alone
	settled      bool      // nothing is pending any more
	parting      bool      // the close frame is sent; the read deadline is final
}

func newSocket(h *Handler, conn *websocket.Conn, r *http.Request) *socket {
	s := &socket{
		session: session{h: h, dialect: modern{}, transport: transportWebSocket},
		conn:    conn, header: r.Header, opened: h.opts.Now(),
	}
	if s.legacy = conn.Subprotocol() == protocolLegacy; s.legacy {
		s.dialect = legacy{}
	}
	s.hurry = func() { _ = conn.NetConn().SetWriteDeadline(time.Now().Add(h.opts.Socket.CloseTimeout)) }
	// The values of the request, not its end: the server cancels its context when the upgrade is done.
	s.begin(context.WithoutCancel(r.Context()))
	conn.SetReadLimit(h.opts.Socket.MaxMessage)
	conn.SetPongHandler(func(string) error { s.touch(); return nil })
	conn.SetPingHandler(func(data string) error {
		s.touch()
		_ = conn.WriteControl(websocket.PongMessage, []byte(data), time.Now().Add(h.opts.Socket.WriteTimeout))
		return nil // a peer that takes no pong is found slow by the writer
	})
	return s
}

// open makes the socket ready to be served.
func (s *socket) open() {
	s.h.opts.Hooks.SocketOpened(s.ctx)
	s.touch()
	s.tasks.Go(s.write)
	s.initTimer = time.AfterFunc(s.h.opts.Socket.InitTimeout, s.checkInitialised)
	if s.conn.Subprotocol() == "" {
		s.close(closeNotAcceptable, "Subprotocol not acceptable")
	}
}

// serve runs the open socket until both sides have let go of it. It waits for the peer nearly all the time, on a stack that
// should stay as small as it begins: what needs a deeper one is done before, afterwards, or aside.
func (s *socket) serve() { s.shut(s.read()) }

// shut waits until all that belongs to the socket has ended. err is why nothing more can be read.
func (s *socket) shut(err error) {
	s.initTimer.Stop()
	s.leave(err)
	s.cancel(errSessionClosed)
	_ = s.conn.Close() // the writer may be stuck in a write
	s.finish()
	end := s.out.isClosing()
	s.h.opts.Hooks.SocketClosed(s.ctx, SocketClosed{
		Code: end.code, Reason: end.reason, Slow: end.slow, Lasted: s.h.opts.Now().Sub(s.opened),
	})
	s.h.sessions.remove(&s.session)
}

// read takes messages until the connection fails or is closed. What comes after our close is dropped.
func (s *socket) read() error {
	for {
		kind, data, err := s.conn.ReadMessage()
		switch {
		case err != nil:
			return err
		case s.out.isClosing() != nil:
		case kind != websocket.TextMessage:
			s.close(closeBadRequest, "Invalid message: it must be text")
		default:
			s.touch()
			aside(func() { s.handle(data) })
		}
	}
}

// aside runs f on another goroutine's stack and waits for it: a stack that has grown stays so, and there is one for each
// socket, which is idle.
func aside(f func()) {
	var done sync.WaitGroup
	done.Go(f)
	done.Wait()
}

// handle acts on one message. It never waits for anything but room to answer.
func (s *socket) handle(data []byte) {
	if s.legacy {
		s.handleLegacy(data)
		return
	}
	m, err := parseMessage(data)
	if err != nil {
		s.close(closeBadRequest, "Invalid message: "+helix.AsError(err).Message)
		return
	}
	switch m.kind {
	case messageInit:
		s.initialise(m.payload)
	case messagePing:
		s.send(pongFrame(m.echo))
	case messageSubscribe:
		s.subscribe(m)
	case messageComplete:
		s.complete(m.id)
	case messagePong: // it has kept the socket alive, which is all it is for
	}
}

// initialise asks Init beside the read loop, so that the peer's leaving is seen meanwhile.
func (s *socket) initialise(payload map[string]any) {
	s.mu.Lock()
	again := s.initReceived
	s.initReceived = true
	s.mu.Unlock()
	switch {
	case again && s.legacy:
		s.send(connectionErrorFrame(helix.BadInput("the connection is initialised already")))
		return
	case again:
		s.close(closeTooManyInits, "Too many initialisation requests")
		return
	}
	s.tasks.Go(func() {
		ctx, err := s.authenticate(payload)
		if err != nil {
			s.refuse(err)
			return
		}
		s.acknowledge(ctx)
	})
}

// authenticate runs Init in its time. The context lives on in the operations, so it has no deadline of its own; the socket's
// ends instead, which is about to be closed then.
func (s *socket) authenticate(payload map[string]any) (ctx context.Context, err error) {
	defer func() {
		if p := recover(); p != nil {
			logPanic(s.ctx, s.h.opts.Logger, p)
			err = internalError()
		}
	}()
	timer := time.AfterFunc(s.h.opts.Socket.InitTimeout, func() { s.cancel(context.DeadlineExceeded) })
	ctx, err = s.h.opts.Init(s.ctx, payload)
	if !timer.Stop() && err == nil {
		err = context.DeadlineExceeded
	}
	return ctx, err
}

// refuse closes a socket that Init did not accept; see doc.go for the codes.
func (s *socket) refuse(err error) {
	coded := helix.AsError(err)
	how := closing{code: closeForbidden, reason: truncate(coded.Message, maxCloseReason)}
	switch {
	case coded.Code == helix.CodeInternal:
		s.h.opts.Logger.ErrorContext(s.ctx, "socket refused by a fault", "error", coded)
		how.code = websocket.CloseInternalServerErr
	case coded.Retryable || coded.Code == helix.CodeUnavailable || coded.Code == helix.CodeTooManyRequests:
		how.code = websocket.CloseTryAgainLater
	}
	if s.legacy {
		s.send(connectionErrorFrame(coded))
	}
	s.out.close(how, s.legacy)
}

// acknowledge opens the socket for operations until the identity ends.
func (s *socket) acknowledge(ctx context.Context) {
	if !s.admit(ctx) { // before the ack is sent: its answer may come at once
		s.close(closeForbidden, closeExpiredReason)
		return
	}
	s.send(ackFrame())
	if s.legacy {
		s.resume()
	}
}

func (s *socket) checkInitialised() {
	s.mu.Lock()
	received := s.initReceived
	s.mu.Unlock()
	if !received {
		s.close(closeInitTimeout, "Connection initialisation timeout")
	}
}

// subscribe starts an operation in a goroutine of its own.
func (s *socket) subscribe(m message) {
	s.mu.Lock()
	caller := s.caller
	s.mu.Unlock()
	if caller == nil {
		s.close(closeUnauthorized, "Unauthorized")
		return
	}
	st, refused := s.start(caller, m.id)
	switch refused {
	case startTaken:
		s.close(closeAlreadyExists, fmt.Sprintf("Subscriber for %s already exists", truncate(m.id, maxCloseReason/2)))
	case startLate: // not executed, so the client may send it again where it connects next
	case startTooMany:
		s.refuseStart(m.id, s.tooManyOperations())
	default:
		m.params.Headers = s.header
		go s.execute(st, m.params)
	}
}

// execute prepares an operation and runs it, or joins those who are answered by a run that is shared.
func (s *socket) execute(st *stream, params *graphql.RawParams) {
	exec := s.h.opts.Executor()
	if exec == nil {
		s.fail(st, gqlerror.List{present(errNoSchema)})
		s.ended(st)
		return
	}
	op := s.h.newOperation(st.ctx, exec, s.transport)
	ended := func() { op.finish(); s.ended(st) }
	refused := op.prepare(params)
	if refused == nil && op.kind() == ast.Subscription {
		if sharing, ok := op.sharing(); ok {
			if !s.share(st, op, sharing, ended) {
				ended()
			}
			return
		}
	}
	defer ended()
	if refused != nil {
		s.fail(st, refused.Errors)
		return
	}
	s.run(st, op, nil)
}

// leave notes how the peer ended the socket, if it was the peer.
func (s *socket) leave(err error) {
	how := closing{code: websocket.CloseAbnormalClosure, silent: true}
	closed, isClose := errors.AsType[*websocket.CloseError](err)
	_, isNetwork := errors.AsType[net.Error](err)
	switch {
	case isClose:
		how.code = closed.Code
	case errors.Is(err, websocket.ErrReadLimit):
		how.code = websocket.CloseMessageTooBig // gorilla has said so
		s.linger()
	case !isNetwork && !errors.Is(err, io.ErrUnexpectedEOF):
		how.code = websocket.CloseProtocolError // gorilla has said so
		s.linger()
	}
	s.out.close(how, false)
}

// linger reads on for a moment after gorilla has closed on an error: closing a connection with unread bytes resets it, and
// the close frame would be lost on its way.
func (s *socket) linger() {
	conn := s.conn.NetConn()
	_ = conn.SetReadDeadline(time.Now().Add(s.h.opts.Socket.CloseTimeout))
	_, _ = io.CopyN(io.Discard, conn, maxLinger)
}

// maxLinger bounds what is read for nothing, in bytes.
const maxLinger = 16 << 20

// touch notes that the peer lives.
func (s *socket) touch() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.parting {
		_ = s.conn.SetReadDeadline(time.Now().Add(s.h.opts.Socket.KeepAlive * 5 / 2))
	}
}

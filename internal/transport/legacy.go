package transport

import (
	"github.com/gorilla/websocket"
	helix "github.com/helix-engage/gateway"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// protocolLegacy is the WebSocket sub-protocol of the subscriptions-transport-ws package, which graphql-transport-ws has
// replaced. Its PROTOCOL.md knows no close codes; a socket ends with those of its successor.
const protocolLegacy = "graphql-ws"

// The messages that only a legacy client sends.
const (
	messageStart     messageType = "start"
	messageStop      messageType = "stop"
	messageTerminate messageType = "connection_terminate"
)

// parseLegacy reads one text message. An error beside an id is that of the operation, else of the connection.
func parseLegacy(b []byte) (message, error) {
	m, given, err := openMessage(b)
	if err != nil {
		return m, err
	}
	switch m.kind {
	case messageInit:
		err = objectField(given, "payload", &m.payload)
	case messageStart:
		if m.id, err = identifier(given); err == nil {
			m.params, err = subscribeParams(given)
		}
	case messageStop:
		m.id, err = identifier(given)
	case messageTerminate:
	default:
		err = helix.BadInput("type is none that a client may send")
	}
	return m, err
}

// handleLegacy acts on one message. What cannot be read is told and passed over: "does not disconnect the client" (PROTOCOL.md).
func (s *socket) handleLegacy(data []byte) {
	m, err := parseLegacy(data)
	switch {
	case err != nil && m.id != "":
		s.refuseStart(m.id, err)
	case err != nil:
		s.send(connectionErrorFrame(err))
	case m.kind == messageInit:
		s.initialise(m.payload)
	case m.kind == messageTerminate:
		s.close(websocket.CloseNormalClosure, "")
	case !s.postpone(m):
		s.obey(m)
	}
}

// postpone keeps what comes while Init is asked, since a legacy client does not wait for the ack before it starts operations.
func (s *socket) postpone(m message) bool {
	s.mu.Lock()
	waits := s.initReceived && !s.settled
	full := waits && len(s.pending) >= s.h.opts.Socket.MaxOperations
	if waits && !full {
		s.pending = append(s.pending, m)
	}
	s.mu.Unlock()
	if full {
		s.close(closeBadRequest, "too many messages before connection_ack")
	}
	return waits
}

// resume follows the ack: the first keep-alive, then what has come meanwhile, in its order.
func (s *socket) resume() {
	s.send(keepAliveFrame())
	for {
		s.mu.Lock()
		pending := s.pending
		s.pending, s.settled = nil, len(pending) == 0
		s.mu.Unlock()
		if len(pending) == 0 {
			return
		}
		for _, m := range pending {
			s.obey(m)
		}
	}
}

// obey starts or stops an operation. A stop is answered by a complete, unless the operation has ended before.
func (s *socket) obey(m message) {
	ended := s.complete(m.id) // a start under an identifier in use takes its place
	switch {
	case m.kind == messageStop && ended:
		s.send(s.dialect.complete(encodeID(m.id)))
	case m.kind == messageStop:
	case !s.acknowledged():
		s.refuseStart(m.id, &helix.Error{Code: helix.CodeUnauthenticated, Message: "connection_init must come first"})
	default:
		s.subscribe(m)
	}
}

func (s *socket) refuseStart(id string, err error) {
	s.send(s.dialect.fail(encodeID(id), gqlerror.List{present(err)}))
}

func (s *socket) acknowledged() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.caller != nil
}

func keepAliveFrame() []byte { return []byte(`{"type":"ka"}`) }

func connectionErrorFrame(err error) []byte {
	return append(append([]byte(`{"type":"connection_error","payload":`), encodeError(present(err))...), '}')
}

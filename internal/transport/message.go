package transport

import (
	"encoding/json"
	"strconv"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"
	helix "github.com/helix-engage/gateway"
)

// protocolTransportWS is the WebSocket sub-protocol of PROTOCOL.md.
const protocolTransportWS = "graphql-transport-ws"

// Close codes of PROTOCOL.md; the registered ones are those of gorilla/websocket.
const (
	closeBadRequest     = 4400
	closeUnauthorized   = 4401 // subscribe before connection_ack
	closeForbidden      = 4403 // Init refused, or the token has ended
	closeNotAcceptable  = 4406 // no sub-protocol in common
	closeInitTimeout    = 4408
	closeAlreadyExists  = 4409
	closeTooManyInits   = 4429
	maxCloseReason      = 123 // bytes (RFC 6455, 5.5)
	maxIdentifier       = 256 // bytes; it is repeated in every frame
	closeExpiredReason  = "the token has expired: connect again with a new one"
	closeSlowReason     = "too slow: what was sent is not taken"
	closeShutdownReason = "the server is shutting down: connect again"
)

// messageType is the type of a message of PROTOCOL.md.
type messageType string

// The messages that a client may send. ping and pong go both ways, complete too.
const (
	messageInit      messageType = "connection_init"
	messagePing      messageType = "ping"
	messagePong      messageType = "pong"
	messageSubscribe messageType = "subscribe"
	messageComplete  messageType = "complete"
)

// message is a decoded message of a client.
type message struct {
	kind    messageType
	id      string             // of subscribe and complete
	payload map[string]any     // of connection_init; nil when absent
	echo    json.RawMessage    // payload of ping, sent back with the pong
	params  *graphql.RawParams // of subscribe
}

// parseMessage reads one text message. The error, coded, is the reason of a close with 4400.
func parseMessage(b []byte) (message, error) {
	m, given, err := openMessage(b)
	if err != nil {
		return m, err
	}
	switch m.kind {
	case messageInit:
		err = objectField(given, "payload", &m.payload)
	case messagePing, messagePong:
		var payload map[string]any
		err = objectField(given, "payload", &payload)
		m.echo, _ = given.get("payload")
	case messageSubscribe:
		if m.id, err = identifier(given); err == nil {
			m.params, err = subscribeParams(given)
		}
	case messageComplete:
		m.id, err = identifier(given)
	default:
		err = helix.BadInput("type is none that a client may send")
	}
	return m, err
}

// openMessage reads what the messages of both protocols begin with.
func openMessage(b []byte) (m message, given fields, err error) {
	if !utf8.Valid(b) {
		return m, nil, helix.BadInput("the message is not valid UTF-8")
	}
	given, err = parseObject(b, nil)
	if err != nil {
		return m, nil, notAnObject("the message", err)
	}
	var kind string
	if err := stringField(given, "type", &kind); err != nil || kind == "" {
		return m, nil, helix.BadInput("type must be a string that is not empty")
	}
	m.kind = messageType(kind)
	return m, given, nil
}

// identifier takes the id of an operation.
func identifier(given fields) (string, error) {
	var id string
	if err := stringField(given, "id", &id); err != nil || id == "" {
		return "", helix.BadInput("id must be a string that is not empty")
	}
	if len(id) > maxIdentifier {
		return "", helix.BadInput("id is longer than " + strconv.Itoa(maxIdentifier) + " bytes")
	}
	return id, nil
}

func subscribeParams(given fields) (*graphql.RawParams, error) {
	payload, ok := given.get("payload")
	if !ok {
		return nil, helix.BadInput("payload is missing")
	}
	params, err := parseParams(payload)
	if err != nil {
		return nil, helix.BadInput("payload: " + helix.AsError(err).Message)
	}
	return params, nil
}

// The messages that the server sends.

func ackFrame() []byte { return []byte(`{"type":"connection_ack"}`) }

func pongFrame(payload json.RawMessage) []byte {
	if len(payload) == 0 || isNull(payload) {
		return []byte(`{"type":"pong"}`)
	}
	return append(append([]byte(`{"type":"pong","payload":`), payload...), '}')
}

// encodeID is the JSON of an identifier.
func encodeID(id string) []byte {
	b, _ := json.Marshal(id) // a string always has one
	return b
}

package elevenlabs

import (
	"cmp"
	"encoding/json"
	"net"
	"net/http"
	"time"

	"github.com/gorilla/websocket"
)

const (
	maxMessage   = 1 << 20
	writeTimeout = 10 * time.Second
	closeWait    = time.Second // for the client's close frame; to close with data unread would be a reset, and lose ours
)

// Close codes (elevenlabs.md 5).
const (
	closeOperational = 1002
	closeInput       = 1008
	closeRejected    = 3000
	closeFull        = 3008
)

// open upgrades, says whether the conversation may begin, and holds it until it ends.
func (s *Server) open(w http.ResponseWriter, r *http.Request) {
	upgrader := websocket.Upgrader{Subprotocols: []string{"convai"}, CheckOrigin: func(*http.Request) bool { return true }}
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // answered
	}
	conn.SetReadLimit(maxMessage)
	query := r.URL.Query()
	agent := s.agent(query.Get("agent_id"))
	if agent == nil {
		refuseSocket(conn, closeRejected, "Request error")
		return
	}
	id, ok := s.redeem(agent, cmp.Or(query.Get("conversation_signature"), query.Get("token")))
	if !ok {
		refuseSocket(conn, closeRejected, "Request error")
		return
	}
	c := newConversation(s, agent, id, conn)
	if !s.admit(c) {
		refuseSocket(conn, closeFull, "too many concurrent connections")
		return
	}
	defer s.talking.Done()
	frames := make(chan frame, 256)
	read := make(chan struct{})
	go func() {
		defer close(read)
		c.read(frames)
	}()
	c.run(frames)
	_ = conn.SetReadDeadline(time.Now().Add(closeWait)) // a closed connection does not wait
	<-read
	_ = conn.Close() // the other side has been told, or has gone
}

func refuseSocket(conn *websocket.Conn, code int, reason string) {
	_ = conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, reason), time.Now().Add(writeTimeout)) // refused anyway
	_ = conn.SetReadDeadline(time.Now().Add(closeWait))                                                                     // a closed connection does not wait
	for {
		if _, _, err := conn.NextReader(); err != nil {
			break
		}
	}
	_ = conn.Close()
}

// frame is one message of the peer; the last one has its close code.
type frame struct {
	closed int // 0: a message
	text   bool
	data   []byte
}

// read hands over what comes until the socket closes. What comes after the end of the conversation is read and left.
func (c *conversation) read(frames chan<- frame) {
	for {
		kind, data, err := c.conn.ReadMessage()
		f := frame{text: kind == websocket.TextMessage, data: data}
		if err != nil {
			f.closed = websocket.CloseAbnormalClosure
			if closed, ok := err.(*websocket.CloseError); ok { //nolint:errorlint // the library's own, never wrapped
				f.closed = closed.Code
			}
		}
		select {
		case frames <- f:
		case <-c.over:
		}
		if err != nil {
			return
		}
	}
}

// send writes one frame. A peer that does not take it ends the conversation.
func (c *conversation) send(kind string, body object) {
	body["type"] = kind
	text, err := json.Marshal(body)
	if err != nil {
		c.log.Error("frame cannot be written", "kind", kind, "error", err)
		return
	}
	c.sendRaw(websocket.TextMessage, text)
}

func (c *conversation) sendRaw(kind int, data []byte) {
	if c.done {
		return
	}
	_ = c.conn.SetWriteDeadline(time.Now().Add(writeTimeout)) // a closed connection fails below
	if err := c.conn.WriteMessage(kind, data); err != nil {
		c.finish(websocket.CloseAbnormalClosure, "the client does not read")
	}
}

// end closes from our side: an error frame when errorType says so, then the close frame. Code 0 resets the connection.
func (c *conversation) end(code int, reason, errorType string) {
	if c.done {
		return
	}
	if errorType != "" {
		c.send("error", object{"error_event": object{
			"code": code, "error_type": errorType, "message": reason, "reason": reason, "debug_message": nil, "details": object{},
		}})
	}
	if code == 0 {
		if tcp, ok := c.conn.NetConn().(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // so that the close is a reset
		}
		_ = c.conn.Close()
		c.finish(websocket.CloseAbnormalClosure, "connection lost")
		return
	}
	_ = c.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, clip(reason)), time.Now().Add(writeTimeout)) // it is over anyway
	c.finish(code, reason)
}

// clip cuts a reason to what a close frame can carry.
func clip(reason string) string {
	const most = 120
	for len(reason) > most {
		reason = string([]rune(reason)[:len([]rune(reason))-1])
	}
	return reason
}

package streaming

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/gorilla/websocket"
	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/audio"
)

const (
	// maxVoiceMessage bounds one message of a voice agent, in bytes: more than a minute of speech.
	maxVoiceMessage = 4 << 20
	// voicePing is the period of our pings to voice agents.
	voicePing = 20 * time.Second
	// partWithin is how long a peer may take to close.
	partWithin = time.Second
	// maxGarbage is how many messages of one socket may make no sense.
	maxGarbage = 50
)

// leg is one conversation with a voice agent: a socket, its writer and its reader. It begins without a call, so that it can
// be opened while the telephone rings.
type leg struct {
	conn    *conn
	writer  *writer
	uplink  *uplink
	dialect Voice
	agent   string

	owned chan struct{} // closed when call is set
	call  *call
	known string           // what was said before this conversation, "" in the first one
	ready chan struct{}    // closed when the conversation has begun
	lost  chan struct{}    // closed when reading has ended
	fault helix.VoiceFrame // how, once lost is closed

	// The reader's own.
	frame        helix.VoiceFrame
	hear         *audio.Converter // what the agent says, for the line
	spoken       audio.Format     // in which he says it
	begun        bool
	void         int64 // audio of events up to here is not played
	garbage      int
	failed       helix.VoiceFrame // the agent's last word of a fault
	hungUp       bool             // the agent has ended the call
	parting      *time.Timer      // then: ends the conversation
	conversation string           // set before ready is closed
	waiting      *time.Timer      // ends a conversation that the provider holds back
}

// dialVoice opens a socket to a voice agent.
func (s *Server) dialVoice(ctx context.Context, agent string) (*leg, error) {
	url, header, err := s.opts.Voices.Address(ctx, agent)
	if err != nil {
		return nil, fmt.Errorf("streaming: no address of the voice agent: %w", err)
	}
	dialer := websocket.Dialer{
		NetDialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := s.opts.Dial(ctx, network, address)
			return &handshake{Conn: c}, err
		},
		NetDialTLSContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := s.opts.Dial(ctx, network, address)
			if err != nil {
				return nil, err
			}
			host, _, _ := net.SplitHostPort(address)
			secured := tls.Client(c, &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12})
			if err := secured.HandshakeContext(ctx); err != nil {
				_ = c.Close()
				return nil, err
			}
			return &handshake{Conn: secured}, nil
		},
	}
	ws, answer, err := dialer.DialContext(ctx, url, header) //nolint:bodyclose // gorilla has read and closed it
	if err != nil {
		if answer != nil {
			return nil, &helix.Error{
				Code: helix.CodeUnavailable, Message: "the voice agent refused the socket", Op: "streaming.dialVoice", Detail: answer.Status,
				Retryable: answer.StatusCode >= http.StatusInternalServerError || answer.StatusCode == http.StatusTooManyRequests,
			}
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		// The error's text may hold the URL.
		return nil, &helix.Error{Code: helix.CodeUnavailable, Message: "the voice agent cannot be reached", Op: "streaming.dialVoice", Retryable: true}
	}
	l := &leg{
		conn: newConn(ws.NetConn(), true, maxVoiceMessage), dialect: s.opts.Voices.Dialect(), agent: agent,
		owned: make(chan struct{}), ready: make(chan struct{}), lost: make(chan struct{}),
	}
	l.uplink = &uplink{dialect: l.dialect}
	l.writer = newWriter(l.conn, l.uplink, time.Now(), voicePing)
	l.uplink.wake, l.uplink.now = l.writer.wake, l.writer.now
	go l.writer.run()
	go l.read()
	return l, nil
}

// handshake lets gorilla read the answer to its handshake and not a byte more: what follows is for our own reader.
type handshake struct {
	net.Conn
	seen int // bytes of the empty line that ends the answer
}

const emptyLine = "\r\n\r\n"

func (h *handshake) Read(p []byte) (int, error) {
	if h.seen == len(emptyLine) || len(p) == 0 {
		return h.Conn.Read(p)
	}
	n, err := h.Conn.Read(p[:1])
	if n == 1 {
		switch p[0] {
		case emptyLine[h.seen]:
			h.seen++
		case '\r':
			h.seen = 1
		default:
			h.seen = 0
		}
	}
	return n, err
}

// start gives the leg to a call and begins the conversation.
func (l *leg) start(c *call, s helix.VoiceStart) error {
	var failed error
	l.call, l.known = c, s.Context
	close(l.owned)
	l.writer.send(opText, func(dst []byte) []byte {
		before := len(dst)
		out, err := l.dialect.AppendStart(dst, s)
		if err != nil {
			failed = err
			return dst[:before]
		}
		return out
	})
	return failed
}

// drop ends a leg, owned or not, and waits until both of its goroutines have.
func (l *leg) drop() {
	l.writer.close(closeNormal, "")
	if l.call == nil {
		close(l.owned)
	}
	timer := time.AfterFunc(partWithin, func() { l.writer.abort(nil) })
	defer timer.Stop()
	<-l.lost
	l.writer.abort(nil)
	<-l.writer.stopped
}

// read takes messages until the socket ends. The first waits until there is a call to take it for.
func (l *leg) read() {
	defer close(l.lost)
	for {
		_, data, err := l.conn.next()
		if err != nil {
			l.fault = l.end(err)
			return
		}
		<-l.owned
		if l.call != nil {
			l.message(data)
		}
	}
}

// end tells what the end of the socket means.
func (l *leg) end(err error) helix.VoiceFrame {
	code, reason := closeAbnormal, ""
	var closed *closedError
	var broken *violation
	switch {
	case errors.As(err, &closed):
		code, reason = closed.code, closed.reason
		l.writer.close(closeNormal, "")
	case errors.As(err, &broken):
		code, reason = broken.code, broken.text
		l.writer.close(broken.code, broken.text)
	default:
		l.writer.abort(nil)
	}
	f := l.dialect.Closed(code, reason)
	if l.hungUp {
		f.Kind = helix.VoiceHangup
	}
	if f.Kind == helix.VoiceFault && l.failed.Kind == helix.VoiceFault { // it said more before it closed
		f.Text, f.Retryable = l.failed.Text, l.failed.Retryable
	}
	if why := l.writer.why(); why != nil && !l.hungUp {
		f = helix.VoiceFrame{Kind: helix.VoiceFault, Text: why.Error(), Retryable: true}
	}
	return f
}

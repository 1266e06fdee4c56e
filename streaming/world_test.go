package streaming

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/audio"
)

// patience is how long what must happen may take on a busy machine.
const patience = time.Minute

// network is what both ends of the tests' sockets meet over: TCP, or pipes in memory, which tests inside a synctest bubble
// need so that time can be theirs.
type network interface {
	listen() net.Listener
	dial(ctx context.Context, network, address string) (net.Conn, error)
}

// tcp is the real thing.
type tcp struct{}

func (tcp) listen() net.Listener {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	return l
}

func (tcp) dial(ctx context.Context, network, address string) (net.Conn, error) {
	return (&net.Dialer{}).DialContext(ctx, network, address)
}

// pipes connects by name in memory.
type pipes struct {
	mu        sync.Mutex
	listeners map[string]*pipeListener
}

type pipeListener struct {
	name   string
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (p *pipes) listen() net.Listener {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := &pipeListener{name: fmt.Sprintf("pipe%d:80", len(p.listeners)), conns: make(chan net.Conn), closed: make(chan struct{})}
	if p.listeners == nil {
		p.listeners = map[string]*pipeListener{}
	}
	p.listeners[l.name] = l
	return l
}

func (p *pipes) dial(ctx context.Context, _, address string) (net.Conn, error) {
	p.mu.Lock()
	l := p.listeners[address]
	p.mu.Unlock()
	ours, theirs := newPipe()
	select {
	case l.conns <- theirs:
		return ours, nil
	case <-l.closed:
		return nil, errors.New("connection refused")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *pipeListener) Addr() net.Addr  { return l }
func (l *pipeListener) Network() string { return "pipe" }
func (l *pipeListener) String() string  { return l.name }

func discardLogger() *slog.Logger { return slog.New(slog.DiscardHandler) }

// world is a gateway with both of its peers.
type world struct {
	t       testing.TB
	net     network
	server  *Server
	owner   *owner
	tokens  *Tokens
	address string // of the gateway
	stop    context.CancelFunc
	stopped chan struct{}

	conversations chan *conversation // those that were begun
	voiceAddress  string
	mu            sync.Mutex
	refuseVoice   bool
	silentVoice   bool // conversations do not become ready by themselves
	format        string
	calls         int
	lines         sync.Map      // of *peer: those that are open
	raw           chan net.Conn // when set, conversations are handed over once they are ready
}

func (w *world) Address(context.Context, string) (string, http.Header, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.refuseVoice {
		return "", nil, &helix.Error{Code: helix.CodeUnavailable, Message: "no agent", Retryable: true}
	}
	return "ws://" + w.voiceAddress + "/agent", nil, nil
}

func (w *world) Dialect() Voice { return testVoice{} }

func (w *world) refuseAgents(on bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.refuseVoice = on
}

// newWorld starts a gateway; change may alter its options and the settings of its line.
func newWorld(t testing.TB, n network, change func(*world, *Options, *LineSettings)) *world {
	t.Helper()
	w := &world{
		t: t, net: n, owner: newOwner(), tokens: NewTokens([]byte("secret"), time.Now), stopped: make(chan struct{}),
		conversations: make(chan *conversation, 1000), format: "pcm_16000 pcm_16000",
	}
	voices := n.listen()
	w.voiceAddress = voices.Addr().String()
	voiceServer := &http.Server{Handler: http.HandlerFunc(w.converse), ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
	go func() { _ = voiceServer.Serve(voices) }()

	opts := Options{Voices: w, Calls: w.owner, Tokens: w.tokens, Logger: discardLogger(), Dial: n.dial}
	var settings LineSettings
	if change != nil {
		change(w, &opts, &settings)
	}
	var err error
	if w.server, err = NewServer(opts); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	for path, kind := range map[string]LineKind{
		"GET /s/{token}":  {Name: "test", Dialect: func() Line { return testLine{} }, Settings: settings},
		"GET /n/{secret}": {Name: "test", Dialect: func() Line { return testLine{} }, Settings: settings, Matching: ByNumber, Secret: "hush"},
	} {
		h, err := w.server.Handler(kind)
		if err != nil {
			t.Fatal(err)
		}
		mux.Handle(path, h)
	}
	lines := n.listen()
	w.address = lines.Addr().String()
	gateway := &http.Server{Handler: mux, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
	go func() { _ = gateway.Serve(lines) }()
	ctx, cancel := context.WithCancel(context.Background())
	w.stop = cancel
	go func() {
		defer close(w.stopped)
		_ = w.server.Run(ctx)
	}()
	t.Cleanup(func() {
		w.lines.Range(func(p, _ any) bool {
			_ = p.(*peer).ws.Close()
			return true
		})
		cancel()
		<-w.stopped
		_ = gateway.Close()
		_ = voiceServer.Close()
	})
	return w
}

// conversation is the voice provider's end of a socket.
type conversation struct {
	*peer
	began string // the first message
}

// converse serves one conversation of the voice provider: it becomes ready unless the test wants to do that itself.
func (w *world) converse(rw http.ResponseWriter, r *http.Request) {
	ws, err := (&websocket.Upgrader{}).Upgrade(rw, r, nil)
	if err != nil {
		return
	}
	_, first, err := ws.ReadMessage()
	if err != nil {
		_ = ws.Close()
		return
	}
	c := &conversation{peer: newPeer(ws), began: string(first)}
	w.mu.Lock()
	w.calls++
	silent, ready := w.silentVoice, fmt.Sprintf("ready c%d %s", w.calls, w.format)
	w.mu.Unlock()
	if !silent {
		c.send(ready)
	}
	if w.raw != nil {
		w.raw <- ws.NetConn()
		discard(ws.NetConn())
		_ = ws.Close()
		return
	}
	w.conversations <- c
	c.read()
}

// rawAgent gives the connection of the next conversation, from which nothing but bytes is read.
func (w *world) rawAgent() net.Conn { return <-w.raw }

// agent gives the next conversation.
func (w *world) agent() *conversation {
	w.t.Helper()
	select {
	case c := <-w.conversations:
		return c
	case <-time.After(patience):
		w.t.Fatal("no conversation was begun")
		return nil
	}
}

// result gives the next result, in a bubble once everybody has read what was sent before it.
func (w *world) result() Result {
	w.t.Helper()
	select {
	case r := <-w.owner.ended:
		if _, bubble := w.net.(*pipes); bubble {
			synctest.Wait()
		}
		return r
	case <-time.After(30 * time.Minute):
		w.t.Fatal("no call ended")
		return Result{}
	}
}

// peer is one end of a socket of the tests. It keeps what it reads.
type peer struct {
	ws     *websocket.Conn
	write  sync.Mutex
	closed chan struct{}

	mu       sync.Mutex
	messages []received
	code     int // of the close frame
}

type received struct {
	at   time.Time
	text string
}

func newPeer(ws *websocket.Conn) *peer { return &peer{ws: ws, closed: make(chan struct{})} }

func (p *peer) read() {
	defer close(p.closed)
	defer func() { _ = p.ws.Close() }()
	for {
		_, data, err := p.ws.ReadMessage()
		p.mu.Lock()
		if err != nil {
			p.code = closeAbnormal
			var closed *websocket.CloseError
			if errors.As(err, &closed) {
				p.code = closed.Code
			}
			p.mu.Unlock()
			return
		}
		p.messages = append(p.messages, received{time.Now(), string(data)})
		p.mu.Unlock()
	}
}

func (p *peer) send(text string) {
	p.write.Lock()
	defer p.write.Unlock()
	_ = p.ws.WriteMessage(websocket.TextMessage, []byte(text))
}

func (p *peer) sendBinary(data []byte) {
	p.write.Lock()
	defer p.write.Unlock()
	_ = p.ws.WriteMessage(websocket.BinaryMessage, data)
}

// hangUp closes the socket with a code.
func (p *peer) hangUp(code int) {
	_ = p.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, ""), time.Now().Add(patience))
	select {
	case <-p.closed:
	case <-time.After(patience):
		_ = p.ws.Close()
	}
}

// all gives what came and begins with a word, without that word.
func (p *peer) all(word string) []received {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []received
	for _, m := range p.messages {
		if first, rest, _ := strings.Cut(m.text, " "); first == word {
			out = append(out, received{m.at, rest})
		}
	}
	return out
}

// samples gives the audio of all messages that begin with a word.
func (p *peer) samples(word string) []byte {
	var out []byte
	for _, m := range p.all(word) {
		var err error
		if out, err = base64.StdEncoding.AppendDecode(out, []byte(m.text)); err != nil {
			panic(err)
		}
	}
	return out
}

// speak sends audio of an event.
func (p *peer) speak(event int, samples []byte) {
	p.send(fmt.Sprintf("audio %d %s", event, base64.StdEncoding.EncodeToString(samples)))
}

// closeCode waits for the end of the socket.
func (p *peer) closeCode(t *testing.T) int {
	t.Helper()
	select {
	case <-p.closed:
	case <-time.After(time.Hour):
		t.Fatal("the socket stays open")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.code
}

// connect opens a socket of the line.
func (w *world) connect(path string) *peer {
	w.t.Helper()
	dialer := websocket.Dialer{NetDialContext: w.net.dial, HandshakeTimeout: patience}
	ws, answer, err := dialer.Dial("ws://"+w.address+path, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	_ = answer.Body.Close()
	p := newPeer(ws)
	w.lines.Store(p, nil)
	go func() {
		p.read()
		w.lines.Delete(p)
	}()
	return p
}

// call opens the line of a call, which tells that it begins.
func (w *world) call(id string) *peer {
	w.t.Helper()
	p := w.connect("/s/" + w.tokens.Token(helix.CallID(id), 1, time.Minute))
	p.send("start 16000")
	return p
}

// talk sends d of audio from the line in real time, 20 ms a message.
func talk(p *peer, samples []byte, d time.Duration) {
	const frame = 20 * time.Millisecond
	size := audio.PCM16k.Bytes(frame)
	for at := 0; time.Duration(at)*frame < d; at++ {
		from := (at * size) % max(size, len(samples)-size+1) / 2 * 2
		p.sendBinary(samples[from : from+size])
		time.Sleep(frame)
	}
}

// ramp makes samples that all differ from their neighbours, so that none can be lost or moved unseen.
func ramp(d time.Duration) []byte {
	out := make([]byte, audio.PCM16k.Bytes(d))
	for i := range len(out) / 2 {
		out[2*i], out[2*i+1] = byte(i), byte(i>>8)
	}
	return out
}

// quiet is silence.
func quiet(d time.Duration) []byte { return make([]byte, audio.PCM16k.Bytes(d)) }

// inBubble runs a test with a world of pipes and its own time.
func inBubble(t *testing.T, change func(*world, *Options, *LineSettings), test func(t *testing.T, w *world)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		test(t, newWorld(t, &pipes{}, change))
	})
}

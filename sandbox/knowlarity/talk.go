package knowlarity

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/gorilla/websocket"

	"github.com/helix-engage/gateway/sandbox/speech"
)

const (
	maxMessage   = 16 << 20
	writeTimeout = 10 * time.Second
	closeWait    = time.Second
	dialTimeout  = 10 * time.Second
)

// talk is an answered call: the two people's time, and the stream. It belongs to one goroutine; the player is shared with the reader.
type talk struct {
	*Server

	call     *call
	settings StreamSettings
	rate     int
	conn     *websocket.Conn
	player   player
	patient  patient
	out      []byte        // sound not yet sent, because of the framing
	odd      int           // how many messages were cut
	elapsed  time.Duration // since the answer, in the time of the call
	opened   time.Duration // when the stream was
	finished bool
	metadata []byte
	stalled  chan struct{} // closed when nothing is read any more
}

// talk holds the talk of an answered call until it ends.
func (s *Server) talk(ctx context.Context, c *call) {
	t := &talk{Server: s, call: c, settings: *c.script.Stream, stalled: make(chan struct{})}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer s.end(c, ResultCompleted)
	if c.script.HangUpAfter < 0 {
		hangUp(t)
		return
	}
	if c.flow.prompt != "" {
		d := promptLength(c.flow.prompt)
		c.moment(Moment{Kind: HeardPrompt, Duration: d, Text: c.flow.prompt})
		if !t.pass(ctx, d) {
			return
		}
	}
	if c.flow.url == "" || !t.open(ctx) {
		return
	}
	t.stream(ctx)
}

// promptLength is how long a synthesizer takes to say a text.
func promptLength(text string) time.Duration {
	return min(max(time.Duration(len([]rune(text)))*60*time.Millisecond, 500*time.Millisecond), 15*time.Second)
}

// pass lets time go by outside the stream. It is false when the call ended meanwhile.
func (t *talk) pass(ctx context.Context, d time.Duration) bool {
	after := t.call.script.HangUpAfter
	leaves := after > 0 && after <= d
	if leaves {
		d = after
	}
	t.elapsed += d
	timer := time.NewTimer(time.Duration(float64(d) / t.options.Pace))
	defer timer.Stop()
	for !t.finished {
		select {
		case <-ctx.Done():
			return false
		case <-t.call.over:
			return false
		case lever := <-t.call.levers:
			lever(t)
		case <-timer.C:
			if leaves {
				hangUp(t)
			}
			return !leaves
		}
	}
	return false
}

// open dials the stream as mod_audio_fork does. It is false when it could not.
func (t *talk) open(ctx context.Context) bool {
	dialer := websocket.Dialer{HandshakeTimeout: dialTimeout, TLSClientConfig: t.options.TLS, NetDialContext: new(net.Dialer).DialContext}
	if !t.settings.NoSubprotocol {
		dialer.Subprotocols = []string{"audio.drachtio.org"}
	}
	began := time.Now()
	conn, response, err := dialer.DialContext(ctx, t.call.flow.url, http.Header{})
	t.elapsed += time.Duration(float64(time.Since(began)) * t.options.Pace)
	if response != nil {
		_ = response.Body.Close() // gorilla has read what there is
	}
	if err != nil {
		text := "no connection"
		if response != nil {
			text = strconv.Itoa(response.StatusCode)
		}
		t.call.moment(Moment{At: t.elapsed, Kind: StreamRefused, Text: text})
		return false
	}
	conn.SetReadLimit(maxMessage)
	t.conn, t.opened = conn, t.elapsed
	t.call.moment(Moment{At: t.elapsed, Kind: StreamOpened})
	t.rate = 16_000
	orDefault(&t.settings.Rate, t.call.flow.rate)
	if t.settings.Rate != 0 {
		t.rate = t.settings.Rate
	}
	t.patient = newPatient(t.call.script)
	t.player.call, t.player.maxAhead, t.player.stopped = t.call, t.options.MaxAhead, make(chan struct{})
	dialect := t.settings.Dialect
	if dialect == "" && t.call.flow.metadata != nil {
		dialect = DialectH
	}
	t.metadata = t.call.metadata(dialect, t.rate)
	if dialect != DialectNotFirst {
		t.sendMetadata()
	}
	return true
}

func (t *talk) sendMetadata() {
	if t.metadata == nil {
		return
	}
	kind := websocket.TextMessage
	if t.settings.Binary {
		kind = websocket.BinaryMessage
	}
	t.write(kind, t.metadata)
	t.metadata = nil
}

// stream runs from the opened socket to the end of the call.
func (t *talk) stream(ctx context.Context) {
	read, commands := make(chan struct{}), make(chan command, 64)
	if t.settings.NeverReads {
		close(read)
	} else {
		go func() {
			defer close(read)
			t.read(commands)
		}()
	}
	defer func() {
		close(t.player.stopped)
		_ = t.conn.SetReadDeadline(time.Now().Add(closeWait)) // a closed connection does not wait
		<-read
		_ = t.conn.Close()
		t.settle()
	}()
	t.run(ctx, commands)
}

func (t *talk) run(ctx context.Context, commands <-chan command) {
	step := max(time.Duration(float64(speech.Frame)/t.options.Pace), time.Millisecond)
	ticker := time.NewTicker(step)
	defer ticker.Stop()
	began, at := time.Now(), t.elapsed
	for !t.finished {
		select {
		case <-ctx.Done():
			t.close(websocket.CloseGoingAway)
		case <-t.call.over:
			t.close(websocket.CloseNormalClosure)
		case do := <-commands:
			do(t)
		case lever := <-t.call.levers:
			lever(t)
		case <-ticker.C:
			due := at + time.Duration(float64(time.Since(began))*t.options.Pace)
			for !t.finished && t.elapsed+speech.Frame <= due {
				t.frame()
			}
		}
	}
}

// frame is 20 ms of the call.
func (t *talk) frame() {
	t.elapsed += speech.Frame
	open := t.elapsed - t.opened
	script, settings := &t.call.script, &t.settings
	switch {
	case script.HangUpAfter > 0 && t.elapsed >= script.HangUpAfter:
		hangUp(t)
		return
	case settings.ResetAfter > 0 && open >= settings.ResetAfter:
		t.reset()
		return
	case settings.StallAfter > 0 && open >= settings.StallAfter:
		t.stall()
		return
	case t.metadata != nil && open >= 500*time.Millisecond:
		t.sendMetadata()
	}
	if settings.Garbage && open%time.Second < speech.Frame {
		for _, garbage := range []string{"", "{", "null", `{"type":[]}`, `{"msg":"buffer overrun"}`} {
			t.write(websocket.TextMessage, []byte(garbage))
		}
	}
	heard, playing := t.player.next()
	t.patient.hear(t, heard, playing)
	if !settings.NoAudio {
		t.sendAudio(t.patient.speak(t))
	}
}

// stall leaves the connection to itself.
func (t *talk) stall() {
	select {
	case <-t.stalled:
	default:
		close(t.stalled)
	}
}

// sendAudio sends the caller's sound, cut as the settings say.
func (t *talk) sendAudio(samples []int16) {
	t.out = append(t.out, speech.PCM(samples)...)
	size := t.rate / 25 // 20 ms
	switch t.settings.Framing {
	case FramesGlued:
		size *= 3
	case FramesOdd:
		size = 2*size/3 | 1
		t.odd++
	default:
	}
	for len(t.out) >= size {
		t.write(websocket.BinaryMessage, t.out[:size])
		t.out = append([]byte(nil), t.out[size:]...)
	}
}

// press sends a key; before the stream nobody notices.
func (t *talk) press(digit string) {
	if t.conn == nil {
		return
	}
	t.call.moment(Moment{At: t.elapsed, Kind: Pressed, Text: digit})
	text, err := json.Marshal(object{"type": "dtmf", "digit": digit})
	if err == nil { // a string always marshals
		t.write(websocket.TextMessage, text)
	}
}

// utter lets the patient say something now; before the stream nobody hears it.
func (t *talk) utter(sound []int16) {
	if t.conn == nil {
		return
	}
	t.call.moment(Moment{At: t.elapsed, Kind: Spoke, Duration: speech.Duration(len(sound))})
	t.patient.mouth = append(t.patient.mouth, speech.Resample(sound, speech.Rate, t.rate)...)
}

// write sends one message; when that fails the stream is over.
func (t *talk) write(kind int, data []byte) {
	if t.finished {
		return
	}
	_ = t.conn.SetWriteDeadline(time.Now().Add(writeTimeout)) // a closed connection fails below
	if t.conn.WriteMessage(kind, data) != nil && t.settings.NeverReads {
		t.lost(websocket.CloseAbnormalClosure)
	}
}

// hangUp is the patient's.
func hangUp(t *talk) {
	t.call.moment(Moment{At: t.elapsed, Kind: HungUp})
	if t.conn == nil {
		t.finished = true
		return
	}
	if t.settings.Abrupt {
		t.finished = true
		_ = t.conn.NetConn().Close()
		return
	}
	t.close(websocket.CloseNormalClosure)
}

func (t *talk) reset() {
	if tcp, ok := t.conn.NetConn().(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // so that the close is a reset
	}
	_ = t.conn.NetConn().Close()
	t.finished = true
}

func (t *talk) close(code int) {
	if t.finished {
		return
	}
	t.finished = true
	_ = t.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, ""), time.Now().Add(writeTimeout)) // it is over anyway
}

// lost is the stream closed by the other side; the flow has nothing after it, so the call ends.
func (t *talk) lost(code int) {
	if t.finished {
		return
	}
	t.finished = true
	t.call.change(func(v *View) { v.CloseCode = code })
	t.call.moment(Moment{At: t.elapsed, Kind: StreamClosed, Text: fmt.Sprint(code)})
}

// settle writes down what is left at the end.
func (t *talk) settle() {
	t.patient.settle(t)
	left := t.player.left()
	t.call.change(func(v *View) { v.Unheard = left })
}

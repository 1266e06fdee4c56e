package load

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
)

// How a voice agent of ours talks: every 4 s he sends 2 s of speech, five times as fast as it is spoken.
const (
	turnEvery     = 4 * time.Second / frameFor // ticks
	turnFrames    = int(2 * time.Second / frameFor)
	burstEvery    = 2  // ticks between two messages of audio
	burstFrames   = 10 // in a message
	pingEvery     = 2 * time.Second / frameFor
	transcribeOne = 3 // of so many turns
)

// How the gateway plays and collects, which it documents: it may be up to aheadOf ahead of the clock, and collects
// collectFrames of the caller's frames for one message.
const (
	aheadOf       = 400 * time.Millisecond
	collectFrames = 3
)

// streamCall is one call, both of its peers: the telephone line's socket, which we open, and the voice agent's, which
// the gateway opens. One goroutine sends for all calls, see [pacer]; each socket has a reader of its own.
type streamCall struct {
	number int
	pacer  *pacer
	phase  *atomic.Int32 // which stretch is measured; 0: none

	lineSocket, voiceSocket atomic.Pointer[websocket.Conn]
	silent                  atomic.Bool   // no more audio; a turn is brought to its end
	talking                 chan struct{} // closed when the conversation has begun,
	over                    chan struct{} // when it is over,
	closed                  chan struct{} // and when the line's socket is

	// The pacer's own.
	lineFrame, message  []byte
	lineSent, voiceSent uint32 // frames
	event               int
	voiceTicks          time.Duration
	speaking            bool // in this turn
	late                [phases][]time.Duration

	// The agent's reader's own.
	heard grid
	toSay [phases]latencies
	pongs int

	// The line's reader's own.
	said    grid
	begun   time.Duration                                  // when the turn's first message could be made
	toHear  [phases]struct{ first, paced []time.Duration } // of a turn
	refused bool                                           // the socket was closed with 1013
}

// Stretches of time whose latencies are told apart.
const (
	phaseNone = iota // is not looked at
	phaseSteady
	phaseOverload
	phases
)

// latencies of messages to the agent.
type latencies struct {
	added  []time.Duration // since the frame was sent that made the collection whole
	oldest []time.Duration // since the first frame in it was sent
}

func newStreamCall(number int, p *pacer, phase *atomic.Int32) *streamCall {
	c := &streamCall{
		number: number, pacer: p, phase: phase, lineFrame: make([]byte, lineHeader+frameBytes),
		talking: make(chan struct{}), over: make(chan struct{}), closed: make(chan struct{}),
	}
	copy(c.lineFrame, []byte{0x82, 0x80 | 126, frameBytes >> 8, frameBytes & 0xff}) // the mask that follows is 0, which is as good as any
	samples := c.lineFrame[lineHeader:]
	for i := 16; i < frameBytes; i += 2 { // a tone of 250 Hz, roughly
		binary.LittleEndian.PutUint16(samples[i:], uint16(int16((i/2%64-32)*60)))
	}
	return c
}

// Headers of frames of more than 125 bytes: masked, as a client sends them, and not.
const (
	lineHeader  = 8
	voiceHeader = 4
)

// tick sends what is due at a moment of the pacer.
func (c *streamCall) tick(due time.Duration) {
	if line := c.lineSocket.Load(); line != nil && !c.silent.Load() {
		now := c.pacer.now()
		mark{c.lineSent, now}.write(c.lineFrame[lineHeader:])
		c.lineSent++
		write(line, c.lineFrame)
		phase := c.phase.Load()
		c.late[phase] = append(c.late[phase], now-due)
	}
	if voice := c.voiceSocket.Load(); voice != nil {
		c.speak(voice, c.voiceTicks)
		c.voiceTicks++
	}
}

// speak sends what the agent does at a tick of his.
func (c *streamCall) speak(voice *websocket.Conn, tick time.Duration) {
	if tick%pingEvery == 1 {
		c.event++
		c.say(voice, func(text []byte) []byte {
			text = append(text, `{"type":"ping","ping_event":{"event_id":`...)
			return append(strconv.AppendInt(text, int64(c.event), 10), "}}"...)
		})
	}
	turn, at := int(tick/turnEvery), int(tick%turnEvery)
	if at == 0 {
		c.speaking = !c.silent.Load()
	}
	if !c.speaking || at%burstEvery != 0 || at >= turnFrames/burstFrames*burstEvery {
		return
	}
	if at == 0 {
		c.event++
		if turn%transcribeOne == 0 {
			c.transcribe(voice)
		}
	}
	var samples [burstFrames * frameBytes]byte
	now := c.pacer.now()
	for i := range uint32(burstFrames) {
		mark{c.voiceSent + i, now}.write(samples[i*frameBytes:])
	}
	c.voiceSent += burstFrames
	c.say(voice, func(text []byte) []byte {
		text = append(text, `{"type":"audio","audio_event":{"audio_base_64":"`...)
		text = append(base64.StdEncoding.AppendEncode(text, samples[:]), `","event_id":`...)
		return append(strconv.AppendInt(text, int64(c.event), 10), "}}"...)
	})
}

func (c *streamCall) transcribe(voice *websocket.Conn) {
	c.say(voice, func(text []byte) []byte {
		return append(text, `{"type":"user_transcript","user_transcription_event":{"user_transcript":"Yes, on Monday."}}`...)
	})
	c.say(voice, func(text []byte) []byte {
		return append(text, `{"type":"agent_response","agent_response_event":{"agent_response":"When would it suit you?"}}`...)
	})
}

// say writes a text message of a server, of less than 64 kB. It is one write, so that the reader's pongs do not get between.
func (c *streamCall) say(socket *websocket.Conn, appendText func([]byte) []byte) {
	c.message = appendText(append(c.message[:0], make([]byte, voiceHeader)...))
	whole, n := c.message, len(c.message)-voiceHeader
	if n < 126 {
		whole = whole[2:]
		whole[0], whole[1] = 0x81, byte(n)
	} else {
		copy(whole, []byte{0x81, 126, byte(n >> 8), byte(n)})
	}
	write(socket, whole)
}

// write writes a whole frame. What does not arrive counts as lost.
func write(socket *websocket.Conn, frame []byte) {
	_ = socket.NetConn().SetWriteDeadline(time.Now().Add(writeWithin)) // gorilla sets one, too, when it answers a ping
	_, _ = socket.NetConn().Write(frame)
}

// writeWithin is how long the gateway may read nothing.
const writeWithin = 5 * time.Second

// readVoice takes what the gateway sends to the agent, until it closes the conversation.
func (c *streamCall) readVoice(socket *websocket.Conn) {
	defer close(c.over)
	var message, samples []byte
	for {
		var err error
		if message, err = nextMessage(socket, message); err != nil {
			return
		}
		coded := member(message, `"user_audio_chunk":"`)
		if coded == nil {
			if bytes.Contains(message, []byte(`"pong"`)) {
				c.pongs++
			}
			continue
		}
		now := c.pacer.now()
		if samples, err = base64.StdEncoding.AppendDecode(samples[:0], coded); err != nil {
			c.heard.moved++
			continue
		}
		if marks := c.heard.take(samples); len(marks) > 0 {
			l := &c.toSay[c.phase.Load()]
			l.added = append(l.added, now-marks[min(collectFrames, len(marks))-1].sent)
			l.oldest = append(l.oldest, now-marks[0].sent)
		}
	}
}

// readLine takes what the gateway plays, until the socket ends.
func (c *streamCall) readLine(socket *websocket.Conn) {
	defer close(c.closed)
	var message, samples []byte
	for {
		var err error
		if message, err = nextMessage(socket, message); err != nil {
			c.refused = websocket.IsCloseError(err, websocket.CloseTryAgainLater)
			return
		}
		coded := member(message, `"audioContent":"`)
		if coded == nil {
			continue
		}
		now := c.pacer.now()
		if samples, err = base64.StdEncoding.AppendDecode(samples[:0], coded); err != nil {
			c.said.moved++
			continue
		}
		if marks := c.said.take(samples); len(marks) > 0 {
			c.played(marks, now)
		}
	}
}

// played notes how late a message is that holds these frames, see [StreamLatency].
func (c *streamCall) played(marks []mark, now time.Duration) {
	late := &c.toHear[c.phase.Load()]
	at, last := int(marks[0].number)%turnFrames, marks[len(marks)-1].sent
	if at == 0 {
		c.begun = last
		late.first = append(late.first, now-last)
		return
	}
	late.paced = append(late.paced, now-max(last, c.begun+time.Duration(at)*frameFor-aheadOf))
}

// nextMessage reads a message into a buffer that is used again.
func nextMessage(socket *websocket.Conn, buffer []byte) ([]byte, error) {
	_, r, err := socket.NextReader()
	if err != nil {
		return buffer, err
	}
	return appendAll(buffer[:0], r)
}

// hangUp ends the call from the line's side.
func (c *streamCall) hangUp() {
	c.pacer.remove(c)
	if line := c.lineSocket.Load(); line != nil {
		_ = line.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""), time.Now().Add(time.Second))
	}
}

// drop closes what is still open.
func (c *streamCall) drop() {
	for _, socket := range []*websocket.Conn{c.lineSocket.Load(), c.voiceSocket.Load()} {
		if socket != nil {
			_ = socket.Close() // its reader may have
		}
	}
}

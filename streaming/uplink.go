package streaming

import (
	"sync"
	"time"

	"github.com/helix-engage/gateway/internal/audio"
)

// mostPerMessage bounds one message to the agent: what waited while there was no agent is sent in such pieces.
const mostPerMessage = 250 * time.Millisecond

// uplink is what the voice agent will hear: the patient's words, collected into messages of a useful size. An agent that
// does not take them loses the oldest.
type uplink struct {
	dialect Voice
	wake    func()
	now     func() time.Duration // the writer's clock

	mu      sync.Mutex
	convert *audio.Converter // nil until the agent has told its format
	format  audio.Format
	collect int // bytes
	most    int // bytes that may wait
	queue   fifo
	last    time.Duration
	asleep  time.Duration
	dropped int64 // messages of the line
}

// open sets the format that the agent hears.
func (u *uplink) open(from, to audio.Format, s LineSettings) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.convert, u.format = audio.NewConverter(from, to), to
	u.convert.SetGain(s.Gain)
	u.collect, u.most = max(to.FrameSize(), to.Bytes(s.Collect)), to.Bytes(2*s.Early) // what was early, and as much again
}

// push queues samples of the line, and tells how much of its audio the next message still wants.
func (u *uplink) push(samples []byte) (wanted time.Duration) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.queue.put(u.convert, samples)
	for u.queue.len() > u.most {
		u.queue.take(min(u.queue.len(), u.collect))
		u.dropped++
	}
	u.last = u.now()
	if due := u.due(); due < u.asleep {
		u.asleep = due
		u.wake()
	}
	return u.format.Duration(u.collect - u.queue.len()%u.collect)
}

func (u *uplink) due() time.Duration {
	switch n := u.queue.len(); {
	case n == 0:
		return never
	case n >= u.collect:
		return 0
	default:
		return u.last + flushAfter
	}
}

// fill is the writer's question.
func (u *uplink) fill(dst []byte, now time.Duration) ([]byte, time.Duration) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for u.asleep = u.due(); u.asleep <= now && len(dst) < atOnce; u.asleep = u.due() {
		samples := u.queue.take(min(u.queue.len(), u.format.Bytes(mostPerMessage)))
		var at int
		dst, at = beginFrame(dst)
		dst = endFrame(u.dialect.AppendAudio(dst, samples), at, opText, true)
	}
	return dst, u.asleep
}

// lost is how many messages the agent did not take.
func (u *uplink) lost() int64 {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.dropped
}

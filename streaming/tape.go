package streaming

import (
	"sync"
	"time"

	"github.com/helix-engage/gateway/internal/audio"
)

const (
	// tapeChunk is how many samples of each channel make one chunk of a recording.
	tapeChunk = 8192
	// maxGap is how far the caller's audio may fall behind the clock before silence is put in its place.
	maxGap = 500 * time.Millisecond
	// maxAhead bounds the part of the window that lies in the future; a line that is fed further ahead is recorded as it is sent.
	maxAhead = 2 * time.Second
	// slack is room for audio that comes in bursts.
	slack = 250 * time.Millisecond
	// sampleSize is that of 16-bit PCM, in bytes.
	sampleSize = 2
)

// tape collects what a call sounds like: the caller on one channel as it came, the agent on the other when it is heard. It
// is a window over the last moments; what has become older than any change is handed to the file.
type tape struct {
	file *recordingFile

	mu            sync.Mutex
	rate          int
	began         time.Duration // the tape's start on the line's clock
	fromCaller    *audio.Converter
	fromAgent     *audio.Converter
	caller, agent []byte // the window, zero where nothing was said
	base          int64  // sample that the window begins at
	callerEnd     int64  // sample that the caller's channel is filled up to
	agentEnd      int64
	scratch       []byte
	closed        bool
}

// newTape starts a recording at the rate of the caller's audio. ahead is how far ahead of the clock the agent's audio comes.
func newTape(f *recordingFile, in, out audio.Format, ahead, began time.Duration) *tape {
	format := audio.Format{Encoding: audio.PCM16LE, Rate: in.Rate}
	room := tapeChunk + format.Bytes(min(ahead, maxAhead)+slack)/sampleSize
	return &tape{
		file: f, rate: in.Rate, began: began,
		fromCaller: audio.NewConverter(in, format), fromAgent: audio.NewConverter(out, format),
		caller: make([]byte, room*sampleSize), agent: make([]byte, room*sampleSize),
	}
}

// hear adds the caller's audio that came now.
func (t *tape) hear(samples []byte, now time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return
	}
	t.scratch = t.fromCaller.Convert(t.scratch[:0], samples)
	if clock := t.sample(now); clock > t.callerEnd+int64(maxGap.Seconds()*float64(t.rate)) {
		t.callerEnd = clock
	}
	t.callerEnd = t.put(t.caller, t.callerEnd, t.scratch)
	t.hand(t.sample(now))
}

// play adds the agent's audio that will be heard from at.
func (t *tape) play(at time.Duration, samples []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return
	}
	t.scratch = t.fromAgent.Convert(t.scratch[:0], samples)
	from := t.sample(at)
	if rounding := from - t.agentEnd; rounding >= -1 && rounding <= 1 {
		from = t.agentEnd
	}
	t.agentEnd = t.put(t.agent, from, t.scratch)
}

// erase takes back what would have been heard from at.
func (t *tape) erase(at time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if from := max(t.sample(at), t.base); from < t.agentEnd {
		clear(t.agent[(from-t.base)*sampleSize : (t.agentEnd-t.base)*sampleSize])
		t.agentEnd = from
	}
}

// close hands everything to the file.
func (t *tape) close(now time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return
	}
	t.closed = true
	end := max(t.callerEnd, min(t.agentEnd, t.sample(now)))
	for t.base+tapeChunk <= end {
		t.shift()
	}
	t.file.finish(t.caller, t.agent, int(end-t.base))
}

// sample is the place of a moment.
func (t *tape) sample(at time.Duration) int64 {
	return int64(at-t.began) * int64(t.rate) / int64(time.Second)
}

// put writes samples into a channel of the window, and gives where they end. What lies before the window is too late; what
// lies after it makes the window move on.
func (t *tape) put(channel []byte, from int64, samples []byte) (end int64) {
	end = from + int64(len(samples)/sampleSize)
	for end-t.base > int64(len(channel)/sampleSize) {
		t.shift()
	}
	if late := t.base - from; late > 0 {
		if late >= end-from {
			return max(end, t.base)
		}
		samples, from = samples[late*sampleSize:], t.base
	}
	copy(channel[(from-t.base)*sampleSize:], samples)
	return end
}

// hand gives the file what no interruption can take back any more.
func (t *tape) hand(clock int64) {
	for t.base+tapeChunk <= min(clock, t.callerEnd) {
		t.shift()
	}
}

// shift hands one chunk to the file and moves the window on.
func (t *tape) shift() {
	const size = tapeChunk * sampleSize
	t.file.add(t.caller[:size], t.agent[:size])
	for _, channel := range [][]byte{t.caller, t.agent} {
		clear(channel[copy(channel, channel[size:]):])
	}
	t.base += tapeChunk
	t.callerEnd, t.agentEnd = max(t.callerEnd, t.base), max(t.agentEnd, t.base)
}

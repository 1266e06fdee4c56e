package streaming

import (
	"sync"
	"time"

	"github.com/helix-engage/gateway/internal/audio"
)

const (
	// flushAfter is how long a piece shorter than a chunk waits for more.
	flushAfter = 100 * time.Millisecond
	// flushBefore is how long before the line runs dry such a piece is sent all the same.
	flushBefore = 60 * time.Millisecond
	// fillAfter is how long the line may be silent before it hears that it is alive. With the chunk that is under way it
	// stays below the 1.5 s that may pass.
	fillAfter = time.Second
)

// playout is what the patient will hear: the agent's words, sent in chunks a little ahead of the wall clock, so that the
// line never runs dry and an interruption need not take much back. What was sent is known to the sample; what was heard of
// it follows from the clock.
//
//	         heard          sent, not heard        queued
//	──────────────────────┼────────────────────┼─────────────┤
//	                     now                 until
type playout struct {
	dialect Line
	format  audio.Format
	chunk   int // bytes
	ahead   time.Duration
	most    int    // bytes
	wake    func() // the writer

	mu       sync.Mutex
	tape     *tape // nil when the call is not recorded
	queue    fifo
	began    time.Duration // the queue was empty before
	last     time.Duration // audio came
	until    time.Duration // when the line will have played what it was sent
	turn     int           // bytes sent since the agent's turn began
	asleep   time.Duration // when the writer asks again by itself
	draining bool          // nothing follows: no piece waits for more
	filler   *audio.Comfort
	filling  bool          // nobody speaks for now
	fillFrom time.Duration // when the filler is due
	scratch  []byte
	sent     int64 // messages
	dropped  int64 // messages
}

func newPlayout(dialect Line, s LineSettings) *playout {
	return &playout{
		dialect: dialect, format: s.Out, chunk: s.Out.Bytes(s.Chunk), ahead: s.Ahead, most: s.Out.Bytes(s.MaxQueued),
		wake: func() {}, filler: audio.NewComfort(s.Out),
	}
}

// push queues what the converter makes of samples, if there is room.
func (p *playout) push(c *audio.Converter, samples []byte, now time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.queue.len() >= p.most {
		p.dropped++
		return
	}
	if p.queue.len() == 0 {
		p.began = now
	}
	p.draining = false
	p.queue.put(c, samples)
	p.last = now
	p.rouse()
}

// drain says that nothing follows what is queued.
func (p *playout) drain() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.draining = true
	p.rouse()
}

// fillGaps says whether the line is to be kept alive while there is nothing to play.
func (p *playout) fillGaps(on bool, now time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.filling, p.fillFrom = on, max(p.until, now)+fillAfter
	p.rouse()
}

// clear forgets what is queued, and tells how much of the agent's turn the patient has heard and how long it was.
func (p *playout) clear(now time.Duration) (heard, whole time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	heard, whole = p.position(now)
	p.queue.clear()
	if p.tape != nil {
		p.tape.erase(now)
	}
	p.until = min(p.until, now)
	p.turn = 0
	return heard, whole
}

// turnBegins counts the agent's words from here.
func (p *playout) turnBegins() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.turn = 0
}

// heard tells how much of the agent's turn the patient has heard, and how long it is.
func (p *playout) heard(now time.Duration) (heard, whole time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.position(now)
}

func (p *playout) position(now time.Duration) (heard, whole time.Duration) {
	sent := p.format.Duration(p.turn)
	return max(0, sent-max(0, p.until-now)), sent + p.format.Duration(p.queue.len())
}

// left is how long the line still has to play.
func (p *playout) left(now time.Duration) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return max(0, p.until-now) + p.format.Duration(p.queue.len())
}

// record adds a recording of what will be heard.
func (p *playout) record(t *tape) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tape = t
}

// counts are the messages that were sent, and those of the agent that had no room.
func (p *playout) counts() (sent, dropped int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.sent, p.dropped
}

// rouse wakes the writer when something is due before it asks by itself.
func (p *playout) rouse() {
	if due := p.due(); due < p.asleep {
		p.asleep = due
		p.wake()
	}
}

// due is when the next message is to be sent.
func (p *playout) due() time.Duration {
	n, room := p.queue.len(), p.until-p.ahead
	switch {
	case n == 0 && p.filling:
		return p.fillFrom
	case n == 0:
		return never
	case n >= p.chunk || p.draining:
		return room
	}
	when := p.last + flushAfter
	if p.until > p.began { // the line is playing: it must not run dry
		when = min(when, p.until-flushBefore)
	}
	return max(when, room)
}

// fill is the writer's question.
func (p *playout) fill(dst []byte, now time.Duration) ([]byte, time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.asleep = p.due(); p.asleep <= now && len(dst) < atOnce; p.asleep = p.due() {
		if p.queue.len() > 0 {
			samples := p.queue.take(min(p.queue.len(), p.chunk))
			p.turn += len(samples)
			dst = p.send(dst, samples, now)
			p.fillFrom = p.until + fillAfter
			continue
		}
		p.scratch = p.filler.Append(p.scratch[:0], p.format.Duration(p.chunk))
		dst = p.send(dst, p.scratch, now)
		p.fillFrom = p.until - flushBefore // the next piece follows without a gap
	}
	return dst, p.asleep
}

func (p *playout) send(dst, samples []byte, now time.Duration) []byte {
	dst, at := beginFrame(dst)
	dst = endFrame(p.dialect.AppendAudio(dst, p.format, samples), at, opText, false)
	from := max(p.until, now)
	if p.tape != nil {
		p.tape.play(from, samples)
	}
	p.until = from + p.format.Duration(len(samples))
	p.sent++
	return dst
}

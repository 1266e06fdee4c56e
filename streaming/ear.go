package streaming

import (
	"sync"
	"time"

	"github.com/helix-engage/gateway/internal/audio"
)

// ear passes on what the patient says: to the voice agent when there is one, else into a store of a few seconds, of which
// the oldest is dropped first.
type ear struct {
	mu      sync.Mutex
	in      audio.Format
	keep    time.Duration
	to      *uplink // nil while there is no agent
	odd     bool    // the line stands between the halves of a sample
	early   []byte  // ring of samples as they came
	oldest  int     // where the ring begins once it is full
	seen    bool    // something was early and loud
	dropped int64   // messages
}

// format is what the line sends.
func (e *ear) format() audio.Format {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.in
}

// setRate takes another rate than was expected. What is early already came at that rate as well.
func (e *ear) setRate(rate int) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	f := audio.Format{Encoding: e.in.Encoding, Rate: rate}
	if !f.Valid() {
		return false
	}
	e.in = f
	return true
}

// attach gives an agent what was early, and everything from now on.
func (e *ear) attach(u *uplink) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.early) > 0 {
		// Where the oldest sample has lost its first half to a newer one, its second half goes as well: the ring's length is
		// a number of whole samples, so halves are where they would be without the ring.
		half := e.oldest % e.in.FrameSize()
		u.push(e.early[e.oldest+half:])
		u.push(e.early[:e.oldest])
	}
	e.early, e.oldest, e.to = nil, 0, u
}

// detach keeps what comes until the next agent.
func (e *ear) detach() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.to = nil
}

// push takes one message of the line. It tells whether somebody speaks in it, how long it is, and how much audio the next
// message to the agent still wants; nothing while there is no agent.
func (e *ear) push(samples []byte) (speech bool, took, wanted time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	speech = e.level(samples) >= loud
	if e.to != nil {
		return speech, e.in.Duration(len(samples)), e.to.push(samples)
	}
	e.seen = e.seen || speech
	e.store(samples)
	return speech, 0, 0
}

// level is how loud a message is. Samples may be split between messages.
func (e *ear) level(samples []byte) int {
	whole := samples
	if e.odd && len(whole) > 0 {
		whole = whole[1:]
	}
	if e.in.Encoding == audio.PCM16LE {
		e.odd = e.odd != (len(samples)%2 == 1)
	}
	return e.in.Level(whole)
}

// store keeps a message until there is an agent.
func (e *ear) store(samples []byte) {
	most := e.in.Bytes(e.keep)
	if over := len(samples) - most; over > 0 { // nothing before it stays, and it begins with a whole sample
		at := e.oldest + len(e.early)%most
		samples = samples[over+(at+over)%e.in.FrameSize():]
		e.early, e.oldest = e.early[:0], 0
		e.dropped++
	}
	if room := most - len(e.early); room > 0 { // not full yet, so it begins at 0
		n := min(room, len(samples))
		e.early = append(e.early, samples[:n]...)
		samples = samples[n:]
	}
	if len(samples) == 0 {
		return
	}
	e.dropped++
	for len(samples) > 0 {
		n := copy(e.early[e.oldest:], samples)
		samples = samples[n:]
		e.oldest = (e.oldest + n) % len(e.early)
	}
}

// wasLoud reports whether the patient spoke while there was no agent.
func (e *ear) wasLoud() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.seen
}

func (e *ear) lost() int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.dropped
}

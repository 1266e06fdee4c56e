package knowlarity

import (
	"sync"
	"time"

	"github.com/helix-engage/gateway/sandbox/speech"
)

// maxQueued bounds the files that wait; further ones are a violation and lost.
const maxQueued = 60 * time.Second

// player plays files one after the other, as the module's application does.
type player struct {
	call     *call
	maxAhead time.Duration
	stopped  chan struct{} // closed when the talk is over

	mu     sync.Mutex
	files  [][]int16 // at speech.Rate; the first is being played
	queued int       // samples of files
	warned bool
}

// add queues a file.
func (p *player) add(file []int16) {
	p.mu.Lock()
	defer p.mu.Unlock()
	ahead := speech.Duration(p.queued + len(file))
	if ahead > maxQueued {
		p.call.wrongf("more than %v are queued", maxQueued)
		return
	}
	if ahead > p.maxAhead && !p.warned {
		p.warned = true
		p.call.wrongf("%v of audio sent ahead", ahead.Round(10*time.Millisecond))
	}
	p.files = append(p.files, file)
	p.queued += len(file)
}

// kill stops the file that is played, or all, and answers how much will not be heard of it.
func (p *player) kill(all bool) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	killed := 0
	for len(p.files) > 0 {
		killed += len(p.files[0])
		p.files = p.files[1:]
		if !all {
			break
		}
	}
	p.queued -= killed
	return speech.Duration(killed)
}

// next is what is heard in the next 20 ms, and how much of it is audio rather than nothing.
func (p *player) next() (heard []int16, playing bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	heard = make([]int16, 0, speech.Count(speech.Frame))
	for len(heard) < cap(heard) && len(p.files) > 0 {
		n := copy(heard[len(heard):cap(heard)], p.files[0])
		heard = heard[:len(heard)+n]
		p.queued -= n
		if p.files[0] = p.files[0][n:]; len(p.files[0]) == 0 {
			p.files = p.files[1:]
		}
	}
	return heard[:cap(heard)], len(heard) > 0
}

func (p *player) left() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return speech.Duration(p.queued)
}

package load

import (
	"context"
	"slices"
	"sync"
	"time"
)

const (
	// slots spread the frames of all calls over their 20 ms.
	slots     = 20
	slotEvery = frameFor / slots
)

// pacer is the one clock of all calls: a timer for each of them would cost the driver more than their audio.
type pacer struct {
	began time.Time

	mu    sync.Mutex
	slots [slots][]*streamCall
}

func newPacer() *pacer { return &pacer{began: time.Now()} }

func (p *pacer) now() time.Duration { return time.Since(p.began) }

func (p *pacer) add(c *streamCall) {
	p.mu.Lock()
	defer p.mu.Unlock()
	slot := &p.slots[c.number%slots]
	*slot = append(*slot, c)
}

// remove returns when the call sends nothing any more.
func (p *pacer) remove(c *streamCall) {
	p.mu.Lock()
	defer p.mu.Unlock()
	slot := &p.slots[c.number%slots]
	*slot = slices.DeleteFunc(*slot, func(other *streamCall) bool { return other == c })
}

// run calls tick for every call every 20 ms until ctx ends. What could not be done in time is done later, never left out.
func (p *pacer) run(ctx context.Context) {
	ticker := time.NewTicker(slotEvery)
	defer ticker.Stop()
	for done := int64(0); ; {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		for ; done < int64(p.now()/slotEvery); done++ {
			p.mu.Lock()
			for _, c := range p.slots[done%slots] {
				c.tick(time.Duration(done+1) * slotEvery)
			}
			p.mu.Unlock()
		}
	}
}

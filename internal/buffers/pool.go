package buffers

import (
	"math/bits"
	"sync"
)

// Sizes of buffers that are kept: powers of two.
const (
	minShift = 12 // 4 KiB
	maxShift = 20 // 1 MiB
)

// Pool keeps buffers that are not in use. It is safe for concurrent use; nil keeps none.
type Pool struct {
	limit   int
	spoiled func([]byte)

	mu   sync.Mutex
	idle [maxShift - minShift + 1][][]byte // by size; what was used last is used first, since caches still know it
	held int                               // bytes of all that are idle
}

// NewPool makes a pool that keeps at most limit bytes.
func NewPool(limit int) *Pool { return &Pool{limit: limit} }

// Spoil has f called for each buffer that is taken back, over its full length: a test writes rubbish into it, so that whoever
// still reads it is found out. It is called before the pool is used.
func (p *Pool) Spoil(f func([]byte)) { p.spoiled = f }

// Get gives a buffer without length and with room for n bytes at least.
func (p *Pool) Get(n int) []byte {
	shift := max(bits.Len(uint(max(n, 1)-1)), minShift)
	if p == nil || shift > maxShift {
		return make([]byte, 0, n)
	}
	if b := p.take(shift - minShift); b != nil {
		return b
	}
	return make([]byte, 0, 1<<shift)
}

func (p *Pool) take(class int) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	idle := p.idle[class]
	last := len(idle) - 1
	if last < 0 {
		return nil
	}
	b := idle[last]
	idle[last], p.idle[class] = nil, idle[:last]
	p.held -= cap(b)
	return b
}

// Put takes a buffer back, which nobody may use any more. One that Get does not give is left to the garbage collector.
func (p *Pool) Put(b []byte) {
	shift := bits.Len(uint(cap(b))) - 1
	if p == nil || shift < minShift || shift > maxShift || cap(b) != 1<<shift {
		return
	}
	if p.spoiled != nil {
		p.spoiled(b[:cap(b)])
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.held+cap(b) > p.limit {
		return
	}
	p.held += cap(b)
	p.idle[shift-minShift] = append(p.idle[shift-minShift], b[:0])
}

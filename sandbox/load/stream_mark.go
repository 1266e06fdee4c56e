package load

import (
	"encoding/binary"
	"time"
)

// Audio of both directions: 16-bit samples, 16,000 a second, in frames of 20 ms.
const (
	frameFor   = 20 * time.Millisecond
	frameBytes = 640
	frameMark  = 0x58494C48 // begins each frame
)

// mark is what the first 16 bytes of a frame say: which it is, and when it was sent.
type mark struct {
	number uint32 // from 0, in each direction of a call
	sent   time.Duration
}

func (m mark) write(frame []byte) {
	binary.LittleEndian.PutUint32(frame, frameMark)
	binary.LittleEndian.PutUint32(frame[4:], m.number)
	binary.LittleEndian.PutUint64(frame[8:], uint64(m.sent))
}

func readMark(frame []byte) (m mark, ok bool) {
	m.number, m.sent = binary.LittleEndian.Uint32(frame[4:]), time.Duration(binary.LittleEndian.Uint64(frame[8:]))
	return m, binary.LittleEndian.Uint32(frame) == frameMark
}

// grid cuts what arrives in one direction into the frames that were sent, and checks their order.
type grid struct {
	carry    []byte
	marks    []mark // of the last message
	next     uint32
	received int
	early    int // frames before the first that came
	moved    int // frames that did not follow the one before them
	foreign  int // frames that were never sent, such as the tone that tells a patient that the line is alive
}

// take gives the marks of the frames that end in a message; they are valid until the next.
func (g *grid) take(samples []byte) []mark {
	g.marks = g.marks[:0]
	if len(g.carry) > 0 {
		g.carry = append(g.carry, samples...)
		samples = g.carry
	}
	for ; len(samples) >= frameBytes; samples = samples[frameBytes:] {
		m, ok := readMark(samples)
		switch {
		case !ok:
			g.foreign++
			continue
		case g.received == 0:
			g.early = int(m.number)
		case m.number != g.next:
			g.moved++
		}
		g.next = m.number + 1
		g.received++
		g.marks = append(g.marks, m)
	}
	g.carry = append(g.carry[:0], samples...)
	return g.marks
}

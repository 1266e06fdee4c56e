package streaming

import (
	"context"
	"crypto/cipher"
	"encoding/binary"
	"os"
	"sync"
)

// chunk is a piece of both channels on its way to the disk.
type chunk struct {
	data [chunkSize]byte
	size int // bytes
}

// recordingFile is a recording that is being written. add and finish are called by one tape and never wait for the disk;
// the writers of [Recordings] take turns with it.
type recordingFile struct {
	store *Recordings
	name  string
	file  *os.File
	aead  cipher.AEAD

	mu       sync.Mutex
	waiting  []*chunk // nil stands for a chunk that was lost
	queued   bool     // in the store's channel, or with a writer
	finished bool

	// The writer's own, one at a time.
	number uint64
	failed bool
}

// add takes a chunk of both channels.
func (f *recordingFile) add(left, right []byte) { f.put(left, right, false) }

// finish takes the rest, some samples of both channels; nothing follows.
func (f *recordingFile) finish(left, right []byte, samples int) {
	f.put(left[:samples*sampleSize], right[:samples*sampleSize], true)
}

func (f *recordingFile) put(left, right []byte, last bool) {
	var c *chunk
	f.mu.Lock()
	full := len(f.waiting) >= maxChunksWaiting
	f.mu.Unlock()
	if !full {
		c = f.store.chunks.Get().(*chunk)
		c.interleave(left, right)
	} else {
		f.store.lost.Add(1)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.waiting = append(f.waiting, c)
	f.finished = last
	if !f.queued {
		f.queued = true
		f.store.files <- f // has room for every open file
	}
}

// interleave puts the samples of both channels beside each other.
func (c *chunk) interleave(left, right []byte) {
	c.size = 2 * len(left)
	for i := 0; i+1 < len(left); i += sampleSize {
		frame := uint32(binary.LittleEndian.Uint16(left[i:])) | uint32(binary.LittleEndian.Uint16(right[i:]))<<16
		binary.LittleEndian.PutUint32(c.data[2*i:], frame)
	}
}

// write puts everything that waits on disk. sealed is room for one chunk, and comes back.
func (f *recordingFile) write(sealed []byte) []byte {
	for {
		f.mu.Lock()
		if len(f.waiting) == 0 {
			f.queued = false
			done := f.finished
			f.mu.Unlock()
			if done {
				f.close()
			}
			return sealed
		}
		c := f.waiting[0]
		f.waiting = append(f.waiting[:0], f.waiting[1:]...)
		f.mu.Unlock()
		if c == nil {
			c = f.store.chunks.Get().(*chunk)
			c.size = chunkSize
			clear(c.data[:])
		}
		sealed = f.seal(sealed[:0], c.data[:c.size])
		f.store.chunks.Put(c)
	}
}

func (f *recordingFile) seal(sealed, plain []byte) []byte {
	if len(plain) == 0 || f.failed {
		return sealed
	}
	nonce := chunkNonce(f.number)
	f.number++
	sealed = f.aead.Seal(sealed, nonce[:], plain, nil)
	if _, err := f.file.Write(sealed); err != nil { // a chunk that is written in part ends what can be read
		f.failed = true
		f.store.log.ErrorContext(context.Background(), "a recording cannot be written", "error", err)
	}
	return sealed
}

func (f *recordingFile) close() {
	_ = f.file.Close()
	f.store.open.Add(-1)
	f.store.pending.Done()
}

// chunkNonce numbers a chunk. The key is the file's own, so a number is never used twice with it.
func chunkNonce(number uint64) (nonce [12]byte) {
	binary.BigEndian.PutUint64(nonce[4:], number)
	return nonce
}

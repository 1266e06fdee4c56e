package streaming

import (
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/audio"
)

// Recording is a recording of a call, read as a WAV file of two channels of 16 bit: the patient on the left, the agent on
// the right. One that is still being made, or was cut by a crash, is read as far as it goes. It is not safe for concurrent
// use.
type Recording struct {
	// ModTime is when it was last written.
	ModTime time.Time

	file   *os.File
	aead   cipher.AEAD
	head   []byte // the WAV header
	size   int64  // of the WAV file
	at     int64  // where Read goes on
	number int64  // of the chunk in plain; -1 at first
	plain  []byte
	sealed []byte
}

// Open opens a recording by its name. One that is unknown, not ours or made with another secret is NOT_FOUND.
func (s *Recordings) Open(name string) (*Recording, error) {
	if !recordingName.MatchString(name) {
		return nil, helix.NotFound("recording")
	}
	file, err := s.root.Open(name)
	if err != nil {
		return nil, helix.NotFound("recording")
	}
	r, err := s.read(file)
	if err != nil {
		_ = file.Close()
		return nil, helix.NotFound("recording")
	}
	return r, nil
}

func (s *Recordings) read(file *os.File) (*Recording, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	header := make([]byte, recordingHeader)
	if _, err := io.ReadFull(file, header); err != nil || string(header[:len(recordingMagic)]) != recordingMagic {
		return nil, errors.New("streaming: no recording")
	}
	rate := binary.BigEndian.Uint32(header[len(recordingMagic):])
	r := &Recording{ModTime: info.ModTime(), file: file, number: -1}
	if r.aead, err = s.cipher(header[len(recordingMagic)+4:]); err != nil {
		return nil, err
	}
	// What lies after the last whole chunk is the last chunk, or one that a crash cut: then it does not open.
	body := info.Size() - int64(recordingHeader)
	chunks, rest := body/(chunkSize+recordingTag), body%(chunkSize+recordingTag)
	data := chunks * chunkSize
	if rest > recordingTag {
		if r.load(chunks) == nil {
			data += int64(len(r.plain))
		}
	}
	if chunks > 0 {
		if err := r.load(0); err != nil {
			return nil, err
		}
	}
	r.head = audio.AppendWAVHeader(nil, int(rate), 2, data)
	r.size = int64(len(r.head)) + data
	return r, nil
}

// Read reads on.
func (r *Recording) Read(p []byte) (int, error) {
	if r.at >= r.size {
		return 0, io.EOF
	}
	if r.at < int64(len(r.head)) {
		n := copy(p, r.head[r.at:])
		r.at += int64(n)
		return n, nil
	}
	place := r.at - int64(len(r.head))
	if err := r.load(place / chunkSize); err != nil {
		return 0, err
	}
	n := copy(p[:min(int64(len(p)), r.size-r.at)], r.plain[place%chunkSize:])
	r.at += int64(n)
	return n, nil
}

// Seek moves to a place, as [io.Seeker] says.
func (r *Recording) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += r.at
	case io.SeekEnd:
		offset += r.size
	}
	if offset < 0 {
		return 0, errors.New("streaming: seek before the start of a recording")
	}
	r.at = offset
	return offset, nil
}

// Close closes it.
func (r *Recording) Close() error { return r.file.Close() }

// load decrypts a chunk, unless it is the one that was read last.
func (r *Recording) load(number int64) error {
	if number == r.number {
		return nil
	}
	if r.sealed == nil {
		r.sealed = make([]byte, chunkSize+recordingTag)
	}
	n, err := r.file.ReadAt(r.sealed, int64(recordingHeader)+number*int64(len(r.sealed)))
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	nonce := chunkNonce(uint64(number))
	r.number = -1
	if r.plain, err = r.aead.Open(r.plain[:0], nonce[:], r.sealed[:n], nil); err != nil {
		return errors.New("streaming: the recording is damaged")
	}
	r.number = number
	return nil
}

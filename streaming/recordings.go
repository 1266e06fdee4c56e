package streaming

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	helix "github.com/helix-engage/gateway"
)

// A recording's file: magic, rate, salt; then chunks of tapeChunk samples of both channels, interleaved, each sealed with
// AES-256-GCM under a key of the file's own and numbered by its nonce. Only the last chunk is shorter. A file is complete up
// to its last whole chunk at any moment, so a crash costs a second at most, and no header has to be corrected at the end.
const (
	recordingMagic  = "HXREC1\r\n"
	recordingSalt   = 32
	recordingHeader = len(recordingMagic) + 4 + recordingSalt
	recordingTag    = 16
	frameSize       = 2 * sampleSize // of both channels
	chunkSize       = tapeChunk * frameSize
	recordingSuffix = ".rec"
)

const (
	// recordingWriters is how many goroutines write the recordings of all calls.
	recordingWriters = 2
	// maxChunksWaiting bounds what waits to be written of one call; when the disk is slower, silence takes its place.
	maxChunksWaiting = 8
	// maxFiles bounds how many calls are recorded at a time.
	maxFiles = 4096
)

// recordingName is what [Recordings] call their files.
var recordingName = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}/[0-9a-zA-Z-]{1,64}-\d{1,5}-[0-9a-f]{16}\.rec$`)

// Recordings keeps the recordings of calls, encrypted, in a directory, one folder for each day. It is safe for concurrent
// use. Nothing is written unless the [Server] that has it runs.
type Recordings struct {
	root   *os.Root
	secret []byte
	now    func() time.Time
	log    *slog.Logger

	files   chan *recordingFile // those with something to write, each once
	open    atomic.Int64        // files
	pending sync.WaitGroup      // files that are not finished
	chunks  sync.Pool           // of *chunk
	lost    atomic.Int64        // chunks
}

// NewRecordings opens a directory, which is made if there is none. Recordings can be read with the secret that they were
// made with alone.
func NewRecordings(dir string, secret []byte, now func() time.Time, log *slog.Logger) (*Recordings, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("streaming: recordings: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("streaming: recordings: %w", err)
	}
	return &Recordings{
		root: root, secret: secret, now: now, log: log, files: make(chan *recordingFile, maxFiles),
		chunks: sync.Pool{New: func() any { return new(chunk) }},
	}, nil
}

// Close lets go of the directory.
func (s *Recordings) Close() error { return s.root.Close() }

// Remove removes the recordings of a call, and tells how many those were. One that is being made goes on without a name
// and is gone when it ends.
func (s *Recordings) Remove(ctx context.Context, call helix.CallID) (removed int, err error) {
	days, err := fs.ReadDir(s.root.FS(), ".")
	if err != nil {
		return 0, fmt.Errorf("streaming: recordings: %w", err)
	}
	for _, day := range days {
		if err := ctx.Err(); err != nil {
			return removed, err
		}
		files, err := fs.ReadDir(s.root.FS(), day.Name())
		if err != nil {
			continue // no directory of ours, or swept meanwhile
		}
		for _, file := range files {
			name := path.Join(day.Name(), file.Name())
			if !strings.HasPrefix(file.Name(), string(call)+"-") || !recordingName.MatchString(name) {
				continue
			}
			if err := s.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return removed, fmt.Errorf("streaming: recordings: %w", err)
			}
			removed++
		}
	}
	return removed, nil
}

// Lost is how many chunks the disk was too slow for.
func (s *Recordings) Lost() int64 { return s.lost.Load() }

// run writes until ctx ends, and then until every recording is finished and on disk. Nothing may be created after ctx has ended.
func (s *Recordings) run(ctx context.Context) {
	stop := make(chan struct{})
	var writers sync.WaitGroup
	for range recordingWriters {
		writers.Go(func() {
			sealed := make([]byte, 0, chunkSize+recordingTag)
			for {
				select {
				case f := <-s.files:
					sealed = f.write(sealed)
				case <-stop:
					return
				}
			}
		})
	}
	<-ctx.Done()
	s.pending.Wait()
	close(stop)
	writers.Wait()
}

// create begins a recording.
func (s *Recordings) create(call helix.CallID, attempt, rate int) (*recordingFile, error) {
	if s.open.Add(1) > maxFiles {
		s.open.Add(-1)
		return nil, errors.New("streaming: too many calls are recorded at once")
	}
	f, err := s.make(call, attempt, rate)
	if err != nil {
		s.open.Add(-1)
		return nil, err
	}
	s.pending.Add(1)
	return f, nil
}

func (s *Recordings) make(call helix.CallID, attempt, rate int) (*recordingFile, error) {
	head := binary.BigEndian.AppendUint32([]byte(recordingMagic), uint32(rate))
	salt := make([]byte, recordingSalt)
	_, _ = rand.Read(salt) // never fails (crypto/rand)
	aead, err := s.cipher(salt)
	if err != nil {
		return nil, err
	}
	day := s.now().UTC().Format(time.DateOnly)
	name := fmt.Sprintf("%s/%s-%d-%s%s", day, call, attempt, hex.EncodeToString(salt[:8]), recordingSuffix)
	if !recordingName.MatchString(name) {
		return nil, errors.New("streaming: the call's id is no name for a file")
	}
	if err := s.root.Mkdir(day, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	file, err := s.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	if _, err := file.Write(append(head, salt...)); err != nil {
		_ = file.Close()
		return nil, err
	}
	return &recordingFile{store: s, name: name, file: file, aead: aead}, nil
}

// cipher gives the cipher of a file.
func (s *Recordings) cipher(salt []byte) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, s.secret, salt, "recording", 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// Sweep removes the recordings of days that ended before a moment, and tells how many those were.
func (s *Recordings) Sweep(ctx context.Context, before time.Time) (removed int, err error) {
	days, err := fs.ReadDir(s.root.FS(), ".")
	if err != nil {
		return 0, fmt.Errorf("streaming: recordings: %w", err)
	}
	for _, day := range days {
		date, err := time.Parse(time.DateOnly, day.Name())
		if err != nil || !day.IsDir() || date.AddDate(0, 0, 1).After(before) {
			continue
		}
		files, err := fs.ReadDir(s.root.FS(), day.Name())
		if err != nil {
			return removed, fmt.Errorf("streaming: recordings: %w", err)
		}
		for _, f := range files {
			if ctx.Err() != nil {
				return removed, ctx.Err()
			}
			if !strings.HasSuffix(f.Name(), recordingSuffix) {
				continue // not ours
			}
			if err := s.root.Remove(path.Join(day.Name(), f.Name())); err != nil {
				return removed, fmt.Errorf("streaming: recordings: %w", err)
			}
			removed++
		}
		_ = s.root.Remove(day.Name()) // stays when something of somebody else's is in it
	}
	return removed, nil
}

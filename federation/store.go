package federation

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/helix-engage/gateway/federation/compose"
)

// Store keeps what was last read of FortyTwo's schema, for a start while FortyTwo is away.
type Store interface {
	Load() (*compose.Upstream, error) // nil when nothing is kept
	Save(*compose.Upstream, *compose.Pace) error
}

// File is a Store in one file. It holds names of types and fields, no record.
type File string

// maxStored bounds what is read, in bytes; a large schema takes two megabytes.
const maxStored = 64 << 20

// Load reads the file.
func (f File) Load() (*compose.Upstream, error) {
	info, err := os.Stat(string(f))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	case info.Size() > maxStored:
		return nil, errors.New("the file is too large")
	}
	text, err := os.ReadFile(string(f))
	if err != nil {
		return nil, err
	}
	up := new(compose.Upstream)
	return up, json.Unmarshal(text, up)
}

// Save replaces the file, or leaves it as it was, also when it holds the same already.
func (f File) Save(up *compose.Upstream, pace *compose.Pace) error {
	text, err := pace.Marshal(up)
	if err != nil || f.holds(text, pace) {
		return err
	}
	next, err := os.CreateTemp(filepath.Dir(string(f)), filepath.Base(string(f))+".*")
	if err != nil {
		return err
	}
	for part := range slices.Chunk(text, atOnce) {
		if _, err = next.Write(part); err != nil {
			break
		}
		pace.Look()
	}
	err = errors.Join(err, next.Sync(), next.Close())
	if err == nil {
		err = os.Rename(next.Name(), string(f))
	}
	if err != nil {
		return errors.Join(err, os.Remove(next.Name()))
	}
	return nil
}

// atOnce is how many bytes are read or written before others may go on.
const atOnce = 64 << 10

// holds tells whether the file is this text.
func (f File) holds(text []byte, pace *compose.Pace) bool {
	kept, err := os.Open(string(f))
	if err != nil {
		return false
	}
	defer func() { _ = kept.Close() }() // nothing was written
	if info, err := kept.Stat(); err != nil || info.Size() != int64(len(text)) {
		return false
	}
	room := make([]byte, atOnce)
	for part := range slices.Chunk(text, atOnce) {
		same := room[:len(part)]
		if _, err := io.ReadFull(kept, same); err != nil || !bytes.Equal(same, part) {
			return false
		}
		pace.Look()
	}
	return true
}

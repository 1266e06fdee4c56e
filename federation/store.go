package federation

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

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
	if err != nil || f.holds(text) {
		return err
	}
	next, err := os.CreateTemp(filepath.Dir(string(f)), filepath.Base(string(f))+".*")
	if err != nil {
		return err
	}
	_, err = next.Write(text)
	err = errors.Join(err, next.Sync(), next.Close())
	if err == nil {
		err = os.Rename(next.Name(), string(f))
	}
	if err != nil {
		return errors.Join(err, os.Remove(next.Name()))
	}
	return nil
}

// holds tells whether the file is this text.
func (f File) holds(text []byte) bool {
	info, err := os.Stat(string(f))
	if err != nil || info.Size() != int64(len(text)) {
		return false
	}
	kept, err := os.ReadFile(string(f))
	return err == nil && bytes.Equal(kept, text)
}

package load

import (
	"context"
	"errors"
	"os"
	"time"
)

const (
	fsyncBytes = 2 << 10
	// fsyncAlone is how long the disk is measured while nothing else uses it.
	fsyncAlone = 2 * time.Second
	// fsyncEvery is how often it is measured beside the load, of which it must not become a part.
	fsyncEvery = 20 * time.Millisecond
)

// measureFsync appends 2 kB to a file in dir and syncs it, again and again until ctx ends, with pauses of this length.
func measureFsync(ctx context.Context, dir string, pause time.Duration) (_ Distribution, err error) {
	f, err := os.CreateTemp(dir, "fsync-")
	if err != nil {
		return Distribution{}, err
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
	var took []time.Duration
	record := make([]byte, fsyncBytes)
	for ctx.Err() == nil {
		began := time.Now()
		if _, err := f.Write(record); err != nil {
			return Distribution{}, err
		}
		if err := f.Sync(); err != nil {
			return Distribution{}, err
		}
		took = append(took, time.Since(began))
		if pause > 0 {
			select {
			case <-time.After(pause):
			case <-ctx.Done():
			}
		}
	}
	return NewDistribution(took), nil
}

//go:build !linux

package load

import (
	"errors"
	"runtime"
)

var errNoPinning = errors.New("processes cannot be kept on cores on " + runtime.GOOS + "; leave the flags for it out")

// startOn runs start; cores cannot be chosen here.
func startOn(cpus []int, start func() error) error {
	if len(cpus) > 0 {
		return errNoPinning
	}
	return start()
}

// PinDriver keeps this process on these cores; none: all. Here it refuses any.
func PinDriver(cpus []int) error {
	if len(cpus) > 0 {
		return errNoPinning
	}
	return nil
}

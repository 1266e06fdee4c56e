package load

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

// startOn runs start on a thread that may use these cores alone; a process that it makes inherits them.
func startOn(cpus []int, start func() error) (err error) {
	if len(cpus) == 0 {
		return start()
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var before unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return err
	}
	if err := unix.SchedSetaffinity(0, setOf(cpus)); err != nil {
		return fmt.Errorf("cores %v: %w", cpus, err)
	}
	defer func() { err = errors.Join(err, unix.SchedSetaffinity(0, &before)) }()
	return start()
}

// PinDriver keeps this process on these cores; none: all. It is meant for the first lines of a program: threads that are
// made while it runs may escape.
func PinDriver(cpus []int) error {
	if len(cpus) == 0 {
		return nil
	}
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return err
	}
	for _, t := range threads {
		id, err := strconv.Atoi(t.Name())
		if err != nil {
			return err
		}
		if err := unix.SchedSetaffinity(id, setOf(cpus)); err != nil && !errors.Is(err, unix.ESRCH) {
			return fmt.Errorf("cores %v: %w", cpus, err)
		}
	}
	// More threads than cores, between which the system divides them: else clients would wait while an emulator is busy, and
	// that would be taken for the gateway's time.
	runtime.GOMAXPROCS(4 * len(cpus))
	return nil
}

func setOf(cpus []int) *unix.CPUSet {
	var set unix.CPUSet
	for _, cpu := range cpus {
		set.Set(cpu)
	}
	return &set
}

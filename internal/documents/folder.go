package documents

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// What a folder may hold.
const (
	maxFiles = 10_000
	maxBytes = 64 << 20 // of all files
)

// FolderOptions configure a [Folder].
type FolderOptions struct {
	Dir    string        // *.graphql, *.gql and *.json in it and below are read; names that begin with a dot are passed over
	Every  time.Duration // between looks for changes; default 5 s
	Logger *slog.Logger  // default slog.Default()
}

// Folder holds the trusted documents of a directory and follows its changes. It is safe for concurrent use.
type Folder struct {
	dir   string
	every time.Duration
	log   *slog.Logger
	set   atomic.Pointer[set]
	fault atomic.Pointer[string]

	mu    sync.Mutex // held while looking
	stamp string     // of the files that were read last, whole or not
}

// OpenFolder reads a directory. The error names the file at fault.
func OpenFolder(o FolderOptions) (*Folder, error) {
	if o.Every <= 0 {
		o.Every = 5 * time.Second
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	f := &Folder{dir: o.Dir, every: o.Every, log: o.Logger}
	files, stamp, err := f.list()
	if err != nil {
		return nil, fmt.Errorf("trusted documents: %w", err)
	}
	read, err := readAll(files)
	if err != nil {
		return nil, fmt.Errorf("trusted documents: %w", err)
	}
	f.stamp = stamp
	f.set.Store(read)
	f.log.Info("trusted documents read", "documents", read.count, "files", len(files))
	return f, nil
}

// Run looks for changes until ctx ends.
func (f *Folder) Run(ctx context.Context) error {
	tick := time.NewTicker(f.every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			f.Refresh(ctx)
		}
	}
}

// Refresh reads the directory anew when a file in it has come, gone or changed since the last look.
func (f *Folder) Refresh(ctx context.Context) {
	f.mu.Lock()
	defer f.mu.Unlock()
	files, stamp, err := f.list()
	if err != nil {
		stamp = "unreadable: " + err.Error()
	}
	if stamp == f.stamp {
		return
	}
	f.stamp = stamp
	var read *set
	if err == nil {
		read, err = readAll(files)
	}
	if err != nil {
		text := err.Error()
		f.fault.Store(&text)
		f.log.ErrorContext(ctx, "trusted documents cannot be read; those read before stay in force", "error", err)
		return
	}
	f.set.Store(read)
	f.fault.Store(nil)
	f.log.InfoContext(ctx, "trusted documents read", "documents", read.count, "files", len(files))
}

// Fault says why the directory, as it is now, is not in force; "" when it is.
func (f *Folder) Fault() string {
	if text := f.fault.Load(); text != nil {
		return *text
	}
	return ""
}

func (f *Folder) current() *set { return f.set.Load() }

// file is one that is to be read; name is its path below the directory.
type file struct{ path, name string }

// list finds the files, and a stamp that differs when one of them does. Links are followed to files, which is how Kubernetes
// mounts a ConfigMap, and not to directories.
func (f *Folder) list() (files []file, stamp string, err error) {
	var seen strings.Builder
	total := int64(0)
	root, err := filepath.EvalSymlinks(f.dir)
	if err != nil {
		return nil, "", err
	}
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case path == root && !entry.IsDir():
			return fmt.Errorf("%s is no directory", f.dir)
		case path != root && strings.HasPrefix(entry.Name(), "."):
			if entry.IsDir() {
				return filepath.SkipDir
			}
			return nil
		case !isDocument(path):
			return nil
		}
		info, err := os.Stat(path)
		if err != nil || !info.Mode().IsRegular() {
			return err
		}
		if total += info.Size(); total > maxBytes || len(files) == maxFiles {
			return fmt.Errorf("there are more than %d files or %d bytes", maxFiles, maxBytes)
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		files = append(files, file{path: path, name: name})
		fmt.Fprintf(&seen, "%s %d %d\n", name, info.Size(), info.ModTime().UnixNano())
		return nil
	})
	return files, seen.String(), err
}

func isDocument(path string) bool {
	switch filepath.Ext(path) {
	case ".graphql", ".gql", ".json":
		return true
	}
	return false
}

func readAll(files []file) (*set, error) {
	r := newReading()
	for _, f := range files {
		content, err := os.ReadFile(f.path)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.name, err)
		}
		if filepath.Ext(f.path) == ".json" {
			err = r.manifest(content)
		} else {
			err = r.graphql(f.name, string(content))
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.name, err)
		}
	}
	return r.finish()
}

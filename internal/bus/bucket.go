package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Bucket is key-value state, one JSON value of type T for each key. Keys are what [Key] makes, or names made of
// letters, digits, '-', '_' and inner dots. It is safe for concurrent use.
type Bucket[T any] struct {
	bus  *Bus
	name string
	kv   jetstream.KeyValue
}

// OpenBucket opens one of the buckets that streams.go defines. Everybody must open it with the same T.
func OpenBucket[T any](ctx context.Context, b *Bus, name string) (*Bucket[T], error) {
	kv, err := b.values.KeyValue(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("bus: open bucket %s: %w", name, err)
	}
	return &Bucket[T]{bus: b, name: name, kv: kv}, nil
}

// Get reads a value and its revision, which changes with every write and never comes again. [ErrNotFound] when there
// is none.
func (k *Bucket[T]) Get(ctx context.Context, key string) (value T, revision uint64, err error) {
	entry, err := k.kv.Get(ctx, key)
	if err != nil {
		return value, 0, k.wrap("get", err)
	}
	value, err = k.decode(entry.Value())
	return value, entry.Revision(), err
}

// Create writes a value and returns its revision; [ErrConflict] when the key has one already.
func (k *Bucket[T]) Create(ctx context.Context, key string, value T) (revision uint64, err error) {
	var none uint64
	revision, err = k.write(ctx, "create", key, value, &none)
	if !errors.Is(err, ErrConflict) {
		return revision, err
	}
	data, err := json.Marshal(value)
	if err != nil {
		return 0, k.wrap("create", err)
	}
	revision, err = k.kv.Create(ctx, key, data) // it may be the marker of a deleted key that is in the way
	return revision, k.wrap("create", err)
}

// Update replaces the value of a revision and returns the new one; [ErrConflict] when the key has another by now.
func (k *Bucket[T]) Update(ctx context.Context, key string, value T, revision uint64) (uint64, error) {
	return k.write(ctx, "update", key, value, &revision)
}

// Put writes a value whatever was there, and returns its revision. For keys with one writer.
func (k *Bucket[T]) Put(ctx context.Context, key string, value T) (revision uint64, err error) {
	return k.write(ctx, "put", key, value, nil)
}

// write stores a value, behind the revision that it expects when that is given. Writes of several keys that come at the
// same time share one sync of the disk.
func (k *Bucket[T]) write(ctx context.Context, op, key string, value T, expected *uint64) (revision uint64, err error) {
	if !isKey(key) {
		return 0, k.wrap(op, jetstream.ErrInvalidKey)
	}
	data, err := json.Marshal(value)
	if err != nil {
		return 0, k.wrap(op, err)
	}
	m := &nats.Msg{Subject: "$KV." + k.name + "." + key, Data: data}
	if expected != nil {
		m = expecting(m, *expected)
	}
	revision, _, err = k.bus.commits["KV_"+k.name].commit(ctx, m)
	return revision, k.wrap(op, err)
}

// Delete removes the value of a revision; [ErrConflict] when the key has another by now. Revision 0 removes whatever is
// there; that nothing is there is no error then.
func (k *Bucket[T]) Delete(ctx context.Context, key string, revision uint64) error {
	options := []jetstream.KVDeleteOpt{jetstream.PurgeTTL(markerTTL)}
	if revision > 0 {
		options = append(options, jetstream.LastRevision(revision))
	}
	return k.wrap("delete", k.kv.Purge(ctx, key, options...))
}

// Keys lists the keys in alphabetical order.
func (k *Bucket[T]) Keys(ctx context.Context) ([]string, error) {
	keys, err := k.kv.Keys(ctx)
	if errors.Is(err, jetstream.ErrNoKeysFound) {
		return nil, nil
	}
	return keys, k.wrap("keys", err)
}

// All reads every value. It is for buckets that fit into memory.
func (k *Bucket[T]) All(ctx context.Context) (map[string]T, error) {
	ctx, cancel := context.WithTimeout(ctx, requestPatience)
	defer cancel()
	watcher, err := k.kv.WatchAll(ctx, jetstream.IgnoreDeletes())
	if err != nil {
		return nil, k.wrap("all", err)
	}
	defer func() { _ = watcher.Stop() }()
	all := map[string]T{}
	for {
		select {
		case entry, ok := <-watcher.Updates():
			switch {
			case !ok:
				return nil, k.wrap("all", ErrUnavailable)
			case entry == nil:
				return all, nil
			}
			value, err := k.decode(entry.Value())
			if err != nil {
				return nil, err
			}
			all[entry.Key()] = value
		case <-ctx.Done():
			return nil, k.wrap("all", ctx.Err())
		}
	}
}

// Watch calls emit, from one goroutine, for every value that is there, then once with an empty key when the initial
// state is complete, then for every change, until ctx ends; then it returns nil. A nil value says that the key was
// deleted or has expired. Changes of one key come in order, and the last one always comes; when changes come faster
// than emit returns, or while the connection is lost, earlier ones may be skipped. A value that cannot be read ends it.
func (k *Bucket[T]) Watch(ctx context.Context, emit func(key string, value *T, revision uint64)) error {
	w := watch[T]{bucket: k, emit: emit, known: map[string]uint64{}}
	f := follower{bus: k.bus, stream: "KV_" + k.name, emit: w.take, snapshot: w.begin}
	return f.run(ctx)
}

func (k *Bucket[T]) decode(data []byte) (value T, err error) {
	if err := json.Unmarshal(data, &value); err != nil {
		return value, fmt.Errorf("bus: bucket %s holds a value that cannot be read: %w", k.name, err)
	}
	return value, nil
}

func (k *Bucket[T]) wrap(op string, err error) error { return translate("bus."+k.name+"."+op, err) }

// watch turns a follower's messages into changes. After an interruption the follower begins again with the last message
// of each key, and what it knows tells what is new and what is gone.
type watch[T any] struct {
	bucket *Bucket[T]
	emit   func(key string, value *T, revision uint64)
	known  map[string]uint64   // the revision of every key that has a value
	seen   map[string]struct{} // keys of the snapshot under way; nil when it is complete
	begun  bool                // the initial state was announced
}

func (w *watch[T]) begin(pending uint64) {
	w.seen = map[string]struct{}{}
	if pending == 0 {
		w.complete()
	}
}

func (w *watch[T]) take(m message) error {
	key := strings.TrimPrefix(m.Subject(), "$KV."+w.bucket.name+".")
	if err := w.change(key, m); err != nil {
		return err
	}
	if w.seen != nil {
		w.seen[key] = struct{}{}
		if m.pending == 0 {
			w.complete()
		}
	}
	return nil
}

func (w *watch[T]) change(key string, m message) error {
	h := m.Headers()
	before, had := w.known[key]
	switch {
	case h.Get("KV-Operation") != "" || h.Get(jetstream.MarkerReasonHeader) != "":
		if had {
			delete(w.known, key)
			w.emit(key, nil, m.sequence)
		}
	case before != m.sequence:
		value, err := w.bucket.decode(m.Data())
		if err != nil {
			return err
		}
		w.known[key] = m.sequence
		w.emit(key, &value, m.sequence)
	}
	return nil
}

// complete ends a snapshot: keys that it did not have are gone.
func (w *watch[T]) complete() {
	for key, revision := range w.known {
		if _, still := w.seen[key]; !still {
			delete(w.known, key)
			w.emit(key, nil, revision)
		}
	}
	w.seen = nil
	if !w.begun {
		w.begun = true
		var none *T
		w.emit("", none, 0)
	}
}

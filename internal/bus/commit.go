package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	// maxCommit and maxCommitBytes bound what is written to the disk with one sync. The server takes 1,000 messages.
	maxCommit      = 512
	maxCommitBytes = 4 << 20
	// worthBatch is how many messages are better written as a batch, which costs about as much as 16 that are written one
	// by one: the server keeps its messages in files of their own until all of it is there.
	worthBatch = 16
	// paceOf is how far apart writes begin for which nobody waits. While pushes wait to be stored it is rests times as long as
	// the last one took, up to maxPace: a slow disk is left to those. A lone write waits for nobody.
	paceOf  = 25 * time.Millisecond
	maxPace = 200 * time.Millisecond
	rests   = 8
	// maxUncommitted bounds the writes that wait for a stream; beyond it they are refused with ErrUnavailable.
	maxUncommitted = 8192
)

// Headers of a message that is written in a batch; they are stored with it.
const (
	headerBatch       = "Nats-Batch-Id"
	headerBatchPlace  = "Nats-Batch-Sequence"
	headerBatchCommit = "Nats-Batch-Commit"
)

// committer writes messages to one stream, those that come at the same time with one sync of the disk: while some are on
// their way to it, the next gather, and what handles pushes gathers for a while longer. Each is answered when it is on the
// disk itself. Messages of a subject are written in the order in which they came. It is safe for concurrent use.
type committer struct {
	bus *Bus

	mu      sync.Mutex
	writing bool // a goroutine writes what is queued
	queue   []*uncommitted
	hurried int           // of queue, for which somebody waits
	hurry   chan struct{} // holds a token when there is no reason to gather any longer
	began   time.Time     // when the last write began
	took    time.Duration // how long it took
}

// uncommitted is a message that is not on the disk yet.
type uncommitted struct {
	message  *nats.Msg
	patient  bool          // nobody waits for it but the handling of a push
	left     bool          // its caller does not wait any more
	done     chan struct{} // closed when the rest is set
	sequence uint64
	repeated bool // it was there already
	err      error
}

func newCommitter(b *Bus) *committer { return &committer{bus: b, hurry: make(chan struct{}, 1)} }

// commit returns when the message is on the disk, with its sequence, or could not be brought there, or ctx ends; then it
// may be stored nevertheless. repeated says that the server has a message of this id, whose sequence it is.
func (c *committer) commit(ctx context.Context, m *nats.Msg) (sequence uint64, repeated bool, err error) {
	if err := ctx.Err(); err != nil {
		return 0, false, err
	}
	u, err := c.enqueue(m, isPatient(ctx))
	if err != nil {
		return 0, false, err
	}
	select {
	case <-u.done:
		return u.sequence, u.repeated, u.err
	case <-ctx.Done():
		c.mu.Lock()
		defer c.mu.Unlock()
		u.left = true
		return 0, false, ctx.Err()
	}
}

func (c *committer) enqueue(m *nats.Msg, patient bool) (*uncommitted, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.queue) >= maxUncommitted {
		return nil, fmt.Errorf("too many writes wait for the disk: %w", ErrUnavailable)
	}
	u := &uncommitted{message: m, patient: patient, done: make(chan struct{})}
	c.queue = append(c.queue, u)
	if !patient {
		c.hurried++
	}
	if !patient || len(c.queue) >= maxCommit {
		signal(c.hurry)
	}
	if !c.writing {
		c.writing = true
		go c.write()
	}
	return u, nil
}

// write writes until nothing is queued. It belongs to no caller: one who leaves does not take others with him.
func (c *committer) write() {
	for c.gather() {
		group := c.next()
		if len(group) == 0 {
			continue
		}
		c.publish(group)
		c.wrote()
		for _, u := range group {
			close(u.done)
		}
	}
}

// wrote notes how long the last write took.
func (c *committer) wrote() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.took = time.Since(c.began)
}

// gather waits until it is time to write; false when there is nothing to be written, which ends the writing.
func (c *committer) gather() bool {
	limited := c.bus.governor.limits()
	c.mu.Lock()
	pace := paceOf
	if limited {
		pace = min(max(paceOf, rests*c.took), maxPace)
	}
	if len(c.queue) == 0 {
		c.writing = false
		c.mu.Unlock()
		return false
	}
	wait := time.Until(c.began.Add(pace))
	if c.hurried > 0 || len(c.queue) >= maxCommit {
		wait = 0
	}
	c.mu.Unlock()
	if wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-c.hurry:
		case <-timer.C:
		}
	}
	return true
}

// next takes what is written together from the queue. It has each subject once: the server compares what is expected of a
// subject with what is stored, and not with the same batch.
func (c *committer) next() (group []*uncommitted) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.began = time.Now()
	subjects := map[string]struct{}{}
	size := 0
	var left []*uncommitted
	for i, u := range c.queue {
		if len(group) == maxCommit || len(group) > 0 && size+u.message.Size() > maxCommitBytes {
			left = append(left, c.queue[i:]...)
			break
		}
		_, twice := subjects[u.message.Subject]
		switch {
		case u.left: // it was told that nobody knows
		case twice:
			left = append(left, u)
		default:
			subjects[u.message.Subject] = struct{}{}
			size += u.message.Size()
			group = append(group, u)
		}
	}
	c.queue, c.hurried = left, 0
	for _, u := range left {
		if !u.patient {
			c.hurried++
		}
	}
	return group
}

// publish writes a group and settles each of its messages. A batch is stored as a whole or not at all, so that one of which
// some message is refused is written once more message by message, and each has a fate of its own.
func (c *committer) publish(group []*uncommitted) {
	ctx, cancel := context.WithTimeout(context.Background(), requestPatience)
	defer cancel()
	if len(group) >= worthBatch {
		last, err := c.batch(ctx, group)
		if !errors.Is(err, errNotCommitted) {
			for i, u := range group {
				u.sequence, u.err = last-uint64(len(group)-1-i), err
			}
			return
		}
	}
	var writes sync.WaitGroup
	for _, u := range group[1:] {
		writes.Go(func() { c.single(ctx, u) })
	}
	c.single(ctx, group[0])
	writes.Wait()
}

func (c *committer) single(ctx context.Context, u *uncommitted) {
	ack, err := c.bus.js.PublishMsg(ctx, u.message)
	if u.err = err; err == nil {
		u.sequence, u.repeated = ack.Sequence, ack.Duplicate
	}
}

// errNotCommitted says that nothing of a batch was stored.
var errNotCommitted = errors.New("a batch was not stored")

// batch writes a group with one sync and gives the sequence of its last message; the others are right before it.
func (c *committer) batch(ctx context.Context, group []*uncommitted) (last uint64, err error) {
	id := strconv.FormatUint(rand.Uint64(), 36)
	var m *nats.Msg
	for i, u := range group {
		m = &nats.Msg{Subject: u.message.Subject, Data: u.message.Data, Header: maps.Clone(u.message.Header)}
		if m.Header == nil {
			m.Header = nats.Header{}
		}
		m.Header.Set(headerBatch, id)
		m.Header.Set(headerBatchPlace, strconv.Itoa(i+1))
		if i == len(group)-1 {
			m.Header.Set(headerBatchCommit, "1")
			break
		}
		if err := c.bus.nc.PublishMsg(m); err != nil {
			return 0, errors.Join(errNotCommitted, err)
		}
	}
	answer, err := c.bus.nc.RequestMsgWithContext(ctx, m)
	if errors.Is(err, nats.ErrNoResponders) || errors.Is(err, nats.ErrMaxPayload) {
		return 0, errors.Join(errNotCommitted, err)
	}
	if err != nil {
		return 0, err
	}
	var ack struct {
		Error    *jetstream.APIError `json:"error"`
		Sequence uint64              `json:"seq"`
		Count    int                 `json:"count"`
	}
	if err := json.Unmarshal(answer.Data, &ack); err != nil {
		return 0, fmt.Errorf("read the answer to a batch: %w", err)
	}
	switch {
	case ack.Error != nil:
		return 0, errors.Join(errNotCommitted, ack.Error)
	case ack.Count != len(group):
		return 0, fmt.Errorf("%d of %d messages of a batch were stored: %w", ack.Count, len(group), ErrUnavailable)
	}
	return ack.Sequence, nil
}

// expecting makes a message be written only behind the last one of its subject, 0 when it must be the first.
func expecting(m *nats.Msg, last uint64) *nats.Msg {
	if m.Header == nil {
		m.Header = nats.Header{}
	}
	m.Header.Set(jetstream.ExpectedLastSubjSeqHeader, strconv.FormatUint(last, 10))
	return m
}

// patientKey marks the context of what handles pushes.
type patientKey struct{}

// patient makes a context whose writes may gather before they are written: nobody waits for them.
func patient(ctx context.Context) context.Context { return context.WithValue(ctx, patientKey{}, true) }

func isPatient(ctx context.Context) bool { return ctx.Value(patientKey{}) != nil }

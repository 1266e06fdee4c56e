package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// maxPageBytes bounds what one page of a batched read brings into memory.
const maxPageBytes = 4 << 20

// pageRequest is the body of a batched direct read, which nats.go has no call for.
type pageRequest struct {
	Sequence uint64   `json:"seq,omitempty"`
	Batch    int      `json:"batch,omitempty"`
	MaxBytes int      `json:"max_bytes,omitempty"`
	Filter   string   `json:"next_by_subj,omitempty"`
	LastOf   []string `json:"multi_last,omitempty"`
}

// page reads up to limit messages of a stream from a sequence on, in one request and without a consumer, which would
// cost the server memory and goroutines. The stream must allow direct reads. more says whether the server has further
// ones. On a cluster a replica that lags may answer; see [Bus.EventsAfter].
func (b *Bus) page(ctx context.Context, stream, filter string, from uint64, limit int) (msgs []*nats.Msg, more bool, err error) {
	return b.read(ctx, stream, limit, pageRequest{Sequence: max(from, 1), Batch: limit, MaxBytes: maxPageBytes, Filter: filter})
}

// lastOf reads the last message of each subject that a filter matches, at most limit.
func (b *Bus) lastOf(ctx context.Context, stream, filter string, limit int) (msgs []*nats.Msg, err error) {
	msgs, _, err = b.read(ctx, stream, limit, pageRequest{Batch: limit, LastOf: []string{filter}})
	return msgs, err
}

func (b *Bus) read(ctx context.Context, stream string, limit int, request pageRequest) (msgs []*nats.Msg, more bool, err error) {
	body, err := json.Marshal(request)
	if err != nil {
		return nil, false, err
	}
	answers := make(chan *nats.Msg, limit+1) // room for all, so that none is dropped
	sub, err := b.pages.ChanSubscribe(b.pages.NewInbox(), answers)
	if err != nil {
		return nil, false, err
	}
	defer func() { _ = sub.Unsubscribe() }()
	if err := b.pages.PublishRequest("$JS.API.DIRECT.GET."+stream, sub.Subject, body); err != nil {
		return nil, false, err
	}
	ctx, cancel := context.WithTimeout(ctx, requestPatience)
	defer cancel()
	for {
		var m *nats.Msg
		select {
		case m = <-answers:
		case <-ctx.Done():
			return nil, false, ctx.Err()
		}
		if len(m.Data) > 0 || m.Header.Get(jetstream.SequenceHeader) != "" {
			msgs = append(msgs, m)
			continue
		}
		switch status := m.Header.Get("Status"); status {
		case "204": // end of the batch
			return msgs, m.Header.Get("Nats-Num-Pending") != "0", nil
		case "404":
			return nil, false, nil
		case "503":
			return nil, false, nats.ErrNoResponders
		default:
			return nil, false, fmt.Errorf("a batched read of %s was refused with status %s", stream, status)
		}
	}
}

// leaderHasAfter asks a stream's leader whether it holds any message that a filter matches after a sequence.
func (b *Bus) leaderHasAfter(ctx context.Context, stream, filter string, seq uint64) (bool, error) {
	body, err := json.Marshal(pageRequest{Sequence: seq + 1, Filter: filter})
	if err != nil {
		return false, err
	}
	ctx, cancel := context.WithTimeout(ctx, requestPatience)
	defer cancel()
	answer, err := b.nc.RequestWithContext(ctx, "$JS.API.STREAM.MSG.GET."+stream, body)
	if err != nil {
		return false, err
	}
	var got struct {
		Error *jetstream.APIError `json:"error"`
	}
	if err := json.Unmarshal(answer.Data, &got); err != nil {
		return false, fmt.Errorf("read the leader's answer: %w", err)
	}
	switch {
	case got.Error == nil:
		return true, nil
	case got.Error.ErrorCode == jetstream.JSErrCodeMessageNotFound:
		return false, nil
	}
	return false, got.Error
}

// pause waits for a replica that lags, longer after each attempt.
func (b *Bus) pause(ctx context.Context, attempt int) error {
	timer := time.NewTimer(b.retry.after(attempt))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// place reads what a batched read tells of a message's place in its stream.
func place(m *nats.Msg) (seq uint64, at time.Time, err error) {
	seq, err = strconv.ParseUint(m.Header.Get(jetstream.SequenceHeader), 10, 64)
	if err != nil {
		return 0, time.Time{}, fmt.Errorf("a stored message without a sequence: %w", err)
	}
	at, err = time.Parse(time.RFC3339Nano, m.Header.Get(jetstream.TimeStampHeaer))
	if err != nil {
		return 0, time.Time{}, fmt.Errorf("a stored message without a time: %w", err)
	}
	return seq, at, nil
}

// remove deletes a message that is done. One that is gone already, by age or by another hand, is done as well. It
// outlasts a ctx that ends, within limits: what was done just before a shutdown should not be done again after it.
func remove(ctx context.Context, s jetstream.Stream, seq uint64) error {
	return removeBy(ctx, s, seq, s.DeleteMsg)
}

// wipe deletes a message and overwrites its bytes on the disk, where one that is only deleted stays until the server
// tidies up. It costs more than remove, and is for persons who are erased.
func wipe(ctx context.Context, s jetstream.Stream, seq uint64) error {
	return removeBy(ctx, s, seq, s.SecureDeleteMsg)
}

func removeBy(ctx context.Context, s jetstream.Stream, seq uint64, by func(context.Context, uint64) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), requestPatience)
	defer cancel()
	err := by(ctx, seq)
	if err == nil || !errors.Is(err, jetstream.ErrMsgDeleteUnsuccessful) {
		return err
	}
	if _, gone := s.GetMsg(ctx, seq); errors.Is(gone, jetstream.ErrMsgNotFound) {
		return nil
	}
	return err
}

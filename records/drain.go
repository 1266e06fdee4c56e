package records

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/bus"
)

// fieldCall is the relation of a follow-up to its call, the one field of ours that names another record of ours.
const fieldCall = "callId"

// command is one write with the messages of the batch that it carries.
type command struct {
	helix.RecordWrite
	from []int
}

// write sends a batch: calls first, since follow-ups refer to them.
func (s *Service) write(ctx context.Context, batch []bus.OutboxMessage) []error {
	ctx, span := s.tracer.Start(ctx, "records.write", trace.WithAttributes(attribute.Int("commands", len(batch))))
	defer span.End()
	fates := make([]error, len(batch))
	commands := merge(batch, fates)
	for _, calls := range []bool{true, false} {
		var phase []command
		for _, c := range commands {
			if (c.Object == helix.ObjectCall) == calls {
				phase = append(phase, c)
			}
		}
		s.send(ctx, phase, fates)
	}
	return fates
}

// merge reads the batch. Several writes of one record in one lane become one, the later values winning: they are
// absolute. A command that cannot be read has its fate at once.
func merge(batch []bus.OutboxMessage, fates []error) []command {
	var commands []command
	at := map[string]int{}
	for i, m := range batch {
		var w helix.RecordWrite
		if err := json.Unmarshal(m.Data, &w); err != nil {
			fates[i] = bus.Permanent(fmt.Errorf("records: a stored command cannot be read: %w", err))
			continue
		}
		key := w.Lane + "/" + string(w.Object) + "/" + w.Record
		if j, ok := at[key]; ok {
			merged := maps.Clone(commands[j].Fields)
			maps.Copy(merged, w.Fields)
			commands[j].Fields = merged
			commands[j].from = append(commands[j].from, i)
			continue
		}
		at[key] = len(commands)
		commands = append(commands, command{RecordWrite: w, from: []int{i}})
	}
	return commands
}

// send writes one phase and settles the fates of its messages.
func (s *Service) send(ctx context.Context, phase []command, fates []error) {
	if len(phase) == 0 {
		return
	}
	writes := make([]helix.RecordWrite, len(phase))
	for i, c := range phase {
		w, err := s.translate(ctx, c.RecordWrite)
		if err != nil {
			s.settle(ctx, phase, fates, nil, err)
			return
		}
		writes[i] = w
	}
	results, err := s.writer.UpsertRecords(ctx, helix.AsServer(), writes)
	for i := range results {
		if results[i].Err == nil && results[i].ID != writes[i].Record {
			// The next write of this record, and what refers to it, must name it as FortyTwo does.
			if _, kerr := s.kept.Put(ctx, bus.Key(phase[i].Record), results[i].ID); kerr != nil {
				results[i].Err = kerr
			}
		}
	}
	s.settle(ctx, phase, fates, results, err)
}

// settle says what became of each message.
func (s *Service) settle(ctx context.Context, phase []command, fates []error, results []Result, err error) {
	for i, c := range phase {
		fate := err
		if err == nil {
			fate = results[i].Err
		}
		for _, j := range c.from {
			fates[j] = verdict(fate)
		}
		if fate != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "a record was not written", "object", string(c.Object), "record", c.Record,
				"code", string(helix.AsError(fate).Code), "retryable", helix.IsRetryable(fate), "error", fate)
		}
	}
}

// translate names records as FortyTwo does: one that somebody else made for the same provider call keeps its id there.
func (s *Service) translate(ctx context.Context, w helix.RecordWrite) (helix.RecordWrite, error) {
	kept, err := s.keptID(ctx, w.Record)
	if err != nil {
		return w, err
	}
	w.Record = kept
	if call, ok := w.Fields[fieldCall].(string); ok {
		if kept, err = s.keptID(ctx, call); err != nil {
			return w, err
		}
		w.Fields = maps.Clone(w.Fields)
		w.Fields[fieldCall] = kept
	}
	return w, nil
}

func (s *Service) keptID(ctx context.Context, id string) (string, error) {
	kept, _, err := s.kept.Get(ctx, bus.Key(id))
	if errors.Is(err, bus.ErrNotFound) {
		return id, nil
	}
	return kept, err
}

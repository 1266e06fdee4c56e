package fortytwo

import (
	"context"
	"encoding/json"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers"
)

// keepQueries brings the queries of an open stream in line with what is watched until ctx ends, one after another. What it
// returns ends the connection.
func (s *userStream) keepQueries(ctx context.Context, stream string) error {
	for {
		for add, drop := s.nextQuery(); add != nil || drop != ""; add, drop = s.nextQuery() {
			if err := s.dropQuery(ctx, stream, drop); err != nil {
				return err
			}
			if err := s.addQuery(ctx, stream, add); err != nil {
				return err
			}
		}
		select {
		case <-s.changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// nextQuery gives one query to add and one to drop, if there are.
func (s *userStream) nextQuery() (add *streamQuery, drop string) {
	h := &s.client.streams
	h.mu.Lock()
	defer h.mu.Unlock()
	if n := len(s.dropped); n > 0 {
		drop, s.dropped = s.dropped[n-1], s.dropped[:n-1]
	}
	for _, q := range s.queries {
		if !q.registered && !q.refused {
			return q, drop
		}
	}
	return nil, drop
}

// addQuery registers a query and tells all who watch its record to read it: what happened before is not told. A query that
// FortyTwo refuses is given up alone.
func (s *userStream) addQuery(ctx context.Context, stream string, q *streamQuery) error {
	if q == nil {
		return nil
	}
	signature, err := json.Marshal(map[string]any{
		"objectNameSingular": q.of.object,
		"variables":          map[string]any{"filter": eq(columnID, q.of.record), "orderBy": []any{}},
	})
	if err != nil {
		return helix.Internal("fortytwo.stream", err)
	}
	resp, err := addQuery(ctx, s.asUser(), AddQuerySubscriptionInput{EventStreamId: stream, QueryId: q.id, OperationSignature: signature})
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case helix.IsCode(err, helix.CodeUnavailable), helix.IsCode(err, helix.CodeTooManyRequests), helix.IsCode(err, helix.CodeUnauthenticated):
		return err
	case err == nil && !resp.AddQueryToEventStream:
		return errStreamForgotten
	}
	h := &s.client.streams
	h.mu.Lock()
	defer h.mu.Unlock()
	if q.registered, q.refused = err == nil, err != nil; q.registered && len(q.watchers) == 0 { // all left meanwhile
		s.dropped = append(s.dropped, q.id)
		s.poke()
	}
	for w := range q.watchers {
		w.signal()
	}
	return nil
}

// dropQuery takes a query back. A failure costs FortyTwo a few events that nobody waits for, unless the token is at its end.
func (s *userStream) dropQuery(ctx context.Context, stream, id string) error {
	if id == "" {
		return nil
	}
	_, err := removeQuery(ctx, s.asUser(), RemoveQueryFromEventStreamInput{EventStreamId: stream, QueryId: id})
	if helix.IsCode(err, helix.CodeUnauthenticated) {
		return err
	}
	return nil
}

// asUser sends what has the same effect however often it arrives.
func (s *userStream) asUser() metadata {
	return metadata{s.client, request{op: "fortytwo.streamQuery", access: s.access, safety: providers.Idempotent}}
}

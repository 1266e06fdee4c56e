package desk

import (
	"context"
	"errors"
	"fmt"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/bus"
)

const (
	// maxTries bounds how often a lost compare-and-set is tried anew.
	maxTries = 64
	// writePatience bounds one writing of a presence, tries included.
	writePatience = 10 * time.Second
)

// turn is an edit of a presence that waits for its turn.
type turn struct {
	edit  func(*presence) bool
	done  chan struct{} // closed when the rest is set
	after presence      // right after this edit
	err   error
}

// change edits a presence by compare-and-set; edit may run several times and says whether there is anything to write. It
// returns when the edit is on the disk, with the presence as the edit left it. Edits that come while the presence is being
// written are applied one after another and written at once: states in between are seen by nobody.
func (a *Agents) change(ctx context.Context, agent helix.AgentID, edit func(*presence) bool) (presence, error) {
	t := &turn{edit: edit, done: make(chan struct{})}
	a.mu.Lock()
	waiting, writing := a.turns[agent]
	a.turns[agent] = append(waiting, t)
	a.mu.Unlock()
	if !writing {
		go a.takeTurns(context.WithoutCancel(ctx), agent)
	}
	select {
	case <-t.done:
		return t.after, t.err
	case <-ctx.Done():
		return presence{}, ctx.Err()
	}
}

// takeTurns writes what waits for an agent until nothing does. It belongs to no caller: one who leaves does not take
// others with him, and what he asked for may still come about.
func (a *Agents) takeTurns(ctx context.Context, agent helix.AgentID) {
	var last stored
	for {
		a.mu.Lock()
		turns := a.turns[agent]
		if len(turns) == 0 {
			delete(a.turns, agent)
			a.mu.Unlock()
			return
		}
		a.turns[agent] = nil
		a.mu.Unlock()

		var err error
		last, err = a.write(ctx, agent, last, turns)
		for _, t := range turns {
			t.err = err
			close(t.done)
		}
	}
}

// stored is a presence as it was written or read last; revision 0 says that it is not known.
type stored struct {
	presence
	revision uint64
}

// write carries out edits, beginning with what is known to be stored.
func (a *Agents) write(ctx context.Context, agent helix.AgentID, known stored, turns []*turn) (stored, error) {
	ctx, cancel := context.WithTimeout(ctx, writePatience)
	defer cancel()
	key := bus.Key(string(agent))
	for range maxTries {
		var err error
		if known.revision == 0 {
			known.presence, known.revision, err = a.bucket.Get(ctx, key)
			if errors.Is(err, bus.ErrNotFound) {
				known.presence, err = presence{Agent: agent, State: helix.AgentOffline}, nil
			}
			if err != nil {
				return stored{}, fmt.Errorf("desk.agent: %w", err)
			}
		}
		next, changed := known.presence, false
		for _, t := range turns {
			changed = t.edit(&next) || changed
			t.after = next
		}
		if !changed {
			return known, nil
		}
		var revision uint64
		if known.revision == 0 {
			revision, err = a.bucket.Create(ctx, key, next)
		} else {
			revision, err = a.bucket.Update(ctx, key, next, known.revision)
		}
		if err == nil {
			return stored{next, revision}, nil
		}
		known = stored{}
		if !errors.Is(err, bus.ErrConflict) {
			return known, err
		}
	}
	return stored{}, helix.Conflict("the agent's state keeps changing; try again")
}

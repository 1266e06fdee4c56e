package desk

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/bus"
)

// Agents keeps every agent's presence. It is safe for concurrent use.
type Agents struct {
	bucket *bus.Bucket[presence]
	desks  *bus.Bucket[time.Time] // when a desk was last there; gone after a minute
	now    func() time.Time

	mu    sync.Mutex
	turns map[helix.AgentID][]*turn   // edits that wait; an agent without any, but with an entry, is being written
	there map[helix.AgentID]time.Time // when this process last said so; as large as the agent directory
	known map[helix.AgentID]known     // as large as the agent directory
	news  chan struct{}               // closed and replaced when something changes
}

// known is an agent's latest presence and its place among all changes.
type known struct {
	presence
	revision uint64
}

// NewAgents opens the presences.
func NewAgents(ctx context.Context, b *bus.Bus, now func() time.Time) (*Agents, error) {
	bucket, err := bus.OpenBucket[presence](ctx, b, bus.BucketAgents)
	if err != nil {
		return nil, err
	}
	desks, err := bus.OpenBucket[time.Time](ctx, b, bus.BucketDesks)
	if err != nil {
		return nil, err
	}
	return &Agents{
		bucket: bucket, desks: desks, now: now, turns: map[helix.AgentID][]*turn{}, there: map[helix.AgentID]time.Time{},
		known: map[helix.AgentID]known{}, news: make(chan struct{}),
	}, nil
}

// Run follows presences until ctx ends, so that every replica knows names and tells changes, and sees to reports that are
// held back.
func (a *Agents) Run(ctx context.Context) error {
	work, ctx := errgroup.WithContext(ctx)
	work.Go(func() error { return a.release(ctx) })
	work.Go(func() error {
		return a.bucket.Watch(ctx, func(_ string, p *presence, revision uint64) {
			if p != nil {
				a.learn(*p, revision)
			}
		})
	})
	return work.Wait()
}

// learn notes a presence. What nobody is shown is no change.
func (a *Agents) learn(p presence, revision uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if before, ok := a.known[p.Agent]; ok && before.shown().plain() == p.shown().plain() {
		revision = before.revision
	}
	a.known[p.Agent] = known{p, revision}
	close(a.news)
	a.news = make(chan struct{})
}

// lookEvery is how often it is looked whether a report has been held back for long enough, while there is one.
const lookEvery = time.Second

// release lets reports count that were held back and have not been contradicted since.
func (a *Agents) release(ctx context.Context) error {
	for {
		var due []helix.AgentID
		var again <-chan time.Time
		a.mu.Lock()
		news, now := a.news, a.now()
		for id, k := range a.known {
			switch {
			case k.Held.State == "":
			case k.settling(now):
				again = time.After(lookEvery)
			default:
				due = append(due, id)
			}
		}
		a.mu.Unlock()
		for _, id := range due {
			if _, err := a.change(ctx, id, func(p *presence) bool { return p.release(a.now()) }); err != nil && ctx.Err() == nil {
				return err
			}
		}
		select {
		case <-news:
		case <-again:
		case <-ctx.Done():
			return nil
		}
	}
}

// Name gives the name of the member who works as this agent, "" when nobody is known to.
func (a *Agents) Name(agent helix.AgentID) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.known[agent].Name
}

// deskFresh is how long a desk that was just seen is not written down again.
const deskFresh = 15 * time.Second

// There says that an agent's desk is there: he asked something, or listens. A desk that is silent for a minute is gone.
func (a *Agents) There(ctx context.Context, agent helix.AgentID) error {
	now := a.now()
	a.mu.Lock()
	fresh := now.Sub(a.there[agent]) < deskFresh
	if !fresh {
		a.there[agent] = now
	}
	a.mu.Unlock()
	if fresh {
		return nil
	}
	_, err := a.desks.Put(ctx, bus.Key(string(agent)), now.UTC())
	return err
}

// gone reports whether an agent's desk has been silent for a minute.
func (a *Agents) gone(ctx context.Context, agent helix.AgentID) (bool, error) {
	_, _, err := a.desks.Get(ctx, bus.Key(string(agent)))
	if errors.Is(err, bus.ErrNotFound) {
		return true, nil
	}
	return false, err
}

// nameOf gives the name of who works at a desk, the agent's id when nobody ever did.
func (a *Agents) nameOf(seat helix.AgentSeat) string {
	if name := a.Name(seat.Agent); name != "" {
		return name
	}
	return string(seat.Agent)
}

// next waits for the earliest change after a place. There is no queue: an agent who changes faster than anybody reads is
// told by his latest state.
func (a *Agents) next(ctx context.Context, after uint64, of func(helix.AgentID) bool) (known, error) {
	for {
		a.mu.Lock()
		var next known
		for id, k := range a.known {
			if k.revision > after && of(id) && (next.revision == 0 || k.revision < next.revision) {
				next = k
			}
		}
		news := a.news
		a.mu.Unlock()
		if next.revision > 0 {
			return next, nil
		}
		select {
		case <-news:
		case <-ctx.Done():
			return known{}, ctx.Err()
		}
	}
}

// Get tells how an agent is; one that nobody has heard of is offline.
func (a *Agents) Get(ctx context.Context, seat helix.AgentSeat, name string) (helix.DeskAgent, error) {
	p, err := a.read(ctx, seat.Agent)
	return deskAgent(p, seat, name), err
}

// heard tells whether anybody has heard of an agent.
func (a *Agents) heard(ctx context.Context, agent helix.AgentID) (bool, error) {
	_, _, err := a.bucket.Get(ctx, bus.Key(string(agent)))
	if errors.Is(err, bus.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// read gives an agent's presence; one that nobody has heard of is offline.
func (a *Agents) read(ctx context.Context, agent helix.AgentID) (presence, error) {
	p, _, err := a.bucket.Get(ctx, bus.Key(string(agent)))
	if errors.Is(err, bus.ErrNotFound) {
		return presence{Agent: agent, State: helix.AgentOffline}, nil
	}
	if err != nil {
		return p, fmt.Errorf("desk.agent: %w", err)
	}
	return p, nil
}

// Observe takes what the provider says of an agent. A report older than the last is ignored; the provider's clock has
// whole seconds, so within one second the last word counts. One that our own command may have caused on its way is held
// back, and counts when nothing else has come for a while.
func (a *Agents) Observe(ctx context.Context, r helix.AgentReport) error {
	_, err := a.change(ctx, r.Agent, func(p *presence) bool { return p.observe(r, a.now()) })
	return err
}

// Over takes in that a call which the agent had is over, whoever said so: a call's record may overtake the agent's events.
func (a *Agents) Over(ctx context.Context, agent helix.AgentID, call helix.Call) error {
	_, err := a.change(ctx, agent, func(p *presence) bool { return p.over(&call) })
	return err
}

// command records what the agent did himself: it holds until the provider says otherwise. Its time is ours and not the
// provider's, so it makes no report look old.
func (a *Agents) command(ctx context.Context, w Worker, change func(*presence)) (helix.DeskAgent, error) {
	p, err := a.change(ctx, w.Seat.Agent, func(p *presence) bool {
		p.Member, p.Name = w.Member, w.Name
		change(p)
		return true
	})
	return deskAgent(p, w.Seat, w.Name), err
}

func deskAgent(p presence, seat helix.AgentSeat, name string) helix.DeskAgent {
	d := helix.DeskAgent{
		ID: seat.Agent, Member: p.Member, Name: name, State: p.State, StateSince: p.Since, StateReason: p.Reason,
		Wanted: p.Wanted, SIPExtension: seat.SIPExtension, Campaign: seat.Campaign, DID: seat.DID, CurrentCall: p.Current,
	}
	if d.State == "" {
		d.State = helix.AgentOffline
	}
	if p.Extension != "" {
		d.SIPExtension = p.Extension
	}
	return d
}

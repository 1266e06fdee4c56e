package resolvers

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/auth"
)

// Presence notes that an agent's desk is there: with each operation, and all the while a subscription lasts. One goroutine
// tells of all desks that listen; there is none while nobody does.
type Presence struct {
	there  func(ctx context.Context, agent helix.AgentID) error
	every  time.Duration
	logger *slog.Logger

	mu        sync.Mutex
	listening map[helix.AgentID]int // subscriptions
	stop      context.CancelFunc    // of the goroutine; nil while nobody listens
}

// NewPresence makes the extension. there is told the agent, at once and then as often as every says; it is cheap to tell often.
func NewPresence(there func(ctx context.Context, agent helix.AgentID) error, every time.Duration, logger *slog.Logger) *Presence {
	return &Presence{there: there, every: every, logger: logger, listening: map[helix.AgentID]int{}}
}

// ExtensionName is gqlgen's name for it.
func (*Presence) ExtensionName() string { return "Presence" }

// Validate accepts every schema.
func (*Presence) Validate(graphql.ExecutableSchema) error { return nil }

// InterceptOperation notes the desk of the caller, if he has one. Signing in needs no caller, and nobody is asked for it. A
// subscription gets an ending, too: each extension costs every operation, so this is the only one.
func (p *Presence) InterceptOperation(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
	if graphql.GetOperationContext(ctx).Operation.Operation == ast.Subscription {
		p.Listens(ctx)
		return withEnding(ctx, next)
	}
	if agent := deskOf(ctx); agent != "" {
		p.tell(ctx, agent)
	}
	return next(ctx)
}

// Listens notes the desk of the caller, if he has one, until ctx ends. It is for subscriptions that the executor does not see.
func (p *Presence) Listens(ctx context.Context) {
	agent := deskOf(ctx)
	if agent == "" {
		return
	}
	p.tell(ctx, agent)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.listening[agent]++
	if p.stop == nil {
		background, stop := context.WithCancel(context.Background()) // it serves all who listen, and ends with the last
		p.stop = stop
		go p.stay(background)
	}
	context.AfterFunc(ctx, func() { p.leaves(agent) })
}

func (p *Presence) leaves(agent helix.AgentID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.listening[agent]--; p.listening[agent] == 0 {
		delete(p.listening, agent)
	}
	if len(p.listening) == 0 {
		p.stop()
		p.stop = nil
	}
}

// stay tells of everybody who listens until nobody does.
func (p *Presence) stay(ctx context.Context) {
	tick := time.NewTicker(p.every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		p.mu.Lock()
		agents := slices.Collect(maps.Keys(p.listening))
		p.mu.Unlock()
		round, cancel := context.WithTimeout(ctx, p.every)
		for _, agent := range agents {
			p.tell(round, agent)
		}
		cancel()
	}
}

func (p *Presence) tell(ctx context.Context, agent helix.AgentID) {
	if err := p.there(ctx, agent); err != nil && ctx.Err() == nil {
		p.logger.WarnContext(ctx, "a desk was not noted", "agent", string(agent), "error", err)
	}
}

// deskOf is the caller's desk, "" when he has none or nobody calls.
func deskOf(ctx context.Context) helix.AgentID {
	if auth.Anonymous(ctx) {
		return ""
	}
	caller, err := auth.Caller(ctx)
	if err != nil || caller.Seat == nil {
		return ""
	}
	return caller.Seat.Agent
}

package resolvers

import (
	"context"
	"log/slog"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/calls"
	"github.com/helix-engage/gateway/desk"
	"github.com/helix-engage/gateway/graph"
	"github.com/helix-engage/gateway/internal/auth"
)

// Sessions opens and renews sessions with FortyTwo.
type Sessions interface {
	// SignIn proves e-mail and password; UNAUTHENTICATED when they are wrong.
	SignIn(ctx context.Context, email, password string) (helix.Session, error)
	// Refresh exchanges a refresh token; UNAUTHENTICATED when it is spent.
	Refresh(ctx context.Context, refreshToken string) (helix.Session, error)
}

// Authenticator tells whose token it is.
type Authenticator interface {
	Authenticate(ctx context.Context, token string) (*helix.Caller, error)
}

// Limiter counts attempts by key.
type Limiter interface {
	// Allow is TOO_MANY_REQUESTS when there were too many.
	Allow(key string, now time.Time) error
}

// Options wires the resolvers.
type Options struct {
	Desk     *desk.Desk
	Calls    *calls.Service
	Sessions Sessions
	Auth     Authenticator
	ByEmail  Limiter // of sign-ins
	ByClient Limiter // of sign-ins and refreshes, by address
	PageSize int     // items of a list at most
	Now      func() time.Time
	Logger   *slog.Logger
}

// Resolver is the root of all resolvers.
type Resolver struct{ o Options }

// New makes the root.
func New(o Options) *Resolver { return &Resolver{o: o} }

// Query resolves what can be read.
func (r *Resolver) Query() graph.QueryResolver { return &queryResolver{r} }

// Mutation resolves what can be done.
func (r *Resolver) Mutation() graph.MutationResolver { return &mutationResolver{r} }

// Subscription resolves what can be listened to.
func (r *Resolver) Subscription() graph.SubscriptionResolver { return &subscriptionResolver{r} }

// DeskAgent resolves an agent's lazy fields.
func (r *Resolver) DeskAgent() graph.DeskAgentResolver { return &deskAgentResolver{r} }

// IncomingCall resolves an incoming call's lazy fields.
func (r *Resolver) IncomingCall() graph.IncomingCallResolver { return &incomingCallResolver{r} }

// CallMissed resolves a missed call event's lazy fields.
func (r *Resolver) CallMissed() graph.CallMissedResolver { return &callMissedResolver{r} }

// MissedCallAssigned resolves an assignment's lazy fields.
func (r *Resolver) MissedCallAssigned() graph.MissedCallAssignedResolver {
	return &missedCallAssignedResolver{r}
}

type (
	queryResolver              struct{ *Resolver }
	mutationResolver           struct{ *Resolver }
	subscriptionResolver       struct{ *Resolver }
	deskAgentResolver          struct{ *Resolver }
	incomingCallResolver       struct{ *Resolver }
	callMissedResolver         struct{ *Resolver }
	missedCallAssignedResolver struct{ *Resolver }
)

// worker is the calling member at his desk: NOT_AN_AGENT when he has none.
func worker(ctx context.Context) (desk.Worker, error) {
	caller, seat, err := auth.Seat(ctx)
	if err != nil {
		return desk.Worker{}, err
	}
	return workerOf(caller, seat), nil
}

func workerOf(caller *helix.Caller, seat helix.AgentSeat) desk.Worker {
	return desk.Worker{Member: caller.User.Member, Name: caller.User.Name, Token: caller.Token, Seat: seat}
}

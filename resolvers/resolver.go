package resolvers

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/calls"
	"github.com/helix-engage/gateway/desk"
	"github.com/helix-engage/gateway/graph"
	"github.com/helix-engage/gateway/internal/auth"
	"github.com/helix-engage/gateway/operate"
	"github.com/helix-engage/gateway/outbound"
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
	Desk  *desk.Desk
	Calls *calls.Service
	// Outbound runs outbound AI calls; nil in a gateway that makes none.
	Outbound *outbound.Service
	// Operate is what supervisors do to the gateway itself.
	Operate *operate.Service
	// Recordings gives a short-lived link of ours to a recording, of a provider's by its URL or of ours by its name; "" when
	// there is none.
	Recordings func(recording string) string
	// Records tells which entities a caller of `_entities` may read.
	Records Records
	// Changes follows records of FortyTwo; nil in a gateway that cannot.
	Changes  Changes
	Sessions Sessions
	Auth     Authenticator
	ByEmail  Limiter        // of sign-ins
	ByClient Limiter        // of sign-ins and refreshes, by address
	PageSize int            // items of a list at most
	Zone     *time.Location // in which texts tell times
	Now      func() time.Time
	Logger   *slog.Logger
}

// Resolver is the root of all resolvers.
type Resolver struct {
	o        Options
	resolved map[resolvedField]bool // that have resolvers which may look at the caller
}

// New makes the root.
func New(o Options) *Resolver { return &Resolver{o: o, resolved: resolvedFields()} }

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

// Lead resolves what the gateway knows of a lead.
func (r *Resolver) Lead() graph.LeadResolver { return &leadResolver{r} }

// Patient resolves what the gateway knows of a patient.
func (r *Resolver) Patient() graph.PatientResolver { return &patientResolver{r} }

// Call resolves what the gateway knows of a call's record.
func (r *Resolver) Call() graph.CallResolver { return &callResolver{r} }

// MissedCallGroup resolves a group's lazy fields.
func (r *Resolver) MissedCallGroup() graph.MissedCallGroupResolver {
	return &missedCallGroupResolver{r}
}

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
	missedCallGroupResolver    struct{ *Resolver }
	leadResolver               struct{ *Resolver }
	patientResolver            struct{ *Resolver }
	callResolver               struct{ *Resolver }
)

// worker is the calling member at his desk: NOT_AN_AGENT when he has none.
func worker(ctx context.Context) (desk.Worker, error) {
	caller, seat, err := auth.Seat(ctx)
	if err != nil {
		return desk.Worker{}, err
	}
	return workerOf(caller, seat), nil
}

// anyWorker is the calling member, at his desk when he has one: FORBIDDEN for a member who has none and supervises nobody.
func anyWorker(ctx context.Context) (desk.Worker, error) {
	caller, err := auth.Caller(ctx)
	if err != nil {
		return desk.Worker{}, err
	}
	if caller.Seat == nil && !caller.Supervisor {
		return desk.Worker{}, helix.Forbidden("you have no desk here and supervise nobody")
	}
	return workerOf(caller, value(caller.Seat)), nil
}

// supervisor is the calling member: FORBIDDEN when he supervises nobody.
func supervisor(ctx context.Context) error {
	caller, err := auth.Caller(ctx)
	if err == nil && !caller.Supervisor {
		err = helix.Forbidden("only supervisors may see this")
	}
	return err
}

func workerOf(caller *helix.Caller, seat helix.AgentSeat) desk.Worker {
	return desk.Worker{
		Member: caller.User.Member, Name: caller.User.Name, Token: caller.Token, Seat: seat, Supervisor: caller.Supervisor,
	}
}

// pageSize checks how many items of a list are asked for.
func (r *Resolver) pageSize(first *int) (int, error) {
	n := value(first)
	if n < 1 || n > r.o.PageSize {
		return 0, &helix.Error{Code: helix.CodeLimitExceeded, Message: fmt.Sprintf("first must be 1 to %d", r.o.PageSize)}
	}
	return n, nil
}

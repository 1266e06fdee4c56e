package resolvers

import (
	"context"
	"strings"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/graph"
	"github.com/helix-engage/gateway/internal/auth"
)

// Viewer resolves who is calling.
func (r *queryResolver) Viewer(ctx context.Context) (*graph.Viewer, error) {
	caller, err := auth.Caller(ctx)
	if err != nil {
		return nil, err
	}
	return r.viewer(ctx, caller)
}

func (r *Resolver) viewer(ctx context.Context, caller *helix.Caller) (*graph.Viewer, error) {
	u := caller.User
	v := &graph.Viewer{
		User: &graph.SignedInUser{
			ID: u.ID, Name: u.Name, Email: u.Email, MemberID: string(u.Member), Member: member(string(u.Member)), Roles: u.Roles,
		},
	}
	if caller.Seat != nil {
		agent, err := r.o.Desk.Agent(ctx, workerOf(caller, *caller.Seat))
		if err != nil {
			return nil, err
		}
		v.Agent = deskAgent(agent)
		v.Roles = append(v.Roles, graph.ViewerRoleAgent)
		v.Permissions = append(v.Permissions, graph.PermissionTakeCalls)
	}
	if caller.Supervisor {
		v.Roles = append(v.Roles, graph.ViewerRoleSupervisor)
		v.Permissions = append(v.Permissions, graph.PermissionSeeAllCalls)
	}
	return v, nil
}

// SignIn resolves a sign-in. Every failure but our own is an answer: it is what the sign-in form shows.
func (r *mutationResolver) SignIn(ctx context.Context, input graph.SignInInput) (*graph.SignInPayload, error) {
	email := strings.ToLower(strings.TrimSpace(input.Email))
	err := r.o.ByClient.Allow(auth.ClientIP(ctx), r.o.Now())
	if err == nil {
		err = r.o.ByEmail.Allow(email, r.o.Now())
	}
	var session helix.Session
	if err == nil {
		session, err = r.o.Sessions.SignIn(ctx, email, input.Password)
	}
	shown, opErr, err := r.session(ctx, session, err)
	return &graph.SignInPayload{Ok: shown != nil, Error: opErr, Session: shown}, err
}

// RefreshSession resolves a renewal.
func (r *mutationResolver) RefreshSession(ctx context.Context, input graph.RefreshSessionInput) (*graph.RefreshSessionPayload, error) {
	err := r.o.ByClient.Allow(auth.ClientIP(ctx), r.o.Now())
	var session helix.Session
	if err == nil {
		session, err = r.o.Sessions.Refresh(ctx, input.RefreshToken)
	}
	shown, opErr, err := r.session(ctx, session, err)
	return &graph.RefreshSessionPayload{Ok: shown != nil, Error: opErr, Session: shown}, err
}

// session shows a session and whom it stands for.
func (r *Resolver) session(ctx context.Context, s helix.Session, err error) (*graph.Session, *graph.OperationError, error) {
	var caller *helix.Caller
	if err == nil {
		caller, err = r.o.Auth.Authenticate(ctx, s.AccessToken)
	}
	if helix.IsCode(err, helix.CodeForbidden) || helix.IsCode(err, helix.CodeUnauthenticated) {
		return nil, operationError(helix.AsError(err)), nil
	}
	if err != nil {
		opErr, err := operation(err)
		return nil, opErr, err
	}
	viewer, err := r.viewer(ctx, caller)
	if err != nil {
		return nil, nil, err
	}
	return &graph.Session{AccessToken: s.AccessToken, ExpiresAt: s.ExpiresAt, RefreshToken: s.RefreshToken, Viewer: viewer}, nil, nil
}

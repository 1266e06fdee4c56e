package resolvers

import (
	"context"
	"fmt"
	"sync"

	"github.com/99designs/gqlgen/graphql"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/graph"
	"github.com/helix-engage/gateway/graph/scalar"
	"github.com/helix-engage/gateway/internal/auth"
)

// maxRepresentations is how many entities one `_entities` may ask for from outside. Who has just read them from FortyTwo has a
// bound on that.
const maxRepresentations = 1000

var _ graph.FederationResolver = (*Resolver)(nil)

// Records tells what FortyTwo lets somebody see.
type Records interface {
	// Readable gives those of the records that exist and that access may read. All are of one object; it asks once for many.
	Readable(ctx context.Context, access helix.Access, object helix.RecordObject, records []string) (map[string]bool, error)
}

type trustedKey struct{}

// Trusted is for whoever has just read the parents from FortyTwo with the caller's own token: `_entities` then reads none of
// them again. What the caller may see of calls is decided as ever.
func Trusted(ctx context.Context) context.Context { return context.WithValue(ctx, trustedKey{}, true) }

// entity is a type that routers refer to.
type entity struct {
	object helix.RecordObject
	make   func(id string) graph.Entity
}

func entityOf(name string) (entity, bool) {
	switch name {
	case "Lead":
		return entity{helix.ObjectLead, func(id string) graph.Entity { return &graph.Lead{ID: id} }}, true
	case "Patient":
		return entity{helix.ObjectPatient, func(id string) graph.Entity { return &graph.Patient{ID: id} }}, true
	case "Appointment":
		return entity{helix.ObjectAppointment, func(id string) graph.Entity { return &graph.Appointment{ID: id} }}, true
	case "FollowUp":
		return entity{helix.ObjectFollowUp, func(id string) graph.Entity { return &graph.FollowUp{ID: id} }}, true
	case "Call":
		return entity{helix.ObjectCall, func(id string) graph.Entity { return &graph.Call{ID: id} }}, true
	case "WorkspaceMember":
		return entity{helix.ObjectMember, func(id string) graph.Entity { return &graph.WorkspaceMember{ID: id} }}, true
	}
	return entity{}, false
}

// ResolveService tells the gateway's own schema to routers, and to whoever may introspect.
func (r *Resolver) ResolveService(ctx context.Context) (graph.Service, error) {
	router, err := auth.Router(ctx)
	if err == nil && !router {
		_, err = auth.Anyone(ctx)
	}
	if err != nil {
		return graph.Service{}, err
	}
	sdl := graph.SDL()
	return graph.Service{Sdl: &sdl}, nil
}

// ResolveEntities gives the entities that representations refer to, each at its place. A caller who is no router gets those
// that FortyTwo lets him read: one request for all of a type.
func (r *Resolver) ResolveEntities(ctx context.Context, representations []scalar.Representation) []graph.Entity {
	found := make([]graph.Entity, len(representations))
	if len(representations) > maxRepresentations && ctx.Value(trustedKey{}) == nil {
		graphql.AddError(ctx, &helix.Error{
			Code: helix.CodeLimitExceeded, Message: fmt.Sprintf("representations may be %d at most", maxRepresentations),
		})
		return found
	}
	reader, err := r.reader(ctx)
	if err != nil {
		graphql.AddError(ctx, err)
		return found
	}
	places := map[string][]int{} // of each type
	for i, rep := range representations {
		_, known := entityOf(rep.Type)
		switch {
		case rep.Err == nil && known:
			places[rep.Type] = append(places[rep.Type], i)
		case rep.Type == "" || known:
			entityError(ctx, i, rep.Err)
		default:
			entityError(ctx, i, helix.BadInput("a representation names a type that is no entity here"))
		}
	}
	var types sync.WaitGroup
	for name, at := range places {
		types.Go(func() { r.resolveType(ctx, reader, name, representations, at, found) })
	}
	types.Wait()
	return found
}

// reader is who has to be able to read the parents; nil when they were read already.
func (r *Resolver) reader(ctx context.Context) (*helix.Caller, error) {
	if ctx.Value(trustedKey{}) != nil {
		return nil, nil
	}
	if router, err := auth.Router(ctx); router || err != nil {
		return nil, err
	}
	caller, err := auth.Caller(ctx)
	if err == nil && r.o.Records == nil {
		err = &helix.Error{Code: helix.CodeNotConfigured, Message: "this gateway cannot read FortyTwo's records"}
	}
	return caller, err
}

func (r *Resolver) resolveType(
	ctx context.Context, reader *helix.Caller, name string, representations []scalar.Representation, at []int, found []graph.Entity,
) {
	defer func() { // not on the goroutine that gqlgen watches over
		if p := recover(); p != nil {
			graphql.AddError(ctx, graphql.GetOperationContext(ctx).Recover(ctx, p))
		}
	}()
	kind, _ := entityOf(name)
	var readable map[string]bool
	if reader != nil {
		ids := make([]string, 0, len(at))
		asked := make(map[string]bool, len(at))
		for _, i := range at {
			if id := representations[i].ID; !asked[id] {
				asked[id] = true
				ids = append(ids, id)
			}
		}
		var err error
		if readable, err = r.o.Records.Readable(ctx, helix.AsUser(reader.Token), kind.object, ids); err != nil {
			for _, i := range at {
				entityError(ctx, i, err)
			}
			return
		}
	}
	for _, i := range at {
		if id := representations[i].ID; reader == nil || readable[id] {
			found[i] = kind.make(id)
		}
	}
}

func entityError(ctx context.Context, place int, err error) {
	graphql.AddError(graphql.WithPathContext(ctx, graphql.NewPathWithIndex(place)), err)
}

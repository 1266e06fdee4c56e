package graph

import (
	"context"
	"errors"
	"strings"

	"github.com/helix-engage/gateway/graph/scalar"
)

// machinery is the source of what every subgraph has and routers do not want to be told.
const machinery = "federation.graphqls"

// FederationResolver answers routers. The root of the resolvers is one.
type FederationResolver interface {
	// ResolveService tells the gateway's own schema.
	ResolveService(ctx context.Context) (Service, error)
	// ResolveEntities gives the entity that each representation refers to, nil where there is none. What went wrong with one
	// is added to the context's errors.
	ResolveEntities(ctx context.Context, representations []scalar.Representation) []Entity
}

// SDL is the gateway's own schema as a subgraph of Apollo Federation 2.
func SDL() string {
	var sdl strings.Builder
	for _, source := range sources {
		if !source.BuiltIn && !strings.HasSuffix(source.Name, machinery) {
			sdl.WriteString(source.Input)
		}
	}
	return sdl.String()
}

// gqlgen calls these two by name: it takes such fields for those of its own plugin.

func (ec *executionContext) __resolve__service(ctx context.Context) (Service, error) { //nolint:revive // gqlgen's name
	federation, ok := ec.Resolvers.(FederationResolver)
	if !ok {
		return Service{}, errNoFederation
	}
	return federation.ResolveService(ctx)
}

func (ec *executionContext) __resolve_entities(ctx context.Context, representations []scalar.Representation) []Entity { //nolint:revive // gqlgen's name
	federation, ok := ec.Resolvers.(FederationResolver)
	if !ok {
		ec.Error(ctx, errNoFederation)
		return make([]Entity, len(representations))
	}
	return federation.ResolveEntities(ctx, representations)
}

var errNoFederation = errors.New("the resolvers answer no routers")

package resolvers

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"maps"
	"reflect"
	"strings"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/graph"
	"github.com/helix-engage/gateway/internal/auth"
)

// Sharing tells the transports that one run of a subscription can answer everybody who asks for the same.
type Sharing struct {
	// Key is equal for operations whose answers are equal: a hash of the document, the operation's name, the variables but
	// for the cursor to resume after, the audience, and the token where a field is read with the caller's rights.
	Key string
	// Resumes is set when the subscriber gave a cursor to resume after.
	Resumes bool
	// Follow prepares the context of a run, for all or for the subscriber alone. The function beside it answers the place in
	// the log where the run began, then that of each event, in the order of the answers; ok is false when there is none.
	Follow func(ctx context.Context, shared bool) (context.Context, func() (place uint64, ok bool))
}

// Share tells whether a subscription, in its subscriber's context, may be answered by a run that others use too. That is so
// for callEvents, for a caller who may have them: with all who see the same events where each selected field is the same for
// them, else with those who sent the same token, whose rights are the same and end at the same time.
// false says nothing about why: on his own, the caller hears of it.
func (r *Resolver) Share(ctx context.Context, oc *graphql.OperationContext) (Sharing, bool) {
	fields := graphql.CollectFields(oc, oc.Operation.SelectionSet, []string{"Subscription"})
	if len(fields) != 1 || fields[0].Name != "callEvents" || oc.RawQuery == "" {
		return Sharing{}, false
	}
	args := fields[0].ArgumentMap(oc.Variables)
	agent, _ := args["agentId"].(string)
	after, resumes := args["after"].(string)
	if resumes {
		if _, err := helix.ParseCursor(after); err != nil {
			return Sharing{}, false
		}
	}
	caller, err := auth.Caller(auth.Fresh(ctx))
	if err != nil {
		return Sharing{}, false
	}
	audience, err := audienceOf(caller, helix.AgentID(agent))
	if err != nil {
		return Sharing{}, false
	}
	variables := maps.Clone(oc.Variables)
	if given := fields[0].Arguments.ForName("after"); given != nil && given.Value.Kind == ast.Variable {
		delete(variables, given.Value.Raw) // of type Cursor: nothing else among the shared fields takes one
	}
	token, rights := "", context.Context(nil)
	if !r.sameForAll(fields[0].Selections) {
		token, rights = caller.Token, context.WithoutCancel(auth.Fresh(ctx))
	}
	identity, err := json.Marshal([]any{oc.RawQuery, oc.OperationName, variables, audience.Supervisor, audience.Seat, token})
	if err != nil {
		return Sharing{}, false
	}
	key := sha256.Sum256(identity)
	follow := func(run context.Context, shared bool) (context.Context, func() (uint64, bool)) {
		c := &course{}
		if shared {
			c.audience = audience
			if rights != nil {
				run = borrowed{run, rights}
			}
		}
		return context.WithValue(run, courseKey{}, c), c.next
	}
	return Sharing{Key: string(key[:]), Resumes: resumes, Follow: follow}, true
}

// borrowed is a run's context with the values of a subscriber's, for his rights.
type borrowed struct {
	context.Context
	values context.Context
}

// Value prefers those of the run.
func (b borrowed) Value(key any) any {
	if value := b.Context.Value(key); value != nil {
		return value
	}
	return b.values.Value(key)
}

// audience is a caller as far as it matters to what he sees of the calls: nobody's name, nobody's token.
type audience helix.Caller

// audienceOf is FORBIDDEN for a caller who sees no calls, or not those of the agent that he asks for ("" for any).
func audienceOf(caller *helix.Caller, agent helix.AgentID) (*audience, error) {
	who := &audience{User: &helix.User{}, Supervisor: caller.Supervisor}
	switch {
	case caller.Supervisor:
	case caller.Seat == nil || (agent != "" && agent != caller.Seat.Agent):
		return nil, helix.Forbidden("only supervisors see the calls of others")
	default:
		who.Seat = &helix.AgentSeat{Agent: caller.Seat.Agent}
	}
	return who, nil
}

func (a *audience) sees(e *helix.CallEvent) bool { return e.VisibleTo((*helix.Caller)(a)) }

type courseKey struct{}

// course is how a run of callEvents and the transport keep in step: for each answer the place of its event in the log.
type course struct {
	audience *audience // whom a shared run answers; nil in a run for one subscriber

	mu     sync.Mutex
	places []uint64 // told and not yet asked for; three at most, since events are handed over one by one
}

// courseOf is nil when nobody follows.
func courseOf(ctx context.Context) *course {
	c, _ := ctx.Value(courseKey{}).(*course)
	return c
}

// shared gives the audience of a shared run.
func (c *course) shared() (*audience, bool) {
	if c == nil {
		return nil, false
	}
	return c.audience, c.audience != nil
}

// tell comes before the event is handed over, so that its place is known when the answer is.
func (c *course) tell(place uint64) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.places = append(c.places, place)
}

func (c *course) next() (place uint64, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.places) == 0 {
		return 0, false
	}
	place = c.places[0]
	c.places = c.places[:copy(c.places, c.places[1:])]
	return place, true
}

// sameForAll tells whether no selected field looks at who asks. A field without a resolver is read from the event and cannot.
func (r *Resolver) sameForAll(set ast.SelectionSet) bool {
	for _, s := range set {
		same := false
		switch s := s.(type) {
		case *ast.Field:
			same = r.blind(s) && r.sameForAll(s.SelectionSet)
		case *ast.InlineFragment:
			same = r.sameForAll(s.SelectionSet)
		case *ast.FragmentSpread:
			same = s.Definition != nil && r.sameForAll(s.Definition.SelectionSet)
		}
		if !same {
			return false
		}
	}
	return true
}

// blind tells whether a field is the same whoever asks.
func (r *Resolver) blind(f *ast.Field) bool {
	if strings.HasPrefix(f.Name, "__") {
		return f.Name == "__typename"
	}
	if f.ObjectDefinition == nil {
		return false
	}
	field := strings.ToLower(f.Name)
	if f.ObjectDefinition.Kind == ast.Object {
		return !r.resolved[resolvedField{strings.ToLower(f.ObjectDefinition.Name), field}]
	}
	for known := range r.resolved { // an interface, any of whose types may be meant
		if known.field == field {
			return false
		}
	}
	return true
}

// resolvedField is a field that has a resolver, in lower case: gqlgen spells initialisms in its own way.
type resolvedField struct{ object, field string }

// resolvedFields reads them from the generated interfaces, so that a field that is added is not shared unless it is named
// here as one that does not look at the caller.
func resolvedFields() map[resolvedField]bool {
	fields := map[resolvedField]bool{}
	for object := range reflect.TypeFor[graph.ResolverRoot]().Methods() {
		for field := range object.Type.Out(0).Methods() {
			fields[resolvedField{strings.ToLower(object.Name), strings.ToLower(field.Name)}] = true
		}
	}
	// The queue's entry, which is shown to whoever sees the event.
	delete(fields, resolvedField{"callmissed", "missedcall"})
	delete(fields, resolvedField{"missedcallassigned", "missedcall"})
	return fields
}

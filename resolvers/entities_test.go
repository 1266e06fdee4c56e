package resolvers

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/google/go-cmp/cmp"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/graph"
)

// cabinet is a CRM that lets everybody read the records in it, and counts how often it is asked.
type cabinet struct {
	holds map[string]bool
	err   error

	mu    sync.Mutex
	asked []string // the object and how many ids
}

func (c *cabinet) Readable(_ context.Context, access helix.Access, object helix.RecordObject, records []string) (map[string]bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = append(c.asked, fmt.Sprintf("%s %d", object, len(records)))
	if token, server := access.Token(); token == "" || server {
		return nil, helix.Internal("test", fmt.Errorf("not asked as the caller"))
	}
	readable := map[string]bool{}
	for _, id := range records {
		if c.holds[string(object)+" "+id] {
			readable[id] = true
		}
	}
	return readable, c.err
}

func (c *cabinet) requests() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	slices.Sort(c.asked)
	return c.asked
}

const (
	idA = "6f1f4c1e-8f0a-4c57-9d3e-0d6f5a2b7c11"
	idB = "6f1f4c1e-8f0a-4c57-9d3e-0d6f5a2b7c12"
	idC = "6f1f4c1e-8f0a-4c57-9d3e-0d6f5a2b7c13"
)

func ref(typeName, id string) any { return map[string]any{"__typename": typeName, "id": id} }

// entities asks for representations and tells what stands at each place, and the errors as path and code.
func entities(t *testing.T, ctx context.Context, records Records, representations ...any) (found, failed []string) {
	t.Helper()
	root := New(Options{Records: records})
	response := answerTo(t, ctx, root, `query($r: [_Any!]!) { _entities(representations: $r) {
		__typename ... on Lead { id } ... on Patient { id } ... on Appointment { id } ... on FollowUp { id } ... on Call { id } ... on WorkspaceMember { id }
	} }`, map[string]any{"r": representations})
	var data struct {
		Entities []*struct {
			Typename string `json:"__typename"`
			ID       string
		} `json:"_entities"`
	}
	if err := json.Unmarshal(response.Data, &data); err != nil {
		t.Fatalf("%v: %s", err, response.Data)
	}
	for _, e := range data.Entities {
		if e == nil {
			found = append(found, "")
		} else {
			found = append(found, e.Typename+" "+e.ID[len(e.ID)-1:])
		}
	}
	for _, err := range response.Errors {
		failed = append(failed, err.Path.String()+" "+codeOf(err))
	}
	slices.Sort(failed)
	return found, failed
}

func answerTo(t *testing.T, ctx context.Context, root *Resolver, document string, variables map[string]any) *graphql.Response {
	t.Helper()
	exec := executor.New(graph.NewExecutableSchema(graph.Config{Resolvers: root}))
	oc := prepare(t, ctx, exec, document, variables)
	responses, ctx := exec.DispatchOperation(graphql.StartOperationTrace(ctx), oc)
	return responses(ctx)
}

func TestEntitiesAreThoseThatTheCallerMayRead(t *testing.T) {
	t.Parallel()
	c := &cabinet{holds: map[string]bool{"lead " + idA: true, "patient " + idB: true, "workspaceMember " + idA: true}}
	found, failed := entities(t, as(t, "agent1/asha"), c,
		ref("Lead", idA), ref("Patient", idB), ref("Lead", idB), ref("Lead", idA), ref("WorkspaceMember", idA), ref("Call", idA), ref("Patient", idA))
	want := []string{"Lead 1", "Patient 2", "", "Lead 1", "WorkspaceMember 1", "", ""}
	if diff := cmp.Diff(want, found); diff != "" || failed != nil {
		t.Errorf("%s, failed: %v", diff, failed)
	}
	if diff := cmp.Diff([]string{"call 1", "lead 2", "patient 2", "workspaceMember 1"}, c.requests()); diff != "" {
		t.Errorf("asked: %s", diff)
	}
}

func TestWhoGetsEntities(t *testing.T) {
	t.Parallel()
	trusted := func(t *testing.T) context.Context { t.Helper(); return Trusted(as(t, "agent1/asha")) }
	for name, c := range map[string]struct {
		ctx    func(*testing.T) context.Context
		found  string
		failed string
		asks   bool
	}{
		"a member gets what he may read":               {by("nobody/x"), "Lead 1", "", true},
		"a router gets everything":                     {by("router:"), "Lead 1,Lead 2", "", false},
		"a router for a member too":                    {by("router:agent1/asha"), "Lead 1,Lead 2", "", false},
		"so does whoever has just read them":           {trusted, "Lead 1,Lead 2", "", false},
		"the CRM's key is not enough":                  {by("key:crm"), ",", "_entities FORBIDDEN", false},
		"nor is a key that nobody knows":               {by("key:wrong"), ",", "_entities UNAUTHENTICATED", false},
		"nobody gets nothing":                          {by(""), ",", "_entities UNAUTHENTICATED", false},
		"nor does who comes from outside of a request": {func(t *testing.T) context.Context { return t.Context() }, ",", "_entities UNAUTHENTICATED", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			crm := &cabinet{holds: map[string]bool{"lead " + idA: true}}
			found, failed := entities(t, c.ctx(t), crm, ref("Lead", idA), ref("Lead", idB))
			got := strings.TrimSuffix(strings.Join(found, ","), ",")
			if want := strings.TrimSuffix(c.found, ","); got != want || strings.Join(failed, ",") != c.failed {
				t.Errorf("found %q, failed %q", found, failed)
			}
			if asked := len(crm.requests()) > 0; asked != c.asks {
				t.Errorf("FortyTwo was asked: %t", asked)
			}
		})
	}
}

func by(who string) func(*testing.T) context.Context {
	return func(t *testing.T) context.Context { t.Helper(); return as(t, who) }
}

func TestEachMalformedRepresentationFailsAtItsPlaceAndTheOthersAreAnswered(t *testing.T) {
	t.Parallel()
	c := &cabinet{holds: map[string]bool{"lead " + idA: true}}
	found, failed := entities(t, as(t, "agent1/asha"), c,
		map[string]any{"id": idA}, ref("Invoice", idA), map[string]any{"__typename": "Lead"}, ref("Lead", "1"), "Lead",
		ref("Lead", idA), ref("Query", idA), ref("LiveCall", idA), ref("lead", idA), ref("Invoice", "1"))
	want := []string{"", "", "", "", "", "Lead 1", "", "", "", ""}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Error(diff)
	}
	var wanted []string
	for _, place := range []int{0, 1, 2, 3, 4, 6, 7, 8, 9} {
		wanted = append(wanted, fmt.Sprintf("_entities[%d] BAD_USER_INPUT", place))
	}
	if diff := cmp.Diff(wanted, failed); diff != "" {
		t.Error(diff)
	}
}

func TestTooManyRepresentationsAreRefused(t *testing.T) {
	t.Parallel()
	many := slices.Repeat([]any{ref("Lead", idA)}, maxRepresentations+1)
	c := &cabinet{holds: map[string]bool{"lead " + idA: true}}
	if found, failed := entities(t, as(t, "agent1/asha"), c, many[1:]...); len(found) != maxRepresentations || failed != nil || found[999] != "Lead 1" {
		t.Errorf("the most that are allowed: %d, %v", len(found), failed)
	}
	if diff := cmp.Diff([]string{"lead 1"}, c.requests()); diff != "" {
		t.Errorf("asked: %s", diff)
	}
	if _, failed := entities(t, as(t, "agent1/asha"), c, many...); !slices.Equal(failed, []string{"_entities LIMIT_EXCEEDED"}) {
		t.Errorf("one more: %v", failed)
	}
	if found, failed := entities(t, Trusted(as(t, "agent1/asha")), c, many...); len(found) != len(many) || failed != nil {
		t.Errorf("one more that was read already: %v", failed)
	}
	if found, failed := entities(t, as(t, "agent1/asha"), c); found != nil || failed != nil {
		t.Errorf("none: %v, %v", found, failed)
	}
}

func TestAFailureIsToldWhereverItMatters(t *testing.T) {
	t.Parallel()
	down := &cabinet{err: &helix.Error{Code: helix.CodeUnavailable, Message: "the CRM does not answer"}}
	found, failed := entities(t, as(t, "agent1/asha"), down, ref("Lead", idA), ref("Patient", "1"), ref("Lead", idB))
	if diff := cmp.Diff([]string{"", "", ""}, found); diff != "" {
		t.Error(diff)
	}
	want := []string{"_entities[0] UPSTREAM_UNAVAILABLE", "_entities[1] BAD_USER_INPUT", "_entities[2] UPSTREAM_UNAVAILABLE"}
	if diff := cmp.Diff(want, failed); diff != "" {
		t.Error(diff)
	}
	if _, failed := entities(t, as(t, "agent1/asha"), nil, ref("Lead", idA)); !slices.Equal(failed, []string{"_entities NOT_CONFIGURED"}) {
		t.Errorf("a gateway that reads no records: %v", failed)
	}
	if _, failed := entities(t, as(t, "agent1/asha"), broken{}, ref("Lead", idA)); len(failed) != 1 {
		t.Errorf("one that panics: %v", failed)
	}
}

type broken struct{}

func (broken) Readable(context.Context, helix.Access, helix.RecordObject, []string) (map[string]bool, error) {
	panic("broken")
}

func TestWhoIsToldTheSubgraph(t *testing.T) {
	t.Parallel()
	for who, want := range map[string]string{
		"agent1/asha": "", "nobody/x": "", "key:crm": "", "router:": "", "": "UNAUTHENTICATED", "key:wrong": "UNAUTHENTICATED",
	} {
		service, code := rootField(t, answerTo(t, as(t, who), New(Options{}), `{ _service { sdl } }`, nil))
		if code != want {
			t.Errorf("%q: %s", who, code)
			continue
		}
		if sdl, _ := service["sdl"].(string); want == "" && (!strings.Contains(sdl, `type Lead @key(fields: "id")`) ||
			!strings.Contains(sdl, "https://specs.apollo.dev/federation/v2") || strings.Contains(sdl, "_entities") || strings.Contains(sdl, "directive @")) {
			t.Errorf("%q: %.2000s", who, sdl)
		}
	}
}

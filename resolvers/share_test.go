package resolvers

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/trace/noop"
	"go.uber.org/goleak"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/calls"
	"github.com/helix-engage/gateway/graph"
	"github.com/helix-engage/gateway/internal/auth"
	"github.com/helix-engage/gateway/internal/bus"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// members is a CRM and an agent directory: a token's text says who it is, agents by their desk.
type members struct{}

func (members) WhoAmI(_ context.Context, token string) (helix.User, string, error) {
	var claims jwt.RegisteredClaims
	_, _, err := jwt.NewParser().ParseUnverified(token, &claims)
	name, _, _ := strings.Cut(claims.Subject, "/")
	u := helix.User{ID: claims.Subject, Member: helix.MemberID(claims.Subject), Email: name}
	if name == "supervisor" {
		u.Roles = []string{name}
	}
	return u, "ours", err
}

func (members) Workspace(context.Context) (string, error) { return "ours", nil }

func (members) Seat(email string) *helix.AgentSeat {
	if strings.HasPrefix(email, "agent") {
		return &helix.AgentSeat{Agent: helix.AgentID(email), SIPExtension: "1"}
	}
	return nil
}

// as is the context of a caller: "agent1/asha" is Asha at the desk of agent1, "key:crm" the CRM, "" is nobody; each may come
// through a router: "router:agent1/asha".
func as(t *testing.T, who string) context.Context {
	t.Helper()
	a := auth.New(auth.Options{
		Identities: members{}, Directory: members{}, SupervisorRoles: []string{"supervisor"}, Now: time.Now,
		APIKeys:    []auth.APIKey{auth.NewAPIKey("crm", "crm"), auth.NewAPIKey("lab", "lab")},
		RouterKeys: []auth.APIKey{auth.NewAPIKey("router", "router")},
	})
	sent := http.Header{}
	if rest, is := strings.CutPrefix(who, "router:"); is {
		who = rest
		sent.Set(auth.HeaderRouterKey, "router")
	}
	if key, is := strings.CutPrefix(who, "key:"); is {
		sent.Set(auth.HeaderAPIKey, key)
	} else if who != "" {
		claims := jwt.MapClaims{"sub": who, "exp": time.Now().Add(time.Hour).Unix()}
		token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte("k"))
		if err != nil {
			t.Fatal(err)
		}
		sent.Set("Authorization", "Bearer "+token)
	}
	return a.With(t.Context(), auth.CredentialsIn(sent), "")
}

func prepare(t *testing.T, ctx context.Context, exec *executor.Executor, query string, variables map[string]any) *graphql.OperationContext {
	t.Helper()
	params := &graphql.RawParams{Query: query, Variables: variables}
	oc, errs := exec.CreateOperationContext(graphql.StartOperationTrace(ctx), params)
	if errs != nil {
		t.Fatal(errs)
	}
	return oc
}

func TestWhichSubscriptionsAreAnsweredTogether(t *testing.T) {
	t.Parallel()
	r := New(Options{Logger: slog.New(slog.DiscardHandler)})
	exec := executor.New(graph.NewExecutableSchema(graph.Config{Resolvers: r}))
	const plain = `subscription($after: Cursor, $agent: ID) { callEvents(after: $after, agentId: $agent) { cursor kind } }`
	reference, ok := r.Share(as(t, "supervisor/meera"), prepare(t, t.Context(), exec, plain, nil))
	if !ok || reference.Resumes {
		t.Fatalf("got %+v, %t", reference, ok)
	}
	const alone, together, apart = "alone", "together", "with others"
	cursor := helix.Cursor{Epoch: "e", Sequence: 7}.String()
	for _, c := range []struct {
		name, who, query string
		variables        map[string]any
		want             string
	}{
		{"another supervisor", "supervisor/ravi", plain, nil, together},
		{"one who resumes", "supervisor/ravi", plain, map[string]any{"after": cursor}, together},
		{"one who resumes at nothing", "supervisor/ravi", plain, map[string]any{"after": nil}, together},
		{"another agent's calls", "supervisor/ravi", plain, map[string]any{"agent": "agent2"}, apart},
		{"another document", "supervisor/ravi", plain + " ", nil, apart},
		{"an agent", "agent1/asha", plain, nil, apart},
		{"an agent who asks for his own", "agent1/asha", plain, map[string]any{"agent": "agent1"}, apart},
		{"an agent who asks for another's", "agent1/asha", plain, map[string]any{"agent": "agent2"}, alone},
		{"a member without a desk", "nobody/x", plain, nil, alone},
		{"nobody", "", plain, nil, alone},
		{"the CRM", "key:crm", plain, nil, alone},
		{"an outbound call", "key:crm", `subscription { outboundCallUpdated(id: "1") { cursor } }`, nil, alone},
		{"a cursor that is none", "supervisor/ravi", plain, map[string]any{"after": "what"}, alone},
		{"what is read with the caller's rights", "supervisor/ravi", `subscription { callEvents { ... on IncomingCall { caller { known } } } }`, nil, apart},
		{"the same in a fragment", "supervisor/ravi", `subscription { callEvents { ...I } } fragment I on IncomingCall { caller { known } }`, nil, apart},
		{"a missed call's entry", "supervisor/ravi", `subscription { callEvents { __typename ... on CallMissed { missedCall { id } } } }`, nil, apart},
		{"states of agents", "supervisor/ravi", `subscription { agentStates { cursor } }`, nil, alone},
		{"a work list", "agent1/asha", `subscription { worklistChanged { at } }`, nil, alone},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := alone
			sharing, ok := r.Share(as(t, c.who), prepare(t, t.Context(), exec, c.query, c.variables))
			switch {
			case ok && sharing.Key == reference.Key:
				got = together
			case ok:
				got = apart
			}
			if got != c.want {
				t.Fatalf("%s, want %s", got, c.want)
			}
			if _, given := c.variables["after"].(string); ok && sharing.Resumes != given {
				t.Fatalf("resumes: %t", sharing.Resumes)
			}
		})
	}
}

func TestAgentsOfOneDeskAreAnsweredTogetherAndNoOthers(t *testing.T) {
	t.Parallel()
	r := New(Options{Logger: slog.New(slog.DiscardHandler)})
	exec := executor.New(graph.NewExecutableSchema(graph.Config{Resolvers: r}))
	keys := map[string]string{}
	for _, who := range []string{"agent1/asha", "agent1/ravi", "agent2/asha", "supervisor/asha"} {
		sharing, ok := r.Share(as(t, who), prepare(t, t.Context(), exec, `subscription { callEvents { cursor } }`, nil))
		if !ok {
			t.Fatal(who)
		}
		keys[who] = sharing.Key
	}
	if keys["agent1/asha"] != keys["agent1/ravi"] {
		t.Error("one desk, two runs")
	}
	if keys["agent1/asha"] == keys["agent2/asha"] || keys["agent1/asha"] == keys["supervisor/asha"] {
		t.Error("what one sees, another gets")
	}
}

func TestWhatIsReadWithTheCallersRightsIsSharedWithinHisSessionAlone(t *testing.T) {
	t.Parallel()
	r := New(Options{Logger: slog.New(slog.DiscardHandler)})
	exec := executor.New(graph.NewExecutableSchema(graph.Config{Resolvers: r}))
	const query = `subscription { callEvents { ... on IncomingCall { caller { known } } } }`
	meera, ravi := as(t, "supervisor/meera"), as(t, "supervisor/ravi")
	share := func(ctx context.Context) Sharing {
		sharing, ok := r.Share(ctx, prepare(t, ctx, exec, query, nil))
		if !ok {
			t.Fatal("not shared")
		}
		return sharing
	}
	first := share(meera)
	if share(meera).Key != first.Key || share(ravi).Key == first.Key {
		t.Fatal("not by session")
	}
	background, cancel := context.WithCancel(context.Background())
	run, _ := first.Follow(background, true)
	if caller, err := auth.Caller(run); err != nil || caller.User.ID != "supervisor/meera" {
		t.Fatalf("the run asks as %+v, %v", caller, err)
	}
	derived, stop := context.WithCancel(run)
	defer stop()
	cancel()
	if derived.Err() == nil {
		t.Error("the run outlives its end")
	}
}

// run is a run of callEvents as a transport makes it.
type run struct {
	t         *testing.T
	ctx       context.Context
	responses graphql.ResponseHandler
	place     func() (uint64, bool)
}

func startRun(t *testing.T, ctx context.Context, exec *executor.Executor, s Sharing, oc *graphql.OperationContext, shared bool) *run {
	t.Helper()
	ctx, place := s.Follow(graphql.StartOperationTrace(ctx), shared)
	responses, ctx := exec.DispatchOperation(ctx, oc)
	if _, ok := place(); !ok {
		t.Fatal("the run did not tell where it began")
	}
	return &run{t, ctx, responses, place}
}

// next gives the next event as agent and kind, and wants its place to be that of its cursor.
func (r *run) next() string {
	r.t.Helper()
	response := r.responses(r.ctx)
	if response == nil {
		r.t.Fatal("the run has ended")
	}
	var data struct {
		CallEvents struct {
			Cursor, Kind string
			Agent        struct{ ID string }
		}
	}
	if err := json.Unmarshal(response.Data, &data); err != nil {
		r.t.Fatal(err, response.Errors)
	}
	cursor, err := helix.ParseCursor(data.CallEvents.Cursor)
	if err != nil {
		r.t.Fatal(err)
	}
	if place, ok := r.place(); !ok || place != cursor.Sequence {
		r.t.Fatalf("place %d, %t; cursor %d", place, ok, cursor.Sequence)
	}
	return data.CallEvents.Agent.ID + " " + data.CallEvents.Kind
}

func TestASharedRunIsLiveAndShowsItsAudienceAlone(t *testing.T) {
	t.Parallel()
	log := callsOf(t, busOf(t))
	r := New(Options{Calls: log, Logger: slog.New(slog.DiscardHandler)})
	exec := executor.New(graph.NewExecutableSchema(graph.Config{Resolvers: r}))
	offered := func(call, agent string) {
		t.Helper()
		err := log.Ingest(t.Context(), helix.ProviderReports{Calls: []helix.CallReport{{
			Kind: helix.ReportOffered, Provider: helix.ProviderOzonetel, ProviderCallID: call, LegID: call, Direction: helix.Inbound,
			Phone: "+919812345678", Agent: helix.AgentID(agent), At: time.Now(),
		}}})
		if err != nil {
			t.Fatal(err)
		}
	}
	// An own run of everything, to know where the log is.
	const query = `subscription($after: Cursor) { callEvents(after: $after) { cursor kind ... on IncomingCall { agent { id } } } }`
	supervisor := as(t, "supervisor/meera")
	all := prepare(t, supervisor, exec, query, nil)
	sharing, ok := r.Share(supervisor, all)
	if !ok {
		t.Fatal("not shared")
	}
	everything := startRun(t, supervisor, exec, sharing, all, true)
	offered("1", "agent1")
	if got := everything.next(); got != "agent1 INCOMING" {
		t.Fatal(got)
	}

	// Whoever begins an agent's shared run may resume himself; the run does not.
	first := helix.Cursor{Epoch: epochOf(t, log), Sequence: 0}.String()
	asha := as(t, "agent1/asha")
	resuming := prepare(t, asha, exec, query, map[string]any{"after": first})
	if sharing, ok = r.Share(asha, resuming); !ok || !sharing.Resumes {
		t.Fatalf("got %+v, %t", sharing, ok)
	}
	shared := startRun(t, t.Context(), exec, sharing, resuming, true) // no caller in its context
	own := startRun(t, asha, exec, sharing, resuming, false)
	for i, agent := range []string{"agent2", "agent1", "agent2", ""} {
		offered(fmt.Sprint("more", i), agent)
	}
	want := []string{"agent1 INCOMING", " INCOMING"}
	if diff := cmp.Diff(want, []string{shared.next(), shared.next()}); diff != "" {
		t.Errorf("shared (-want +got):\n%s", diff)
	}
	want = append([]string{"agent1 INCOMING"}, want...)
	if diff := cmp.Diff(want, []string{own.next(), own.next(), own.next()}); diff != "" {
		t.Errorf("own (-want +got):\n%s", diff)
	}
}

func epochOf(t *testing.T, s *calls.Service) string {
	t.Helper()
	stream, err := s.Stream(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return stream.Checkpoint().Cursor.Epoch
}

// around is what calls cause elsewhere: here, nothing.
type around struct{}

func (around) Record(_ context.Context, call helix.Call) (helix.MissedCall, error) {
	return helix.MissedCall{ID: call.ID, Count: 1}, nil
}
func (around) Reached(context.Context, helix.Call) error             { return nil }
func (around) Observe(context.Context, helix.AgentReport) error      { return nil }
func (around) Over(context.Context, helix.AgentID, helix.Call) error { return nil }
func (around) Name(helix.AgentID) string                             { return "" }
func (around) Submit(context.Context, ...helix.RecordWrite) error    { return nil }

func busOf(t *testing.T) *bus.Bus {
	t.Helper()
	b, err := bus.Open(t.Context(), bus.Options{Dir: t.TempDir(), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close(context.Background()) })
	return b
}

func callsOf(t *testing.T, b *bus.Bus) *calls.Service {
	t.Helper()
	s, err := calls.New(t.Context(), calls.Options{
		Bus: b, Records: around{}, Now: time.Now, Tracer: noop.NewTracerProvider().Tracer(""),
		Person: func(p helix.Phone) string { return "person" + p.Last10() },
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Wire(around{}, around{})
	runUntilTheEnd(t, s.Run)
	return s
}

func runUntilTheEnd(t *testing.T, run func(context.Context) error) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

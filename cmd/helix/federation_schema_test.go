package main

import (
	"context"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/helix-engage/gateway/sandbox"
	"github.com/helix-engage/gateway/sandbox/fortytwo"
)

// What an administrator adds can be asked for a moment later, while subscriptions that began before go on.
func TestWhatAnAdministratorAddsCanBeAskedForWhileSubscriptionsStayConnected(t *testing.T) {
	t.Parallel()
	onBothLines(t, whatIsAddedCanBeAskedFor)
}

func whatIsAddedCanBeAskedFor(t *testing.T, line fortytwo.Line) {
	t.Helper()
	f := startFederated(t, line, map[string]string{"SCHEMA_REFRESH_INTERVAL": "1h"}) // the webhook tells
	user := &deskUser{system: f.system, token: f.token, documents: map[string]string{
		"Events": `subscription($after: Cursor) { callEvents(after: $after) { kind callId } }`,
	}}
	var subscribers []func() map[string]any
	began := map[string]any{"after": f.now()}
	for range 100 {
		subscribers = append(subscribers, user.listen("Events", began))
	}
	const document = `{ leads(first: 1) { edges { node { id bloodGroup } } } }`
	if a, _ := f.post(document, nil); len(a.Errors) == 0 || a.Errors[0].Extensions["code"] != "GRAPHQL_VALIDATION_FAILED" {
		t.Fatalf("a field that is not there yet: %s %v", a.Data, a.Errors)
	}

	before := f.gateway.federation.State().Version
	f.control("/sandbox/fortytwo/fields", `{"object": "lead", "name": "bloodGroup", "label": "Blood group", "type": "TEXT"}`)
	if err := f.sandbox.FortyTwo().AddObject(fortytwo.ObjectSpec{NameSingular: "ward", NamePlural: "wards"}); err != nil {
		t.Fatal(err)
	}
	until(t, "the new schema", func() bool { return f.gateway.federation.State().Version > before+1 })
	f.whole(document, nil)
	ward := f.whole(`mutation { createWard(data: {name: "North"}) { id name } }`, nil)
	if found := nodesOf(f.whole(`{ wards { edges { node { id name } } } }`, nil)["wards"]); len(found) != 1 || found[0]["id"] != at(ward, "createWard", "id") {
		t.Errorf("wards: %v", found)
	}

	f.abandon("9812345678")
	for _, next := range subscribers {
		for event := next(); event["kind"] != "MISSED"; event = next() {
		}
	}
}

// frontDoor is FortyTwo's address, behind which it can be away or be somebody else.
type frontDoor struct {
	url       string
	transport *http.Transport
	away      atomic.Bool
	to        atomic.Pointer[httputil.ReverseProxy]
}

func newFrontDoor(t *testing.T) *frontDoor {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := &frontDoor{url: "http://" + listener.Addr().String(), transport: &http.Transport{}}
	srv := &http.Server{ReadHeaderTimeout: patience, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		proxy := d.to.Load()
		if d.away.Load() || proxy == nil {
			panic(http.ErrAbortHandler)
		}
		proxy.ServeHTTP(w, r)
	})}
	go func() { _ = srv.Serve(listener) }()
	t.Cleanup(func() { _ = srv.Close(); d.transport.CloseIdleConnections() })
	return d
}

func (d *frontDoor) open(t *testing.T, crm string) {
	t.Helper()
	target, err := url.Parse(crm)
	if err != nil {
		t.Fatal(err)
	}
	target.Path = ""
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }, Transport: d.transport}
	d.to.Store(proxy)
}

// behindDoor starts a gateway that reaches FortyTwo through a door.
func behindDoor(ctx context.Context, t *testing.T, dir string, box *sandbox.Sandbox, door *frontDoor) *federated {
	t.Helper()
	environment := sandboxEnvironment(box, unhurried(map[string]string{"DATA_DIR": filepath.Join(dir, "data"), "HOST": "127.0.0.1", "SCHEMA_REFRESH_INTERVAL": "700ms"}))
	environment["PLATFORM_GRAPHQL_URL"], environment["PLATFORM_ORIGIN"] = door.url+"/graphql", box.FortyTwoURL()
	environment["AGENTS_FILE"] = filepath.Join(dir, "agents.json")
	if err := writeAgents(box, environment["AGENTS_FILE"]); err != nil {
		t.Fatal(err)
	}
	return &federated{system: gatewayAmong(ctx, t, box, environment, nil), documents: operations(t, federatedDocuments)}
}

// ready is what /readyz says of the schema.
func (f *federated) ready() string {
	f.t.Helper()
	_, raw := f.send(http.MethodGet, "/readyz", "", "", "")
	return string(raw)
}

// told waits until /readyz says so; what it asks has little time to answer.
func (f *federated) told(what string) {
	f.t.Helper()
	until(f.t, "that /readyz says "+what, func() bool { return strings.Contains(f.ready(), what) })
}

const someLeads = `{ leads(first: 1) { edges { node { id name } } } }`

// FortyTwo away at the start: ours alone is served, or what was last read of its schema, which /readyz tells; and what it has
// when it is back.
func TestTheGatewayStartsWhileFortyTwoIsAway(t *testing.T) {
	t.Parallel()
	dir, door, box := t.TempDir(), newFrontDoor(t), startSandbox(t)
	ctx, stop := context.WithCancel(t.Context())
	alone := behindDoor(ctx, t, dir, box, door)
	if a, data := alone.post(`{ __typename }`, nil); data["__typename"] != "Query" {
		t.Fatalf("ours alone: %s %v", a.Data, a.Errors)
	}
	if a, _ := alone.post(someLeads, nil); len(a.Errors) == 0 || a.Errors[0].Extensions["code"] != "GRAPHQL_VALIDATION_FAILED" {
		t.Errorf("FortyTwo's part before it was ever read: %s %v", a.Data, a.Errors)
	}
	alone.told("its schema was not read yet")
	door.open(t, box.FortyTwoURL())
	until(t, "FortyTwo's part", func() bool { return alone.gateway.federation.State().Composed })
	alone.token = alone.signIn("asha@sandbox.test")
	alone.whole(someLeads, nil)
	stop()
	alone.wait()

	door.away.Store(true)
	again := behindDoor(t.Context(), t, dir, box, door)
	if a, _ := again.post(someLeads, nil); len(a.Errors) != 1 || a.Errors[0].Extensions["code"] != "UNAUTHENTICATED" {
		t.Errorf("FortyTwo's part as it was last read: %s %v", a.Data, a.Errors)
	}
	again.told("as an earlier process read it")
	again.token = alone.token
	if a, data := again.post(someLeads, nil); len(a.Errors) != 1 || a.Errors[0].Extensions["code"] != "UPSTREAM_UNAVAILABLE" || data["leads"] != nil {
		t.Errorf("FortyTwo is away: %s %v", a.Data, a.Errors)
	}
	door.away.Store(false)
	until(t, "FortyTwo's return", func() bool { a, _ := again.post(someLeads, nil); return len(a.Errors) == 0 })
	until(t, "the present schema", func() bool { return !strings.Contains(again.ready(), "earlier process") })
}

// FortyTwo away, or another than it was, while the gateway runs: the schema that was read goes on being served.
func TestASchemaThatCannotBeReadLeavesTheOneBefore(t *testing.T) {
	t.Parallel()
	dir, door, box := t.TempDir(), newFrontDoor(t), startSandbox(t)
	door.open(t, box.FortyTwoURL())
	f := behindDoor(t.Context(), t, dir, box, door)
	f.token = f.signIn("asha@sandbox.test")
	f.whole(someLeads, nil)
	for _, kind := range []fortytwo.FaultKind{fortytwo.FaultGarbageSchema, fortytwo.FaultEmptySchema} {
		if err := box.FortyTwo().Fail(fortytwo.Fault{Kind: kind, Count: 1000}); err != nil {
			t.Fatal(err)
		}
		if err := box.FortyTwo().AddField("lead", fortytwo.FieldSpec{Name: "made" + strings.ReplaceAll(string(kind), "-", "x"), Type: fortytwo.TypeText}); err != nil {
			t.Fatal(err)
		}
		f.gateway.federation.Changed()
		until(t, "a schema that is refused", func() bool { return f.gateway.federation.State().Err != nil })
		f.whole(someLeads, nil)
		f.told("the one before is served")
		box.FortyTwo().ClearFaults()
		until(t, "the schema in order", func() bool { return f.gateway.federation.State().Err == nil })
	}

	// Another workspace's schema has no leads: then there are none to ask for, until there are again.
	if err := box.FortyTwo().Fail(fortytwo.Fault{Kind: fortytwo.FaultOtherSchema, Count: 1000}); err != nil {
		t.Fatal(err)
	}
	if err := box.FortyTwo().AddField("lead", fortytwo.FieldSpec{Name: "other", Type: fortytwo.TypeText}); err != nil {
		t.Fatal(err)
	}
	version := f.gateway.federation.State().Version
	until(t, "what becomes of another schema", func() bool {
		s := f.gateway.federation.State()
		return s.Err != nil || s.Version != version
	})
	if _, data := f.post(`{ viewer { agent { id } } }`, nil); at(data, "viewer", "agent", "id") != "agent1" {
		t.Error("ours is not served")
	}
	box.FortyTwo().ClearFaults()
	if err := box.FortyTwo().AddField("lead", fortytwo.FieldSpec{Name: "ours", Type: fortytwo.TypeText}); err != nil {
		t.Fatal(err)
	}
	until(t, "our schema again", func() bool {
		s := f.gateway.federation.State()
		return s.Err == nil && s.Version == box.FortyTwo().MetadataVersion()
	})
	f.whole(`{ patients(first: 1) { edges { node { id } } } }`, nil)

	// Slow: the answer comes when it comes, and who does not wait costs nobody else.
	if err := box.FortyTwo().Fail(fortytwo.Fault{Kind: fortytwo.FaultDelay, RootField: "patients", Delay: 300 * time.Millisecond}); err != nil {
		t.Fatal(err)
	}
	f.whole(`{ patients(first: 1) { totalCount } }`, nil)

	door.away.Store(true)
	if a, data := f.post(`{ viewer { agent { id } } patients(first: 1) { totalCount } }`, nil); len(a.Errors) != 1 || at(data, "viewer", "agent", "id") != "agent1" {
		t.Errorf("FortyTwo died: %s %v", a.Data, a.Errors)
	}
	door.away.Store(false)
	until(t, "FortyTwo's return", func() bool { a, _ := f.post(`{ patients(first: 1) { totalCount } }`, nil); return len(a.Errors) == 0 })
}

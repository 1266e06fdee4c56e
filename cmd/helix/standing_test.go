package main

import (
	"fmt"
	"net"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/auth"
)

// emptying is an agent directory from which everybody is taken out at once.
type emptying struct {
	auth.Directory
	empty atomic.Bool
}

func (d *emptying) Seat(email string) *helix.AgentSeat {
	if d.empty.Load() {
		return nil
	}
	return d.Directory.Seat(email)
}

// subscriber listens in two ways: to agents' states by a run of its own, to calls by one that it shares.
type subscriber struct {
	socket *wire
	heard  map[string]bool   // which of the two
	ended  map[string]string // the code that each ended with
}

func subscribeBoth(t *testing.T, s *system, email string) *subscriber {
	t.Helper()
	sub := &subscriber{socket: openSocket(t, s), heard: map[string]bool{}, ended: map[string]string{}}
	sub.socket.hello(s.signIn(email))
	sub.socket.subscribe("states", `subscription { agentStates { agent { id } } }`, nil)
	sub.socket.subscribe("calls", `subscription { callEvents { kind } }`, nil)
	calls := 0
	until(t, email+" hears of both", func() bool {
		calls++
		missed := helix.CallReport{ // everybody's to see
			Kind: helix.ReportAbandoned, Provider: helix.ProviderOzonetel, ProviderCallID: fmt.Sprint(email, calls), Direction: helix.Inbound,
			Phone: "+919800000001", At: time.Now(), EndedAt: time.Now(),
		}
		if err := s.gateway.calls.Ingest(t.Context(), helix.ProviderReports{Calls: []helix.CallReport{missed}}); err != nil {
			t.Fatal(err)
		}
		sub.take()
		return sub.heard["states"] && sub.heard["calls"]
	})
	return sub
}

// take notes what has come.
func (sub *subscriber) take() {
	for m, come, _ := sub.socket.next(); come; m, come, _ = sub.socket.next() {
		switch m.Type {
		case "next":
			sub.heard[m.ID] = true
		case "error":
			sub.ended[m.ID] = codeIn(sub.socket.t, []byte(`{"errors": `+string(m.Payload)+`}`))
		}
	}
}

func (sub *subscriber) endedWith(code string) bool {
	sub.take()
	return len(sub.ended) == 2 && sub.ended["states"] == code && sub.ended["calls"] == code
}

func (sub *subscriber) goesOn() bool {
	sub.take()
	return len(sub.ended) == 0
}

// Rights are looked at again while a subscription lasts, and it ends with those that it began with.
func TestSubscriptionsEndWithTheRightsTheyBeganWith(t *testing.T) {
	t.Parallel()
	box := startSandbox(t)
	var ahead atomic.Int64 // of the clock by which answers about callers are believed for a minute
	directory := &emptying{}
	dir := t.TempDir()
	environment := sandboxEnvironment(box, unhurried(map[string]string{"DATA_DIR": filepath.Join(dir, "data"), "HOST": "127.0.0.1"}))
	environment["AGENTS_FILE"] = filepath.Join(dir, "agents.json")
	if err := writeAgents(box, environment["AGENTS_FILE"]); err != nil {
		t.Fatal(err)
	}
	s := gatewayAmong(t.Context(), t, box, environment, func(g *Gateway, listener net.Listener) error {
		directory.Directory = g.cfg.Directory
		g.auth = auth.New(auth.Options{
			Identities: g.fortyTwo, Directory: directory, SupervisorRoles: g.cfg.Agents.SupervisorRoles,
			Now: func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) },
		})
		return g.buildServer(listener)
	})
	meera, asha := subscribeBoth(t, s, "meera@sandbox.test"), subscribeBoth(t, s, "asha@sandbox.test")
	recheck := func() {
		ahead.Add(int64(40 * time.Second)) // and ten more until a round, ten for the answer: a minute at most
		s.gateway.graphQL.Recheck(t.Context())
	}
	recheck()
	if !meera.goesOn() || !asha.goesOn() {
		t.Fatalf("ended without a reason: %v, %v", meera.ended, asha.ended)
	}
	if err := box.FortyTwo().SetRole("meera@sandbox.test", "Agent"); err != nil {
		t.Fatal(err)
	}
	recheck()
	until(t, "the subscriptions of who is no supervisor any more end", func() bool { return meera.endedWith(forbidden) })
	if !asha.goesOn() {
		t.Fatalf("those of another end: %v", asha.ended)
	}
	directory.empty.Store(true)
	recheck()
	until(t, "the subscriptions of who is no agent any more end", func() bool { return asha.endedWith(forbidden) })
	if err := box.FortyTwo().SetRole("meera@sandbox.test", "Supervisor"); err != nil {
		t.Fatal(err)
	}
	meera = subscribeBoth(t, s, "meera@sandbox.test")
	box.FortyTwo().ExpireTokens()
	recheck()
	until(t, "the subscriptions of a token that was withdrawn end", func() bool { return meera.endedWith(unauthenticated) })
}

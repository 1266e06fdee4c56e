package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"os/exec"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/sandbox"
	"github.com/helix-engage/gateway/sandbox/knowlarity"
	"github.com/helix-engage/gateway/sandbox/outboundday"
)

// processes are emulators with a gateway that is a process of its own, and may be killed and begun again.
type processes struct {
	t           *testing.T
	box         *sandbox.Sandbox
	port        string
	environment map[string]string
	start       string // the CRM's document
}

func startProcesses(t *testing.T, environment map[string]string) *processes {
	t.Helper()
	box := startSandbox(t)
	p := &processes{t: t, box: box, port: freePort(t), start: operations(t, outboundday.Documents)["StartOutboundCall"]}
	all := unhurried(map[string]string{
		"DATA_DIR": t.TempDir(), "HOST": "127.0.0.1", "SERVER_WEBSOCKET_URL": "ws://127.0.0.1:" + p.port, "OUTBOUND_CONCURRENCY": "100",
		"OUTBOUND_RETRY_BUSY": "1s", "OUTBOUND_GREETINGS": "",
	})
	maps.Copy(all, environment)
	p.environment = sandboxEnvironment(box, all)
	base := "http://127.0.0.1:" + p.port
	box.SetWebhooks(sandbox.Webhooks{
		Knowlarity: base + pathKnowlarity + "/" + sandboxWebhookSecret, ElevenLabs: base + pathElevenLabs, ElevenLabsSecret: sandboxWebhookSecret,
	})
	return p
}

// child begins the gateway.
func (p *processes) child() *exec.Cmd {
	_, child := startChildOn(p.t, p.port, p.environment)
	return child
}

// successor takes the directory over, in this process, with a clock that is ahead.
func (p *processes) successor(ahead *atomic.Int64) *Gateway {
	p.t.Helper()
	cfg, err := LoadConfig(p.environment)
	if err != nil {
		p.t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	listener, err := listen(p.t.Context(), "127.0.0.1:"+p.port)
	if err != nil {
		p.t.Fatal(err)
	}
	g, err := newGateway(p.t.Context(), cfg, func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }, listener, log)
	if err != nil {
		p.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	running := make(chan error, 1)
	go func() { running <- g.Run(ctx) }()
	p.t.Cleanup(func() {
		stop()
		if err := <-running; err != nil {
			p.t.Error(err)
		}
		if err := g.Close(); err != nil {
			p.t.Error(err)
		}
	})
	return g
}

// asks sends the CRM's request; "" when it was not answered.
func (p *processes) asks(client *http.Client, key, phone string) (id string, replayed bool) {
	body, err := json.Marshal(map[string]any{"query": p.start, "variables": wishOfTheCRM(key, phone)})
	if err != nil {
		return "", false
	}
	request, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, "http://127.0.0.1:"+p.port+"/graphql", bytes.NewReader(body))
	if err != nil {
		return "", false
	}
	request.Header.Set("Content-Type", inJSON)
	request.Header.Set("X-Api-Key", sandboxCRMKey)
	response, err := client.Do(request)
	if err != nil {
		return "", false
	}
	defer func() { _ = response.Body.Close() }()
	var answer map[string]any
	if json.NewDecoder(response.Body).Decode(&answer) != nil {
		return "", false
	}
	id, _ = at(answer, "data", "startOutboundCall", "outboundCall", "id").(string)
	replayed, _ = at(answer, "data", "startOutboundCall", "replayed").(bool)
	return id, replayed
}

// Whatever the instant at which the gateway is killed, every call that was accepted comes to its end, no attempt is dialled
// twice, and its key answers with it.
func TestKill9LosesNoOutboundCallAndRepeatsNoDial(t *testing.T) {
	t.Parallel()
	p := startProcesses(t, nil)
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: patience}
	const rounds, patients = 3, 12
	phone := func(round, i int) string { return fmt.Sprintf("+9198%02d%06d", round+1, i) }
	for round := range rounds {
		for i := range patients {
			scripts := []knowlarity.Script{soon(1500 * time.Millisecond)}
			if i%3 == 0 {
				scripts = append([]knowlarity.Script{{Outcome: knowlarity.Busy, Ring: 10 * time.Millisecond}}, scripts...)
			}
			if err := p.box.Knowlarity().SetScripts(phone(round, i), scripts...); err != nil {
				t.Fatal(err)
			}
		}
	}

	accepted := map[string]string{} // the calls, by the patient's number
	for round := range rounds {
		child := p.child()
		var killed sync.Once // some time after the first call was accepted
		kill := func() {
			killed.Do(func() {
				time.AfterFunc(time.Duration(rand.IntN(1500))*time.Millisecond, func() { _ = child.Process.Kill() })
			})
		}
		var mu sync.Mutex
		var askers sync.WaitGroup
		tick := time.NewTicker(40 * time.Millisecond) // so that a kill finds calls at every stage
		for i := range patients {
			<-tick.C
			askers.Go(func() {
				if id, _ := p.asks(client, phone(round, i), phone(round, i)); id != "" {
					mu.Lock()
					accepted[phone(round, i)] = id
					mu.Unlock()
					kill()
				}
			})
		}
		tick.Stop()
		askers.Wait()
		kill()
		_ = child.Wait()
		transport.CloseIdleConnections() // to who is dead
	}
	if len(accepted) == 0 {
		t.Fatal("nothing was accepted before the kills")
	}

	var ahead atomic.Int64
	g := p.successor(&ahead)
	until(t, "the successor", func() bool { return g.voice.outbound.Reconcile(t.Context()) == nil })
	for number, id := range accepted {
		if again, replayed := p.asks(client, number, number); again != id || !replayed {
			t.Errorf("the key of call %s answers with %s, replayed: %v", id, again, replayed)
		}
	}
	// What was queued is dialled; then the time of what nobody tells of is over.
	waits := func(fits func(helix.OutboundCall) bool) func() bool {
		return func() bool {
			for _, id := range accepted {
				if c, err := g.voice.outbound.Get(t.Context(), helix.CallID(id)); err != nil || !fits(c) {
					return false
				}
			}
			return true
		}
	}
	// A dial that the killed process had taken is handed out again after a minute.
	until(t, "the dials", waits(func(c helix.OutboundCall) bool { return c.State != helix.OutboundInitiating }))
	ahead.Store(int64(12 * time.Minute))
	until(t, "the ends", waits(func(c helix.OutboundCall) bool { return c.State.Final() }))

	placed := map[string]int{}
	for _, c := range p.box.Knowlarity().Calls() {
		placed[c.Session]++
	}
	outcomes := map[helix.OutboundReason]int{}
	for number, id := range accepted {
		c, err := g.voice.outbound.Get(t.Context(), helix.CallID(id))
		if err != nil {
			t.Fatal(err)
		}
		outcomes[c.EndReason]++
		if placed[id] > len(c.Attempts) {
			t.Errorf("%s was dialled %d times in %d attempts: %+v", number, placed[id], len(c.Attempts), c.Timeline)
		}
		for _, a := range c.Attempts[:max(0, len(c.Attempts)-1)] {
			if a.Outcome != helix.ReasonBusy {
				t.Errorf("an attempt that ended with %q was followed by another: %+v", a.Outcome, c.Timeline)
			}
		}
	}
	t.Logf("%d calls survived %d kills: %v", len(accepted), rounds, outcomes)
}

// A gateway that is told to stop in mid-call ends the call politely within its time, and notes how.
func TestSIGTERMInMidCallDrainsAndNotesTheEnd(t *testing.T) {
	t.Parallel()
	p := startProcesses(t, map[string]string{"DRAIN_TIMEOUT": "30s", "DRAIN_DELAY": "0s"})
	const short, long = "+919800001001", "+919800001002"
	for number, script := range map[string]knowlarity.Script{short: soon(1500 * time.Millisecond), long: soon(0)} {
		if err := p.box.Knowlarity().SetScripts(number, script); err != nil {
			t.Fatal(err)
		}
	}
	child := p.child()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	ends, _ := p.asks(client, "ends", short)
	stays, _ := p.asks(client, "stays", long)
	until(t, "their talk", func() bool {
		heard := 0
		for _, c := range p.box.Knowlarity().Calls() {
			if c.Played > 0 {
				heard++
			}
		}
		return heard == 2
	})
	began := time.Now()
	if err := child.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := child.Wait(); err != nil {
		t.Errorf("it did not end well: %v", err)
	}
	if took := time.Since(began); took > patience {
		t.Errorf("it took %v", took)
	}
	g := p.successor(new(atomic.Int64))
	for id, reason := range map[string]helix.OutboundReason{ends: helix.ReasonPatientHungUp, stays: helix.ReasonVoiceFailed} {
		c, err := g.voice.outbound.Get(t.Context(), helix.CallID(id))
		if err != nil || !c.State.Final() || c.EndReason != reason || c.Recording == "" {
			t.Errorf("%v, %s %s: %+v", err, c.State, c.EndReason, c.Timeline)
		}
	}
}

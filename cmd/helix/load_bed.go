package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"

	"github.com/helix-engage/gateway/sandbox"
	"github.com/helix-engage/gateway/sandbox/fortytwo"
	"github.com/helix-engage/gateway/sandbox/load"
)

// bed is what a measurement stands on: emulators in this process and a gateway in another.
type bed struct {
	gateway *load.Gateway
	proxy   *load.Proxy // in front of FortyTwo; nil unless asked for
	front   *load.Front // in front of FortyTwo; nil unless asked for
	box     *sandbox.Sandbox
	targets load.Targets // of Ozonetel's pushes
	agent   string       // e-mail of a member who is an agent
	dir     string       // holds the gateway's log

	environment map[string]string // the gateway's
}

type bedOptions struct {
	dir         string // where the bed's own directory is made
	gatewayCPUs []int
	proxied     bool // the gateway reaches FortyTwo through a proxy that times
	fronted     bool // the gateway reaches FortyTwo through a front that answers what it has heard before

	// prepare changes the emulators before the gateway starts. Nil changes nothing.
	prepare func(*sandbox.Sandbox) error

	// change has the last word about the gateway's environment; dir is the bed's own directory. Nil changes nothing.
	change func(environment map[string]string, dir string)
}

// withBed starts everything, measures, and clears everything away.
func withBed(ctx context.Context, p process, o bedOptions, measure func(context.Context, *bed) error) (err error) {
	dir, err := os.MkdirTemp(o.dir, "helix-load-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	line, err := fortytwo.ParseLine(p.environment["SANDBOX_FORTYTWO_LINE"])
	if err != nil {
		return err
	}
	box, err := sandbox.New(sandbox.Options{
		Seed: 1, Traffic: sandbox.TrafficOff, Logger: slog.New(slog.DiscardHandler),
		// The limit of line 1.5 is for each user, and a load is few users.
		FortyTwoLine: line, FortyTwoRate: fortytwo.RateLimit{Off: line == fortytwo.Line15},
	}.OnFreePorts())
	if err != nil {
		return err
	}
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan error, 1)
	go func() { ended <- box.Run(running) }()
	defer func() {
		stop()
		err = errors.Join(err, <-ended)
	}()
	b := &bed{dir: dir, agent: box.Agents()[0].Email, box: box}
	if o.prepare != nil {
		if err := o.prepare(box); err != nil {
			return err
		}
	}
	environment, err := loadEnvironment(box, p.environment, dir)
	if err != nil {
		return err
	}
	if o.proxied {
		if b.proxy, err = load.StartProxy(ctx, box.FortyTwoURL()); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, b.proxy.Close()) }()
		environment["PLATFORM_GRAPHQL_URL"] = b.proxy.URL + "/graphql"
	}
	if o.fronted {
		if b.front, err = load.StartFront(ctx, box.FortyTwoURL()); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, b.front.Close()) }()
		environment["PLATFORM_GRAPHQL_URL"] = b.front.URL + "/graphql"
	}
	if o.change != nil {
		o.change(environment, dir)
	}
	b.environment = environment
	if b.gateway, err = b.start(ctx, load.StartGateway, o.gatewayCPUs, p.stderr, "serve"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.gateway.Stop()) }()
	b.targets = load.Targets{
		Events: b.gateway.URL + pathEvents + "/" + sandboxWebhookSecret, CDR: b.gateway.URL + pathCDR + "/" + sandboxWebhookSecret,
	}
	return measure(ctx, b)
}

// start runs a command of this program in a process of its own.
func (b *bed) start(
	ctx context.Context, how func(context.Context, load.GatewayOptions) (*load.Gateway, error), cpus []int, stderr io.Writer, args ...string,
) (*load.Gateway, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	env := make([]string, 0, len(b.environment))
	for name, value := range b.environment {
		env = append(env, name+"="+value)
	}
	return how(context.WithoutCancel(ctx), load.GatewayOptions{
		Path: program, Args: args, Env: env, Dir: b.dir, CPUs: cpus, Stderr: stderr,
	})
}

// loadEnvironment is what the gateway is configured with: as in the sandbox, with limits that a load does not meet.
func loadEnvironment(box *sandbox.Sandbox, environment map[string]string, dir string) (map[string]string, error) {
	all := map[string]string{
		"LOG_LEVEL": "error", "MISSED_QUEUE_POLL_INTERVAL_MS": "30000",
		"LIMIT_REQUESTS_PER_MINUTE": "1000000", "LIMIT_REQUEST_BURST": "100000", "LIMIT_SIGN_INS_PER_MINUTE": "1000",
	}
	maps.Copy(all, environment)
	for _, name := range []string{"NATS_URL", "PUBLIC_URL"} {
		delete(all, name)
	}
	all = sandboxEnvironment(box, all)
	all["DATA_DIR"] = filepath.Join(dir, "data")
	all["WEBHOOK_SECRET_OZONETEL"] = sandboxWebhookSecret
	all["AGENTS_FILE"] = filepath.Join(dir, "agents.json")
	return all, writeAgents(box, all["AGENTS_FILE"])
}

// writeAgents writes the directory of those members whom people play.
func writeAgents(box *sandbox.Sandbox, path string) error {
	agents := map[string]map[string]string{}
	for _, a := range box.Agents() {
		if a.Email != "" {
			agents[a.Email] = map[string]string{"agentId": a.ID, "password": a.Password, "sipExtension": a.Extension}
		}
	}
	raw, err := json.Marshal(agents)
	if err != nil {
		return err
	}
	return os.WriteFile(path, raw, 0o600)
}

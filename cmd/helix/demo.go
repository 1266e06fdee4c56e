package main

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/helix-engage/gateway/internal/telemetry"
	"github.com/helix-engage/gateway/sandbox"
	"github.com/helix-engage/gateway/sandbox/day"
	"github.com/helix-engage/gateway/sandbox/outboundday"
)

// demoHistory is how many calls of yesterday there are to look back on: with the demo's seed the first of them that was
// missed would be the 26th, and wait in the queue before anybody of today.
const demoHistory = 24

// demo plays a day of two agents and their supervisor.
func demo(ctx context.Context, p process) error {
	return play(ctx, p, func(ctx context.Context, s *sandboxed, url string) error {
		return day.Play(ctx, day.Options{
			GraphQL: url + "/graphql", Control: s.sandbox.ControlURL(), FortyTwo: s.sandbox.FortyTwoURL(), Out: p.stdout, Yesterday: demoHistory,
		})
	})
}

// demoOutbound plays outbound AI calls that a CRM asks for.
func demoOutbound(ctx context.Context, p process) error {
	return play(ctx, p, func(ctx context.Context, s *sandboxed, url string) error {
		return outboundday.Play(ctx, outboundday.Options{
			GraphQL: url + "/graphql", Key: sandboxCRMKey, Control: s.sandbox.ControlURL(),
			FortyTwo: s.sandbox.FortyTwoURL(), FortyTwoKey: s.sandbox.FortyTwoAPIKey(), Out: p.stdout,
		})
	})
}

// play plays a story against a sandbox of its own, on free ports and without traffic of its own.
func play(ctx context.Context, p process, story func(ctx context.Context, s *sandboxed, url string) error) error {
	log, err := telemetry.NewLogger(p.stderr, telemetry.LogOptions{Level: "error"})
	if err != nil {
		return err
	}
	environment := maps.Clone(p.environment)
	delete(environment, "DATA_DIR")
	delete(environment, "NATS_URL")
	environment, cleanUp, err := withDataDir(environment)
	if err != nil {
		return err
	}
	defer cleanUp()
	listener, err := listen(ctx, "127.0.0.1:0")
	if err != nil {
		return err
	}
	s, err := newSandboxed(ctx, sandbox.Options{
		Seed: 1, Traffic: sandbox.TrafficOff, History: demoHistory, Logger: log,
	}.OnFreePorts(), environment, listener, log)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- s.run(ctx, log) }()
	err = story(ctx, s, "http://"+listener.Addr().String())
	stop()
	err = errors.Join(err, <-ended)
	if err == nil {
		_, err = fmt.Fprintln(p.stdout, "\nEverything went as it should.")
	}
	return err
}

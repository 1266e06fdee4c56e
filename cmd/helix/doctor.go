package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/helix-engage/gateway/internal/server"
)

// askWithin bounds each question of doctor and healthcheck.
const askWithin = 10 * time.Second

// doctor checks the configuration and asks each provider. It changes nothing and opens no data directory, so it can be
// run beside a gateway.
func doctor(ctx context.Context, p process) error {
	cfg, err := LoadConfig(p.environment)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintln(p.stdout, "configuration: ok;", cfg.Directory)
	log, err := logger(p.stderr, cfg)
	if err != nil {
		return err
	}
	g := &Gateway{cfg: cfg, log: log, now: time.Now}
	defer func() { _ = g.Close() }()
	if err := g.buildTelemetry(ctx); err != nil {
		return err
	}
	if err := g.buildProviders(nil); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	sick := false
	report := func(name string, state server.State, detail string) {
		_, _ = fmt.Fprintf(p.stdout, "%s: %s %s\n", name, state, detail)
		sick = sick || state != server.StateUp
	}
	_ = g.fortyTwo.Resolve(ctx) // its outcome is in the state
	state, detail := fortyTwoState(g.fortyTwo.State())
	report("fortytwo", state, detail)
	if len(cfg.FortyTwo.WebhookSecrets) == 0 {
		_, _ = fmt.Fprintln(p.stdout, "fortytwo webhook: no secret; edits made there are noticed within five minutes. Set WEBHOOK_SECRET_FORTYTWO")
	}
	switch _, err := g.ozonetel.AgentStates(ctx); {
	case !g.ozonetel.Configured():
		report("ozonetel", server.StateNotConfigured, "set OZONETEL_API_KEY and OZONETEL_USERNAME")
	case err != nil:
		report("ozonetel", server.StateDown, err.Error())
	default:
		report("ozonetel", server.StateUp, "")
		g.reportCampaign(ctx, report)
	}
	if sick {
		return fmt.Errorf("not everything works")
	}
	return nil
}

// reportCampaign tells whether the campaign of manual calls runs: one that is stopped refuses every dial.
func (g *Gateway) reportCampaign(ctx context.Context, report func(name string, state server.State, detail string)) {
	campaign, err := g.ozonetel.CampaignStatus(ctx, g.cfg.Agents.Campaign)
	if err != nil {
		report("campaign", server.StateDown, err.Error())
		return
	}
	report("campaign", server.StateUp, campaign.Name+" is "+campaign.Position)
}

// healthcheck asks the gateway of this container whether it is alive.
func healthcheck(ctx context.Context, p process) error {
	cfg, err := LoadConfig(p.environment)
	if err != nil {
		return err
	}
	host := cfg.Server.Host
	if host == "" || net.ParseIP(host).IsUnspecified() {
		host = "127.0.0.1"
	}
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	url := "http://" + net.JoinHostPort(host, strconv.Itoa(cfg.Server.Port)) + "/healthz"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	if err := res.Body.Close(); err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("the gateway answered %s", res.Status)
	}
	return nil
}

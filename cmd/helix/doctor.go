package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/helix-engage/gateway/internal/server"
	"github.com/helix-engage/gateway/providers/ozonetel"
)

// askWithin bounds each question of doctor and healthcheck.
const askWithin = 10 * time.Second

// report tells one finding.
type report func(name string, state server.State, detail string)

// doctor checks the configuration and asks each provider. It changes nothing and opens no data directory, so it can be
// run beside a gateway.
//
// Where Ozonetel's account works with tokens, asking it would make a new one, which ends the one that a running gateway
// uses, and an hour has ten (ozonetel.md 1). So the gateway on this machine is asked how Ozonetel does instead; -live
// asks Ozonetel itself.
func doctor(ctx context.Context, p process) error {
	flags := flag.NewFlagSet("helix doctor", flag.ContinueOnError)
	flags.SetOutput(p.stderr)
	live := flags.Bool("live", false, "ask Ozonetel itself, although a new token ends the one that running gateways use")
	if err := flags.Parse(p.args); err != nil {
		return errUsage
	}
	if flags.NArg() > 0 {
		flags.Usage()
		return errUsage
	}
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
	tell := func(name string, state server.State, detail string) {
		_, _ = fmt.Fprintf(p.stdout, "%s: %s %s\n", name, state, detail)
		sick = sick || state != server.StateUp
	}
	_ = g.fortyTwo.Resolve(ctx) // its outcome is in the state
	state, detail := fortyTwoState(g.fortyTwo.State())
	tell("fortytwo", state, detail)
	switch {
	case !g.ozonetel.Configured():
		tell("ozonetel", server.StateNotConfigured, "set OZONETEL_API_KEY and OZONETEL_USERNAME")
	case *live || cfg.Ozonetel.AuthMode != string(ozonetel.AuthToken):
		g.askOzonetel(ctx, tell)
	default:
		state, detail, err := ozonetelOf(ctx, cfg)
		if err != nil {
			_, _ = fmt.Fprintln(p.stdout, "ozonetel: not asked; no gateway answers on this machine, and asking Ozonetel would end the token of one elsewhere. "+
				"helix doctor -live asks")
			break
		}
		tell("ozonetel", state, strings.TrimSpace(detail+" (says the gateway that runs here; helix doctor -live asks Ozonetel itself)"))
	}
	if sick {
		return fmt.Errorf("not everything works")
	}
	return nil
}

// askOzonetel asks the account itself.
func (g *Gateway) askOzonetel(ctx context.Context, tell report) {
	if _, err := g.ozonetel.AgentStates(ctx); err != nil {
		tell("ozonetel", server.StateDown, err.Error())
		return
	}
	tell("ozonetel", server.StateUp, "")
	g.reportCampaign(ctx, tell)
}

// ozonetelOf asks the gateway on this machine how Ozonetel did when it was last asked.
func ozonetelOf(ctx context.Context, cfg Config) (server.State, string, error) {
	res, err := askOurselves(ctx, cfg, "/readyz")
	if err != nil {
		return "", "", err
	}
	defer func() { _ = res.Body.Close() }()
	var told struct {
		Checks map[string]struct {
			State  server.State `json:"state"`
			Detail string       `json:"detail"`
		} `json:"checks"`
	}
	if err := json.NewDecoder(io.LimitReader(res.Body, maxReadiness)).Decode(&told); err != nil {
		return "", "", err
	}
	found, ok := told.Checks["ozonetel"]
	if !ok {
		return "", "", fmt.Errorf("who answers here is no gateway")
	}
	return found.State, found.Detail, nil
}

// maxReadiness bounds the answer of /readyz, in bytes.
const maxReadiness = 64 << 10

// reportCampaign tells whether the campaign of manual calls runs: one that is stopped refuses every dial.
func (g *Gateway) reportCampaign(ctx context.Context, tell report) {
	campaign, err := g.ozonetel.CampaignStatus(ctx, g.cfg.Agents.Campaign)
	if err != nil {
		tell("campaign", server.StateDown, err.Error())
		return
	}
	tell("campaign", server.StateUp, campaign.Name+" is "+campaign.Position)
}

// healthcheck asks the gateway of this container whether it is alive.
func healthcheck(ctx context.Context, p process) error {
	cfg, err := LoadConfig(p.environment)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	res, err := askOurselves(ctx, cfg, "/healthz")
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

// askOurselves asks the gateway that runs on this machine with this configuration. The caller closes the body.
func askOurselves(ctx context.Context, cfg Config, path string) (*http.Response, error) {
	host := cfg.Server.Host
	if host == "" || net.ParseIP(host).IsUnspecified() {
		host = "127.0.0.1"
	}
	url := "http://" + net.JoinHostPort(host, strconv.Itoa(cfg.Server.Port)) + path
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	return http.DefaultClient.Do(req)
}

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

// askWithin bounds what doctor and healthcheck ask of one system.
const askWithin = 10 * time.Second

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
	if err := g.buildVoiceProviders(); err != nil {
		return err
	}
	c := checkup{g: g, out: p.stdout, within: askWithin}
	c.askFortyTwo(ctx)
	c.askAboutOzonetel(ctx, *live)
	c.askVoice(ctx)
	if c.sick {
		return fmt.Errorf("not everything works")
	}
	return nil
}

// checkup asks providers one after the other and tells what it finds.
type checkup struct {
	g      *Gateway
	out    io.Writer
	within time.Duration // for each provider, so that one that hangs takes no time from the next
	sick   bool          // whether something that was told needs mending
}

// tell tells a finding. What is not up needs mending.
func (c *checkup) tell(name string, state server.State, detail string) {
	c.say(name, state, detail)
	c.sick = c.sick || state != server.StateUp
}

// say tells what is as it may be.
func (c *checkup) say(name string, state server.State, detail string) {
	_, _ = fmt.Fprintln(c.out, strings.TrimSpace(fmt.Sprintf("%s: %s %s", name, state, detail)))
}

func (c *checkup) askFortyTwo(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, c.within)
	defer cancel()
	_ = c.g.fortyTwo.Resolve(ctx) // its outcome is in the state
	state, detail := fortyTwoState(c.g.fortyTwo.State())
	c.tell("fortytwo", state, detail)
}

// askAboutOzonetel asks the gateway on this machine, or the account where that takes no token from a gateway or is wanted.
func (c *checkup) askAboutOzonetel(ctx context.Context, live bool) {
	ctx, cancel := context.WithTimeout(ctx, c.within)
	defer cancel()
	switch {
	case !c.g.ozonetel.Configured():
		c.tell("ozonetel", server.StateNotConfigured, "set OZONETEL_API_KEY and OZONETEL_USERNAME")
	case live || c.g.cfg.Ozonetel.AuthMode != string(ozonetel.AuthToken):
		c.askOzonetel(ctx)
	default:
		state, detail, err := ozonetelOf(ctx, c.g.cfg)
		if err != nil {
			_, _ = fmt.Fprintln(c.out, "ozonetel: not asked; no gateway answers on this machine, and asking Ozonetel would end the token of one elsewhere. "+
				"helix doctor -live asks")
			return
		}
		c.tell("ozonetel", state, strings.TrimSpace(detail+" (says the gateway that runs here; helix doctor -live asks Ozonetel itself)"))
	}
}

// askOzonetel asks the account itself.
func (c *checkup) askOzonetel(ctx context.Context) {
	if _, err := c.g.ozonetel.AgentStates(ctx); err != nil {
		c.tell("ozonetel", server.StateDown, err.Error())
		return
	}
	c.tell("ozonetel", server.StateUp, "")
	c.askCampaign(ctx)
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

// askCampaign tells whether the campaign of manual calls runs: one that is stopped refuses every dial.
func (c *checkup) askCampaign(ctx context.Context) {
	campaign, err := c.g.ozonetel.CampaignStatus(ctx, c.g.cfg.Agents.Campaign)
	if err != nil {
		c.tell("campaign", server.StateDown, err.Error())
		return
	}
	c.tell("campaign", server.StateUp, campaign.Name+" is "+campaign.Position)
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

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/server"
	"github.com/helix-engage/gateway/sandbox"
	"github.com/helix-engage/gateway/sandbox/elevenlabs"
	"github.com/helix-engage/gateway/sandbox/fortytwo"
	"github.com/helix-engage/gateway/sandbox/knowlarity"
)

// What the acceptance documents say of the sandbox.
const (
	sandboxAddress       = "127.0.0.1:4100"
	sandboxWebhookSecret = "sandbox-webhook-secret"
	sandboxCRMKey        = "sandbox-crm-key"
	sandboxSecret        = "the sandbox keeps no secrets, 32 bytes at least"
)

// sandboxed is a gateway among emulators, in one process.
type sandboxed struct {
	gateway *Gateway
	sandbox *sandbox.Sandbox
}

// newSandboxed starts listening: the emulators first, then a gateway that is configured to use them. What environment
// sets wins over what the sandbox would choose, the addresses of the emulators apart.
func newSandboxed(ctx context.Context, o sandbox.Options, environment map[string]string, listener net.Listener, log *slog.Logger) (*sandboxed, error) {
	return newSandboxedAt(ctx, o, environment, time.Now, listener, log)
}

// newSandboxedAt lets the gateway have a clock of its own.
func newSandboxedAt(
	ctx context.Context, o sandbox.Options, environment map[string]string, now func() time.Time, listener net.Listener, log *slog.Logger,
) (_ *sandboxed, err error) {
	box, err := sandbox.New(o)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, box.Close(), listener.Close())
		}
	}()
	base := "http://" + listener.Addr().String()
	all := sandboxEnvironment(box, environment)
	all["PUBLIC_URL"], all["SERVER_WEBSOCKET_URL"] = base, "ws://"+listener.Addr().String()
	cfg, err := LoadConfig(all)
	if err != nil {
		return nil, err
	}
	cfg.Directory = sandboxDirectory(box)
	g, err := newGateway(ctx, cfg, now, listener, log)
	if err != nil {
		return nil, err
	}
	box.SetWebhooks(sandbox.Webhooks{
		OzonetelEvents: base + pathEvents + "/" + sandboxWebhookSecret, OzonetelCDR: base + pathCDR + "/" + sandboxWebhookSecret,
		OzonetelPop: base + pathPop + "/" + sandboxWebhookSecret,
		FortyTwo:    base + pathEdits, FortyTwoSecret: sandboxWebhookSecret,
		Knowlarity: base + pathKnowlarity + "/" + sandboxWebhookSecret,
		ElevenLabs: base + pathElevenLabs, ElevenLabsSecret: sandboxWebhookSecret,
	})
	return &sandboxed{gateway: g, sandbox: box}, nil
}

// run runs everything until ctx ends; the gateway stops before the emulators.
func (s *sandboxed) run(ctx context.Context, log *slog.Logger) error {
	return errors.Join(server.RunComponents(
		ctx, log,
		server.Component{Name: "sandbox", Run: s.sandbox.Run},
		server.Component{Name: "gateway", Run: s.gateway.Run, StopWithin: s.gateway.cfg.Server.DrainTimeout + closeWithin},
	), s.gateway.Close())
}

// sandboxEnvironment is what a gateway among emulators is configured with.
func sandboxEnvironment(box *sandbox.Sandbox, environment map[string]string) map[string]string {
	account, dialler := box.OzonetelAccount(), box.Knowlarity().Account()
	all := map[string]string{
		"HELIX_SECRET": sandboxSecret, "WEBHOOK_SECRET_OZONETEL": sandboxWebhookSecret, "WEBHOOK_SECRET_FORTYTWO": sandboxWebhookSecret,
		"SUPERVISOR_ROLES":              "Supervisor",
		"CRM_API_KEYS":                  sandboxCRMKey,
		"MISSED_QUEUE_POLL_INTERVAL_MS": "1000", "DRAIN_TIMEOUT": "5s", "LOG_LEVEL": "warn",
		"WEBHOOK_SECRET_KNOWLARITY": sandboxWebhookSecret, "WEBHOOK_SECRET_ELEVENLABS": sandboxWebhookSecret,
		// Nobody who watches wants to wait for minutes.
		"OUTBOUND_RETRY_BUSY": "2s", "OUTBOUND_RETRY_NO_ANSWER": "2s", "OUTBOUND_RETRY_REFUSED": "1s", "OUTBOUND_DIAL_TIMEOUT": "20s",
		"OUTBOUND_PATIENCE": "30s",
		// For a gateway whose address nobody knows yet.
		"SERVER_WEBSOCKET_URL": "ws://" + sandboxAddress,
	}
	if environment["DATA_DIR"] != "" {
		all["RECORDINGS_DIR"] = filepath.Join(environment["DATA_DIR"], "recordings")
	}
	maps.Copy(all, environment)
	maps.Copy(all, map[string]string{
		"PLATFORM_GRAPHQL_URL": box.FortyTwoURL() + "/graphql", "PLATFORM_API_KEY": box.FortyTwoAPIKey(), "PLATFORM_ORIGIN": box.FortyTwoURL(),
		"OZONETEL_URL": box.OzonetelURL(), "OZONETEL_SUBSCRIPTION_URL": box.OzonetelURL(), "OZONETEL_USERNAME": account.UserName, "OZONETEL_API_KEY": account.APIKey,
		"OZONETEL_DID": account.Campaign.DID, "OZONETEL_CAMPAIGN_NAME": account.Campaign.Name, "AGENTS_FILE": "", "OZONETEL_AGENT_EMAIL": "",
		"KNOWLARITY_API_URL": box.KnowlarityURL(), "KNOWLARITY_API_KEY": dialler.APIKey, "KNOWLARITY_AUTHORIZATION": dialler.Authorization,
		"KNOWLARITY_NUMBER": dialler.Numbers[0], "KNOWLARITY_CALLER_ID": dialler.Numbers[0], "KNOWLARITY_STREAM_URL_API": box.KnowlarityURL() + "/knowlarity/update_wss_url",
		"KNOWLARITY_FLOW_PATH": strings.TrimPrefix(knowlarity.DefaultFlowPath, "/Basic/v1/"), "KNOWLARITY_CHANNEL": dialler.Channel,
		"ELEVENLABS_API_URL": box.ElevenLabsURL(), "ELEVENLABS_API_KEY": box.ElevenLabs().APIKey(), "ELEVENLABS_AGENT_ID": elevenlabs.DefaultAgent().ID,
	})
	return all
}

// sandboxDirectory seats the members whom people play.
func sandboxDirectory(box *sandbox.Sandbox) *Directory {
	campaign := box.OzonetelAccount().Campaign
	var seats []helix.AgentSeat
	for _, a := range box.Agents() {
		if a.Email != "" {
			seats = append(seats, helix.AgentSeat{
				Email: a.Email, Agent: helix.AgentID(a.ID), Password: a.Password, SIPExtension: a.Extension, Campaign: campaign.Name, DID: campaign.DID,
			})
		}
	}
	return newDirectory(seats)
}

// runSandbox is `helix sandbox`.
func runSandbox(ctx context.Context, p process) error {
	defaults := map[string]string{"LOG_LEVEL": "warn", "HELIX_SECRET": sandboxSecret}
	maps.Copy(defaults, p.environment)
	cfg, err := LoadConfig(defaults)
	if err != nil {
		return err
	}
	log, err := logger(p.stderr, cfg)
	if err != nil {
		return err
	}
	environment, cleanUp, err := withDataDir(p.environment)
	if err != nil {
		return err
	}
	defer cleanUp()
	listener, err := listen(ctx, sandboxAddress)
	if err != nil {
		return err
	}
	traffic, err := sandbox.ParseTraffic(cfg.Sandbox.Traffic)
	if err != nil {
		return err
	}
	line, err := fortytwo.ParseLine(cfg.Sandbox.Line)
	if err != nil {
		return err
	}
	s, err := newSandboxed(ctx, sandbox.Options{
		Seed: cfg.Sandbox.Seed, Traffic: traffic, FortyTwoLine: line, Logger: log,
	}, environment, listener, log)
	if err != nil {
		return err
	}
	go s.greet(ctx, p.stdout, traffic)
	return s.run(ctx, log)
}

// withDataDir gives a sandbox a directory of its own, gone when it ends: its emulators forget everything, so must the
// log. One that is set stays.
func withDataDir(environment map[string]string) (map[string]string, func(), error) {
	if environment["DATA_DIR"] != "" || environment["NATS_URL"] != "" {
		return environment, func() {}, nil
	}
	dir, err := os.MkdirTemp("", "helix-sandbox-")
	if err != nil {
		return nil, nil, err
	}
	own := maps.Clone(environment)
	own["DATA_DIR"] = dir
	return own, func() { _ = os.RemoveAll(dir) }, nil
}

func listen(ctx context.Context, address string) (net.Listener, error) {
	var config net.ListenConfig
	return config.Listen(ctx, "tcp", address)
}

// greet says what is running once it is ready.
func (s *sandboxed) greet(ctx context.Context, w io.Writer, traffic sandbox.Traffic) {
	url, err := s.gateway.URL(ctx)
	if err != nil {
		return
	}
	_, _ = fmt.Fprintf(w, strings.TrimLeft(`
Helix Engage Gateway, sandbox (traffic: %s)

  GraphQL     %s/graphql        GraphiQL  %s/graphiql
  state       %s/readyz         metrics   %s/metrics
  FortyTwo    %s                emulated
  Ozonetel    %s                emulated
  Knowlarity  %s                emulated, with the patients whom it dials
  ElevenLabs  %s                emulated
  control     %s/sandbox        ring in calls, break things; the index lists how

Sign in as asha@sandbox.test or ravi@sandbox.test (agents) or meera@sandbox.test (supervisor); the password is "sandbox".
Paste this into GraphiQL, then put the access token into its headers as {"Authorization": "Bearer …"}:

  mutation { signIn(input: {email: "asha@sandbox.test", password: "sandbox"}) { ok session { accessToken viewer { agent { id state } } } } }

and then watch calls:

  subscription { callEvents { kind at phone ... on IncomingCall { caller { displayName } agent { name } } } }

The CRM's key for outbound AI calls is "%s": {"X-Api-Key": …}.

Ctrl-C stops it.
`, "\n"), traffic, url, url, url, url, s.sandbox.FortyTwoURL(), s.sandbox.OzonetelURL(),
		s.sandbox.KnowlarityURL(), s.sandbox.ElevenLabsURL(), s.sandbox.ControlURL(), sandboxCRMKey)
}

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"os"
	"strings"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/calls"
	"github.com/helix-engage/gateway/desk"
	"github.com/helix-engage/gateway/federation"
	"github.com/helix-engage/gateway/federation/upstream"
	"github.com/helix-engage/gateway/internal/auth"
	"github.com/helix-engage/gateway/internal/bus"
	"github.com/helix-engage/gateway/internal/documents"
	"github.com/helix-engage/gateway/internal/phone"
	"github.com/helix-engage/gateway/internal/recordings"
	"github.com/helix-engage/gateway/internal/server"
	"github.com/helix-engage/gateway/internal/telemetry"
	"github.com/helix-engage/gateway/internal/transport"
	"github.com/helix-engage/gateway/operate"
	"github.com/helix-engage/gateway/providers"
	"github.com/helix-engage/gateway/providers/fortytwo"
	"github.com/helix-engage/gateway/providers/ozonetel"
	"github.com/helix-engage/gateway/records"
	"github.com/helix-engage/gateway/scheduler"
	"github.com/helix-engage/gateway/watch"
)

// leaseTTL is how long the other replicas wait for a leader that died.
const leaseTTL = 15 * time.Second

// scope names the gateway's own spans and measurements.
const scope = "github.com/helix-engage/gateway"

// Gateway is the whole server, wired. It is the only place that knows every package.
type Gateway struct {
	cfg Config
	log *slog.Logger
	now func() time.Time

	zone *time.Location // of the telephony account

	telemetry *telemetry.Telemetry
	bus       *bus.Bus
	lease     *bus.Lease

	fortyTwoHTTP, ozonetelHTTP     *providers.Client
	knowlarityHTTP, elevenLabsHTTP *providers.Client
	fortyTwo                       *fortytwo.Client
	ozonetel                       *ozonetel.Client

	calls      *calls.Service
	sweeper    *calls.Sweeper
	reconciler *calls.Reconciler
	records    *records.Service
	agents     *desk.Agents
	queue      *desk.Queue
	edits      *desk.Edits
	watch      *watch.Service
	desk       *desk.Desk
	operate    *operate.Service
	voice      voiceCalls
	auth       *auth.Authenticator
	scheduler  *scheduler.Scheduler
	documents  *documents.Documents
	trusted    *documents.Folder // nil unless trusted documents are asked for
	upstream   *upstream.Client
	federation *federation.Federation
	graphQL    *transport.Handler
	links      *recordings.Links
	listening  *recordings.Handler
	server     *server.Server
}

// NewGateway wires a gateway from its configuration; listener may be nil. A gateway that is not run must be closed.
func NewGateway(ctx context.Context, cfg Config, listener net.Listener, log *slog.Logger) (*Gateway, error) {
	return newGateway(ctx, cfg, time.Now, listener, log)
}

func newGateway(ctx context.Context, cfg Config, now func() time.Time, listener net.Listener, log *slog.Logger) (_ *Gateway, err error) {
	g := &Gateway{cfg: cfg, log: log, now: now}
	defer func() {
		if err != nil {
			err = errors.Join(err, g.Close())
		}
	}()
	if err := g.buildTelemetry(ctx); err != nil {
		return nil, err
	}
	g.bus, err = bus.Open(ctx, bus.Options{
		Dir: cfg.Storage.DataDir, URL: cfg.Storage.NATSURL, Logger: log, Now: g.now,
		Retention: time.Duration(cfg.Storage.RetentionDays) * 24 * time.Hour,
	})
	if err != nil {
		return nil, err
	}
	g.lease = g.bus.NewLease("leader", fmt.Sprintf("%s.%d", instance(), os.Getpid()), leaseTTL)
	tokens, err := newTokenStore(ctx, g.bus, g.cfg.Ozonetel.Username)
	if err != nil {
		return nil, err
	}
	if err := g.buildProviders(tokens); err != nil {
		return nil, err
	}
	if err := g.buildServices(ctx); err != nil {
		return nil, err
	}
	if err := g.buildVoice(ctx); err != nil {
		return nil, err
	}
	g.buildOperation()
	if err := g.buildJobs(); err != nil {
		return nil, err
	}
	if err := g.measureBus(); err != nil {
		return nil, err
	}
	return g, g.buildServer(listener)
}

// instance names this replica, for operators.
func instance() string {
	name, err := os.Hostname()
	if err != nil {
		return "unknown"
	}
	return name
}

func (g *Gateway) buildTelemetry(ctx context.Context) (err error) {
	c := g.cfg.Telemetry
	g.telemetry, err = telemetry.New(ctx, telemetry.Options{
		Service: c.ServiceName, Version: version, Instance: instance(),
		Endpoint: c.OTLPEndpoint, Headers: c.Headers(), SampleRatio: c.SampleRatio,
	})
	return err
}

// buildProviders makes the drivers of the outside systems; without tokens Ozonetel's are kept in this process.
func (g *Gateway) buildProviders(tokens ozonetel.TokenStore) (err error) {
	if g.fortyTwoHTTP, err = g.providerHTTP(helix.ProviderFortyTwo, 0); err != nil {
		return err
	}
	if g.ozonetelHTTP, err = g.providerHTTP(helix.ProviderOzonetel, g.cfg.Ozonetel.Timeout); err != nil {
		return err
	}
	g.fortyTwo, err = fortytwo.New(fortytwo.Options{
		URL: g.cfg.FortyTwo.URL, APIKey: g.cfg.FortyTwo.APIKey.Reveal(), Origin: g.cfg.FortyTwo.Origin,
		FieldMap: g.cfg.FortyTwo.FieldMap, HTTP: g.fortyTwoHTTP, Logger: g.log, Now: g.now,
	})
	if err != nil {
		return err
	}
	if g.zone, err = time.LoadLocation(g.cfg.Ozonetel.TimeZone); err != nil {
		return err
	}
	g.ozonetel, err = ozonetel.New(ozonetel.Options{
		BaseURL: g.cfg.Ozonetel.URL, SubscriptionURL: g.cfg.Ozonetel.SubscriptionURL, UserName: g.cfg.Ozonetel.Username, APIKey: g.cfg.Ozonetel.APIKey.Reveal(),
		AuthMode: ozonetel.AuthMode(g.cfg.Ozonetel.AuthMode), Tokens: tokens, HTTP: g.ozonetelHTTP, Location: g.zone,
		DefaultDisposition: g.cfg.Ozonetel.DefaultDisposition, Now: g.now, Logger: g.log,
	})
	return err
}

// providerHTTP makes what a driver sends its requests with.
func (g *Gateway) providerHTTP(p helix.Provider, timeout time.Duration) (*providers.Client, error) {
	return providers.NewHTTP(providers.Options{
		Provider: p, Timeout: timeout, TracerProvider: g.telemetry.Traces, MeterProvider: g.telemetry.Metrics, Logger: g.log, Now: g.now,
	})
}

// buildServices makes what the gateway does.
func (g *Gateway) buildServices(ctx context.Context) (err error) {
	tracer := g.telemetry.Traces.Tracer(scope)
	secret := []byte(g.cfg.Server.Secret.Reveal())
	person := func(p helix.Phone) string { return phone.Token(secret, p) }

	if g.records, err = records.New(ctx, records.Options{
		Bus: g.bus, Writer: recordWriter{g.fortyTwo}, Lease: g.lease, Logger: g.log, Tracer: tracer,
	}); err != nil {
		return err
	}
	if g.calls, err = calls.New(ctx, calls.Options{
		Bus: g.bus, Person: person, Records: g.records, Now: g.now, Tracer: tracer, Secret: secret,
	}); err != nil {
		return err
	}
	if g.agents, err = desk.NewAgents(ctx, g.bus, g.now); err != nil {
		return err
	}
	if g.queue, err = desk.NewQueue(ctx, desk.QueueOptions{
		Bus: g.bus, Person: person, Calls: g.calls, Records: linkedRecords{g.records, g.calls}, CRM: g.fortyTwo,
		ClaimTTL: g.cfg.MissedCalls.ClaimTTL, SLA: g.cfg.MissedCalls.SLA, Now: g.now, Logger: g.log,
	}); err != nil {
		return err
	}
	g.calls.Wire(g.queue, g.agents)
	if g.edits, err = desk.NewEdits(ctx, desk.EditsOptions{
		Bus: g.bus, Queue: g.queue, CRM: g.fortyTwo, Outbox: g.records, Now: g.now, Logger: g.log,
	}); err != nil {
		return err
	}
	g.watch = watch.New(watch.Options{
		Bus: g.bus, CRM: followed{g.fortyTwo}, Webhooks: len(g.cfg.FortyTwo.WebhookSecrets) > 0, Now: g.now, Logger: g.log,
	})
	g.calls.WireChanges(changes{edits: g.edits, watch: g.watch, fortyTwo: g.fortyTwo, schema: g.schemaChanged})
	g.desk = desk.New(desk.Options{
		Telephony: telephony{g.ozonetel}, Calls: g.calls, Records: linkedRecords{g.records, g.calls}, CRM: g.fortyTwo, Agents: g.agents, Queue: g.queue,
		Seats: g.cfg.Directory.Seats(),
		Now:   g.now, Logger: g.log, Tracer: tracer, PauseReason: g.cfg.Ozonetel.PauseReason, WrapUpLimit: g.cfg.Agents.WrapUpLimit,
	})
	g.auth = auth.New(auth.Options{
		Identities: g.fortyTwo, Directory: g.cfg.Directory, SupervisorRoles: g.cfg.Agents.SupervisorRoles,
		APIKeys: g.cfg.CRM.Keys(), RouterKeys: g.cfg.Federation.Keys(), Now: g.now,
	})
	if g.links, err = recordings.NewLinks(secret, g.cfg.Ozonetel.RecordingHosts, g.now); err != nil {
		return err
	}
	g.reconciler = calls.NewReconciler(g.calls, telephony{g.ozonetel}, g.zone, g.now)
	g.sweeper, err = calls.NewSweeper(ctx, g.bus, g.calls, g.ozonetel, g.now)
	return err
}

// buildOperation makes what supervisors do to the gateway itself.
func (g *Gateway) buildOperation() {
	o := operate.Options{Bus: g.bus, Calls: g.calls, Agents: g.desk, Missed: g.queue, Records: g.records, Now: g.now, Logger: g.log}
	if g.voice.outbound != nil {
		o.Outbound = g.voice.outbound
	}
	g.operate = operate.New(o)
}

// tendEvery is how often lapsed offers, forgotten look-ups and dials without an outcome are seen to.
const tendEvery = 15 * time.Second

// reconcileEvery is how often the provider's records are compared with ours; it answers two such questions a minute.
const reconcileEvery = 10 * time.Minute

// repairEvery is how often the provider is asked how agents are; the account may ask five times a minute.
const repairEvery = 30 * time.Second

// sweepEvery is how often FortyTwo's records of missed calls are compared with the queue, for edits of which no webhook came.
const sweepEvery = 5 * time.Minute

// buildJobs makes what happens by the clock.
func (g *Gateway) buildJobs() (err error) {
	jobs := []scheduler.Job{
		{Name: "tend-missed-calls", Every: tendEvery, Within: tendEvery, Run: g.queue.Tend},
		{Name: "end-unknown-dials", Every: tendEvery, Within: tendEvery, Run: g.calls.EndUnknownDials},
	}
	if g.fortyTwo.State().Configured {
		jobs = append(jobs, scheduler.Job{Name: "sweep-edits", Every: sweepEvery, Within: sweepEvery / 2, Run: g.edits.Sweep})
	}
	if g.ozonetel.Configured() {
		poll := g.cfg.MissedCalls.PollInterval()
		jobs = append(
			jobs,
			scheduler.Job{Name: "ingest-abandoned-calls", Every: poll, Within: max(poll, time.Minute), Run: g.sweeper.Sweep},
			scheduler.Job{Name: "reconcile-call-records", Every: reconcileEvery, Within: reconcileEvery, Run: g.reconciler.Reconcile},
			scheduler.Job{Name: "tend-agents", Every: tendEvery, Within: tendEvery, Run: g.desk.Tend},
			scheduler.Job{Name: "repair-agent-states", Every: repairEvery, Within: repairEvery, Run: g.desk.Repair},
		)
	}
	if wanted := g.subscription(); g.ozonetel.Configured() && wanted != (ozonetel.Subscription{}) {
		jobs = append(jobs, scheduler.Job{
			Name: "keep-event-subscription", Every: time.Hour, Within: time.Minute, Run: func(ctx context.Context) error {
				changed, err := g.ozonetel.EnsureSubscribed(ctx, wanted)
				if changed {
					g.log.WarnContext(ctx, "Ozonetel's events went elsewhere; they come here again")
				}
				return err
			},
		})
	}
	jobs = append(jobs, g.voiceJobs()...)
	g.scheduler, err = scheduler.New(scheduler.Options{
		Jobs: jobs, Elector: g.lease, Logger: g.log, Tracer: g.telemetry.Traces.Tracer(scope), Meter: g.telemetry.Metrics.Meter(scope),
	})
	return err
}

// subscription is where Ozonetel is to push events to; none without a public address or a secret.
func (g *Gateway) subscription() ozonetel.Subscription {
	if g.cfg.Server.PublicURL == "" || len(g.cfg.Ozonetel.WebhookSecrets) == 0 {
		return ozonetel.Subscription{}
	}
	url := strings.TrimRight(g.cfg.Server.PublicURL, "/") + pathEvents + "/" + g.cfg.Ozonetel.WebhookSecrets[0].Reveal()
	return ozonetel.Subscription{CallEvents: url, AgentEvents: url}
}

// Run serves until ctx ends, then drains and stops everything in reverse order.
func (g *Gateway) Run(ctx context.Context) error {
	g.meetFortyTwo(ctx)
	decoders := map[string]calls.Decoder{
		sourceEvents: g.ozonetel.DecodeEvents, sourceCDR: g.ozonetel.DecodeCDR, sourcePop: g.ozonetel.DecodeScreenPop,
		sourceEdits: g.fortyTwo.DecodeWebhook,
	}
	maps.Copy(decoders, g.voiceDecoders())
	components := []server.Component{
		{Name: "lease", Run: g.lease.Run},
		{Name: "fortytwo", Run: g.fortyTwo.Run},
		{Name: "schema", Run: g.federation.Run},
		{Name: "agents", Run: g.agents.Run},
		{Name: "missed-calls", Run: g.queue.Run},
		{Name: "edits", Run: g.edits.Run},
		{Name: "watch", Run: g.watch.Run},
		{Name: "records", Run: g.records.Run},
		{Name: "events", Run: g.calls.Run},
	}
	components = append(components, g.voiceComponents()...)
	components = append(components, g.documentComponents()...)
	components = append(
		components,
		server.Component{Name: "inbox", Run: func(ctx context.Context) error { return g.calls.ConsumeInbox(ctx, decoders) }},
		server.Component{Name: "scheduler", Run: g.scheduler.Run},
		server.Component{Name: "subscribers", Run: g.graphQL.Run},
		server.Component{Name: "server", Run: g.server.Run, StopWithin: g.cfg.Server.DrainDelay + g.cfg.Server.DrainTimeout + time.Second},
	)
	return server.RunComponents(ctx, g.log, components...)
}

// URL is the gateway's own address, once it listens.
func (g *Gateway) URL(ctx context.Context) (string, error) {
	addr, err := g.server.Addr(ctx)
	if err != nil {
		return "", err
	}
	return "http://" + addr.String(), nil
}

// closeWithin bounds what is left to do when the gateway has stopped.
const closeWithin = 10 * time.Second

// Close releases what NewGateway opened. It is to be called after Run has returned.
func (g *Gateway) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeWithin)
	defer cancel()
	var errs []error
	for _, c := range []*providers.Client{g.fortyTwoHTTP, g.ozonetelHTTP, g.knowlarityHTTP, g.elevenLabsHTTP} {
		if c != nil {
			c.Close()
		}
	}
	if g.upstream != nil {
		g.upstream.Close()
	}
	if g.listening != nil {
		g.listening.Close()
	}
	if g.voice.recordings != nil {
		errs = append(errs, g.voice.recordings.Close())
	}
	if g.bus != nil {
		errs = append(errs, g.bus.Close(ctx))
	}
	if g.telemetry != nil {
		errs = append(errs, g.telemetry.Shutdown(ctx))
	}
	return errors.Join(errs...)
}

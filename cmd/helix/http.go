package main

import (
	"context"
	"crypto/sha256"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/99designs/gqlgen/graphql/handler/lru"
	"github.com/vektah/gqlparser/v2/ast"
	"go.opentelemetry.io/otel/trace"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/auth"
	"github.com/helix-engage/gateway/internal/graphiql"
	"github.com/helix-engage/gateway/internal/limits"
	"github.com/helix-engage/gateway/internal/recordings"
	"github.com/helix-engage/gateway/internal/rest"
	"github.com/helix-engage/gateway/internal/server"
	"github.com/helix-engage/gateway/internal/transport"
	"github.com/helix-engage/gateway/internal/webhooks"
	"github.com/helix-engage/gateway/providers"
	"github.com/helix-engage/gateway/providers/fortytwo"
	"github.com/helix-engage/gateway/resolvers"
)

// What the webhooks file pushes under, and the inbox decodes by.
const (
	sourceEvents = "ozonetel.events"
	sourceCDR    = "ozonetel.cdr"
	sourcePop    = "ozonetel.screenpop"
	sourceEdits  = "fortytwo.records"

	pathEvents = "/webhooks/ozonetel/events"
	pathCDR    = "/webhooks/ozonetel/cdr"
	pathPop    = "/webhooks/ozonetel/screenpop"
	pathEdits  = "/webhooks/fortytwo"
)

// cachedDocuments is how many parsed and validated documents are kept; a frontend sends a few dozen different ones.
const cachedDocuments = 1000

// defaultQuery is what GraphiQL shows at first.
const defaultQuery = `# Sign in, then put {"Authorization": "Bearer <accessToken>"} into the headers below.
mutation {
  signIn(input: { email: "", password: "" }) {
    ok
    error { code message }
    session { accessToken expiresAt viewer { user { name } agent { id state } roles } }
  }
}
`

// buildServer makes the routes and what serves them.
func (g *Gateway) buildServer(listener net.Listener) error {
	if err := g.buildDocuments(); err != nil {
		return err
	}
	if err := g.buildGraphQL(); err != nil {
		return err
	}
	receiver, err := webhooks.New(webhooks.Options{
		Inbox: inbox{bus: g.bus, now: g.now}, Meters: g.telemetry.Metrics, Logger: g.log, Now: g.now,
	})
	if err != nil {
		return err
	}
	routes := []server.Route{{Pattern: "/graphql", Handler: g.auth.Middleware(g.cfg.Server.TrustedProxies, g.graphQL)}}
	g.listening = recordings.NewHandler(g.links, g.ownRecordings(), g.log)
	routes = append(routes, server.Route{Pattern: "GET /recordings/{token}", Handler: g.listening})
	streams, err := g.voiceRoutes()
	if err != nil {
		return err
	}
	routes = append(routes, streams...)
	page, err := graphiql.New(graphiql.Options{Endpoint: "/graphql", SubscriptionEndpoint: "/graphql", DefaultQuery: defaultQuery})
	if err != nil {
		return err
	}
	routes = append(routes, server.Route{Pattern: "GET /graphiql", Handler: page}, server.Route{Pattern: "GET /graphiql/", Handler: page})
	paths, err := g.restPaths()
	if err != nil {
		return err
	}
	for pattern, handler := range paths {
		routes = append(routes, server.Route{Pattern: pattern, Handler: g.auth.Middleware(g.cfg.Server.TrustedProxies, handler)})
	}
	sources := []webhooks.Source{g.webhook(sourceEvents), g.webhook(sourceCDR), g.webhook(sourcePop), g.editsWebhook()}
	for _, source := range append(sources, g.voiceWebhooks()...) {
		for pattern, handler := range receiver.Handlers(source) {
			routes = append(routes, server.Route{Pattern: pattern, Handler: handler})
		}
	}
	g.server, err = server.New(server.Options{
		Addr: net.JoinHostPort(g.cfg.Server.Host, strconv.Itoa(g.cfg.Server.Port)), Listener: listener,
		Routes: routes, Metrics: g.telemetry.MetricsHandler(), Checks: g.checks(), Origins: server.NewOrigins(g.cfg.Server.CORSOrigin),
		DrainDelay: g.cfg.Server.DrainDelay, DrainTimeout: g.cfg.Server.DrainTimeout,
		OnDrain: func(ctx context.Context) { _ = g.graphQL.Shutdown(ctx) },
		Traces:  g.serverTraces(), Meters: g.telemetry.Metrics, Propagator: g.telemetry.Propagator, Logger: g.log, Now: g.now,
	})
	return err
}

// serverTraces are nil where spans would go nowhere.
func (g *Gateway) serverTraces() trace.TracerProvider {
	if !g.telemetry.Tracing() {
		return nil
	}
	return g.telemetry.Traces
}

// restPaths are the paths of the systems being replaced.
func (g *Gateway) restPaths() (map[string]http.Handler, error) {
	paths, err := rest.New(rest.Options{
		Schema: localSchema(), Execute: g.executeOwn,
		CallID: func(ctx context.Context, ucid string) (helix.CallID, error) {
			return g.calls.IDOf(ctx, helix.ProviderOzonetel, ucid)
		},
		MaxBody: g.cfg.Limits.BodyBytes, PageSize: g.cfg.Limits.PageSize, Zone: g.zone, Now: g.now,
	})
	if err != nil {
		return nil, err
	}
	return paths.Routes(), nil
}

// webhook describes one kind of Ozonetel's pushes; all have the account's secret. A screen pop is opened by the agent's
// browser or by the provider's server; it is answered without a word about the patient.
func (g *Gateway) webhook(source string) webhooks.Source {
	path := map[string]string{sourceEvents: pathEvents, sourceCDR: pathCDR, sourcePop: pathPop}[source]
	return webhooks.Source{
		Name: source, Path: path, Secrets: reveal(g.cfg.Ozonetel.WebhookSecrets), Get: source == sourcePop, Redact: g.ozonetel.RedactAPIKey,
	}
}

// editsWebhook describes FortyTwo's webhook. Its bodies are whole records; only ids and states of them are stored.
func (g *Gateway) editsWebhook() webhooks.Source {
	return webhooks.Source{
		Name: sourceEdits, Path: pathEdits, Secrets: reveal(g.cfg.FortyTwo.WebhookSecrets), Redact: g.fortyTwo.ReduceWebhook,
		Seal: func(h http.Header) (webhooks.Seal, bool) {
			at, prefix, mac, ok := fortytwo.WebhookSeal(h)
			return webhooks.Seal{At: at, Prefix: prefix, MACs: [][sha256.Size]byte{mac}}, ok
		},
	}
}

// deskEvery is how often a desk that listens is noted; one that is silent for a minute is gone.
const deskEvery = 20 * time.Second

// buildGraphQL makes the executor over the schema, and the transports over that.
func (g *Gateway) buildGraphQL() (err error) {
	signIns := func(share int) *limits.Rate[string] {
		n := g.cfg.Limits.SignInsPerMinute * share
		return limits.NewRate[string](limits.RateOptions{PerSecond: float64(n) / 60, Burst: n})
	}
	root := resolvers.New(resolvers.Options{
		Desk: g.desk, Calls: g.calls, Operate: g.operate, Outbound: g.voice.outbound, Recordings: g.recordingURL, Records: g.fortyTwo, Changes: g.watch, Sessions: g.fortyTwo, Auth: g.auth,
		ByEmail: signIns(1), ByClient: signIns(addressShare), PageSize: g.cfg.Limits.PageSize, Zone: g.zone, Now: g.now, Logger: g.log,
	})
	presence := resolvers.NewPresence(g.desk.There, deskEvery, g.log)
	extensions := []graphql.HandlerExtension{
		g.documents, // in front of the limits, which see the text
		g.documentLimits(),
		resolvers.Introspection{},
		presence,
	}
	if g.telemetry.Tracing() {
		extensions = append(extensions, resolvers.Tracing{Tracer: g.telemetry.Traces.Tracer(scope)})
	}
	serve := func(schema graphql.ExecutableSchema) graphql.GraphExecutor {
		exec := executor.New(schema)
		exec.SetQueryCache(lru.New[*ast.QueryDocument](cachedDocuments))
		exec.SetDisableSuggestion(true) // guessing what was meant costs more than answering
		exec.SetErrorPresenter(transport.ErrorPresenter(g.log))
		exec.SetRecoverFunc(transport.RecoverFunc(g.log))
		for _, extension := range extensions {
			exec.Use(extension)
		}
		return exec
	}
	if err := g.buildFederation(root, serve); err != nil {
		return err
	}
	g.graphQL, err = transport.New(transport.Options{
		Executor: g.federation.Executor,
		Admit:    g.admission(),
		Init:     g.greet,
		Begin:    auth.Fresh, // a socket lives longer than an answer is believed
		Expires: func(ctx context.Context) (time.Time, bool) {
			caller, err := auth.Caller(ctx)
			if err != nil { // or a key, which does not end while the gateway runs
				return time.Time{}, false
			}
			return caller.ExpiresAt, true
		},
		Standing: resolvers.Standing,
		Share: func(ctx context.Context, oc *graphql.OperationContext) (transport.Sharing, bool) {
			if g.federation.Reaches(oc) { // each subscriber's rights with FortyTwo are his own
				return transport.Sharing{}, false
			}
			sharing, ok := root.Share(ctx, oc)
			if ok {
				presence.Listens(ctx) // the executor, which would note it, does not see this subscriber
			}
			return transport.Sharing(sharing), ok
		},
		AllowOrigin: server.NewOrigins(g.cfg.Server.CORSOrigin).Allowed,
		MaxBody:     g.cfg.Limits.BodyBytes,
		Socket:      transport.SocketOptions{MaxSockets: g.cfg.Limits.Sockets, MaxMessage: g.cfg.Limits.BodyBytes},
		Logger:      g.log, Now: g.now,
	})
	return err
}

// recordingURL is a link of ours to a provider's recording, "" when it could not be followed.
func (g *Gateway) recordingURL(recording string) string {
	token := g.links.Token(recording)
	if token == "" {
		return ""
	}
	return strings.TrimRight(g.cfg.Server.PublicURL, "/") + "/recordings/" + token
}

// greet tells whose socket it is: by `Authorization` or `X-Api-Key` in the payload of connection_init, else by the headers
// that the socket was opened with. A socket without a caller is refused, since nothing that it could ask is open.
func (g *Gateway) greet(ctx context.Context, payload map[string]any) (context.Context, error) {
	authorization, said := textIn(payload, "Authorization")
	key, keyed := textIn(payload, auth.HeaderAPIKey)
	if said || keyed {
		ctx = g.auth.With(ctx, auth.NewCredentials(authorization, key), auth.ClientIP(ctx))
	}
	_, err := auth.Anyone(ctx)
	return ctx, err
}

// textIn finds a text under a header's name, in any case of its letters: clients write it as they like.
func textIn(payload map[string]any, name string) (string, bool) {
	for key, value := range payload {
		if text, ok := value.(string); ok && strings.EqualFold(key, name) {
			return text, true
		}
	}
	return "", false
}

// addressShare is how many callers of average diligence one address may stand for: a hospital's agents share one.
const addressShare = 50

// admission limits operations: of one token, and of one address, since anybody can make up tokens.
func (g *Gateway) admission() func(context.Context) error {
	perMinute, burst := g.cfg.Limits.RequestsPerMinute, g.cfg.Limits.RequestBurst
	callers := limits.NewRate[auth.LimitName](limits.RateOptions{PerSecond: float64(perMinute) / 60, Burst: burst})
	addresses := limits.NewRate[string](limits.RateOptions{PerSecond: float64(perMinute*addressShare) / 60, Burst: burst * addressShare})
	return func(ctx context.Context) error {
		if err := addresses.Allow(auth.ClientIP(ctx), g.now()); err != nil {
			return err
		}
		return callers.Allow(auth.LimitKey(ctx), g.now())
	}
}

// checks are the dependencies that /readyz tells of. FortyTwo and Ozonetel are told by their last answers: asking them
// costs of their budgets.
func (g *Gateway) checks() []server.Check {
	return append(g.documentChecks(), []server.Check{
		{Name: "bus", Required: true, Probe: func(ctx context.Context) (server.State, string) {
			if err := g.bus.Healthy(ctx); err != nil {
				return server.StateDown, "the log does not answer"
			}
			return server.StateUp, ""
		}},
		{Name: "fortytwo", Probe: func(context.Context) (server.State, string) { return g.fortyTwoCheck() }},
		{Name: "schema", Probe: func(context.Context) (server.State, string) { return g.schemaState() }},
		{Name: "ozonetel", Probe: func(context.Context) (server.State, string) {
			return providerState(g.ozonetel, "set OZONETEL_API_KEY and OZONETEL_USERNAME")
		}},
		{Name: "knowlarity", Probe: func(context.Context) (server.State, string) {
			return providerState(g.voice.knowlarity, "set KNOWLARITY_API_KEY and KNOWLARITY_CALLER_ID")
		}},
		{Name: "elevenlabs", Probe: func(context.Context) (server.State, string) {
			return providerState(g.voice.elevenLabs, "set ELEVENLABS_API_KEY and ELEVENLABS_AGENT_ID")
		}},
		{Name: "outbox", Probe: func(ctx context.Context) (server.State, string) {
			letters, err := g.bus.DeadLetters(ctx, "", "", 1)
			switch {
			case err != nil:
				return server.StateDegraded, "the dead letters cannot be read"
			case len(letters) > 0:
				return server.StateDegraded, "dead letters wait for an operator"
			}
			return server.StateUp, ""
		}},
	}...)
}

// providerState tells of a provider by its last answers; fix is what to set when it is not configured.
func providerState(p interface {
	Configured() bool
	Health() providers.Health
}, fix string,
) (server.State, string) {
	health := p.Health()
	switch {
	case !p.Configured():
		return server.StateNotConfigured, fix
	case !health.OK():
		return server.StateDegraded, string(health.LastError.Code)
	}
	return server.StateUp, ""
}

package main

import (
	"context"
	"encoding/json"
	"path/filepath"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/helix-engage/gateway/federation"
	"github.com/helix-engage/gateway/federation/compose"
	"github.com/helix-engage/gateway/federation/upstream"
	"github.com/helix-engage/gateway/graph"
	"github.com/helix-engage/gateway/internal/auth"
	"github.com/helix-engage/gateway/internal/introspection"
	"github.com/helix-engage/gateway/internal/server"
	"github.com/helix-engage/gateway/resolvers"
)

// schemaFile keeps FortyTwo's schema between starts, in the data directory.
const schemaFile = "fortytwo-schema.json"

// composeWithin bounds how long a start waits for FortyTwo's schema; it is composed later when it takes longer.
const composeWithin = 10 * time.Second

// buildFederation makes what serves the composed schema. serve puts what belongs to every operation around an executable
// schema.
func (g *Gateway) buildFederation(root *resolvers.Resolver, serve func(graphql.ExecutableSchema) graphql.GraphExecutor) (err error) {
	o := federation.Options{
		Local: localSchema(),
		Execute: func(composed *ast.Schema) graphql.ExecutableSchema {
			return introspection.Serve(graph.NewExecutableSchema(graph.Config{Resolvers: root, Schema: composed}))
		},
		Serve: serve, Post: g.postSchema, Caller: federatedCaller, Vouch: vouchFor, Trusted: resolvers.Trusted,
		Store:    federation.File(filepath.Join(g.cfg.Storage.DataDir, schemaFile)),
		Interval: g.cfg.FortyTwo.RefreshInterval, Logger: g.log, Now: g.now,
	}
	if g.fortyTwo.State().Configured {
		if g.upstream, err = upstream.New(upstream.Options{
			URL: g.cfg.FortyTwo.URL, Traces: g.telemetry.Traces, Meters: g.telemetry.Metrics, Propagator: g.telemetry.Propagator,
			Now: g.now, Logger: g.log,
		}); err != nil {
			return err
		}
		o.Upstream = g.upstream
	}
	g.federation, err = federation.New(o)
	return err
}

// meetFortyTwo reads FortyTwo's data model and composes its schema before the first request, unless FortyTwo does not answer in
// time.
func (g *Gateway) meetFortyTwo(ctx context.Context) {
	if !g.fortyTwo.State().Configured {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, composeWithin)
	defer cancel()
	if err := g.fortyTwo.Resolve(ctx); err != nil {
		g.log.WarnContext(ctx, "the gateway starts without FortyTwo's data model", "error", err)
	}
	if err := g.federation.Refresh(ctx); err != nil {
		g.log.WarnContext(ctx, "the gateway starts without the present schema of FortyTwo", "error", err)
	}
}

// localSchema is the schema of our own, as it was generated, but for what it tells of itself.
func localSchema() *ast.Schema {
	return introspection.Extend(graph.NewExecutableSchema(graph.Config{}).Schema())
}

// postSchema asks FortyTwo about its schema.
func (g *Gateway) postSchema(ctx context.Context, endpoint compose.Endpoint, query string, variables any) (json.RawMessage, error) {
	return g.fortyTwo.AskSchema(ctx, endpoint == compose.Metadata, query, variables)
}

// federatedCaller says whose token FortyTwo's fields are read with: a signed-in user's, never a key's.
func federatedCaller(ctx context.Context, to *upstream.Caller) error {
	caller, err := auth.Caller(ctx)
	if err != nil {
		return err
	}
	headers := graphql.GetOperationContext(ctx).Headers
	*to = upstream.Caller{
		Key: caller.TokenHash, Token: caller.Token, Language: headers.Get("Accept-Language"), Locale: headers.Get("X-Locale"),
	}
	return nil
}

// vouchedFor is for how long it is known that FortyTwo takes a token, once it said so.
const vouchedFor = 5 * time.Second

// vouchFor tells whether FortyTwo takes the caller's token.
func vouchFor(ctx context.Context) error {
	_, err := auth.Caller(auth.Recent(ctx, vouchedFor))
	return err
}

// fortyTwoCheck tells of FortyTwo by the last answer to either the gateway or one of its users.
func (g *Gateway) fortyTwoCheck() (server.State, string) {
	own := g.fortyTwo.State()
	state, detail := fortyTwoState(own)
	if state != server.StateUp || g.upstream == nil {
		return state, detail
	}
	if users := g.upstream.Health(); !users.OK() && users.LastFailure.After(own.LastSuccess) {
		return server.StateDegraded, string(users.LastError.Code)
	}
	return state, detail
}

// schemaState tells of the composed schema.
func (g *Gateway) schemaState() (server.State, string) {
	s := g.federation.State()
	switch {
	case !s.Configured:
		return server.StateNotConfigured, "set PLATFORM_GRAPHQL_URL and PLATFORM_API_KEY"
	case !s.Composed:
		return server.StateDegraded, "FortyTwo's part is not served: its schema was not read yet"
	case s.Stored:
		return server.StateDegraded, "FortyTwo's schema is served as an earlier process read it"
	case s.Err != nil:
		return server.StateDegraded, "FortyTwo's schema could not be read anew; the one before is served"
	}
	return server.StateUp, ""
}

// schemaChanged has the schema looked at soon.
func (g *Gateway) schemaChanged() { g.federation.Changed() }

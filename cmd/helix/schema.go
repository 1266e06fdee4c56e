package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/helix-engage/gateway/federation"
	"github.com/helix-engage/gateway/federation/compose"
	"github.com/helix-engage/gateway/graph"
)

// printSchema is `helix schema`: the composed schema of a running FortyTwo, or what else is known of it. It opens no data
// directory, so it can be run beside a gateway.
func printSchema(ctx context.Context, p process) error {
	flags := flag.NewFlagSet("helix schema", flag.ContinueOnError)
	flags.SetOutput(p.stderr)
	subgraph := flags.Bool("subgraph", false, "print our own part, as a router of Apollo Federation composes it; FortyTwo is not asked")
	conflicts := flags.Bool("conflicts", false, "list what of FortyTwo's is named otherwise here, or left out, and why")
	diff := flags.Bool("diff", false, "list how FortyTwo's schema differs from the one that a gateway last read (in DATA_DIR)")
	if err := flags.Parse(p.args); err != nil {
		return errUsage
	}
	if flags.NArg() > 0 || (*subgraph && *conflicts) || (*subgraph && *diff) || (*conflicts && *diff) {
		_, _ = fmt.Fprintln(p.stderr, "helix schema takes one of its flags, and no other argument")
		flags.Usage()
		return errUsage
	}
	if *subgraph {
		_, err := io.WriteString(p.stdout, graph.SDL())
		return err
	}
	cfg, err := LoadConfig(p.environment)
	if err != nil {
		return err
	}
	up, err := readSchema(ctx, p, cfg)
	if err != nil {
		return err
	}
	if *diff {
		return printDiff(p.stdout, cfg, up)
	}
	composed, err := compose.Compose(localSchema(), up)
	if err != nil {
		return err
	}
	if *conflicts {
		for _, c := range composed.Conflicts {
			_, _ = fmt.Fprintln(p.stdout, c)
		}
		return nil
	}
	_, err = io.WriteString(p.stdout, composed.SDL())
	return err
}

// readSchema asks FortyTwo for its schema.
func readSchema(ctx context.Context, p process, cfg Config) (*compose.Upstream, error) {
	log, err := logger(p.stderr, cfg)
	if err != nil {
		return nil, err
	}
	g := &Gateway{cfg: cfg, log: log, now: time.Now}
	defer func() { _ = g.Close() }()
	if err := g.buildTelemetry(ctx); err != nil {
		return nil, err
	}
	if err := g.buildProviders(nil); err != nil {
		return nil, err
	}
	return compose.Read(ctx, g.postSchema)
}

func printDiff(w io.Writer, cfg Config, now *compose.Upstream) error {
	before, err := federation.File(filepath.Join(cfg.Storage.DataDir, schemaFile)).Load()
	if err != nil {
		return err
	}
	if before == nil {
		return fmt.Errorf("no gateway has kept a schema in %s yet", cfg.Storage.DataDir)
	}
	for _, change := range compose.Diff(before, now) {
		_, _ = fmt.Fprintln(w, change)
	}
	return nil
}

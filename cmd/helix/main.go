package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	_ "time/tzdata" // the account's time zone must be known in a container without any files

	"github.com/helix-engage/gateway/internal/server"
	"github.com/helix-engage/gateway/internal/telemetry"
)

// version is set at link time.
var version = "dev"

// command is a subcommand.
type command struct {
	name  string
	does  string
	run   func(ctx context.Context, p process) error
	takes bool // arguments
}

// process is what a subcommand has of the world around it.
type process struct {
	args        []string // behind the subcommand's name
	environment map[string]string
	stdout      io.Writer
	stderr      io.Writer
}

func commands() []command {
	return []command{
		{"serve", "run the gateway against real providers, configured by the environment and .env", serve, false},
		{"sandbox", "run the gateway and emulators of all its providers on this machine", runSandbox, false},
		{"demo", "play an agent's day against a fresh sandbox and say what happens", demo, false},
		{"demo-outbound", "play outbound AI calls against a fresh sandbox and say what happens", demoOutbound, false},
		{"doctor", "check the configuration and whether each provider can be reached; -live asks Ozonetel itself", doctor, true},
		{"schema", "print the schema composed with FortyTwo's; -subgraph, -conflicts or -diff print what else is known of it", printSchema, true},
		{"healthcheck", "ask the gateway on this machine whether it is alive; for containers", healthcheck, false},
		{"load", "measure a gateway among emulators: helix load worklist, webhooks, subscribers, stream or federation", measure, true},
		{"version", "print the version", func(_ context.Context, p process) error {
			_, err := fmt.Fprintln(p.stdout, "helix", version)
			return err
		}, false},
	}
}

// errUsage is the error of a subcommand whose arguments make no sense, once it has said so.
var errUsage = errors.New("used wrongly")

func main() {
	ctx, stop := server.UntilSignal(context.Background())
	code := run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run runs a subcommand and answers with the exit code: 0 done, 1 failed, 2 used wrongly.
func run(ctx context.Context, args, environ []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("helix", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() { usage(stderr) }
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		return 2
	}
	for _, c := range commands() {
		if c.name != flags.Arg(0) {
			continue
		}
		if flags.NArg() > 1 && !c.takes {
			_, _ = fmt.Fprintf(stderr, "helix %s takes no arguments\n", c.name)
			return 2
		}
		environment, err := Environment(".env", environ)
		if err == nil {
			err = c.run(ctx, process{args: flags.Args()[1:], environment: environment, stdout: stdout, stderr: stderr})
		}
		switch {
		case errors.Is(err, flag.ErrHelp):
			return 0
		case errors.Is(err, errUsage):
			return 2 // and how to use it was printed
		}
		if err != nil && ctx.Err() == nil || errors.As(err, new(*ConfigError)) {
			_, _ = fmt.Fprintln(stderr, "helix "+c.name+":", err)
			return 1
		}
		return 0
	}
	usage(stderr)
	return 2
}

func usage(w io.Writer) {
	_, _ = fmt.Fprintln(w, "Usage: helix <command>")
	for _, c := range commands() {
		_, _ = fmt.Fprintf(w, "  %-14s %s\n", c.name, c.does)
	}
}

// serve runs the gateway until a signal.
func serve(ctx context.Context, p process) error {
	cfg, err := LoadConfig(p.environment)
	if err != nil {
		return err
	}
	log, err := logger(p.stderr, cfg)
	if err != nil {
		return err
	}
	g, err := NewGateway(ctx, cfg, nil, log)
	if err != nil {
		return err
	}
	return errors.Join(g.Run(ctx), g.Close())
}

func logger(w io.Writer, cfg Config) (*slog.Logger, error) {
	log, err := telemetry.NewLogger(w, telemetry.LogOptions{
		Level: cfg.Telemetry.LogLevel, Format: cfg.Telemetry.LogFormat, Secrets: cfg.Secrets(),
	})
	if err == nil {
		telemetry.RouteFaults(log)
	}
	return log, err
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/helix-engage/gateway/sandbox"
	"github.com/helix-engage/gateway/sandbox/load"
)

// measure is `helix load`: it starts emulators in this process and a gateway in one of its own, and measures that.
func measure(ctx context.Context, p process) error {
	measurements := map[string]func(context.Context, process, *loadFlags) error{
		"worklist": measureWorklist, "webhooks": measureWebhooks, "subscribers": measureSubscribers,
		"stream": measureStreams, "federation": measureFederation, bareProxyName: serveBareProxy,
	}
	if len(p.args) == 0 || measurements[p.args[0]] == nil {
		_, _ = fmt.Fprintln(p.stderr, "Usage: helix load worklist|webhooks|subscribers|stream|federation [flags]; -h after the name lists them")
		return errUsage
	}
	return measurements[p.args[0]](ctx, p, newLoadFlags(p))
}

// loadFlags are the flags that every measurement has.
type loadFlags struct {
	*flag.FlagSet

	args        []string
	json        bool
	dir         string
	gatewayCPUs integers
	driverCPUs  integers
}

func newLoadFlags(p process) *loadFlags {
	f := &loadFlags{FlagSet: flag.NewFlagSet("helix load "+p.args[0], flag.ContinueOnError), args: p.args[1:]}
	f.SetOutput(p.stderr)
	f.BoolVar(&f.json, "json", false, "print JSON instead of a table")
	f.StringVar(&f.dir, "dir", "", "directory on the disk to measure with; empty: that of temporary files")
	f.Var(&f.gatewayCPUs, "gateway-cpus", "cores that the gateway may use, e.g. 0 or 0,1; empty: all (Linux)")
	f.Var(&f.driverCPUs, "driver-cpus", "cores that emulators and clients may use (Linux)")
	return f
}

// integers is a flag that is a list such as "1,2".
type integers []int

func (l *integers) String() string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint([]int(*l)), " ", ","), "[]")
}

// Set reads the list; none for "".
func (l *integers) Set(text string) error {
	*l = nil
	if text == "" {
		return nil
	}
	for part := range strings.SplitSeq(text, ",") {
		n, err := strconv.Atoi(part)
		if err != nil || n < 0 {
			return fmt.Errorf("%q is not a number of 0 or more", part)
		}
		*l = append(*l, n)
	}
	return nil
}

// parse reads the arguments and keeps this process on its cores; sensible tells whether the measurement's own flags
// are. Every error was printed with the usage.
func (f *loadFlags) parse(sensible func() bool) (bedOptions, error) {
	switch err := f.Parse(f.args); {
	case errors.Is(err, flag.ErrHelp):
		return bedOptions{}, err
	case err != nil:
		return bedOptions{}, errUsage
	}
	if f.NArg() > 0 || !sensible() {
		_, _ = fmt.Fprintln(f.Output(), "there must be something to measure, and no argument but flags")
		f.Usage()
		return bedOptions{}, errUsage
	}
	return bedOptions{dir: f.dir, gatewayCPUs: f.gatewayCPUs}, load.PinDriver(f.driverCPUs)
}

func positive(all integers) bool { return len(all) > 0 && !slices.Contains(all, 0) }

// show prints a result as the flags say.
func (f *loadFlags) show(w io.Writer, result any, table func(io.Writer) error) error {
	if !f.json {
		return table(w)
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(result)
}

func measureWorklist(ctx context.Context, p process, f *loadFlags) error {
	queries := f.Int("n", 1000, "queries in each round")
	concurrency := integers{1, 4}
	f.Var(&concurrency, "concurrency", "how many ask at once, a round each")
	o, err := f.parse(func() bool { return *queries > 0 && positive(concurrency) })
	if err != nil {
		return err
	}
	o.proxied = true
	var result load.Worklist
	err = withBed(ctx, p, o, func(ctx context.Context, b *bed) (err error) {
		result, err = load.MeasureWorklist(ctx, load.WorklistOptions{
			Gateway: b.gateway, Proxy: b.proxy, Email: b.agent, Password: sandbox.MemberPassword, Queries: *queries, Concurrency: concurrency,
		})
		return err
	})
	if err != nil {
		return err
	}
	return f.show(p.stdout, result, result.Print)
}

func measureWebhooks(ctx context.Context, p process, f *loadFlags) error {
	rate := f.Int("rate", 2000, "pushes a second")
	stretch := f.Duration("for", 30*time.Second, "how long pushes come at that rate")
	burst := f.Int("burst", 20_000, "pushes that come at once afterwards")
	connections := f.Int("connections", 128, "pushes under way at once, at most")
	o, err := f.parse(func() bool { return *rate > 0 && *stretch > 0 && *burst >= 0 && *connections > 0 })
	if err != nil {
		return err
	}
	var result load.Webhooks
	err = withBed(ctx, p, o, func(ctx context.Context, b *bed) (err error) {
		result, err = load.MeasureWebhooks(ctx, load.WebhooksOptions{
			Gateway: b.gateway, Targets: b.targets, Dir: b.dir, Rate: *rate, For: *stretch, Burst: *burst, Connections: *connections,
		})
		return err
	})
	if err != nil {
		return err
	}
	return f.show(p.stdout, result, result.Print)
}

func measureSubscribers(ctx context.Context, p process, f *loadFlags) error {
	subscribers := integers{500, 2000, 5000}
	f.Var(&subscribers, "n", "how many subscribers, a gateway each")
	rate := f.Float64("rate", 20, "events a second")
	stretch := f.Duration("for", 20*time.Second, "how long events come")
	o, err := f.parse(func() bool { return positive(subscribers) && *rate > 0 && *stretch > 0 })
	if err != nil {
		return err
	}
	var results []load.Subscribers
	for _, n := range subscribers {
		err := withBed(ctx, p, o, func(ctx context.Context, b *bed) error {
			result, err := load.MeasureSubscribers(ctx, load.SubscribersOptions{
				Gateway: b.gateway, Targets: b.targets, Email: sandbox.SupervisorEmail, Password: sandbox.MemberPassword,
				Subscribers: n, Rate: *rate, For: *stretch,
			})
			results = append(results, result)
			return err
		})
		if err != nil {
			return err
		}
	}
	return f.show(p.stdout, results, func(w io.Writer) error { return load.PrintSubscribers(w, results) })
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/helix-engage/gateway/federation/compose"
	"github.com/helix-engage/gateway/sandbox"
	"github.com/helix-engage/gateway/sandbox/fortytwo"
	"github.com/helix-engage/gateway/sandbox/load"
)

// federationResult is what `helix load federation` prints.
type federationResult struct {
	Through *load.Through `json:"through,omitempty"`
	Mixed   *load.Mixed   `json:"mixed,omitempty"`
	Swap    *load.Swap    `json:"swap,omitempty"`
}

// federationFlags are those of `helix load federation`.
type federationFlags struct {
	only                    string
	clients, small, large   int
	stretch, window         time.Duration
	slices, alone, n, swaps int
	rate                    float64
	objects                 int
}

// Parts of the measurement.
const (
	partThrough = "through"
	partMixed   = "mixed"
	partSwap    = "swap"
)

func (o *federationFlags) register(f *loadFlags) {
	f.StringVar(&o.only, "only", "through,mixed,swap", "what is measured")
	f.IntVar(&o.clients, "clients", 32, "clients that ask at once, each with a token of his own")
	f.IntVar(&o.small, "small", 6, "leads of a small answer, about 4 kB")
	f.IntVar(&o.large, "large", 190, "leads of a large answer, about 120 kB")
	f.DurationVar(&o.stretch, "for", 5*time.Second, "how long each question is asked by all clients")
	f.IntVar(&o.slices, "slices", 5, "in how many pieces, in turn with the other questions")
	f.IntVar(&o.alone, "alone", 1000, "questions that one client asks alone")
	f.IntVar(&o.n, "n", 500, "mixed documents")
	f.IntVar(&o.swaps, "swaps", 6, "changes of FortyTwo's schema")
	f.DurationVar(&o.window, "window", 3*time.Second, "how long is measured before each change and after it")
	f.Float64Var(&o.rate, "rate", 300, "questions a second while the schema changes")
	f.IntVar(&o.objects, "objects", 27, "objects that an administrator has added to FortyTwo's schema before it changes")
}

func (o *federationFlags) sensible() bool {
	for part := range strings.SplitSeq(o.only, ",") {
		if !slices.Contains([]string{partThrough, partMixed, partSwap}, part) {
			return false
		}
	}
	for _, n := range []int{o.clients, o.small, o.large, o.slices, o.alone, o.n, o.swaps} {
		if n < 1 {
			return false
		}
	}
	return o.stretch > 0 && o.window > 0 && o.rate > 0 && o.objects >= 0 && o.small <= 200 && o.large <= 200
}

func (o *federationFlags) wants(part string) bool {
	return slices.Contains(strings.Split(o.only, ","), part)
}

func measureFederation(ctx context.Context, p process, f *loadFlags) error {
	var o federationFlags
	o.register(f)
	bed, err := f.parse(o.sensible)
	if err != nil {
		return err
	}
	var result federationResult
	for _, part := range []struct {
		name    string
		measure func(context.Context, process, bedOptions, *federationFlags, *federationResult) error
	}{{partThrough, measureThrough}, {partMixed, measureMixed}, {partSwap, measureSwap}} {
		if !o.wants(part.name) {
			continue
		}
		if err := part.measure(ctx, p, bed, &o, &result); err != nil {
			return err
		}
	}
	return f.show(p.stdout, result, result.print)
}

func measureThrough(ctx context.Context, p process, bo bedOptions, o *federationFlags, result *federationResult) error {
	bo.fronted = true
	return withBed(ctx, p, bo, func(ctx context.Context, b *bed) (err error) {
		bare, err := b.start(ctx, load.StartBareProxy, bo.gatewayCPUs, p.stderr, "load", bareProxyName, "-upstream", b.front.URL)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, bare.Stop()) }()
		through, err := load.MeasureThrough(ctx, load.ThroughOptions{
			Gateway: b.gateway, Bare: bare, Front: b.front, Email: b.agent, Password: sandbox.MemberPassword,
			Clients: o.clients, Pages: [2]int{o.small, o.large}, For: o.stretch, Slices: o.slices, Alone: o.alone,
		})
		result.Through = &through
		return err
	})
}

func measureMixed(ctx context.Context, p process, bo bedOptions, o *federationFlags, result *federationResult) error {
	bo.proxied = true
	return withBed(ctx, p, bo, func(ctx context.Context, b *bed) error {
		mixed, err := load.MeasureMixed(ctx, load.MixedOptions{
			Gateway: b.gateway, Proxy: b.proxy, Email: b.agent, Password: sandbox.MemberPassword, Queries: o.n,
		})
		result.Mixed = &mixed
		return err
	})
}

func measureSwap(ctx context.Context, p process, bo bedOptions, o *federationFlags, result *federationResult) error {
	bo.fronted = true
	bo.prepare = func(box *sandbox.Sandbox) error { return addObjects(box, o.objects) }
	bo.change = func(environment map[string]string, _ string) {
		environment["SCHEMA_REFRESH_INTERVAL"] = "2s" // more often would use up what may be asked of FortyTwo in a minute
	}
	return withBed(ctx, p, bo, func(ctx context.Context, b *bed) error {
		schema, err := swapSchema(ctx, b.box)
		if err != nil {
			return err
		}
		swap, err := load.MeasureSwap(ctx, load.SwapOptions{
			Gateway: b.gateway, Front: b.front, Email: b.agent, Password: sandbox.MemberPassword,
			Clients: o.clients, Page: o.small, Rate: o.rate, Swaps: o.swaps, Window: o.window,
			AddField: func(name string) error {
				return b.box.FortyTwo().AddField("lead", fortytwo.FieldSpec{Name: name, Type: fortytwo.TypeText, Custom: true})
			},
		})
		swap.Schema = schema
		result.Swap = &swap
		return err
	})
}

// addObjects makes FortyTwo's schema larger.
func addObjects(box *sandbox.Sandbox, n int) error {
	for i := range n {
		spec := fortytwo.ObjectSpec{NameSingular: fmt.Sprintf("ledger%d", i), NamePlural: fmt.Sprintf("ledgers%d", i)}
		for j := range 12 {
			spec.Fields = append(spec.Fields, fortytwo.FieldSpec{Name: fmt.Sprintf("entry%d", j), Type: fortytwo.TypeText, Custom: true})
		}
		if err := box.FortyTwo().AddObject(spec); err != nil {
			return err
		}
	}
	return nil
}

// swapSchema composes FortyTwo's schema here, to know how large it is.
func swapSchema(ctx context.Context, box *sandbox.Sandbox) (load.SwapSchema, error) {
	post := func(ctx context.Context, endpoint compose.Endpoint, query string, variables any) (json.RawMessage, error) {
		path := "/graphql"
		if endpoint == compose.Metadata {
			path = "/metadata"
		}
		return postToFortyTwo(ctx, box, path, query, variables)
	}
	local := localSchema()
	if _, err := compose.Read(ctx, post); err != nil { // what the emulator makes for it is there from now on
		return load.SwapSchema{}, err
	}
	before := heapInUse()
	up, err := compose.Read(ctx, post)
	if err != nil {
		return load.SwapSchema{}, err
	}
	composed, err := compose.Compose(local, up)
	if err != nil {
		return load.SwapSchema{}, err
	}
	held := heapInUse() - before
	size := load.SwapSchema{Types: len(composed.Schema.Types), Heap: held}
	size.SDL = len(composed.SDL())
	return size, nil
}

func heapInUse() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // what pools held is free only now
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func postToFortyTwo(ctx context.Context, box *sandbox.Sandbox, path, query string, variables any) (json.RawMessage, error) {
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, box.FortyTwoURL()+path, strings.NewReader(string(body)))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+box.FortyTwoAPIKey())
	res, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	var answer struct {
		Data json.RawMessage `json:"data"`
	}
	err = json.NewDecoder(res.Body).Decode(&answer)
	return answer.Data, err
}

// bareProxyName is what the measurement calls itself with for a process to compare the gateway with.
const bareProxyName = "bare-proxy"

func serveBareProxy(ctx context.Context, p process, f *loadFlags) error {
	upstream := f.String("upstream", "", "base URL")
	if _, err := f.parse(func() bool { return *upstream != "" }); err != nil {
		return err
	}
	return load.ServeBareProxy(ctx, net.JoinHostPort(p.environment["HOST"], p.environment["PORT"]), *upstream)
}

func (r federationResult) print(w io.Writer) error {
	var parts []func(io.Writer) error
	if r.Through != nil {
		parts = append(parts, r.Through.Print)
	}
	if r.Mixed != nil {
		parts = append(parts, r.Mixed.Print)
	}
	if r.Swap != nil {
		parts = append(parts, r.Swap.Print)
	}
	for i, part := range parts {
		if i > 0 {
			if _, err := io.WriteString(w, "\n"); err != nil {
				return err
			}
		}
		if err := part(w); err != nil {
			return err
		}
	}
	return nil
}

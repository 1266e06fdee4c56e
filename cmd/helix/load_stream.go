package main

import (
	"context"
	"errors"
	"io"
	"maps"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/helix-engage/gateway/sandbox/load"
)

// streamResult is what `helix load stream` prints.
type streamResult struct {
	Rounds   []load.Streams `json:"rounds"`
	Overload *load.Streams  `json:"overload,omitempty"`
	Soak     *load.Soak     `json:"soak,omitempty"`
}

func measureStreams(ctx context.Context, p process, f *loadFlags) error {
	calls := integers{50, 300, 700}
	f.Var(&calls, "calls", "calls at once, a gateway each")
	stretch := f.Duration("for", 20*time.Second, "how long is measured while all calls talk")
	ramp := f.Float64("ramp", 20, "calls that begin in a second")
	overload := f.Int("overload", 0, "calls that fill the gateway while a fifth more are tried; 0: none")
	soak := f.Int("soak", 0, "short calls in a row; 0: none")
	collect := f.Duration("collect", 150*time.Second, "how long the gateway may take to collect garbage before and after the short calls; 0: not waited for")
	rate := f.Float64("soak-rate", 20, "short calls that begin in a second, at most")
	o, err := f.parse(func() bool {
		return (positive(calls) || len(calls) == 0 && *overload+*soak > 0) && *overload >= 0 && *soak >= 0 && *collect >= 0 && *stretch > 0 && *ramp > 0 && *rate > 0
	})
	if err != nil {
		return err
	}
	var result streamResult
	round := func(n, extra int) (r load.Streams, err error) {
		err = withStreams(ctx, p, o, n, n+extra, func(ctx context.Context, b *bed, peers *load.Peers) (err error) {
			r, err = load.MeasureStreams(ctx, load.StreamsOptions{
				Gateway: b.gateway, Peers: peers, APIKey: sandboxCRMKey, Calls: n, Extra: extra, Ramp: *ramp, For: *stretch,
			})
			return err
		})
		return r, err
	}
	for _, n := range calls {
		r, err := round(n, 0)
		if err != nil {
			return err
		}
		result.Rounds = append(result.Rounds, r)
	}
	if *overload > 0 {
		r, err := round(*overload, max(*overload/5, 1))
		if err != nil {
			return err
		}
		result.Overload = &r
	}
	if *soak > 0 {
		err := withStreams(ctx, p, o, soakStreams, soakStreams, func(ctx context.Context, b *bed, peers *load.Peers) error {
			s, err := load.MeasureSoak(ctx, load.SoakOptions{Gateway: b.gateway, Peers: peers, APIKey: sandboxCRMKey, Calls: *soak, Rate: *rate, Collect: *collect})
			result.Soak = &s
			return err
		})
		if err != nil {
			return err
		}
	}
	return f.show(p.stdout, result, result.print)
}

// soakStreams is how many short calls there may be at once.
const soakStreams = 300

// withStreams is withBed with light peers of audio in place of the emulators.
func withStreams(
	ctx context.Context, p process, o bedOptions, streams, concurrency int, measure func(context.Context, *bed, *load.Peers) error,
) (err error) {
	const flowPath = "dial"
	peers, err := load.StartPeers(ctx, load.PeersOptions{
		FlowPath: "/Basic/v1/" + flowPath, WebhookPath: pathElevenLabs, WebhookSecret: sandboxWebhookSecret,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, peers.Close()) }()
	o.change = func(environment map[string]string, dir string) {
		maps.Copy(environment, map[string]string{
			"KNOWLARITY_API_URL": peers.URL, "KNOWLARITY_CHANNEL": "Basic", "KNOWLARITY_STRATEGY": "flow", "KNOWLARITY_FLOW_PATH": flowPath,
			"ELEVENLABS_API_URL": peers.URL, "SERVER_WEBSOCKET_URL": "ws://" + strings.TrimPrefix(peers.URL, "http://"),
			"OUTBOUND_STREAMS": strconv.Itoa(streams), "OUTBOUND_CONCURRENCY": strconv.Itoa(concurrency),
			"OUTBOUND_MAX_DURATION": "1h", "OUTBOUND_RECORD": "true", "RECORDINGS_DIR": filepath.Join(dir, "recordings"),
		})
	}
	return withBed(ctx, p, o, func(ctx context.Context, b *bed) error { return measure(ctx, b, peers) })
}

func (r streamResult) print(w io.Writer) error {
	var err error
	if len(r.Rounds) > 0 {
		err = load.PrintStreams(w, r.Rounds)
	}
	if r.Overload != nil {
		_, blank := io.WriteString(w, "\n")
		err = errors.Join(err, blank, load.PrintStreams(w, []load.Streams{*r.Overload}))
	}
	if r.Soak != nil {
		_, blank := io.WriteString(w, "\n")
		err = errors.Join(err, blank, r.Soak.Print(w))
	}
	return err
}

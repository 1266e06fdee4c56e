package ozonetel_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers"
	"github.com/helix-engage/gateway/providers/ozonetel"
	emulator "github.com/helix-engage/gateway/sandbox/ozonetel"
)

func (a *account) tokensMade() int { return a.RequestCount("generateToken") }

func ask(t *testing.T, c *ozonetel.Client) error {
	t.Helper()
	_, err := c.Abandoned(t.Context())
	return err
}

func mustAsk(t *testing.T, c *ozonetel.Client) {
	t.Helper()
	if err := ask(t, c); err != nil {
		t.Fatal(err)
	}
}

func TestOneTokenServesAllReplicas(t *testing.T) {
	t.Parallel()
	a := newAccount(t, ozonetel.AuthToken)
	shared := &ozonetel.MemoryTokens{}
	var group sync.WaitGroup
	for range 4 {
		replica := a.client(t, func(o *ozonetel.Options) { o.Tokens = shared })
		for range 10 {
			group.Go(func() {
				if err := ask(t, replica); err != nil {
					t.Error(err)
				}
			})
		}
	}
	group.Wait()
	if n := a.tokensMade(); n != 1 {
		t.Errorf("40 requests of 4 replicas made %d tokens", n)
	}
}

func TestReplicasRenewAnExpiredTokenOnce(t *testing.T) {
	t.Parallel()
	a := newAccount(t, ozonetel.AuthToken)
	shared := &ozonetel.MemoryTokens{}
	var replicas []*ozonetel.Client
	for range 3 {
		replicas = append(replicas, a.client(t, func(o *ozonetel.Options) { o.Tokens = shared }))
		mustAsk(t, replicas[len(replicas)-1])
	}
	a.ExpireToken()
	var group sync.WaitGroup
	for _, replica := range replicas {
		for range 5 {
			group.Go(func() {
				if err := ask(t, replica); err != nil {
					t.Error(err)
				}
			})
		}
	}
	group.Wait()
	if n := a.tokensMade(); n != 2 {
		t.Errorf("%d tokens were made, want the first and one more", n)
	}
}

func TestATokenIsUsedFor55Minutes(t *testing.T) {
	t.Parallel()
	a := newAccount(t, ozonetel.AuthToken)
	client := a.client(t)
	for _, step := range []struct {
		advance time.Duration
		tokens  int
	}{{0, 1}, {54 * time.Minute, 1}, {time.Minute, 2}, {54 * time.Minute, 2}} {
		a.Advance(step.advance)
		mustAsk(t, client)
		if n := a.tokensMade(); n != step.tokens {
			t.Errorf("after another %v there were %d tokens, want %d", step.advance, n, step.tokens)
		}
	}
}

func TestTheHourHasNineTokens(t *testing.T) {
	t.Parallel()
	a := newAccount(t, ozonetel.AuthToken)
	client := a.client(t)
	for range 9 {
		a.ExpireToken()
		mustAsk(t, client)
		a.Advance(time.Minute)
	}
	a.ExpireToken()
	err := ask(t, client)
	if e := helix.AsError(err); !helix.IsCode(err, helix.CodeTooManyRequests) || e.RetryAfter != 51*time.Minute || !e.Retryable {
		t.Errorf("the tenth token: %v, again in %v; want TOO_MANY_REQUESTS, 51m", err, e.RetryAfter)
	}
	if n := a.tokensMade(); n != 9 {
		t.Errorf("%d tokens were asked for", n)
	}
	a.Advance(51 * time.Minute)
	mustAsk(t, client)
}

func TestAStolenTokenRaisesTheAlarm(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil  func(*account)
		alarms int64
	}{
		"another system takes it":           {func(a *account) { a.StealToken() }, 1},
		"it runs out":                       {func(a *account) { a.ExpireToken() }, 0},
		"it is replaced by its age":         {func(a *account) { a.Advance(56 * time.Minute) }, 0},
		"the account's clock outlives ours": {func(a *account) { a.Advance(2 * time.Hour) }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, ozonetel.AuthToken)
			reader, logs := metric.NewManualReader(), &bytes.Buffer{}
			client := newClient(t, metric.NewMeterProvider(metric.WithReader(reader)), func(o *ozonetel.Options) {
				o.BaseURL, o.UserName, o.APIKey, o.Now = a.url, a.Account().UserName, a.Account().APIKey, a.line.Now
				o.Logger = slog.New(slog.NewTextHandler(logs, nil))
			})
			mustAsk(t, client)
			c.spoil(a)
			mustAsk(t, client)
			if n := counted(t, reader, "helix.ozonetel.tokens.stolen"); n != c.alarms {
				t.Errorf("%d alarms, want %d", n, c.alarms)
			}
			if warned := strings.Contains(logs.String(), "level=WARN"); warned != (c.alarms > 0) {
				t.Errorf("the log says %q", logs)
			}
			if n := counted(t, reader, "helix.ozonetel.tokens.generated"); n != 2 {
				t.Errorf("%d tokens were counted, want 2", n)
			}
		})
	}
}

func TestARefusalOfTheKeyCostsNoToken(t *testing.T) {
	t.Parallel()
	a := newAccount(t, ozonetel.AuthToken)
	client := a.client(t, func(o *ozonetel.Options) { o.APIKey = "KKwrong000000000" })
	for i := range 11 { // in less than an hour, with pauses longer than those after failures
		if err := ask(t, client); !errors.Is(err, providers.ErrCredentials) {
			t.Fatalf("request %d failed with %v, want a refusal of our credentials", i+1, err)
		}
		a.Advance(5*time.Minute + time.Second)
	}
}

// counted is the sum of a counter.
func counted(t *testing.T, reader *metric.ManualReader, name string) int64 {
	t.Helper()
	var data metricdata.ResourceMetrics
	if err := reader.Collect(t.Context(), &data); err != nil {
		t.Fatal(err)
	}
	var total int64
	for _, scope := range data.ScopeMetrics {
		for _, m := range scope.Metrics {
			if sum, ok := m.Data.(metricdata.Sum[int64]); ok && m.Name == name {
				for _, point := range sum.DataPoints {
					total += point.Value
				}
			}
		}
	}
	return total
}

// TestATokenServiceInTrouble holds that an outage costs few of the hour's tokens, and that they last beyond it.
func TestATokenServiceInTrouble(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]emulator.Fault{
		"it breaks":               {Kind: emulator.FaultStatus},
		"it resets":               {Kind: emulator.FaultReset},
		"it answers nonsense":     {Kind: emulator.FaultGarbage},
		"it has no token":         {Kind: emulator.FaultBody, Body: `{"status":"success","message":"soon"}`},
		"it has an empty token":   {Kind: emulator.FaultBody, Body: `{"token":"","message":"soon"}`},
		"it says that it is full": {Kind: emulator.FaultRateLimit},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, ozonetel.AuthToken)
			client, seat := a.client(t), a.ready(t)
			fault.Endpoint, fault.Count = "generateToken", 100
			if err := a.Fail(fault); err != nil {
				t.Fatal(err)
			}
			for range 60 { // two minutes, a request every two seconds
				_, err := client.Dial(t.Context(), seat, patient, ourID)
				if !helix.IsRetryable(err) || helix.IsCode(err, helix.CodeUnknownOutcome) {
					t.Fatalf("without a token a dial fails with %v, want what says that nothing was placed", err)
				}
				a.Advance(2 * time.Second)
			}
			if n := a.tokensMade(); n > 7 {
				t.Errorf("%d of the hour's tokens were asked for in two minutes", n)
			}
			a.ClearFaults()
			a.Advance(5 * time.Minute)
			if _, err := client.Dial(t.Context(), seat, patient, ourID); err != nil {
				t.Errorf("after the outage: %v", err)
			}
		})
	}
}

func TestAReplicaThatDiedGivesWay(t *testing.T) {
	t.Parallel()
	a := newAccount(t, ozonetel.AuthToken)
	shared := &ozonetel.MemoryTokens{}
	dead := ozonetel.Token{Renewing: a.line.Now(), Generated: []time.Time{a.line.Now()}}
	if _, err := shared.Save(t.Context(), dead, 0); err != nil {
		t.Fatal(err)
	}
	client := a.client(t, func(o *ozonetel.Options) { o.Tokens = shared })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := client.Abandoned(ctx); !helix.IsCode(err, helix.CodeUnavailable) || a.tokensMade() != 0 {
		t.Errorf("while it may be alive: %v, %d tokens", err, a.tokensMade())
	}
	a.Advance(11 * time.Second)
	mustAsk(t, client)
	if n := a.tokensMade(); n != 1 {
		t.Errorf("%d tokens were made", n)
	}
}

// brokenStore fails from a step on.
type brokenStore struct {
	ozonetel.MemoryTokens
	load, save error
}

func (s *brokenStore) Load(ctx context.Context) (ozonetel.Token, uint64, error) {
	if s.load != nil {
		return ozonetel.Token{}, 0, s.load
	}
	return s.MemoryTokens.Load(ctx)
}

func (s *brokenStore) Save(ctx context.Context, token ozonetel.Token, rev uint64) (uint64, error) {
	if s.save != nil {
		return 0, s.save
	}
	return s.MemoryTokens.Save(ctx, token, rev)
}

func TestAStoreThatFails(t *testing.T) {
	t.Parallel()
	fault := errors.New("the bus is away")
	for name, store := range map[string]*brokenStore{"on reading": {load: fault}, "on writing": {save: fault}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, ozonetel.AuthToken)
			client := a.client(t, func(o *ozonetel.Options) { o.Tokens = store })
			err := ask(t, client)
			if !helix.IsCode(err, helix.CodeUnavailable) || !errors.Is(err, fault) || a.tokensMade() != 0 {
				t.Errorf("%v, %d tokens; want UPSTREAM_UNAVAILABLE and none, since nobody could share it", err, a.tokensMade())
			}
		})
	}
}

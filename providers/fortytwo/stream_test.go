package fortytwo_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers"
	"github.com/helix-engage/gateway/providers/fortytwo"
	emulator "github.com/helix-engage/gateway/sandbox/fortytwo"
)

// patience is how long what must happen may take on a busy machine.
const patience = time.Minute

// watcher gives a client whose model is resolved and whose streams count as dead after silence; 0 stands for the usual one.
func (u *upstream) watcher(t testing.TB, silence time.Duration) *fortytwo.Client {
	t.Helper()
	kit, err := providers.NewHTTP(providers.Options{Provider: helix.ProviderFortyTwo, Transport: u.transport})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(kit.Close)
	c, err := fortytwo.New(fortytwo.Options{
		URL: u.url + "/graphql", APIKey: u.APIKey(), Origin: "http://localhost:3001", HTTP: kit, Timeout: patience, StreamSilence: silence,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Resolve(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c
}

// watch watches a record for an hour and waits for the stream.
func watch(t *testing.T, c *fortytwo.Client, a agent, object, record string) *fortytwo.Watching {
	t.Helper()
	w := watchUntil(t, c, a, object, record, time.Now().Add(time.Hour))
	signalled(t, w)
	return w
}

func watchUntil(t *testing.T, c *fortytwo.Client, a agent, object, record string, expires time.Time) *fortytwo.Watching {
	t.Helper()
	w, err := c.WatchRecord(a.access(), expires, object, record)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return w
}

// signalled waits for a signal of a stream that is open.
func signalled(t *testing.T, w *fortytwo.Watching) {
	t.Helper()
	select {
	case <-w.Signals():
	case <-time.After(patience):
		t.Fatal("no signal came")
	}
	if live, err := w.State(); !live || err != nil {
		t.Fatalf("live %v, %v", live, err)
	}
}

// failed waits for the end of a Watching.
func failed(t *testing.T, w *fortytwo.Watching) error {
	t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case <-w.Signals():
			if _, err := w.State(); err != nil {
				return err
			}
		case <-deadline:
			t.Fatal("it did not end")
		}
	}
}

func unsignalled(t *testing.T, w *fortytwo.Watching) {
	t.Helper()
	select {
	case <-w.Signals():
		t.Error("it was signalled")
	default:
	}
}

func eventually(t *testing.T, what string, fits func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for !fits() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%s did not come about", what)
		}
	}
}

// seeded is an emulated hospital with a dozen leads and a patient.
func seeded(t *testing.T, change func(*emulator.Options)) (u *upstream, leads []string) {
	t.Helper()
	u = newUpstream(t, func(o *emulator.Options) {
		o.StreamComment = 5 * time.Millisecond
		if change != nil {
			change(o)
		}
	})
	return u, u.seed(t)
}

func (u *upstream) seed(t *testing.T) (leads []string) {
	t.Helper()
	c := u.client(t)
	meera := signIn(t, c, "meera@sandbox.test")
	writes := []helix.RecordWrite{write(helix.ObjectPatient, "1", map[string]any{"name": "Lakshmi Rao"})}
	for i := range 12 {
		w := write(helix.ObjectLead, fmt.Sprint(i), map[string]any{
			"name": fmt.Sprint("Lead ", i), "phone": fmt.Sprintf("+9198123456%02d", i), "leadStatus": "NEW",
			"assigneeId": string(meera.Member),
		})
		writes, leads = append(writes, w), append(leads, w.Record)
	}
	put(t, c, writes...)
	return leads
}

func (u *upstream) rename(t *testing.T, lead, name string) {
	t.Helper()
	if err := u.Edit(emulator.Edit{Email: "meera@sandbox.test", Object: "lead", ID: lead, Data: map[string]any{"name": name}}); err != nil {
		t.Fatal(err)
	}
}

func TestTwentySubscriptionsOfOneUserAreOneStream(t *testing.T) {
	t.Parallel()
	u, leads := seeded(t, nil)
	c := u.watcher(t, time.Minute)
	asha, ravi := signIn(t, c, "asha@sandbox.test"), signIn(t, c, "ravi@sandbox.test")
	var all []*fortytwo.Watching
	for i := range 20 {
		all = append(all, watch(t, c, asha, "lead", leads[i/2])) // two of each
	}
	if streams, queries := u.StreamCount(), u.StreamQueries(); streams != 1 || queries != 10 || u.RequestCount("onEventSubscription") != 1 {
		t.Fatalf("%d streams, %d queries, opened %d times", streams, queries, u.RequestCount("onEventSubscription"))
	}
	other := watch(t, c, ravi, "lead", leads[0])
	if u.StreamCount() != 2 {
		t.Errorf("two users have %d streams", u.StreamCount())
	}
	u.rename(t, leads[3], "Changed")
	signalled(t, all[6])
	signalled(t, all[7])
	for i, w := range all {
		if i != 6 && i != 7 {
			unsignalled(t, w)
		}
	}
	unsignalled(t, other)
	all[0].Close()
	all[0].Close()
	all[2].Close()
	all[3].Close()
	eventually(t, "the removal of the query that nobody wants", func() bool { return u.StreamQueries() == 10 }) // nine, and Ravi's
	for _, w := range all {
		w.Close()
	}
	eventually(t, "the end of the stream that nobody needs", func() bool { return u.StreamCount() == 1 })
}

func TestAfterARestartEverybodyIsToldToReadAgain(t *testing.T) {
	t.Parallel()
	u, leads := seeded(t, nil)
	c := u.watcher(t, time.Minute)
	asha := signIn(t, c, "asha@sandbox.test")
	first, second := watch(t, c, asha, "lead", leads[0]), watch(t, c, asha, "lead", leads[1])
	u.CutStreams()
	signalled(t, first)
	signalled(t, second)
	u.rename(t, leads[1], "Changed")
	signalled(t, second)
	unsignalled(t, first)
	if u.StreamCount() != 1 || u.StreamQueries() != 2 {
		t.Errorf("%d streams, %d queries", u.StreamCount(), u.StreamQueries())
	}
}

func TestAStreamIsOpenedAgainAsOftenAsItFails(t *testing.T) {
	t.Parallel()
	u, leads := seeded(t, nil)
	c := u.watcher(t, time.Minute)
	asha := signIn(t, c, "asha@sandbox.test")
	for _, f := range []emulator.Fault{
		{RootField: "onEventSubscription", Kind: emulator.FaultStatus, Status: 502},
		{RootField: "onEventSubscription", Kind: emulator.FaultReset},
		{RootField: "onEventSubscription", Kind: emulator.FaultRateLimit},
		{RootField: "addQueryToEventStream", Kind: emulator.FaultBody, Body: `{"data":{"addQueryToEventStream":false}}`},
	} {
		if err := u.Fail(f); err != nil {
			t.Fatal(err)
		}
	}
	w := watchUntil(t, c, asha, "lead", leads[0], time.Now().Add(time.Hour))
	signalled(t, w)
	if n := u.RequestCount("onEventSubscription"); n != 5 {
		t.Errorf("opened %d times", n)
	}
}

func TestASilentStreamCountsAsDead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		u := newUpstreamInMemory(t, nil) // which says every 12 s that it is alive
		leads := u.seed(t)
		c := u.watcher(t, 30*time.Second)
		w := watch(t, c, signIn(t, c, "asha@sandbox.test"), "lead", leads[0])
		time.Sleep(time.Minute)
		unsignalled(t, w)
		u.SilenceStreams()
		u.rename(t, leads[0], "Unheard")
		signalled(t, w) // because the stream is another
		u.rename(t, leads[0], "Heard")
		signalled(t, w)
		if n := u.RequestCount("onEventSubscription"); n != 2 {
			t.Errorf("opened %d times", n)
		}
	})
}

func TestAStreamEndsWithItsToken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		u := newUpstreamInMemory(t, nil)
		leads := u.seed(t)
		c := u.watcher(t, time.Minute)
		asha := signIn(t, c, "asha@sandbox.test")
		short := watchUntil(t, c, asha, "lead", leads[0], time.Now().Add(30*time.Second))
		wantCode(t, failed(t, short), helix.CodeUnauthenticated)
		eventually(t, "the end of the stream", func() bool { return u.StreamCount() == 0 })
		if _, err := c.WatchRecord(asha.access(), time.Now(), "lead", leads[0]); !helix.IsCode(err, helix.CodeUnauthenticated) {
			t.Errorf("with a token at its end: %v", err)
		}
	})
}

func TestAnExpiredTokenOpensNoStream(t *testing.T) {
	t.Parallel()
	u, leads := seeded(t, nil)
	c := u.watcher(t, time.Minute)
	asha := signIn(t, c, "asha@sandbox.test")
	u.ExpireTokens()
	wantCode(t, failed(t, watchUntil(t, c, asha, "lead", leads[0], time.Now().Add(time.Hour))), helix.CodeUnauthenticated)
}

func TestWhereThereIsNoStreamIsToldAndNotAskedAgain(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"a line without subscriptions":    `{"errors":[{"message":"Schema is not configured to execute subscription operation."}]}`,
		"a line without the event stream": `{"errors":[{"message":"Cannot query field \"onEventSubscription\" on type \"Subscription\"."}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u, leads := seeded(t, nil)
			c := u.watcher(t, time.Minute)
			asha := signIn(t, c, "asha@sandbox.test")
			if err := u.Fail(emulator.Fault{RootField: "onEventSubscription", Kind: emulator.FaultBody, Body: body}); err != nil {
				t.Fatal(err)
			}
			if err := failed(t, watchUntil(t, c, asha, "lead", leads[0], time.Now().Add(time.Hour))); !errors.Is(err, fortytwo.ErrNoStream) {
				t.Fatalf("got %v", err)
			}
			if _, err := c.WatchRecord(asha.access(), time.Now().Add(time.Hour), "lead", leads[0]); !errors.Is(err, fortytwo.ErrNoStream) {
				t.Errorf("the next one: %v", err)
			}
			if n := u.RequestCount("onEventSubscription"); n != 1 {
				t.Errorf("asked %d times", n)
			}
		})
	}
}

func TestATokenThatMayNotSubscribeIsNotAskedForForever(t *testing.T) {
	t.Parallel()
	u, leads := seeded(t, nil)
	c := u.watcher(t, time.Minute)
	for name, access := range map[string]helix.Access{"the server's own key": helix.AsServer(), "an API key": helix.AsUser(u.APIKey())} {
		w, err := c.WatchRecord(access, time.Now().Add(time.Hour), "lead", leads[0])
		if err == nil {
			t.Cleanup(w.Close)
			err = failed(t, w)
		}
		if !errors.Is(err, fortytwo.ErrNoStream) {
			t.Errorf("%s: %v", name, err)
		}
	}
	wantCode(t, errOf(c.WatchRecord(helix.AsUser(""), time.Now().Add(time.Hour), "lead", leads[0])), helix.CodeUnauthenticated)
}

func errOf(_ *fortytwo.Watching, err error) error { return err }

func TestAQueryThatIsRefusedIsGivenUpAlone(t *testing.T) {
	t.Parallel()
	u, leads := seeded(t, nil)
	c := u.watcher(t, time.Minute)
	asha := signIn(t, c, "asha@sandbox.test")
	good := watch(t, c, asha, "lead", leads[0])
	if err := failed(t, watchUntil(t, c, asha, "nosuch", leads[0], time.Now().Add(time.Hour))); !errors.Is(err, fortytwo.ErrNoStream) {
		t.Errorf("got %v", err)
	}
	u.rename(t, leads[0], "Changed")
	signalled(t, good)
}

func TestNobodyWatchesMoreThanAHundredRecords(t *testing.T) {
	t.Parallel()
	u, _ := seeded(t, nil)
	c := u.watcher(t, time.Minute)
	asha := signIn(t, c, "asha@sandbox.test")
	for i := range 100 {
		watchUntil(t, c, asha, "lead", helix.NewID(fmt.Sprint(i)), time.Now().Add(time.Hour))
	}
	_, err := c.WatchRecord(asha.access(), time.Now().Add(time.Hour), "lead", helix.NewID("one more"))
	wantCode(t, err, helix.CodeLimitExceeded)
}

func TestTheEndOfARecordIsToldAsSuch(t *testing.T) {
	t.Parallel()
	u, leads := seeded(t, nil)
	c := u.watcher(t, time.Minute)
	asha := signIn(t, c, "asha@sandbox.test")
	w := watch(t, c, asha, "lead", leads[0])
	if w.Destroyed() {
		t.Error("it is there")
	}
	if status := u.mutate(t, asha, `mutation { destroyLead(id: "`+leads[0]+`") { id } }`); status != http.StatusOK {
		t.Fatalf("HTTP %d", status)
	}
	signalled(t, w)
	if !w.Destroyed() || w.Destroyed() {
		t.Error("it is told once")
	}
}

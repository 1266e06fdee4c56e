package knowlarity_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/audio"
	"github.com/helix-engage/gateway/providers/knowlarity"
	"github.com/helix-engage/gateway/providers/providertest"
	"github.com/helix-engage/gateway/sandbox/faults"
	emulator "github.com/helix-engage/gateway/sandbox/knowlarity"
	"github.com/helix-engage/gateway/sandbox/timeline"
)

// account is an emulated account over real HTTP, with somewhere for its callbacks and streams to go. Its time stands still
// but for Advance.
type account struct {
	*emulator.Server
	line    *timeline.Timeline
	client  *knowlarity.Client
	request helix.DialRequest
	reports chan helix.DialReport
	streams chan *websocket.Conn // those that were opened, for the test to close
}

func newAccount(t *testing.T, strategy knowlarity.Strategy) *account {
	t.Helper()
	a := &account{
		line: timeline.New(func() time.Time { return morning }), request: request(),
		reports: make(chan helix.DialReport, 100), streams: make(chan *websocket.Conn, 10),
	}
	ours := httptest.NewServer(a.ours(t))
	t.Cleanup(ours.Close)
	server, err := emulator.New(emulator.Options{
		Timeline: a.line, Pace: 20, Callbacks: emulator.Callbacks{URL: ours.URL + "/callback", Shapes: []emulator.Shape{emulator.StatusShape}},
	})
	if err != nil {
		t.Fatal(err)
	}
	a.Server = server
	web := httptest.NewServer(server.Handler())
	t.Cleanup(web.Close)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		_ = server.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-stopped
		if wrong := server.Violations(); len(wrong) > 0 {
			t.Errorf("the provider complains: %q", wrong)
		}
	})
	set := server.Account()
	a.client = newClient(t, func(o *knowlarity.Options) {
		o.BaseURL, o.StreamURLAPI, o.Strategy = web.URL, web.URL+"/knowlarity/update_wss_url", strategy
		o.APIKey, o.Authorization, o.Channel, o.Number, o.IVRID, o.Now = set.APIKey, set.Authorization, set.Channel, set.Numbers[0], set.IVRs[0], a.line.Now
	})
	a.request.StreamURL = "ws" + strings.TrimPrefix(ours.URL, "http") + "/stream"
	return a
}

// ours is where callbacks and streams go.
func (a *account) ours(t *testing.T) http.Handler {
	upgrader := websocket.Upgrader{Subprotocols: []string{knowlarity.Subprotocol}}
	mux := http.NewServeMux()
	mux.HandleFunc("/callback", func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.Method == http.MethodGet {
			body = []byte(r.URL.RawQuery)
		}
		reports, err := a.client.DecodeCallback(r.Header.Get("Content-Type"), body)
		if err != nil {
			t.Errorf("callback: %v", err)
		}
		for _, report := range reports {
			a.reports <- report
		}
	})
	mux.HandleFunc("/stream", func(w http.ResponseWriter, r *http.Request) {
		conn, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			t.Errorf("stream: %v", err)
			return
		}
		a.streams <- conn
	})
	return mux
}

// stream gives the next stream that is opened.
func (a *account) stream(t *testing.T) *websocket.Conn {
	t.Helper()
	select {
	case conn := <-a.streams:
		return conn
	case <-t.Context().Done():
		t.Fatal("no stream was opened")
		return nil
	}
}

// play lets the latest call ring, and a patient who answers talk for 42 seconds.
func (a *account) play(t *testing.T, id string) {
	t.Helper()
	a.Advance(time.Minute)
	a.Advance(time.Minute)
	view, err := a.Call(id)
	if err != nil {
		t.Fatal(err)
	}
	if view.State != emulator.Answered {
		return
	}
	conn := a.stream(t)
	a.Advance(42 * time.Second)
	if err := a.HangUp(id); err != nil {
		t.Error(err)
	}
	for err == nil {
		_, _, err = conn.ReadMessage()
	}
	_ = conn.Close()
}

func TestConformance(t *testing.T) {
	t.Parallel()
	for _, strategy := range []knowlarity.Strategy{knowlarity.StrategyFlow, knowlarity.StrategyMakeCall} {
		t.Run("by "+string(strategy), func(t *testing.T) {
			t.Parallel()
			providertest.TestDialler(t, func(t *testing.T) providertest.Dialler { return newHarness(t, strategy) })
		})
	}
}

func newHarness(t *testing.T, strategy knowlarity.Strategy) providertest.Dialler {
	t.Helper()
	a := newAccount(t, strategy)
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	endpoint := string(strategy)
	if strategy != knowlarity.StrategyFlow {
		check(a.client.SetStreamURL(t.Context(), "", a.request.StreamURL))
	}
	fail := func(f faults.Request) func() {
		return func() {
			f.Endpoint = endpoint
			check(a.Fail(f))
		}
	}
	return providertest.Dialler{
		Driver: a.client, Request: a.request,
		Script: func(how helix.DialStatus) {
			check(a.SetScripts("", emulator.Script{Outcome: map[helix.DialStatus]emulator.Outcome{
				helix.DialCompleted: emulator.Answers, helix.DialBusy: emulator.Busy, helix.DialNoAnswer: emulator.NoAnswer,
			}[how], Mute: true}))
		},
		Play: func(id string) { a.play(t, id) },
		Report: func(ctx context.Context) (helix.DialReport, error) {
			select {
			case r := <-a.reports:
				return r, nil
			case <-ctx.Done():
				return helix.DialReport{}, ctx.Err()
			}
		},
		Period: func() (from, to time.Time) { return a.line.Now().Add(-time.Hour), a.line.Now().Add(time.Second) },
		Placed: func() (ids []string) {
			for _, view := range a.Calls() {
				ids = append(ids, view.ID)
			}
			return ids
		},
		Refuse: fail(faults.Request{Kind: faults.KindBody, Body: `{"error":{"message":"Agent number is not registered"}}`}),
		Break:  fail(faults.Request{Kind: faults.KindReset}),
		Lose:   fail(faults.Request{Kind: faults.KindReset, AfterEffect: true}),
	}
}

func TestACampaignDialsAtItsTime(t *testing.T) {
	t.Parallel()
	a := newAccount(t, knowlarity.StrategyCampaign)
	if err := a.client.SetStreamURL(t.Context(), "", a.request.StreamURL); err != nil {
		t.Fatal(err)
	}
	id, err := a.client.Dial(t.Context(), a.request)
	if id != "" || err != nil || len(a.Calls()) != 0 {
		t.Fatalf("dial answered %q, %v, and placed %d calls", id, err, len(a.Calls()))
	}
	a.Advance(time.Minute)
	calls := a.Calls()
	if len(calls) != 1 || calls[0].Customer != string(patient) {
		t.Fatalf("placed %+v", calls)
	}
	a.play(t, calls[0].ID)
}

func TestTheEmulatorUnderstandsTheLine(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		stream emulator.StreamSettings
		want   func(call string) helix.LineStart
	}{
		"dialect V": {emulator.StreamSettings{Dialect: emulator.DialectV}, func(call string) helix.LineStart {
			return helix.LineStart{ProviderCallID: call, Session: string(ourID), Customer: patient, DID: "+918035550001", Rate: 16000}
		}},
		"dialect H in a binary frame": {emulator.StreamSettings{Dialect: emulator.DialectH, Binary: true}, func(call string) helix.LineStart {
			return helix.LineStart{ProviderCallID: call, Session: string(ourID), Customer: patient, DID: "+918035550001"}
		}},
		"dialect T": {emulator.StreamSettings{Dialect: emulator.DialectT}, func(call string) helix.LineStart {
			return helix.LineStart{ProviderCallID: call, Customer: patient}
		}},
		"a Python literal": {emulator.StreamSettings{Dialect: emulator.DialectPython}, func(call string) helix.LineStart {
			return helix.LineStart{ProviderCallID: call, Session: string(ourID), Customer: patient, DID: "+918035550001"}
		}},
		"metadata after audio": {emulator.StreamSettings{Dialect: emulator.DialectNotFirst}, func(call string) helix.LineStart {
			return helix.LineStart{ProviderCallID: call, Session: string(ourID), Customer: patient, DID: "+918035550001", Rate: 16000}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, knowlarity.StrategyFlow)
			if err := a.SetStream(c.stream); err != nil {
				t.Fatal(err)
			}
			id, err := a.client.Dial(t.Context(), a.request)
			if err != nil {
				t.Fatal(err)
			}
			a.Advance(time.Minute)
			a.Advance(time.Minute)
			conn, line := a.stream(t), knowlarity.NewLine()
			defer conn.Close()
			var started helix.LineFrame
			for heard := false; !heard || started.Kind != helix.LineStarted; {
				kind, data, err := conn.ReadMessage()
				if err != nil {
					t.Fatal(err)
				}
				f, err := line.Decode(kind == websocket.BinaryMessage, data)
				if err != nil {
					t.Fatal(err)
				}
				if f.Kind == helix.LineStarted {
					started = f
				}
				heard = heard || f.Kind == helix.LineAudio
			}
			if diff := cmp.Diff(c.want(id), started.Start); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			for _, message := range [][]byte{
				line.AppendAudio(nil, audio.PCM16k, make([]byte, 640)), line.AppendClear(nil),
				line.AppendAudio(nil, audio.PCM8k, make([]byte, 320)), line.AppendTransfer(nil, "+918035550009"),
			} {
				if err := conn.WriteMessage(websocket.TextMessage, message); err != nil {
					t.Fatal(err)
				}
			}
			for err == nil {
				_, _, err = conn.ReadMessage()
			}
			view, err := a.Call(id)
			killed := slices.ContainsFunc(view.Moments, func(m emulator.Moment) bool { return m.Kind == emulator.Killed })
			if err != nil || view.Played != 2 || !killed || view.Transfer != "+918035550009" {
				t.Errorf("the patient's side is %+v, %v", view, err)
			}
		})
	}
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/trace/noop"
	"pgregory.net/rapid"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/calls"
	"github.com/helix-engage/gateway/desk"
	"github.com/helix-engage/gateway/internal/bus"
	"github.com/helix-engage/gateway/internal/phone"
	"github.com/helix-engage/gateway/internal/webhooks"
	"github.com/helix-engage/gateway/providers"
	"github.com/helix-engage/gateway/providers/ozonetel"
)

// exchange is the part of a gateway that pushes go through (webhooks, inbox, events, queue) over real sockets and a real
// log, by a clock of its own: each case happens on a day of its own.
type exchange struct {
	bus    *bus.Bus
	calls  *calls.Service
	queue  *desk.Queue
	agents *desk.Agents
	web    *httptest.Server
	http   *providers.Client
	log    *slog.Logger

	cases  int
	day    atomic.Int64 // days since the first
	pushed atomic.Int64

	account *account
	reports string           // where the account answers
	client  *ozonetel.Client // of the case's day
}

const exchangeSecret = "exchange-secret"

// firstDay is at ten o'clock in India.
var firstDay = time.Date(2026, 1, 14, 10, 0, 0, 0, ist)

// today is when the case's calls begin; now is when all of them are over.
func (x *exchange) today() time.Time { return firstDay.AddDate(0, 0, int(x.day.Load())) }
func (x *exchange) now() time.Time   { return x.today().Add(time.Hour) }

// account is Ozonetel's reports of the case's calls.
type account struct {
	mu                 sync.Mutex
	records, abandoned []map[string]any
}

func (a *account) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var asked struct{ FromDate string }
	_ = json.NewDecoder(r.Body).Decode(&asked) // abandoned calls are asked for without a day
	answer := map[string]any{"status": "success"}
	switch r.URL.Path {
	case "/ca_apis/abandonCalls":
		answer["message"] = a.abandoned
	case "/ca_reports/fetchCDRDetails":
		rows := []map[string]any{}
		for _, row := range a.records {
			if day, _ := row["CallDate"].(string); strings.HasPrefix(asked.FromDate, day) {
				rows = append(rows, row)
			}
		}
		answer["message"], answer["details"] = "success", rows
	default: // summaries
		answer["message"] = []any{}
	}
	_ = json.NewEncoder(w).Encode(answer)
}

// unwritten takes what is to be written to FortyTwo, which nobody looks at here.
type unwritten struct{}

func (unwritten) Submit(context.Context, ...helix.RecordWrite) error { return nil }
func (unwritten) SubmitAndWait(context.Context, time.Duration, ...helix.RecordWrite) (bool, error) {
	return true, nil
}

// strangers is a FortyTwo that knows nobody.
type strangers struct{ desk.CRM }

func (strangers) ContactByPhone(context.Context, helix.Access, helix.Phone) (helix.Contact, error) {
	return helix.Contact{}, nil
}

func newExchange(t *testing.T) *exchange {
	t.Helper()
	x := &exchange{account: &account{}, log: slog.New(slog.DiscardHandler)}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	reports := httptest.NewServer(x.account)
	t.Cleanup(reports.Close)
	var err error
	x.http, err = providers.NewHTTP(providers.Options{Provider: helix.ProviderOzonetel, Logger: x.log, Now: x.now})
	must(err)
	t.Cleanup(x.http.Close)
	x.bus, err = bus.Open(t.Context(), bus.Options{Dir: t.TempDir(), Logger: x.log})
	must(err)
	person := func(p helix.Phone) string { return phone.Token([]byte("secret"), p) }
	x.calls, err = calls.New(t.Context(), calls.Options{
		Bus: x.bus, Person: person, Records: unwritten{}, Now: x.now, Tracer: noop.NewTracerProvider().Tracer(""),
	})
	must(err)
	x.agents, err = desk.NewAgents(t.Context(), x.bus, x.now)
	must(err)
	x.queue, err = desk.NewQueue(t.Context(), desk.QueueOptions{
		Bus: x.bus, Person: person, Calls: x.calls, Records: unwritten{}, CRM: strangers{}, ClaimTTL: 10 * time.Minute, SLA: 30 * time.Minute,
		Now: x.now, Logger: x.log,
	})
	must(err)
	x.calls.Wire(x.queue, x.agents)
	x.reports = reports.URL
	x.nextDay(t)
	receiver, err := webhooks.New(webhooks.Options{Inbox: inbox{bus: x.bus, now: x.now}, Meters: metricnoop.NewMeterProvider(), Logger: x.log, Now: x.now})
	must(err)
	mux := http.NewServeMux()
	for source, path := range map[string]string{sourceEvents: pathEvents, sourceCDR: pathCDR, sourcePop: pathPop} {
		for pattern, handler := range receiver.Handlers(webhooks.Source{
			Name: source, Path: path, Secrets: []string{exchangeSecret}, Get: source == sourcePop, Redact: x.client.RedactAPIKey,
		}) {
			mux.Handle(pattern, handler)
		}
	}
	x.web = httptest.NewServer(mux)
	t.Cleanup(x.web.Close)

	decoders := map[string]calls.Decoder{sourceEvents: x.client.DecodeEvents, sourceCDR: x.client.DecodeCDR, sourcePop: x.client.DecodeScreenPop}
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	for _, run := range []func(context.Context) error{
		x.queue.Run, x.agents.Run, x.calls.Run, func(ctx context.Context) error { return x.calls.ConsumeInbox(ctx, decoders) },
	} {
		running.Go(func() {
			if err := run(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	t.Cleanup(func() {
		stop()
		running.Wait()
		if err := x.bus.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return x
}

// nextDay begins the day of another case. A client has the rate limits and cached answers of its day.
func (x *exchange) nextDay(t interface{ Fatal(...any) }) {
	x.day.Add(1)
	var err error
	x.client, err = ozonetel.New(ozonetel.Options{
		BaseURL: x.reports, SubscriptionURL: x.reports, UserName: "sandbox", APIKey: "KKsandbox", AuthMode: ozonetel.AuthAPIKey,
		HTTP: x.http, Location: ist, DefaultDisposition: "General Enquiry", Now: x.now, Logger: x.log,
	})
	if err != nil {
		t.Fatal(err)
	}
}

// form is how a push is written down.
type form string

const (
	asJSON      form = "JSON"
	asShouting  form = "JSON with other keys' case"
	asArray     form = "a JSON array"
	asDataField form = "a form with the field data"
	asMultipart form = "a multipart form with the field data"
	asForm      form = "a flat form"
	asQuery     form = "a query"
)

var forms = []form{asJSON, asShouting, asArray, asDataField, asMultipart, asForm, asQuery}

// deliver posts a push, which must be answered with 200.
func (x *exchange) deliver(rt *rapid.T, p push, f form) {
	document := p.inner
	if p.outer != nil {
		document = maps.Clone(p.outer)
		document["data"] = p.inner
	}
	target, contentType := x.web.URL+p.path+"/"+exchangeSecret, "application/json"
	text, err := json.Marshal(document)
	if err != nil {
		rt.Fatal(err)
	}
	body := string(text)
	switch f {
	case asJSON:
	case asShouting:
		shouted := map[string]any{}
		for name, value := range p.inner {
			shouted[strings.ToUpper(name)] = value
		}
		for name, value := range p.outer {
			shouted[strings.ToUpper(name)] = value
		}
		if text, err = json.Marshal(shouted); err != nil {
			rt.Fatal(err)
		}
		body = string(text)
	case asArray:
		body = "[" + body + "]"
	case asDataField:
		body, contentType = url.Values{"data": {body}}.Encode(), "application/x-www-form-urlencoded"
	case asMultipart:
		var parts bytes.Buffer
		writer := multipart.NewWriter(&parts)
		if err := errors.Join(writer.WriteField("data", body), writer.Close()); err != nil {
			rt.Fatal(err)
		}
		body, contentType = parts.String(), writer.FormDataContentType()
	case asForm, asQuery:
		values := url.Values{}
		for _, fields := range []map[string]any{p.outer, p.inner} {
			for name, value := range fields {
				values.Set(name, fmt.Sprint(value))
			}
		}
		if body, contentType = values.Encode(), "application/x-www-form-urlencoded"; f == asQuery {
			target, body = target+"?"+body, ""
		}
	}
	req, err := http.NewRequestWithContext(rt.Context(), http.MethodPost, target, strings.NewReader(body))
	if err != nil {
		rt.Fatal(err)
	}
	req.Header.Set("Content-Type", contentType)
	res, err := x.web.Client().Do(req)
	if err != nil {
		rt.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK {
		rt.Fatalf("%s as %s: HTTP %d", p.path, f, res.StatusCode)
	}
	x.pushed.Add(1)
}

// settle waits until every push is handled; none may end as a dead letter.
func (x *exchange) settle(rt *rapid.T) {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.Now().Add(patience)
	for {
		depth, err := x.bus.Depth(rt.Context())
		switch {
		case err != nil:
			rt.Fatal(err)
		case depth.DeadPushes > 0:
			rt.Fatalf("%d pushes could not be read", depth.DeadPushes)
		case depth.Inbox == 0:
			return
		case time.Now().After(deadline):
			rt.Fatalf("%d pushes are not handled", depth.Inbox)
		}
		<-tick.C
	}
}

// repair is what the scheduler does: sweep the abandoned calls and reconcile with the records.
func (x *exchange) repair(rt *rapid.T, cases ...*played) {
	x.account.mu.Lock()
	x.account.records, x.account.abandoned = nil, []map[string]any{}
	for _, c := range cases {
		for _, call := range c.calls {
			x.account.records = append(x.account.records, call.row())
			if row := call.abandoned(); row != nil {
				x.account.abandoned = append(x.account.abandoned, row)
			}
		}
	}
	x.account.mu.Unlock()
	sweeper, err := calls.NewSweeper(rt.Context(), x.bus, x.calls, x.client, x.now)
	if err != nil {
		rt.Fatal(err)
	}
	if err := sweeper.Sweep(rt.Context()); err != nil {
		rt.Fatal(err)
	}
	if err := calls.NewReconciler(x.calls, telephony{x.client}, ist, x.now).Reconcile(rt.Context()); err != nil {
		rt.Fatal(err)
	}
}

// told is how many events there are.
func (x *exchange) told(t interface {
	Context() context.Context
	Fatal(...any)
},
) uint64 {
	depth, err := x.bus.Depth(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return depth.Events
}

// events are all of a call.
func (x *exchange) events(rt *rapid.T, id helix.CallID) []*helix.CallEvent {
	story, err := x.calls.Timeline(rt.Context(), id, 0, 100)
	if err != nil || story.More || story.Integrity != helix.Intact {
		rt.Fatalf("events of %s: %v, %+v", id, err, story)
	}
	return story.Events
}

// figures are an agent's day and its calls.
func (x *exchange) figures(rt *rapid.T, agent helix.AgentID) (desk.Performance, []helix.CallDetail) {
	d := desk.New(desk.Options{
		Telephony: telephony{x.client}, Calls: x.calls, Records: unwritten{}, CRM: strangers{}, Agents: x.agents, Queue: x.queue,
		Now: x.now, Logger: x.log, Tracer: noop.NewTracerProvider().Tracer(""),
	})
	w := desk.Worker{Seat: helix.AgentSeat{Agent: agent}}
	p, err := d.Performance(rt.Context(), w, x.today(), "")
	if err != nil {
		rt.Fatal(err)
	}
	history, err := d.History(rt.Context(), w, desk.HistoryQuery{Day: x.today()})
	if err != nil {
		rt.Fatal(err)
	}
	return p, history
}

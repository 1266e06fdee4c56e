package ozonetel_test

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"go.opentelemetry.io/otel/metric"
	"go.uber.org/goleak"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/phone"
	"github.com/helix-engage/gateway/providers"
	"github.com/helix-engage/gateway/providers/ozonetel"
	"github.com/helix-engage/gateway/providers/providertest"
	emulator "github.com/helix-engage/gateway/sandbox/ozonetel"
	"github.com/helix-engage/gateway/sandbox/timeline"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// morning is 10:00 in the account's local time.
var morning = time.Date(2026, 1, 14, 4, 30, 0, 0, time.UTC)

// modes are the two styles of authentication that an account may be set to.
var modes = map[ozonetel.AuthMode]emulator.AuthMode{
	ozonetel.AuthToken: emulator.TokenAuth, ozonetel.AuthAPIKey: emulator.BasicAuth,
}

// account is an emulated account over real HTTP. Its time stands still but for Advance.
type account struct {
	*emulator.Server
	line *timeline.Timeline
	url  string
	mode ozonetel.AuthMode
	dial func(context.Context, string, string) (net.Conn, error) // that leads to it; nil over TCP
}

func newAccount(t *testing.T, mode ozonetel.AuthMode) *account {
	t.Helper()
	return serveAccount(t, mode, httptest.NewUnstartedServer(nil))
}

// newAccountInMemory is for tests inside a synctest bubble.
func newAccountInMemory(t *testing.T, mode ozonetel.AuthMode) *account {
	t.Helper()
	web, memory := inMemory()
	a := serveAccount(t, mode, web)
	a.dial = memory.Dial
	return a
}

// inMemory gives a server that is to be started, and the way to it.
func inMemory() (*httptest.Server, *providertest.Memory) {
	web, memory := httptest.NewUnstartedServer(nil), providertest.NewMemory()
	_ = web.Listener.Close()
	web.Listener = memory
	return web, memory
}

func serveAccount(t *testing.T, mode ozonetel.AuthMode, web *httptest.Server) *account {
	t.Helper()
	line := timeline.New(func() time.Time { return morning })
	settings := emulator.DefaultAccount()
	settings.AuthMode = modes[mode]
	server, err := emulator.New(emulator.Options{Timeline: line, Account: settings})
	if err != nil {
		t.Fatal(err)
	}
	web.Config.Handler = server.Handler()
	web.Start()
	t.Cleanup(func() {
		web.CloseClientConnections()
		web.Close()
	})
	return &account{Server: server, line: line, url: web.URL, mode: mode}
}

// client makes a client of the account; several of them are replicas.
func (a *account) client(t *testing.T, change ...func(*ozonetel.Options)) *ozonetel.Client {
	t.Helper()
	return newClient(t, nil, func(o *ozonetel.Options) {
		o.BaseURL, o.SubscriptionURL = a.url, a.url
		o.UserName, o.APIKey, o.AuthMode = a.Account().UserName, a.Account().APIKey, a.mode
		o.Now = a.line.Now
		if a.dial != nil {
			o.HTTP = newKit(t, providers.Options{Transport: &http.Transport{DialContext: a.dial}})
		}
		for _, f := range change {
			f(o)
		}
	})
}

func newClient(t testing.TB, meters metric.MeterProvider, change func(*ozonetel.Options)) *ozonetel.Client {
	t.Helper()
	o := ozonetel.Options{HTTP: newKit(t, providers.Options{MeterProvider: meters})}
	change(&o)
	c, err := ozonetel.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func newKit(t testing.TB, o providers.Options) *providers.Client {
	t.Helper()
	o.Provider, o.Logger = helix.ProviderOzonetel, slog.New(slog.DiscardHandler)
	kit, err := providers.NewHTTP(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(kit.Close)
	return kit
}

// seat is the directory entry of an agent of the account.
func (a *account) seat(i int) helix.AgentSeat {
	p := a.Profiles()[i]
	return helix.AgentSeat{
		Agent: helix.AgentID(p.ID), Password: p.Password, SIPExtension: p.Number,
		Campaign: a.Account().Campaign.Name, DID: a.Account().Campaign.DID,
	}
}

const (
	patient helix.Phone  = "+919812345678"
	ourID   helix.CallID = "6f1d5c1e-7c0e-4a53-9d0a-0123456789ab"
)

// ready logs the first agent in and makes him ready, from outside the interface.
func (a *account) ready(t *testing.T) helix.AgentSeat {
	t.Helper()
	seat := a.seat(0)
	if err := a.LogIn(string(seat.Agent)); err != nil {
		t.Fatal(err)
	}
	return seat
}

func TestConformance(t *testing.T) {
	t.Parallel()
	for mode := range modes {
		t.Run("with "+string(mode), func(t *testing.T) {
			t.Parallel()
			providertest.TestTelephony(t, func(t *testing.T) providertest.Telephony { return newHarness(t, mode) })
		})
	}
}

func newHarness(t *testing.T, mode ozonetel.AuthMode) providertest.Telephony {
	a := newAccount(t, mode)
	a.SetDialPlan(func() emulator.DialPlan { return emulator.DialPlan{Outcome: emulator.HandDriven} })
	c := a.client(t)
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	return providertest.Telephony{
		Driver: c, Seat: a.seat(0), Second: a.seat(1), Label: "Appointment Booked", Reason: "Lunch", Phone: patient, Other: colleague,
		Dispose: func(ctx context.Context, seat helix.AgentSeat, id, label string) error {
			_, err := c.Dispose(ctx, seat, ozonetel.Disposal{ProviderCallID: id, Label: label})
			return err
		},
		Control: func(ctx context.Context, seat helix.AgentSeat, call helix.Call, action helix.ControlAction, number helix.Phone) error {
			return c.Control(ctx, seat, call, action, number)
		},
		Talk: func(id string) providertest.Talk {
			view, err := a.Call(id)
			check(err)
			return providertest.Talk{Held: view.Held, Muted: view.Muted, Unrecorded: view.RecordingPaused, Others: len(view.Parties)}
		},
		Abandon: func(from helix.Phone) string {
			number, _ := phone.National(from)
			id, err := a.RingIn(number, emulator.CallerPlan{})
			check(err)
			check(a.Abandon(id))
			return id
		},
		Connect: func(id string) {
			check(a.Answer(id)) // the agent's leg
			check(a.Answer(id)) // the patient's
		},
		HangUp: func(id string) { check(a.Hangup(id, emulator.UserHangup)) },
		Placed: func() (uuis []string) {
			for _, call := range a.Calls() {
				if call.Direction == "manual" {
					uuis = append(uuis, call.UUI)
				}
			}
			return uuis
		},
		State: func(agent helix.AgentID) helix.AgentState {
			for _, view := range a.Agents() {
				if view.ID == string(agent) {
					return states[view.State]
				}
			}
			return helix.AgentUnknown
		},
	}
}

// states puts the emulator's words into ours.
var states = map[emulator.AgentState]helix.AgentState{
	emulator.Offline: helix.AgentOffline, emulator.Idle: helix.AgentIdle, emulator.Ready: helix.AgentReady,
	emulator.Paused: helix.AgentPaused, emulator.Calling: helix.AgentRinging, emulator.InCall: helix.AgentBusy,
	emulator.ACW: helix.AgentAfterCallWork,
}

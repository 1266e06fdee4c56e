package sandbox

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/helix-engage/gateway/sandbox/elevenlabs"
	"github.com/helix-engage/gateway/sandbox/fortytwo"
	"github.com/helix-engage/gateway/sandbox/knowlarity"
	"github.com/helix-engage/gateway/sandbox/ozonetel"
	"github.com/helix-engage/gateway/sandbox/timeline"
)

// Sandbox is all emulators on their own ports, the control server and the traffic.
type Sandbox struct {
	options Options
	log     *slog.Logger
	line    *timeline.Timeline
	phone   *ozonetel.Server
	crm     *fortytwo.Server
	dialler *knowlarity.Server
	voice   *elevenlabs.Server
	traffic *traffic
	servers []*server
	hooks   *http.Client // delivers the CRM's webhooks
	known   []string     // phones of seeded leads and patients, ten digits

	mu         sync.Mutex
	random     *rand.Rand // picks the phone of a call that rings in without one
	subscribed string     // the URL that the CRM's webhook points to
	callbacks  knowlarity.Callbacks
	results    elevenlabs.Webhook // where the gateway takes results of conversations
}

// server is one listening socket with what it serves.
type server struct {
	name     string
	listener net.Listener
	handler  http.Handler
}

// New builds the sandbox and listens on its addresses, so that its URLs are known; Run serves. A sandbox that is never run must
// be closed. Errors: an address in use, an emulator that cannot be built.
func New(options Options) (*Sandbox, error) {
	options = options.withDefaults()
	s := &Sandbox{
		options: options, log: options.Logger, line: timeline.New(options.Now),
		random: rand.New(rand.NewPCG(uint64(options.Seed), 0xca11e4)),
		hooks:  &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 4, IdleConnTimeout: 30 * time.Second}},
	}
	if err := s.build(); err != nil {
		return nil, err
	}
	for _, l := range []struct {
		name, addr string
		handler    http.Handler
	}{
		{"fortytwo", options.FortyTwoAddr, s.crm.Handler()},
		{"ozonetel", options.OzonetelAddr, s.phone.Handler()},
		{"knowlarity", options.KnowlarityAddr, s.dialler.Handler()},
		{"elevenlabs", options.ElevenLabsAddr, s.voice.Handler()},
		{"control", options.ControlAddr, s.controlHandler()},
	} {
		listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", l.addr) // an address, nothing to wait for
		if err != nil {
			return nil, errors.Join(err, s.Close())
		}
		s.servers = append(s.servers, &server{name: l.name, listener: listener, handler: l.handler})
	}
	return s, nil
}

func (s *Sandbox) build() error {
	account := ozonetel.DefaultAccount()
	if s.options.AuthMode != "" {
		account.AuthMode = s.options.AuthMode
	}
	crm, err := newCRM(s.options, s.line, s.log, s.hooks)
	if err != nil {
		return err
	}
	s.crm, s.known = crm, crm.Phones()
	phone, err := ozonetel.New(ozonetel.Options{
		Seed: s.options.Seed, Timeline: s.line, Logger: s.log.With("emulator", "ozonetel"), Account: account,
		Agents: directory(s.options.Traffic), Timing: s.options.Timing, Push: pushTargets(s.options.Webhooks),
		AutoDistribute: s.options.Traffic != TrafficOff, Limits: s.options.Limits,
		History: ozonetel.History{Calls: s.options.History, Phones: s.known},
	})
	if err != nil {
		return err
	}
	s.phone = phone
	if err := s.buildVoice(); err != nil {
		return err
	}
	if err := s.subscribe(s.options.Webhooks); err != nil {
		return err
	}
	s.traffic = newTraffic(s.options.Traffic, s.options.Seed, s.known, s.line, phone, s.log)
	s.traffic.start()
	return nil
}

func pushTargets(hooks Webhooks) ozonetel.PushTargets {
	return ozonetel.PushTargets{
		CallEvents: hooks.OzonetelEvents, AgentEvents: hooks.OzonetelEvents, CDR: hooks.OzonetelCDR, ScreenPop: hooks.OzonetelPop,
	}
}

// SetWebhooks replaces the URLs that providers push to and adds the one that FortyTwo calls, for a gateway whose address is known only
// once it listens.
func (s *Sandbox) SetWebhooks(hooks Webhooks) {
	s.phone.SetPushTargets(pushTargets(hooks))
	s.setVoiceWebhooks(hooks)
	if err := s.subscribe(hooks); err != nil {
		s.log.Warn("the webhook of the CRM is not registered", "error", err)
	}
}

// Run serves until ctx ends, then closes every connection and returns nil. It is to be called once.
func (s *Sandbox) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, l := range s.servers {
		group.Go(func() error { return l.run(ctx) })
	}
	group.Go(func() error { return s.line.Run(ctx) })
	group.Go(func() error { return s.phone.Run(ctx) })
	group.Go(func() error { return s.crm.Run(ctx) })
	group.Go(func() error { return s.dialler.Run(ctx) })
	group.Go(func() error { return s.voice.Run(ctx) })
	defer s.hooks.CloseIdleConnections()
	return group.Wait()
}

// run serves one socket. Requests see ctx, so that one that hangs on purpose ends with it.
func (l *server) run(ctx context.Context) error {
	server := &http.Server{
		Handler: l.handler, ReadHeaderTimeout: 10 * time.Second,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	stopped := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stopped()
	if err := server.Serve(l.listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// Close releases the sockets of a sandbox that was not run.
func (s *Sandbox) Close() error {
	var errs []error
	for _, l := range s.servers {
		if err := l.listener.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Advance moves the time of all emulators and the traffic by d without waiting, when Options.Now stands still. For tests.
func (s *Sandbox) Advance(d time.Duration) { s.line.Advance(d) }

// FortyTwoURL is the base URL of the CRM emulator, without a final slash.
func (s *Sandbox) FortyTwoURL() string { return s.url("fortytwo") }

// OzonetelURL is the base URL of the telephony emulator; the event subscription host is served there too.
func (s *Sandbox) OzonetelURL() string { return s.url("ozonetel") }

// ControlURL is the base URL of the control server; its index is at /sandbox.
func (s *Sandbox) ControlURL() string { return s.url("control") }

func (s *Sandbox) url(name string) string {
	for _, l := range s.servers {
		if l.name == name {
			return "http://" + l.listener.Addr().String()
		}
	}
	return ""
}

// Ozonetel is the telephony emulator, for its levers, faults and request log.
func (s *Sandbox) Ozonetel() *ozonetel.Server { return s.phone }

// FortyTwo is the CRM emulator, for its levers, faults and request log.
func (s *Sandbox) FortyTwo() *fortytwo.Server { return s.crm }

// FortyTwoAPIKey is the CRM's server key.
func (s *Sandbox) FortyTwoAPIKey() string { return s.crm.APIKey() }

// OzonetelAccount is the telephony account: user name, API key, campaign and DID included.
func (s *Sandbox) OzonetelAccount() ozonetel.Account { return s.phone.Account() }

// Agents is the agent directory: those whom people play first, then the simulated colleagues.
func (s *Sandbox) Agents() []Agent {
	var agents []Agent
	for _, p := range s.phone.Profiles() {
		agents = append(agents, Agent{
			ID: p.ID, Email: memberOf(p.ID), Name: p.Name, Password: p.Password, Extension: p.Number, PhoneName: p.PhoneName,
		})
	}
	return agents
}

// somePhone picks a caller for a call that was asked for without one.
func (s *Sandbox) somePhone() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.known) > 0 && s.random.IntN(2) == 0 {
		return s.known[s.random.IntN(len(s.known))]
	}
	return stranger(s.random)
}

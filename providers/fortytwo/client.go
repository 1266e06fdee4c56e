package fortytwo

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers"
)

// Client talks to one FortyTwo workspace. It is safe for concurrent use; Run keeps its view of the data model fresh.
type Client struct {
	http       *providers.Client
	recordsURL string
	metaURL    string
	apiKey     string
	origin     string
	overrides  overrides
	timeout    time.Duration
	refresh    time.Duration
	budget     *budget
	log        *slog.Logger
	now        func() time.Time

	model   atomic.Pointer[model]
	loading chan struct{} // held, by a place in it, while the model is read
	moved   chan struct{} // says that the model is told to have changed
	begun   atomic.Uint64 // looks at it: the number of the last that began
	loaded  atomic.Uint64 // the last of them that read it or found it unchanged

	backlogs backlogs
	streams  streams
}

// New prepares a client; it sends nothing. It fails when the URL or the field map cannot be understood.
func New(o Options) (*Client, error) {
	if o.HTTP == nil {
		return nil, errors.New("fortytwo: Options.HTTP is missing")
	}
	o = o.withDefaults()
	records, metadata, err := endpoints(o.URL)
	if err != nil {
		return nil, err
	}
	overrides, err := parseFieldMap(o.FieldMap)
	if err != nil {
		return nil, err
	}
	return &Client{
		http:       o.HTTP,
		recordsURL: records,
		metaURL:    metadata,
		apiKey:     o.APIKey,
		origin:     o.Origin,
		overrides:  overrides,
		timeout:    o.Timeout,
		refresh:    o.RefreshInterval,
		budget:     newBudget(o.RequestsPerMinute, o.Burst, o.Now),
		log:        o.Logger,
		now:        o.Now,
		loading:    make(chan struct{}, 1),
		moved:      make(chan struct{}, 1),
		streams:    streams{silence: o.StreamSilence},
	}, nil
}

// State is how FortyTwo looks from here, for /readyz.
type State struct {
	Configured   bool       // URL and API key are set
	LastSuccess  time.Time  // of any request; zero before the first
	LastError    helix.Code // of the last failure that was FortyTwo's and not the caller's; "" when it succeeded since
	LastErrorAt  time.Time
	ModelVersion int      // metadata version of the model in use; meaningful when ModelReady
	ModelReady   bool     // the data model was read at least once
	Missing      []string // what the workspace lacks of fortytwo-model.md, e.g. "call.callbackstatus"
}

// State reports the last outcomes. It sends nothing.
func (c *Client) State() State {
	health := c.http.Health()
	s := State{
		Configured:  c.recordsURL != "" && c.apiKey != "",
		LastSuccess: health.LastSuccess,
		LastErrorAt: health.LastFailure,
	}
	if !health.OK() {
		s.LastError = health.LastError.Code
	}
	if m := c.model.Load(); m != nil {
		s.ModelReady, s.ModelVersion, s.Missing = true, m.version, slices.Clone(m.missing)
	}
	return s
}

// maxBackoff is how long Run waits at most before it tries again to read the model.
const maxBackoff = 16 * time.Second

// settle is how long Run lets changes of the data model come in before it looks: an administrator makes several.
const settle = 2 * time.Second

// ModelChanged tells that the data model is said to have changed: Run looks soon. It never blocks.
func (c *Client) ModelChanged() {
	select {
	case c.moved <- struct{}{}:
	default: // told already
	}
}

// Run keeps the data model fresh until ctx ends: it looks at once, then every refresh interval, sooner after a failure
// and after [Client.ModelChanged]. It returns nil when ctx ends.
func (c *Client) Run(ctx context.Context) error {
	if c.recordsURL == "" || c.apiKey == "" {
		<-ctx.Done()
		return nil
	}
	for failures := 0; ; {
		wait := c.refresh
		err := c.Resolve(ctx)
		switch {
		case err == nil:
			failures = 0
		case ctx.Err() == nil:
			wait = min(wait, maxBackoff, time.Second<<min(failures, 10))
			failures++
			c.log.WarnContext(ctx, "the data model of FortyTwo could not be read", "failures", failures, "error", err)
		}
		if !c.rest(ctx, wait) {
			return nil
		}
	}
}

// rest waits until the model is to be looked at again; false when ctx ends.
func (c *Client) rest(ctx context.Context, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	moved := c.moved
	for {
		select {
		case <-ctx.Done():
			return false
		case <-timer.C:
			return true
		case <-moved:
			moved = nil // those that follow wait for the next look
			timer.Reset(min(wait, settle))
		}
	}
}

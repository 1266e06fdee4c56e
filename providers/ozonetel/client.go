package ozonetel

import (
	"errors"
	"log/slog"
	"net/url"
	"strings"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers"
)

// Defaults of [Options].
const (
	DefaultBaseURL         = "https://in1-ccaas-api.ozonetel.com"
	DefaultSubscriptionURL = "https://subscription.ozonetel.com"
	DefaultDisposition     = "General Enquiry"
)

// AuthMode is the account-wide setting "API Authentication" (0). Only the header of the account's mode is sent.
type AuthMode string

// The modes. The vendor calls the second BASIC_AUTH, though it is not HTTP Basic.
const (
	AuthToken  AuthMode = "token"
	AuthAPIKey AuthMode = "apikey"
)

// Options describes one CloudAgent account. HTTP is needed, the rest has defaults; without UserName and APIKey the
// account counts as not configured.
type Options struct {
	BaseURL            string // host of the REST interface
	SubscriptionURL    string // host of the event subscription
	UserName           string
	APIKey             string
	AuthMode           AuthMode
	Tokens             TokenStore // shared by all replicas; by default this process keeps it for itself
	HTTP               *providers.Client
	Location           *time.Location // zone of the account's local times; India's by default
	DefaultDisposition string         // label that every campaign knows
	Now                func() time.Time
	Logger             *slog.Logger
}

// Client speaks for one account. It is safe for concurrent use.
type Client struct {
	base, subscription string
	userName, apiKey   string
	mode               AuthMode
	http               *providers.Client
	tokens             *tokens
	phones             phoneNames
	records            *book[[]CallRecord]
	agentDays          *book[[]AgentDay]
	location           *time.Location
	defaultLabel       string
	now                func() time.Time
}

// New makes a client. Errors: no HTTP client, a malformed URL, an unknown mode.
func New(o Options) (*Client, error) {
	o = o.withDefaults()
	if o.HTTP == nil {
		return nil, errors.New("ozonetel: an HTTP client is needed")
	}
	for _, raw := range []string{o.BaseURL, o.SubscriptionURL} {
		if u, err := url.Parse(raw); err != nil || u.Host == "" || u.RawQuery != "" {
			return nil, errors.New("ozonetel: a base URL needs scheme and host and has no query")
		}
	}
	if o.AuthMode != AuthToken && o.AuthMode != AuthAPIKey {
		return nil, errors.New("ozonetel: the authentication mode is token or apikey")
	}
	c := &Client{
		base: strings.TrimRight(o.BaseURL, "/"), subscription: strings.TrimRight(o.SubscriptionURL, "/"),
		userName: o.UserName, apiKey: o.APIKey, mode: o.AuthMode, http: o.HTTP.WithLimits(limits()),
		location: o.Location, defaultLabel: o.DefaultDisposition, now: o.Now,
	}
	c.records = newBook[[]CallRecord](opRecords, c.now, func() time.Duration { return c.http.Backlog(familyCDR) })
	c.agentDays = newBook[[]AgentDay](opAgentDays, c.now, func() time.Duration { return c.http.Backlog(familySummary) })
	var err error
	c.tokens, err = newTokens(o, c.generateToken)
	return c, err
}

// Configured reports whether the account has credentials.
func (c *Client) Configured() bool { return c.userName != "" && c.apiKey != "" }

// Health tells how the account did lately, without a request. A refusal of our credentials is a failure.
func (c *Client) Health() providers.Health { return c.http.Health() }

func (c *Client) configured() error {
	if c.Configured() {
		return nil
	}
	return helix.NotConfigured(helix.ProviderOzonetel, "OZONETEL_API_KEY and OZONETEL_USERNAME")
}

func (o Options) withDefaults() Options {
	if o.BaseURL == "" {
		o.BaseURL = DefaultBaseURL
	}
	if o.SubscriptionURL == "" {
		o.SubscriptionURL = DefaultSubscriptionURL
	}
	if o.AuthMode == "" {
		o.AuthMode = AuthToken
	}
	if o.Tokens == nil {
		o.Tokens = &MemoryTokens{}
	}
	if o.Location == nil {
		o.Location = india
	}
	if o.DefaultDisposition == "" {
		o.DefaultDisposition = DefaultDisposition
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

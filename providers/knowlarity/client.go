package knowlarity

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/phone"
	"github.com/helix-engage/gateway/providers"
)

// Defaults of [Options].
const (
	DefaultBaseURL      = "https://kpi.knowlarity.com"
	DefaultChannel      = "Basic"
	DefaultStreamURLAPI = "https://livestreamstaging1.knowlarity.com/knowlarity/update_wss_url" // 6.2; a staging host in the vendor's text
	DefaultFlowPath     = "account/call/flow"                                                   // no public path is proven to take a flow (2.4); an unknown one refuses, and rings nobody
)

// Strategy is how a dial reaches a stream (2).
type Strategy string

// The strategies. Only the first carries the stream's URL with the dial; for the others it belongs to the number or to
// the IVR, see [Client.SetStreamURL].
const (
	StrategyFlow     Strategy = "flow"     // the IVR travels with the dial (2.4)
	StrategyMakeCall Strategy = "makecall" // the number of the stream is one leg, the patient the other (2.1)
	StrategyCampaign Strategy = "campaign" // the patient is dialled into an IVR that the portal knows (2.3)
)

// Options describes one account. HTTP is needed, the rest has defaults; without APIKey and Number the account counts as
// not configured.
type Options struct {
	BaseURL       string   // scheme and host
	Channel       string   // names the plan; a segment of every path (1)
	APIKey        string   // "x-api-key"
	Authorization string   // the SR API key, sent raw; "" leaves the header out (1)
	AccountID     string   // stands for "{account}" in FlowPath; no other request names the account (1)
	Number        string   // `k_number`, the virtual number that calls run through; CallerID by default
	CallerID      string   // shown to the patient; "" for the account's own
	Strategy      Strategy // flow by default
	FlowPath      string   // flow: where to, below the channel's version; no public path is proven to take a flow (2.4)
	IVRID         string   // campaign: needed
	AgentNumber   string   // makecall: needed; the leg that is not the patient
	Rate          int      // flow: samples a second of the stream, 8000 or 16000, the latter by default
	StreamURLAPI  string   // of [Client.SetStreamURL]
	HTTP          *providers.Client
	Now           func() time.Time
}

// Client speaks for one account. It is safe for concurrent use.
type Client struct {
	root   string // base, channel and version
	o      Options
	number helix.Phone
	caller helix.Phone
	agent  helix.Phone
	http   *providers.Client
	now    func() time.Time
}

// New makes a client. Errors: no HTTP client, a malformed URL or number, a strategy that is unknown or lacks its option,
// a rate that lines do not have.
func New(o Options) (*Client, error) {
	o = o.withDefaults()
	if o.HTTP == nil {
		return nil, errors.New("knowlarity: an HTTP client is needed")
	}
	for _, raw := range []string{o.BaseURL, o.StreamURLAPI} {
		if u, err := url.Parse(raw); err != nil || u.Host == "" || u.RawQuery != "" {
			return nil, errors.New("knowlarity: a URL needs scheme and host and has no query")
		}
	}
	if o.Rate != rate8k && o.Rate != rate16k {
		return nil, errors.New("knowlarity: the rate is 8000 or 16000")
	}
	switch {
	case o.Strategy == StrategyCampaign && o.IVRID == "":
		return nil, errors.New("knowlarity: the campaign strategy needs an IVR id")
	case o.Strategy == StrategyMakeCall && o.AgentNumber == "":
		return nil, errors.New("knowlarity: the makecall strategy needs an agent number")
	case o.Strategy != StrategyFlow && o.Strategy != StrategyMakeCall && o.Strategy != StrategyCampaign:
		return nil, errors.New("knowlarity: the strategy is flow, makecall or campaign")
	}
	c := &Client{
		root: strings.TrimRight(o.BaseURL, "/") + "/" + url.PathEscape(o.Channel) + "/v1/", o: o, http: o.HTTP, now: o.Now,
		number: phone.FromProvider(o.Number), caller: phone.FromProvider(o.CallerID), agent: phone.FromProvider(o.AgentNumber),
	}
	if o.Number != "" && c.number == "" || o.CallerID != "" && c.caller == "" || o.AgentNumber != "" && c.agent == "" {
		return nil, errors.New("knowlarity: a configured number is no phone number")
	}
	return c, nil
}

// Configured reports whether the account has a key and a number to call from.
func (c *Client) Configured() bool { return c.o.APIKey != "" && c.number != "" }

// Health tells how the account did lately, without a request. A refusal of our credentials is a failure.
func (c *Client) Health() providers.Health { return c.http.Health() }

func (c *Client) configured() error {
	if c.Configured() {
		return nil
	}
	var missing []string
	if c.o.APIKey == "" {
		missing = append(missing, "KNOWLARITY_API_KEY")
	}
	if c.number == "" {
		missing = append(missing, "KNOWLARITY_NUMBER or KNOWLARITY_CALLER_ID")
	}
	return helix.NotConfigured(helix.ProviderKnowlarity, strings.Join(missing, " and "))
}

// header gives what every request carries (1).
func (c *Client) header() http.Header {
	h := http.Header{"Accept": {"application/json"}, "Content-Type": {"application/json"}, "x-api-key": {c.o.APIKey}, "channel": {c.o.Channel}}
	if c.o.Authorization != "" {
		h["authorization"] = []string{c.o.Authorization}
	}
	return h
}

func (o Options) withDefaults() Options {
	if o.BaseURL == "" {
		o.BaseURL = DefaultBaseURL
	}
	if o.Channel == "" {
		o.Channel = DefaultChannel
	}
	if o.Strategy == "" {
		o.Strategy = StrategyFlow
	}
	if o.FlowPath == "" {
		o.FlowPath = DefaultFlowPath
	}
	o.FlowPath = strings.ReplaceAll(strings.TrimLeft(o.FlowPath, "/"), "{account}", url.PathEscape(o.AccountID))
	if o.Number == "" {
		o.Number = o.CallerID
	}
	if o.Rate == 0 {
		o.Rate = rate16k
	}
	if o.StreamURLAPI == "" {
		o.StreamURLAPI = DefaultStreamURLAPI
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

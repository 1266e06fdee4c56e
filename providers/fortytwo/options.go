package fortytwo

import (
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/helix-engage/gateway/providers"
)

// Options configure a [Client]. Without URL every call answers NOT_CONFIGURED; without APIKey those that need the
// gateway's own rights or the data model do.
type Options struct {
	URL    string // PLATFORM_GRAPHQL_URL: the address that ends in /graphql; /metadata is its sibling
	APIKey string // PLATFORM_API_KEY
	Origin string // PLATFORM_ORIGIN: the front end's address, which picks the workspace at sign-in

	// FieldMap (FORTYTWO_FIELD_MAP) names what the workspace spells otherwise than fortytwo-model.md, as pairs that a
	// comma separates: an object (lead=prospect), a field (call.callbackstatus=callBackState; a relation without "Id")
	// or a value of a selection (call.callbackstatus.PENDING_CALLBACK=PENDING). Left is ours, right is FortyTwo's.
	FieldMap string

	HTTP              *providers.Client // needed
	Timeout           time.Duration     // of one operation, repeats included; 10 s when zero
	RefreshInterval   time.Duration     // between looks at the model's version; 60 s when zero
	StreamSilence     time.Duration     // when an event stream counts as dead; 30 s when zero (FortyTwo speaks every 12 s)
	RequestsPerMinute int               // the server key's own budget; 90 when zero (FortyTwo allows 100, fortytwo.md 12)
	Burst             int               // 30 when zero
	Logger            *slog.Logger
	Now               func() time.Time
}

// withDefaults fills what was left zero.
func (o Options) withDefaults() Options {
	o.Timeout = orDefault(o.Timeout, 10*time.Second)
	o.RefreshInterval = orDefault(o.RefreshInterval, time.Minute)
	o.StreamSilence = orDefault(o.StreamSilence, streamSilence)
	o.RequestsPerMinute = orDefault(o.RequestsPerMinute, 90)
	o.Burst = orDefault(o.Burst, 30)
	o.Logger = orDefault(o.Logger, slog.New(slog.DiscardHandler))
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

func orDefault[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}

// endpoints derives the two addresses from the configured one.
func endpoints(configured string) (records, metadata string, err error) {
	if configured == "" {
		return "", "", nil
	}
	u, err := url.Parse(configured)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return "", "", fmt.Errorf("PLATFORM_GRAPHQL_URL is not an http or https address")
	}
	base, ok := strings.CutSuffix(strings.TrimRight(u.Path, "/"), "/graphql")
	if !ok {
		return "", "", fmt.Errorf("PLATFORM_GRAPHQL_URL does not end in /graphql")
	}
	u.Path, u.RawQuery, u.Fragment = base+"/graphql", "", ""
	records = u.String()
	u.Path = base + "/metadata"
	return records, u.String(), nil
}

package main

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	minSecret        = 32 // characters of HELIX_SECRET; 64 of them in hex are 256 bits
	minWebhookSecret = 16 // characters; they are guessed over the network
)

// normalise brings values into the one form that the rest of the program expects.
func (c *Config) normalise() {
	c.Server.CORSOrigin = trimmed(c.Server.CORSOrigin)
	c.Agents.SupervisorRoles = trimmed(c.Agents.SupervisorRoles)
	c.Agents.Email = strings.ToLower(strings.TrimSpace(c.Agents.Email))
	c.Server.PublicURL = strings.TrimRight(c.Server.PublicURL, "/")
	c.Ozonetel.URL = strings.TrimRight(c.Ozonetel.URL, "/")
	c.Ozonetel.AuthMode = strings.ToLower(c.Ozonetel.AuthMode)
	c.Documents.Mode = strings.ToLower(c.Documents.Mode)
	c.Telemetry.LogLevel = strings.ToLower(c.Telemetry.LogLevel)
	c.Telemetry.LogFormat = strings.ToLower(c.Telemetry.LogFormat)
	for i, origin := range c.Server.CORSOrigin {
		c.Server.CORSOrigin[i] = strings.TrimRight(origin, "/")
	}
	for _, secrets := range []*[]Secret{&c.Ozonetel.WebhookSecrets, &c.FortyTwo.WebhookSecrets, &c.Knowlarity.Secrets, &c.ElevenLabs.Secrets} {
		*secrets = withoutBlanks(*secrets)
	}
	c.Outbound.Greetings, c.Outbound.Resumptions = trimmed(c.Outbound.Greetings), trimmed(c.Outbound.Resumptions)
	for _, keys := range []*[]APIKey{&c.CRM.APIKeys, &c.Federation.RouterKeys} {
		*keys = slices.DeleteFunc(*keys, func(k APIKey) bool { return k.empty })
	}
	if u, err := url.Parse(c.FortyTwo.URL); err == nil && c.FortyTwo.Origin == "" && u.Host != "" {
		c.FortyTwo.Origin = u.Scheme + "://" + u.Host
	}
	c.FortyTwo.Origin = strings.TrimRight(c.FortyTwo.Origin, "/")
}

func trimmed(list []string) []string {
	for i := range list {
		list[i] = strings.TrimSpace(list[i])
	}
	return slices.DeleteFunc(list, func(s string) bool { return s == "" })
}

// check notes everything that cannot work.
func (c *Config) check(f *faults) {
	c.checkServer(f)
	c.checkProviders(f)
	c.checkOutbound(f)
	c.checkKeys(f)
	c.checkTelemetry(f)
	c.checkDocuments(f)
	for _, n := range []struct {
		name     string
		value    int64
		min, max int64
	}{
		{"PORT", int64(c.Server.Port), 0, 65535},
		{"TRUSTED_PROXIES", int64(c.Server.TrustedProxies), 0, 10},
		{"RETENTION_DAYS", int64(c.Storage.RetentionDays), 1, 3650},
		{"MISSED_QUEUE_POLL_INTERVAL_MS", int64(c.MissedCalls.PollMillis), 1000, 3_600_000},
		{"LIMIT_BODY_BYTES", c.Limits.BodyBytes, 1024, 64 << 20},
		{"LIMIT_TOKENS", int64(c.Limits.Tokens), 100, 100_000},
		{"LIMIT_DEPTH", int64(c.Limits.Depth), 3, 100},
		{"LIMIT_ALIASES", int64(c.Limits.Aliases), 1, 10_000},
		{"LIMIT_ROOT_FIELDS", int64(c.Limits.RootFields), 1, 1000},
		{"LIMIT_COMPLEXITY", int64(c.Limits.Complexity), 100, 100_000_000},
		{"LIMIT_PAGE_SIZE", int64(c.Limits.PageSize), 1, 1000},
		{"LIMIT_REQUESTS_PER_MINUTE", int64(c.Limits.RequestsPerMinute), 1, 1_000_000},
		{"LIMIT_REQUEST_BURST", int64(c.Limits.RequestBurst), 1, 100_000},
		{"LIMIT_SIGN_INS_PER_MINUTE", int64(c.Limits.SignInsPerMinute), 1, 10_000},
		{"LIMIT_SOCKETS", int64(c.Limits.Sockets), 1, 1_000_000},
		{"OUTBOUND_CONCURRENCY", int64(c.Outbound.Concurrency), 1, 10_000},
		{"OUTBOUND_STREAMS", int64(c.Outbound.Streams), 1, 10_000},
	} {
		if n.value < n.min || n.value > n.max {
			f.add(n.name, fmt.Sprintf("is %d", n.value), fmt.Sprintf("choose a number from %d to %d", n.min, n.max))
		}
	}
	for _, d := range []struct {
		name     string
		value    time.Duration
		min, max time.Duration
	}{
		{"OZONETEL_TIMEOUT", c.Ozonetel.Timeout, time.Second, 2 * time.Minute},
		{"DRAIN_DELAY", c.Server.DrainDelay, 0, 5 * time.Minute},
		{"DRAIN_TIMEOUT", c.Server.DrainTimeout, time.Second, time.Hour},
		{"MISSED_CALL_CLAIM_TTL", c.MissedCalls.ClaimTTL, 10 * time.Second, 24 * time.Hour},
		{"OUTBOUND_MAX_DURATION", c.Outbound.MaxDuration, 10 * time.Second, 2 * time.Hour},
		{"OUTBOUND_DIAL_TIMEOUT", c.Outbound.DialTimeout, 20 * time.Second, 5 * time.Minute},
		{"OUTBOUND_PATIENCE", c.Outbound.Patience, 30 * time.Second, time.Hour},
		{"OUTBOUND_RETRY_BUSY", c.Outbound.RetryBusy, time.Second, 24 * time.Hour},
		{"OUTBOUND_RETRY_NO_ANSWER", c.Outbound.RetryNoAnswer, time.Second, 24 * time.Hour},
		{"OUTBOUND_RETRY_REFUSED", c.Outbound.RetryRefused, time.Second, 24 * time.Hour},
		{"MISSED_CALL_SLA", c.MissedCalls.SLA, time.Minute, 7 * 24 * time.Hour},
	} {
		if d.value < d.min || d.value > d.max {
			f.add(d.name, fmt.Sprintf("is %s", d.value), fmt.Sprintf("choose a duration from %s to %s", d.min, d.max))
		}
	}
}

func (c *Config) checkServer(f *faults) {
	switch secret := c.Server.Secret.Reveal(); {
	case secret == "":
		f.add("HELIX_SECRET", "is not set", "set it to the output of: openssl rand -hex 32")
	case len(secret) < minSecret:
		f.add("HELIX_SECRET", fmt.Sprintf("has %d characters", len(secret)),
			fmt.Sprintf("use %d or more, e.g. the output of: openssl rand -hex 32", minSecret))
	}
	checkURL(f, "PUBLIC_URL", c.Server.PublicURL, "https://helix.example.org", "http", "https")
	for _, origin := range c.Server.CORSOrigin {
		if origin == "*" {
			if len(c.Server.CORSOrigin) > 1 {
				f.add("CORS_ORIGIN", "has * besides other origins", "write * alone, or the list alone")
			}
			continue
		}
		if u, err := url.Parse(origin); err != nil || u.Host == "" || origin != u.Scheme+"://"+u.Host {
			f.add("CORS_ORIGIN", fmt.Sprintf("has %q, which is no origin", origin),
				"write scheme, host and port alone, like https://desk.example.org or http://localhost:5173")
		}
	}
	for server := range strings.SplitSeq(c.Storage.NATSURL, ",") {
		checkURL(f, "NATS_URL", strings.TrimSpace(server), "nats://nats:4222", "nats", "tls", "ws", "wss")
	}
}

func (c *Config) checkProviders(f *faults) {
	checkURL(f, "PLATFORM_GRAPHQL_URL", c.FortyTwo.URL, "https://crm.example.org/graphql", "http", "https")
	if u, err := url.Parse(c.FortyTwo.URL); err == nil && c.FortyTwo.URL != "" && !strings.HasSuffix(strings.TrimRight(u.Path, "/"), "/graphql") {
		f.add("PLATFORM_GRAPHQL_URL", "does not end in /graphql", "write FortyTwo's record address, like https://crm.example.org/graphql")
	}
	if c.FortyTwo.URL == "" && !c.FortyTwo.APIKey.Empty() {
		f.add("PLATFORM_GRAPHQL_URL", "is not set although PLATFORM_API_KEY is", "set it, or remove the key")
	}
	checkURL(f, "PLATFORM_ORIGIN", c.FortyTwo.Origin, "https://hospital.crm.example.org", "http", "https")
	checkURL(f, "OZONETEL_URL", c.Ozonetel.URL, "https://in1-ccaas-api.ozonetel.com", "http", "https")
	switch {
	case c.Ozonetel.Username == "" && !c.Ozonetel.APIKey.Empty():
		f.add("OZONETEL_USERNAME", "is not set although OZONETEL_API_KEY is", "set the account's user name")
	case c.Ozonetel.Username != "" && c.Ozonetel.APIKey.Empty():
		f.add("OZONETEL_API_KEY", "is not set although OZONETEL_USERNAME is", "set the account's API key")
	}
	if m := c.Ozonetel.AuthMode; m != "token" && m != "apikey" {
		f.add("OZONETEL_AUTH_MODE", fmt.Sprintf("is %q", m), "write token (the account says TOKEN_AUTH) or apikey (BASIC_AUTH)")
	}
	if _, err := time.LoadLocation(c.Ozonetel.TimeZone); err != nil {
		f.add("OZONETEL_TIME_ZONE", fmt.Sprintf("is %q, which is no time zone", c.Ozonetel.TimeZone), "write a name like Asia/Kolkata")
	}
	checkSigningSecrets(f, "WEBHOOK_SECRET_FORTYTWO", c.FortyTwo.WebhookSecrets)
	checkPathSecrets(f, "WEBHOOK_SECRET_OZONETEL", c.Ozonetel.WebhookSecrets)
}

// pathSafe are the characters that a path carries as they are (RFC 3986, "unreserved").
const pathSafe = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~"

func (c *Config) checkTelemetry(f *faults) {
	if !slices.Contains([]string{"debug", "info", "warn", "error"}, c.Telemetry.LogLevel) {
		f.add("LOG_LEVEL", fmt.Sprintf("is %q", c.Telemetry.LogLevel), "write debug, info, warn or error")
	}
	if !slices.Contains([]string{"auto", "json", "text"}, c.Telemetry.LogFormat) {
		f.add("LOG_FORMAT", fmt.Sprintf("is %q", c.Telemetry.LogFormat), "write auto, json or text")
	}
	checkURL(f, "OTEL_EXPORTER_OTLP_ENDPOINT", c.Telemetry.OTLPEndpoint, "http://collector:4318", "http", "https")
	if _, err := parseHeaders(c.Telemetry.OTLPHeaders); err != nil {
		f.add("OTEL_EXPORTER_OTLP_HEADERS", "is not a list of name=value", "separate the pairs by commas")
	}
	if r := c.Telemetry.SampleRatio; !(r >= 0 && r <= 1) { // NaN included
		f.add("OTEL_TRACES_SAMPLER_ARG", fmt.Sprintf("is %v", r), "choose a share from 0 to 1")
	}
	if !slices.Contains([]string{"off", "calm", "busy"}, c.Sandbox.Traffic) {
		f.add("SANDBOX_TRAFFIC", fmt.Sprintf("is %q", c.Sandbox.Traffic), "write off, calm or busy")
	}
	if !slices.Contains([]string{"2.7", "1.5"}, c.Sandbox.Line) {
		f.add("SANDBOX_FORTYTWO_LINE", fmt.Sprintf("is %q", c.Sandbox.Line), "write 2.7 or 1.5")
	}
}

func (c *Config) checkDocuments(f *faults) {
	switch mode := c.Documents.Mode; {
	case !slices.Contains([]string{"off", "log", "only"}, mode):
		f.add("TRUSTED_DOCUMENTS", fmt.Sprintf("is %q", mode), "write off, log or only")
	case mode != "off" && c.Documents.Dir == "":
		f.add("TRUSTED_DOCUMENTS_DIR", "is not set although TRUSTED_DOCUMENTS is "+mode, "name the folder of the documents")
	}
}

// checkURL notes an address that cannot be called. An empty one is no fault.
func checkURL(f *faults, name, value, example string, schemes ...string) {
	if value == "" {
		return
	}
	u, err := url.Parse(value)
	switch {
	case err != nil || u.Hostname() == "" || !slices.Contains(schemes, u.Scheme):
		f.add(name, fmt.Sprintf("is no address that begins with %s://", strings.Join(schemes, ":// or ")), "write it like "+example)
	case u.RawQuery != "" || u.Fragment != "":
		f.add(name, "has a query or a fragment", "write it like "+example)
	}
}

// Headers are the collector's headers by name.
func (c TelemetryConfig) Headers() map[string]string {
	headers, _ := parseHeaders(c.OTLPHeaders) // checked by LoadConfig
	return headers
}

func parseHeaders(s Secret) (map[string]string, error) {
	headers := map[string]string{}
	for pair := range strings.SplitSeq(s.Reveal(), ",") {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		name, value, ok := strings.Cut(pair, "=")
		value, err := url.PathUnescape(strings.TrimSpace(value)) // the OTLP specification has values percent-encoded
		if name = strings.TrimSpace(name); !ok || name == "" || err != nil {
			return nil, fmt.Errorf("not name=value")
		}
		headers[name] = value
	}
	return headers, nil
}

// Secrets are the values that must never be seen outside, for the log's last line of defence.
func (c *Config) Secrets() []string {
	list := []Secret{c.Server.Secret, c.FortyTwo.APIKey, c.Ozonetel.APIKey, c.Agents.Password}
	list = append(list, c.Ozonetel.WebhookSecrets...)
	list = append(list, c.FortyTwo.WebhookSecrets...)
	list = append(list, c.Knowlarity.APIKey, c.Knowlarity.Authorization, c.ElevenLabs.APIKey)
	list = append(list, c.Knowlarity.Secrets...)
	list = append(list, c.ElevenLabs.Secrets...)
	var values []string
	for _, s := range list {
		if !s.Empty() {
			values = append(values, s.Reveal())
		}
	}
	for _, header := range c.Telemetry.Headers() {
		values = append(values, header)
	}
	for _, seat := range c.Directory.Seats() {
		values = append(values, seat.Password)
	}
	return values
}

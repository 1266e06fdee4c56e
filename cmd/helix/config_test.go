package main

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const testSecret = "0123456789abcdef0123456789abcdef"

// groupTitle is the heading of a group, from its field's tag.
func groupTitle(group any) string {
	for f := range reflect.TypeFor[Config]().Fields() {
		if f.Type == reflect.TypeOf(group).Elem() {
			return f.Tag.Get("doc")
		}
	}
	return ""
}

func groupSettingsOf(group any) []setting { return groupSettings(reflect.ValueOf(group).Elem()) }

func TestDefaultsAreThoseOfTheReplacedSystems(t *testing.T) {
	t.Parallel()
	c, err := LoadConfig(map[string]string{"HELIX_SECRET": testSecret})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]any{
		"port": c.Server.Port, "poll": c.MissedCalls.PollInterval(), "agent": c.Agents.ID, "sip": c.Agents.SIPID,
		"did": c.Agents.DID, "campaign": c.Agents.Campaign, "ozonetel": c.Ozonetel.Configured(), "claim": c.MissedCalls.ClaimTTL,
		"agents": len(c.Directory.Seats()), "supervisors": len(c.Agents.SupervisorRoles),
	}
	want := map[string]any{
		"port": 4100, "poll": 30 * time.Second, "agent": "agent3", "sip": "521814", "did": "918041763265",
		"campaign": "Inbound_918041763265", "ozonetel": false, "claim": 10 * time.Minute, "agents": 0, "supervisors": 0,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestOldNamesWorkAndTheClearNameWins(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		env           map[string]string
		key, username string
	}{
		"old names alone": {
			map[string]string{"EXOTEL_API_KEY": "old", "EXOTEL_API_TOKEN": "token", "EXOTEL_ACCOUNT_SID": "sid"}, "old", "sid",
		},
		"the token stands in for a missing key": {
			map[string]string{"EXOTEL_API_TOKEN": "token", "EXOTEL_ACCOUNT_SID": "sid"}, "token", "sid",
		},
		"the clear names win": {
			map[string]string{
				"EXOTEL_API_KEY": "old", "EXOTEL_ACCOUNT_SID": "sid", "OZONETEL_API_KEY": "clear", "OZONETEL_USERNAME": "user",
			}, "clear", "user",
		},
		"a clear name that is set to nothing does not count": {
			map[string]string{"EXOTEL_API_KEY": "old", "OZONETEL_API_KEY": "", "OZONETEL_USERNAME": "user"}, "old", "user",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tc.env["HELIX_SECRET"] = testSecret
			c, err := LoadConfig(tc.env)
			if err != nil {
				t.Fatal(err)
			}
			if c.Ozonetel.APIKey.Reveal() != tc.key || c.Ozonetel.Username != tc.username {
				t.Errorf("key %q, user name %q; want %q, %q", c.Ozonetel.APIKey.Reveal(), c.Ozonetel.Username, tc.key, tc.username)
			}
		})
	}
}

func TestValuesAreBroughtIntoOneForm(t *testing.T) {
	t.Parallel()
	c, err := LoadConfig(map[string]string{
		"HELIX_SECRET": testSecret, "CORS_ORIGIN": " https://desk.example.org/ ,, http://localhost:5173",
		"SUPERVISOR_ROLES": "Supervisor, Admin ,", "WEBHOOK_SECRET_OZONETEL": "one-secret-of-many, another-secret-of-many,",
		"PLATFORM_GRAPHQL_URL": "https://crm.example.org:8443/graphql", "OZONETEL_AUTH_MODE": "APIKEY", "LOG_LEVEL": "DEBUG",
		"OTEL_EXPORTER_OTLP_HEADERS": "authorization=Basic%20abc, tenant=a", "PUBLIC_URL": "https://helix.example.org/",
	})
	if err != nil {
		t.Fatal(err)
	}
	got := []any{
		c.Server.CORSOrigin, c.Agents.SupervisorRoles, c.FortyTwo.Origin, c.Ozonetel.AuthMode, c.Telemetry.LogLevel,
		c.Telemetry.Headers(), c.Server.PublicURL, c.Ozonetel.WebhookSecrets[1].Reveal(), len(c.Ozonetel.WebhookSecrets),
	}
	want := []any{
		[]string{"https://desk.example.org", "http://localhost:5173"},
		[]string{"Supervisor", "Admin"},
		"https://crm.example.org:8443",
		"apikey", "debug",
		map[string]string{"authorization": "Basic abc", "tenant": "a"},
		"https://helix.example.org",
		"another-secret-of-many", 2,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestEachFaultNamesItsVariableAndAFix(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		env  map[string]string
		want string // one fault, whole
	}{
		"no secret":                {map[string]string{"HELIX_SECRET": ""}, "HELIX_SECRET is not set: set it to the output of: openssl rand -hex 32"},
		"a short secret":           {map[string]string{"HELIX_SECRET": "short"}, "HELIX_SECRET has 5 characters: use 32 or more, e.g. the output of: openssl rand -hex 32"},
		"a port in words":          {map[string]string{"PORT": "http"}, "PORT is not a whole number: write it like PORT=4100"},
		"a port out of range":      {map[string]string{"PORT": "70000"}, "PORT is 70000: choose a number from 0 to 65535"},
		"a duration without unit":  {map[string]string{"DRAIN_TIMEOUT": "30"}, "DRAIN_TIMEOUT is not a duration such as 90s, 10m or 1h30m: write it like DRAIN_TIMEOUT=30s"},
		"a duration out of range":  {map[string]string{"DRAIN_TIMEOUT": "1ms"}, "DRAIN_TIMEOUT is 1ms: choose a duration from 1s to 1h0m0s"},
		"a share that is too much": {map[string]string{"OTEL_TRACES_SAMPLER_ARG": "7"}, "OTEL_TRACES_SAMPLER_ARG is 7: choose a share from 0 to 1"},
		"a share that is no number": {
			map[string]string{"OTEL_TRACES_SAMPLER_ARG": "all"}, "OTEL_TRACES_SAMPLER_ARG is not a number: write it like OTEL_TRACES_SAMPLER_ARG=1",
		},
		"an origin with a path": {
			map[string]string{"CORS_ORIGIN": "https://desk.example.org/app"},
			`CORS_ORIGIN has "https://desk.example.org/app", which is no origin: write scheme, host and port alone, like ` +
				"https://desk.example.org or http://localhost:5173",
		},
		"any origin besides one": {
			map[string]string{"CORS_ORIGIN": "*,https://desk.example.org"}, "CORS_ORIGIN has * besides other origins: write * alone, or the list alone",
		},
		"an address without scheme": {
			map[string]string{"PUBLIC_URL": "helix.example.org"},
			"PUBLIC_URL is no address that begins with http:// or https://: write it like https://helix.example.org",
		},
		"an address with a query": {
			map[string]string{"OZONETEL_URL": "https://in1.example.org/?a=b"},
			"OZONETEL_URL has a query or a fragment: write it like https://in1-ccaas-api.ozonetel.com",
		},
		"FortyTwo's other address": {
			map[string]string{"PLATFORM_GRAPHQL_URL": "https://crm.example.org/metadata"},
			"PLATFORM_GRAPHQL_URL does not end in /graphql: write FortyTwo's record address, like https://crm.example.org/graphql",
		},
		"a key without FortyTwo's address": {
			map[string]string{"PLATFORM_API_KEY": "key"}, "PLATFORM_GRAPHQL_URL is not set although PLATFORM_API_KEY is: set it, or remove the key",
		},
		"half of Ozonetel's credentials": {
			map[string]string{"OZONETEL_USERNAME": "user"}, "OZONETEL_API_KEY is not set although OZONETEL_USERNAME is: set the account's API key",
		},
		"the other half": {
			map[string]string{"OZONETEL_API_KEY": "key"}, "OZONETEL_USERNAME is not set although OZONETEL_API_KEY is: set the account's user name",
		},
		"an unknown account setting": {
			map[string]string{"OZONETEL_AUTH_MODE": "basic"},
			`OZONETEL_AUTH_MODE is "basic": write token (the account says TOKEN_AUTH) or apikey (BASIC_AUTH)`,
		},
		"an unknown mode of trusted documents": {
			map[string]string{"TRUSTED_DOCUMENTS": "on"}, `TRUSTED_DOCUMENTS is "on": write off, log or only`,
		},
		"trusted documents without a folder": {
			map[string]string{"TRUSTED_DOCUMENTS": "Log"}, "TRUSTED_DOCUMENTS_DIR is not set although TRUSTED_DOCUMENTS is log: name the folder of the documents",
		},
		"an unknown time zone": {
			map[string]string{"OZONETEL_TIME_ZONE": "Asia/Nowhere"},
			`OZONETEL_TIME_ZONE is "Asia/Nowhere", which is no time zone: write a name like Asia/Kolkata`,
		},
		"a webhook secret that is easily guessed": {
			map[string]string{"WEBHOOK_SECRET_OZONETEL": "guess"},
			"WEBHOOK_SECRET_OZONETEL has a secret that is short or does not fit into a path: use 16 or more of A-Z a-z 0-9 - _ . ~, " +
				"e.g. the output of: openssl rand -hex 32",
		},
		"a webhook secret that is no path segment": {
			map[string]string{"WEBHOOK_SECRET_OZONETEL": "long/enough/but/slashed"},
			"WEBHOOK_SECRET_OZONETEL has a secret that is short or does not fit into a path: use 16 or more of A-Z a-z 0-9 - _ . ~, " +
				"e.g. the output of: openssl rand -hex 32",
		},
		"an agent without password": {
			map[string]string{"OZONETEL_AGENT_EMAIL": "agent@example.org"},
			"OZONETEL_AGENT_PASSWORD is not set although OZONETEL_AGENT_EMAIL is: set the agent's password with Ozonetel",
		},
		"an unknown log level":  {map[string]string{"LOG_LEVEL": "loud"}, `LOG_LEVEL is "loud": write debug, info, warn or error`},
		"an unknown log format": {map[string]string{"LOG_FORMAT": "xml"}, `LOG_FORMAT is "xml": write auto, json or text`},
		"unknown line":          {map[string]string{"SANDBOX_FORTYTWO_LINE": "3"}, `SANDBOX_FORTYTWO_LINE is "3": write 2.7 or 1.5`},
		"unknown traffic":       {map[string]string{"SANDBOX_TRAFFIC": "wild"}, `SANDBOX_TRAFFIC is "wild": write off, calm or busy`},
		"headers of another form": {
			map[string]string{"OTEL_EXPORTER_OTLP_HEADERS": "authorization"},
			"OTEL_EXPORTER_OTLP_HEADERS is not a list of name=value: separate the pairs by commas",
		},
		"a bus that speaks http": {
			map[string]string{"NATS_URL": "nats://a:4222,http://b:4222"},
			"NATS_URL is no address that begins with nats:// or tls:// or ws:// or wss://: write it like nats://nats:4222",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := map[string]string{"HELIX_SECRET": testSecret}
			maps.Copy(env, tc.env)
			_, err := LoadConfig(env)
			var faults *ConfigError
			if !errors.As(err, &faults) {
				t.Fatalf("error is %v", err)
			}
			if diff := cmp.Diff([]string{tc.want}, faults.Faults); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestAllFaultsAreReportedTogetherWithoutSecrets(t *testing.T) {
	t.Parallel()
	_, err := LoadConfig(map[string]string{
		"HELIX_SECRET": "hush", "PORT": "x", "OZONETEL_API_KEY": "confidential", "LOG_LEVEL": "loud", "WEBHOOK_SECRET_OZONETEL": "hidden",
		"OTEL_EXPORTER_OTLP_HEADERS": "classified",
	})
	if err == nil {
		t.Fatal("no error")
	}
	for _, name := range []string{
		"HELIX_SECRET", "PORT", "OZONETEL_USERNAME", "LOG_LEVEL", "WEBHOOK_SECRET_OZONETEL", "OTEL_EXPORTER_OTLP_HEADERS",
	} {
		if !strings.Contains(err.Error(), "\n  - "+name+" ") {
			t.Errorf("no fault of %s in: %v", name, err)
		}
	}
	for _, value := range []string{"hush", "confidential", "hidden", "classified"} {
		if strings.Contains(err.Error(), value) {
			t.Errorf("%q is shown", value)
		}
	}
}

func TestTheEnvironmentWinsOverTheFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), ".env")
	if err := os.WriteFile(path, []byte("PORT=1\nHOST=file\nLOG_LEVEL=warn\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := Environment(path, []string{"PORT=2", "HOST=", "OTHER=x=y", "nonsense"})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"PORT": "2", "HOST": "file", "LOG_LEVEL": "warn", "OTHER": "x=y"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAMissingFileSaysNothing(t *testing.T) {
	t.Parallel()
	got, err := Environment(filepath.Join(t.TempDir(), ".env"), []string{"PORT=2"})
	if diff := cmp.Diff(map[string]string{"PORT": "2"}, got); diff != "" || err != nil {
		t.Errorf("error %v (-want +got):\n%s", err, diff)
	}
}

func TestSecretsAreAllKnownToTheLog(t *testing.T) {
	t.Parallel()
	c, err := LoadConfig(map[string]string{
		"HELIX_SECRET": testSecret, "PLATFORM_GRAPHQL_URL": "https://crm.example.org/graphql", "PLATFORM_API_KEY": "crm-key",
		"OZONETEL_API_KEY": "tel-key", "OZONETEL_USERNAME": "user", "WEBHOOK_SECRET_OZONETEL": "webhook-secret-one",
		"OZONETEL_AGENT_EMAIL": "a@example.org", "OZONETEL_AGENT_PASSWORD": "agent-password", "OTEL_EXPORTER_OTLP_HEADERS": "k=collector-key",
	})
	if err != nil {
		t.Fatal(err)
	}
	got := slices.Sorted(slices.Values(c.Secrets()))
	want := []string{testSecret, "agent-password", "agent-password", "collector-key", "crm-key", "tel-key", "webhook-secret-one"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

package main

import "time"

//go:generate go test -run TestTheExampleFileIsFresh -update-example .

// Config is what the environment decides. It is read once, by [LoadConfig], and copied into the options of the packages;
// none of them reads the environment.
//
// Each field carries its own documentation: `env` names the variable, `envDefault` what it is when it is not set, `old`
// the names of the replaced systems that still work where the clear one is not set, `doc` is what .env.example says.
type Config struct {
	Server      ServerConfig     `doc:"Server"`
	Storage     StorageConfig    `doc:"Storage"`
	FortyTwo    FortyTwoConfig   `doc:"FortyTwo (CRM)"`
	CRM         CRMConfig        `doc:"The CRM's systems that ask for outbound AI calls"`
	Federation  FederationConfig `doc:"One graph with FortyTwo's"`
	Ozonetel    OzonetelConfig   `doc:"Ozonetel (telephony)"`
	Outbound    OutboundConfig   `doc:"Outbound AI calls"`
	Knowlarity  KnowlarityConfig `doc:"Knowlarity (telephony of outbound AI calls)"`
	ElevenLabs  ElevenLabsConfig `doc:"ElevenLabs (voice agents)"`
	Agents      AgentsConfig     `doc:"Agents and supervisors"`
	MissedCalls MissedCallConfig `doc:"Missed calls"`
	Limits      LimitsConfig     `doc:"Limits. Each refusal names its limit"`
	Documents   DocumentsConfig  `doc:"Trusted documents: the GraphQL documents that your own clients send"`
	Telemetry   TelemetryConfig  `doc:"Logs, traces, metrics"`
	Sandbox     SandboxConfig    `doc:"Sandbox: read by helix sandbox alone"`

	// Directory is the agent directory that Agents and Ozonetel describe.
	Directory *Directory `env:"-"`
}

// ServerConfig is about the gateway's own address and life.
type ServerConfig struct {
	Host           string        `env:"HOST" doc:"Address to listen on; empty means every interface." example:"127.0.0.1"`
	Port           int           `env:"PORT" envDefault:"4100" doc:"Port to listen on; 0 picks a free one."`
	PublicURL      string        `env:"PUBLIC_URL" doc:"Address under which browsers and providers reach the gateway. With it, Ozonetel's event subscription is kept pointing here." example:"https://helix.example.org"`
	CORSOrigin     []string      `env:"CORS_ORIGIN" doc:"Origins whose pages may call the gateway, separated by commas, or * for any (then without credentials). Empty: none but its own." example:"https://desk.example.org"`
	TrustedProxies int           `env:"TRUSTED_PROXIES" envDefault:"0" doc:"How many proxies in front append to X-Forwarded-For; 0: the header is not believed."`
	Secret         Secret        `env:"HELIX_SECRET" doc:"Required. Signs, encrypts and hides phone numbers in keys. Keep it: with another one, stored calls cannot be found by phone. At least 32 characters: openssl rand -hex 32" example:"-"`
	DrainDelay     time.Duration `env:"DRAIN_DELAY" envDefault:"0s" doc:"How long /readyz says 503 before the port closes, so that load balancers notice."`
	DrainTimeout   time.Duration `env:"DRAIN_TIMEOUT" envDefault:"30s" doc:"How long requests in flight may take after SIGTERM."`
}

// StorageConfig is about the durable log.
type StorageConfig struct {
	DataDir       string `env:"DATA_DIR" envDefault:"data" doc:"Directory of the embedded log. One process at a time."`
	NATSURL       string `env:"NATS_URL" doc:"NATS servers (2.12 or newer, JetStream), separated by commas. Empty: an embedded one. Needed for more than one replica." example:"nats://nats-1:4222,nats://nats-2:4222"`
	RetentionDays int    `env:"RETENTION_DAYS" envDefault:"90" doc:"Days after which call events and raw pushes are deleted."`
}

// FortyTwoConfig is about the CRM.
type FortyTwoConfig struct {
	URL      string `env:"PLATFORM_GRAPHQL_URL" doc:"FortyTwo's address that ends in /graphql. Empty: not configured." example:"https://crm.example.org/graphql"`
	APIKey   Secret `env:"PLATFORM_API_KEY" doc:"API key of the workspace: ingestion and write-back, never a user's query." example:"-"`
	Origin   string `env:"PLATFORM_ORIGIN" doc:"Address of FortyTwo's front end, which picks the workspace at sign-in. Empty: scheme and host of PLATFORM_GRAPHQL_URL." example:"https://hospital.crm.example.org"`
	FieldMap string `env:"FORTYTWO_FIELD_MAP" doc:"What the workspace names otherwise, as ours=theirs pairs separated by commas: an object, a field or a selection's value." example:"lead=prospect,call.callbackstatus=callBackState"`

	RefreshInterval time.Duration `env:"SCHEMA_REFRESH_INTERVAL" envDefault:"1m" doc:"Time between looks at whether FortyTwo's schema has changed; its metadata webhook makes the gateway look at once."`

	WebhookSecrets []Secret `env:"WEBHOOK_SECRET_FORTYTWO" doc:"Secret that FortyTwo signs its webhook with; the webhook goes to /webhooks/fortytwo under PUBLIC_URL. At least 16 characters; several, separated by commas, while rotating. Empty: webhooks are refused, and edits made in FortyTwo are found by a sweep every five minutes." example:"-"`
}

// CRMConfig is about the CRM's systems that call the gateway by themselves.
type CRMConfig struct {
	APIKeys []APIKey `env:"CRM_API_KEYS" doc:"Keys that open outbound AI calls, as name:key pairs separated by commas; one without a name is that of crm. Calls are seen by all keys of the name that asked for them, so keep the name when a key is replaced. At least 12 of A-Z a-z 0-9 - _ . ~ each. Empty: nobody can ask for a call. openssl rand -hex 32" example:"-"`
}

// FederationConfig is about the gateway's schema and FortyTwo's being one.
type FederationConfig struct {
	RouterKeys []APIKey `env:"FEDERATION_ROUTER_KEYS" doc:"Keys of routers of a larger graph that the gateway is a subgraph of, sent as X-Router-Key beside whom the router asks for, separated by commas; a name: before one is for your own use. _entities then believes that the router has read what it refers to. At least 12 of A-Z a-z 0-9 - _ . ~ each. Empty: what is referred to is read with the caller's own token. openssl rand -hex 32" example:"-"`
}

// OzonetelConfig is about the telephony account.
type OzonetelConfig struct {
	URL                string        `env:"OZONETEL_URL" envDefault:"https://in1-ccaas-api.ozonetel.com" doc:"Address of CloudAgent's API."`
	APIKey             Secret        `env:"OZONETEL_API_KEY" old:"EXOTEL_API_KEY,EXOTEL_API_TOKEN" doc:"API key of the account. Empty, with the user name: not configured." example:"-"`
	Username           string        `env:"OZONETEL_USERNAME" old:"EXOTEL_ACCOUNT_SID" doc:"User name of the account." example:"hospital"`
	SubscriptionURL    string        `env:"OZONETEL_SUBSCRIPTION_URL" envDefault:"https://subscription.ozonetel.com" doc:"Address where event pushes are subscribed to."`
	AuthMode           string        `env:"OZONETEL_AUTH_MODE" envDefault:"token" doc:"The account's setting \"API Authentication\": token for TOKEN_AUTH, apikey for BASIC_AUTH."`
	TimeZone           string        `env:"OZONETEL_TIME_ZONE" envDefault:"Asia/Kolkata" doc:"Time zone in which the account tells times."`
	PauseReason        string        `env:"OZONETEL_PAUSE_REASON" envDefault:"Break" doc:"Sent when an agent pauses without a reason; must be configured in the account."`
	DefaultDisposition string        `env:"OZONETEL_DEFAULT_DISPOSITION" envDefault:"General Enquiry" doc:"Label sent when the campaign does not know ours."`
	WebhookSecrets     []Secret      `env:"WEBHOOK_SECRET_OZONETEL" doc:"Secret in the path of Ozonetel's pushes, at least 16 of A-Z a-z 0-9 - _ . ~; several, separated by commas, while rotating. Empty: pushes are refused." example:"-"`
	RecordingHosts     []string      `env:"RECORDING_HOSTS" envDefault:".ozonetel.com,.amazonaws.com" doc:"Hosts from which recordings may be fetched, separated by commas; .example.org stands for every name that ends so."`
	Timeout            time.Duration `env:"OZONETEL_TIMEOUT" envDefault:"10s" doc:"Longest wait for one answer of Ozonetel."`
}

// Configured reports whether the account's credentials are there.
func (c OzonetelConfig) Configured() bool { return !c.APIKey.Empty() && c.Username != "" }

// AgentsConfig says who works as which agent and who supervises.
type AgentsConfig struct {
	File            string        `env:"AGENTS_FILE" doc:"JSON file of all agents: {\"e-mail\": {\"agentId\", \"password\", \"sipExtension\", \"campaign\", \"did\"}}. Without it there is one agent, from the variables below." example:"agents.json"`
	Email           string        `env:"OZONETEL_AGENT_EMAIL" doc:"FortyTwo e-mail of the single agent. Empty: nobody is an agent." example:"agent@example.org"`
	ID              string        `env:"OZONETEL_AGENT_ID" envDefault:"agent3" doc:"His agent id."`
	Password        Secret        `env:"OZONETEL_AGENT_PASSWORD" doc:"His password with Ozonetel." example:"-"`
	SIPID           string        `env:"OZONETEL_SIP_ID" envDefault:"521814" doc:"His SIP extension."`
	DID             string        `env:"OZONETEL_DID" envDefault:"918041763265" doc:"Number that patients call and see, 91 and ten digits; also for entries of AGENTS_FILE without one."`
	Campaign        string        `env:"OZONETEL_CAMPAIGN_NAME" envDefault:"Inbound_918041763265" doc:"Campaign of manual calls; also for entries of AGENTS_FILE without one."`
	WrapUpLimit     time.Duration `env:"AFTER_CALL_WORK_LIMIT" envDefault:"5m" doc:"After which time a call that its agent did not dispose is disposed in his stead, which frees him."`
	SupervisorRoles []string      `env:"SUPERVISOR_ROLES" doc:"FortyTwo roles that see every agent and call, decide about dead letters and erase persons, separated by commas. Empty: nobody." example:"Supervisor,Admin"`
}

// MissedCallConfig is about the missed-call queue.
type MissedCallConfig struct {
	PollMillis int           `env:"MISSED_QUEUE_POLL_INTERVAL_MS" envDefault:"30000" doc:"Milliseconds between polls of Ozonetel's abandoned calls."`
	ClaimTTL   time.Duration `env:"MISSED_CALL_CLAIM_TTL" envDefault:"10m" doc:"How long an agent holds a missed call that he does nothing about."`
	SLA        time.Duration `env:"MISSED_CALL_SLA" envDefault:"30m" doc:"Within which time a missed call is due to be called back."`
}

// PollInterval is the time between polls.
func (c MissedCallConfig) PollInterval() time.Duration {
	return time.Duration(c.PollMillis) * time.Millisecond
}

// LimitsConfig bounds what callers may ask for.
type LimitsConfig struct {
	BodyBytes         int64 `env:"LIMIT_BODY_BYTES" envDefault:"1048576" doc:"Bytes of a request body."`
	Tokens            int   `env:"LIMIT_TOKENS" envDefault:"5000" doc:"Tokens of a GraphQL document."`
	Depth             int   `env:"LIMIT_DEPTH" envDefault:"15" doc:"Levels of fields in a GraphQL document."`
	Aliases           int   `env:"LIMIT_ALIASES" envDefault:"50" doc:"Aliases in a GraphQL document."`
	RootFields        int   `env:"LIMIT_ROOT_FIELDS" envDefault:"20" doc:"Fields at the root of an operation."`
	Complexity        int   `env:"LIMIT_COMPLEXITY" envDefault:"100000" doc:"Values in the answer of an operation, as estimated from the sizes that its lists ask for."`
	PageSize          int   `env:"LIMIT_PAGE_SIZE" envDefault:"100" doc:"Items of a list (first)."`
	RequestsPerMinute int   `env:"LIMIT_REQUESTS_PER_MINUTE" envDefault:"600" doc:"Operations of one caller in a minute, in the long run."`
	RequestBurst      int   `env:"LIMIT_REQUEST_BURST" envDefault:"100" doc:"Operations of one caller at once."`
	SignInsPerMinute  int   `env:"LIMIT_SIGN_INS_PER_MINUTE" envDefault:"10" doc:"Sign-ins with one e-mail in a minute; 50 times as many from one address."`
	Sockets           int   `env:"LIMIT_SOCKETS" envDefault:"10000" doc:"WebSockets open at once."`
}

// DocumentsConfig is about trusted documents.
type DocumentsConfig struct {
	Mode string `env:"TRUSTED_DOCUMENTS" envDefault:"off" doc:"What happens to a document that is not trusted: off runs it, log runs it and logs its hash once, only refuses it, introspection included."`
	Dir  string `env:"TRUSTED_DOCUMENTS_DIR" doc:"Folder of the trusted documents: *.graphql, and the manifests that Apollo's, Relay's and GraphQL Code Generator's tools write (*.json). Changes are followed. Needed unless TRUSTED_DOCUMENTS is off." example:"documents"`
}

// TelemetryConfig is about logs, traces and metrics.
type TelemetryConfig struct {
	LogLevel     string  `env:"LOG_LEVEL" envDefault:"info" doc:"debug, info, warn or error."`
	LogFormat    string  `env:"LOG_FORMAT" envDefault:"auto" doc:"json, text, or auto: text on a terminal, else json."`
	OTLPEndpoint string  `env:"OTEL_EXPORTER_OTLP_ENDPOINT" doc:"OTLP/HTTP collector for traces and metrics. Empty: none; /metrics works without." example:"http://collector:4318"`
	OTLPHeaders  Secret  `env:"OTEL_EXPORTER_OTLP_HEADERS" doc:"Headers for the collector, name=value, separated by commas." example:"-"`
	ServiceName  string  `env:"OTEL_SERVICE_NAME" envDefault:"helix" doc:"Name of this service in traces and metrics."`
	SampleRatio  float64 `env:"OTEL_TRACES_SAMPLER_ARG" envDefault:"1" doc:"Share of traces that are exported, 0 to 1."`
}

// SandboxConfig is about the emulators.
type SandboxConfig struct {
	Traffic string `env:"SANDBOX_TRAFFIC" envDefault:"calm" doc:"What happens by itself: off, calm (a call every few seconds) or busy."`
	Line    string `env:"SANDBOX_FORTYTWO_LINE" envDefault:"2.7" doc:"Generation of FortyTwo that is emulated: 2.7 or 1.5. The load commands read it too."`
	Seed    int64  `env:"SANDBOX_SEED" envDefault:"1" doc:"Everything random in the sandbox follows from it."`
}

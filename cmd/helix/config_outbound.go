package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/helix-engage/gateway/internal/phone"
	"github.com/helix-engage/gateway/providers/knowlarity"
)

// KnowlarityConfig is about the telephony account of outbound AI calls.
type KnowlarityConfig struct {
	URL           string   `env:"KNOWLARITY_API_URL" envDefault:"https://kpi.knowlarity.com" doc:"Address of Knowlarity's API."`
	Channel       string   `env:"KNOWLARITY_CHANNEL" envDefault:"Basic" doc:"The account's plan, part of every path."`
	APIKey        Secret   `env:"KNOWLARITY_API_KEY" doc:"Application access key. Empty: not configured." example:"-"`
	Authorization Secret   `env:"KNOWLARITY_AUTHORIZATION" doc:"SR API key, sent beside the other one." example:"-"`
	AccountID     string   `env:"KNOWLARITY_ACCOUNT_ID" doc:"Stands for {account} in KNOWLARITY_FLOW_PATH; nothing else needs it." example:"1234"`
	CallerID      string   `env:"KNOWLARITY_CALLER_ID" doc:"Number that patients see." example:"+918035550001"`
	Number        string   `env:"KNOWLARITY_NUMBER" doc:"Virtual number that calls run through. Empty: KNOWLARITY_CALLER_ID." example:"+918035550001"`
	Strategy      string   `env:"KNOWLARITY_STRATEGY" envDefault:"flow" doc:"How a dial reaches the stream: flow (the IVR travels with the dial), makecall (the stream's number is one leg) or campaign (an IVR of the portal)."`
	FlowPath      string   `env:"KNOWLARITY_FLOW_PATH" envDefault:"account/call/makecall" doc:"Path that takes a dial with its flow."`
	IVRID         string   `env:"KNOWLARITY_IVR_ID" doc:"IVR with the stream node; for campaign." example:"42"`
	AgentNumber   string   `env:"KNOWLARITY_AGENT_NUMBER" doc:"Number whose calls are streamed; for makecall." example:"+918035550002"`
	StreamURLAPI  string   `env:"KNOWLARITY_STREAM_URL_API" envDefault:"https://livestreamstaging1.knowlarity.com/knowlarity/update_wss_url" doc:"Where Knowlarity is told which address a number's calls are streamed to; for makecall and campaign."`
	Rate          int      `env:"KNOWLARITY_SAMPLE_RATE" envDefault:"16000" doc:"Samples a second that patients are heard at: 8000 or 16000."`
	PlayRate      int      `env:"KNOWLARITY_PLAY_RATE" envDefault:"16000" doc:"Samples a second that we play at: 8000, 16000 or 24000."`
	Gain          float64  `env:"KNOWLARITY_GAIN" envDefault:"1" doc:"Factor for the loudness of patients."`
	Secrets       []Secret `env:"WEBHOOK_SECRET_KNOWLARITY" doc:"Secret in the path of Knowlarity's callbacks and of streams that know no token, at least 16 of A-Z a-z 0-9 - _ . ~; several, separated by commas, while rotating. Empty: callbacks are refused." example:"-"`
}

// Configured reports whether the account can dial.
func (c KnowlarityConfig) Configured() bool { return !c.APIKey.Empty() }

// ElevenLabsConfig is about the voice agents.
type ElevenLabsConfig struct {
	URL     string   `env:"ELEVENLABS_API_URL" envDefault:"https://api.elevenlabs.io" doc:"Address of the workspace's region, e.g. https://api.in.residency.elevenlabs.io."`
	APIKey  Secret   `env:"ELEVENLABS_API_KEY" doc:"API key of the workspace. Empty: not configured." example:"-"`
	AgentID string   `env:"ELEVENLABS_AGENT_ID" doc:"Voice agent of calls that name none." example:"agent_0123"`
	Secrets []Secret `env:"WEBHOOK_SECRET_ELEVENLABS" doc:"Secret that post-call webhooks to /webhooks/elevenlabs are signed with; several, separated by commas, while rotating. Empty: webhooks are refused, and results are fetched." example:"-"`
}

// OutboundConfig is about outbound AI calls.
type OutboundConfig struct {
	WebSocketURL  string        `env:"SERVER_WEBSOCKET_URL" doc:"Address under which providers reach the gateway's audio sockets. Empty: PUBLIC_URL with ws for http." example:"wss://voice.example.org"`
	Concurrency   int           `env:"OUTBOUND_CONCURRENCY" envDefault:"10" doc:"Calls that are up at once, over all replicas: the smaller of the providers' plans."`
	Streams       int           `env:"OUTBOUND_STREAMS" envDefault:"300" doc:"Audio sockets open at once on one replica; more are refused."`
	MaxDuration   time.Duration `env:"OUTBOUND_MAX_DURATION" envDefault:"10m" doc:"How long a conversation may last."`
	DialTimeout   time.Duration `env:"OUTBOUND_DIAL_TIMEOUT" envDefault:"30s" doc:"How long a dial may take to bring audio."`
	Patience      time.Duration `env:"OUTBOUND_PATIENCE" envDefault:"5m" doc:"How long after a dial without any word its outcome counts as unknown."`
	RetryBusy     time.Duration `env:"OUTBOUND_RETRY_BUSY" envDefault:"2m" doc:"Wait before the next attempt when the patient was busy."`
	RetryNoAnswer time.Duration `env:"OUTBOUND_RETRY_NO_ANSWER" envDefault:"10m" doc:"... when he did not answer."`
	RetryRefused  time.Duration `env:"OUTBOUND_RETRY_REFUSED" envDefault:"30s" doc:"... when the provider refused before it dialled."`
	TransferTo    string        `env:"OUTBOUND_TRANSFER_TO" doc:"Who takes over when the voice agent is lost. Empty: the patient hears a good-bye and is called back." example:"+918035550009"`
	Greetings     []string      `env:"OUTBOUND_GREETINGS" envSeparator:"|" envDefault:"hi=नमस्ते।|Hello." doc:"What Knowlarity says before the voice agent is on the line, as language=text separated by |; a text without a language is for all others. Empty: nothing."`
	Resumptions   []string      `env:"OUTBOUND_RESUME_MESSAGES" envSeparator:"|" doc:"First words of a voice agent who takes over in mid-call because the one before was lost, as OUTBOUND_GREETINGS. The agent must allow its first message to be replaced. Empty: the agent's own." example:"hi=माफ़ कीजिए, लाइन कट गई थी।|Sorry, we were cut off."`
	GoodbyeFile   string        `env:"OUTBOUND_GOODBYE_FILE" doc:"WAV file, one channel of 16 bit, that patients hear when their voice agent is lost for good. Empty: a soft tone." example:"goodbye.wav"`
	Record        bool          `env:"OUTBOUND_RECORD" envDefault:"true" doc:"Whether conversations are recorded."`
	RecordingsDir string        `env:"RECORDINGS_DIR" envDefault:"data/recordings" doc:"Directory of recordings, which are encrypted with HELIX_SECRET and kept RETENTION_DAYS."`
}

// inLanguage picks from texts, as language=text, that of a language; one without a language is for all others.
func inLanguage(texts []string, language string) string {
	otherwise := ""
	for _, t := range texts {
		name, text, ok := strings.Cut(t, "=")
		switch {
		case !ok:
			otherwise = strings.TrimSpace(t)
		case strings.EqualFold(strings.TrimSpace(name), language):
			return strings.TrimSpace(text)
		}
	}
	return otherwise
}

// streamBase is the address that audio sockets are under, "" when nobody outside could reach them.
func (c *Config) streamBase() string {
	if c.Outbound.WebSocketURL != "" {
		return strings.TrimRight(c.Outbound.WebSocketURL, "/")
	}
	if rest, ok := strings.CutPrefix(c.Server.PublicURL, "http"); ok {
		return "ws" + rest
	}
	return ""
}

func (c *Config) checkOutbound(f *faults) {
	checkURL(f, "KNOWLARITY_API_URL", c.Knowlarity.URL, "https://kpi.knowlarity.com", "http", "https")
	checkURL(f, "KNOWLARITY_STREAM_URL_API", c.Knowlarity.StreamURLAPI, "https://livestream.example.org/knowlarity/update_wss_url", "http", "https")
	checkURL(f, "ELEVENLABS_API_URL", c.ElevenLabs.URL, "https://api.elevenlabs.io", "http", "https")
	checkURL(f, "SERVER_WEBSOCKET_URL", c.Outbound.WebSocketURL, "wss://voice.example.org", "ws", "wss")
	k := c.Knowlarity
	for _, n := range []struct{ name, value string }{
		{"KNOWLARITY_CALLER_ID", k.CallerID},
		{"KNOWLARITY_NUMBER", k.Number},
		{"KNOWLARITY_AGENT_NUMBER", k.AgentNumber},
		{"OUTBOUND_TRANSFER_TO", c.Outbound.TransferTo},
	} {
		if _, err := phone.Parse(n.value, homeRegion); n.value != "" && err != nil {
			f.add(n.name, "is no phone number", "write it like +918035550001")
		}
	}
	strategies := []string{string(knowlarity.StrategyFlow), string(knowlarity.StrategyMakeCall), string(knowlarity.StrategyCampaign)}
	switch {
	case !slices.Contains(strategies, k.Strategy):
		f.add("KNOWLARITY_STRATEGY", fmt.Sprintf("is %q", k.Strategy), "write "+strings.Join(strategies, ", "))
	case k.Strategy == string(knowlarity.StrategyMakeCall) && k.AgentNumber == "":
		f.add("KNOWLARITY_AGENT_NUMBER", "is not set although KNOWLARITY_STRATEGY is makecall", "set the number whose calls are streamed")
	case k.Strategy == string(knowlarity.StrategyCampaign) && k.IVRID == "":
		f.add("KNOWLARITY_IVR_ID", "is not set although KNOWLARITY_STRATEGY is campaign", "set the IVR with the stream node")
	}
	if k.Configured() {
		if k.Number == "" && k.CallerID == "" {
			f.add("KNOWLARITY_CALLER_ID", "is not set although KNOWLARITY_API_KEY is", "set the number that patients see")
		}
		if c.streamBase() == "" {
			f.add("SERVER_WEBSOCKET_URL", "is not set although KNOWLARITY_API_KEY is", "set it, or PUBLIC_URL")
		}
	}
	if !slices.Contains([]int{8000, 16000}, k.Rate) {
		f.add("KNOWLARITY_SAMPLE_RATE", fmt.Sprintf("is %d", k.Rate), "write 8000 or 16000")
	}
	if !slices.Contains([]int{8000, 16000, 24000}, k.PlayRate) {
		f.add("KNOWLARITY_PLAY_RATE", fmt.Sprintf("is %d", k.PlayRate), "write 8000, 16000 or 24000")
	}
	if !(k.Gain >= 0.1 && k.Gain <= 10) { // NaN included
		f.add("KNOWLARITY_GAIN", fmt.Sprintf("is %v", k.Gain), "choose a factor from 0.1 to 10")
	}
	checkPathSecrets(f, "WEBHOOK_SECRET_KNOWLARITY", k.Secrets)
	checkSigningSecrets(f, "WEBHOOK_SECRET_ELEVENLABS", c.ElevenLabs.Secrets)
}

// checkPathSecrets notes secrets that a path cannot carry, or that could be guessed.
func checkPathSecrets(f *faults, name string, secrets []Secret) {
	for _, s := range secrets {
		if len(s.Reveal()) < minWebhookSecret || strings.Trim(s.Reveal(), pathSafe) != "" {
			f.add(name, "has a secret that is short or does not fit into a path",
				fmt.Sprintf("use %d or more of A-Z a-z 0-9 - _ . ~, e.g. the output of: openssl rand -hex 32", minWebhookSecret))
		}
	}
}

// checkSigningSecrets notes secrets that could be guessed.
func checkSigningSecrets(f *faults, name string, secrets []Secret) {
	for _, s := range secrets {
		if len(s.Reveal()) < minWebhookSecret {
			f.add(name, "has a secret that is short",
				fmt.Sprintf("use %d characters or more, e.g. the output of: openssl rand -hex 32", minWebhookSecret))
		}
	}
}

// withoutBlanks trims secrets and leaves the empty ones out: "a,,b" is a slip of the pen.
func withoutBlanks(secrets []Secret) []Secret {
	var kept []Secret
	for _, s := range secrets {
		if value := strings.TrimSpace(s.Reveal()); value != "" {
			kept = append(kept, NewSecret(value))
		}
	}
	return kept
}

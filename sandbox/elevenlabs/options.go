package elevenlabs

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/helix-engage/gateway/sandbox/speech"
	"github.com/helix-engage/gateway/sandbox/timeline"
)

// Options configure an emulator. The zero value has one agent, DefaultAgent, and calls no webhook.
type Options struct {
	Timeline *timeline.Timeline // nil: one of its own over Now, driven by Run
	Now      func() time.Time   // ignored when Timeline is given
	Logger   *slog.Logger       // nil: discards
	APIKey   string             // "" means DefaultAPIKey
	Agents   []Agent
	Webhook  Webhook
	Timing   Timing
	// Pace makes conversations as many times faster than real time, for tests whose callers speak as much faster. 0 means 1.
	Pace      float64
	KeepAudio bool // keeps what agents hear, for Server.Heard
	// PublicURL is the beginning of signed addresses, e.g. "wss://voice.example"; "" means that of the request.
	PublicURL string
	// HookDone is called after each attempt to deliver a webhook; may be nil.
	HookDone func()
}

// DefaultAPIKey is the key of the emulated workspace.
const DefaultAPIKey = "sk_sandbox_0000000000000000000000000000"

// Webhook is where post-call webhooks go; without a URL nowhere.
type Webhook struct {
	URL    string
	Secret string // "" means DefaultWebhookSecret
	Audio  bool   // post_call_audio too
}

// DefaultWebhookSecret signs post-call webhooks.
const DefaultWebhookSecret = "wsec_sandbox"

// Agent is one configured voice agent.
type Agent struct {
	ID       string
	Name     string
	Language string // "en" or "hi"; of its voice when the conversation does not ask for another
	Input    string // user_input_audio_format; "" means pcm_16000
	Output   string // agent_output_audio_format; likewise
	Public   bool   // no signed address is needed
	// Variables must be supplied by the initiation frame.
	Variables []string
	// NoOverrides: conversation_config_override may only set text_only.
	NoOverrides bool
	Concurrency int           // conversations at once; 0 means no limit
	VADScores   bool          // sends vad_score
	MaxDuration time.Duration // 0 means 10 min
	Script      []Step        // nil means DefaultScript
}

// Step is one question of an agent.
type Step struct {
	Ask    string // name of an agent's sentence of package speech
	Field  string // of save_patient_data
	Answer string // name of the patient's sentence that is expected
}

// Timing holds the durations of the platform. Zero means the default.
type Timing struct {
	SignedURLLife time.Duration // 15 min
	FirstFrame    time.Duration // a conversation that sends no initiation frame begins without it after 3 s
	FrameGap      time.Duration // between metadata and the next frame, 50 ms
	Think         time.Duration // between the end of the caller's turn and the answer, 300 ms
	Chunk         time.Duration // length of an audio frame, 500 ms
	ChunkGap      time.Duration // between audio frames, 20 ms: faster than real time
	Ping          time.Duration // 2 s
	TurnTimeout   time.Duration // silence of the caller until the agent asks again, 7 s
	ToolWait      time.Duration // for a tool's result, 5 s
	EndGrace      time.Duration // from end_call to the close, 500 ms
	InputTimeout  time.Duration // without any frame of the caller, 60 s
	Analysis      time.Duration // from the end to status done and the webhook, 1 s
	HookTries     int           // 2
	HookPause     time.Duration // between attempts, 2 s
}

// DefaultAgent is the intake agent of the sandbox's hospital.
func DefaultAgent() Agent { return Agent{ID: "agent_sandbox_intake", Name: "Intake", Language: "hi"} }

// DefaultScript asks for age, trouble and time.
func DefaultScript() []Step {
	return []Step{
		{Ask: "greeting", Field: "age", Answer: "age"},
		{Ask: "symptom", Field: "symptom", Answer: "knee"},
		{Ask: "time", Field: "preferred_time", Answer: "tomorrow"},
	}
}

func (o Options) withDefaults() Options {
	if o.Timeline == nil {
		o.Timeline = timeline.New(o.Now)
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Agents == nil {
		o.Agents = []Agent{DefaultAgent()}
	}
	if o.Pace == 0 {
		o.Pace = 1
	}
	orDefault(&o.APIKey, DefaultAPIKey)
	orDefault(&o.Webhook.Secret, DefaultWebhookSecret)
	o.Timing = o.Timing.withDefaults()
	return o
}

func (t Timing) withDefaults() Timing {
	orDefault(&t.SignedURLLife, 15*time.Minute)
	orDefault(&t.FirstFrame, 3*time.Second)
	orDefault(&t.FrameGap, 50*time.Millisecond)
	orDefault(&t.Think, 300*time.Millisecond)
	orDefault(&t.Chunk, 500*time.Millisecond)
	orDefault(&t.ChunkGap, 20*time.Millisecond)
	orDefault(&t.Ping, 2*time.Second)
	orDefault(&t.TurnTimeout, 7*time.Second)
	orDefault(&t.ToolWait, 5*time.Second)
	orDefault(&t.EndGrace, 500*time.Millisecond)
	orDefault(&t.InputTimeout, time.Minute)
	orDefault(&t.Analysis, time.Second)
	orDefault(&t.HookTries, 2)
	orDefault(&t.HookPause, 2*time.Second)
	return t
}

func orDefault[T comparable](value *T, otherwise T) {
	var zero T
	if *value == zero {
		*value = otherwise
	}
}

// check completes an agent and says what makes no sense in it.
func (a *Agent) check() error {
	orDefault(&a.Language, "en")
	orDefault(&a.Input, "pcm_16000")
	orDefault(&a.Output, "pcm_16000")
	orDefault(&a.MaxDuration, 10*time.Minute)
	if a.Script == nil {
		a.Script = DefaultScript()
	}
	for _, format := range []string{a.Input, a.Output} {
		if _, err := speech.Decode(format, nil); err != nil {
			return fmt.Errorf("agent %q: %w", a.ID, err)
		}
	}
	for _, step := range a.Script {
		_, asks := speech.Find(a.Language, speech.Agent, step.Ask)
		_, answers := speech.Find(a.Language, speech.Patient, step.Answer)
		if !asks || !answers {
			return fmt.Errorf("agent %q: no sentence %q or %q in %q", a.ID, step.Ask, step.Answer, a.Language)
		}
	}
	if a.ID == "" {
		return errors.New("an agent without an id")
	}
	return nil
}

package sandbox

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/helix-engage/gateway/sandbox/elevenlabs"
	"github.com/helix-engage/gateway/sandbox/hooks"
	"github.com/helix-engage/gateway/sandbox/knowlarity"
)

// voiceRoutes are those of streams, callbacks, conversations and their webhooks.
func (s *Sandbox) voiceRoutes() []route {
	return []route{
		{
			Method: "PUT", Path: "/sandbox/knowlarity/stream",
			Does: "how streams to come behave whose patient has no settings of his own; dialect of the first message: V, H, T, python, broken, " +
				"missing, late; framing: odd, glued; sampleRate: 8000, 16000",
			Body: streamSettings{Dialect: knowlarity.DialectPython, Framing: knowlarity.FramesOdd, SampleRate: 8_000}, serve: s.setStream,
		},
		{
			Method: "PUT", Path: "/sandbox/knowlarity/callbacks",
			Does: "the shapes of callbacks: status (of each state), cdr (record of an ended call), query (the same by GET); none: status and cdr; " +
				"form: as a form, not JSON",
			Body: callbackShapes{Shapes: []knowlarity.Shape{knowlarity.QueryShape}}, serve: s.shapeCallbacks,
		},
		{
			Method: "POST", Path: "/sandbox/knowlarity/callbacks/faults",
			Does: "the next count callbacks of a shape (none: any) go wrong; effect: duplicate, delay, reorder, drop, spoil",
			Body: hookFault{Kind: "status", Effect: hooks.Drop, Count: 1}, serve: failHooks(s.dialler.FailCallbacks),
		},
		{Method: "GET", Path: "/sandbox/knowlarity/callbacks", Does: "what became of the callbacks", serve: show(s.dialler.CallbackCounts)},
		{Method: "GET", Path: "/sandbox/elevenlabs/conversations", Does: "every remembered conversation of the voice agents, oldest first", serve: show(s.conversations)},
		{
			Method: "POST", Path: "/sandbox/elevenlabs/conversations/faults",
			Does: "the next count conversations (of an agent) go wrong; kind: no-metadata, slow, die (reset), close (with code and reason), silent, " +
				"garbage, huge, stale, queue, no-ping; afterMs counts from the metadata",
			Body: conversationFault{Kind: elevenlabs.FaultDie, AfterMillis: 6_000}, serve: s.failConversations,
		},
		{
			Method: "POST", Path: "/sandbox/elevenlabs/conversations/{conversation}/end",
			Does: "the platform closes the conversation; without a code the connection is reset", Body: conversationEnd{Code: 1011, Reason: "internal"},
			serve: s.endConversation,
		},
		{
			Method: "PUT", Path: "/sandbox/elevenlabs/webhook",
			Does: "where post-call webhooks go and what signs them; without a url to the gateway; audio: post_call_audio too",
			Body: conversationWebhook{Audio: true}, serve: s.setConversationWebhook,
		},
		{
			Method: "POST", Path: "/sandbox/elevenlabs/webhook/faults",
			Does: "the next count webhooks of a kind (post_call_transcription, post_call_audio; none: any) go wrong; effects as of callbacks, spoil: a wrong signature",
			Body: hookFault{Effect: hooks.Spoil}, serve: failHooks(s.voice.FailHooks),
		},
		{Method: "GET", Path: "/sandbox/elevenlabs/webhook", Does: "what became of the webhooks", serve: show(s.voice.HookCounts)},
	}
}

type streamSettings struct {
	Dialect          knowlarity.Dialect `json:"dialect,omitempty"`
	Binary           bool               `json:"binary,omitempty"` // the first message has the binary opcode
	SampleRate       int                `json:"sampleRate,omitempty"`
	NoSubprotocol    bool               `json:"noSubprotocol,omitempty"`
	Framing          knowlarity.Framing `json:"framing,omitempty"`
	NoAudio          bool               `json:"noAudio,omitempty"`
	Garbage          bool               `json:"garbage,omitempty"`
	NeverReads       bool               `json:"neverReads,omitempty"`
	StallAfterMillis int                `json:"stallAfterMs,omitempty"` // half-open from then on
	ResetAfterMillis int                `json:"resetAfterMs,omitempty"`
	Abrupt           bool               `json:"abrupt,omitempty"`  // hangs up without a close frame
	KillAll          bool               `json:"killAll,omitempty"` // killAudio stops queued files too
}

func (in streamSettings) settings() (out knowlarity.StreamSettings, err error) {
	out = knowlarity.StreamSettings{
		Dialect: in.Dialect, Binary: in.Binary, Rate: in.SampleRate, NoSubprotocol: in.NoSubprotocol, Framing: in.Framing, NoAudio: in.NoAudio,
		Garbage: in.Garbage, NeverReads: in.NeverReads, Abrupt: in.Abrupt, KillAll: in.KillAll,
	}
	if out.StallAfter, err = millis("stallAfterMs", in.StallAfterMillis); err != nil {
		return out, err
	}
	out.ResetAfter, err = millis("resetAfterMs", in.ResetAfterMillis)
	return out, err
}

func (s *Sandbox) setStream(r *http.Request) (any, error) {
	in, err := decodeBody[streamSettings](r)
	if err != nil {
		return nil, err
	}
	settings, err := in.settings()
	if err != nil {
		return nil, err
	}
	return done{OK: true}, s.dialler.SetStream(settings)
}

type callbackShapes struct {
	Shapes []knowlarity.Shape `json:"shapes,omitempty"`
	Form   bool               `json:"form,omitempty"`
}

func (s *Sandbox) shapeCallbacks(r *http.Request) (any, error) {
	in, err := decodeBody[callbackShapes](r)
	if err != nil {
		return nil, err
	}
	for _, shape := range in.Shapes {
		if !slices.Contains([]knowlarity.Shape{knowlarity.StatusShape, knowlarity.CDRShape, knowlarity.QueryShape}, shape) {
			return nil, badRequestError(fmt.Sprintf("shape is %q, must be status, cdr or query", shape))
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.callbacks.Shapes, s.callbacks.Form = in.Shapes, in.Form
	s.dialler.SetCallbacks(s.callbacks)
	return done{OK: true}, nil
}

type hookFault struct {
	Kind        string       `json:"kind,omitempty"`
	Effect      hooks.Effect `json:"effect"`
	Count       int          `json:"count,omitempty"`
	DelayMillis int          `json:"delayMs,omitempty"`
}

// failHooks makes an endpoint that arms faults of callbacks or webhooks.
func failHooks(fail func(hooks.Fault) error) func(*http.Request) (any, error) {
	return func(r *http.Request) (any, error) {
		in, err := decodeBody[hookFault](r)
		if err != nil {
			return nil, err
		}
		delay, err := millis("delayMs", in.DelayMillis)
		if err != nil {
			return nil, err
		}
		return done{OK: true}, fail(hooks.Fault{Kind: in.Kind, Effect: in.Effect, Count: in.Count, Delay: delay})
	}
}

// conversation is what the platform knows of one. Offsets count from its beginning.
type conversation struct {
	ID                string            `json:"conversationId"`
	Agent             string            `json:"agentId"`
	Status            elevenlabs.Status `json:"status"`
	BegunAt           time.Time         `json:"begunAt"`
	DurationMillis    int64             `json:"durationMs"`
	Language          string            `json:"language"`
	Variables         map[string]any    `json:"variables,omitempty"`
	Transcript        []conversed       `json:"transcript"`
	Collected         map[string]string `json:"collected,omitempty"`
	CallerAudioMillis int64             `json:"callerAudioMs"` // received
	AgentAudioMillis  int64             `json:"agentAudioMs"`  // sent
	Interruptions     int               `json:"interruptions"`
	Pongs             int               `json:"pongs"`
	CloseCode         int               `json:"closeCode,omitempty"` // 1006: lost or reset
	CloseReason       string            `json:"closeReason,omitempty"`
	EndedByAgent      bool              `json:"endedByAgent,omitempty"`
	Violations        []string          `json:"violations,omitempty"`
}

// conversed is one turn.
type conversed struct {
	AtMillis    int64  `json:"atMs"`
	Role        string `json:"role"`
	Text        string `json:"text,omitempty"`
	Interrupted bool   `json:"interrupted,omitempty"`
	Tool        string `json:"tool,omitempty"`
	Arguments   string `json:"arguments,omitempty"` // JSON
	Result      string `json:"result,omitempty"`
	Failed      bool   `json:"failed,omitempty"`
}

func (s *Sandbox) conversations() map[string]any {
	views := s.voice.Conversations()
	all := make([]conversation, len(views))
	for i, v := range views {
		all[i] = conversation{
			ID: v.ID, Agent: v.Agent, Status: v.Status, BegunAt: v.BegunAt, DurationMillis: v.Duration.Milliseconds(), Language: v.Language,
			Variables: v.Variables, Transcript: make([]conversed, len(v.Transcript)), Collected: v.Collected,
			CallerAudioMillis: v.CallerAudio.Milliseconds(), AgentAudioMillis: v.AgentAudio.Milliseconds(), Interruptions: v.Interruptions,
			Pongs: v.Pongs, CloseCode: v.CloseCode, CloseReason: v.CloseReason, EndedByAgent: v.EndedByAgent, Violations: v.Violations,
		}
		for j, l := range v.Transcript {
			all[i].Transcript[j] = conversed{
				AtMillis: l.At.Milliseconds(), Role: l.Role, Text: l.Text, Interrupted: l.Interrupted, Tool: l.Tool, Arguments: l.Arguments,
				Result: l.Result, Failed: l.Failed,
			}
		}
	}
	return map[string]any{"conversations": all}
}

type conversationFault struct {
	Agent       string               `json:"agentId,omitempty"`
	Kind        elevenlabs.FaultKind `json:"kind"`
	Count       int                  `json:"count,omitempty"`
	AfterMillis int                  `json:"afterMs,omitempty"`
	Code        int                  `json:"code,omitempty"`
	Reason      string               `json:"reason,omitempty"`
}

func (s *Sandbox) failConversations(r *http.Request) (any, error) {
	in, err := decodeBody[conversationFault](r)
	if err != nil {
		return nil, err
	}
	after, err := millis("afterMs", in.AfterMillis)
	if err != nil {
		return nil, err
	}
	return done{OK: true}, s.voice.FailConversations(elevenlabs.Fault{
		Agent: in.Agent, Kind: in.Kind, Count: in.Count, After: after, Code: in.Code, Reason: in.Reason,
	})
}

type conversationEnd struct {
	Code   int    `json:"code,omitempty"`
	Reason string `json:"reason,omitempty"`
}

func (s *Sandbox) endConversation(r *http.Request) (any, error) {
	in, err := decodeBody[conversationEnd](r)
	if err != nil {
		return nil, err
	}
	if in.Code != 0 && (in.Code < 1000 || in.Code > 4999 || in.Code == 1005 || in.Code == 1006) || len(in.Reason) > 120 {
		return nil, badRequestError(fmt.Sprintf("%d with %d bytes of reason cannot close a socket", in.Code, len(in.Reason)))
	}
	return done{OK: true}, s.voice.End(r.PathValue("conversation"), in.Code, in.Reason)
}

type conversationWebhook struct {
	URL    string `json:"url,omitempty"`
	Secret string `json:"secret,omitempty"`
	Audio  bool   `json:"audio,omitempty"`
}

func (s *Sandbox) setConversationWebhook(r *http.Request) (any, error) {
	in, err := decodeBody[conversationWebhook](r)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	webhook := elevenlabs.Webhook{URL: in.URL, Secret: in.Secret, Audio: in.Audio}
	if in.URL == "" {
		webhook = s.results
		webhook.Audio = in.Audio
	}
	s.voice.SetWebhook(webhook)
	return done{OK: true}, nil
}

package outboundday

import (
	"context"
	"fmt"

	"github.com/helix-engage/gateway/sandbox/client"
)

// What a patient may notice, in milliseconds.
const (
	maxSilenceMs   = 1_500 // in which nobody speaks, while the agent is lost and found
	recoveryMs     = 4_000 // from the loss until the new conversation's greeting is over
	maxOverlapMs   = 800   // from killAudio until the agent is silent
	interruptionMs = 1_500 // into the greeting
)

// lostCode closes no socket: it says that the connection was lost.
const lostCode = 1006

// interruption is a patient who does not let the agent finish.
func (p *player) interruption() *scene {
	s := p.about("interruption", "कविता जोशी", "+919800000004")
	return &scene{title: "A patient who interrupts", close: s.close, steps: []step{
		{"The CRM asks for a call to a patient who cuts the greeting short, and answers then", s.askTo(map[string]any{"lines": []map[string]any{
			{"say": "wait", "when": "over", "afterMs": interruptionMs}, {"say": "age"}, {"say": "knee"}, {"say": "tomorrow"},
		}})},
		{"They talk to the end", func(ctx context.Context) (string, error) {
			c, err := s.ends(ctx, "COMPLETED", "AGENT_HUNG_UP", 1)
			if err == nil && (c.Media == nil || c.Media.Interruptions != 1) {
				err = fmt.Errorf("media: %+v", c.Media)
			}
			return c.State + ", media.interruptions = 1", err
		}},
		{"The agent fell silent on the patient's phone", s.fellSilent},
	}}
}

// fellSilent measures on the patient's phone what became of the sentence that he cut short.
func (s *subject) fellSilent(ctx context.Context) (string, error) {
	calls, err := s.phoneRang(ctx, 1)
	if err != nil {
		return "", err
	}
	phone := calls[0]
	spoke, err := phone.find("spoke", 0)
	if err != nil {
		return "", err
	}
	killed, err := phone.find("killed", spoke.AtMs)
	if err != nil {
		return "", err
	}
	cut, err := phone.find("heard", 0)
	if err != nil {
		return "", err
	}
	silentAt := cut.AtMs + cut.DurationMs
	if cut.AtMs > spoke.AtMs || silentAt < spoke.AtMs || silentAt > killed.AtMs+maxOverlapMs {
		return "", fmt.Errorf("heard from %d to %d ms, the patient spoke at %d ms, killAudio at %d ms", cut.AtMs, silentAt, spoke.AtMs, killed.AtMs)
	}
	return fmt.Sprintf("killAudio %d ms after the patient began to speak, silence %d ms after killAudio", killed.AtMs-spoke.AtMs, max(silentAt-killed.AtMs, 0)), nil
}

// lostAgent is a voice agent whose connection dies in the middle.
func (p *player) lostAgent() *scene {
	s := p.about("lost-agent", "विजय कुमार", "+919800000005")
	var before int
	return &scene{title: "A voice agent that is lost in the middle of the call, and found again", close: s.close, alone: 2, steps: []step{
		{"The voice agent's next conversation will be reset after 6 seconds", func(ctx context.Context) (string, error) {
			all, err := s.conversations(ctx)
			if err != nil {
				return "", err
			}
			before = len(all)
			return "armed", s.control.Post(ctx, s.o.Control+"/sandbox/elevenlabs/conversations/faults", map[string]any{"kind": "die", "afterMs": 6_000}, nil)
		}},
		{"The CRM asks for a call, and the voice agent is reached while it rings", func(ctx context.Context) (string, error) {
			seen, err := s.asks(ctx)
			if err != nil {
				return "", err
			}
			return seen, client.Eventually(ctx, func() (bool, error) {
				all, err := s.conversations(ctx)
				return len(all) > before, err
			})
		}},
		{"They talk to the end all the same", func(ctx context.Context) (string, error) {
			c, err := s.ends(ctx, "COMPLETED", "AGENT_HUNG_UP", 1)
			if err == nil && (c.Media == nil || c.Media.Reconnects != 1) {
				err = fmt.Errorf("media: %+v", c.Media)
			}
			return c.State + ", media.reconnects = 1", err
		}},
		{"The patient was not left in silence meanwhile", func(ctx context.Context) (string, error) {
			return s.bridgedSilence(ctx, before)
		}},
	}}
}

// bridgedSilence measures on the patient's phone what the loss of a conversation sounded like.
func (s *subject) bridgedSilence(ctx context.Context, lost int) (string, error) {
	calls, err := s.phoneRang(ctx, 1)
	if err != nil {
		return "", err
	}
	all, err := s.conversations(ctx)
	if err != nil {
		return "", err
	}
	phone, dead := calls[0], all[lost]
	if dead.CloseCode != lostCode {
		return "", fmt.Errorf("the conversation ended with %d", dead.CloseCode)
	}
	lostAt := int(dead.BegunAt.Sub(phone.AnsweredAt).Milliseconds()) + dead.DurationMs
	silence := phone.silenceMs(lostAt, lostAt+recoveryMs)
	if silence > maxSilenceMs {
		return "", fmt.Errorf("nobody spoke for %d ms after the loss at %d ms: %+v", silence, lostAt, phone.Moments)
	}
	c, err := s.becomes(ctx, "the collected data", func(c call) bool { return len(c.Collected) >= 3 })
	return fmt.Sprintf("lost %.1f s after the answer, the longest silence until the agent spoke again was %d ms; %d values collected",
		float64(lostAt)/1000, silence, len(c.Collected)), err
}

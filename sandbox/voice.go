package sandbox

import (
	"github.com/helix-engage/gateway/sandbox/elevenlabs"
	"github.com/helix-engage/gateway/sandbox/knowlarity"
)

// buildVoice builds the two emulators of outbound AI calls over the sandbox's time.
func (s *Sandbox) buildVoice() (err error) {
	s.dialler, err = knowlarity.New(knowlarity.Options{
		Timeline: s.line, Logger: s.log.With("emulator", "knowlarity"), Pace: s.options.Pace,
		Callbacks: knowlarity.Callbacks{URL: s.options.Webhooks.Knowlarity},
	})
	if err != nil {
		return err
	}
	s.voice, err = elevenlabs.New(elevenlabs.Options{
		Timeline: s.line, Logger: s.log.With("emulator", "elevenlabs"), Pace: s.options.Pace,
		Agents:  []elevenlabs.Agent{elevenlabs.DefaultAgent()},
		Webhook: elevenlabs.Webhook{URL: s.options.Webhooks.ElevenLabs, Secret: s.options.Webhooks.ElevenLabsSecret},
	})
	return err
}

func (s *Sandbox) setVoiceWebhooks(hooks Webhooks) {
	s.dialler.SetCallbacks(knowlarity.Callbacks{URL: hooks.Knowlarity})
	s.voice.SetWebhook(elevenlabs.Webhook{URL: hooks.ElevenLabs, Secret: hooks.ElevenLabsSecret})
}

// KnowlarityURL is the base URL of the emulator that dials outbound calls.
func (s *Sandbox) KnowlarityURL() string { return s.url("knowlarity") }

// ElevenLabsURL is the base URL of the emulator of voice agents.
func (s *Sandbox) ElevenLabsURL() string { return s.url("elevenlabs") }

// Knowlarity is the emulator that dials outbound calls, for its levers, faults and request log.
func (s *Sandbox) Knowlarity() *knowlarity.Server { return s.dialler }

// ElevenLabs is the emulator of voice agents, for its levers, faults and request log.
func (s *Sandbox) ElevenLabs() *elevenlabs.Server { return s.voice }

package sandbox

import (
	"github.com/helix-engage/gateway/sandbox/elevenlabs"
	"github.com/helix-engage/gateway/sandbox/knowlarity"
)

// buildVoice builds the two emulators of outbound AI calls over the sandbox's time.
func (s *Sandbox) buildVoice() (err error) {
	s.callbacks, s.results = voiceWebhooks(s.options.Webhooks)
	s.dialler, err = knowlarity.New(knowlarity.Options{
		Timeline: s.line, Logger: s.log.With("emulator", "knowlarity"), Pace: s.options.Pace, Callbacks: s.callbacks,
		KeepAudio: s.options.KeepAudio, Stream: s.options.Stream,
	})
	if err != nil {
		return err
	}
	s.voice, err = elevenlabs.New(elevenlabs.Options{
		Timeline: s.line, Logger: s.log.With("emulator", "elevenlabs"), Pace: s.options.Pace,
		Agents: append([]elevenlabs.Agent{elevenlabs.DefaultAgent(), publicAgent()}, s.options.VoiceAgents...), Webhook: s.results, KeepAudio: s.options.KeepAudio,
	})
	return err
}

// publicAgent talks to whoever knows its id, as an agent on a web page does.
func publicAgent() elevenlabs.Agent {
	return elevenlabs.Agent{ID: "agent_sandbox_public", Name: "Web page", Language: "en", Public: true}
}

func voiceWebhooks(hooks Webhooks) (knowlarity.Callbacks, elevenlabs.Webhook) {
	return knowlarity.Callbacks{URL: hooks.Knowlarity}, elevenlabs.Webhook{URL: hooks.ElevenLabs, Secret: hooks.ElevenLabsSecret}
}

func (s *Sandbox) setVoiceWebhooks(hooks Webhooks) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.callbacks, s.results = voiceWebhooks(hooks)
	s.dialler.SetCallbacks(s.callbacks)
	s.voice.SetWebhook(s.results)
}

// KnowlarityURL is the base URL of the emulator that dials outbound calls.
func (s *Sandbox) KnowlarityURL() string { return s.url("knowlarity") }

// ElevenLabsURL is the base URL of the emulator of voice agents.
func (s *Sandbox) ElevenLabsURL() string { return s.url("elevenlabs") }

// Knowlarity is the emulator that dials outbound calls, for its levers, faults and request log.
func (s *Sandbox) Knowlarity() *knowlarity.Server { return s.dialler }

// ElevenLabs is the emulator of voice agents, for its levers, faults and request log.
func (s *Sandbox) ElevenLabs() *elevenlabs.Server { return s.voice }

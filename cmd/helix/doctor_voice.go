package main

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/helix-engage/gateway/internal/server"
	"github.com/helix-engage/gateway/providers"
	"github.com/helix-engage/gateway/providers/knowlarity"
)

// variable is one of the environment's.
type variable struct {
	name string
	set  bool // or another that stands for it
}

// voiceProvider is one of the two that outbound AI calls are made with.
type voiceProvider struct {
	name   string
	needed []variable // without which calls fail; the first is the key
	more   []variable // who sets one means to use the provider
	hint   string     // what may be wrong when the credentials are not taken
	check  func(context.Context) error
}

// begun reports whether somebody has set something of the provider's.
func (p voiceProvider) begun() bool {
	return slices.ContainsFunc(slices.Concat(p.needed, p.more), func(v variable) bool { return v.set })
}

// missing names what is needed and not set.
func (p voiceProvider) missing() string {
	var names []string
	for _, v := range p.needed {
		if !v.set {
			names = append(names, v.name)
		}
	}
	return strings.Join(names, " and ")
}

// askVoice tells how the providers of outbound AI calls do. Who uses neither of them has nothing to mend; who uses one needs
// the other.
func (c *checkup) askVoice(ctx context.Context) {
	both := []voiceProvider{c.knowlarity(), c.elevenLabs()}
	for i, p := range both {
		c.askVoiceProvider(ctx, p, both[1-i])
	}
}

func (c *checkup) knowlarity() voiceProvider {
	k := c.g.cfg.Knowlarity
	p := voiceProvider{
		name:   "knowlarity",
		needed: []variable{{"KNOWLARITY_API_KEY", !k.APIKey.Empty()}, {"KNOWLARITY_CALLER_ID", k.CallerID != "" || k.Number != ""}},
		more: []variable{
			{"KNOWLARITY_AUTHORIZATION", !k.Authorization.Empty()},
			{"KNOWLARITY_ACCOUNT_ID", k.AccountID != ""},
			{"KNOWLARITY_IVR_ID", k.IVRID != ""},
			{"KNOWLARITY_AGENT_NUMBER", k.AgentNumber != ""},
			{"WEBHOOK_SECRET_KNOWLARITY", len(k.Secrets) > 0},
		},
		check: c.g.voice.knowlarity.Check,
	}
	if k.Strategy != string(knowlarity.StrategyFlow) { // the secret is in the address of the streams
		p.needed = append(p.needed, variable{"WEBHOOK_SECRET_KNOWLARITY", len(k.Secrets) > 0})
	}
	if k.Authorization.Empty() {
		p.hint = "KNOWLARITY_AUTHORIZATION is not set"
	}
	return p
}

func (c *checkup) elevenLabs() voiceProvider {
	e := c.g.cfg.ElevenLabs
	return voiceProvider{
		name:   "elevenlabs",
		needed: []variable{{"ELEVENLABS_API_KEY", !e.APIKey.Empty()}, {"ELEVENLABS_AGENT_ID", e.AgentID != ""}},
		more:   []variable{{"WEBHOOK_SECRET_ELEVENLABS", len(e.Secrets) > 0}},
		hint:   "the key must be one of the workspace's region, which ELEVENLABS_API_URL names",
		check:  c.g.voice.elevenLabs.Check,
	}
}

func (c *checkup) askVoiceProvider(ctx context.Context, p, other voiceProvider) {
	missing := p.missing()
	switch {
	case !p.begun() && !other.begun():
		c.say(p.name, server.StateNotConfigured, "set "+missing+" for outbound AI calls")
		return
	case !p.begun():
		c.tell(p.name, server.StateNotConfigured, "although "+other.name+" is, and outbound AI calls need both: set "+missing)
		return
	case !p.needed[0].set:
		c.tell(p.name, server.StateNotConfigured, "half configured: set "+missing)
		return
	}
	ctx, cancel := context.WithTimeout(ctx, c.within)
	defer cancel()
	err := p.check(ctx)
	var details []string
	if missing != "" {
		details = append(details, "half configured: set "+missing)
	}
	if err != nil {
		details = append(details, err.Error())
	}
	if errors.Is(err, providers.ErrCredentials) && p.hint != "" {
		details = append(details, p.hint)
	}
	state := server.StateUp
	switch {
	case err != nil:
		state = server.StateDown
	case missing != "":
		state = server.StateDegraded
	}
	c.tell(p.name, state, strings.Join(details, "; "))
}

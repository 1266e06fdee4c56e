package streaming

import (
	"context"
	"fmt"
	"strings"
	"time"

	helix "github.com/helix-engage/gateway"
)

const (
	// startWithin is how long the patient may wait for the agent when he has answered, resumeWithin when the agent was lost.
	startWithin  = 10 * time.Second
	resumeWithin = 5 * time.Second
	// maxResumes bounds how often an agent is replaced in one call.
	maxResumes = 5
	// Pauses between attempts to reach the agent.
	firstPause = 200 * time.Millisecond
	mostPause  = time.Second
)

// converse joins the patient with a voice agent, and with another when the first is lost, until the call is to end.
func (c *call) converse() {
	c.playout.fillGaps(true, c.now())
	l := c.connect(c.plan.Start, startWithin)
	for l != nil {
		c.active(l)
		select {
		case <-l.lost:
		case <-c.talk.Done():
		}
		c.letGo(l)
		if c.talk.Err() != nil {
			return
		}
		<-l.lost
		if l.fault.Kind == helix.VoiceHangup {
			c.end(ending{reason: helix.ReasonAgentHungUp, drain: true, detail: "the voice agent ended the call"})
			return
		}
		l = c.resume(l.fault)
	}
	c.end(ending{reason: helix.ReasonVoiceFailed, polite: true, drain: true, detail: "no voice agent"})
}

// resume finds an agent in place of one who was lost.
func (c *call) resume(fault helix.VoiceFrame) *leg {
	lostAt := c.now()
	c.log.WarnContext(c.ctx, "the voice agent was lost", "reason", fault.Text, "retryable", fault.Retryable)
	c.note(helix.OutboundVoice, "the voice agent was lost: "+brief(fault.Text))
	if !fault.Retryable || c.reconnects == maxResumes {
		return nil
	}
	c.playout.fillGaps(true, lostAt)
	start := c.plan.Start
	start.Context, start.FirstMessage = c.turns.context(), c.plan.ResumeMessage
	l := c.connect(start, resumeWithin)
	if l != nil {
		c.reconnects++
		c.note(helix.OutboundVoice, fmt.Sprintf("a new conversation began after %.1f s", (c.now()-lostAt).Seconds()))
	}
	return l
}

// connect reaches an agent and begins a conversation, or gives up within a while.
func (c *call) connect(start helix.VoiceStart, within time.Duration) *leg {
	ctx, cancel := context.WithTimeout(c.talk, within)
	defer cancel()
	for pause := firstPause; ; pause = min(2*pause, mostPause) {
		l, fault := c.tryAgent(ctx, start)
		if l != nil || ctx.Err() != nil {
			return l
		}
		c.note(helix.OutboundVoice, "the voice agent was not reached: "+brief(fault.Text))
		if !fault.Retryable {
			return nil
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil
		}
	}
}

// tryAgent begins one conversation, on the socket that was opened ahead if there is one.
func (c *call) tryAgent(ctx context.Context, start helix.VoiceStart) (*leg, helix.VoiceFrame) {
	l := c.server.prepared.take(ctx, c.plan.Call, c.plan.VoiceAgent)
	if l == nil {
		var err error
		if l, err = c.server.dialVoice(ctx, c.plan.VoiceAgent); err != nil {
			c.log.WarnContext(ctx, "the voice agent was not reached", "error", err)
			coded := helix.AsError(err)
			return nil, helix.VoiceFrame{Kind: helix.VoiceFault, Text: coded.Message, Retryable: coded.Retryable}
		}
	}
	if err := l.start(c, start); err != nil {
		c.log.ErrorContext(ctx, "the conversation cannot be begun", "error", err)
		c.letGo(l)
		return nil, helix.VoiceFrame{Kind: helix.VoiceFault, Text: "the conversation cannot be begun"}
	}
	select {
	case <-l.ready:
		return l, helix.VoiceFrame{}
	case <-l.lost:
		c.letGo(l)
		fault := l.fault
		return nil, fault
	case <-ctx.Done():
	}
	select {
	case <-l.ready: // just in time
		return l, helix.VoiceFrame{}
	default:
		c.letGo(l)
		return nil, helix.VoiceFrame{Kind: helix.VoiceFault, Text: "it took too long"}
	}
}

// brief keeps what a provider says from filling the audit trail.
func brief(text string) string {
	const most = 200
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

// active tells that the conversation goes on.
func (c *call) active(l *leg) {
	if c.conversation = l.conversation; c.talkedFrom.IsZero() {
		c.talkedFrom = time.Now()
	}
	conversation := l.conversation
	c.report(func(r reporter) {
		if err := r.Active(r.ctx, r.call, c.plan.Attempt, conversation); err != nil {
			c.log.ErrorContext(r.ctx, "the conversation was not taken note of", "error", err)
		}
	})
}

// letGo parts from an agent. His socket is closed beside the call.
func (c *call) letGo(l *leg) {
	c.ear.detach()
	c.unsent += l.uplink.lost()
	c.tasks.Go(l.drop)
}

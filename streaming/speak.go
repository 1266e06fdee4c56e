package streaming

import (
	"context"
	"fmt"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/audio"
)

const (
	// waitAtMost is how long the provider may hold a conversation back: somebody is on the telephone.
	waitAtMost = 5 * time.Second
	// partingWords is how long after his last words an agent who has ended the call may take to close, and mostParting how
	// long those may take to arrive.
	partingWords = time.Second
	mostParting  = 10 * time.Second
	// shortMessage is the length of audio up to which messages count as very short, and the longest rest between reading them;
	// restFrom is what the line must have left to play.
	shortMessage = 40 * time.Millisecond
	restFrom     = 150 * time.Millisecond
	// takenOver begins what an agent is told who comes in place of one who was lost. The lines that were said follow.
	takenOver = "You take over a call whose connection was lost. Go on where it stopped; do not greet again. So far was said:\n"
	// maxTools is how many tools of one call run at once, and toolWithin how long one may take.
	maxTools   = 4
	toolWithin = 20 * time.Second
)

// message handles one message of the voice agent.
func (l *leg) message(data []byte) {
	f, c := &l.frame, l.call
	if err := l.dialect.Decode(data, f); err != nil {
		if l.garbage++; l.garbage > maxGarbage {
			l.failed = helix.VoiceFrame{Kind: helix.VoiceFault, Text: "too many messages that make no sense", Retryable: true}
			l.writer.close(closeProtocol, "too many messages that make no sense")
		}
		return
	}
	switch f.Kind {
	case helix.VoiceReady:
		l.begin(f)
	case helix.VoiceAudio:
		l.speak(f)
	case helix.VoiceInterrupted:
		l.interrupted(f.Event)
	case helix.VoicePing:
		l.writer.send(opText, func(dst []byte) []byte { return l.dialect.AppendPong(dst, f.Event) })
		c.turns.settle() // now and then
	case helix.VoicePatientSaid:
		c.turns.patientSaid(f.Text)
	case helix.VoiceAgentSaid:
		c.turns.agentSaid(f.Text)
	case helix.VoiceCorrected:
		c.turns.corrected(f.Text)
	case helix.VoiceToolCall:
		l.tool(f.Tool, f.ToolCall, append([]byte(nil), f.Arguments...))
	case helix.VoiceHangup:
		l.hangUp()
	case helix.VoiceWaiting:
		if l.waiting == nil {
			l.waiting = time.AfterFunc(waitAtMost, func() { l.writer.abort(errWaiting) })
		}
	case helix.VoiceFault:
		l.failed = *f
	case helix.VoiceUnknown:
	}
}

// begin takes the formats of the conversation, and lets caller and agent hear each other.
func (l *leg) begin(f *helix.VoiceFrame) {
	if l.waiting != nil {
		l.waiting.Stop()
	}
	if l.begun {
		return
	}
	in, errIn := audio.ParseFormat(f.Input)
	out, errOut := audio.ParseFormat(f.Output)
	if errIn != nil || errOut != nil {
		l.failed = helix.VoiceFrame{Kind: helix.VoiceFault, Text: fmt.Sprintf("the agent's formats %.20q and %.20q are not supported", f.Input, f.Output)}
		l.writer.close(closePolicy, "audio format not supported")
		return
	}
	l.begun, l.conversation = true, f.Conversation
	c := l.call
	l.hear, l.spoken = audio.NewConverter(out, c.settings.Out), out
	l.uplink.open(c.ear.format(), in, c.settings)
	if l.known != "" {
		l.writer.send(opText, func(dst []byte) []byte { return l.dialect.AppendContext(dst, takenOver+l.known) })
	}
	c.playout.fillGaps(false, c.now())
	c.ear.attach(l.uplink)
	close(l.ready)
}

// speak queues what the agent says.
func (l *leg) speak(f *helix.VoiceFrame) {
	if !l.begun || l.call.silenced.Load() || (f.Event != 0 && f.Event <= l.void) {
		return
	}
	if l.parting != nil {
		l.parting.Reset(partingWords)
	}
	c, now := l.call, l.call.now()
	c.turns.agentSpeaks(now)
	c.playout.push(l.hear, f.Audio, now)
	// An agent who sends very short messages is not worth waking for each while the line has something to play. An
	// interruption is noticed that much later.
	if l.spoken.Duration(len(f.Audio)) <= shortMessage && l.conn.idle() && c.playout.left(now) >= restFrom {
		time.Sleep(beat(shortMessage/2, shortMessage))
	}
}

// hangUp waits for the end that the agent has announced, and makes it when the provider does not.
func (l *leg) hangUp() {
	if l.hungUp {
		return
	}
	l.hungUp = true
	l.parting = time.AfterFunc(partingWords, func() {
		l.writer.close(closeNormal, "")
		time.AfterFunc(partWithin, func() { l.writer.abort(nil) })
	})
	time.AfterFunc(mostParting, func() { l.writer.abort(nil) })
}

// interrupted takes back what the patient has not heard yet, because he speaks himself.
func (l *leg) interrupted(event int64) {
	c, now := l.call, l.call.now()
	if c.turns.greetingStands(now) {
		return
	}
	l.void = max(l.void, event)
	if l.hear != nil {
		l.hear.Reset()
	}
	heard, whole := c.playout.clear(now)
	c.line.writer.send(opText, c.line.dialect.AppendClear)
	c.turns.interrupted(heard, whole)
	c.note(helix.OutboundMedia, fmt.Sprintf("interrupted by the patient, who heard %.1f s of %.1f s", heard.Seconds(), whole.Seconds()))
}

// tool runs a client tool beside the audio.
func (l *leg) tool(name, id string, arguments []byte) {
	c := l.call
	answer := func(result string, failed bool) {
		l.writer.send(opText, func(dst []byte) []byte { return l.dialect.AppendToolResult(dst, id, result, failed) })
	}
	select {
	case c.tools <- struct{}{}:
	default:
		answer("too many tools are running; try again", true)
		return
	}
	c.tasks.Go(func() {
		defer func() { <-c.tools }()
		ctx, cancel := context.WithTimeout(c.ctx, toolWithin)
		defer cancel()
		result, err := c.server.opts.Calls.Tool(ctx, c.plan.Call, name, arguments)
		if err != nil {
			c.log.WarnContext(ctx, "a tool of the voice agent failed", "tool", name, "code", helix.AsError(err).Code)
			answer(helix.AsError(err).Message, true)
			return
		}
		answer(result, false)
	})
}

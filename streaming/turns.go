package streaming

import (
	"slices"
	"strings"
	"sync"
	"time"

	helix "github.com/helix-engage/gateway"
)

const (
	// loud is the level from which the patient's side counts as speech.
	loud = 300
	// greetingGuard is how long what the patient said before the greeting may still be taken for an interruption of it.
	greetingGuard = 1500 * time.Millisecond
	// Bounds of what is remembered of one conversation.
	maxLatencies = 1000
	maxSaid      = 200
	maxContext   = 6000 // bytes of what a new agent is told of the conversation so far
)

// notYet is a moment that has not come.
const notYet = time.Duration(-1)

// turns follows who speaks: what was said as far as it was heard, and how long the patient waited for answers.
//
// An agent's line is held back until his turn is over, because only then it is known how much of it was heard.
type turns struct {
	call *call
	now  func() time.Time

	mu          sync.Mutex
	loudAt      time.Duration // the patient's side was last loud; notYet at first
	greetedAt   time.Duration // the agent's first audio came; notYet at first
	answered    bool          // he has spoken since the patient did
	greeting    bool          // he is in his first turn, and what was early may have been loud
	latencies   []time.Duration
	line        helix.TranscriptLine // held back
	cut         bool                 // the patient interrupted it
	heard, part time.Duration        // of the turn, when it was interrupted
	said        []helix.TranscriptLine
	interrupts  int
}

func newTurns(c *call) *turns {
	return &turns{call: c, now: time.Now, loudAt: notYet, greetedAt: notYet}
}

// patientSpeaks notes that the patient's side is loud.
func (t *turns) patientSpeaks(now time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.loudAt, t.answered = now, false
}

// agentSpeaks notes that the agent's audio comes. The first after the patient's words ends his wait.
func (t *turns) agentSpeaks(now time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.greetedAt == notYet {
		t.greetedAt, t.greeting = now, t.call.ear.wasLoud()
	}
	if !t.answered && t.loudAt != notYet && t.call.playout.left(now) == 0 && len(t.latencies) < maxLatencies {
		t.latencies = append(t.latencies, now-t.loudAt)
	}
	t.answered = true
}

// greetingStands reports whether an interruption is only the echo of what the patient said before the greeting: that must
// not cut it.
func (t *turns) greetingStands(now time.Duration) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	stands := t.greeting && t.loudAt < t.greetedAt && now < t.greetedAt+greetingGuard
	t.greeting = t.greeting && stands
	return stands
}

// patientSaid ends the agent's turn.
func (t *turns) patientSaid(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.release()
	t.tell(helix.TranscriptLine{At: t.now(), Role: helix.RolePatient, Text: text})
}

// agentSaid begins a line, and a turn when the last is over.
func (t *turns) agentSaid(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.release()
	t.line = helix.TranscriptLine{At: t.now(), Role: helix.RoleVoiceAgent, Text: text}
	if now := t.call.now(); t.call.playout.left(now) == 0 {
		t.call.playout.turnBegins()
	}
}

// interrupted notes how much of the turn was heard.
func (t *turns) interrupted(heard, whole time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.interrupts++
	t.cut, t.heard, t.part = true, heard, whole
}

// corrected replaces the agent's line by what the provider knows was heard of it.
func (t *turns) corrected(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.line.Text != "" {
		t.line.Text, t.cut = text, false
		t.release()
	}
}

// settle tells the agent's line when all of it was played.
func (t *turns) settle() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if now := t.call.now(); t.line.Text != "" && !t.cut && t.call.playout.left(now) == 0 {
		if heard, _ := t.call.playout.heard(now); heard > 0 {
			t.release()
		}
	}
}

// over ends the conversation.
func (t *turns) over() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.line.Text != "" && !t.cut {
		if now := t.call.now(); t.call.playout.left(now) > 0 {
			t.cut = true
			t.heard, t.part = t.call.playout.heard(now)
		}
	}
	t.release()
}

// release tells the line that was held back.
func (t *turns) release() {
	line, cut := t.line, t.cut
	t.line, t.cut = helix.TranscriptLine{}, false
	if line.Text == "" {
		return
	}
	if cut {
		line.Text = heardOf(line.Text, t.heard, t.part)
	}
	if line.Text != "" {
		t.tell(line)
	}
}

func (t *turns) tell(line helix.TranscriptLine) {
	if len(t.said) == maxSaid {
		t.said = slices.Delete(t.said, 0, 1)
	}
	t.said = append(t.said, line)
	t.call.report(func(r reporter) { r.Said(r.ctx, r.call, line) })
}

// heardOf cuts a text where the part of it that was heard ends, at a word.
func heardOf(text string, heard, whole time.Duration) string {
	if whole <= 0 || heard >= whole {
		return text
	}
	words := strings.Fields(text)
	n := int(int64(len(words)) * int64(heard) / int64(whole))
	if n == 0 {
		return ""
	}
	return strings.Join(words[:n], " ") + " …"
}

// context tells a new agent what was said so far, the newest if not all fits.
func (t *turns) context() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var lines []string
	size := 0
	said := t.said
	if t.line.Text != "" { // he was lost in the middle of it
		said = append(slices.Clone(said), t.line)
	}
	for _, line := range slices.Backward(said) {
		who := "Patient: "
		if line.Role == helix.RoleVoiceAgent {
			who = "Agent: "
		}
		if size += len(who) + len(line.Text) + 1; size > maxContext {
			break
		}
		lines = append(lines, who+line.Text)
	}
	slices.Reverse(lines)
	return strings.Join(lines, "\n")
}

// stats adds what is known to m.
func (t *turns) stats(m *helix.MediaStats) {
	t.mu.Lock()
	defer t.mu.Unlock()
	m.Interruptions = t.interrupts
	if n := len(t.latencies); n > 0 {
		slices.Sort(t.latencies)
		m.LatencyP50, m.LatencyP95, m.LatencyMax = t.latencies[n/2], t.latencies[n*95/100], t.latencies[n-1]
	}
}

package elevenlabs

import (
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/helix-engage/gateway/sandbox/speech"
)

// Status is how a conversation stands (elevenlabs.md 7).
type Status string

// The statuses.
const (
	Initiated  Status = "initiated" // opened, not begun
	InProgress Status = "in-progress"
	Processing Status = "processing" // over, not analysed
	Done       Status = "done"
	Failed     Status = "failed"
)

// View is what an observer sees of a conversation.
type View struct {
	ID            string            `json:"conversationId"`
	Agent         string            `json:"agentId"`
	User          string            `json:"userId,omitempty"`
	Status        Status            `json:"status"`
	BegunAt       time.Time         `json:"begunAt"`
	Duration      time.Duration     `json:"duration"`
	Language      string            `json:"language"`
	Variables     map[string]any    `json:"variables,omitempty"`
	Overrides     map[string]any    `json:"overrides,omitempty"`
	Transcript    []Line            `json:"transcript"`
	Collected     map[string]string `json:"collected,omitempty"`
	Context       []string          `json:"context,omitempty"` // what contextual updates told
	CallerAudio   time.Duration     `json:"callerAudio"`       // received
	AgentAudio    time.Duration     `json:"agentAudio"`        // sent
	Interruptions int               `json:"interruptions"`     // of the agent by the caller
	Pongs         int               `json:"pongs"`
	CloseCode     int               `json:"closeCode,omitempty"` // 1006: lost or reset
	CloseReason   string            `json:"closeReason,omitempty"`
	EndedByAgent  bool              `json:"endedByAgent,omitempty"` // it called end_call
	Violations    []string          `json:"violations,omitempty"`
}

// Line is one turn.
type Line struct {
	Role        string        `json:"role"` // agent or user
	Text        string        `json:"text,omitempty"`
	At          time.Duration `json:"at"`
	Interrupted bool          `json:"interrupted,omitempty"`
	Tool        string        `json:"tool,omitempty"` // a tool was called
	ToolCall    string        `json:"toolCallId,omitempty"`
	Arguments   string        `json:"arguments,omitempty"` // JSON
	Result      string        `json:"result,omitempty"`
	Failed      bool          `json:"failed,omitempty"` // the result was an error, or never came
}

// conversation is one open socket. What is below mu is shared; the rest belongs to the goroutine of run.
type conversation struct {
	*Server

	log    *slog.Logger
	agent  *Agent
	id     string
	conn   *websocket.Conn
	begun  time.Time
	fault  Fault
	levers chan func()
	over   chan struct{} // closed when it is over

	done      bool
	ready     bool // metadata are sent
	textOnly  bool
	first     string // first message instead of the script's
	script    []Step
	step      int // of script
	asked     int // how often without an answer
	detector  speech.Detector
	caller    []int16   // not yet listened to
	lastInput time.Time // of a frame of the caller
	event     int64
	voice     utterance
	toolCall  string // waited for
	pinged    int64  // event id not yet answered; 0: none
	agenda    agenda
	reask     *task

	mu   sync.Mutex
	view View
	kept []int16
}

func newConversation(s *Server, agent *Agent, id string, conn *websocket.Conn) *conversation {
	return &conversation{
		Server: s, log: s.log, agent: agent, id: id, conn: conn, begun: s.line.Now(), fault: s.takeFault(agent.ID),
		levers: make(chan func()), over: make(chan struct{}), script: agent.Script, lastInput: time.Now(),
		view: View{Status: Initiated, Language: agent.Language, Collected: make(map[string]string)},
	}
}

// run is the conversation from the opened socket to its end.
func (c *conversation) run(frames <-chan frame) {
	defer close(c.over)
	c.agenda.after(c.timing.FirstFrame, func() { c.initiate(initiation{}) })
	for !c.done {
		timer := time.NewTimer(c.agenda.untilNext())
		select {
		case f := <-frames:
			c.take(f)
		case lever := <-c.levers:
			lever()
		case <-timer.C:
			c.agenda.runDue()
		case <-c.stopped:
			c.end(websocket.CloseGoingAway, "going away", "")
		}
		timer.Stop()
	}
}

// finish notes how it ended, once.
func (c *conversation) finish(code int, reason string) {
	if c.done {
		return
	}
	c.done = true
	c.change(func(v *View) {
		v.CloseCode, v.CloseReason = code, reason
		if v.EndedByAgent {
			v.CloseReason = endedByAgent
		}
		v.Duration = c.line.Now().Sub(c.begun)
		v.Status = Processing
		c.line.After(c.options.Timing.Analysis, c.analyse) // inside, so that whoever sees the status can advance the time to its end
	})
}

func (c *conversation) change(apply func(*View)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	apply(&c.view)
}

// look is a copy of the view.
func (c *conversation) look() View {
	c.mu.Lock()
	defer c.mu.Unlock()
	v := c.view
	v.ID, v.Agent, v.BegunAt = c.id, c.agent.ID, c.begun
	v.Transcript, v.Violations, v.Context = slices.Clone(v.Transcript), slices.Clone(v.Violations), slices.Clone(v.Context)
	v.Variables, v.Overrides, v.Collected = maps.Clone(v.Variables), maps.Clone(v.Overrides), maps.Clone(v.Collected)
	if v.Status == Initiated || v.Status == InProgress {
		v.Duration = c.line.Now().Sub(c.begun)
	}
	return v
}

func (c *conversation) isOpen() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.view.Status == Initiated || c.view.Status == InProgress
}

// notef writes down what the peer did wrong.
func (c *conversation) notef(format string, values ...any) {
	c.change(func(v *View) {
		if len(v.Violations) < maxViolations {
			v.Violations = append(v.Violations, fmt.Sprintf(format, values...))
		}
	})
}

// say adds a line to the transcript.
func (c *conversation) say(line Line) {
	line.At = c.line.Now().Sub(c.begun)
	c.change(func(v *View) {
		if len(v.Transcript) < maxLines {
			v.Transcript = append(v.Transcript, line)
		}
	})
}

// amend changes the latest line that fits.
func (c *conversation) amend(fits func(Line) bool, apply func(*Line)) {
	c.change(func(v *View) {
		for i := range slices.Backward(v.Transcript) {
			if fits(v.Transcript[i]) {
				apply(&v.Transcript[i])
				return
			}
		}
	})
}

// agenda is what a conversation will do later, earliest first.
type agenda struct{ tasks []*task }

type task struct {
	due time.Time
	do  func()
}

func (a *agenda) after(d time.Duration, do func()) *task {
	t := &task{due: time.Now().Add(d), do: do}
	i, _ := slices.BinarySearchFunc(a.tasks, t, func(one, other *task) int {
		if one.due.After(other.due) {
			return 1
		}
		return -1
	})
	a.tasks = slices.Insert(a.tasks, i, t)
	return t
}

// drop forgets a task; nil and a done one are nothing.
func (a *agenda) drop(t *task) {
	a.tasks = slices.DeleteFunc(a.tasks, func(other *task) bool { return other == t })
}

func (a *agenda) untilNext() time.Duration {
	if len(a.tasks) == 0 {
		return time.Hour
	}
	return time.Until(a.tasks[0].due)
}

func (a *agenda) runDue() {
	for len(a.tasks) > 0 && !a.tasks[0].due.After(time.Now()) {
		next := a.tasks[0]
		a.tasks = a.tasks[1:]
		next.do()
	}
}

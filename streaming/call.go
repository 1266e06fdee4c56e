package streaming

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/audio"
)

const (
	// attachWithin is how long the owner of the calls may take to let a stream in, or to take note of its end.
	attachWithin = 10 * time.Second
	// metadataGrace is how long after the first audio the line's first message is still waited for.
	metadataGrace = 300 * time.Millisecond
	// overtime is how long after its maximum a call may still be busy with its end.
	overtime = 45 * time.Second
)

// call is one telephone line's socket and, once it is attached, the call behind it.
//
//	         hello, Attach            agent ready
//	opened ───────────────> attached ─────────────> talking <──> agent lost: filler, reconnect
//	   │ refused: 1008          │ agent not reached    │               │ not within 5 s
//	   └────────────────────────┴──────────────────────┴───────────────┴──> ending ──> closed
//
// Five goroutines: the reader and the writer of the line, the reader and the writer of the agent, and this one, which
// decides. A sixth runs while there is something to report.
type call struct {
	server   *Server
	kind     LineKind
	settings LineSettings
	log      *slog.Logger
	claim    Claim
	plan     Plan // once attached

	opened time.Time
	ctx    context.Context // ends when everything is over
	cancel context.CancelFunc
	talk   context.Context // ends when the call is to end
	hush   context.CancelFunc

	line    line
	playout *playout
	ear     *ear
	turns   *turns
	tape    atomic.Pointer[tape]
	reports reports
	tools   chan struct{} // those that run
	tasks   sync.WaitGroup

	started  chan helix.LineStart // the line's first message
	sounded  chan struct{}        // closed with the first audio
	gone     chan struct{}        // closed when nothing is read from the line any more
	heardAt  atomic.Int64         // when the line's audio last came, on the call's clock
	silenced atomic.Bool          // the agent is not listened to any more

	once   sync.Once
	ending ending // once talk has ended

	// The deciding goroutine's own.
	conversation string
	talkedFrom   time.Time
	reconnects   int
	unsent       int64 // messages that agents did not take
}

// line is the socket of a telephone line.
type line struct {
	conn     *conn
	writer   *writer
	dialect  Line
	messages int64 // of audio
	garbage  int
}

// ending is why and how a call ends.
type ending struct {
	reason helix.OutboundReason
	detail string // for the audit trail
	drain  bool   // what is queued is played first
	polite bool   // the patient is handed to a person, or told good-bye
	over   bool   // the line has ended already
}

func newCall(ctx context.Context, e *entrance, c net.Conn, claim Claim) *call {
	k := &call{
		server: e.server, kind: e.kind, settings: e.kind.Settings, claim: claim, opened: time.Now(),
		log:   e.server.opts.Logger.With("line", e.kind.Name),
		tools: make(chan struct{}, maxTools), started: make(chan helix.LineStart, 1),
		sounded: make(chan struct{}), gone: make(chan struct{}),
	}
	k.ctx, k.cancel = context.WithCancel(ctx)
	k.talk, k.hush = context.WithCancel(k.ctx)
	k.line = line{conn: newConn(c, false, maxLineMessage), dialect: e.kind.Dialect()}
	k.playout = newPlayout(k.line.dialect, k.settings)
	k.line.writer = newWriter(k.line.conn, k.playout, k.opened, k.settings.Ping)
	k.playout.wake = k.line.writer.wake
	k.ear = &ear{in: k.settings.In, keep: k.settings.Early}
	k.turns = newTurns(k)
	return k
}

// now is the moment on the call's clock, which is the line's.
func (c *call) now() time.Duration { return time.Since(c.opened) }

// end lets the call end; the first who says so decides how.
func (c *call) end(e ending) {
	c.once.Do(func() {
		c.ending = e
		c.hush()
	})
}

// serve runs the call until nothing of it is left.
func (c *call) serve() {
	c.server.serving(c)
	defer c.server.served(c)
	defer c.cancel()
	go c.line.writer.run()
	go c.listen()
	if refused := c.attach(); refused != "" {
		c.part(closePolicy, refused)
		return
	}
	limit := c.plan.MaxDuration
	if limit <= 0 {
		limit = DefaultMaxDuration
	}
	most := time.AfterFunc(limit, func() {
		c.end(ending{reason: helix.ReasonMaxDuration, polite: true, detail: "the call reached its maximum duration"})
	})
	defer most.Stop()
	worst := time.AfterFunc(limit+overtime, func() {
		c.line.writer.abort(nil)
		c.cancel()
	})
	defer worst.Stop()
	defer c.watch().Stop()

	c.converse()
	c.finish()
}

// attach finds the call that the socket is for. The reason comes back when there is none.
func (c *call) attach() (refused string) {
	start, ok := c.hello()
	if !ok {
		return "no first message"
	}
	c.takeRate(start)
	c.claim.Start = start
	if c.plan.Call = c.claim.Call; c.plan.Call != "" && !c.server.hold(c.plan.Call, c) {
		c.plan.Call = ""
		return "the call has a stream"
	}
	// Not for the patient's hanging up: the owner would not know whether it has let the stream in.
	ctx, cancel := context.WithTimeout(c.ctx, attachWithin)
	defer cancel()
	plan, err := c.server.opts.Calls.Attach(ctx, c.claim)
	if err != nil {
		c.log.WarnContext(ctx, "a stream was refused", "call", c.claim.Call, "error", err)
		return "unknown stream"
	}
	c.plan = plan
	c.log = c.log.With("call", plan.Call, "attempt", plan.Attempt)
	if !c.server.hold(plan.Call, c) { // only where Attach let two in
		c.log.ErrorContext(ctx, "a second stream was let in")
		return "the call has a stream"
	}
	c.record()
	c.note(helix.OutboundMedia, "audio stream open, "+c.ear.format().String()+" in, "+c.settings.Out.String()+" out")
	return ""
}

// hello waits for the line's first message. A socket with a token does without it when it is late.
func (c *call) hello() (helix.LineStart, bool) {
	timer := time.NewTimer(c.settings.FirstFrame)
	defer timer.Stop()
	sounded := c.sounded
	for {
		select {
		case start := <-c.started:
			return start, true
		case <-sounded:
			sounded = nil
			if c.kind.Matching == ByToken {
				timer.Reset(metadataGrace)
			}
		case <-timer.C:
			return helix.LineStart{}, c.kind.Matching == ByToken
		case <-c.talk.Done():
			return helix.LineStart{}, false
		}
	}
}

// takeRate follows the line when it sends at another rate than was expected.
func (c *call) takeRate(start helix.LineStart) {
	if start.Rate != 0 && !c.ear.setRate(start.Rate) {
		c.log.WarnContext(c.ctx, "the line told a rate that is not supported", "rate", start.Rate)
	}
}

// record starts the recording, if there is to be one. A call is not refused because it cannot be recorded.
func (c *call) record() {
	if !c.plan.Record || c.server.opts.Recordings == nil {
		return
	}
	in := c.ear.format()
	f, err := c.server.opts.Recordings.create(c.plan.Call, c.plan.Attempt, in.Rate)
	if err != nil {
		c.log.ErrorContext(c.ctx, "the call cannot be recorded", "error", err)
		c.note(helix.OutboundMedia, "the call cannot be recorded")
		return
	}
	t := newTape(f, in, c.settings.Out, c.settings.Ahead+c.settings.Chunk, c.now())
	c.tape.Store(t)
	c.playout.record(t)
}

// listen reads the line until its end.
func (c *call) listen() {
	defer close(c.gone)
	for {
		op, data, err := c.line.conn.next()
		if err != nil {
			c.lineEnded(err)
			return
		}
		f, err := c.line.dialect.Decode(op == opBinary, data)
		if err != nil {
			if c.line.garbage++; c.line.garbage > maxGarbage {
				c.end(ending{reason: helix.ReasonNoAudio, detail: "the line sent too many messages that make no sense"})
			}
			continue
		}
		switch f.Kind {
		case helix.LineAudio:
			c.rest(c.hear(f.Audio))
		case helix.LineStarted:
			select {
			case c.started <- f.Start:
			default: // said before
			}
		case helix.LineEnded:
			c.end(ending{reason: helix.ReasonPatientHungUp, over: true, detail: "the line said that the call is over"})
		case helix.LineDigit, helix.LineUnknown:
		}
	}
}

// hear takes one message of the caller's audio, and tells how long it is and how much the next message to the agent wants.
func (c *call) hear(samples []byte) (took, wanted time.Duration) {
	now := c.now()
	if c.line.messages++; c.line.messages == 1 {
		close(c.sounded)
	}
	c.heardAt.Store(int64(now))
	if t := c.tape.Load(); t != nil {
		t.hear(samples, now)
	}
	speech, took, wanted := c.ear.push(samples)
	if speech {
		c.turns.patientSpeaks(now)
	}
	return took, wanted
}

// rest lets the reader sleep while short messages come that will only be collected: waking for each of them would cost more
// than everything else that is done with it. It is awake again before the message comes that makes the collection whole.
func (c *call) rest(took, wanted time.Duration) {
	if took > 0 && wanted >= 2*took && c.line.conn.idle() {
		time.Sleep(beat(wanted-took+took/4, wanted-took/8))
	}
}

// lineEnded notes how the line's socket ended.
func (c *call) lineEnded(err error) {
	e := ending{reason: helix.ReasonPatientHungUp, over: true, detail: "the line closed its socket"}
	var closed *closedError
	var broken *violation
	switch why := c.line.writer.why(); {
	case why != nil:
		e.detail = "the line was given up: " + why.Error()
		if errors.Is(why, errSlow) {
			e.reason = helix.ReasonNoAudio
		}
	case errors.As(err, &closed):
		c.line.writer.close(closeNormal, "")
	case errors.As(err, &broken):
		e.reason, e.detail = helix.ReasonNoAudio, "the line broke the protocol: "+broken.text
		c.line.writer.close(broken.code, broken.text)
		c.line.conn.linger()
	default:
		e.detail = "the line's socket broke off"
	}
	c.end(e)
}

// watch ends a call whose line sends nothing, not even silence.
func (c *call) watch() *time.Timer {
	var timer *time.Timer
	armed := make(chan struct{})
	timer = time.AfterFunc(c.settings.NoAudio, func() {
		<-armed
		if quiet := c.now() - time.Duration(c.heardAt.Load()); quiet < c.settings.NoAudio {
			timer.Reset(c.settings.NoAudio - quiet)
			return
		}
		c.end(ending{reason: helix.ReasonNoAudio, detail: "no audio came from the line"})
	})
	close(armed)
	return timer
}

// sayGoodbye queues our own last words.
func (c *call) sayGoodbye() {
	clip := c.server.opts.Goodbye
	if len(clip.Samples) == 0 {
		clip = audio.Clip{Format: c.settings.Out, Samples: audio.NewComfort(c.settings.Out).Append(nil, time.Second)}
	}
	c.playout.push(audio.NewConverter(clip.Format, c.settings.Out), clip.Samples, c.now())
}

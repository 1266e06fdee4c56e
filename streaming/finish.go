package streaming

import (
	"context"
	"time"

	helix "github.com/helix-engage/gateway"
)

const (
	// transferWithin is how long a line may take to hand the call over.
	transferWithin = 5 * time.Second
	// tellWithin is how long the owner of the calls may take for all that is still to be told at the end.
	tellWithin = 30 * time.Second
)

// finish ends the call as its ending says, and tells the owner of the calls.
func (c *call) finish() {
	e := c.ending
	c.silenced.Store(true)
	c.playout.fillGaps(false, c.now())
	c.playout.drain()
	c.note(helix.OutboundMedia, "ending: "+e.detail)
	if e.drain {
		c.playOut()
	}
	c.turns.over()
	over := time.Now()
	switch {
	case e.over:
	case e.polite && e.reason != helix.ReasonMaxDuration && c.plan.TransferTo != "" && c.transfer():
		e.reason = helix.ReasonTransferred
		c.await(transferWithin)
	default:
		if !e.drain {
			c.playout.clear(c.now())
			c.line.writer.send(opText, c.line.dialect.AppendClear)
		}
		if e.polite {
			c.sayGoodbye()
			c.playout.drain()
			c.playOut()
		}
		c.line.writer.send(opText, c.line.dialect.AppendHangup)
		c.await(partWithin)
	}
	if t := c.tape.Load(); t != nil {
		t.close(c.now())
	}
	c.part(closeNormal, "")
	c.tell(e.reason, over)
}

// transfer hands the call to a person, if the line can.
func (c *call) transfer() bool {
	return c.line.writer.send(opText, func(dst []byte) []byte { return c.line.dialect.AppendTransfer(dst, c.plan.TransferTo) })
}

// playOut waits until the line has played everything.
func (c *call) playOut() {
	for left := c.playout.left(c.now()); left > 0 && c.await(left); left = c.playout.left(c.now()) {
	}
}

// await waits, and reports whether the line is still there.
func (c *call) await(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-c.gone:
		return false
	}
}

// part closes the line's socket and waits until both of its goroutines have ended.
func (c *call) part(code int, reason string) {
	c.line.writer.close(code, reason)
	hurry := time.AfterFunc(partWithin, func() { c.line.writer.abort(nil) })
	defer hurry.Stop()
	<-c.line.writer.stopped // the close frame is sent
	<-c.gone
	c.line.writer.abort(nil)
}

// tell reports the result when everything before it is told.
func (c *call) tell(reason helix.OutboundReason, over time.Time) {
	hurry := time.AfterFunc(tellWithin, c.cancel)
	defer hurry.Stop()
	c.tasks.Wait()
	r := Result{Reason: reason, Conversation: c.conversation}
	if !c.talkedFrom.IsZero() {
		r.TalkedFor = over.Sub(c.talkedFrom)
	}
	sent, dropped := c.playout.counts()
	r.Media = helix.MediaStats{
		FramesIn: c.line.messages, FramesOut: sent, Dropped: c.ear.lost() + dropped + c.unsent, Reconnects: c.reconnects,
	}
	c.turns.stats(&r.Media)
	if t := c.tape.Load(); t != nil {
		r.Recording = t.file.name
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.ctx), attachWithin)
	defer cancel()
	if err := c.server.opts.Calls.Ended(ctx, c.plan.Call, c.plan.Attempt, r); err != nil {
		c.log.ErrorContext(ctx, "the end of a stream was not taken note of", "error", err)
	}
	c.log.InfoContext(ctx, "stream ended", "reason", reason, "lasted", c.now().Round(time.Millisecond),
		"in", r.Media.FramesIn, "out", r.Media.FramesOut, "dropped", r.Media.Dropped, "unreported", c.reports.unreported())
}

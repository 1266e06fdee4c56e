package ozonetel

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/helix-engage/gateway/sandbox/faults"
	"github.com/helix-engage/gateway/sandbox/timeline"
)

// PushKind is a kind of push (ozonetel.md 12.2 to 12.4).
type PushKind string

// The kinds of pushes.
const (
	CallEventPush  PushKind = "call"
	AgentEventPush PushKind = "agent"
	CDRPush        PushKind = "cdr"
	ScreenPopPush  PushKind = "pop"
)

// PushEffect is what goes wrong with a push.
type PushEffect string

// The effects.
const (
	PushDuplicate PushEffect = "duplicate" // sent twice
	PushDelay     PushEffect = "delay"     // sent after Delay
	PushReorder   PushEffect = "reorder"   // sent after the next one (of events, of CDRs, or of screen pops), at the latest after reorderLimit
	PushDrop      PushEffect = "drop"      // never sent
)

// PushFault is what happens to the next Count pushes of a kind.
type PushFault struct {
	Kind   PushKind // "" means any
	Effect PushEffect
	Count  int // 0 means 1
	Delay  time.Duration
}

const (
	maxPushQueue = 1_024           // pushes waiting for a slow receiver; more are dropped and counted
	maxRetrying  = 1_024           // pushes waiting for a later time or another attempt; more are dropped and counted
	reorderLimit = 5 * time.Second // a push held back for reordering goes out alone after this
	pushTimeout  = 5 * time.Second
)

// PushCounts says what became of the pushes since the start.
type PushCounts struct {
	Delivered int `json:"delivered"` // answered 2xx
	Failed    int `json:"failed"`    // gave up after the last attempt
	Retried   int `json:"retried"`
	Dropped   int `json:"dropped"` // on purpose or because a queue was full
	Pending   int `json:"pending"` // queued or under way; those waiting for a later time are not counted
}

// push is one message to a URL. It is rendered when it is sent, because eventTime is the time of sending.
type push struct {
	kind        PushKind
	method      string // empty: POST
	url         string
	contentType string
	render      func(sent time.Time) []byte // nil: no body
	once        bool                        // not repeated when it fails
	attempt     int
}

// pusher delivers pushes: a lane each for events, CDRs and screen pops, so that a slow receiver of one does not hold up the others.
type pusher struct {
	log    *slog.Logger
	line   *timeline.Timeline
	client *http.Client
	tries  int
	pause  time.Duration
	done   func() // called after each attempt, may be nil
	events lane
	cdrs   lane
	pops   lane
	faults faults.Book[PushFault]

	mu      sync.Mutex
	waiting int // delayed or to be repeated
	counts  PushCounts
}

// lane is a queue with its sender, in the order of submission. held is guarded by pusher.mu.
type lane struct {
	queue chan push
	held  *push // held back for reordering
}

func (p *pusher) lane(kind PushKind) *lane {
	switch kind {
	case CDRPush:
		return &p.cdrs
	case ScreenPopPush:
		return &p.pops
	default:
		return &p.events
	}
}

func newPusher(options Options) *pusher {
	return &pusher{
		log: options.Logger, line: options.Timeline, tries: options.Timing.HitTries, pause: options.Timing.RetryDelay, done: options.PushDone,
		client: &http.Client{Timeout: pushTimeout, Transport: &http.Transport{MaxIdleConnsPerHost: 4, IdleConnTimeout: 30 * time.Second}},
		events: lane{queue: make(chan push, maxPushQueue)}, cdrs: lane{queue: make(chan push, maxPushQueue)},
		pops: lane{queue: make(chan push, maxPushQueue)},
	}
}

// FailPushes arms a fault for pushes. Errors: an unknown kind or effect, a negative number, too many faults.
func (s *Server) FailPushes(f PushFault) error {
	switch {
	case !slices.Contains([]PushKind{"", CallEventPush, AgentEventPush, CDRPush, ScreenPopPush}, f.Kind):
		return fmt.Errorf("ozonetel emulator: unknown push kind %q", f.Kind)
	case !slices.Contains([]PushEffect{PushDuplicate, PushDelay, PushReorder, PushDrop}, f.Effect):
		return fmt.Errorf("ozonetel emulator: unknown push effect %q", f.Effect)
	case f.Count < 0 || f.Delay < 0:
		return errors.New("ozonetel emulator: count and delay cannot be negative")
	}
	if !s.pushes.faults.Arm(f, f.Count) {
		return ErrFull
	}
	return nil
}

// PushCounts says what became of the pushes since the start.
func (s *Server) PushCounts() PushCounts {
	s.pushes.mu.Lock()
	defer s.pushes.mu.Unlock()
	return s.pushes.counts
}

// SetPushTargets replaces the URLs, as the vendor's administrator would.
func (s *Server) SetPushTargets(targets PushTargets) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.targets = targets
}

// submit takes a new push through the armed faults to its queue.
func (p *pusher) submit(message push) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l, fault := p.lane(message.kind), PushFault{}
	if armed := p.faults.Take(func(f PushFault) bool { return f.Kind == "" || f.Kind == message.kind }); armed != nil {
		fault = *armed
	}
	switch fault.Effect {
	case PushDrop:
		p.counts.Dropped++
		return
	case PushDelay:
		p.later(fault.Delay, message)
		return
	case PushReorder:
		if l.held == nil {
			p.hold(l, message)
			return
		}
	case PushDuplicate:
		p.enqueue(message)
	}
	p.enqueue(message)
	if l.held != nil {
		held := *l.held
		l.held = nil
		p.enqueue(held)
	}
}

func (p *pusher) hold(l *lane, message push) {
	l.held = &message
	p.line.After(reorderLimit, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if l.held == &message {
			l.held = nil
			p.enqueue(message)
		}
	})
}

// later enqueues a push after d.
func (p *pusher) later(d time.Duration, message push) {
	if p.waiting >= maxRetrying {
		p.counts.Dropped++
		return
	}
	p.waiting++
	p.line.After(d, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.waiting--
		p.enqueue(message)
	})
}

func (p *pusher) enqueue(message push) {
	select {
	case p.lane(message.kind).queue <- message:
		p.counts.Pending++
	default:
		p.counts.Dropped++
	}
}

// run sends until ctx ends.
func (p *pusher) run(ctx context.Context) {
	var group sync.WaitGroup
	for _, queue := range []chan push{p.events.queue, p.cdrs.queue, p.pops.queue} {
		group.Go(func() {
			for {
				select {
				case <-ctx.Done():
					return
				case message := <-queue:
					p.send(ctx, message)
				}
			}
		})
	}
	group.Wait()
	p.client.CloseIdleConnections()
}

// send makes one attempt; a failed one is repeated later ("hit tries").
func (p *pusher) send(ctx context.Context, message push) {
	err := p.post(ctx, message)
	if ctx.Err() != nil {
		return
	}
	p.account(message, err)
	if p.done != nil {
		p.done()
	}
}

// account counts an attempt and schedules the next one when it failed.
func (p *pusher) account(message push, err error) {
	message.attempt++
	p.mu.Lock()
	defer p.mu.Unlock()
	p.counts.Pending--
	switch {
	case err == nil:
		p.counts.Delivered++
	case message.attempt < p.tries && !message.once:
		p.counts.Retried++
		p.later(p.pause, message)
	default:
		p.counts.Failed++
		p.log.Warn("push given up", "kind", string(message.kind), "attempts", message.attempt)
	}
}

func (p *pusher) post(ctx context.Context, message push) error {
	var body io.Reader
	if message.render != nil {
		body = bytes.NewReader(message.render(p.line.Now()))
	}
	request, err := http.NewRequestWithContext(ctx, cmp.Or(message.method, http.MethodPost), message.url, body)
	if err != nil {
		return err
	}
	if body != nil {
		request.Header.Set("Content-Type", message.contentType)
	}
	response, err := p.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 1<<16)) // so that the connection can be used again
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("status %d", response.StatusCode)
	}
	return nil
}

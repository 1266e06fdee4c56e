package hooks

import (
	"context"
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

// Effect is what goes wrong with a webhook.
type Effect string

// The effects.
const (
	Duplicate Effect = "duplicate" // sent twice
	Delay     Effect = "delay"     // sent after Fault.Delay
	Reorder   Effect = "reorder"   // sent after the next one, at the latest after heldLimit
	Drop      Effect = "drop"      // never sent
	Spoil     Effect = "spoil"     // its content, or its signature when it has one, is wrong
)

// Fault is what happens to the next Count webhooks of a kind.
type Fault struct {
	Kind   string // "" means any
	Effect Effect
	Count  int // 0 means 1
	Delay  time.Duration
}

const (
	maxQueue    = 1_024
	maxWaiting  = 1_024
	heldLimit   = 5 * time.Second
	sendTimeout = 5 * time.Second
)

// Counts says what became of the webhooks since the start.
type Counts struct {
	Delivered int `json:"delivered"` // answered 2xx
	Failed    int `json:"failed"`    // given up after the last attempt
	Retried   int `json:"retried"`
	Dropped   int `json:"dropped"` // on purpose or because a queue was full
}

// Hook is one webhook. Make is called for each attempt with the time of sending.
type Hook struct {
	Kind string
	Make func(ctx context.Context, at time.Time, spoiled bool) (*http.Request, error)

	attempt int
	spoiled bool
}

// Options configure a courier.
type Options struct {
	Timeline *timeline.Timeline
	Logger   *slog.Logger
	Kinds    []string      // that Fail knows
	Tries    int           // attempts for each webhook, at least 1
	Pause    time.Duration // between attempts
	Done     func()        // called after each attempt; may be nil
}

// Courier delivers webhooks. Safe for concurrent use.
type Courier struct {
	Options

	client *http.Client
	queue  chan Hook
	faults faults.Book[Fault]

	mu      sync.Mutex
	held    *Hook // held back for reordering
	waiting int   // delayed, or to be repeated
	counts  Counts
}

// New makes a courier; nothing is sent before Run.
func New(options Options) *Courier {
	transport := &http.Transport{MaxIdleConnsPerHost: 4, IdleConnTimeout: 30 * time.Second}
	return &Courier{Options: options, client: &http.Client{Timeout: sendTimeout, Transport: transport}, queue: make(chan Hook, maxQueue)}
}

// Fail arms a fault. Errors: an unknown kind or effect, a negative number, faults.ErrFull.
func (c *Courier) Fail(f Fault) error {
	switch {
	case f.Kind != "" && !slices.Contains(c.Kinds, f.Kind):
		return fmt.Errorf("unknown kind of webhook %q", f.Kind)
	case !slices.Contains([]Effect{Duplicate, Delay, Reorder, Drop, Spoil}, f.Effect):
		return fmt.Errorf("unknown effect %q", f.Effect)
	case f.Count < 0 || f.Delay < 0:
		return fmt.Errorf("count %d and delay %v cannot be negative", f.Count, f.Delay)
	case !c.faults.Arm(f, f.Count):
		return faults.ErrFull
	default:
		return nil
	}
}

// Clear disarms what is not used up.
func (c *Courier) Clear() { c.faults.Clear() }

// Counts says what became of the webhooks since the start.
func (c *Courier) Counts() Counts {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.counts
}

// Submit takes a webhook through the armed faults to the queue. It never waits.
func (c *Courier) Submit(hook Hook) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var effect Effect
	var delay time.Duration
	if f := c.faults.Take(func(f Fault) bool { return f.Kind == "" || f.Kind == hook.Kind }); f != nil {
		effect, delay = f.Effect, f.Delay
	}
	switch effect {
	case Drop:
		c.counts.Dropped++
		return
	case Delay:
		c.later(delay, hook)
		return
	case Reorder:
		if c.held == nil {
			c.hold(hook)
			return
		}
	case Duplicate:
		c.enqueue(hook)
	case Spoil:
		hook.spoiled = true
	}
	c.enqueue(hook)
	if held := c.held; held != nil {
		c.held = nil
		c.enqueue(*held)
	}
}

func (c *Courier) hold(hook Hook) {
	held := &hook
	c.held = held
	c.Timeline.After(heldLimit, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.held == held {
			c.held = nil
			c.enqueue(hook)
		}
	})
}

func (c *Courier) later(d time.Duration, hook Hook) {
	if c.waiting >= maxWaiting {
		c.counts.Dropped++
		return
	}
	c.waiting++
	c.Timeline.After(d, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.waiting--
		c.enqueue(hook)
	})
}

func (c *Courier) enqueue(hook Hook) {
	select {
	case c.queue <- hook:
	default:
		c.counts.Dropped++
	}
}

// Run sends until ctx ends, and returns nil then.
func (c *Courier) Run(ctx context.Context) error {
	defer c.client.CloseIdleConnections()
	for {
		select {
		case <-ctx.Done():
			return nil
		case hook := <-c.queue:
			err := c.send(ctx, hook)
			if ctx.Err() != nil {
				return nil
			}
			c.account(hook, err)
			if c.Done != nil {
				c.Done()
			}
		}
	}
}

func (c *Courier) account(hook Hook, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	hook.attempt++
	switch {
	case err == nil:
		c.counts.Delivered++
	case hook.attempt < c.Tries:
		c.counts.Retried++
		c.later(c.Pause, hook)
	default:
		c.counts.Failed++
		c.Logger.Warn("webhook given up", "kind", hook.Kind, "attempts", hook.attempt)
	}
}

func (c *Courier) send(ctx context.Context, hook Hook) error {
	request, err := hook.Make(ctx, c.Timeline.Now(), hook.spoiled)
	if err != nil {
		return err
	}
	response, err := c.client.Do(request)
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

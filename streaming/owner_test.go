package streaming

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	helix "github.com/helix-engage/gateway"
)

// owner is a Calls that lets each call be attached once and remembers what it is told.
type owner struct {
	plan   Plan // but for Call and Attempt
	attach func(Claim) error
	tool   func(name string, arguments []byte) (string, error)

	slow time.Duration // of Said

	mu       sync.Mutex
	attached map[helix.CallID]bool
	claims   []Claim
	said     []string
	notes    []string
	active   []string
	ended    chan Result
	results  int
}

func newOwner() *owner {
	return &owner{attached: map[helix.CallID]bool{}, ended: make(chan Result, 1000), plan: Plan{
		Start: helix.VoiceStart{User: "u1", FirstMessage: "Hello"}, ResumeMessage: "Sorry", MaxDuration: 5 * time.Minute,
	}}
}

func (o *owner) Attach(_ context.Context, c Claim) (Plan, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.claims = append(o.claims, c)
	if o.attach != nil {
		if err := o.attach(c); err != nil {
			return Plan{}, err
		}
	}
	if c.Call == "" {
		c.Call, c.Attempt = "matched", 1
	}
	if o.attached[c.Call] {
		return Plan{}, errors.New("used")
	}
	o.attached[c.Call] = true
	plan := o.plan
	plan.Call, plan.Attempt = c.Call, c.Attempt
	return plan, nil
}

func (o *owner) Active(_ context.Context, call helix.CallID, attempt int, conversation string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.active = append(o.active, fmt.Sprint(call, " ", attempt, " ", conversation))
	return nil
}

func (o *owner) Said(ctx context.Context, _ helix.CallID, line helix.TranscriptLine) {
	if o.slow > 0 {
		select {
		case <-time.After(o.slow):
		case <-ctx.Done():
			return
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.said = append(o.said, string(line.Role)+": "+line.Text)
}

func (o *owner) Tool(_ context.Context, _ helix.CallID, name string, arguments []byte) (string, error) {
	if o.tool == nil {
		return "", errors.New("no tools")
	}
	return o.tool(name, arguments)
}

func (o *owner) Note(_ context.Context, _ helix.CallID, kind helix.OutboundKind, detail string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.notes = append(o.notes, string(kind)+": "+detail)
}

func (o *owner) Ended(_ context.Context, _ helix.CallID, _ int, r Result) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.results++
	o.ended <- r
	return nil
}

func (o *owner) transcript() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]string(nil), o.said...)
}

// forget lets go of everything that was remembered, for tests that look at memory.
func (o *owner) forget() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.attached, o.claims, o.said, o.notes, o.active = map[helix.CallID]bool{}, nil, nil, nil, nil
}

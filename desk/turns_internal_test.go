package desk

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/bus"
)

// Edits that two processes make at the same time all come about, each seeing what is left by those before it.
func TestEditsOfAnAgentTakeTurns(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	b, err := bus.Open(ctx, bus.Options{Dir: t.TempDir(), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := b.Close(ctx); err != nil {
			t.Error(err)
		}
	}()
	const agent, each = "agent", 40
	marks := "ab"
	var edits sync.WaitGroup
	var last *Agents
	for _, mark := range marks {
		a, err := NewAgents(ctx, b, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		last = a
		for range each {
			edits.Go(func() {
				after, err := a.change(ctx, agent, func(p *presence) bool {
					p.Reason += string(mark)
					return true
				})
				if err != nil || !strings.HasSuffix(after.Reason, string(mark)) {
					t.Errorf("an edit %q left %q, %v", mark, after.Reason, err)
				}
			})
		}
	}
	edits.Wait()
	p, err := last.read(ctx, agent)
	if err != nil {
		t.Fatal(err)
	}
	for _, mark := range marks {
		if n := strings.Count(p.Reason, string(mark)); n != each {
			t.Errorf("%d edits %q of %d came about", n, mark, each)
		}
	}

	gone, leave := context.WithCancel(ctx)
	leave()
	if _, err := last.change(gone, agent, func(*presence) bool { return false }); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("one who had left was told %v", err)
	}
	unchanged, err := last.change(ctx, agent, func(p *presence) bool { return p.State == helix.AgentReady })
	if err != nil || unchanged.Reason != p.Reason {
		t.Errorf("an edit that changes nothing left %q, %v", unchanged.Reason, err)
	}
	for waiting := true; waiting; time.Sleep(time.Millisecond) {
		if ctx.Err() != nil {
			t.Fatal("turns are kept when nobody waits")
		}
		last.mu.Lock()
		_, waiting = last.turns[agent]
		last.mu.Unlock()
	}
}

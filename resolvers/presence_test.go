package resolvers

import (
	"context"
	"log/slog"
	"testing"
	"time"

	helix "github.com/helix-engage/gateway"
)

func TestADeskIsNotedAsLongAsItListens(t *testing.T) {
	t.Parallel()
	told := make(chan helix.AgentID)
	p := NewPresence(func(ctx context.Context, agent helix.AgentID) error {
		select {
		case told <- agent:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}, time.Millisecond, slog.New(slog.DiscardHandler))
	listen := func(who string) context.CancelFunc {
		ctx, cancel := context.WithCancel(as(t, who))
		noted := make(chan struct{})
		go func() { defer close(noted); p.Listens(ctx) }()
		for {
			select {
			case <-told:
			case <-noted:
				return cancel
			}
		}
	}
	first, second, other := listen("agent1/asha"), listen("agent1/asha"), listen("agent2/ravi")
	defer listen("supervisor/meera")() // has no desk
	until := func(agent helix.AgentID) {
		t.Helper()
		for timeout := time.After(time.Minute); ; {
			select {
			case got := <-told:
				if got == agent {
					return
				}
			case <-timeout:
				t.Fatalf("%s was not noted", agent)
			}
		}
	}
	until("agent1")
	until("agent2")
	first()
	until("agent1") // by his other subscription
	other()
	second()
	for { // the leaving is noticed, and with it the goroutine ends
		p.mu.Lock()
		left, stopped := len(p.listening), p.stop == nil
		p.mu.Unlock()
		if left == 0 && stopped {
			return
		}
		select {
		case <-told:
		case <-time.After(time.Millisecond):
		}
	}
}

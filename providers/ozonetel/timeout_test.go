package ozonetel_test

import (
	"context"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers"
	"github.com/helix-engage/gateway/providers/ozonetel"
)

// TestTimeouts holds operations to the time that they may take (16.7), told by the deadlines of their requests.
func TestTimeouts(t *testing.T) {
	t.Parallel()
	const control, report, records = 8 * time.Second, 30 * time.Second, 120 * time.Second
	for name, c := range map[string]struct {
		want time.Duration
		do   func(context.Context, *ozonetel.Client) error
	}{
		"login":  {control, func(ctx context.Context, c *ozonetel.Client) error { return c.Login(ctx, controlSeat) }},
		"logout": {control, func(ctx context.Context, c *ozonetel.Client) error { return c.Logout(ctx, controlSeat) }},
		"state": {control, func(ctx context.Context, c *ozonetel.Client) error {
			return c.SetState(ctx, controlSeat, helix.AgentReady, "")
		}},
		"dial": {control, func(ctx context.Context, c *ozonetel.Client) error {
			_, err := c.Dial(ctx, controlSeat, patient, ourID)
			return err
		}},
		"control": {control, func(ctx context.Context, c *ozonetel.Client) error {
			return c.Control(ctx, controlSeat, controlCall, helix.ControlHold, "")
		}},
		"recording": {control, func(ctx context.Context, c *ozonetel.Client) error {
			return c.SetRecording(ctx, "21799900000000458", true)
		}},
		"disposition": {control, func(ctx context.Context, c *ozonetel.Client) error {
			_, err := c.Dispose(ctx, controlSeat, ozonetel.Disposal{ProviderCallID: "21799900000000458", Label: "Booked"})
			return err
		}},
		"agent states": {control, func(ctx context.Context, c *ozonetel.Client) error {
			_, err := c.AgentStates(ctx)
			return err
		}},
		"abandoned calls": {report, func(ctx context.Context, c *ozonetel.Client) error {
			_, err := c.Abandoned(ctx)
			return err
		}},
		"records": {records, func(ctx context.Context, c *ozonetel.Client) error {
			_, err := c.CallRecords(ctx, time.Now())
			return err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, transport := newScriptInMemory(t, map[string]string{})
				var mu sync.Mutex
				var left []time.Duration
				// The transport asks for a proxy with each request that needs a connection: a place to see its deadline.
				transport.Proxy = func(r *http.Request) (*url.URL, error) {
					mu.Lock()
					defer mu.Unlock()
					if deadline, ok := r.Context().Deadline(); ok {
						left = append(left, time.Until(deadline))
					}
					return nil, nil
				}
				client := s.client(t, func(o *ozonetel.Options) { o.HTTP = newKit(t, providers.Options{Transport: transport}) })
				if err := c.do(t.Context(), client); err == nil {
					t.Error("a path that is not there answered")
				}
				mu.Lock()
				defer mu.Unlock()
				if len(left) == 0 || left[0] != c.want {
					t.Errorf("the requests had %v left, want %v", left, c.want)
				}
			})
		})
	}
}

package desk

import (
	"context"

	helix "github.com/helix-engage/gateway"
)

// Repair asks the provider how agents are and corrects what pushes did not tell. It asks only while somebody is thought to
// work, since the account may ask five times a minute (ozonetel.md 0). It is run by the scheduler, on one replica.
func (d *Desk) Repair(ctx context.Context) error {
	working := map[helix.AgentID]bool{}
	for _, seat := range d.seats {
		p, err := d.agents.read(ctx, seat.Agent)
		if err != nil {
			return err
		}
		if p.State != helix.AgentOffline {
			working[seat.Agent] = true
		}
	}
	if len(working) == 0 {
		return nil
	}
	asked := d.now().UTC() // a push of later than this knows better
	reports, err := d.telephony.AgentStates(ctx)
	if err != nil {
		return err
	}
	for _, r := range reports {
		delete(working, r.Agent)
		r.At = asked
		if err := d.agents.Observe(ctx, r); err != nil {
			return err
		}
	}
	for agent := range working {
		if err := d.agents.Observe(ctx, helix.AgentReport{Agent: agent, State: helix.AgentOffline, At: asked}); err != nil {
			return err
		}
	}
	return nil
}

package day

import (
	"context"
	"fmt"

	"github.com/helix-engage/gateway/sandbox/client"
)

// answering is a patient who rings and is answered.
func (p *player) answering() chapter {
	return chapter{"A patient gets through", []step{
		{"A third patient rings, and Asha's desk says who it is before she answers", p.ringsAtAshas},
		{"They talk until the patient hangs up", p.talk},
		{"Asha is stuck in after-call work, and frees herself", p.forceReady},
		{"She sums the call up all the same", p.disposeLate},
	}}
}

func (p *player) ringsAtAshas(ctx context.Context) (string, error) {
	if err := p.stage.rings(ctx, &p.third); err != nil {
		return "", err
	}
	if err := p.stage.moves(ctx, p.third.call, "offer", map[string]any{"agentId": p.asha.agent}); err != nil {
		return "", err
	}
	e, err := client.Await(ctx, p.asha.socket, "CallEvents", "INCOMING", func(e event) bool { return e.Kind == "INCOMING" && e.Phone == p.third.Phone })
	if err != nil {
		return "", err
	}
	if !e.Caller.Known || e.Caller.DisplayName != p.third.Name {
		return "", fmt.Errorf("the desk says %+v", e.Caller)
	}
	p.inbound = e.CallID
	return fmt.Sprintf("%s: %s, known %t", e.Kind, e.Caller.DisplayName, e.Caller.Known), nil
}

func (p *player) talk(ctx context.Context) (string, error) {
	if err := p.stage.moves(ctx, p.third.call, "answer", map[string]any{}); err != nil {
		return "", err
	}
	if _, err := p.asha.hears(ctx, p.inbound, "ANSWERED"); err != nil {
		return "", err
	}
	if err := p.stage.moves(ctx, p.third.call, "hangup", map[string]any{"by": "user"}); err != nil {
		return "", err
	}
	ended, err := p.asha.hears(ctx, p.inbound, "ENDED")
	if err != nil {
		return "", err
	}
	// The end may be told by the record, which overtakes the events of the agent.
	err = client.Eventually(ctx, func() (bool, error) {
		state, err := p.asha.state(ctx)
		return state == "AFTER_CALL_WORK", err
	})
	return "ANSWERED, ENDED: " + ended.Reason + "; she is in AFTER_CALL_WORK", err
}

func (p *player) forceReady(ctx context.Context) (string, error) {
	state, err := p.asha.move(ctx, "ForceAgentReady", "forceAgentReady")
	if err == nil && state != "READY" {
		err = fmt.Errorf("she is %s", state)
	}
	return "she is " + state, err
}

func (p *player) disposeLate(ctx context.Context) (string, error) {
	if _, err := p.disposes(ctx, p.inbound, map[string]any{"disposition": "General Enquiry"}); err != nil {
		return "", err
	}
	e, err := p.asha.hears(ctx, p.inbound, "DISPOSED")
	if err != nil {
		return "", err
	}
	type record struct {
		CallStatus  string `json:"callStatus"`
		Disposition string `json:"disposition"`
	}
	held, err := holds(ctx, &p.stage, p.asha, "call", p.inbound, "callStatus disposition", func(r record) bool {
		return r.CallStatus == "COMPLETED" && r.Disposition == e.Disposition
	})
	return fmt.Sprintf("%s %q; FortyTwo holds it %s", e.Kind, held.Disposition, held.CallStatus), err
}

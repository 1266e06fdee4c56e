package day

import (
	"context"
	"fmt"
)

// trouble is what the provider does wrong, and how little of it a desk sees.
func (p *player) trouble() chapter {
	return chapter{"Ozonetel in trouble", []step{
		{"Ozonetel answers a dial by HTTP 200 with an error, which Asha gets as data", p.refusedDial},
		{"Another system on the account takes the token, and nobody notices", p.stolenToken},
	}}
}

func (p *player) refusedDial(ctx context.Context) (string, error) {
	if err := p.stage.breaks(ctx, "AgentManualDial", `{"status":"Fail","message":"Agent is not available"}`); err != nil {
		return "", err
	}
	dials, err := p.stage.requests(ctx, "AgentManualDial")
	if err != nil {
		return "", err
	}
	_, refusal, err := p.dial(ctx, p.third, "the-day-refused-"+p.third.call)
	if err != nil {
		return "", err
	}
	if refusal == nil || refusal.Code != "AGENT_BUSY" {
		return "", fmt.Errorf("the dial's error is %+v", refusal)
	}
	after, err := p.stage.requests(ctx, "AgentManualDial")
	if err != nil || after != dials+1 {
		return "", fmt.Errorf("the provider was asked %d times: %w", after-dials, err)
	}
	var labels struct {
		Dispositions []string `json:"dispositions"`
	}
	if err := p.asha.operate(ctx, "Dispositions", nil, &labels); err != nil {
		return "", err
	}
	return fmt.Sprintf("HTTP 200, ok false, %s: %s; the desk goes on, and has %d labels to choose from",
		refusal.Code, refusal.Message, len(labels.Dispositions)), nil
}

func (p *player) stolenToken(ctx context.Context) (string, error) {
	tokens, err := p.stage.requests(ctx, "generateToken")
	if err != nil {
		return "", err
	}
	if err := p.stage.stealToken(ctx); err != nil {
		return "", err
	}
	if _, err := p.asha.ready(ctx); err != nil {
		return "", err
	}
	after, err := p.stage.requests(ctx, "generateToken")
	if err != nil || after != tokens+1 {
		return "", fmt.Errorf("%d tokens were generated: %w", after-tokens, err)
	}
	return fmt.Sprintf("setAgentState READY went well, with %d new token", after-tokens), nil
}

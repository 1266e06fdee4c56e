package outboundday

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/helix-engage/gateway/sandbox/client"
)

// busy is a patient whose line is busy at first.
func (p *player) busy() *scene {
	s := p.about("busy", "मीना गुप्ता", "+919800000002")
	return &scene{title: "A patient whose line is busy at first", close: s.close, steps: []step{
		{"The CRM asks for a call to a patient who is on the phone", s.askTo(map[string]any{"outcome": "busy", "ringSeconds": 0.5}, map[string]any{})},
		{"The call is tried again and reaches him", func(ctx context.Context) (string, error) {
			c, err := s.ends(ctx, "COMPLETED", "AGENT_HUNG_UP", 2)
			if err == nil && c.Attempts[0].Outcome != "BUSY" {
				err = errors.New("the attempts ended " + c.outcomes())
			}
			if err != nil {
				return "", err
			}
			_, err = s.phoneRang(ctx, 2)
			return fmt.Sprintf("%d attempts: %s; the phone was dialled twice", len(c.Attempts), c.outcomes()), err
		}},
	}}
}

// noAnswer is a patient who is not there.
func (p *player) noAnswer() *scene {
	s := p.about("no-answer", "सुरेश नायर", "+919800000003")
	return &scene{title: "A patient who never answers", close: s.close, steps: []step{
		{"The CRM asks for a call to a patient who is out", s.askTo(map[string]any{"outcome": "no_answer", "ringSeconds": 1})},
		{"Three attempts, and no more", func(ctx context.Context) (string, error) {
			c, err := s.ends(ctx, "FAILED", "NO_ANSWER", 3)
			if err != nil {
				return "", err
			}
			_, err = s.phoneRang(ctx, 3)
			return fmt.Sprintf("%s, %s after %d attempts: %s", c.State, c.EndReason, len(c.Attempts), c.outcomes()), err
		}},
	}}
}

// unknownOutcome is a dial of which nobody can tell whether it took place.
func (p *player) unknownOutcome() *scene {
	s := p.about("unknown", "अनिल मेहता", "+919800000006")
	var before int
	return &scene{title: "A dial whose outcome nobody knows", close: s.close, alone: 2, steps: []step{
		{"The telephony provider will take the next dial, and drop the connection without a word", func(ctx context.Context) (string, error) {
			dials, err := s.dials(ctx)
			if err != nil {
				return "", err
			}
			before = len(dials)
			return "armed", s.control.Post(ctx, s.o.Control+"/sandbox/faults", map[string]any{"target": "knowlarity", "endpoint": "flow", "kind": "reset"}, nil)
		}},
		{"The CRM asks for a call, and it is dialled", func(ctx context.Context) (string, error) {
			seen, err := s.asks(ctx)
			if err != nil {
				return "", err
			}
			var dials []dialRequest
			err = client.Eventually(ctx, func() (bool, error) {
				dials, err = s.dials(ctx)
				return len(dials) > before, err
			})
			if err == nil && dials[before].Fault != "reset" {
				err = fmt.Errorf("the fault was not met: %+v", dials[before])
			}
			return fmt.Sprintf("%s; the provider received %d request and hung up", seen, len(dials)-before), err
		}},
		{"It is not dialled again, for the patient may have been called", func(ctx context.Context) (string, error) {
			begun := time.Now()
			c, err := s.ends(ctx, "FAILED", "UNKNOWN_OUTCOME", 1)
			if err != nil {
				return "", err
			}
			if _, err := s.phoneRang(ctx, 0); err != nil {
				return "", err
			}
			return fmt.Sprintf("%s, %s after %d attempt; nothing was dialled again in %.0f s", c.State, c.EndReason, len(c.Attempts), time.Since(begun).Seconds()), nil
		}},
	}}
}

// askTo is the step that says what the patient does with his calls, and asks for one.
func (s *subject) askTo(calls ...map[string]any) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		if err := s.plans(ctx, calls...); err != nil {
			return "", err
		}
		return s.asks(ctx)
	}
}

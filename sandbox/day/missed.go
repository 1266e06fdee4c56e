package day

import (
	"context"
	"errors"
	"fmt"
	"unicode"

	"github.com/helix-engage/gateway/sandbox/client"
)

// missedCalls is about patients who ring and reach nobody.
func (p *player) missedCalls() chapter {
	return chapter{"Missed calls", []step{
		{"A patient rings and hangs up", p.patientHangsUp},
		{"The missed call is told by push and by poll, and taken in once", p.takenInOnce},
		{"Asha is ready, the missed call is hers, and her work list says so", p.ready},
		{"Meanwhile another patient rings and hangs up", p.anotherHangsUp},
	}}
}

// passingOn is about a missed call that goes from one agent to the next.
func (p *player) passingOn() chapter {
	return chapter{"A missed call that changes hands", []step{
		{"Asha releases the second patient's call, and is not handed it again at once", p.release},
		{"Ravi is ready, and is offered it", p.offeredToRavi},
		{"He finds that it was a wrong number", p.wrongNumber},
		{"Meera sees where the missed calls of the day stand", p.queue},
	}}
}

// choosePatients picks one whose name is written in Latin letters, one in Devanagari, and another one.
func (p *player) choosePatients(ctx context.Context) error {
	all, err := p.stage.patients(ctx, p.asha)
	if err != nil {
		return err
	}
	for _, one := range all {
		latin := true
		for _, r := range one.Name {
			latin = latin && !unicode.Is(unicode.Devanagari, r)
		}
		switch {
		case latin && p.first.ID == "":
			p.first = one
		case !latin && p.second.ID == "":
			p.second = one
		case p.third.ID == "":
			p.third = one
		}
	}
	if p.first.ID == "" || p.second.ID == "" || p.third.ID == "" {
		return errors.New("FortyTwo knows too few patients")
	}
	return nil
}

func (p *player) patientHangsUp(ctx context.Context) (string, error) {
	if err := p.choosePatients(ctx); err != nil {
		return "", err
	}
	if err := p.ringsAndHangsUp(ctx, &p.first); err != nil {
		return "", err
	}
	return fmt.Sprintf("%s, call %s", p.first.Name, p.first.call), nil
}

func (p *player) anotherHangsUp(ctx context.Context) (string, error) {
	if err := p.ringsAndHangsUp(ctx, &p.second); err != nil {
		return "", err
	}
	e, err := p.missed(ctx, p.second)
	p.second.missed = e.MissedCall.ID
	return p.second.Name + " waits for a call back", err
}

func (p *player) ringsAndHangsUp(ctx context.Context, who *patient) error {
	if err := p.stage.rings(ctx, who); err != nil {
		return err
	}
	return p.stage.moves(ctx, who.call, "abandon", map[string]any{})
}

func (p *player) missed(ctx context.Context, who patient) (event, error) {
	return client.Await(ctx, p.asha.socket, "CallEvents", "MISSED", func(e event) bool { return e.Kind == "MISSED" && e.Phone == who.Phone })
}

func (p *player) takenInOnce(ctx context.Context) (string, error) {
	e, err := p.missed(ctx, p.first)
	if err != nil {
		return "", err
	}
	p.first.missed = e.MissedCall.ID
	polls, err := p.stage.requests(ctx, "abandonCalls")
	if err != nil {
		return "", err
	}
	// Two more polls: the first may have begun before the patient hung up.
	err = client.Eventually(ctx, func() (bool, error) {
		n, err := p.stage.requests(ctx, "abandonCalls")
		return n >= polls+2, err
	})
	if err != nil {
		return "", err
	}
	all, err := client.Heard[event](p.asha.socket, "CallEvents")
	if err != nil {
		return "", err
	}
	count := 0
	for _, e := range all {
		if e.Kind == "MISSED" && e.Phone == p.first.Phone {
			count++
		}
	}
	if count != 1 || e.MissedCall.MissedCount != 1 {
		return "", fmt.Errorf("taken in %d times, counted %d times", count, e.MissedCall.MissedCount)
	}
	return fmt.Sprintf("%d event after %d polls, missedCount %d", count, polls+2, e.MissedCall.MissedCount), nil
}

func (p *player) ready(ctx context.Context) (string, error) {
	claimed, err := p.asha.ready(ctx)
	if err != nil {
		return "", err
	}
	if claimed == nil || claimed.ID != p.first.missed {
		return "", fmt.Errorf("claimed %+v, not the first patient's call", claimed)
	}
	if _, err := p.asha.hears(ctx, p.first.missed, "MISSED_CALL_ASSIGNED"); err != nil {
		return "", err
	}
	if err := p.ashasListChanges(ctx, "ADDED", claimed.ID); err != nil {
		return "", err
	}
	return fmt.Sprintf("%s, %s; MISSED_CALL_ASSIGNED and ADDED came to her desk", claimed.Phone, claimed.CallbackStatus), nil
}

// ashasListChanges awaits that Asha's desk is told of a change of her work list.
func (p *player) ashasListChanges(ctx context.Context, reason, item string) error {
	type change struct {
		Reason string `json:"reason"`
		ItemID string `json:"itemId"`
	}
	_, err := client.Await(ctx, p.asha.socket, "WorklistChanged", reason, func(c change) bool { return c.Reason == reason && c.ItemID == item })
	return err
}

func (p *player) release(ctx context.Context) (string, error) {
	var out struct {
		Release struct {
			client.Outcome
			MissedCall missedCall `json:"missedCall"`
		} `json:"releaseMissedCall"`
	}
	if err := p.asha.operate(ctx, "ReleaseMissedCall", map[string]any{"id": p.second.missed}, &out); err != nil {
		return "", err
	}
	if err := out.Release.Check(); err != nil {
		return "", err
	}
	if err := p.ashasListChanges(ctx, "REMOVED", p.second.missed); err != nil {
		return "", err
	}
	var next struct {
		Claim struct {
			client.Outcome
			MissedCall *missedCall `json:"missedCall"`
		} `json:"claimNextMissedCall"`
	}
	if err := p.asha.operate(ctx, "ClaimNextMissedCall", nil, &next); err != nil {
		return "", err
	}
	if next.Claim.MissedCall != nil {
		return "", fmt.Errorf("she was handed %+v", *next.Claim.MissedCall)
	}
	return out.Release.MissedCall.CallbackStatus + "; REMOVED came to her desk, and her next claim is empty", next.Claim.Check()
}

func (p *player) offeredToRavi(ctx context.Context) (string, error) {
	claimed, err := p.ravi.ready(ctx)
	if err != nil {
		return "", err
	}
	if claimed == nil || claimed.ID != p.second.missed {
		return "", fmt.Errorf("he was handed %+v", claimed)
	}
	return fmt.Sprintf("%s, %s", claimed.Phone, claimed.CallbackStatus), nil
}

func (p *player) wrongNumber(ctx context.Context) (string, error) {
	var out struct {
		Update struct {
			client.Outcome
			MissedCall missedCall `json:"missedCall"`
		} `json:"updateMissedCall"`
	}
	err := p.ravi.operate(ctx, "UpdateMissedCall", map[string]any{"id": p.second.missed, "status": "WRONG_NUMBER"}, &out)
	if err != nil {
		return "", err
	}
	if err := out.Update.Check(); err != nil {
		return "", err
	}
	type record struct {
		CallbackStatus string `json:"callbackstatus"`
	}
	held, err := holds(ctx, &p.stage, p.ravi, "call", p.second.missed, "callbackstatus", func(r record) bool {
		return r.CallbackStatus == "WRONG_NUMBER"
	})
	return out.Update.MissedCall.CallbackStatus + " at his desk, " + held.CallbackStatus + " in FortyTwo", err
}

func (p *player) queue(ctx context.Context) (string, error) {
	var out struct {
		Queue struct {
			Groups []struct {
				Status string `json:"status"`
				Count  int    `json:"count"`
			} `json:"groups"`
		} `json:"missedCallQueue"`
	}
	if err := p.meera.operate(ctx, "MissedCallQueue", map[string]any{"first": 5}, &out); err != nil {
		return "", err
	}
	counts, seen := map[string]int{}, ""
	for _, g := range out.Queue.Groups {
		counts[g.Status] = g.Count
		seen += fmt.Sprintf(" %s %d", g.Status, g.Count)
	}
	if counts["CALLBACK_COMPLETED"] != 1 || counts["WRONG_NUMBER"] != 1 || counts["PENDING_CALLBACK"] != 0 {
		return "", fmt.Errorf("the queue has%s", seen)
	}
	return seen[1:], nil
}

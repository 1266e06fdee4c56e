package desk

import (
	"context"

	helix "github.com/helix-engage/gateway"
)

// Control holds, mutes, brings somebody in or drops somebody. What the provider confirmed is in the call's story; an
// action that changes nothing (hold while on hold) reaches the provider and leaves no event.
func (d *Desk) Control(ctx context.Context, w Worker, id helix.CallID, action helix.ControlAction, number helix.Phone) (helix.Call, error) {
	call, err := d.upFor(ctx, w, id)
	if err != nil {
		return call, err
	}
	if action == helix.ControlConference && number == "" {
		return call, helix.BadInput("a conference needs the number to bring in")
	}
	now, err := d.agents.Get(ctx, w.Seat, w.Name)
	if err != nil {
		return call, err
	}
	w.Seat.SIPExtension = now.SIPExtension // the phone that he works with, which may not be the desk's own
	if err := d.telephony.Control(ctx, w.Seat, call, action, number); err != nil {
		return call, err
	}
	return d.note(ctx, w, id, func(now *helix.Call) *helix.CallEvent {
		switch {
		case action == helix.ControlHold && now.OnHold, action == helix.ControlUnhold && !now.OnHold,
			action == helix.ControlMute && now.Muted, action == helix.ControlUnmute && !now.Muted:
			return nil
		}
		return &helix.CallEvent{Kind: helix.EventControlled, Action: action, Number: number}
	})
}

// SetRecording pauses or resumes the recording of the worker's call, e.g. while card numbers are said.
func (d *Desk) SetRecording(ctx context.Context, w Worker, id helix.CallID, paused bool) (helix.Call, error) {
	call, err := d.upFor(ctx, w, id)
	if err != nil {
		return call, err
	}
	if err := d.telephony.SetRecording(ctx, call.ProviderCallID, paused); err != nil {
		return call, err
	}
	return d.note(ctx, w, id, func(now *helix.Call) *helix.CallEvent {
		if now.Unrecorded == paused {
			return nil
		}
		return &helix.CallEvent{Kind: helix.EventRecordingChanged, Paused: paused}
	})
}

// upFor gives a call that is up and the worker's.
func (d *Desk) upFor(ctx context.Context, w Worker, id helix.CallID) (helix.Call, error) {
	call, err := d.calls.Get(ctx, id)
	switch {
	case err != nil:
		return call, err
	case call.Agent != w.Seat.Agent:
		return call, helix.Forbidden("this call is not yours")
	case call.State != helix.CallAnswered:
		return call, helix.Conflict("the call is not up")
	}
	return call, nil
}

// note appends what the worker did to a call, unless it is over meanwhile or event has nothing to say.
func (d *Desk) note(ctx context.Context, w Worker, id helix.CallID, event func(now *helix.Call) *helix.CallEvent) (helix.Call, error) {
	return d.calls.Append(ctx, id, func(now *helix.Call) ([]helix.CallEvent, error) {
		if !now.Open() {
			return nil, nil
		}
		e := event(now)
		if e == nil {
			return nil, nil
		}
		e.At, e.Phone, e.Provider, e.Direction = d.now().UTC(), now.Phone, now.Provider, now.Direction
		e.Agent, e.AgentName = w.Seat.Agent, w.Name
		return []helix.CallEvent{*e}, nil
	})
}

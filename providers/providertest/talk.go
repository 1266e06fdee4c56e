package providertest

import (
	"context"
	"testing"

	helix "github.com/helix-engage/gateway"
)

// Talk is a call that is up, as the far side has it.
type Talk struct {
	Held, Muted, Unrecorded bool
	Others                  int // who were called into it
}

func testTalk(t *testing.T, ctx context.Context, h Telephony) {
	id := dial(t, ctx, h)
	h.Connect(id)
	for _, step := range []struct {
		action helix.ControlAction
		want   Talk
	}{
		{helix.ControlHold, Talk{Held: true}},
		{helix.ControlMute, Talk{Held: true, Muted: true}},
		{helix.ControlUnhold, Talk{Muted: true}},
		{helix.ControlUnmute, Talk{}},
	} {
		for range 2 {
			must(t, h.Control(ctx, h.Seat, h.call(id), step.action, ""))
		}
		if got := h.Talk(id); got != step.want {
			t.Errorf("after %s the call is %+v, want %+v", step.action, got, step.want)
		}
	}
	for _, paused := range []bool{true, false} {
		for range 2 {
			must(t, h.Driver.SetRecording(ctx, id, paused))
		}
		if got := h.Talk(id); got.Unrecorded != paused {
			t.Errorf("the call is %+v, want its recording paused: %t", got, paused)
		}
	}
}

func testConference(t *testing.T, ctx context.Context, h Telephony) {
	id := dial(t, ctx, h)
	h.Connect(id)
	refused(t, h.Control(ctx, h.Seat, h.call(id), helix.ControlConference, ""), helix.CodeBadInput)
	must(t, h.Control(ctx, h.Seat, h.call(id), helix.ControlConference, h.Other))
	if got := h.Talk(id); got.Others != 1 {
		t.Errorf("the call is %+v, want one more in it", got)
	}
}

func testControlTooLate(t *testing.T, ctx context.Context, h Telephony) {
	id := dial(t, ctx, h)
	h.Connect(id)
	h.HangUp(id)
	refused(t, h.Control(ctx, h.Seat, h.call(id), helix.ControlHold, ""), helix.CodeNotFound)
	refused(t, h.Driver.SetRecording(ctx, id, true), helix.CodeNotFound)
}

// call is the call that dial placed.
func (h Telephony) call(id string) helix.Call {
	return helix.Call{ProviderCallID: id, DID: h.Seat.DID, Phone: h.Phone}
}

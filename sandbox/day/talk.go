package day

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/helix-engage/gateway/sandbox/client"
)

// callingBack is a call of an agent to a patient, with all that can be done to it.
func (p *player) callingBack() chapter {
	return chapter{"Calling back", []step{
		{"Asha calls the first patient back; her desk loses the answer and asks again", p.dialBack},
		{"Her desk sees it ring and be answered, Meera sees who talks", p.answered},
		{"She puts him on hold and takes him back, mutes herself and unmutes", p.holdAndMute},
		{"She pauses the recording while he says a card number, and resumes it", p.pauseRecording},
		{"She brings a doctor in, who joins, and drops him again", p.conference},
		{"The patient hangs up, and the call's story has all of it in order", p.hangUp},
	}}
}

func (p *player) dialBack(ctx context.Context) (string, error) {
	plan := map[string]any{"outcome": "answer", "agentRingSeconds": 0.2, "ringSeconds": 0.3}
	if err := p.stage.plans(ctx, plan); err != nil {
		return "", err
	}
	for range 2 {
		call, refusal, err := p.dial(ctx, p.first, "the-day-"+p.first.call)
		switch {
		case err != nil:
			return "", err
		case refusal != nil:
			return "", fmt.Errorf("%s: %s", refusal.Code, refusal.Message)
		case p.callBack != "" && p.callBack != call:
			return "", errors.New("the same request made two calls")
		}
		p.callBack = call
	}
	dials, err := p.stage.requests(ctx, "AgentManualDial")
	if err != nil || dials != 1 {
		return "", fmt.Errorf("the provider was asked %d times: %w", dials, err)
	}
	return fmt.Sprintf("call %s both times; Ozonetel was asked %d time", p.callBack, dials), nil
}

// dial asks for a call; refusal is set when the answer is an error that is data.
func (p *player) dial(ctx context.Context, to patient, request string) (call string, refusal *client.OperationError, err error) {
	var out struct {
		Dial struct {
			client.Outcome
			Call struct {
				ID string `json:"id"`
			} `json:"call"`
		} `json:"dial"`
	}
	variables := map[string]any{"phone": to.Phone, "requestId": request}
	if to.missed != "" {
		variables["missedCallId"] = to.missed
	}
	err = p.asha.operate(ctx, "Dial", variables, &out)
	return out.Dial.Call.ID, out.Dial.Error, err
}

func (p *player) answered(ctx context.Context) (string, error) {
	for _, kind := range []string{"DIALING", "RINGING", "ANSWERED"} {
		if _, err := p.asha.hears(ctx, p.callBack, kind); err != nil {
			return "", err
		}
	}
	call, err := p.stage.latest(ctx)
	if err != nil {
		return "", err
	}
	p.first.call = call.UCID
	var live struct {
		Calls []struct {
			ID    string `json:"id"`
			State string `json:"state"`
			Agent struct {
				Name string `json:"name"`
			} `json:"agent"`
		} `json:"liveCalls"`
	}
	if err := p.meera.operate(ctx, "LiveCalls", nil, &live); err != nil {
		return "", err
	}
	if len(live.Calls) != 1 || live.Calls[0].ID != p.callBack || live.Calls[0].State != "ANSWERED" {
		return "", fmt.Errorf("the live calls are %+v", live.Calls)
	}
	if err := p.meeraSees(ctx, p.asha, "BUSY"); err != nil {
		return "", err
	}
	return fmt.Sprintf("DIALING, RINGING, ANSWERED; %d live call, %s, of %s, who is BUSY", len(live.Calls), live.Calls[0].State, live.Calls[0].Agent.Name), nil
}

// callState is a call as a control of it answers.
type callState struct {
	OnHold          bool `json:"onHold"`
	Muted           bool `json:"muted"`
	RecordingPaused bool `json:"recordingPaused"`
}

// act controls the call that is up; number may be empty.
func (p *player) act(ctx context.Context, action, number string) (callState, error) {
	var out struct {
		CallControl struct {
			client.Outcome
			Call callState `json:"call"`
		} `json:"callControl"`
	}
	variables := map[string]any{"callId": p.callBack, "action": action}
	if number != "" {
		variables["number"] = number
	}
	if err := p.asha.operate(ctx, "CallControl", variables, &out); err != nil {
		return callState{}, err
	}
	return out.CallControl.Call, out.CallControl.Check()
}

func (p *player) holdAndMute(ctx context.Context) (string, error) {
	var seen []string
	for _, want := range []struct {
		action string
		after  callState
	}{
		{"HOLD", callState{OnHold: true}},
		{"UNHOLD", callState{}},
		{"MUTE", callState{Muted: true}},
		{"UNMUTE", callState{}},
	} {
		after, err := p.act(ctx, want.action, "")
		if err != nil {
			return "", err
		}
		call, err := p.stage.latest(ctx)
		if err != nil {
			return "", err
		}
		if after != want.after || call.Held != after.OnHold || call.Muted != after.Muted {
			return "", fmt.Errorf("after %s the desk has %+v, the provider %+v", want.action, after, call)
		}
		seen = append(seen, fmt.Sprintf("%s: onHold %t, muted %t", want.action, after.OnHold, after.Muted))
	}
	return strings.Join(seen, "\n"), nil
}

func (p *player) pauseRecording(ctx context.Context) (string, error) {
	for _, paused := range []bool{true, false} {
		var out struct {
			SetCallRecording struct {
				client.Outcome
				Call callState `json:"call"`
			} `json:"setCallRecording"`
		}
		if err := p.asha.operate(ctx, "SetCallRecording", map[string]any{"callId": p.callBack, "paused": paused}, &out); err != nil {
			return "", err
		}
		if err := out.SetCallRecording.Check(); err != nil {
			return "", err
		}
		call, err := p.stage.latest(ctx)
		if err != nil {
			return "", err
		}
		if got := out.SetCallRecording.Call.RecordingPaused; got != paused || call.RecordingPaused != paused {
			return "", fmt.Errorf("paused is %t at the desk, %t at the provider", got, call.RecordingPaused)
		}
	}
	return "paused, then not, at her desk and at Ozonetel, which says Error when it means success", nil
}

func (p *player) conference(ctx context.Context) (string, error) {
	const doctor = "+916000123456"
	if err := p.stage.plans(ctx, map[string]any{"outcome": "answer", "ringSeconds": 0.1}); err != nil {
		return "", err
	}
	if _, err := p.act(ctx, "CONFERENCE", doctor); err != nil {
		return "", err
	}
	if err := p.doctorIs(ctx, "joined"); err != nil {
		return "", err
	}
	if _, err := p.act(ctx, "KICK_CALL", doctor); err != nil {
		return "", err
	}
	if err := p.doctorIs(ctx, "left"); err != nil {
		return "", err
	}
	call, err := p.stage.latest(ctx)
	if err != nil || call.State != "answered" {
		return "", fmt.Errorf("the call is %s: %w", call.State, err)
	}
	return "joined, then left; Asha and the patient still talk", nil
}

func (p *player) doctorIs(ctx context.Context, state string) error {
	return client.Eventually(ctx, func() (bool, error) {
		call, err := p.stage.latest(ctx)
		return err == nil && len(call.Parties) == 1 && call.Parties[0].State == state, err
	})
}

func (p *player) hangUp(ctx context.Context) (string, error) {
	if err := p.stage.moves(ctx, p.first.call, "hangup", map[string]any{"by": "user"}); err != nil {
		return "", err
	}
	ended, err := p.asha.hears(ctx, p.callBack, "ENDED")
	if err != nil {
		return "", err
	}
	if err := p.meeraSees(ctx, p.asha, "AFTER_CALL_WORK"); err != nil {
		return "", err
	}
	var out struct {
		Timeline struct {
			Edges []struct {
				Node event `json:"node"`
			} `json:"edges"`
		} `json:"callTimeline"`
	}
	if err := p.asha.operate(ctx, "CallTimeline", map[string]any{"callId": p.callBack}, &out); err != nil {
		return "", err
	}
	counts, before := map[string]int{}, 0
	for _, e := range out.Timeline.Edges {
		if e.Node.Sequence != before+1 {
			return "", fmt.Errorf("event %d follows event %d", e.Node.Sequence, before)
		}
		before = e.Node.Sequence
		counts[e.Node.Kind]++
	}
	if counts["CONTROLLED"] != 6 || counts["RECORDING_CHANGED"] != 2 || counts["ENDED"] != 1 {
		return "", fmt.Errorf("the story has %v", counts)
	}
	return fmt.Sprintf("%d s, %s; %d events without a gap: %d CONTROLLED, %d RECORDING_CHANGED among them",
		ended.DurationSeconds, ended.Reason, before, counts["CONTROLLED"], counts["RECORDING_CHANGED"]), nil
}

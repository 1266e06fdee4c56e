package day

import (
	"context"
	"fmt"
	"time"
)

func (p *player) signIn(ctx context.Context) (string, error) {
	var out struct {
		SignIn struct {
			outcome
			Session struct {
				AccessToken string `json:"accessToken"`
				Viewer      struct {
					User struct {
						Name string `json:"name"`
					} `json:"user"`
					Agent struct {
						ID string `json:"id"`
					} `json:"agent"`
					Roles []string `json:"roles"`
				} `json:"viewer"`
			} `json:"session"`
		} `json:"signIn"`
	}
	if err := p.operate(ctx, "SignIn", map[string]any{"email": "asha@sandbox.test", "password": "sandbox"}, &out); err != nil {
		return "", err
	}
	if err := out.SignIn.check(); err != nil {
		return "", err
	}
	session := out.SignIn.Session
	p.client.token = session.AccessToken
	return fmt.Sprintf("%s works as %s; roles %v", session.Viewer.User.Name, session.Viewer.Agent.ID, session.Viewer.Roles), nil
}

func (p *player) logIn(ctx context.Context) (string, error) {
	var out struct {
		AgentLogin struct {
			outcome
			Agent struct {
				State string `json:"state"`
			} `json:"agent"`
		} `json:"agentLogin"`
	}
	if err := p.operate(ctx, "AgentLogin", nil, &out); err != nil {
		return "", err
	}
	return "she is " + out.AgentLogin.Agent.State, out.AgentLogin.check()
}

func (p *player) listen(ctx context.Context) (string, error) {
	// The subscription outlives the step.
	events, err := subscribe(context.WithoutCancel(ctx), p.o.GraphQL, p.client.token)
	if err != nil {
		return "", err
	}
	p.events = events
	return "the socket is acknowledged", nil
}

func (p *player) patientHangsUp(ctx context.Context) (string, error) {
	caller, err := p.ringAndHangUp(ctx)
	p.first = caller
	return "call " + caller.Call + " is abandoned", err
}

func (p *player) anotherHangsUp(ctx context.Context) (string, error) {
	caller, err := p.ringAndHangUp(ctx)
	if err != nil {
		return "", err
	}
	if caller.Phone == p.first.Phone {
		return "", fmt.Errorf("the same patient rang again")
	}
	e, err := p.missed(ctx, caller.Phone)
	p.second = caller
	p.second.Missed = e.MissedCall.ID
	return "the second patient waits", err
}

// ringAndHangUp plays a patient whom nobody answers.
func (p *player) ringAndHangUp(ctx context.Context) (patient, error) {
	var rung struct {
		UCID  string `json:"ucid"`
		Phone string `json:"phone"`
	}
	if err := p.client.post(ctx, p.o.Control+"/sandbox/calls", map[string]any{}, &rung); err != nil {
		return patient{}, err
	}
	var after any
	err := p.client.post(ctx, p.o.Control+"/sandbox/calls/"+rung.UCID+"/abandon", map[string]any{}, &after)
	return patient{Phone: "+91" + rung.Phone[max(0, len(rung.Phone)-10):], Call: rung.UCID}, err
}

func (p *player) missed(ctx context.Context, phone string) (event, error) {
	return p.await(ctx, "MISSED", func(e event) bool { return e.Kind == "MISSED" && e.Phone == phone })
}

func (p *player) takenInOnce(ctx context.Context) (string, error) {
	e, err := p.missed(ctx, p.first.Phone)
	if err != nil {
		return "", err
	}
	p.first.Missed = e.MissedCall.ID
	polls, err := p.requests(ctx, "abandonCalls")
	if err != nil {
		return "", err
	}
	// Two more polls: the first may have begun before the patient hung up.
	err = eventually(ctx, func() (bool, error) {
		n, err := p.requests(ctx, "abandonCalls")
		return n >= polls+2, err
	})
	if err != nil {
		return "", err
	}
	count := 0
	for _, e := range p.seen {
		if e.Kind == "MISSED" && e.Phone == p.first.Phone {
			count++
		}
	}
	if count != 1 || e.MissedCall.MissedCount != 1 {
		return "", fmt.Errorf("taken in %d times, counted %d times", count, e.MissedCall.MissedCount)
	}
	return "one event, one entry, counted once", nil
}

// requests counts what the telephony emulator received at an endpoint.
func (p *player) requests(ctx context.Context, endpoint string) (int, error) {
	var out struct {
		Ozonetel struct {
			Counts map[string]int `json:"counts"`
		} `json:"ozonetel"`
	}
	err := p.client.get(ctx, p.o.Control+"/sandbox/requests", &out)
	return out.Ozonetel.Counts[endpoint], err
}

func (p *player) ready(ctx context.Context) (string, error) {
	var out struct {
		SetAgentState struct {
			outcome
			Claimed *struct {
				ID    string `json:"id"`
				Count int    `json:"missedCount"`
			} `json:"claimedMissedCall"`
		} `json:"setAgentState"`
	}
	if err := p.operate(ctx, "SetAgentState", map[string]any{"state": "READY"}, &out); err != nil {
		return "", err
	}
	if err := out.SetAgentState.check(); err != nil {
		return "", err
	}
	claimed := out.SetAgentState.Claimed
	if claimed == nil || claimed.ID != p.first.Missed || claimed.Count != 1 {
		return "", fmt.Errorf("claimed %+v, not the first patient's call", claimed)
	}
	_, err := p.await(ctx, "MISSED_CALL_ASSIGNED", func(e event) bool {
		return e.Kind == "MISSED_CALL_ASSIGNED" && e.MissedCall.ID == p.first.Missed
	})
	return "claimed, and announced to her desk", err
}

func (p *player) dialBack(ctx context.Context) (string, error) {
	var planned any
	plan := map[string]any{"outcome": "answer", "agentRingSeconds": 0.2, "ringSeconds": 0.3, "talkSeconds": 1}
	if err := p.client.post(ctx, p.o.Control+"/sandbox/dials/next", plan, &planned); err != nil {
		return "", err
	}
	order := map[string]any{"phone": p.first.Phone, "requestId": "the-day-" + p.first.Call, "missedCallId": p.first.Missed}
	for range 2 { // a client that lost the answer asks again
		var out struct {
			Dial struct {
				outcome
				Call struct {
					ID string `json:"id"`
				} `json:"call"`
			} `json:"dial"`
		}
		if err := p.operate(ctx, "Dial", order, &out); err != nil {
			return "", err
		}
		if err := out.Dial.check(); err != nil {
			return "", err
		}
		if p.callBack != "" && p.callBack != out.Dial.Call.ID {
			return "", fmt.Errorf("the same request made two calls")
		}
		p.callBack = out.Dial.Call.ID
	}
	dials, err := p.requests(ctx, "AgentManualDial")
	if err != nil || dials != 1 {
		return "", fmt.Errorf("the provider was asked %d times: %w", dials, err)
	}
	return "asked for twice, dialled once", nil
}

func (p *player) followsTheCall(ctx context.Context) (string, error) {
	var ended event
	for _, kind := range []string{"DIALING", "RINGING", "ANSWERED", "ENDED"} {
		e, err := p.await(ctx, kind, func(e event) bool { return e.Kind == kind && e.CallID == p.callBack })
		if err != nil {
			return "", err
		}
		ended = e
	}
	return fmt.Sprintf("ended after %d s, %s", ended.DurationSeconds, ended.Reason), nil
}

func (p *player) dispose(ctx context.Context) (string, error) {
	var out struct {
		Dispose struct {
			outcome
			PendingSync bool `json:"pendingSync"`
			MissedCall  struct {
				ID             string `json:"id"`
				CallbackStatus string `json:"callbackStatus"`
			} `json:"missedCall"`
			FollowUp struct {
				ID string `json:"id"`
			} `json:"followUp"`
			Claimed struct {
				ID string `json:"id"`
			} `json:"claimedMissedCall"`
		} `json:"dispose"`
	}
	err := p.operate(ctx, "Dispose", map[string]any{
		"callId": p.callBack, "disposition": "Appointment Booked", "notes": "wants the morning slot",
		"callbackAt": time.Now().Add(24 * time.Hour).UTC().Format(time.RFC3339), "missedCallId": p.first.Missed,
	}, &out)
	if err != nil {
		return "", err
	}
	d := out.Dispose
	if err := d.check(); err != nil {
		return "", err
	}
	if d.MissedCall.ID != p.first.Missed || d.MissedCall.CallbackStatus != "CALLBACK_COMPLETED" {
		return "", fmt.Errorf("the missed call is not settled: %+v", d.MissedCall)
	}
	if d.Claimed.ID != p.second.Missed {
		return "", fmt.Errorf("claimed %q, not the second patient's call", d.Claimed.ID)
	}
	p.followUp = d.FollowUp.ID
	return fmt.Sprintf("settled, a follow-up is planned, the second patient is hers; pendingSync %t", d.PendingSync), nil
}

func (p *player) fortyTwoHolds(ctx context.Context) (string, error) {
	var call struct {
		Call struct {
			CallStatus  string `json:"callStatus"`
			Disposition string `json:"disposition"`
			Notes       string `json:"notes"`
			AgentName   string `json:"agentName"`
		} `json:"call"`
	}
	err := eventually(ctx, func() (bool, error) {
		err := p.fortyTwo(ctx, "call", p.callBack, "callStatus disposition notes agentName", &call)
		return call.Call.Disposition == "Appointment Booked" && call.Call.CallStatus == "COMPLETED", err
	})
	if err != nil {
		return "", fmt.Errorf("the call record is %+v: %w", call.Call, err)
	}
	var missed struct {
		Call struct {
			CallbackStatus string  `json:"callbackstatus"`
			Count          float64 `json:"missedcallcount"`
			AttemptedAt    string  `json:"callbackattemptedat"`
		} `json:"call"`
	}
	err = eventually(ctx, func() (bool, error) {
		err := p.fortyTwo(ctx, "call", p.first.Missed, "callbackstatus missedcallcount callbackattemptedat", &missed)
		return missed.Call.CallbackStatus == "CALLBACK_COMPLETED" && missed.Call.Count == 1 && missed.Call.AttemptedAt != "", err
	})
	if err != nil {
		return "", fmt.Errorf("the missed call's record is %+v: %w", missed.Call, err)
	}
	var followUp struct {
		FollowUp struct {
			Remark   string `json:"remark"`
			DueAt    string `json:"dueAt"`
			Assignee struct {
				ID string `json:"id"`
			} `json:"assignee"`
		} `json:"followUp"`
	}
	err = eventually(ctx, func() (bool, error) {
		err := p.fortyTwo(ctx, "followUp", p.followUp, "remark dueAt assignee { id }", &followUp)
		return followUp.FollowUp.Remark == "wants the morning slot" && followUp.FollowUp.Assignee.ID != "", err
	})
	if err != nil {
		return "", fmt.Errorf("the follow-up is %+v: %w", followUp.FollowUp, err)
	}
	return fmt.Sprintf("call %s %q by %s; missed call %s; follow-up due %s", call.Call.CallStatus, call.Call.Disposition,
		call.Call.AgentName, missed.Call.CallbackStatus, followUp.FollowUp.DueAt), nil
}

// fortyTwo reads a record through FortyTwo's own API with the agent's token.
func (p *player) fortyTwo(ctx context.Context, object, id, fields string, out any) error {
	query := fmt.Sprintf("query Held($id: UUID!) { %s(filter: { id: { eq: $id } }) { %s } }", object, fields)
	return p.client.run(ctx, p.o.FortyTwo+"/graphql", query, map[string]any{"id": id}, out)
}

func (p *player) worklist(ctx context.Context) (string, error) {
	var out struct {
		Worklist struct {
			TotalCount int `json:"totalCount"`
			Errors     []struct {
				Kind    string `json:"kind"`
				Message string `json:"message"`
			} `json:"errors"`
			Edges []struct {
				Node struct {
					ID   string `json:"id"`
					Kind string `json:"kind"`
				} `json:"node"`
			} `json:"edges"`
		} `json:"worklist"`
	}
	if err := p.operate(ctx, "Worklist", map[string]any{"first": 100}, &out); err != nil {
		return "", err
	}
	if len(out.Worklist.Errors) > 0 {
		return "", fmt.Errorf("a source failed: %+v", out.Worklist.Errors)
	}
	kinds := map[string]int{}
	missed := ""
	for _, e := range out.Worklist.Edges {
		kinds[e.Node.Kind]++
		if e.Node.Kind == "MISSED_CALL" {
			missed = e.Node.ID
		}
	}
	if kinds["MISSED_CALL"] != 1 || missed != p.second.Missed || kinds["FOLLOW_UP"] == 0 || kinds["LEAD"] == 0 {
		return "", fmt.Errorf("the list has %v, the missed call is %q", kinds, missed)
	}
	return fmt.Sprintf("%d things to do: %v on the first page", out.Worklist.TotalCount, kinds), nil
}

func (p *player) logOut(ctx context.Context) (string, error) {
	var out struct {
		AgentLogout struct {
			outcome
			Agent struct {
				State string `json:"state"`
			} `json:"agent"`
		} `json:"agentLogout"`
	}
	if err := p.operate(ctx, "AgentLogout", nil, &out); err != nil {
		return "", err
	}
	if err := out.AgentLogout.check(); err != nil {
		return "", err
	}
	if out.AgentLogout.Agent.State != "OFFLINE" {
		return "", fmt.Errorf("she is %s", out.AgentLogout.Agent.State)
	}
	return "she is OFFLINE", nil
}

package day

import (
	"context"
	"fmt"
	"time"

	"github.com/helix-engage/gateway/sandbox/client"
)

// summingUp is what remains of a call.
func (p *player) summingUp() chapter {
	return chapter{"After the call", []step{
		{"Asha sums it up with notes and a call-back time, and the next missed call is hers", p.dispose},
		{"FortyTwo holds the call, the settled missed call and the follow-up", p.fortyTwoHolds},
		{"Her work list has what is left", p.worklist},
	}}
}

// disposed is what a disposition answers.
type disposed struct {
	client.Outcome
	PendingSync bool       `json:"pendingSync"`
	MissedCall  missedCall `json:"missedCall"`
	FollowUp    struct {
		ID string `json:"id"`
	} `json:"followUp"`
	Claimed *missedCall `json:"claimedMissedCall"`
}

func (p *player) disposes(ctx context.Context, call string, how map[string]any) (disposed, error) {
	var out struct {
		Dispose disposed `json:"dispose"`
	}
	how["callId"] = call
	if err := p.asha.operate(ctx, "Dispose", how, &out); err != nil {
		return disposed{}, err
	}
	return out.Dispose, out.Dispose.Check()
}

func (p *player) dispose(ctx context.Context) (string, error) {
	d, err := p.disposes(ctx, p.callBack, map[string]any{
		"disposition": "Appointment Booked", "notes": "wants the morning slot",
		"callbackAt": p.o.Now().Add(24 * time.Hour).UTC().Format(time.RFC3339), "missedCallId": p.first.missed,
	})
	if err != nil {
		return "", err
	}
	if d.MissedCall.ID != p.first.missed || d.MissedCall.CallbackStatus != "CALLBACK_COMPLETED" {
		return "", fmt.Errorf("the missed call is not settled: %+v", d.MissedCall)
	}
	if d.Claimed == nil || d.Claimed.ID != p.second.missed {
		return "", fmt.Errorf("claimed %+v, not the second patient's call", d.Claimed)
	}
	p.followUp = d.FollowUp.ID
	return fmt.Sprintf("%s; follow-up %s; next is %s; pendingSync %t", d.MissedCall.CallbackStatus, d.FollowUp.ID, d.Claimed.Phone, d.PendingSync), nil
}

func (p *player) fortyTwoHolds(ctx context.Context) (string, error) {
	type callRecord struct {
		CallStatus  string `json:"callStatus"`
		Disposition string `json:"disposition"`
		AgentName   string `json:"agentName"`
	}
	call, err := holds(ctx, &p.stage, p.asha, "call", p.callBack, "callStatus disposition agentName", func(r callRecord) bool {
		return r.Disposition == "Appointment Booked" && r.CallStatus == "COMPLETED"
	})
	if err != nil {
		return "", err
	}
	type missedRecord struct {
		CallbackStatus string  `json:"callbackstatus"`
		Count          float64 `json:"missedcallcount"`
		AttemptedAt    string  `json:"callbackattemptedat"`
	}
	missed, err := holds(ctx, &p.stage, p.asha, "call", p.first.missed, "callbackstatus missedcallcount callbackattemptedat",
		func(r missedRecord) bool {
			return r.CallbackStatus == "CALLBACK_COMPLETED" && r.Count == 1 && r.AttemptedAt != ""
		})
	if err != nil {
		return "", err
	}
	type followUpRecord struct {
		Remark   string `json:"remark"`
		DueAt    string `json:"dueAt"`
		Assignee struct {
			ID string `json:"id"`
		} `json:"assignee"`
	}
	followUp, err := holds(ctx, &p.stage, p.asha, "followUp", p.followUp, "remark dueAt assignee { id }", func(r followUpRecord) bool {
		return r.Remark == "wants the morning slot" && r.Assignee.ID != ""
	})
	return fmt.Sprintf("call %s %q by %s; missed call %s; follow-up %q due %s", call.CallStatus, call.Disposition,
		call.AgentName, missed.CallbackStatus, followUp.Remark, followUp.DueAt), err
}

func (p *player) worklist(ctx context.Context) (string, error) {
	var out struct {
		Worklist struct {
			TotalCount int `json:"totalCount"`
			Counts     []struct {
				Kind    string `json:"kind"`
				Count   int    `json:"count"`
				Overdue int    `json:"overdue"`
			} `json:"counts"`
			Errors []struct {
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
	if err := p.asha.operate(ctx, "Worklist", map[string]any{"first": 100}, &out); err != nil {
		return "", err
	}
	if len(out.Worklist.Errors) > 0 {
		return "", fmt.Errorf("a source failed: %+v", out.Worklist.Errors)
	}
	missed := ""
	for _, e := range out.Worklist.Edges {
		if e.Node.Kind == "MISSED_CALL" {
			missed = e.Node.ID
		}
	}
	seen, counts := fmt.Sprintf("%d things to do:", out.Worklist.TotalCount), map[string]int{}
	for _, c := range out.Worklist.Counts {
		counts[c.Kind] = c.Count
		seen += fmt.Sprintf(" %s %d (%d overdue)", c.Kind, c.Count, c.Overdue)
	}
	if counts["MISSED_CALL"] != 1 || missed != p.second.missed || counts["FOLLOW_UP"] == 0 || counts["LEAD"] == 0 {
		return "", fmt.Errorf("%s; the missed call is %q", seen, missed)
	}
	return seen, nil
}

package resolvers

import (
	"context"
	"strings"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/desk"
	"github.com/helix-engage/gateway/graph"
)

const (
	// maxRequestID is the longest request id of a dial, in bytes.
	maxRequestID = 128
	// maxLabel is the longest label of a disposition, in bytes.
	maxLabel = 200
)

// Dial resolves a dial.
func (r *mutationResolver) Dial(ctx context.Context, input graph.DialInput) (*graph.DialPayload, error) {
	w, err := worker(ctx)
	if err == nil && (input.RequestID == "" || len(input.RequestID) > maxRequestID) {
		err = helix.BadInput("requestId needs 1 to 128 bytes")
	}
	var call helix.Call
	if err == nil {
		call, err = r.o.Desk.Dial(ctx, w, desk.DialOrder{
			Phone: input.Phone, RequestID: input.RequestID, MissedCall: helix.CallID(value(input.MissedCallID)),
			Lead: value(input.LeadID), Patient: value(input.PatientID),
		})
	}
	opErr, err := operation(err)
	return &graph.DialPayload{Ok: opErr == nil, Error: opErr, Call: liveCall(&call)}, err
}

// CallControl resolves an action on a call.
func (r *mutationResolver) CallControl(ctx context.Context, input graph.CallControlInput) (*graph.CallControlPayload, error) {
	w, err := worker(ctx)
	var call helix.Call
	if err == nil {
		call, err = r.o.Desk.Control(ctx, w, helix.CallID(input.CallID), helix.ControlAction(input.Action), value(input.Number))
	}
	opErr, err := operation(err)
	return &graph.CallControlPayload{Ok: opErr == nil, Error: opErr, Call: liveCall(&call)}, err
}

// SetCallRecording resolves pausing and resuming a recording.
func (r *mutationResolver) SetCallRecording(ctx context.Context, input graph.SetCallRecordingInput) (*graph.SetCallRecordingPayload, error) {
	w, err := worker(ctx)
	var call helix.Call
	if err == nil {
		call, err = r.o.Desk.SetRecording(ctx, w, helix.CallID(input.CallID), input.Paused)
	}
	opErr, err := operation(err)
	return &graph.SetCallRecordingPayload{Ok: opErr == nil, Error: opErr, Call: liveCall(&call)}, err
}

// Dispose resolves a disposition.
func (r *mutationResolver) Dispose(ctx context.Context, input graph.DisposeInput) (*graph.DisposePayload, error) {
	w, err := worker(ctx)
	label := strings.TrimSpace(input.Disposition)
	switch {
	case err != nil:
	case label == "" || len(label) > maxLabel:
		err = helix.BadInput("disposition needs 1 to 200 bytes")
	case len(value(input.Notes)) > helix.MaxNotes:
		err = &helix.Error{Code: helix.CodeLimitExceeded, Message: "notes may have 8192 bytes at most"}
	}
	var done desk.Disposed
	if err == nil {
		done, err = r.o.Desk.Dispose(ctx, w, desk.DisposeOrder{
			Call:        helix.CallID(input.CallID),
			Disposition: helix.Disposition{Label: label, Notes: value(input.Notes), CallbackAt: value(input.CallbackAt)},
			MissedCall:  helix.CallID(value(input.MissedCallID)),
		})
	}
	opErr, err := operation(err)
	out := &graph.DisposePayload{Ok: opErr == nil, Error: opErr, Call: liveCall(&done.Call)}
	if opErr == nil && err == nil {
		out.PendingSync = done.PendingSync
		out.MissedCall, out.ClaimedMissedCall = r.missedCall(done.MissedCall), r.missedCall(done.Claimed)
		if done.FollowUp != "" {
			out.FollowUp = &graph.FollowUp{ID: done.FollowUp}
		}
	}
	return out, err
}

func liveCall(c *helix.Call) *graph.LiveCall {
	if c.ID == "" || c.Sequence == 0 {
		return nil
	}
	out := &graph.LiveCall{
		ID: string(c.ID), Phone: number(c.Phone), Direction: graph.CallDirection(c.Direction), State: graph.CallState(c.State),
		StartedAt: c.StartedAt, AnsweredAt: when(c.AnsweredAt), EndedAt: when(c.EndedAt), Agent: agentRef(c.Agent, c.AgentName),
		OnHold: c.OnHold, Muted: c.Muted, RecordingPaused: c.Unrecorded, Did: text(c.DID), Campaign: text(c.Campaign),
		Record: record(string(c.ID)),
	}
	if c.EndReason != "" {
		reason := graph.CallEndReason(c.EndReason)
		out.EndReason = &reason
	}
	if c.Disposition != nil {
		out.Disposition = &c.Disposition.Label
	}
	if c.AI != nil {
		out.OutboundState = word[graph.OutboundCallState](c.AI.State)
	}
	return out
}

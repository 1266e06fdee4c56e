package resolvers

import (
	"context"
	"slices"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/graph"
	"github.com/helix-engage/gateway/internal/auth"
)

// checkpointEvery is after how many events that a filter kept back a stream says where it is.
const checkpointEvery = 500

// CallEvents resolves the stream of call events, for the caller or for the audience of a shared run; see [Resolver.Share].
func (r *subscriptionResolver) CallEvents(
	ctx context.Context, after, agentID *string, kinds []graph.CallEventKind,
) (<-chan graph.CallEvent, error) {
	agent, course := helix.AgentID(value(agentID)), courseOf(ctx)
	who, shared := course.shared()
	if shared {
		after = nil // that of whoever came first
	} else {
		caller, err := auth.Caller(ctx)
		if err != nil {
			return nil, err
		}
		if who, err = audienceOf(caller, agent); err != nil {
			return nil, err
		}
	}
	var from *helix.Cursor
	if after != nil {
		cursor, err := helix.ParseCursor(*after)
		if err != nil {
			return nil, err
		}
		from = &cursor
	}
	stream, err := r.o.Calls.Stream(ctx, from)
	if err != nil {
		return nil, err
	}
	course.tell(stream.Place())
	wanted := func(e *helix.CallEvent) bool {
		return who.sees(e) && (agent == "" || e.Agent == agent) &&
			(kinds == nil || slices.Contains(kinds, graph.CallEventKind(e.Kind)))
	}
	events := make(chan graph.CallEvent) // unbuffered: a subscriber that does not read is simply not read for
	go func() {
		defer close(events)
		held := 0
		for {
			e, err := stream.Next(ctx)
			if err != nil {
				endWith(ctx, err)
				return
			}
			switch {
			case e.Kind == helix.EventCursorExpired || wanted(e):
				held = 0
			default:
				if held++; held < checkpointEvery {
					continue
				}
				held, e = 0, stream.Checkpoint()
			}
			course.tell(e.Cursor.Sequence)
			select {
			case events <- callEvent(e):
			case <-ctx.Done():
				return
			}
		}
	}()
	return events, nil
}

// callEvent shows an event as the type of its kind.
func callEvent(e *helix.CallEvent) graph.CallEvent {
	cursor, kind, at := e.Cursor.String(), graph.CallEventKind(e.Kind), e.At
	seq, call, phone, agent := &e.Sequence, id(e.Call), number(e.Phone), agentRef(e.Agent, e.AgentName)
	switch e.Kind {
	case helix.EventIncoming:
		return &graph.IncomingCall{
			Cursor: cursor, Sequence: seq, At: at, Kind: kind, CallID: call, Phone: phone, Did: text(e.DID), Agent: agent,
		}
	case helix.EventDialing:
		return &graph.CallDialing{Cursor: cursor, Sequence: seq, At: at, Kind: kind, CallID: call, Phone: phone, Agent: agent}
	case helix.EventRinging:
		return &graph.CallRinging{Cursor: cursor, Sequence: seq, At: at, Kind: kind, CallID: call, Phone: phone, Agent: agent}
	case helix.EventAnswered:
		return &graph.CallAnswered{Cursor: cursor, Sequence: seq, At: at, Kind: kind, CallID: call, Phone: phone, Agent: agent}
	case helix.EventEnded:
		return &graph.CallEnded{
			Cursor: cursor, Sequence: seq, At: at, Kind: kind, CallID: call, Phone: phone, Agent: agent,
			DurationSeconds: seconds(e.Total), Reason: graph.CallEndReason(e.EndReason),
		}
	case helix.EventMissed:
		return &graph.CallMissed{
			Cursor: cursor, Sequence: seq, At: at, Kind: kind, CallID: call, Phone: phone, Did: text(e.DID), MissedCallID: e.MissedCall,
		}
	case helix.EventMissedCallAssigned:
		return &graph.MissedCallAssigned{
			Cursor: cursor, Sequence: seq, At: at, Kind: kind, CallID: call, Phone: phone, Agent: agent, MissedCallID: e.MissedCall,
		}
	case helix.EventControlled:
		return &graph.CallControlled{
			Cursor: cursor, Sequence: seq, At: at, Kind: kind, CallID: call, Phone: phone, Agent: agent,
			Action: graph.CallControlAction(e.Action), Number: number(e.Number),
		}
	case helix.EventRecordingChanged:
		return &graph.CallRecordingChanged{
			Cursor: cursor, Sequence: seq, At: at, Kind: kind, CallID: call, Phone: phone, Agent: agent, Paused: e.Paused,
		}
	case helix.EventDisposed:
		return &graph.CallDisposed{
			Cursor: cursor, Sequence: seq, At: at, Kind: kind, CallID: call, Phone: phone, Agent: agent, Disposition: e.Disposition.Label,
		}
	case helix.EventDetails:
		return &graph.CallDetailsReceived{
			Cursor: cursor, Sequence: seq, At: at, Kind: kind, CallID: call, Phone: phone, Agent: agent,
			TotalSeconds: seconds(e.Total), TalkSeconds: seconds(e.Talk),
		}
	case helix.EventOutboundState, helix.EventOutboundUpdated:
		return outboundEvent(e)
	case helix.EventCursorExpired:
		return &graph.CursorExpired{Cursor: cursor, At: at, Kind: kind}
	default:
		return &graph.StreamCheckpoint{Cursor: cursor, At: at, Kind: graph.CallEventKindCheckpoint}
	}
}

// callerWithin bounds the look-up of who calls: the event must not wait for a slow FortyTwo.
const callerWithin = 2 * time.Second

// Caller resolves who calls, with the subscriber's own rights. It degrades to null: the ringing phone matters more.
func (r *incomingCallResolver) Caller(ctx context.Context, obj *graph.IncomingCall) (*graph.CallerSummary, error) {
	caller, err := auth.Caller(ctx)
	if err != nil || obj.Phone == nil {
		return nil, nil // a subscriber whose token has just ended still sees that it rings
	}
	ctx, cancel := context.WithTimeout(ctx, callerWithin)
	defer cancel()
	contact, err := r.o.Desk.WhoIs(ctx, helix.AsUser(caller.Token), *obj.Phone)
	if err != nil {
		r.o.Logger.InfoContext(ctx, "a caller was not looked up for a subscriber", "code", string(helix.AsError(err).Code))
		return nil, nil
	}
	return &graph.CallerSummary{
		Known: contact.Known(), DisplayName: text(contact.DisplayName), Lead: lead(contact.Lead), Patient: patient(contact.Patient),
	}, nil
}

// MissedCall resolves the entry that a missed call made.
func (r *callMissedResolver) MissedCall(ctx context.Context, obj *graph.CallMissed) (*graph.MissedCall, error) {
	return r.entry(ctx, obj.MissedCallID)
}

// MissedCall resolves the entry that was assigned.
func (r *missedCallAssignedResolver) MissedCall(ctx context.Context, obj *graph.MissedCallAssigned) (*graph.MissedCall, error) {
	return r.entry(ctx, obj.MissedCallID)
}

func (r *Resolver) entry(ctx context.Context, id helix.CallID) (*graph.MissedCall, error) {
	if id == "" {
		return nil, nil
	}
	m, err := r.o.Desk.MissedCall(ctx, id)
	if helix.IsCode(err, helix.CodeNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return r.missedCall(&m), nil
}

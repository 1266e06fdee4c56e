package desk

import (
	"context"
	"errors"
	"time"

	helix "github.com/helix-engage/gateway"
)

// dialWithin is how long a dial may take. It is longer than any client waits, since giving up says nothing about
// whether the phone rings.
const dialWithin = 15 * time.Second

// DialOrder is an agent's wish to call somebody.
type DialOrder struct {
	Phone      helix.Phone
	RequestID  string // one per wish; repeating it never dials again
	MissedCall helix.CallID
	Lead       string
	Patient    string
}

// Dial calls a number once. The intent is in the log before the request leaves, under an id that follows from the
// request id: a repeated request finds it and is answered with the same call and the same outcome, whatever became of
// the first one, on every replica and after every restart.
func (d *Desk) Dial(ctx context.Context, w Worker, o DialOrder) (helix.Call, error) {
	ctx, span := d.tracer.Start(ctx, "desk.dial")
	defer span.End()
	id := helix.CallID(helix.NewID("dial", string(w.Seat.Agent), o.RequestID))
	if call, err := d.calls.Get(ctx, id); err == nil {
		return d.repeated(ctx, w, call, o)
	} else if !helix.IsCode(err, helix.CodeNotFound) {
		return helix.Call{}, err
	}
	if _, err := d.own(ctx, w); err != nil {
		return helix.Call{}, err
	}
	if err := d.mayCallBack(ctx, w, o); err != nil {
		return helix.Call{}, err
	}
	began := d.now().UTC()
	if err := d.calls.BeginDial(ctx, w.Seat.Agent, helix.OpenDial{Call: id, Phone: o.Phone, At: began}); err != nil {
		return helix.Call{}, err
	}
	mine := false
	call, err := d.calls.Append(ctx, id, func(call *helix.Call) ([]helix.CallEvent, error) {
		if mine = call == nil; !mine {
			return nil, nil // the same request on another connection was faster
		}
		return []helix.CallEvent{{
			Kind: helix.EventDialing, At: began, Phone: o.Phone, Provider: helix.ProviderOzonetel, Direction: helix.Outbound,
			DID: w.Seat.DID, Campaign: w.Seat.Campaign, Agent: w.Seat.Agent, AgentName: w.Name, MissedCall: o.MissedCall,
		}}, nil
	})
	if err != nil {
		return call, err
	}
	if !mine {
		return d.repeated(ctx, w, call, o)
	}
	// The request is out of the client's hands from here on: his leaving must not leave the outcome unrecorded.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), dialWithin)
	defer cancel()
	return d.place(ctx, w, o, call)
}

// place sends the dial and records what the provider said.
func (d *Desk) place(ctx context.Context, w Worker, o DialOrder, call helix.Call) (helix.Call, error) {
	providerCallID, err := d.telephony.Dial(ctx, w.Seat, o.Phone, call.ID)
	switch {
	case err == nil:
		call.ProviderCallID = providerCallID
		if err := d.calls.NameDial(ctx, w.Seat.Agent, helix.ProviderOzonetel, call.ID, providerCallID); err != nil {
			return call, err
		}
	case helix.IsCode(err, helix.CodeUnknownOutcome):
		// The pushes will tell; nobody dials again meanwhile.
	default:
		spent := *helix.AsError(err)
		spent.Retryable = false // this request is answered for good; another wish is another request id
		refused, aerr := d.refuse(ctx, call, &spent)
		return refused, errors.Join(&spent, aerr)
	}
	if o.MissedCall != "" {
		if _, aerr := d.queue.Attempt(ctx, o.MissedCall, w, call.StartedAt); aerr != nil {
			return call, aerr
		}
	}
	if serr := d.records.Submit(ctx, d.dialRecord(w, o, call)); serr != nil {
		return call, serr
	}
	return call, err
}

// refuse ends a call that the provider would not place, keeping its reason for whoever repeats the request.
func (d *Desk) refuse(ctx context.Context, call helix.Call, reason *helix.Error) (helix.Call, error) {
	return d.calls.Append(ctx, call.ID, func(now *helix.Call) ([]helix.CallEvent, error) {
		if now == nil || !now.Open() {
			return nil, nil
		}
		return []helix.CallEvent{{
			Kind: helix.EventEnded, At: d.now().UTC(), Phone: now.Phone, Provider: now.Provider, Direction: now.Direction,
			Agent: now.Agent, AgentName: now.AgentName, EndReason: helix.EndRefused,
			Failure: &helix.Failure{Code: reason.Code, Message: reason.Message},
		}}, nil
	})
}

// repeated answers a request whose call exists with what is known of it.
func (d *Desk) repeated(ctx context.Context, w Worker, call helix.Call, o DialOrder) (helix.Call, error) {
	if call.Phone != o.Phone {
		return call, helix.Conflict("this requestId was used for another number; make a new one for every call")
	}
	if call.Failure != nil {
		return call, &helix.Error{Code: call.Failure.Code, Message: call.Failure.Message, Provider: call.Provider, Op: "desk.dial"}
	}
	if call.State != helix.CallDialing || call.ProviderCallID != "" {
		return call, nil
	}
	dial, err := d.calls.DialOf(ctx, w.Seat.Agent)
	if err != nil || (dial.Call == call.ID && dial.ProviderCallID != "") {
		return call, err
	}
	return call, &helix.Error{
		Code: helix.CodeUnknownOutcome, Provider: call.Provider, Op: "desk.dial",
		Message: "it is not known whether the call was placed; watch the phone before dialling again",
	}
}

// mayCallBack checks that the missed call may be called back by this worker under this number.
func (d *Desk) mayCallBack(ctx context.Context, w Worker, o DialOrder) error {
	if o.MissedCall == "" {
		return nil
	}
	m, err := d.queue.Get(ctx, o.MissedCall)
	switch {
	case err != nil:
		return err
	case m.Phone != o.Phone:
		return helix.BadInput("the number is not the missed call's; dial its own number")
	case m.Agent != "" && m.Agent != w.Seat.Agent:
		return helix.Conflict("another agent holds this missed call")
	case !m.Status.Open():
		return helix.Conflict("this missed call is settled already")
	}
	return nil
}

// dialRecord shows the call in FortyTwo as soon as it is placed, with whom it is for.
func (d *Desk) dialRecord(w Worker, o DialOrder, call helix.Call) helix.RecordWrite {
	write := call.Record()
	write.ID += ".dial"
	write.Fields["agentId"] = string(w.Member)
	for field, id := range map[string]string{"leadId": o.Lead, "patientId": o.Patient} {
		if id != "" {
			write.Fields[field] = id
		}
	}
	return write
}

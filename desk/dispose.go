package desk

import (
	"context"
	"time"

	helix "github.com/helix-engage/gateway"
)

const (
	// syncPatience is how long a disposition waits for FortyTwo to confirm its write (api.md, `dispose`).
	syncPatience = time.Second
	// whoWithin bounds the look-up of whose call it was; without an answer the record stays unlinked.
	whoWithin = time.Second
)

// DisposeOrder is how an agent sums a call up.
type DisposeOrder struct {
	Call        helix.CallID
	Disposition helix.Disposition
	MissedCall  helix.CallID // the entry that is settled with it; the call's own when empty
	Unattended  bool         // the agent is not there: he claims nothing, and nobody looks up whose call it was
}

// Disposed is the outcome.
type Disposed struct {
	Call        helix.Call
	PendingSync bool // FortyTwo has not confirmed yet
	MissedCall  *helix.MissedCall
	FollowUp    string // record id of the follow-up, "" when none was agreed
	Claimed     *helix.MissedCall
}

// Dispose sums a call up. The provider comes first, because it frees the agent and may be asked twice; everything after
// that is either stored or repeated by a second request with the same label, which gets the first result.
func (d *Desk) Dispose(ctx context.Context, w Worker, o DisposeOrder) (Disposed, error) {
	ctx, span := d.tracer.Start(ctx, "desk.dispose")
	defer span.End()
	call, err := d.calls.Get(ctx, o.Call)
	if err != nil {
		return Disposed{}, err
	}
	if err := mayDispose(&call, w, o); err != nil {
		return Disposed{Call: call}, err
	}
	if o.MissedCall == "" {
		o.MissedCall = call.MissedCall
	}
	if call.Disposition != nil {
		return d.disposedBefore(ctx, call)
	}
	if err := d.tellProvider(ctx, w, call, o.Disposition); err != nil {
		return Disposed{Call: call}, err
	}
	result, err := d.settle(ctx, w, call, o)
	if err != nil {
		return result, err
	}
	written, err := d.records.SubmitAndWait(ctx, syncPatience, d.disposeRecords(ctx, w, result, o)...)
	result.PendingSync = !written
	if err != nil {
		return result, err
	}
	result.Call, err = d.calls.Append(ctx, o.Call, func(now *helix.Call) ([]helix.CallEvent, error) {
		if now.Disposition != nil {
			return nil, mayDispose(now, w, o) // the same request on another connection was faster
		}
		return []helix.CallEvent{disposedEvent(d.now(), w, now, o, result)}, nil
	})
	return result, err
}

// disposedBefore gives the first result again. It changes nothing: the agent may long be talking to somebody else.
func (d *Desk) disposedBefore(ctx context.Context, call helix.Call) (Disposed, error) {
	result := Disposed{Call: call, FollowUp: call.FollowUp}
	for id, to := range map[helix.CallID]**helix.MissedCall{call.MissedCall: &result.MissedCall, call.Claimed: &result.Claimed} {
		if id == "" {
			continue
		}
		entry, err := d.queue.Get(ctx, id)
		switch {
		case err == nil:
			*to = &entry
		case !helix.IsCode(err, helix.CodeNotFound):
			return result, err
		}
	}
	return result, nil
}

func mayDispose(call *helix.Call, w Worker, o DisposeOrder) error {
	switch {
	case call.Agent != w.Seat.Agent:
		return helix.Forbidden("this call is not yours to dispose")
	case call.State == helix.CallDialing || (call.State == helix.CallRinging && !call.Answered()):
		return &helix.Error{Code: helix.CodeAgentBusy, Message: "the call still rings; dispose it when it is answered or over", Retryable: true}
	case call.Disposition != nil && (call.Disposition.Label != o.Disposition.Label || call.DisposedBy != w.Seat.Agent):
		return &helix.Error{Code: helix.CodeAlreadyDisposed, Message: "this call was disposed as " + call.Disposition.Label}
	}
	return nil
}

// tellProvider saves the disposition with the telephony provider. A call that the provider never placed or does not
// know any more has nothing to be freed from; our own record is kept.
func (d *Desk) tellProvider(ctx context.Context, w Worker, call helix.Call, disposition helix.Disposition) error {
	if call.ProviderCallID == "" {
		return nil
	}
	err := d.telephony.Dispose(ctx, w.Seat, call, disposition)
	if helix.IsCode(err, helix.CodeNotFound) {
		d.log.WarnContext(ctx, "the provider does not know the call; its disposition is kept here alone", "call", string(call.ID))
		return nil
	}
	return err
}

// settle does what the disposition means at the desk: the missed call, the follow-up's id, the next claim.
func (d *Desk) settle(ctx context.Context, w Worker, call helix.Call, o DisposeOrder) (Disposed, error) {
	result := Disposed{Call: call}
	if o.MissedCall != "" {
		entry, err := d.settleMissed(ctx, w, call, o)
		if err != nil {
			return result, err
		}
		result.MissedCall = &entry
	}
	if !o.Disposition.CallbackAt.IsZero() {
		result.FollowUp = helix.NewID("followUp", string(call.ID))
	}
	if call.Open() {
		return result, nil // the provider keeps it until hang-up; the agent is not free yet
	}
	freed, err := d.free(ctx, w)
	if err != nil || o.Unattended || freed.Wanted == helix.AgentPaused {
		return result, err
	}
	result.Claimed, err = d.queue.Claim(ctx, w)
	return result, err
}

// free notes that the provider released the agent, and carries out what he wished for meanwhile.
func (d *Desk) free(ctx context.Context, w Worker) (presence, error) {
	freed, err := d.agents.change(ctx, w.Seat.Agent, func(p *presence) bool {
		p.Member, p.Name = w.Member, w.Name
		p.settle(helix.AgentReady, "", d.now())
		p.Current = ""
		if !p.Pending {
			p.Wanted, p.WantedReason = helix.AgentReady, ""
		}
		return true
	})
	if err == nil && freed.Pending {
		if err := d.carryOut(ctx, w, freed); err != nil { // tending tries again
			d.log.InfoContext(ctx, "a wish of an agent waits on", "agent", string(w.Seat.Agent), "code", string(helix.AsError(err).Code))
		}
	}
	return freed, err
}

// settleMissed closes the entry when the patient was reached; one who did not answer stays with the agent.
func (d *Desk) settleMissed(ctx context.Context, w Worker, call helix.Call, o DisposeOrder) (helix.MissedCall, error) {
	entry, err := d.queue.Get(ctx, o.MissedCall)
	if err != nil {
		return entry, err
	}
	if entry.Phone != call.Phone {
		return entry, helix.BadInput("the missed call belongs to another number")
	}
	if !call.Answered() {
		return entry, nil
	}
	return d.queue.Settle(ctx, o.MissedCall, w, helix.CallbackCompleted)
}

func disposedEvent(now time.Time, w Worker, call *helix.Call, o DisposeOrder, result Disposed) helix.CallEvent {
	e := helix.CallEvent{
		Kind: helix.EventDisposed, At: now.UTC(), Phone: call.Phone, Provider: call.Provider, Direction: call.Direction,
		Agent: w.Seat.Agent, AgentName: w.Name, Disposition: &o.Disposition, FollowUp: result.FollowUp,
	}
	if result.MissedCall != nil {
		e.MissedCall = result.MissedCall.ID
	}
	if result.Claimed != nil {
		e.Claimed = result.Claimed.ID
	}
	return e
}

// disposeRecords is what FortyTwo shows of a disposition: the call, and the follow-up when one was agreed.
func (d *Desk) disposeRecords(ctx context.Context, w Worker, result Disposed, o DisposeOrder) []helix.RecordWrite {
	contact := d.who(ctx, w, result)
	call := result.Call
	call.Disposition, call.AgentName = &o.Disposition, w.Name
	write := call.Record()
	write.ID += ".disposed"
	write.Fields["agentId"] = string(w.Member)
	link(write.Fields, contact)
	writes := []helix.RecordWrite{write}
	if result.FollowUp != "" {
		followUp := helix.RecordWrite{
			ID: result.FollowUp, Lane: string(call.ID), Object: helix.ObjectFollowUp, Record: result.FollowUp,
			Fields: map[string]any{
				"name":           "Call back: " + o.Disposition.Label,
				"dueAt":          o.Disposition.CallbackAt.UTC().Format(time.RFC3339Nano),
				"followUpStatus": "PENDING",
				"remark":         o.Disposition.Notes,
				"assigneeId":     string(w.Member),
				"callId":         string(call.ID),
			},
		}
		link(followUp.Fields, contact)
		writes = append(writes, followUp)
	}
	return writes
}

// who tells whose call it was: as the missed call knows, else as FortyTwo tells the agent within a moment.
func (d *Desk) who(ctx context.Context, w Worker, result Disposed) helix.Contact {
	if m := result.MissedCall; m != nil && (m.Lead != "" || m.Patient != "") {
		return helix.Contact{Lead: m.Lead, Patient: m.Patient}
	}
	if result.Call.Phone == "" || w.Token == "" {
		return helix.Contact{}
	}
	ctx, cancel := context.WithTimeout(ctx, whoWithin)
	defer cancel()
	contact, err := d.crm.ContactByPhone(ctx, w.Access(), result.Call.Phone)
	if err != nil {
		d.log.InfoContext(ctx, "a disposed call is not linked to its patient", "call", string(result.Call.ID), "code", string(helix.AsError(err).Code))
	}
	return contact
}

func link(fields map[string]any, contact helix.Contact) {
	if contact.Lead != "" {
		fields["leadId"] = contact.Lead
	}
	if contact.Patient != "" {
		fields["patientId"] = contact.Patient
	}
}

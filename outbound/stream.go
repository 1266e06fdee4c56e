package outbound

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	helix "github.com/helix-engage/gateway"
)

// Claim is a stream that wants to be a call's audio.
type Claim struct {
	Call    helix.CallID    // from the stream's token; "" for a socket without one, which is matched by Start
	Attempt int             // from the token; 0 without one
	Start   helix.LineStart // what the telephony provider says of it
}

// Plan is what an attached stream is to do.
type Plan struct {
	Call        helix.CallID
	Attempt     int
	VoiceAgent  string
	Start       helix.VoiceStart
	MaxDuration time.Duration
	Record      bool
	TransferTo  helix.Phone
}

// Result is how an attached stream ended. An empty reason says that the audio ended without word.
type Result struct {
	Reason       helix.OutboundReason
	Conversation string
	Media        helix.MediaStats
	Recording    string
	TalkedFor    time.Duration
}

// Attach gives a stream its call: once per attempt, for the last one, while the call is dialled, has just been answered,
// or waits for a retry, which is cancelled by it. FORBIDDEN or NOT_FOUND when the stream has no call here.
func (s *Service) Attach(ctx context.Context, claim Claim) (Plan, error) {
	id := claim.Call
	if id == "" {
		var err error
		start := claim.Start
		if id, err = s.identify(ctx, helix.CallID(start.Session), s.o.Provider, start.ProviderCallID, start.Customer); err != nil {
			return Plan{}, err
		}
	}
	call, err := s.change(ctx, id, func(e *edit) (bool, error) {
		a := e.Attempt()
		if a == nil || claim.Attempt != 0 && claim.Attempt != a.Number {
			return false, helix.Forbidden("the stream is of an attempt that is over")
		}
		if !a.AttachedAt.IsZero() {
			return false, helix.Forbidden("the call has its stream already")
		}
		switch e.State {
		case helix.OutboundInitiating, helix.OutboundDialing:
			e.reopen()
			a.ConnectedAt = e.now
			e.move(helix.OutboundConnected)
		case helix.OutboundConnected:
		default:
			return false, helix.Forbidden("the call is over")
		}
		a.AttachedAt = e.now
		a.Learn(claim.Start.ProviderCallID)
		e.note(helix.OutboundMedia, "audio arrived")
		return true, nil
	})
	if err != nil {
		return Plan{}, err
	}
	return s.plan(&call), nil
}

func (s *Service) plan(c *helix.OutboundCall) Plan {
	attempt := c.Attempt().Number
	return Plan{
		Call: c.ID, Attempt: attempt, VoiceAgent: s.voiceAgent(c), MaxDuration: s.o.MaxDuration, Record: s.o.Record, TransferTo: s.o.TransferTo,
		Start: helix.VoiceStart{
			Call: c.ID, Attempt: attempt, User: string(c.ID), Language: c.Request.Language, Variables: variables(c, attempt),
		},
	}
}

// variables is what the voice agent knows of the patient. A variable that its prompt names must be there, so that empty
// ones are given too; objects are flattened (elevenlabs.md 2).
func variables(c *helix.OutboundCall, attempt int) map[string]any {
	p := c.Request.Patient
	v := map[string]any{}
	var data map[string]any
	if json.Unmarshal(p.CRMData, &data) == nil {
		flatten(v, "crm", data)
	}
	for name, value := range map[string]string{
		"call_session_id": string(c.ID), "patient_id": p.ID, "patient_name": p.Name, "treatment_type": p.TreatmentType,
		"purpose": c.Request.Purpose, "language": c.Request.Language,
	} {
		v[name] = value
	}
	v["attempt"] = attempt
	return v
}

// maxVariables bounds what of the CRM's data becomes variables; the whole of it is had by get_patient_context.
const maxVariables = 100

func flatten(into map[string]any, prefix string, object map[string]any) {
	for key, value := range object {
		if len(into) >= maxVariables {
			return
		}
		name := prefix + "_" + key
		switch value := value.(type) {
		case map[string]any:
			flatten(into, name, value)
		case string, float64, bool:
			into[name] = value
		}
	}
}

// Active notes that patient and voice agent talk, at first and again after the agent was lost and found.
func (s *Service) Active(ctx context.Context, call helix.CallID, attempt int, conversation string) error {
	_, err := s.change(ctx, call, func(e *edit) (bool, error) {
		a, err := e.attached(attempt)
		if err != nil {
			return false, err
		}
		if conversation != "" {
			e.converse(conversation)
		}
		e.once(helix.OutboundVoice, "the voice agent is there: "+conversation)
		if a.TalkingAt.IsZero() {
			a.TalkingAt = e.now
		}
		if e.State == helix.OutboundConnected {
			e.move(helix.OutboundActive)
		}
		return true, nil
	})
	return err
}

// attached gives the attempt whose stream speaks, CONFLICT when that is not the last one or has none.
func (e *edit) attached(attempt int) (*helix.OutboundAttempt, error) {
	a := e.Attempt()
	if a == nil || a.Number != attempt || a.AttachedAt.IsZero() {
		return nil, helix.Conflict("the stream is not the call's")
	}
	return a, nil
}

// Ended takes in how a stream ended. It is told once; repeating it changes nothing.
func (s *Service) Ended(ctx context.Context, call helix.CallID, attempt int, r Result) error {
	spoken := s.speech.take(call)
	_, err := s.change(ctx, call, func(e *edit) (bool, error) {
		a, err := e.attached(attempt)
		if err != nil {
			return false, err
		}
		told := spoken.tell(e)
		if !a.SilentAt.IsZero() {
			return told, nil
		}
		a.SilentAt = e.now
		e.Media, e.TalkedFor = &r.Media, r.TalkedFor
		if r.Recording != "" && len(r.Recording) <= maxURL {
			e.Recording = r.Recording // ours is better than the provider's
		}
		if r.Conversation != "" {
			e.converse(r.Conversation)
		}
		e.note(helix.OutboundMedia, fmt.Sprintf("audio ended after %s: %s", r.TalkedFor.Round(time.Second), r.Reason))
		if !e.State.Final() {
			s.silent(e, r.Reason)
		}
		return true, nil
	})
	if err != nil && !helix.IsCode(err, helix.CodeNotFound) {
		s.speech.giveBack(call, spoken)
	}
	return err
}

// silent moves a call whose stream has ended.
func (s *Service) silent(e *edit, reason helix.OutboundReason) {
	talked := e.State == helix.OutboundActive
	if talked && reason == helix.ReasonNoAudio {
		reason = "" // the audio stopped, or made no sense any more; they talked before
	}
	switch reason {
	case helix.ReasonTransferred:
		e.finish(helix.OutboundCompleted, reason)
	case helix.ReasonCompleted, helix.ReasonPatientHungUp, helix.ReasonAgentHungUp, helix.ReasonMaxDuration:
		to := helix.OutboundFailed
		if talked {
			to = helix.OutboundCompleted
		}
		e.finish(to, reason)
	case helix.ReasonNoAudio, helix.ReasonVoiceFailed, helix.ReasonCancelled:
		e.finish(helix.OutboundFailed, reason)
	default:
		e.move(helix.OutboundDisconnected)
		if a := e.Attempt(); a.Reported != "" {
			s.settle(e)
		}
	}
}

// settle ends a call whose audio ended without word, by what is known: they talked, or they did not.
func (s *Service) settle(e *edit) {
	a := e.Attempt()
	switch {
	case !a.TalkingAt.IsZero():
		e.finish(helix.OutboundCompleted, helix.ReasonCompleted)
	case e.Media != nil && e.Media.FramesIn > 0:
		e.finish(helix.OutboundFailed, helix.ReasonVoiceFailed)
	default:
		e.finish(helix.OutboundFailed, helix.ReasonNoAudio)
	}
}

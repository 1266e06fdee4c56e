package sandbox

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/helix-engage/gateway/sandbox/ozonetel"
)

func (s *Sandbox) callRoutes() []route {
	return []route{
		{
			Method: "POST", Path: "/sandbox/calls",
			Does: "a patient rings in: answers callId and ucid (the same) and the phone; without a phone one is picked. " +
				"Zero or absent seconds: with traffic off nothing happens by itself, " +
				"else the agent's phone is picked up after 3 s and they talk for 20 s; unpushed: only CDR reports know the call",
			Body: ringIn{Phone: "9812345678", DID: "918041763265", PatienceSeconds: 20, PickupSeconds: 2, TalkSeconds: 30}, serve: s.ringIn,
		},
		{Method: "GET", Path: "/sandbox/calls", Does: "every remembered call, oldest first; ?state= filters", serve: s.listCalls},
		{
			Method: "POST", Path: "/sandbox/calls/{ucid}/offer",
			Does: "rings a READY agent's phone with a queued call; without an agentId the one who has been READY longest",
			Body: offer{AgentID: "agent1"}, serve: s.offerCall,
		},
		{
			Method: "POST", Path: "/sandbox/calls/{ucid}/answer",
			Does:  "picks up the phone that rings: the agent's, then (manual dial) the customer's",
			serve: s.moveCall(s.phone.Answer),
		},
		{
			Method: "POST", Path: "/sandbox/calls/{ucid}/hangup", Does: "ends the call; by is user or agent, default user",
			Body: hangup{By: "user"}, serve: s.hangUpCall,
		},
		{
			Method: "POST", Path: "/sandbox/calls/{ucid}/join",
			Does:  "picks up the phone of who was called into the call (CONFERENCE) and still rings",
			serve: s.moveCall(s.phone.JoinConference),
		},
		{
			Method: "POST", Path: "/sandbox/calls/{ucid}/abandon", Does: "an inbound caller hangs up before an answer",
			serve: s.moveCall(s.phone.Abandon),
		},
		{Method: "GET", Path: "/sandbox/agents", Does: "every agent with his state and call", serve: show(func() any {
			return map[string]any{"agents": s.phone.Agents()}
		})},
		{
			Method: "POST", Path: "/sandbox/agents/{agent}/stick", Does: "the agent's line takes no call until releaseFwpNumber",
			serve: func(r *http.Request) (any, error) { return done{OK: true}, s.phone.StickLine(r.PathValue("agent")) },
		},
		{
			Method: "POST", Path: "/sandbox/dials/next",
			Does: "how the next dialled customer behaves: outcome answer, busy, noanswer, agent-noanswer or manual (waits for this server); " +
				"plans are used in order; they hold for who is called into a conference too; unpushed as for calls",
			Body: dialPlan{Outcome: ozonetel.CustomerAnswers, AgentRingSeconds: 0.5, RingSeconds: 2, TalkSeconds: 20}, serve: s.planDial,
		},
	}
}

type ringIn struct {
	Phone           string  `json:"phone,omitempty"`
	DID             string  `json:"did,omitempty"`
	IVRSeconds      float64 `json:"ivrSeconds,omitempty"`      // announcement before the call can be distributed
	PatienceSeconds float64 `json:"patienceSeconds,omitempty"` // hangs up when not answered by then
	PickupSeconds   float64 `json:"pickupSeconds,omitempty"`   // an offered agent's phone is picked up
	TalkSeconds     float64 `json:"talkSeconds,omitempty"`     // the caller hangs up
	Unpushed        bool    `json:"unpushed,omitempty"`        // no event and no CDR push: only the reports know the call
}

func (s *Sandbox) ringIn(r *http.Request) (any, error) {
	in, err := decodeBody[ringIn](r)
	if err != nil {
		return nil, err
	}
	if did := s.phone.Account().Campaign.DID; in.DID != "" && in.DID != did {
		return nil, badRequestError(fmt.Sprintf("did %q is not in service, the sandbox has %s", in.DID, did))
	}
	plan := ozonetel.CallerPlan{Unpushed: in.Unpushed}
	if plan.IVR, err = seconds("ivrSeconds", in.IVRSeconds); err != nil {
		return nil, err
	}
	if plan.Patience, err = seconds("patienceSeconds", in.PatienceSeconds); err != nil {
		return nil, err
	}
	if plan.Pickup, err = seconds("pickupSeconds", in.PickupSeconds); err != nil {
		return nil, err
	}
	if plan.Talk, err = seconds("talkSeconds", in.TalkSeconds); err != nil {
		return nil, err
	}
	if s.options.Traffic != TrafficOff {
		plan = likeAnyOther(plan)
	}
	if in.Phone == "" {
		in.Phone = s.somePhone()
	}
	ucid, err := s.phone.RingIn(in.Phone, plan)
	if err != nil {
		return nil, err
	}
	c, err := s.phone.Call(ucid)
	if err != nil {
		return nil, err
	}
	return map[string]string{"callId": ucid, "ucid": ucid, "phone": c.Phone}, nil
}

// likeAnyOther completes a plan so that a colleague can take the call in running traffic, where nobody moves it by hand.
func likeAnyOther(plan ozonetel.CallerPlan) ozonetel.CallerPlan {
	if plan.Pickup == 0 {
		plan.Pickup = 3 * time.Second
	}
	if plan.Talk == 0 {
		plan.Talk = 20 * time.Second
	}
	plan.WrapUp = 3 * time.Second
	return plan
}

func (s *Sandbox) listCalls(r *http.Request) (any, error) {
	calls := s.phone.Calls()
	if state := r.URL.Query().Get("state"); state != "" {
		calls = slices.DeleteFunc(calls, func(c ozonetel.CallView) bool { return string(c.State) != state })
	}
	return map[string]any{"calls": calls}, nil
}

type offer struct {
	AgentID string `json:"agentId,omitempty"`
}

func (s *Sandbox) offerCall(r *http.Request) (any, error) {
	in, err := decodeBody[offer](r)
	if err != nil {
		return nil, err
	}
	return s.moveCall(func(ucid string) error { return s.phone.Offer(ucid, in.AgentID) })(r)
}

type hangup struct {
	By string `json:"by,omitempty"`
}

func (s *Sandbox) hangUpCall(r *http.Request) (any, error) {
	in, err := decodeBody[hangup](r)
	if err != nil {
		return nil, err
	}
	by, ok := map[string]string{"": ozonetel.UserHangup, "user": ozonetel.UserHangup, "agent": ozonetel.AgentHangup}[in.By]
	if !ok {
		return nil, badRequestError(fmt.Sprintf("by is %q, must be user or agent", in.By))
	}
	return s.moveCall(func(ucid string) error { return s.phone.Hangup(ucid, by) })(r)
}

// moveCall makes an endpoint of one of the emulator's levers: it answers the call as it is afterwards.
func (s *Sandbox) moveCall(move func(ucid string) error) func(*http.Request) (any, error) {
	return func(r *http.Request) (any, error) {
		ucid := r.PathValue("ucid")
		if err := move(ucid); err != nil {
			return nil, err
		}
		return s.phone.Call(ucid)
	}
}

type dialPlan struct {
	Outcome          ozonetel.DialOutcome `json:"outcome"`
	AgentRingSeconds float64              `json:"agentRingSeconds,omitempty"`
	RingSeconds      float64              `json:"ringSeconds,omitempty"`
	TalkSeconds      float64              `json:"talkSeconds,omitempty"`
	Unpushed         bool                 `json:"unpushed,omitempty"`
}

func (s *Sandbox) planDial(r *http.Request) (any, error) {
	in, err := decodeBody[dialPlan](r)
	if err != nil {
		return nil, err
	}
	plan := ozonetel.DialPlan{Outcome: in.Outcome, Unpushed: in.Unpushed}
	if plan.AgentRing, err = seconds("agentRingSeconds", in.AgentRingSeconds); err != nil {
		return nil, err
	}
	if plan.Ring, err = seconds("ringSeconds", in.RingSeconds); err != nil {
		return nil, err
	}
	if plan.Talk, err = seconds("talkSeconds", in.TalkSeconds); err != nil {
		return nil, err
	}
	return done{OK: true}, s.phone.PlanNextDial(plan)
}

package sandbox

import (
	"fmt"
	"net/http"

	"github.com/helix-engage/gateway/sandbox/faults"
	"github.com/helix-engage/gateway/sandbox/ozonetel"
)

func (s *Sandbox) faultRoutes() []route {
	return []route{
		{
			Method: "POST", Path: "/sandbox/faults",
			Does: "the next count requests of a target (ozonetel, fortytwo, knowlarity, elevenlabs) go wrong; kind: delay, hang, reset, status, body, garbage, " +
				"for ozonetel and fortytwo also rate-limit, for fortytwo error (with code and message), expired, and for its schema other-schema, garbage-schema and empty-schema; afterEffect: the request takes effect and only its answer is lost; " +
				"endpoint: a name in GET /sandbox/requests, for fortytwo a root field or a path; without it any",
			Body: fault{Target: "ozonetel", Endpoint: "AgentManualDial", Kind: "reset", Count: 1, AfterEffect: true}, serve: s.armFault,
		},
		{Method: "DELETE", Path: "/sandbox/faults", Does: "disarms every fault not used up", serve: act(s.clearFaults)},
		{
			Method: "POST", Path: "/sandbox/pushes",
			Does: "the next count pushes of a kind (call, agent, cdr, pop; none: any) go wrong; effect: duplicate, delay, reorder, drop; " +
				"a screen pop twice is what the vendor's browser and server send when both are set up",
			Body: pushFault{Kind: "cdr", Effect: "duplicate", Count: 1}, serve: s.armPushFault,
		},
		{Method: "GET", Path: "/sandbox/pushes", Does: "what became of the pushes", serve: show(s.phone.PushCounts)},
		{
			Method: "POST", Path: "/sandbox/ozonetel/token/expire", Does: "the token in use answers Token Expired",
			serve: act(s.phone.ExpireToken),
		},
		{
			Method: "POST", Path: "/sandbox/ozonetel/token/steal",
			Does:  "another system on the account generates a token: the one in use answers Invalid Token",
			serve: act(s.phone.StealToken),
		},
		{
			Method: "PUT", Path: "/sandbox/ozonetel/limits",
			Does: "how the account's rate limits are enforced: off lets everything through; status is the HTTP status of a refusal, 0 means 200",
			Body: ozonetel.RateLimits{Status: http.StatusTooManyRequests}, serve: s.setLimits,
		},
		{
			Method: "GET", Path: "/sandbox/requests",
			Does:  "requests the emulators received: counts by endpoint since the start, and the latest",
			serve: show(s.requests),
		},
	}
}

func (s *Sandbox) setLimits(r *http.Request) (any, error) {
	in, err := decodeBody[ozonetel.RateLimits](r)
	if err != nil {
		return nil, err
	}
	return done{OK: true}, s.phone.SetRateLimits(in)
}

func (s *Sandbox) clearFaults() {
	s.phone.ClearFaults()
	s.crm.ClearFaults()
	s.dialler.ClearFaults()
	s.voice.ClearFaults()
}

func (s *Sandbox) requests() map[string]any {
	return map[string]any{
		"ozonetel":   map[string]any{"counts": s.phone.RequestCounts(), "latest": s.phone.Requests()},
		"fortytwo":   map[string]any{"counts": s.crm.RequestCounts(), "latest": s.crm.Requests()},
		"knowlarity": map[string]any{"counts": s.dialler.RequestCounts(), "latest": s.dialler.Requests()},
		"elevenlabs": map[string]any{"counts": s.voice.RequestCounts(), "latest": s.voice.Requests()},
	}
}

type fault struct {
	Target      string `json:"target"`
	Endpoint    string `json:"endpoint,omitempty"`
	Kind        string `json:"kind"`
	Count       int    `json:"count,omitempty"`
	DelayMillis int    `json:"delayMs,omitempty"`
	Status      int    `json:"status,omitempty"`
	Body        string `json:"body,omitempty"`
	AfterEffect bool   `json:"afterEffect,omitempty"`
	Code        string `json:"code,omitempty"`    // of kind error, fortytwo alone
	Message     string `json:"message,omitempty"` // likewise
}

func (s *Sandbox) armFault(r *http.Request) (any, error) {
	in, err := decodeBody[fault](r)
	if err != nil {
		return nil, err
	}
	delay, err := millis("delayMs", in.DelayMillis)
	if err != nil {
		return nil, err
	}
	if in.Target != "fortytwo" && (in.Code != "" || in.Message != "") {
		return nil, badRequestError("code and message are for the target fortytwo")
	}
	request := faults.Request{
		Endpoint: in.Endpoint, Kind: faults.Kind(in.Kind), Count: in.Count, Delay: delay, Status: in.Status, Body: in.Body, AfterEffect: in.AfterEffect,
	}
	switch in.Target {
	case "ozonetel":
		return done{OK: true}, s.phone.Fail(ozonetel.Fault{
			Endpoint: in.Endpoint, Kind: ozonetel.FaultKind(in.Kind), Count: in.Count, Delay: delay,
			Status: in.Status, Body: in.Body, AfterEffect: in.AfterEffect,
		})
	case "fortytwo":
		return done{OK: true}, s.failCRM(in, delay)
	case "knowlarity":
		return done{OK: true}, s.dialler.Fail(request)
	case "elevenlabs":
		return done{OK: true}, s.voice.Fail(request)
	default:
		return nil, badRequestError(fmt.Sprintf("target is %q, must be ozonetel, fortytwo, knowlarity or elevenlabs", in.Target))
	}
}

type pushFault struct {
	Kind        ozonetel.PushKind   `json:"kind,omitempty"`
	Effect      ozonetel.PushEffect `json:"effect"`
	Count       int                 `json:"count,omitempty"`
	DelayMillis int                 `json:"delayMs,omitempty"`
}

func (s *Sandbox) armPushFault(r *http.Request) (any, error) {
	in, err := decodeBody[pushFault](r)
	if err != nil {
		return nil, err
	}
	delay, err := millis("delayMs", in.DelayMillis)
	if err != nil {
		return nil, err
	}
	return done{OK: true}, s.phone.FailPushes(ozonetel.PushFault{Kind: in.Kind, Effect: in.Effect, Count: in.Count, Delay: delay})
}

package outboundday

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/helix-engage/gateway/sandbox/client"
)

// call is an outbound call as the CRM reads it.
type call struct {
	ID        string `json:"id"`
	State     string `json:"state"`
	EndReason string `json:"endReason"`
	Attempts  []struct {
		Number         int    `json:"number"`
		State          string `json:"state"`
		ProviderCallID string `json:"providerCallId"`
		Outcome        string `json:"outcome"`
	} `json:"attempts"`
	Timeline []struct {
		Kind string `json:"kind"`
	} `json:"timeline"`
	Transcript []struct {
		Role string `json:"role"`
		Text string `json:"text"`
	} `json:"transcript"`
	Collected []struct {
		Key   string `json:"key"`
		Value any    `json:"value"`
	} `json:"collectedData"`
	Summary      string `json:"summary"`
	RecordingURL string `json:"recordingUrl"`
	Media        *struct {
		FramesIn      int `json:"framesIn"`
		FramesOut     int `json:"framesOut"`
		DroppedFrames int `json:"droppedFrames"`
		Interruptions int `json:"interruptions"`
		Reconnects    int `json:"reconnects"`
		AgentLatency  *struct {
			P50 int `json:"p50"`
			Max int `json:"max"`
		} `json:"agentLatencyMs"`
	} `json:"media"`
}

// outcomes are those of its attempts, e.g. "BUSY, COMPLETED".
func (c call) outcomes() string {
	all := make([]string, len(c.Attempts))
	for i, a := range c.Attempts {
		all[i] = a.Outcome
	}
	return strings.Join(all, ", ")
}

// update is what the subscription to a call tells.
type update struct {
	Kind string `json:"kind"`
	Call call   `json:"outboundCall"`
}

// subject is one call of a scene, and the CRM's view of it.
type subject struct {
	*player

	key     string // idempotency key
	patient map[string]any
	phone   string
	socket  *client.Socket

	id string
}

// about makes the subject of a scene: a call to a patient of its own.
func (p *player) about(key, name, phone string) *subject {
	return &subject{player: p, key: key, phone: phone, patient: map[string]any{
		"id": "crm-patient-" + key, "name": name, "phoneNumber": phone, "treatmentType": "knee consultation",
		"crmData": map[string]any{"lastVisit": "2024-01-15", "doctor": "Dr. Rao", "department": "Orthopaedics"},
	}}
}

// started is what asking for a call answers.
type started struct {
	client.Outcome
	Call     call `json:"outboundCall"`
	Replayed bool `json:"replayed"`
}

// wishes asks for the call; extra members change or extend the wish.
func (s *subject) wishes(ctx context.Context, extra map[string]any) (started, error) {
	input := map[string]any{"idempotencyKey": "demo-" + s.key, "language": "hi", "patient": s.patient}
	maps.Copy(input, extra)
	var out struct {
		Start started `json:"startOutboundCall"`
	}
	err := s.crm.Run(ctx, s.o.GraphQL, document("StartOutboundCall"), map[string]any{"input": input}, &out)
	return out.Start, err
}

// asks is the step that asks for the call and listens to what becomes of it.
func (s *subject) asks(ctx context.Context) (string, error) {
	answer, err := s.wishes(ctx, nil)
	if err == nil {
		err = answer.Check()
	}
	if err == nil && answer.Replayed {
		err = errors.New("replayed although it is new")
	}
	if err != nil {
		return "", err
	}
	s.id = answer.Call.ID
	return fmt.Sprintf("call %s is %s", s.id, answer.Call.State), s.listens(ctx)
}

// listens opens a WebSocket and subscribes to the call.
func (s *subject) listens(ctx context.Context) (err error) {
	s.socket, err = client.Listen(context.WithoutCancel(ctx), s.o.GraphQL, s.crm.Credential, client.Subscription{
		Name: "OutboundCallUpdated", Query: document("OutboundCallUpdated"), Variables: map[string]any{"id": s.id},
	})
	return err
}

// close ends the subscription.
func (s *subject) close() {
	if s.socket != nil {
		s.socket.Close()
	}
}

// reads is the call with everything.
func (s *subject) reads(ctx context.Context) (call, error) {
	var out struct {
		Call *call `json:"outboundCall"`
	}
	err := s.crm.Run(ctx, s.o.GraphQL, document("OutboundCall"), map[string]any{"id": s.id}, &out)
	if err == nil && out.Call == nil {
		err = fmt.Errorf("there is no call %s", s.id)
	}
	if err != nil {
		return call{}, err
	}
	return *out.Call, nil
}

// ends awaits the end of the call, which must be in this state for this reason after so many attempts.
func (s *subject) ends(ctx context.Context, state, reason string, attempts int) (call, error) {
	_, err := client.Await(ctx, s.socket, "OutboundCallUpdated", "the end of the call", func(u update) bool {
		return u.Call.State == "COMPLETED" || u.Call.State == "FAILED"
	})
	if err != nil {
		return call{}, err
	}
	c, err := s.reads(ctx)
	if err == nil && (c.State != state || c.EndReason != reason || len(c.Attempts) != attempts) {
		err = fmt.Errorf("it ended %s, %s after %d attempts (%s), not %s, %s after %d", c.State, c.EndReason, len(c.Attempts), c.outcomes(), state, reason, attempts)
	}
	return c, err
}

// becomes awaits that the call is as it should be; it is read again when the subscription told something.
func (s *subject) becomes(ctx context.Context, what string, fits func(call) bool) (call, error) {
	for {
		known, err := client.Heard[update](s.socket, "OutboundCallUpdated")
		if err != nil {
			return call{}, err
		}
		c, err := s.reads(ctx)
		if err != nil || fits(c) {
			return c, err
		}
		if err := s.socket.More(ctx, "OutboundCallUpdated", len(known)); err != nil {
			return c, fmt.Errorf("%s did not come about: %w; the call is %s, %s after %d entries of timeline", what, err, c.State, c.EndReason, len(c.Timeline))
		}
	}
}

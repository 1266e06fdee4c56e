package outboundday

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"time"
)

// plans says what a patient does with his calls, one after the other.
func (s *subject) plans(ctx context.Context, calls ...map[string]any) error {
	return s.control.Put(ctx, s.o.Control+"/sandbox/knowlarity/patients", map[string]any{"number": s.phone, "calls": calls}, nil)
}

// heardCall is a call as it was on the patient's phone; offsets count from the answer.
type heardCall struct {
	AnsweredAt time.Time `json:"answeredAt"`
	Moments    []moment  `json:"moments"`
	HeardMs    int       `json:"heardMs"`
	Violations []string  `json:"violations"`
}

type moment struct {
	AtMs       int    `json:"atMs"`
	Kind       string `json:"kind"`
	DurationMs int    `json:"durationMs"`
}

// find is the first moment of a kind at or after a time.
func (c heardCall) find(kind string, from int) (moment, error) {
	i := slices.IndexFunc(c.Moments, func(m moment) bool { return m.Kind == kind && m.AtMs >= from })
	if i < 0 {
		return moment{}, fmt.Errorf("nothing of the kind %q on the phone: %+v", kind, c.Moments)
	}
	return c.Moments[i], nil
}

// silenceMs is the longest time between two offsets in which there was nothing to hear and the patient did not speak either.
func (c heardCall) silenceMs(after, before int) int {
	longest := 0
	for _, gap := range c.Moments {
		if gap.Kind != "silence" {
			continue
		}
		from, to := max(gap.AtMs, after), min(gap.AtMs+gap.DurationMs, before)
		for _, said := range c.Moments {
			if said.Kind == "spoke" && said.AtMs < to && said.AtMs+said.DurationMs > from {
				longest = max(longest, said.AtMs-from)
				from = said.AtMs + said.DurationMs
			}
		}
		longest = max(longest, to-from)
	}
	return longest
}

// phoneCalls are the calls that the patient's phone had.
func (s *subject) phoneCalls(ctx context.Context) ([]heardCall, error) {
	var out struct {
		Calls []heardCall `json:"calls"`
	}
	err := s.control.Get(ctx, s.o.Control+"/sandbox/knowlarity/calls?customer="+url.QueryEscape(s.phone), &out)
	return out.Calls, err
}

// phoneRang is what the patient's phone had to say, which must have rung so often.
func (s *subject) phoneRang(ctx context.Context, times int) ([]heardCall, error) {
	calls, err := s.phoneCalls(ctx)
	if err == nil && len(calls) != times {
		err = fmt.Errorf("the phone rang %d times, not %d", len(calls), times)
	}
	for _, c := range calls {
		if err == nil && len(c.Violations) > 0 {
			err = fmt.Errorf("the provider objects: %q", c.Violations)
		}
	}
	return calls, err
}

// dialRequest is one request to dial as the telephony provider received it.
type dialRequest struct {
	At       time.Time `json:"at"`
	Endpoint string    `json:"endpoint"`
	Fault    string    `json:"fault"`
}

// dials are the requests to dial that the telephony provider received.
func (p *player) dials(ctx context.Context) ([]dialRequest, error) {
	var out struct {
		Knowlarity struct {
			Latest []dialRequest `json:"latest"`
		} `json:"knowlarity"`
	}
	err := p.control.Get(ctx, p.o.Control+"/sandbox/requests", &out)
	return slices.DeleteFunc(out.Knowlarity.Latest, func(r dialRequest) bool { return r.Endpoint != "flow" }), err
}

// conversation is one as the voice provider had it.
type conversation struct {
	BegunAt    time.Time `json:"begunAt"`
	DurationMs int       `json:"durationMs"`
	CloseCode  int       `json:"closeCode"`
}

// conversations are those that the voice provider has had, in the order of their beginning.
func (p *player) conversations(ctx context.Context) ([]conversation, error) {
	var out struct {
		Conversations []conversation `json:"conversations"`
	}
	err := p.control.Get(ctx, p.o.Control+"/sandbox/elevenlabs/conversations", &out)
	return out.Conversations, err
}

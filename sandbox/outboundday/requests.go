package outboundday

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// repetition is a CRM that asks more than once.
func (p *player) repetition() *scene {
	s := p.about("repetition", "रीता सिंह", "+919800000007")
	return &scene{title: "A CRM that repeats its request", close: s.close, steps: []step{
		{"The CRM asks five times at once under one key", s.asksFiveTimes},
		{"It asks for something else under the same key", func(ctx context.Context) (string, error) {
			answer, err := s.wishes(ctx, map[string]any{"language": "en"})
			if err == nil && (answer.OK || answer.Error == nil || answer.Error.Code != "IDEMPOTENCY_CONFLICT") {
				err = fmt.Errorf("the answer is %+v", answer)
			}
			if err != nil {
				return "", err
			}
			return "refused: " + answer.Error.Code, nil
		}},
		{"The phone rings once; the patient hangs up in mid-sentence", func(ctx context.Context) (string, error) {
			c, err := s.ends(ctx, "COMPLETED", "PATIENT_HUNG_UP", 1)
			if err != nil {
				return "", err
			}
			_, err = s.phoneRang(ctx, 1)
			return fmt.Sprintf("%s, %s; the phone was dialled once", c.State, c.EndReason), err
		}},
	}}
}

func (s *subject) asksFiveTimes(ctx context.Context) (string, error) {
	if err := s.plans(ctx, map[string]any{"hangUpSeconds": 6}); err != nil {
		return "", err
	}
	answers := make([]started, 5)
	group, together := errgroup.WithContext(ctx)
	for i := range answers {
		group.Go(func() (err error) {
			answers[i], err = s.wishes(together, nil)
			if err == nil {
				err = answers[i].Check()
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return "", err
	}
	var ids []string
	replayed := 0
	for _, a := range answers {
		ids = append(ids, a.Call.ID)
		if a.Replayed {
			replayed++
		}
	}
	slices.Sort(ids)
	if ids = slices.Compact(ids); len(ids) != 1 || replayed != len(answers)-1 {
		return "", fmt.Errorf("%d calls, %d answers replayed", len(ids), replayed)
	}
	s.id = ids[0]
	return fmt.Sprintf("one call %s, %d answers of 5 say replayed", s.id, replayed), s.listens(ctx)
}

// cancellation is a wish that the CRM takes back.
func (p *player) cancellation() *scene {
	s := p.about("cancellation", "दीपक वर्मा", "+919800000008")
	return &scene{title: "A call that is cancelled before its time", close: s.close, steps: []step{
		{"The CRM asks for a call in an hour", func(ctx context.Context) (string, error) {
			answer, err := s.wishes(ctx, map[string]any{"scheduleAt": s.o.Now().Add(time.Hour).UTC().Format(time.RFC3339)})
			if err == nil {
				err = answer.Check()
			}
			if err == nil && answer.Call.State != "INITIATING" {
				err = errors.New("it is " + answer.Call.State)
			}
			s.id = answer.Call.ID
			return fmt.Sprintf("call %s is %s", s.id, answer.Call.State), err
		}},
		{"It cancels the call", func(ctx context.Context) (string, error) {
			var out struct {
				Cancel started `json:"cancelOutboundCall"`
			}
			err := s.crm.Run(ctx, s.o.GraphQL, document("CancelOutboundCall"), map[string]any{"id": s.id}, &out)
			if err == nil {
				err = out.Cancel.Check()
			}
			c := out.Cancel.Call
			if err == nil && (c.State != "FAILED" || c.EndReason != "CANCELLED") {
				err = fmt.Errorf("it is %s, %s", c.State, c.EndReason)
			}
			if err != nil {
				return "", err
			}
			_, err = s.phoneRang(ctx, 0)
			return fmt.Sprintf("%s, %s; nobody was dialled", c.State, c.EndReason), err
		}},
	}}
}

// statistics looks back on all calls.
func (p *player) statistics() *scene {
	return &scene{title: "Looking back", last: true, steps: []step{
		{"The statistics count every call once", p.counts},
		{"Nothing was dialled that no attempt stands for", p.dialsMatchAttempts},
	}}
}

func (p *player) counts(ctx context.Context) (string, error) {
	var out struct {
		Statistics struct {
			Active  int `json:"active"`
			Queued  int `json:"queued"`
			ByState []struct {
				State string `json:"state"`
				Count int    `json:"count"`
			} `json:"byState"`
			ByOutcome []struct {
				Outcome string `json:"outcome"`
				Count   int    `json:"count"`
			} `json:"byOutcome"`
			SuccessRate float64 `json:"successRate"`
			Average     float64 `json:"averageDurationSeconds"`
		} `json:"outboundStatistics"`
	}
	if err := p.crm.Run(ctx, p.o.GraphQL, document("OutboundStatistics"), nil, &out); err != nil {
		return "", err
	}
	counts := map[string]int{}
	var outcomes []string
	for _, c := range out.Statistics.ByState {
		counts[c.State] += c.Count
	}
	for _, c := range out.Statistics.ByOutcome {
		counts[c.Outcome] += c.Count
		outcomes = append(outcomes, fmt.Sprintf("%s %d", c.Outcome, c.Count))
	}
	for name, want := range map[string]int{
		"COMPLETED": 5, "FAILED": 3, "AGENT_HUNG_UP": 4, "PATIENT_HUNG_UP": 1, "NO_ANSWER": 1, "UNKNOWN_OUTCOME": 1, "CANCELLED": 1,
	} {
		if counts[name] != want {
			return "", fmt.Errorf("%s: %d, not %d; %v", name, counts[name], want, counts)
		}
	}
	if out.Statistics.Active != 0 || out.Statistics.Queued != 0 {
		return "", fmt.Errorf("%d active, %d queued", out.Statistics.Active, out.Statistics.Queued)
	}
	return fmt.Sprintf("5 COMPLETED, 3 FAILED (%s); success rate %.1f %%, %.0f s on average",
		strings.Join(outcomes, ", "), 100*out.Statistics.SuccessRate, out.Statistics.Average), nil
}

func (p *player) dialsMatchAttempts(ctx context.Context) (string, error) {
	var out struct {
		Calls struct {
			Total int `json:"totalCount"`
			Edges []struct {
				Node call `json:"node"`
			} `json:"edges"`
		} `json:"outboundCalls"`
	}
	if err := p.crm.Run(ctx, p.o.GraphQL, document("OutboundCalls"), map[string]any{"first": 20}, &out); err != nil {
		return "", err
	}
	attempts := 0
	for _, e := range out.Calls.Edges {
		attempts += len(e.Node.Attempts)
	}
	dials, err := p.dials(ctx)
	if err == nil && len(dials) != attempts {
		err = fmt.Errorf("%d requests to dial, %d attempts", len(dials), attempts)
	}
	return fmt.Sprintf("%d calls, %d attempts, %d requests to dial", out.Calls.Total, attempts, len(dials)), err
}

package day

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// reports is what a supervisor looks at.
func (p *player) reports() chapter {
	return chapter{"The supervisor's view", []step{
		{"Meera sees every agent", p.agents},
		{"She sees which calls of today were abandoned", p.abandoned},
		{"She sees yesterday's calls, and each agent's figures agree with them", p.yesterday},
	}}
}

func (p *player) agents(ctx context.Context) (string, error) {
	var out struct {
		Agents []struct {
			Name  string `json:"name"`
			State string `json:"state"`
		} `json:"agents"`
	}
	if err := p.meera.operate(ctx, "Agents", nil, &out); err != nil {
		return "", err
	}
	if len(out.Agents) != 2 {
		return "", fmt.Errorf("the agents are %+v", out.Agents)
	}
	return fmt.Sprintf("%s %s, %s %s", out.Agents[0].Name, out.Agents[0].State, out.Agents[1].Name, out.Agents[1].State), nil
}

func (p *player) abandoned(ctx context.Context) (string, error) {
	var out struct {
		Calls []struct {
			Phone         string `json:"phone"`
			WaitedSeconds int    `json:"waitedSeconds"`
		} `json:"abandonedCalls"`
	}
	now := p.o.Now().UTC()
	err := p.meera.operate(ctx, "AbandonedCalls", map[string]any{
		"from": now.Add(-time.Hour).Format(time.RFC3339), "to": now.Add(time.Hour).Format(time.RFC3339),
	}, &out)
	if err != nil {
		return "", err
	}
	var phones []string
	for _, c := range out.Calls {
		phones = append(phones, c.Phone)
	}
	if !slices.Equal(phones, []string{p.second.Phone, p.first.Phone}) {
		return "", fmt.Errorf("the abandoned calls are %+v", out.Calls)
	}
	return fmt.Sprintf("%d, the latest of %s", len(phones), phones[0]), nil
}

// talked is how often and how long an agent talked.
type talked struct {
	Total, Answered, Seconds int
}

// yesterday compares the records of calls with the figures made of them. Today's would do as well, but they are asked
// for once in two minutes, the account answering two such questions a minute.
func (p *player) yesterday(ctx context.Context) (string, error) {
	date := p.o.Now().In(time.FixedZone("IST", 5*3600+1800)).AddDate(0, 0, -1).Format(time.DateOnly)
	var history struct {
		History struct {
			TotalCount int `json:"totalCount"`
			Edges      []struct {
				Node struct {
					AgentID     string `json:"agentId"`
					Outcome     string `json:"outcome"`
					TalkSeconds int    `json:"talkSeconds"`
				} `json:"node"`
			} `json:"edges"`
		} `json:"callHistory"`
	}
	if err := p.meera.operate(ctx, "CallHistory", map[string]any{"date": date}, &history); err != nil {
		return "", err
	}
	if n := history.History.TotalCount; n != p.o.Yesterday || n != len(history.History.Edges) {
		return "", fmt.Errorf("%d calls, %d of them on the first page, for %d", n, len(history.History.Edges), p.o.Yesterday)
	}
	want := map[string]talked{}
	for _, e := range history.History.Edges {
		sum := want[e.Node.AgentID]
		sum.Total++
		sum.Seconds += e.Node.TalkSeconds
		if e.Node.Outcome == "ANSWERED" {
			sum.Answered++
		}
		want[e.Node.AgentID] = sum
	}
	seen := []string{fmt.Sprintf("%d calls", history.History.TotalCount)}
	for _, who := range []*person{p.asha, p.ravi} {
		got, err := p.figures(ctx, who, date)
		if err != nil {
			return "", err
		}
		if got != want[who.agent] {
			return "", fmt.Errorf("%s's figures are %+v, the records give %+v", who.name, got, want[who.agent])
		}
		seen = append(seen, fmt.Sprintf("%s %d, %d answered, %d s of talk", who.name, got.Total, got.Answered, got.Seconds))
	}
	return strings.Join(seen, "; "), nil
}

// figures are an agent's own, asked for by himself.
func (p *player) figures(ctx context.Context, who *person, date string) (talked, error) {
	var out struct {
		Performance struct {
			Calls struct {
				Total    int `json:"total"`
				Answered int `json:"answered"`
			} `json:"calls"`
			Seconds struct {
				Talk int `json:"talk"`
			} `json:"seconds"`
		} `json:"agentPerformance"`
	}
	err := who.operate(ctx, "AgentPerformance", map[string]any{"date": date}, &out)
	got := out.Performance
	return talked{got.Calls.Total, got.Calls.Answered, got.Seconds.Talk}, err
}

package day

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/helix-engage/gateway/sandbox/client"
)

// lookingUp is about finding out who calls.
func (p *player) lookingUp() chapter {
	return chapter{"Who is it?", []step{
		{"Asha looks the caller up by his number", p.profile},
		{"She searches for him by name, by a part of his number, and for a name in Devanagari", p.search},
		{"A search for one letter is refused, and says why", p.searchRefused},
	}}
}

func (p *player) profile(ctx context.Context) (string, error) {
	var out struct {
		Profile struct {
			Known       bool   `json:"known"`
			DisplayName string `json:"displayName"`
			Patient     struct {
				ID string `json:"id"`
			} `json:"patient"`
			Appointments  []struct{} `json:"appointments"`
			OpenFollowUps []struct{} `json:"openFollowUps"`
			RecentCalls   []struct{} `json:"recentCalls"`
			Insight       struct {
				Status string `json:"status"`
			} `json:"insight"`
		} `json:"callerProfile"`
	}
	if err := p.asha.operate(ctx, "CallerProfile", map[string]any{"phone": p.first.Phone}, &out); err != nil {
		return "", err
	}
	who := out.Profile
	if !who.Known || who.DisplayName != p.first.Name || who.Patient.ID != p.first.ID {
		return "", fmt.Errorf("not the patient: %+v", who)
	}
	return fmt.Sprintf("%s: %d appointments, %d open follow-ups, %d recent calls; insight %s",
		who.DisplayName, len(who.Appointments), len(who.OpenFollowUps), len(who.RecentCalls), who.Insight.Status), nil
}

func (p *player) search(ctx context.Context) (string, error) {
	national := strings.TrimPrefix(p.first.Phone, "+91")
	var seen []string
	for _, wish := range []struct {
		typed string
		who   patient
	}{
		{p.first.Name, p.first},
		{national[3:6] + " " + national[6:], p.first},
		{p.second.Name, p.second},
	} {
		found, err := p.find(ctx, wish.typed, wish.who)
		if err != nil {
			return "", err
		}
		seen = append(seen, found)
	}
	return strings.Join(seen, "\n"), nil
}

// find searches, and says what was found when the patient is among it.
func (p *player) find(ctx context.Context, typed string, who patient) (string, error) {
	var out struct {
		Search struct {
			TotalCount int `json:"totalCount"`
			Errors     []struct {
				Message string `json:"message"`
			} `json:"errors"`
			Edges []struct {
				Node struct {
					ID         string `json:"id"`
					Kind       string `json:"kind"`
					Title      string `json:"title"`
					Highlights []struct {
						Field string `json:"field"`
						Text  string `json:"text"`
					} `json:"highlights"`
				} `json:"node"`
			} `json:"edges"`
		} `json:"search"`
	}
	if err := p.asha.operate(ctx, "Search", map[string]any{"query": typed}, &out); err != nil {
		return "", err
	}
	if len(out.Search.Errors) > 0 {
		return "", fmt.Errorf("a part of the search failed: %+v", out.Search.Errors)
	}
	for _, e := range out.Search.Edges {
		if e.Node.ID != who.ID {
			continue
		}
		if len(e.Node.Highlights) == 0 {
			return "", errors.New("nothing says what matched")
		}
		h := e.Node.Highlights[0]
		return fmt.Sprintf("%q finds %d, among them %s %s by %s %q", typed, out.Search.TotalCount, e.Node.Kind, e.Node.Title, h.Field, h.Text), nil
	}
	return "", fmt.Errorf("%q finds %d, none of them %s", typed, out.Search.TotalCount, who.Name)
}

func (p *player) searchRefused(ctx context.Context) (string, error) {
	var refusal client.GraphQLError
	err := p.asha.operate(ctx, "Search", map[string]any{"query": "A"}, &struct{}{})
	if !errors.As(err, &refusal) || refusal.Extensions.Code != "BAD_USER_INPUT" {
		return "", fmt.Errorf("it was not refused: %w", err)
	}
	return refusal.Extensions.Code + ": " + refusal.Message, nil
}

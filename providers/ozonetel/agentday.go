package ozonetel

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers"
)

const opAgentDays = "ozonetel.agent_days"

// AgentDay is how long an agent was in each state of a day, over all dialling modes (10.1).
type AgentDay struct {
	Agent                                   helix.AgentID
	Name                                    string
	Login, Idle, Busy, Pause, WrapUp, Dials time.Duration
}

// AgentDays tells of every agent who worked on a day, in the order of their ids, as of asOf (10.1). A day without any
// is empty. day is as in [Client.CallRecords], and so are the errors and for how long answers are kept; the account
// answers five questions of this kind a minute. The result is shared: callers must not change it.
func (c *Client) AgentDays(ctx context.Context, day time.Time) (days []AgentDay, asOf time.Time, err error) {
	if err := c.configured(); err != nil {
		return nil, time.Time{}, err
	}
	day, fresh, err := c.reportDay(day)
	if err != nil {
		return nil, time.Time{}, err
	}
	answer, err := c.agentDays.get(ctx, question{day: day}, fresh, func(ctx context.Context) ([]AgentDay, bool, error) {
		days, err := c.fetchAgentDays(ctx, day)
		return days, true, err
	})
	return answer.value, answer.asOf, err
}

func (c *Client) fetchAgentDays(ctx context.Context, day time.Time) ([]AgentDay, error) {
	from, to := c.period(day)
	var days []AgentDay
	err := c.send(ctx, command{
		op:     providers.Operation{Name: opAgentDays, Family: familySummary, Safety: providers.Safe, Timeout: recordsTimeout},
		method: http.MethodPost, path: "/ca_reports/summaryReport", fields: map[string]any{"fromDate": from, "toDate": to},
		expect: expectation{accept: noData, read: func(a answer) error {
			var rows []summaryRow
			if err := a.rows(&rows); err != nil {
				return err
			}
			days = sumAgentDays(rows, day)
			return nil
		}},
	})
	return days, err
}

// summaryRow is about one agent, date and dialling mode.
type summaryRow struct {
	AgentID, AgentUniqueID, AgentIncrID, AgentName, CallDate FlexString
	TotalLoginDuration, TotalIdleTime, TotalBusyTime         FlexString
	TotalPauseTime, TotalWrapupTime, TotalDialTime           FlexString
}

// sumAgentDays adds up each agent's rows of the day.
func sumAgentDays(rows []summaryRow, day time.Time) []AgentDay {
	byAgent := map[helix.AgentID]*AgentDay{}
	for _, row := range rows {
		date, agent := row.CallDate.Value(), row.agent()
		if agent == "" || date != "" && !strings.HasPrefix(date, day.Format(time.DateOnly)) {
			continue
		}
		sum := byAgent[agent]
		if sum == nil {
			sum = &AgentDay{Agent: agent}
			byAgent[agent] = sum
		}
		sum.Name = cmp.Or(sum.Name, row.AgentName.Value())
		sum.Login += clockDuration(row.TotalLoginDuration.Value())
		sum.Idle += clockDuration(row.TotalIdleTime.Value())
		sum.Busy += clockDuration(row.TotalBusyTime.Value())
		sum.Pause += clockDuration(row.TotalPauseTime.Value())
		sum.WrapUp += clockDuration(row.TotalWrapupTime.Value())
		sum.Dials += clockDuration(row.TotalDialTime.Value())
	}
	days := make([]AgentDay, 0, len(byAgent))
	for _, sum := range byAgent {
		days = append(days, *sum)
	}
	slices.SortFunc(days, func(a, b AgentDay) int { return cmp.Compare(a.Agent, b.Agent) })
	return days
}

// agent is the login name. The vendor's sample has it where its table of ids has the internal number (0, 10.1), so a
// name goes before a number.
func (row summaryRow) agent() helix.AgentID {
	ids := []string{row.AgentID.Value(), row.AgentUniqueID.Value(), row.AgentIncrID.Value()}
	for _, id := range ids {
		if strings.Trim(id, "0123456789") != "" {
			return helix.AgentID(id)
		}
	}
	return helix.AgentID(cmp.Or(ids...))
}

// AgentAHT is the average handling time of an agent's outbound calls of the last two hours (10.2), zero without any.
// NOT_FOUND for an agent that the account does not have.
func (c *Client) AgentAHT(ctx context.Context, agent helix.AgentID) (time.Duration, error) {
	return c.aht(ctx, "agentId", string(agent))
}

// CampaignAHT is the same of a campaign. UPSTREAM_REJECTED for a campaign that the account does not have.
func (c *Client) CampaignAHT(ctx context.Context, campaign string) (time.Duration, error) {
	return c.aht(ctx, "campaignName", campaign)
}

func (c *Client) aht(ctx context.Context, field, value string) (time.Duration, error) {
	var average time.Duration
	err := c.send(ctx, command{
		op:     providers.Operation{Name: "ozonetel.aht", Family: familyAHT, Safety: providers.Safe, Timeout: reportTimeout},
		method: http.MethodGet, path: "/ca_apis/AHT", fields: map[string]any{field: value},
		expect: expectation{accept: noData, read: func(a answer) (err error) {
			average, err = readAverage(a)
			return err
		}},
	})
	return average, err
}

func readAverage(a answer) (time.Duration, error) {
	var rows []members
	if err := a.rows(&rows); err != nil {
		return 0, err
	}
	if len(rows) != 1 || rows[0]["AHT"] == nil {
		return 0, errNoPayload
	}
	return clockDuration(rows[0].text("AHT")), nil
}

package ozonetel

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers"
)

// Login opens the agent's telephony session on the seat's phone (2). An agent who is logged in already is success.
// Errors: AGENT_TAKEN when another agent is logged in with the phone; UPSTREAM_REJECTED for a wrong password.
func (c *Client) Login(ctx context.Context, seat helix.AgentSeat) error {
	return c.authenticate(ctx, "ozonetel.login", "login", seat, "already logged in")
}

// Logout closes the agent's telephony session, whatever his state: the known way out of after-call work (2). An agent
// who is not logged in is success.
func (c *Client) Logout(ctx context.Context, seat helix.AgentSeat) error {
	return c.authenticate(ctx, "ozonetel.logout", "logout", seat, "not logged in")
}

// authenticate posts the form of 2, the only request with the agent's own password. It needs no token.
func (c *Client) authenticate(ctx context.Context, name, action string, seat helix.AgentSeat, fulfilled string) error {
	if err := c.configured(); err != nil {
		return err
	}
	form := url.Values{
		"userName": {c.userName}, "apiKey": {c.apiKey}, "phoneNumber": {seat.SIPExtension}, "action": {action},
	}
	basic := http.Request{Header: http.Header{}}
	basic.SetBasicAuth(string(seat.Agent), seat.Password)
	basic.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	op := providers.Operation{Name: name, Family: "agent", Safety: providers.Idempotent, Timeout: controlTimeout}
	return c.http.Do(ctx, op, providers.Request{
		Method: http.MethodPost, URL: c.base + "/CAServices/AgentAuthenticationV2/index.php",
		Header: basic.Header, Body: []byte(form.Encode()),
	}, func(r providers.Response) error {
		return c.judge(op, r, expectation{accept: func(text string) bool { return strings.Contains(strings.ToLower(text), fulfilled) }})
	})
}

// SetState makes the agent READY or PAUSED; a pause needs a reason that the account knows (3). Errors: BAD_USER_INPUT
// for another state or reason; AGENT_NOT_LOGGED_IN; AGENT_BUSY on a call or in after-call work, which ends with
// [Client.Dispose].
func (c *Client) SetState(ctx context.Context, seat helix.AgentSeat, state helix.AgentState, reason string) error {
	fields := map[string]any{"agentId": string(seat.Agent)}
	switch state {
	case helix.AgentReady:
		fields["state"] = "Ready"
	case helix.AgentPaused:
		fields["state"], fields["pauseReason"] = "Pause", reason
	default:
		return helix.BadInput("an agent can be made READY or PAUSED")
	}
	return c.send(ctx, command{
		op:     providers.Operation{Name: "ozonetel.set_state", Family: "agent", Safety: providers.Idempotent, Timeout: controlTimeout},
		method: http.MethodPost, path: "/ca_apis/changeAgentState", fields: fields,
	})
}

// AgentStates lists the agents who are logged in, as of now (11). An agent who is missing is OFFLINE. The account may
// ask 5 times a minute.
func (c *Client) AgentStates(ctx context.Context) ([]helix.AgentReport, error) {
	var reports []helix.AgentReport
	err := c.send(ctx, command{
		op:     providers.Operation{Name: "ozonetel.agent_states", Family: familyAgentLogins, Safety: providers.Safe, Timeout: controlTimeout},
		method: http.MethodPost, path: "/ca_apis/getAgentLogins",
		expect: expectation{accept: noData, read: func(a answer) (err error) {
			reports, err = readLogins(a, c.now())
			return err
		}},
	})
	return reports, err
}

// readLogins reads who is logged in; rows of nobody are left out.
func readLogins(a answer, now time.Time) ([]helix.AgentReport, error) {
	var rows []struct{ AgentID, AgentState FlexString }
	if err := a.rows(&rows); err != nil {
		return nil, err
	}
	var reports []helix.AgentReport
	for _, r := range rows {
		if r.AgentID.Value() != "" {
			reports = append(reports, agentReport(helix.AgentID(r.AgentID.Value()), r.AgentState.Value(), now))
		}
	}
	return reports, nil
}

// AgentDetails asks for one agent's state; At is when it began (11). NOT_FOUND for an agent that the account does not
// have. The account may ask 10 times a minute.
func (c *Client) AgentDetails(ctx context.Context, agent helix.AgentID) (helix.AgentReport, error) {
	var report helix.AgentReport
	err := c.send(ctx, command{
		op:     providers.Operation{Name: "ozonetel.agent_details", Family: familyAgentDetails, Safety: providers.Safe, Timeout: controlTimeout},
		method: http.MethodPost, path: "/ca_apis/AgentDetails", fields: map[string]any{"agentId": string(agent)},
		expect: expectation{read: func(a answer) (err error) {
			report, err = readDetails(a, agent, c.now())
			return err
		}},
	})
	return report, err
}

// readDetails reads the state of one agent, and since when.
func readDetails(a answer, agent helix.AgentID, now time.Time) (helix.AgentReport, error) {
	var rows []struct{ State, Since FlexString }
	if err := a.rows(&rows); err != nil {
		return helix.AgentReport{}, err
	}
	if len(rows) != 1 {
		return helix.AgentReport{}, errors.New("the answer is not about one agent")
	}
	return agentReport(agent, rows[0].State.Value(), now.Add(-clockDuration(rows[0].Since.Value()))), nil
}

// noData is how reports say that a list is empty (10.1, 4).
func noData(text string) bool {
	text = strings.ToLower(text)
	return strings.Contains(text, "no data found") || strings.Contains(text, "no record")
}

package ozonetel

import (
	"context"
	"net/http"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/phone"
	"github.com/helix-engage/gateway/providers"
)

// Abandoned lists inbound calls that reached nobody, in the vendor's order. How far back it reaches is the vendor's
// secret, so callers filter by At (8). Rows without an id or a time are left out: nothing could be done with them.
func (c *Client) Abandoned(ctx context.Context) ([]helix.CallReport, error) {
	var reports []helix.CallReport
	err := c.send(ctx, command{
		op:     providers.Operation{Name: "ozonetel.abandoned", Family: "abandoned", Safety: providers.Safe, Timeout: reportTimeout},
		method: http.MethodGet, path: "/ca_apis/abandonCalls",
		expect: expectation{accept: noData, read: func(a answer) (err error) {
			reports, err = c.readAbandoned(a)
			return err
		}},
	})
	return reports, err
}

func (c *Client) readAbandoned(a answer) ([]helix.CallReport, error) {
	var rows []abandonedRow
	if err := a.rows(&rows); err != nil {
		return nil, err
	}
	var reports []helix.CallReport
	for _, row := range rows {
		if r, ok := c.abandonedReport(row); ok {
			reports = append(reports, r)
		}
	}
	return reports, nil
}

type abandonedRow struct {
	MonitorUCID, Type, Campaign, CallerID, DID, AgentID, Agent, HangupBy, CallTime FlexString
}

// abandonedReport is false for a row that is no abandoned inbound call: the list holds our own unanswered dials too.
func (c *Client) abandonedReport(row abandonedRow) (helix.CallReport, bool) {
	at, ok := c.localTime(row.CallTime.Value())
	id := row.MonitorUCID.Value()
	if !ok || id == "" || direction(row.Type.Value()) != helix.Inbound {
		return helix.CallReport{}, false
	}
	return helix.CallReport{
		Kind: helix.ReportAbandoned, Provider: helix.ProviderOzonetel, ProviderCallID: id, LegID: id,
		Direction: helix.Inbound, Phone: phone.FromProvider(row.CallerID.Value()), DID: row.DID.Value(), Campaign: row.Campaign.Value(),
		Agent: helix.AgentID(lastLeg(row.AgentID.Value())), AgentName: lastLeg(row.Agent.Value()), At: at,
		EndReason: endReason(row.HangupBy.Value(), helix.Inbound, false),
	}, true
}

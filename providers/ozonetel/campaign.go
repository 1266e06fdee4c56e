package ozonetel

import (
	"context"
	"net/http"
	"strings"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers"
)

// Campaign is a campaign of the account (11).
type Campaign struct {
	ID, Name string
	Position string // READY, RUNNING, COMPLETED or another word of the vendor's, in capitals
}

// CampaignStatus tells where a campaign stands (11). NOT_FOUND for one that the account does not have.
func (c *Client) CampaignStatus(ctx context.Context, name string) (Campaign, error) {
	var campaign Campaign
	err := c.send(ctx, command{
		op:     providers.Operation{Name: "ozonetel.campaign_status", Family: "campaign", Safety: providers.Safe, Timeout: controlTimeout},
		method: http.MethodGet, path: "/ca_apis/campaignStatus", fields: map[string]any{"campaignName": name},
		expect: expectation{accept: noData, read: func(a answer) (err error) {
			campaign, err = readCampaign(a, name)
			return err
		}},
	})
	if err == nil && campaign.Name == "" {
		err = helix.NotFound("campaign")
	}
	return campaign, err
}

// readCampaign finds a campaign by its name; it is zero when there is none.
func readCampaign(a answer, name string) (campaign Campaign, err error) {
	var rows []struct{ CampaignID, CampaignName, Position FlexString }
	if err := a.rows(&rows); err != nil {
		return campaign, err
	}
	for _, r := range rows {
		if strings.EqualFold(r.CampaignName.Value(), name) {
			campaign = Campaign{ID: r.CampaignID.Value(), Name: r.CampaignName.Value(), Position: strings.ToUpper(r.Position.Value())}
		}
	}
	return campaign, nil
}

// SetCampaign starts or stops a campaign (11). It may be repeated. NOT_FOUND for one that the account does not have.
func (c *Client) SetCampaign(ctx context.Context, name string, run bool) error {
	action := "Stop"
	if run {
		action = "Start"
	}
	return c.send(ctx, command{
		op:     providers.Operation{Name: "ozonetel.set_campaign", Family: "campaign", Safety: providers.Idempotent, Timeout: controlTimeout},
		method: http.MethodPut, path: "/ca_apis/setCampaignStatus",
		fields: map[string]any{"campaignName": name, "action": action, "process": true},
	})
}

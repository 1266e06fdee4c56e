package ozonetel

import (
	"cmp"
	"errors"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/phone"
)

// DecodeScreenPop reads the hit that comes when an agent is offered a call (12.4): its query string, or its body when
// it was posted. Browser and server may both send one, and it has no time of its own, so the report's is now. A hit
// without a call, such as the portal's test, is BAD_USER_INPUT.
func (c *Client) DecodeScreenPop(contentType string, body []byte) (helix.ProviderReports, error) {
	docs, err := readPush(contentType, body)
	if err != nil {
		return helix.ProviderReports{}, badPush(err)
	}
	var reports helix.ProviderReports
	for _, doc := range docs {
		for _, f := range flatten(doc) {
			leg := f.get("ucid")
			call := cmp.Or(f.get("monitor_ucid"), leg)
			if call == "" {
				continue
			}
			r := c.callEvent(f, helix.ReportOffered, call, cmp.Or(leg, call), helix.AgentID(lastLeg(f.get("agent_id"))))
			r.Undated = true
			if r.Phone == "" {
				r.Phone = phone.FromProvider(f.get("phone_number"))
			}
			reports.Calls = append(reports.Calls, r)
		}
	}
	if len(reports.Calls) == 0 {
		return helix.ProviderReports{}, badPush(errors.New("no call"))
	}
	return reports, nil
}

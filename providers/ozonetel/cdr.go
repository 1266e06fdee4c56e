package ozonetel

import (
	"errors"
	"strings"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/phone"
)

// DecodeCDR reads the call-end callback: the call's record, sent once or several times, with or without the
// disposition (12.3). A push without a call is BAD_USER_INPUT.
func (c *Client) DecodeCDR(contentType string, body []byte) (helix.ProviderReports, error) {
	docs, err := readPush(contentType, body)
	if err != nil {
		return helix.ProviderReports{}, badPush(err)
	}
	var reports helix.ProviderReports
	for _, doc := range docs {
		for _, f := range flatten(doc) {
			if r, ok := c.callDetails(f); ok {
				reports.Calls = append(reports.Calls, r)
			}
		}
	}
	if len(reports.Calls) == 0 {
		return helix.ProviderReports{}, badPush(errors.New("no record of a call"))
	}
	return reports, nil
}

// callDetails is false for a record without a call id.
func (c *Client) callDetails(f fields) (helix.CallReport, bool) {
	call, leg := f.get("monitorucid"), f.get("ucid", "callid")
	if call == "" {
		call = leg
	}
	if call == "" {
		return helix.CallReport{}, false
	}
	if leg == "" {
		leg = call
	}
	r := helix.CallReport{
		Kind: helix.ReportDetails, Provider: helix.ProviderOzonetel, ProviderCallID: call, LegID: leg, OurCall: ourCall(f.get("uui")),
		Direction: direction(f.get("type")), Phone: phone.FromProvider(f.get("callerid")),
		DID: f.get("did"), Campaign: f.get("campaignname"),
		Agent: helix.AgentID(lastLeg(f.get("agentid"))), AgentName: lastLeg(f.get("agentname")),
		Disposition: f.get("disposition"), RecordingURL: recordingURL(f.get("audiofile")),
	}
	c.readDurations(f, &r)
	r.EndReason = endReason(f.get("hangupby"), r.Direction, r.Answered)
	return r, true
}

// readDurations fills in times and durations. Mind the trap: in this push CallDuration is the whole call and Duration
// the talk, while in the CDR interface Duration is the whole call (9, 12.3).
func (c *Client) readDurations(f fields, r *helix.CallReport) {
	start, hasStart := c.localTime(f.get("starttime"))
	end, hasEnd := c.localTime(f.get("endtime"))
	r.Total, r.Talk = clockDuration(f.get("callduration")), clockDuration(f.get("duration"))
	if r.Total == 0 && hasStart && hasEnd && end.After(start) && end.Sub(start) <= maxDuration {
		r.Total = end.Sub(start)
	}
	switch status := strings.ToLower(f.get("status")); status {
	case "":
		r.Answered = strings.EqualFold(f.get("dialstatus"), "answered")
	default:
		r.Answered = status == "answered"
	}
	if !r.Answered {
		r.Talk = 0
	}
	r.Talk = min(r.Talk, r.Total)
	switch {
	case hasStart && !hasEnd:
		end = start.Add(r.Total)
	case hasEnd && !hasStart:
		start = end.Add(-r.Total)
	case !hasStart && !hasEnd:
		end = c.now().UTC()
		start = end.Add(-r.Total)
	}
	r.At, r.EndedAt = start, end
}

// maxURL is the longest recording address that is kept, in bytes.
const maxURL = 2048

// recordingURL keeps an address that may be fetched later, and nothing else.
func recordingURL(s string) string {
	lower := strings.ToLower(s)
	if len(s) > maxURL || (!strings.HasPrefix(lower, "https://") && !strings.HasPrefix(lower, "http://")) {
		return ""
	}
	return s
}

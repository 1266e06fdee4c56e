package ozonetel

import (
	"slices"
	"strconv"
	"time"
)

// maxCallLimit bounds callLimit.
const maxCallLimit = 24 * 60 * 60

// phoneDial answers POST /ca_apis/PhoneManualDial (ozonetel.md 5.2): a call from a configured phone, whether or not an agent is logged in
// there; none is told of it and none is in after-call work afterwards. There are no call events, because no agent is offered anything.
// Not documented and chosen here: every refusal.
func (s *Server) phoneDial(r *request) reply {
	body, refused := s.accept(r, authTexts{userEmpty: ptr(dialIncomplete())})
	if refused != nil {
		return *refused
	}
	for _, name := range []string{"custNumber", "phoneName", "did"} {
		if body.text(name) == "" {
			return dialIncomplete()
		}
	}
	name, campaign := body.text("phoneName"), body.text("campaignName")
	i := slices.IndexFunc(s.agents, func(a *agent) bool { return a.PhoneName == name })
	limit, limitOK := callLimit(body.text("callLimit"))
	switch {
	case body.text("did") != s.account.Campaign.DID || (campaign != "" && campaign != s.account.Campaign.Name):
		return statusReply("fails", "Campaign is invalid")
	case i < 0:
		return statusReply("Fail", "phoneName is Invalid")
	case !limitOK:
		return statusReply("Fail", "callLimit is Invalid")
	case body.yes("checkStatus") && s.lineBusy(s.agents[i].Number):
		return statusReply("Fail", "Phone is busy")
	}
	c, err := s.dial(nil, body.text("custNumber"), body.text("uui"))
	if err != nil {
		return unavailable()
	}
	c.agentNumber, c.phoneName, c.limit = s.agents[i].Number, name, limit
	return statusReply("queued", c.ucid)
}

func callLimit(text string) (time.Duration, bool) {
	if text == "" {
		return 0, true
	}
	seconds, err := strconv.ParseUint(text, 10, 31)
	return time.Duration(seconds) * time.Second, err == nil && seconds > 0 && seconds <= maxCallLimit
}

// lineBusy says whether a call that is up uses a number.
func (s *Server) lineBusy(number string) bool {
	return slices.ContainsFunc(s.order, func(c *call) bool { return c.state != Ended && c.state != Queued && c.agentNumber == number })
}

package ozonetel

// manualDial answers POST /ca_apis/AgentManualDial (ozonetel.md 5.1): the agent's leg rings first, then the customer. "queued" means
// accepted. The skill variant of the same path picks the agent who has been READY longest.
func (s *Server) manualDial(r *request) reply {
	body, refused := r.json()
	if refused != nil {
		return *refused
	}
	// A missing userName is one of the mandatory parameters here, not an authentication fault.
	missing := ptr(statusReply("Fail", "All parameters are mandatory"))
	if refused := s.authorise(r, body, authTexts{userEmpty: missing}); refused != nil {
		return *refused
	}
	number := body.text("customerNumber")
	var a *agent
	if skill := body.text("skill"); skill != "" {
		if number == "" || body.text("did") == "" {
			return *missing
		}
		if skill != s.account.Campaign.Skill || body.text("did") != s.account.Campaign.DID {
			return statusReply("fails", "Campaign is invalid")
		}
		a = s.longestReady()
	} else {
		if number == "" || body.text("agentID") == "" || body.text("campaignName") == "" {
			return *missing
		}
		if body.text("campaignName") != s.account.Campaign.Name {
			return statusReply("fails", "Campaign is invalid")
		}
		if a = s.agent(body.text("agentID")); a != nil && !a.takes(manual) {
			a = nil
		}
	}
	if a == nil || a.state != Ready {
		return statusReply("Fail", "Agent is not available")
	}
	c, err := s.dial(a, number, body.text("uui"))
	if err != nil {
		return statusReply("Fail", "Agent is not available")
	}
	out := answer{Status: "queued successfully"}
	if body.yes("UCID") {
		out.UCID = c.ucid
	}
	return jsonReply(out)
}

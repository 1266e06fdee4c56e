package ozonetel

// manualDial answers POST /ca_apis/AgentManualDial (ozonetel.md 5.1): the agent's leg rings first, then the customer. "queued" means
// accepted. The skill variant of the same path picks the agent who has been READY longest.
func (s *Server) manualDial(r *request) reply {
	// A missing userName is one of the mandatory parameters here, not an authentication fault.
	body, refused := s.accept(r, authTexts{userEmpty: ptr(dialIncomplete())})
	if refused != nil {
		return *refused
	}
	return s.startDial(body)
}

// startDial is the dial of checked credentials.
func (s *Server) startDial(body fields) reply {
	a, refused := s.dialler(body)
	if refused != nil {
		return *refused
	}
	c, err := s.dial(a, body.text("customerNumber"), body.text("uui"))
	if err != nil {
		return unavailable()
	}
	out := answer{Status: "queued successfully"}
	if body.yes("UCID") {
		out.UCID = c.ucid
	}
	return jsonReply(out)
}

func dialIncomplete() reply { return statusReply("Fail", "All parameters are mandatory") }

func unavailable() reply { return statusReply("Fail", "Agent is not available") }

// dialler is the READY agent who is to dial, or the refusal: named by agentID and campaignName, or whoever has the skill.
func (s *Server) dialler(body fields) (*agent, *reply) {
	mandatory := []string{"customerNumber", "agentID", "campaignName"}
	bySkill := body.text("skill") != ""
	if bySkill {
		mandatory = []string{"customerNumber", "did"}
	}
	for _, name := range mandatory {
		if body.text(name) == "" {
			return nil, ptr(dialIncomplete())
		}
	}
	campaign, a := s.account.Campaign, s.agent(body.text("agentID"))
	known := body.text("campaignName") == campaign.Name
	if bySkill {
		known = body.text("skill") == campaign.Skill && body.text("did") == campaign.DID
		a = s.longestReady()
	}
	switch {
	case !known || s.stopped:
		return nil, ptr(statusReply("fails", "Campaign is invalid"))
	case a == nil || a.state != Ready || a.stuck || (!bySkill && !a.takes(manual)):
		return nil, ptr(unavailable())
	default:
		return a, nil
	}
}

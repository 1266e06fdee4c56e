package ozonetel

// campaignStatus answers GET /ca_apis/campaignStatus with a JSON body (ozonetel.md 11).
func (s *Server) campaignStatus(r *request) reply {
	body, refused := s.acceptCampaign(r, "userName", "campaignName")
	if refused != nil {
		return *refused
	}
	if body.text("campaignName") != s.account.Campaign.Name {
		return statusReply("failure", "no record found")
	}
	type row struct {
		CampaignID   string
		CampaignName string
		UserName     string
		Position     string
	}
	position := "RUNNING"
	if s.stopped {
		position = "READY"
	}
	return jsonReply(answer{Status: "success", Message: []row{{
		s.account.Campaign.ID, s.account.Campaign.Name, s.account.UserName, position,
	}}})
}

// setCampaignStatus answers PUT /ca_apis/setCampaignStatus (ozonetel.md 11). A stopped campaign takes no manual dial; inbound calls go on.
// Not documented and chosen here: the text of Stop, the refusal of an action, and that process must be true.
func (s *Server) setCampaignStatus(r *request) reply {
	body, refused := s.acceptCampaign(r, "userName", "campaignName", "action", "process")
	if refused != nil {
		return *refused
	}
	action := body.text("action")
	switch {
	case body.text("campaignName") != s.account.Campaign.Name:
		return statusReply("failure", "no record found")
	case (action != "Start" && action != "Stop") || !body.yes("process"):
		return statusReply("failure", "Invalid action")
	}
	s.stopped = action == "Stop"
	done := "started"
	if s.stopped {
		done = "stopped"
	}
	return statusReply("success", "SUCCESSFULLY UPDATED, Progressive was "+done)
}

// acceptCampaign is accept for APIs of which every member is mandatory, the user name included.
func (s *Server) acceptCampaign(r *request, mandatory ...string) (fields, *reply) {
	missing := ptr(statusReply("failure", "All parameters are mandatory"))
	body, refused := s.accept(r, authTexts{userEmpty: missing})
	if refused != nil {
		return nil, refused
	}
	for _, name := range mandatory {
		if body.text(name) == "" {
			return nil, missing
		}
	}
	return body, nil
}

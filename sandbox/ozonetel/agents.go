package ozonetel

// Both reports share their answers to bad credentials (ozonetel.md 10.1, 11).
func reportTexts() authTexts {
	invalid := ptr(statusReply("error", "userName or apiKey is Invalid"))
	return authTexts{
		keyEmpty:  ptr(statusReply("error", "apiKey should not be empty")),
		keyWrong:  invalid,
		userEmpty: ptr(statusReply("error", "userName should not be empty")),
		userWrong: invalid,
	}
}

// getAgentLogins answers POST /ca_apis/getAgentLogins (ozonetel.md 11): every logged-in agent; 5 a minute.
func (s *Server) getAgentLogins(r *request) reply {
	if _, refused := s.accept(r, reportTexts()); refused != nil {
		return *refused
	}
	if refused := s.overLimit(loginsFamily); refused != nil {
		return *refused
	}
	type row struct {
		AgentID   string `json:"AgentId"`
		AgentName string `json:"AgentName"`
		Number    string `json:"PhoneNumber"`
		State     string `json:"AgentState"`
		Skill     string `json:"SkillName"`
	}
	rows := []row{}
	for _, a := range s.agents {
		if a.state != Offline {
			rows = append(rows, row{a.ID, a.Name, a.number, a.wireState(), s.account.Campaign.Skill})
		}
	}
	if len(rows) == 0 {
		return statusReply("error", "No Data Found")
	}
	return jsonReply(answer{Status: "success", Message: rows})
}

// agentDetails answers POST /ca_apis/AgentDetails (ozonetel.md 11): one agent, logged in or not; 10 a minute.
// The state of an agent who is logged out is not documented; LOGOUT is our choice.
func (s *Server) agentDetails(r *request) reply {
	body, refused := s.accept(r, reportTexts())
	if refused != nil {
		return *refused
	}
	if refused := s.overLimit(detailsFamily); refused != nil {
		return *refused
	}
	a := s.agent(body.text("agentId"))
	if a == nil {
		return statusReply("error", "agentId is Invalid")
	}
	type row struct {
		AgentID   string  `json:"AgentId"`
		AgentName string  `json:"AgentName"`
		State     string  `json:"State"`
		Since     string  `json:"Since"`
		Skill     string  `json:"Skill"`
		Number    *string `json:"PhoneNumber"`
		Mode      string  `json:"Mode"`
	}
	out := row{
		AgentID: a.ID, AgentName: a.Name, State: a.wireState(), Since: wireDuration(s.line.Now().Sub(a.since)),
		Skill: s.account.Campaign.Skill, Mode: titleMode(a.mode),
	}
	if a.number != "" {
		out.Number = &a.number
	}
	return jsonReply(answer{Status: "success", Message: []row{out}})
}

package ozonetel

import "slices"

// phoneManage answers GET /ca_apis/phoneManageV2 with a JSON body (ozonetel.md 11): the number of a phone's label, or the label of its
// number. Not documented and chosen here: the texts of the refusals.
func (s *Server) phoneManage(r *request) reply {
	body, refused := s.accept(r, authTexts{})
	if refused != nil {
		return *refused
	}
	name, number := body.text("phoneName"), body.text("phoneNumber")
	switch {
	case body.text("action") != "get":
		return statusReply("error", "action is Invalid")
	case (name == "") == (number == ""):
		return statusReply("error", "Either phoneName or phoneNumber is mandatory")
	}
	i := slices.IndexFunc(s.agents, func(a *agent) bool {
		return (name != "" && a.PhoneName == name) || (number != "" && sameNumber(a.Number, number))
	})
	if i < 0 {
		return statusReply("error", "No Data Found")
	}
	if name != "" {
		return statusReply("success", s.agents[i].Number)
	}
	return statusReply("success", s.agents[i].PhoneName)
}

// StickLine makes an agent's line stuck: no call can be given to it until releaseFwpNumber. Errors: ErrUnknownAgent.
func (s *Server) StickLine(agentID string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.agent(agentID)
	if a == nil {
		return ErrUnknownAgent
	}
	a.stuck = true
	return nil
}

// releaseLines answers POST /ca_apis/releaseFwpNumber (ozonetel.md 6): frees every stuck line and names their numbers. Which lines a
// further member of the body would choose is not known.
func (s *Server) releaseLines(r *request) reply {
	invalid := ptr(statusReply("error", "userName or apiKey not valid"))
	_, refused := s.accept(r, authTexts{
		keyEmpty: invalid, keyWrong: invalid, userWrong: invalid, userEmpty: ptr(statusReply("error", "userName cannot be empty")),
	})
	if refused != nil {
		return *refused
	}
	numbers := []string{}
	for _, a := range s.agents {
		if a.stuck {
			a.stuck = false
			numbers = append(numbers, a.Number)
			s.distributeSoon()
		}
	}
	return jsonReply(struct {
		Status  string   `json:"status"`
		Numbers []string `json:"FwpNumbers"`
	}{"success", numbers})
}

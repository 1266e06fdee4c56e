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

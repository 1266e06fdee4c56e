package ozonetel

import (
	"encoding/json"
	"fmt"
	"slices"
)

// changeAgentState answers POST /ca_apis/changeAgentState (ozonetel.md 3). A refusal of an agent in wrap-up or on a call sits in `Message`;
// success is a JSON document inside the string `message`.
func (s *Server) changeAgentState(r *request) reply {
	body, refused := s.accept(r, stateTexts())
	if refused != nil {
		return *refused
	}
	return s.changeState(body)
}

func stateTexts() authTexts {
	return authTexts{
		keyEmpty:  ptr(statusReply("error", "apiKey should not be empty")),
		keyWrong:  ptr(statusReply("error", "userName or apiKey is Invalid")),
		userEmpty: ptr(statusReply("error", "Please provide UserName")),
		userWrong: ptr(statusReply("error", "user_name or api_Key is Invalid")),
	}
}

// changeState is the change of checked credentials.
func (s *Server) changeState(body fields) reply {
	want, reason := body.text("state"), body.text("pauseReason")
	if want != "Ready" && want != "Pause" {
		return statusReply("error", "The state should be either 'Ready' or 'Pause' state'")
	}
	if want == "Pause" && !slices.Contains(s.account.PauseReasons, reason) {
		return statusReply("error", "pauseReason is Invalid")
	}
	a := s.agent(body.text("agentId"))
	if a == nil || a.state == Offline {
		return statusReply("error", "Agent is not Logged In")
	}
	switch a.state {
	case ACW, Calling, InCall:
		text := fmt.Sprintf("Agent %s is in %s state. You cant change to %s state", a.ID, a.wireState(), want)
		return jsonReply(answer{Status: "error", UpperMessage: text})
	}
	return s.settleState(a, want, reason)
}

func (s *Server) settleState(a *agent, want, reason string) reply {
	to, table := Ready, "tbAgentReady"
	if want == "Pause" {
		to, table = Paused, "tbAgentPause"
		a.pauseReason = reason
	}
	s.mustMove(a, to)
	inner, err := json.Marshal(struct {
		Type   string `json:"type"`
		UTID   string `json:"utid"`
		Resp   string `json:"resp"`
		Status string `json:"agentStatus"`
		Agent  string `json:"agentId"`
		User   string `json:"user"`
	}{"response", "7", "Success:" + table + "~INBOUND", string(to), a.ID, s.account.UserName})
	if err != nil {
		return statusReply("error", err.Error())
	}
	return statusReply("success", string(inner))
}

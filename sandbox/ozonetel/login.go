package ozonetel

import (
	"fmt"
	"strings"
)

// authenticateAgent answers POST /CAServices/AgentAuthenticationV2/index.php (ozonetel.md 2): a form, HTTP Basic with agent id and
// agent password. Not documented and chosen here: the texts for a login without phoneNumber and for an unknown action.
func (s *Server) authenticateAgent(r *request) reply {
	form := r.form()
	if form.Get("userName") != s.account.UserName || form.Get("apiKey") != s.account.APIKey {
		return statusReply("error", "Invalid userName or apiKey")
	}
	id, password, _ := r.http.BasicAuth()
	a := s.agent(id)
	if a == nil || password != a.Password {
		return statusReply("error", "Invalid Authentication")
	}
	switch strings.ToLower(form.Get("action")) {
	case "login":
		return s.loginReply(a, form.Get("phoneNumber"), form.Get("mode"), form.Get("state"))
	case "logout":
		if a.state == Offline {
			return statusReply("error", "Agent "+a.ID+" is not logged in")
		}
		s.logOut(a)
		return statusReply("success", "Agent "+a.ID+" logged out successfully")
	default:
		return statusReply("error", "Invalid action")
	}
}

func (s *Server) loginReply(a *agent, number, mode, state string) reply {
	if a.state != Offline {
		return statusReply("error", "Agent has already logged in")
	}
	if number == "" {
		return statusReply("error", "phoneNumber should not be empty")
	}
	for _, other := range s.agents {
		if other.state != Offline && other.number == number {
			return statusReply("error", fmt.Sprintf("%s logged in with the number (+91%s)", other.ID, number))
		}
	}
	if mode == "" {
		mode = a.Mode
	}
	first := Idle
	if strings.EqualFold(state, "Ready") {
		first = Ready
	}
	if err := s.logIn(a, number, mode, first); err != nil {
		return statusReply("error", "Agent has already logged in")
	}
	return statusReply("success", "Agent "+a.ID+" logged in successfully")
}

// logIn binds an agent to a number and announces the login, then the first state.
func (s *Server) logIn(a *agent, number, mode string, first AgentState) error {
	if a.state != Offline {
		return fmt.Errorf("%w: agent %s is %s, cannot log in", ErrIllegalMove, a.ID, a.state)
	}
	a.number, a.mode = number, mode
	s.pushAgentEvent(a, "login")
	return s.move(a, first)
}

// logOut frees an agent from any state, after-call work included, which is the known way out of it.
// That it also drops a call in progress is our reading: nothing is documented.
func (s *Server) logOut(a *agent) {
	c := a.call
	s.mustMove(a, Offline)
	s.dropCall(c)
	a.number = ""
}

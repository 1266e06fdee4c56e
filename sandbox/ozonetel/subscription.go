package ozonetel

import (
	"fmt"
	"net/http"
	"net/url"
)

// The subscription host (ozonetel.md 12.1) is served here beside the API. Credentials are the headers api_key and username; replies
// are plain text.

func (s *Server) subscriber(r *request) bool {
	keys, users := r.http.Header.Values("api_key"), r.http.Header.Values("username")
	return len(keys) == 1 && keys[0] == s.account.APIKey && len(users) == 1 && users[0] == s.account.UserName
}

// unauthorised is HTTP 401: the text is documented, the status is our choice.
func unauthorised() reply { return textReply(http.StatusUnauthorized, "Unauthorized") }

// subscribe answers POST /events/subscribe. There is one pair of URLs; an empty one is skipped.
func (s *Server) subscribe(r *request) reply {
	if !s.subscriber(r) {
		return unauthorised()
	}
	body, refused := r.json()
	if refused != nil {
		return *refused
	}
	calls, agents := body.text("callEventsURL"), body.text("agentEventsURL")
	for _, target := range []string{calls, agents} {
		if u, err := url.Parse(target); target != "" && (err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https")) {
			return textReply(http.StatusBadRequest, "Invalid URL")
		}
	}
	s.targets.CallEvents, s.targets.AgentEvents = calls, agents
	return textReply(http.StatusOK, "Subscription added successfully for User: "+s.account.UserName)
}

// listSubscriptions answers GET /events/subscriptions/list.
func (s *Server) listSubscriptions(r *request) reply {
	if !s.subscriber(r) {
		return unauthorised()
	}
	if s.targets.CallEvents == "" && s.targets.AgentEvents == "" {
		return textReply(http.StatusOK, "Subscription doesnt exists for User: "+s.account.UserName)
	}
	return jsonReply(struct {
		Agents string `json:"agentEventsURL"`
		Calls  string `json:"callEventsURL"`
	}{s.targets.AgentEvents, s.targets.CallEvents})
}

// unsubscribe answers POST /events/un-subscribe with eventType call, agent or both.
func (s *Server) unsubscribe(r *request) reply {
	if !s.subscriber(r) {
		return unauthorised()
	}
	body, refused := r.json()
	if refused != nil {
		return *refused
	}
	kind := body.text("eventType")
	calls, agents := kind == "call" || kind == "both", kind == "agent" || kind == "both"
	if !(calls && s.targets.CallEvents != "") && !(agents && s.targets.AgentEvents != "") {
		return textReply(http.StatusOK, "Subscription doesn't exists for User: "+s.account.UserName)
	}
	if calls {
		s.targets.CallEvents = ""
	}
	if agents {
		s.targets.AgentEvents = ""
	}
	return textReply(http.StatusOK, fmt.Sprintf("Unsubscribed to %s events successfully for User: %s", kind, s.account.UserName))
}

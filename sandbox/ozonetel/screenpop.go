package ozonetel

import (
	"net/http"
	"net/url"
	"strings"
)

// popScreen hits the screen-pop URL when an agent's phone rings (ozonetel.md 12.4): a GET with query parameters, added to those that
// the URL has. It is not repeated when it fails, as a browser would not. The meaning of phoneNumber beside callerID and the values of
// customer (the user name, as the deprecated APIs have it) and type are our choice. A duplicate, as FailPushes makes it, is what the
// vendor's browser and server send when both are set up.
func (s *Server) popScreen(c *call) {
	if s.targets.ScreenPop == "" || c.unpushed {
		return
	}
	query := url.Values{
		"phoneNumber": {c.phone}, "callerID": {c.phone}, "customer": {s.account.UserName}, "ucid": {c.ucid}, "monitorUcid": {c.ucid},
		"did": {s.account.Campaign.DID}, "campaignID": {s.account.Campaign.ID}, "type": {string(c.kind)}, "dataID": {""}, "uui": {c.uui},
		"skillName": {s.account.Campaign.Skill}, "agentID": {c.agent.ID}, "phoneName": {c.phoneName}, "agentPhoneNumber": {c.agentNumber},
	}
	joint := "?"
	if strings.Contains(s.targets.ScreenPop, "?") {
		joint = "&"
	}
	s.pushes.submit(push{kind: ScreenPopPush, method: http.MethodGet, url: s.targets.ScreenPop + joint + query.Encode(), once: true})
}

package ozonetel

import (
	"encoding/json"
	"time"
)

// abandonWindow is how far back abandonCalls reaches. The real one is not documented; a day is our choice.
const abandonWindow = 24 * time.Hour

// abandonCalls answers GET /ca_apis/abandonCalls with a JSON body (ozonetel.md 8): every call without a talk, outbound ones included,
// oldest first, monitorUCID as an unquoted number. Date filters are not known to exist, so none is looked at.
func (s *Server) abandonCalls(r *request) reply {
	if _, refused := s.accept(r, authTexts{}); refused != nil {
		return *refused
	}
	type row struct {
		MonitorUCID json.Number `json:"monitorUCID"`
		Type        string      `json:"type"`
		Status      string      `json:"status"`
		Campaign    string      `json:"campaign"`
		CallerID    string      `json:"callerID"`
		DID         string      `json:"did"`
		SkillID     string      `json:"skillID"`
		Skill       string      `json:"skill"`
		AgentID     string      `json:"agentID"`
		Agent       string      `json:"agent"`
		HangupBy    string      `json:"hangupBy"`
		CallTime    string      `json:"callTime"`
	}
	rows := []row{}
	since := s.line.Now().Add(-abandonWindow)
	for _, c := range s.order {
		if c.state != Ended || c.wasAnswered() || c.started.Before(since) {
			continue
		}
		out := row{
			MonitorUCID: json.Number(c.ucid), Type: "Manual", Status: "NotAnswered", Campaign: s.account.Campaign.Name,
			CallerID: c.phone, DID: s.account.Campaign.DID, HangupBy: c.hangupBy, CallTime: wireTime(c.started),
		}
		if c.kind == inbound {
			out.Type, out.SkillID, out.Skill = "InBound", s.account.Campaign.SkillID, s.account.Campaign.Skill
		}
		if c.agent != nil {
			out.AgentID, out.Agent = c.agent.ID, c.agent.Name
		}
		rows = append(rows, out)
	}
	return jsonReply(answer{Status: "success", Message: rows})
}

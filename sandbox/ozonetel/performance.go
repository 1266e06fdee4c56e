package ozonetel

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// maxSummary is the longest period of summaryReport (ozonetel.md 10.1).
const maxSummary = 30 * 24 * time.Hour

// summaryRow is one agent's day in one mode.
type summaryRow struct {
	AgentIncrID   string
	AgentUniqueID string
	AgentName     string
	CallDate      string
	ModeType      string
	Login         string `json:"TotalLoginDuration"`
	Idle          string `json:"TotalIdleTime"`
	Busy          string `json:"TotalBusyTime"`
	Pause         string `json:"TotalPauseTime"`
	Wrapup        string `json:"TotalWrapupTime"`
	Dial          string `json:"TotalDialTime"`
}

// summaryReport answers GET and POST /ca_reports/summaryReport (ozonetel.md 10.1): a row per agent, day and mode, by day; days are
// taken whole. One row comes as an object, as the vendor's sample shows it, several as an array.
func (s *Server) summaryReport(r *request) reply {
	body, refused := s.accept(r, reportTexts())
	if refused == nil {
		refused = s.overLimit(summaryFamily)
	}
	if refused != nil {
		return *refused
	}
	from, to, problem := summaryPeriod(body.text("fromDate"), body.text("toDate"))
	if problem != "" {
		return statusReply("error", problem)
	}
	agents, problem := s.agentsNamed(body.text("agentId"))
	if problem != "" {
		return statusReply("error", problem)
	}
	modes, problem := modesNamed(body.text("modeType"))
	if problem != "" {
		return statusReply("error", problem)
	}
	rows := s.summaryRows(from, to, agents, modes)
	switch len(rows) {
	case 0:
		return statusReply("error", "No Data Found")
	case 1:
		return jsonReply(answer{Status: "success", Message: rows[0]})
	default:
		return jsonReply(answer{Status: "success", Message: rows})
	}
}

func summaryPeriod(fromText, toText string) (from, to time.Time, problem string) {
	from, err := time.ParseInLocation(time.DateTime, fromText, ist)
	if err == nil {
		to, err = time.ParseInLocation(time.DateTime, toText, ist)
	}
	switch {
	case err != nil:
		return from, to, "From and To Date should be in yyyy-mm-dd HH:mm:ss Format"
	case from.After(to):
		return from, to, "From Date Should not be Greater than To Date"
	case to.Sub(from) > maxSummary:
		return from, to, "Difference Between From and To Date should not be Greater than 30 Days"
	}
	return from, to, ""
}

// agentsNamed reads a comma list of agent ids; empty or "0" means all.
func (s *Server) agentsNamed(list string) ([]*agent, string) {
	if list == "" || list == "0" {
		return s.agents, ""
	}
	var named []*agent
	for id := range strings.SplitSeq(list, ",") {
		a := s.agent(strings.TrimSpace(id))
		if a == nil {
			return nil, "agentId is Invalid"
		}
		named = append(named, a)
	}
	return named, ""
}

// modesNamed reads a comma list of login modes; nil, for an empty list or "0", means all.
func modesNamed(list string) ([]string, string) {
	if list == "" || list == "0" {
		return nil, ""
	}
	known := []string{"inbound", "manual", "blended", "preview", "progressive", "predictive", "chat"}
	var named []string
	for mode := range strings.SplitSeq(strings.ToLower(list), ",") {
		mode = strings.TrimSpace(mode)
		if !slices.Contains(known, mode) {
			return nil, "Mode Type is Invalid"
		}
		named = append(named, mode)
	}
	return named, ""
}

func (s *Server) summaryRows(from, to time.Time, agents []*agent, modes []string) []summaryRow {
	first, last := from.Format(time.DateOnly), to.Format(time.DateOnly)
	var rows []summaryRow
	for _, a := range agents {
		s.countWork(a)
		for day, w := range a.work {
			wanted := len(modes) == 0 || slices.Contains(modes, strings.ToLower(day.mode))
			if !wanted || day.date < first || day.date > last {
				continue
			}
			rows = append(rows, summaryRow{
				AgentIncrID: a.UniqueID, AgentUniqueID: a.ID, AgentName: a.Name, CallDate: day.date, ModeType: titleMode(day.mode),
				Login: wireDuration(w.login), Idle: wireDuration(w.idle), Busy: wireDuration(w.busy), Pause: wireDuration(w.pause),
				Wrapup: wireDuration(w.wrapup), Dial: wireDuration(w.dial),
			})
		}
	}
	slices.SortFunc(rows, func(a, b summaryRow) int {
		return cmp.Or(cmp.Compare(a.CallDate, b.CallDate), cmp.Compare(a.AgentIncrID, b.AgentIncrID), cmp.Compare(a.ModeType, b.ModeType))
	})
	return rows
}

// averageHandling answers GET /ca_apis/AHT with a JSON body (ozonetel.md 10.2): talk and after-call work of the outbound calls of the
// last two hours, of one agent or of the campaign. Not documented and chosen here: the texts for both and for neither, and `No Data
// Found` when there was no such call.
func (s *Server) averageHandling(r *request) reply {
	body, refused := s.accept(r, reportTexts())
	if refused == nil {
		refused = s.overLimit(ahtFamily)
	}
	if refused != nil {
		return *refused
	}
	agentID, campaign := body.text("agentId"), body.text("campaignName")
	a := s.agent(agentID)
	switch {
	case agentID != "" && campaign != "":
		return statusReply("error", "Either agentId or campaignName should be given")
	case agentID == "" && campaign == "":
		return statusReply("error", "agentId and campaignName should not be empty")
	case agentID != "" && a == nil:
		return statusReply("error", "agentId is Invalid")
	case campaign != "" && campaign != s.account.Campaign.Name:
		return statusReply("error", "campaignName is Invalid")
	}
	average, some := s.handling(a)
	if !some {
		return statusReply("error", "No Data Found")
	}
	type row struct {
		AgentID      string `json:",omitempty"`
		AgentName    string `json:",omitempty"`
		CampaignID   string `json:",omitempty"`
		CampaignName string `json:",omitempty"`
		AHT          string
	}
	out := row{AHT: wireDuration(average)}
	if a != nil {
		out.AgentID, out.AgentName = a.UniqueID, a.Name
	} else {
		out.CampaignID, out.CampaignName = s.account.Campaign.ID, s.account.Campaign.Name
	}
	return jsonReply(answer{Status: "success", Message: out})
}

// handling is the average over an agent's answered dials, or everybody's without one.
func (s *Server) handling(a *agent) (average time.Duration, some bool) {
	since := s.line.Now().Add(-2 * time.Hour)
	var sum time.Duration
	calls := 0
	for _, c := range s.history {
		if c.kind == manual && c.wasAnswered() && !c.ended.Before(since) && (a == nil || c.agent == a) {
			sum += c.ended.Sub(c.answered) + c.wrapTime()
			calls++
		}
	}
	if calls == 0 {
		return 0, false
	}
	return sum / time.Duration(calls), true
}

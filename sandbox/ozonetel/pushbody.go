package ozonetel

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// ist is the account's local time; no time on the wire carries a zone (ozonetel.md 0).
var ist = time.FixedZone("IST", 5*60*60+30*60)

func wireTime(t time.Time) string { return t.In(ist).Format(time.DateTime) }

// wireDuration is HH:MM:SS; hours may exceed 23.
func wireDuration(d time.Duration) string {
	seconds := int(d.Round(time.Second).Seconds())
	return fmt.Sprintf("%02d:%02d:%02d", seconds/3600, seconds/60%60, seconds%60)
}

func titleMode(mode string) string {
	if mode == "" {
		return ""
	}
	return strings.ToUpper(mode[:1]) + strings.ToLower(mode[1:])
}

// callType spells the kind as call events do: the casing of inbound varies from call to call (ozonetel.md 12.2).
func (c *call) callType() string {
	switch {
	case c.kind == manual:
		return "Manual"
	case c.serial()%2 == 0:
		return "InBound"
	default:
		return "Inbound"
	}
}

// cdrCallerID writes the number as the CDR push does: ten digits, 0 and ten, or 91 and ten, varying from call to call (ozonetel.md 12.3).
func (c *call) cdrCallerID() string {
	if len(c.phone) != 10 {
		return c.phone
	}
	return []string{"", "0", "91"}[c.serial()%3] + c.phone
}

func (c *call) serial() int {
	return int(c.ucid[len(c.ucid)-1]-'0') + 10*int(c.ucid[len(c.ucid)-2]-'0')
}

type eventEnvelope struct {
	EventType string `json:"eventType"`
	EventTime string `json:"eventTime"` // when sent
	UserName  string `json:"username"`
	Data      any    `json:"data"`
}

func (s *Server) pushEvent(kind PushKind, target, eventType string, data any) {
	if target == "" {
		return
	}
	userName := s.account.UserName
	s.pushes.submit(push{kind: kind, url: target, contentType: "application/json", render: func(sent time.Time) []byte {
		return jsonReply(eventEnvelope{EventType: eventType, EventTime: wireTime(sent), UserName: userName, Data: data}).body
	}})
}

// pushCallEvent announces Calling, Answered or Disconnect (ozonetel.md 12.2). A call that no agent was offered has none.
func (s *Server) pushCallEvent(c *call, action string) {
	if c.unpushed || c.agent == nil {
		return
	}
	s.pushEvent(CallEventPush, s.targets.CallEvents, "Call", struct {
		Action      string `json:"action"`
		CallType    string `json:"call_type"`
		UCID        string `json:"ucid"`
		MonitorUCID string `json:"monitor_ucid"`
		AgentID     string `json:"agent_id"`
		Skill       string `json:"skill"`
		CallerID    string `json:"caller_id"`
		DID         string `json:"did"`
		AgentNumber string `json:"agent_number"`
		EventTime   string `json:"event_time"` // when it happened
	}{
		action, c.callType(), c.ucid, c.ucid, c.agent.ID, s.account.Campaign.Skill, c.phone, s.account.Campaign.DID,
		c.agentNumber, wireTime(s.line.Now()),
	})
}

// pushAgentEvent announces an agent's new state. The exact body is not documented (ozonetel.md 12.2, 17); no pause reason is sent.
func (s *Server) pushAgentEvent(a *agent, action string) {
	s.pushEvent(AgentEventPush, s.targets.AgentEvents, "Agent", struct {
		Action    string `json:"action"`
		AgentID   string `json:"agentId"`
		AgentName string `json:"agentName"`
		Mode      string `json:"agentMode"`
		Number    string `json:"phoneNumber"`
		Skill     string `json:"skill"`
		EventTime string `json:"event_time"`
	}{action, a.ID, a.Name, strings.ToUpper(a.mode), a.number, s.account.Campaign.Skill, wireTime(s.line.Now())})
}

// pushCDRs sends the call's record now, without a disposition, and again CDRDelay later with what it has then (ozonetel.md 12.3).
func (s *Server) pushCDRs(c *call) {
	if c.unpushed {
		return
	}
	if !s.timing.SkipImmediateCDR {
		s.pushCDR(c, "")
	}
	s.line.After(s.timing.CDRDelay, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.pushCDR(c, c.disposition)
	})
}

func (s *Server) pushCDR(c *call, disposition string) {
	if s.targets.CDR == "" {
		return
	}
	record := s.cdr(c, disposition)
	s.pushes.submit(push{kind: CDRPush, url: s.targets.CDR, contentType: "application/x-www-form-urlencoded", render: func(time.Time) []byte {
		return []byte(url.Values{"data": {string(record)}}.Encode())
	}})
}

// cdr is the record of an ended call. Mind that CallDuration is the total and Duration the talk, the reverse of the CDR API.
func (s *Server) cdr(c *call, disposition string) json.RawMessage {
	total, wait := c.ended.Sub(c.started), c.timeToAnswer()
	record := map[string]string{
		"monitorUCID": c.ucid, "UUI": orNone(c.uui), "Did": s.account.Campaign.DID, "CampaignName": s.account.Campaign.Name, "Location": "",
		"CallerID": c.cdrCallerID(), "StartTime": wireTime(c.started), "EndTime": wireTime(c.ended),
		"TimeToAnswer": wireDuration(wait), "CallDuration": wireDuration(total), "Duration": wireDuration(total - wait),
		"FallBackRule": "AgentDial", "Type": string(c.kind), "HangupBy": orNone(c.hangupBy),
		"Status": "NotAnswered", "DialStatus": "not_answered", "AgentStatus": c.agentStatus, "CustomerStatus": c.customerStatus,
		"AudioFile": "", "TransferType": "No Transfers", "TransferredTo": c.transferredTo(), "Comments": c.comments, "Disposition": disposition,
		"PhoneName": c.phoneName, "Skill": s.account.Campaign.Skill, "DialedNumber": c.agentNumber, "AgentID": "", "AgentPhoneNumber": c.agentNumber,
		"AgentUniqueID": "", "AgentName": "",
		"Apikey": s.account.APIKey, "UserName": s.account.UserName, "CallerConfAudioFile": "", "ConfDuration": wireDuration(c.conferenced()),
		"CampaignStatus": "ONLINE",
	}
	if c.wasAnswered() {
		record["Status"], record["DialStatus"] = "Answered", "answered"
		record["AudioFile"] = recordingURL(c)
	}
	if c.agentGone {
		record["TransferType"] = blindTransfer
	}
	if c.heldFor > 0 {
		record["HoldDuration"] = wireDuration(c.heldFor)
	}
	if a := c.agent; a != nil {
		record["AgentID"], record["AgentUniqueID"], record["AgentName"] = a.ID, a.UniqueID, a.Name
	}
	return jsonReply(record).body
}

// blindTransfer is our choice of a TransferType: only "No Transfers" is documented.
const blindTransfer = "Blind"

func recordingURL(c *call) string { return "http://recordings.sandbox.test/" + c.ucid + ".mp3" }

// orNone writes an empty value as the vendor may: the text None (ozonetel.md 12.3).
func orNone(value string) string {
	if value == "" {
		return "None"
	}
	return value
}

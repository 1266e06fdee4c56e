package ozonetel

import (
	"encoding/json"
	"time"
)

// cdrRecord is the full record of ozonetel.md 9: 47 members, in the order of the vendor's sample. A nil text is null on the wire.
type cdrRecord struct {
	CallID              json.Number // a number above 2^53, not a string
	UCID                string
	CallDate            string
	StartTime           string
	PickupTime          *string
	EndTime             string
	TimeToAnswer        string
	Duration            string // the whole call; in the push this word means the talk
	TalkTime            string // holds included, as in the push
	HandlingTime        string
	HoldDuration        string
	WrapupDuration      string
	WrapUpStartTime     *string
	WrapUpEndTime       *string
	QueueTime           string
	CustomerRingTime    string
	CallerID            string
	E164                string
	DialedNumber        *string
	DID                 string
	Location            string
	AgentID             *string
	AgentName           *string
	Skill               *string
	CampaignName        string
	CallFlow            string
	Event               string
	Type                string
	Status              string
	DialStatus          string
	AgentDialStatus     string
	CustomerDialStatus  string
	Disposition         *string
	Comments            *string
	HangupBy            *string
	DialCount           string
	UUI                 *string
	CallAudio           *string
	CallerConfAudioFile string
	ConferenceDuration  string
	DialOutName         string
	DynamicDID          string
	Rating              *string
	RatingComments      *string
	TransferType        string
	TransferredTo       string
	VideoRecordingURL   *string
}

func (s *Server) cdrRecords(calls []*call) []cdrRecord {
	records := make([]cdrRecord, 0, len(calls))
	for _, c := range calls {
		records = append(records, s.cdrRecord(c))
	}
	return records
}

func (s *Server) cdrRecord(c *call) cdrRecord {
	total, wait, wrap := c.ended.Sub(c.started), c.timeToAnswer(), c.wrapTime()
	r := cdrRecord{
		CallID: json.Number(c.ucid), UCID: c.ucid, CallDate: c.started.In(ist).Format(time.DateOnly),
		StartTime: clock(c.started), PickupTime: clockOrNull(c.answered), EndTime: clock(c.ended),
		TimeToAnswer: wireDuration(wait), Duration: wireDuration(total), TalkTime: wireDuration(total - wait),
		HandlingTime: wireDuration(total + wrap), HoldDuration: wireDuration(c.heldFor), WrapupDuration: wireDuration(wrap),
		WrapUpStartTime: clockOrNull(c.wrapping), WrapUpEndTime: clockOrNull(c.wrapped),
		QueueTime: wireDuration(c.queueTime()), CustomerRingTime: wireDuration(c.customerRing()),
		CallerID: c.phone, E164: c.phone, DID: s.account.Campaign.DID, CampaignName: s.account.Campaign.Name,
		CallFlow: "AgentDial", Event: "AgentDial", Type: c.cdrType(), Status: "Unanswered", DialStatus: "not_answered",
		AgentDialStatus: c.agentStatus, CustomerDialStatus: c.customerStatus,
		Disposition: c.orNull(c.disposition), Comments: c.orNull(c.comments), HangupBy: c.orNull(c.hangupBy),
		DialCount: "1", UUI: c.orNull(c.uui), CallAudio: c.orNull(""), ConferenceDuration: wireDuration(c.conferenced()),
		Rating: c.orNull(""), RatingComments: c.orNull(""), TransferredTo: c.transferredTo(), VideoRecordingURL: c.orNull(""),
	}
	if len(c.phone) == 10 {
		r.E164 = "+91" + c.phone
	}
	if c.kind == inbound {
		r.CallFlow, r.Skill = "IVR+Agent+Dial", &s.account.Campaign.Skill // + for a space, as in texts like these
	}
	if c.kind == inbound && c.offered.IsZero() {
		r.CallFlow, r.Event, r.DialCount = "IVR", "Queue+Abandon", "0"
	}
	if c.wasAnswered() {
		r.Status, r.DialStatus, r.CallAudio = "Answered", "answered", ptr(recordingURL(c))
	}
	if c.agentGone {
		r.TransferType = blindTransfer
	}
	r.DialedNumber, r.AgentID, r.AgentName = c.orNull(c.agentNumber), c.orNull(""), c.orNull("")
	if a := c.agent; a != nil {
		r.AgentID, r.AgentName = &a.ID, &a.Name
		if to := s.agentAt(c.transferredTo()); to != nil { // both legs' agents after a transfer
			r.AgentID, r.AgentName = ptr(a.ID+"->"+to.ID), ptr(a.Name+"->"+to.Name)
		}
	}
	return r
}

// cdrType spells the kind as records do: the casing of inbound varies from call to call.
func (c *call) cdrType() string {
	if c.kind == manual {
		return "Manual"
	}
	return []string{"InBound", "Inbound", "inbound"}[c.serial()%3]
}

// orNull writes an empty value as null or as an empty text, varying from call to call.
func (c *call) orNull(value string) *string {
	if value == "" && c.serial()%2 == 0 {
		return nil
	}
	return &value
}

// clock is the time of day; records have the date once, of the start.
func clock(t time.Time) string { return t.In(ist).Format(time.TimeOnly) }

func clockOrNull(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	return ptr(clock(t))
}

// wrapTime is the finished after-call work, zero while it lasts.
func (c *call) wrapTime() time.Duration {
	if c.wrapping.IsZero() || c.wrapped.IsZero() {
		return 0
	}
	return c.wrapped.Sub(c.wrapping)
}

// queueTime is how long an inbound caller waited until an agent's phone rang, or all the time.
func (c *call) queueTime() time.Duration {
	switch {
	case c.kind != inbound:
		return 0
	case c.offered.IsZero():
		return c.ended.Sub(c.started)
	default:
		return c.offered.Sub(c.started)
	}
}

// customerRing is how long a dialled customer's phone rang.
func (c *call) customerRing() time.Duration {
	switch {
	case c.rang.IsZero():
		return 0
	case c.wasAnswered():
		return c.answered.Sub(c.rang)
	default:
		return c.ended.Sub(c.rang)
	}
}

// agentAt is the agent whose phone has a number, nil when nobody's has.
func (s *Server) agentAt(number string) *agent {
	for _, a := range s.agents {
		if sameNumber(a.Number, number) {
			return a
		}
	}
	return nil
}

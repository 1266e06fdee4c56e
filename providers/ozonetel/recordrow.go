package ozonetel

import (
	"cmp"
	"slices"
	"strings"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/phone"
)

// Outcome is how a call went.
type Outcome string

// The outcomes.
const (
	OutcomeAnswered    Outcome = "ANSWERED"     // agent and patient talked
	OutcomeMissed      Outcome = "MISSED"       // an inbound call reached nobody
	OutcomeNotAnswered Outcome = "NOT_ANSWERED" // a dial of ours reached nobody
)

// CallRecord is what the account keeps of a call (9). A caller who redials in the IVR, and a call that was transferred,
// may have several.
type CallRecord struct {
	ID         string           // of this record; calls that change later keep it
	Report     helix.CallReport // Kind DETAILS: the part that enters a call's events
	Outcome    Outcome
	Agents     []helix.AgentID // who had the call, the last of them last; Report.Agent is the last
	AnsweredAt time.Time       // zero when never answered
	Queue      time.Duration   // the patient waited for an agent
	Ring       time.Duration   // until it was answered
	Hold       time.Duration
	WrapUp     time.Duration // after-call work
	Handling   time.Duration // talk, hold and after-call work
	Skill      string
	Notes      string // that came with the disposition
}

// recordRow is a record as the account writes it: any field may be missing or null, ids may be numbers (9).
type recordRow struct {
	CallID, UCID, MonitorUCID                                    FlexString
	CallDate, StartTime, PickupTime, EndTime                     FlexString
	Duration, TalkTime, TimeToAnswer, QueueTime                  FlexString
	HoldDuration, WrapupDuration, HandlingTime                   FlexString
	CallerID, E164, DID, CampaignName, Skill, AgentID, AgentName FlexString
	Type, Status, DialStatus, HangupBy, UUI                      FlexString
	Disposition, Comments, CallAudio                             FlexString
}

// readRecords reads what it can of a day's rows: a row without an id tells nothing.
func (c *Client) readRecords(rows []recordRow, day time.Time) []CallRecord {
	records := make([]CallRecord, 0, len(rows))
	for _, row := range rows {
		if r, ok := c.callRecord(row, day); ok {
			records = append(records, r)
		}
	}
	return inOrder(records)
}

// inOrder sorts records by beginning and keeps the last of those that repeat one.
func inOrder(records []CallRecord) []CallRecord {
	byID := make(map[[2]string]int, len(records))
	for i, r := range records {
		byID[[2]string{r.ID, r.Report.LegID}] = i
	}
	kept := make([]CallRecord, 0, len(byID))
	for i, r := range records {
		if byID[[2]string{r.ID, r.Report.LegID}] == i {
			kept = append(kept, r)
		}
	}
	slices.SortStableFunc(kept, func(a, b CallRecord) int {
		return cmp.Or(a.Report.At.Compare(b.Report.At), cmp.Compare(a.ID, b.ID))
	})
	return kept
}

// callRecord is false for a row without an id. Mind the trap: Duration is the whole call here, while in the call-end
// push it is the talk (12.3).
func (c *Client) callRecord(row recordRow, day time.Time) (CallRecord, bool) {
	id := cmp.Or(row.CallID.Value(), row.UCID.Value(), row.MonitorUCID.Value())
	if id == "" {
		return CallRecord{}, false
	}
	leg := cmp.Or(row.UCID.Value(), id)
	answered := row.answered()
	r := CallRecord{
		ID: id, Agents: agentsOf(row.AgentID.Value()), Skill: row.Skill.Value(), Notes: row.Comments.Value(),
		Queue: clockDuration(row.QueueTime.Value()), Hold: clockDuration(row.HoldDuration.Value()),
		WrapUp: clockDuration(row.WrapupDuration.Value()), Handling: clockDuration(row.HandlingTime.Value()),
		Report: helix.CallReport{
			Kind: helix.ReportDetails, Provider: helix.ProviderOzonetel,
			ProviderCallID: cmp.Or(row.MonitorUCID.Value(), leg), LegID: leg, OurCall: ourCall(row.UUI.Value()),
			Direction: direction(word(row.Type)), Phone: phone.FromProvider(cmp.Or(row.E164.Value(), row.CallerID.Value())),
			DID: row.DID.Value(), Campaign: row.CampaignName.Value(),
			Agent: helix.AgentID(lastLeg(row.AgentID.Value())), AgentName: lastLeg(row.AgentName.Value()),
			Answered: answered, Disposition: row.Disposition.Value(), RecordingURL: recordingURL(row.CallAudio.Value()),
			Total: clockDuration(row.Duration.Value()),
		},
	}
	r.Report.EndReason = endReason(word(row.HangupBy), r.Report.Direction, answered)
	c.placeInTime(&r, row, day)
	switch {
	case answered:
		r.Outcome = OutcomeAnswered
		r.Report.Talk = min(clockDuration(row.TalkTime.Value()), r.Report.Total)
		if r.Handling == 0 {
			r.Handling = r.Report.Talk + r.Hold + r.WrapUp
		}
	case r.Report.Direction == helix.Outbound:
		r.Outcome = OutcomeNotAnswered
	default:
		r.Outcome = OutcomeMissed
	}
	return r, true
}

// placeInTime fills in when the call began, was answered and ended. The account gives times of day: one that lies
// before the call's beginning belongs to the day after. Missing ones follow from the durations.
func (c *Client) placeInTime(r *CallRecord, row recordRow, day time.Time) {
	if date, err := time.ParseInLocation(time.DateOnly, row.CallDate.Value(), c.location); err == nil {
		day = date
	}
	start, hasStart := c.timeOfDay(row.StartTime.Value(), day, time.Time{})
	end, hasEnd := c.timeOfDay(row.EndTime.Value(), day, start)
	switch {
	case !hasStart || !hasEnd:
	case r.Report.Total == 0:
		r.Report.Total = end.Sub(start)
	case end.Sub(start) > r.Report.Total+time.Hour: // an end that is wrong by seconds looks like the next day's
		hasEnd = false
	}
	switch {
	case hasStart && !hasEnd:
		end = start.Add(r.Report.Total)
	case hasEnd && !hasStart:
		start = end.Add(-r.Report.Total)
	case !hasStart && !hasEnd:
		start = day.UTC()
		end = start.Add(r.Report.Total)
	}
	r.Report.At, r.Report.EndedAt = start, end
	if !r.Report.Answered {
		return
	}
	r.Ring = clockDuration(row.TimeToAnswer.Value())
	pickup, hasPickup := c.timeOfDay(row.PickupTime.Value(), day, start)
	if hasPickup && !pickup.After(end) {
		r.AnsweredAt = pickup
	} else {
		r.AnsweredAt = start.Add(min(r.Ring, end.Sub(start)))
	}
}

// timeOfDay reads "12:19:44" as a moment of the day, or of the next day when that is needed to be no earlier than
// after. A text with a date of its own is taken as it is.
func (c *Client) timeOfDay(text string, day, after time.Time) (time.Time, bool) {
	if t, ok := c.localTime(text); ok {
		return t, !t.Before(after)
	}
	clock, err := time.Parse(time.TimeOnly, text)
	if err != nil {
		return time.Time{}, false
	}
	on := func(days int) time.Time {
		return time.Date(day.Year(), day.Month(), day.Day()+days, clock.Hour(), clock.Minute(), clock.Second(), 0, c.location).UTC()
	}
	if t := on(0); !t.Before(after) {
		return t, true
	}
	return on(1), true
}

// answered reads the status, of which "Unanswered" and "NotAnswered" mean the same; without one the dial's counts (9).
func (row recordRow) answered() bool {
	return cmp.Or(word(row.Status), word(row.DialStatus)) == "answered"
}

// word reads a value of a fixed set: any casing, with plus signs for spaces (9).
func word(s FlexString) string {
	return strings.ToLower(strings.TrimSpace(strings.ReplaceAll(s.Value(), "+", " ")))
}

// agentsOf gives the agents that a transferred call lists with "->" (9).
func agentsOf(list string) []helix.AgentID {
	var agents []helix.AgentID
	for name := range strings.SplitSeq(list, "->") {
		if name = strings.TrimSpace(name); name != "" {
			agents = append(agents, helix.AgentID(name))
		}
	}
	return agents
}

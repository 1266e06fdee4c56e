package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	helix "github.com/helix-engage/gateway"
)

// shape is how a call goes, with times from its beginning.
type shape struct {
	name       string
	inbound    bool
	offered    []offeredTo
	answered   []offeredTo
	ends, talk time.Duration
}

type offeredTo struct {
	agent helix.AgentID
	after time.Duration
}

const (
	agentOne helix.AgentID = "agent1"
	agentTwo helix.AgentID = "agent2"
)

var agentsOfTheExchange = []helix.AgentID{agentOne, agentTwo}

// shapes are the ways in which calls go.
var shapes = []shape{
	{
		name: "an answered call", inbound: true, offered: []offeredTo{{agentOne, 0}}, answered: []offeredTo{{agentOne, 5 * time.Second}},
		ends: 65 * time.Second, talk: time.Minute,
	},
	{
		name: "a call that the second agent answers", inbound: true, offered: []offeredTo{{agentOne, 0}, {agentTwo, 20 * time.Second}},
		answered: []offeredTo{{agentTwo, 25 * time.Second}}, ends: 55 * time.Second, talk: 30 * time.Second,
	},
	{
		name: "a call that is handed over", inbound: true, offered: []offeredTo{{agentOne, 0}, {agentTwo, 30 * time.Second}},
		answered: []offeredTo{{agentOne, 5 * time.Second}, {agentTwo, 35 * time.Second}}, ends: 95 * time.Second, talk: 90 * time.Second,
	},
	{name: "a call that is given up in the queue", inbound: true, ends: 20 * time.Second},
	{name: "a call that is given up while it rings", inbound: true, offered: []offeredTo{{agentTwo, 2 * time.Second}}, ends: 20 * time.Second},
	{
		name: "a dial that is answered", offered: []offeredTo{{agentOne, 0}}, answered: []offeredTo{{agentOne, 8 * time.Second}},
		ends: 68 * time.Second, talk: time.Minute,
	},
	{name: "a dial that nobody answers", offered: []offeredTo{{agentTwo, 0}}, ends: 30 * time.Second},
}

// playedCall is a call of a case.
type playedCall struct {
	shape
	ucid    string
	phone   helix.Phone
	start   time.Time
	total   time.Duration
	records []int // which of the case's pushes are its record
}

func (c *playedCall) id() helix.CallID {
	return helix.CallID(helix.NewID(string(helix.ProviderOzonetel), c.ucid))
}

func (c *playedCall) lastAgent() helix.AgentID {
	if len(c.offered) == 0 {
		return ""
	}
	return c.offered[len(c.offered)-1].agent
}

func (c *playedCall) recording() string {
	if c.talk == 0 {
		return ""
	}
	return "https://recordings.test/" + c.ucid + ".mp3"
}

func (c *playedCall) reason() helix.EndReason {
	if !c.inbound && c.talk == 0 {
		return helix.EndNotAnswered
	}
	return helix.EndPatientHungUp
}

// push is one delivery of the provider's, with the fields that it holds; inner are those below `data`.
type push struct {
	path         string
	outer, inner map[string]any
	at           time.Time // when it is sent; pushes of a case are in this order
}

// played is a case: calls of one or two patients, with all that is pushed of them.
type played struct {
	calls  []*playedCall
	pushes []push
}

func (p *played) phones() []helix.Phone {
	var phones []helix.Phone
	for _, c := range p.calls {
		if !slices.Contains(phones, c.phone) {
			phones = append(phones, c.phone)
		}
	}
	return phones
}

// local is a time as the account writes it.
func local(t time.Time) string { return t.In(ist).Format(time.DateTime) }

func clockTime(d time.Duration) string { return time.Time{}.Add(d).Format(time.TimeOnly) }

var ist = time.FixedZone("IST", 5*3600+1800)

func (c *playedCall) kind() string {
	if c.inbound {
		return "InBound"
	}
	return "Manual"
}

func (c *playedCall) status() string {
	if c.talk > 0 {
		return "Answered"
	}
	return "NotAnswered"
}

// pushes are what the account sends of the call.
func (c *playedCall) pushes() []push {
	var all []push
	event := func(action string, agent helix.AgentID, at time.Time) {
		all = append(all, push{
			path: pathEvents, at: at,
			outer: map[string]any{"eventType": "Call", "eventTime": local(at.Add(time.Second)), "username": "sandbox"},
			inner: map[string]any{
				"action": action, "call_type": c.kind(), "ucid": c.ucid, "monitor_ucid": c.ucid, "agent_id": string(agent),
				"caller_id": string(c.phone)[3:], "did": "918041763265", "event_time": local(at),
			},
		})
	}
	for _, o := range c.offered {
		event("Calling", o.agent, c.start.Add(o.after))
		if c.inbound {
			all = append(all, push{path: pathPop, at: c.start.Add(o.after), inner: map[string]any{
				"ucid": c.ucid, "monitorUcid": c.ucid, "callerID": "0" + string(c.phone)[3:], "agentID": string(o.agent), "type": c.kind(),
			}})
		}
	}
	for _, a := range c.answered {
		event("Answered", a.agent, c.start.Add(a.after))
	}
	end := c.start.Add(c.total)
	if len(c.offered) > 0 {
		event("Disconnect", c.lastAgent(), end)
	}
	for wait, label := range map[time.Duration]string{time.Second: "", 5 * time.Minute: "General Enquiry"} {
		all = append(all, push{path: pathCDR, at: end.Add(wait), inner: map[string]any{
			"monitorUCID": c.ucid, "UUI": "General", "Did": "918041763265", "CampaignName": "Main", "CallerID": string(c.phone)[1:],
			"StartTime": local(c.start), "EndTime": local(end), "CallDuration": clockTime(c.total), "Duration": clockTime(c.talk),
			"TimeToAnswer": clockTime(c.total - c.talk), "Type": strings.ToLower(c.kind()), "AgentID": c.agents(), "AgentName": "None",
			"Disposition": label, "HangupBy": "UserHangup", "Status": c.status(), "AudioFile": c.recording(), "Apikey": "KKsandbox",
		}})
	}
	return all
}

// agents are those who had the call, as records name them.
func (c *playedCall) agents() string {
	if len(c.answered) > 1 {
		return string(c.answered[0].agent) + "->" + string(c.answered[1].agent)
	}
	return string(c.lastAgent())
}

// row is the call in the account's own records.
func (c *playedCall) row() map[string]any {
	status := "Unanswered"
	if c.talk > 0 {
		status = "Answered"
	}
	return map[string]any{
		"CallID": c.ucid, "UCID": c.ucid, "CallDate": c.start.In(ist).Format(time.DateOnly), "StartTime": c.start.In(ist).Format(time.TimeOnly),
		"PickupTime": c.start.Add(c.total - c.talk).In(ist).Format(time.TimeOnly), "EndTime": c.start.Add(c.total).In(ist).Format(time.TimeOnly),
		"Duration": clockTime(c.total), "TalkTime": clockTime(c.talk), "CallerID": string(c.phone)[3:], "E164": string(c.phone),
		"DID": "918041763265", "AgentID": c.agents(), "Type": c.kind(), "Status": status, "HangupBy": "UserHangup", "CallAudio": c.recording(),
		"CampaignName": "Main", "Disposition": nil,
	}
}

// abandoned is the call in the list of calls that reached nobody, which has dials too; nil for one that was answered.
func (c *playedCall) abandoned() map[string]any {
	if c.talk > 0 {
		return nil
	}
	return map[string]any{
		"monitorUCID": c.ucid, "type": c.kind(), "status": "NotAnswered", "campaign": "Main", "callerID": string(c.phone)[3:],
		"did": "918041763265", "agentID": c.agents(), "hangupBy": "UserHangup", "callTime": local(c.start),
	}
}

// newCase makes calls to numbers and ids that nobody has used.
func (x *exchange) newCase(shapes []shape, patients []int) *played {
	x.cases++
	p := &played{}
	for i, s := range shapes {
		c := &playedCall{
			shape: s, ucid: fmt.Sprintf("217%08d%06d", x.cases, i), total: s.ends,
			phone: helix.Phone(fmt.Sprintf("+919%08d%d", x.cases, patients[i])), start: x.today().Add(time.Duration(i) * 4 * time.Minute),
		}
		p.calls = append(p.calls, c)
		p.pushes = append(p.pushes, c.pushes()...)
	}
	slices.SortStableFunc(p.pushes, func(a, b push) int {
		if d := a.at.Compare(b.at); d != 0 {
			return d
		}
		return strings.Compare(fmt.Sprint(a.inner), fmt.Sprint(b.inner))
	})
	for i, pushed := range p.pushes {
		for _, c := range p.calls {
			if pushed.path == pathCDR && pushed.inner["monitorUCID"] == c.ucid {
				c.records = append(c.records, i)
			}
		}
	}
	return p
}

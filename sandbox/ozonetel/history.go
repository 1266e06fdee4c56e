package ozonetel

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// maxSeeded bounds a made-up day.
const maxSeeded = 20_000

// keep remembers an ended call for the reports.
func (s *Server) keep(c *call) {
	s.history = append(s.history, c)
	s.forgetHistory()
}

// forgetHistory drops what the vendor no longer knows, and the oldest beyond maxHistory.
func (s *Server) forgetHistory() {
	oldest := s.line.Now().Add(-historyLife)
	for len(s.history) > 0 && (len(s.history) > maxHistory || s.history[0].ended.Before(oldest)) {
		s.history[0] = nil // the array behind the slice lives on
		s.history = s.history[1:]
	}
}

// seedHistory makes up the day before the start: three inbound calls to a dial of an agent, four answered ones to a missed one.
func (s *Server) seedHistory(day History, seed int64) error {
	if day.Calls < 0 || day.Calls > maxSeeded {
		return fmt.Errorf("ozonetel emulator: history of %d calls, 0 to %d can be made up", day.Calls, maxSeeded)
	}
	year, month, date := s.line.Now().In(ist).Date()
	opening := time.Date(year, month, date-1, 8, 0, 0, 0, ist)
	random := rand.New(rand.NewPCG(uint64(seed), 0x41570))
	for i := range day.Calls {
		at := opening.Add(time.Duration(i) * 12 * time.Hour / time.Duration(day.Calls)) // two seconds apart and more
		s.history = append(s.history, s.pastCall(at, seed, day.Phones, random))
	}
	return nil
}

// pastCall makes up one call that was disposed of, when it was answered.
func (s *Server) pastCall(started time.Time, seed int64, phones []string, random *rand.Rand) *call {
	seconds := func(low, high int) time.Duration { return time.Duration(low+random.IntN(high-low)) * time.Second }
	ids := newIDSource(seed, started)
	c := &call{
		ucid: ids.next(), kind: inbound, state: Ended, phone: fmt.Sprintf("6%09d", random.IntN(1_000_000)), uui: s.account.Campaign.Skill,
		started: started, agentStatus: "NotDialed", customerStatus: "not_answered", hangupBy: UserHangup,
	}
	if len(phones) > 0 {
		c.phone = phones[random.IntN(len(phones))]
	}
	answered := random.IntN(5) > 0
	wait := seconds(4, 40)
	if random.IntN(4) == 0 && len(s.agents) > 0 {
		c.kind, c.uui, c.rang, c.agentStatus = manual, "", started.Add(2*time.Second), "answered"
	}
	if len(s.agents) > 0 && (answered || c.kind == manual) {
		c.agent = s.agents[random.IntN(len(s.agents))]
		c.agentNumber, c.phoneName, c.offered = c.agent.Number, c.agent.PhoneName, started.Add(wait/2)
	}
	c.ended = started.Add(wait)
	if c.agent == nil {
		return c
	}
	if answered {
		c.answered = c.ended
		c.ended = c.answered.Add(seconds(20, 300))
		c.agentStatus, c.customerStatus = "answered", "answered"
		if labels := s.account.Dispositions; len(labels) > 0 {
			c.disposition = labels[random.IntN(len(labels))].Label
		}
	}
	c.wrapping = c.ended
	c.wrapped = c.ended.Add(seconds(5, 60))
	c.agent.workOn(workday{started.Format(time.DateOnly), c.agent.Mode}, started).addPast(c)
	return c
}

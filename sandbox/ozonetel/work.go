package ozonetel

import "time"

// worktime is how an agent spent a day in one login mode.
type worktime struct {
	login, idle, busy, pause, wrapup, dial time.Duration
}

// workday names a day, as the wire has it, and a login mode.
type workday struct{ date, mode string }

// workLife is how long days are remembered: the longest period of summaryReport and the day it begins on.
const workLife = 31 * 24 * time.Hour

// countWork adds the time since the last count to the agent's days; a stay over midnight belongs to both.
func (s *Server) countWork(a *agent) {
	now := s.line.Now()
	for from := a.counted; a.state != Offline && from.Before(now); {
		year, month, day := from.In(ist).Date()
		to := time.Date(year, month, day+1, 0, 0, 0, 0, ist)
		if to.After(now) {
			to = now
		}
		a.workOn(workday{from.In(ist).Format(time.DateOnly), a.mode}, now).add(a, to.Sub(from))
		from = to
	}
	a.counted = now
}

// workOn is the agent's account of a day; a new one lets those be forgotten that no report reaches.
func (a *agent) workOn(day workday, now time.Time) *worktime {
	if w := a.work[day]; w != nil {
		return w
	}
	if a.work == nil {
		a.work = make(map[workday]*worktime)
	}
	oldest := now.Add(-workLife).In(ist).Format(time.DateOnly)
	for known := range a.work {
		if known.date < oldest {
			delete(a.work, known)
		}
	}
	w := &worktime{}
	a.work[day] = w
	return w
}

// add counts a stay in the agent's present state.
func (w *worktime) add(a *agent, stay time.Duration) {
	w.login += stay
	switch a.state {
	case Paused:
		w.pause += stay
	case InCall:
		w.busy += stay
	case ACW:
		w.wrapup += stay
	case Calling:
		if a.call != nil && a.call.kind == manual {
			w.dial += stay
		} else {
			w.busy += stay
		}
	default:
		w.idle += stay
	}
}

// addPast accounts for a made-up call of a made-up eight-hour day.
func (w *worktime) addPast(c *call) {
	w.login = 8 * time.Hour
	w.busy += c.ended.Sub(c.started) - c.timeToAnswer()
	w.wrapup += c.wrapTime()
	if c.kind == manual {
		w.dial += c.timeToAnswer()
	}
	w.idle = max(0, w.login-w.busy-w.wrapup-w.dial)
}

package sandbox

import (
	"log/slog"
	"math"
	"math/rand/v2"
	"time"

	"github.com/helix-engage/gateway/sandbox/ozonetel"
	"github.com/helix-engage/gateway/sandbox/timeline"
)

// traffic lets calls ring in on its own. What the callers do follows from the seed alone (script); what comes of it depends on who is
// READY.
type traffic struct {
	log   *slog.Logger
	line  *timeline.Timeline
	phone *ozonetel.Server
	kind  Traffic
	calls *script
	dials *script // its own source, so that a dial of ours does not change who rings in next
}

func newTraffic(kind Traffic, seed int64, known []string, line *timeline.Timeline, phone *ozonetel.Server, log *slog.Logger) *traffic {
	return &traffic{
		log: log, line: line, phone: phone, kind: kind,
		calls: newScript(kind, seed, known), dials: newScript(kind, ^seed, known),
	}
}

// start logs the colleagues in and schedules the first call. With traffic off it does nothing.
func (t *traffic) start() {
	if t.kind == TrafficOff {
		return
	}
	for _, a := range t.phone.Agents() {
		if !a.Simulated {
			continue
		}
		if err := t.phone.LogIn(a.ID); err != nil {
			t.log.Warn("a simulated colleague could not log in", "agent", a.ID, "error", err)
		}
	}
	t.phone.SetDialPlan(t.dials.customer)
	t.scheduleNext()
}

func (t *traffic) scheduleNext() {
	next := t.calls.next()
	t.line.After(next.After, func() {
		if _, err := t.phone.RingIn(next.Phone, next.Plan); err != nil {
			t.log.Warn("a simulated call could not ring in", "error", err)
		}
		t.scheduleNext()
	})
}

// arrival is one line of the script: so long after the one before, this phone rings in and behaves so.
type arrival struct {
	After time.Duration
	Phone string
	Plan  ozonetel.CallerPlan
}

const (
	knownShare   = 0.6 // of first calls that come from a seeded lead or patient
	maxGaveUp    = 200 // callers remembered for a redial; the oldest is forgotten beyond it
	peakInterval = 90 * time.Second
)

// script writes the arrivals of one seed. Not safe for concurrent use by itself: the timeline and the emulator's lock serialise its
// two users.
type script struct {
	kind   Traffic
	random *rand.Rand
	known  []string
	gaveUp []string // hung up before an answer, oldest first
	at     time.Duration
}

func newScript(kind Traffic, seed int64, known []string) *script {
	return &script{kind: kind, random: rand.New(rand.NewPCG(uint64(seed), 0x0ca11)), known: known}
}

func (s *script) next() arrival {
	after := s.gap()
	s.at += after
	phone, plan := s.caller(), s.plan()
	if plan.Patience < plan.IVR+plan.Pickup {
		s.gaveUp = append(s.gaveUp, phone)
		if len(s.gaveUp) > maxGaveUp {
			s.gaveUp = s.gaveUp[1:]
		}
	}
	return arrival{After: after, Phone: phone, Plan: plan}
}

// gap is the time to the next call: 3 to 8 s when calm; when busy exponential around 300 ms, faster and slower with the peaks.
func (s *script) gap() time.Duration {
	if s.kind != TrafficBusy {
		return s.between(3*time.Second, 8*time.Second)
	}
	wave := math.Sin(2 * math.Pi * float64(s.at) / float64(peakInterval))
	mean := 300 * float64(time.Millisecond) / (1 + 0.7*wave)
	return min(time.Duration(s.random.ExpFloat64()*mean), 3*time.Second)
}

// caller is someone who gave up before and redials, a seeded lead or patient, or a stranger.
func (s *script) caller() string {
	redials := 0.1
	if s.kind == TrafficBusy {
		redials = 0.3
	}
	roll := s.random.Float64()
	if roll < redials && len(s.gaveUp) > 0 {
		phone := s.gaveUp[0]
		s.gaveUp = s.gaveUp[1:]
		return phone
	}
	if s.random.Float64() < knownShare && len(s.known) > 0 {
		return s.known[s.random.IntN(len(s.known))]
	}
	return stranger(s.random)
}

// plan is how a caller behaves: one in six hangs up during the announcement, one in twelve while an agent's phone rings, the others
// wait to talk.
func (s *script) plan() ozonetel.CallerPlan {
	plan := ozonetel.CallerPlan{
		IVR: s.between(500*time.Millisecond, 1500*time.Millisecond), Pickup: s.between(1500*time.Millisecond, 4*time.Second),
		Talk: s.between(8*time.Second, 25*time.Second), WrapUp: s.between(2*time.Second, 6*time.Second), Label: s.label(),
	}
	if s.kind == TrafficBusy {
		plan.Talk = s.between(4*time.Second, 12*time.Second)
		plan.WrapUp = s.between(time.Second, 3*time.Second)
		plan.Acts = s.acts(plan.Talk)
	}
	switch roll := s.random.Float64(); {
	case roll < 1.0/6:
		plan.Patience = max(plan.IVR/2, time.Millisecond)
	case roll < 1.0/4:
		plan.Patience = plan.IVR + plan.Pickup/2
	default:
		plan.Patience = s.between(20*time.Second, 45*time.Second)
	}
	return plan
}

// acts is what a colleague does beside talking: in one talk of eight the caller is put on hold, in one of thirty somebody else is called
// in, in one of thirty the recording is paused while card numbers are told, and one of fifty is transferred.
func (s *script) acts(talk time.Duration) []ozonetel.Act {
	from, until := talk/4, talk/2
	switch roll := s.random.Float64(); {
	case roll < 1.0/8:
		return []ozonetel.Act{{After: from, Action: ozonetel.Hold}, {After: until, Action: ozonetel.Unhold}}
	case roll < 1.0/8+1.0/30:
		return []ozonetel.Act{{After: from, Action: ozonetel.Conference, Number: "0" + stranger(s.random)}}
	case roll < 1.0/8+2.0/30:
		return []ozonetel.Act{{After: from, Action: ozonetel.PauseRecording}, {After: until, Action: ozonetel.ResumeRecording}}
	case roll < 1.0/8+2.0/30+1.0/50:
		return []ozonetel.Act{{After: from, Action: ozonetel.Conference, Number: "0" + stranger(s.random)}, {After: until, Action: ozonetel.KickCall}}
	default:
		return nil
	}
}

func (s *script) label() string {
	labels := []string{"General Enquiry", "Appointment Booked", "Appointment Rescheduled", "Not Interested"}
	return labels[s.random.IntN(len(labels))]
}

// customer is how a dialled customer behaves when the control server gave no plan.
func (s *script) customer() ozonetel.DialPlan {
	plan := ozonetel.DialPlan{
		Outcome: ozonetel.CustomerAnswers, AgentRing: s.between(time.Second, 2*time.Second),
		Ring: s.between(2*time.Second, 6*time.Second), Talk: s.between(8*time.Second, 25*time.Second),
	}
	switch roll := s.random.Float64(); {
	case roll < 0.1:
		plan.Outcome = ozonetel.CustomerBusy
	case roll < 0.3:
		plan.Outcome = ozonetel.CustomerNoAnswer
	}
	return plan
}

// between is a random time in [low, high), in whole milliseconds.
func (s *script) between(low, high time.Duration) time.Duration {
	return low + time.Duration(s.random.Int64N(int64((high-low)/time.Millisecond)))*time.Millisecond
}

// stranger is the mobile number of somebody whom the CRM does not know, as ten digits. Numbers 6000000000 to 6000999999 are kept for them.
func stranger(random *rand.Rand) string {
	digits := []byte("6000000000")
	for i := 4; i < len(digits); i++ {
		digits[i] = byte('0' + random.IntN(10))
	}
	return string(digits)
}

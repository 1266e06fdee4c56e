package helix

import "time"

// ProfilePart is a part of a caller's profile that may fail on its own.
type ProfilePart string

// The parts.
const (
	ProfileContact      ProfilePart = "CONTACT"
	ProfileAppointments ProfilePart = "APPOINTMENTS"
	ProfileFollowUps    ProfilePart = "FOLLOW_UPS"
	ProfileRecentCalls  ProfilePart = "RECENT_CALLS"
)

// CallerProfile is what FortyTwo knows of a caller, as far as the asker may see it. A part that is named in
// Failed is empty or incomplete.
type CallerProfile struct {
	Phone Phone
	Contact
	Appointments  []AppointmentRecord // upcoming ones first, the next at the head; then past ones, the last first
	OpenFollowUps []FollowUpRecord    // by due time, those without one last
	RecentCalls   []RecentCall        // the last first
	Failed        map[ProfilePart]error
}

// AppointmentRecord is an appointment of a patient or a lead.
type AppointmentRecord struct {
	ID          string
	Name        string
	ScheduledAt time.Time
	Duration    time.Duration // zero when not known
	Status      string        // in the words of fortytwo-model.md, else FortyTwo's own
	Lead        string
	Patient     string
}

// RecentCall is a call that is recorded under the caller's number.
type RecentCall struct {
	ID          string
	At          time.Time
	Direction   Direction   // "" when not recorded
	Outcome     CallOutcome // "" while it rings, or when FortyTwo says something that we have no word for
	Disposition string      // "" when there is none
	Duration    time.Duration
	AgentName   string // "" when nobody had it, as with a missed call, whoever is to call back
}

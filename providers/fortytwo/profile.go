package fortytwo

import (
	"context"
	"sync"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/phone"
)

// profileItems is how many appointments, follow-ups and calls a profile shows of each.
const profileItems = 10

// CallerByPhone tells who calls, with the asker's rights: the contact as of [Client.ContactByPhone], his or her
// appointments and open follow-ups, and the calls recorded under the number. The parts are read side by side and fail
// apart; of a contact that is known by half, appointments and follow-ups are incomplete and named as failed too.
//
// The withheld number "" has an empty profile and is not asked about. The profile as a whole fails with BAD_USER_INPUT
// when the number is not in E.164 form, and with UNAUTHENTICATED.
func (c *Client) CallerByPhone(ctx context.Context, access helix.Access, number helix.Phone) (helix.CallerProfile, error) {
	p := &profile{client: c, access: access, CallerProfile: helix.CallerProfile{
		Phone: number, Failed: map[helix.ProfilePart]error{},
	}}
	if number == "" {
		return p.CallerProfile, nil
	}
	if national, _ := phone.National(number); national == "" {
		return helix.CallerProfile{}, errNotE164()
	}
	if _, err := c.resolved(); err != nil {
		return helix.CallerProfile{}, err
	}
	p.read(ctx)
	for _, err := range p.Failed {
		if helix.IsCode(err, helix.CodeUnauthenticated) {
			return helix.CallerProfile{}, err
		}
	}
	return p.CallerProfile, nil
}

// profile is a profile that is being read. Each part writes a field of its own.
type profile struct {
	helix.CallerProfile
	client *Client
	access helix.Access
	mu     sync.Mutex // guards Failed
}

func (p *profile) read(ctx context.Context) {
	var wg sync.WaitGroup
	background := func(part helix.ProfilePart, read func(context.Context, *model) error) {
		wg.Go(func() { _ = p.part(ctx, part, read) }) // it notes its own failure
	}
	background(helix.ProfileRecentCalls, p.readCalls)
	if err := p.part(ctx, helix.ProfileContact, p.readContact); err != nil { // of half a contact half is known
		p.fail(helix.ProfileAppointments, err)
		p.fail(helix.ProfileFollowUps, err)
	}
	if p.Known() {
		background(helix.ProfileAppointments, p.readAppointments)
		background(helix.ProfileFollowUps, p.readFollowUps)
	}
	wg.Wait()
}

// part reads a part and notes its failure.
func (p *profile) part(ctx context.Context, part helix.ProfilePart, read func(context.Context, *model) error) error {
	err := p.client.withModel(ctx, func(m *model) error { return read(ctx, m) })
	if err != nil {
		p.fail(part, err)
	}
	return err
}

func (p *profile) fail(part helix.ProfilePart, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.Failed[part] = err
}

func (p *profile) readContact(ctx context.Context, m *model) (err error) {
	p.Contact, err = p.client.contactByPhone(ctx, m, p.access, p.Phone)
	return err
}

// ofContact filters an object's records by the contact's lead and patient.
func (p *profile) ofContact(m *model, name helix.RecordObject) (*object, filter, error) {
	o, err := m.object(name)
	if err != nil {
		return nil, nil, err
	}
	related := append(o.relatedTo("patient", p.Patient), o.relatedTo("lead", p.Lead)...)
	if len(related) == 0 {
		return nil, nil, lacking(string(name) + ".patient")
	}
	return o, or(related...), nil
}

// readAppointments reads those to come and those that were side by side, since both begin at now and lead away from it.
func (p *profile) readAppointments(ctx context.Context, m *model) error {
	o, of, err := p.ofContact(m, helix.ObjectAppointment)
	if err != nil {
		return err
	}
	scheduled, err := o.field("scheduledAt")
	if err != nil {
		return err
	}
	now := p.client.now().UTC().Format(millisecond)
	q := listQuery{op: "fortytwo.appointments", access: p.access, object: o, sel: appointmentSelection(o), first: profileItems}
	upcoming, past := q, q
	upcoming.where = []filter{of, cond(scheduled.column, "gte", now)}
	upcoming.order = []order{ascending(scheduled.column), ascending(columnID)}
	past.where = []filter{of, cond(scheduled.column, "lt", now)}
	past.order = []order{descending(scheduled.column), ascending(columnID)}
	nodes, err := p.client.lists(ctx, upcoming, past)
	if err != nil {
		return err
	}
	p.Appointments = nil
	for _, n := range nodes[:min(len(nodes), profileItems)] {
		p.Appointments = append(p.Appointments, appointmentRecord(o, n))
	}
	return nil
}

func appointmentRecord(o *object, n node) helix.AppointmentRecord {
	status := o.fields["appointmentStatus"]
	return helix.AppointmentRecord{
		ID: n.id(), Name: n.text(o.fields["name"]), ScheduledAt: n.timeOf(o.fields["scheduledAt"]),
		Duration: n.duration(o.fields["durationMinutes"], time.Minute), Status: status.ours(n.text(status)),
		Lead: n.column(o.fields["lead"]), Patient: n.column(o.fields["patient"]),
	}
}

func (p *profile) readFollowUps(ctx context.Context, m *model) error {
	o, of, err := p.ofContact(m, helix.ObjectFollowUp)
	if err != nil {
		return err
	}
	state, err := o.field("followUpStatus")
	if err != nil {
		return err
	}
	pending, err := state.value(followUpPending)
	if err != nil {
		return err
	}
	due, err := o.field("dueAt")
	if err != nil {
		return err
	}
	nodes, err := p.client.list(ctx, listQuery{
		op: "fortytwo.followUps", access: p.access, object: o, sel: o.selection("name", "remark", "dueAt", "lead", "patient"),
		where: []filter{of, eq(state.column, pending)}, order: []order{ascending(due.column), ascending(columnID)}, first: profileItems,
	})
	if err != nil {
		return err
	}
	p.OpenFollowUps = nil
	for _, n := range nodes {
		item := m.followUp(o, keyed{helix.DueKey{Due: n.timeOf(due), ID: n.id()}, n})
		item.Phone, item.Person = p.Phone, p.DisplayName
		p.OpenFollowUps = append(p.OpenFollowUps, item)
	}
	return nil
}

// readCalls reads the calls by number and calling code, not by contact: a stranger may have called before, and a number
// may have changed hands.
func (p *profile) readCalls(ctx context.Context, m *model) error {
	o, err := m.object(helix.ObjectCall)
	if err != nil {
		return err
	}
	started, err := o.field("startedAt")
	if err != nil {
		return err
	}
	where, err := o.hasPhone("callerNumber", p.Phone)
	if err != nil {
		return err
	}
	nodes, err := p.client.list(ctx, listQuery{
		op: "fortytwo.calls", access: p.access, object: o, where: where, first: profileItems,
		sel:   o.selection("startedAt", "direction", "callStatus", "disposition", "durationSeconds", "agentName"),
		order: []order{descending(started.column), ascending(columnID)},
	})
	if err != nil {
		return err
	}
	p.RecentCalls = nil
	for _, n := range nodes {
		direction, status := o.fields["direction"], o.fields["callStatus"]
		call := helix.RecentCall{
			ID: n.id(), At: n.timeOf(started), Direction: helix.Direction(direction.ours(n.text(direction))),
			Outcome: outcomeOf(status.ours(n.text(status))), Disposition: n.text(o.fields["disposition"]),
			Duration: n.duration(o.fields["durationSeconds"], time.Second), AgentName: n.text(o.fields["agentName"]),
		}
		if call.Outcome == helix.OutcomeMissed {
			call.AgentName = "" // the record names the agent who is to call back, not one who had the call
		}
		p.RecentCalls = append(p.RecentCalls, call)
	}
	return nil
}

// outcomeOf tells a call status as an outcome: "" while the call is not over, and for a status that is none of ours.
func outcomeOf(callStatus string) helix.CallOutcome {
	switch callStatus {
	case "ANSWERED", "COMPLETED":
		return helix.OutcomeAnswered
	case "MISSED":
		return helix.OutcomeMissed
	case "FAILED":
		return helix.OutcomeNotAnswered
	default:
		return ""
	}
}

package fortytwo

import (
	"context"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	helix "github.com/helix-engage/gateway"
)

// FollowUpsDue gives the member's pending follow-ups that have a due time, ordered by (due, id), after the key, at most
// limit (199). Lead, patient, phone and person are left empty where the asker may not read leads and patients.
func (c *Client) FollowUpsDue(
	ctx context.Context, access helix.Access, member helix.MemberID, after helix.DueKey, limit int,
) (items []helix.FollowUpRecord, err error) {
	err = c.withModel(ctx, func(m *model) error {
		items, err = c.followUpsDue(ctx, m, access, member, after, limit)
		return err
	})
	return items, err
}

func (c *Client) followUpsDue(
	ctx context.Context, m *model, access helix.Access, member helix.MemberID, after helix.DueKey, limit int,
) ([]helix.FollowUpRecord, error) {
	o, where, err := m.pendingFollowUps(member)
	if err != nil {
		return nil, err
	}
	due := o.fields["dueAt"].name
	sel := o.selection("name", "remark", "dueAt", "lead", "patient")
	q := listQuery{op: "fortytwo.followUps", access: access, object: o, sel: sel + " " + m.people(o), where: where}
	rows, err := c.keyset(ctx, q, due, after, limit)
	if helix.IsCode(err, helix.CodeForbidden) { // one unreadable relation refuses the whole query (fortytwo.md 9)
		q.sel = sel
		rows, err = c.keyset(ctx, q, due, after, limit)
	}
	if err != nil {
		return nil, err
	}
	items := make([]helix.FollowUpRecord, 0, len(rows))
	for _, r := range rows {
		items = append(items, m.followUp(o, r))
	}
	return items, nil
}

// FollowUpCounts gives how many pending follow-ups with a due time the member has, and how many of them are overdue.
func (c *Client) FollowUpCounts(
	ctx context.Context, access helix.Access, member helix.MemberID, now time.Time,
) (total, overdue int, err error) {
	err = c.withModel(ctx, func(m *model) error {
		o, where, err := m.pendingFollowUps(member)
		if err != nil {
			return err
		}
		total, overdue, err = c.counts(ctx, "fortytwo.followUpCounts", access, o, where, o.fields["dueAt"].name, now)
		return err
	})
	return total, overdue, err
}

// LeadsWaiting gives the member's leads that nobody has contacted, ordered by (createdAt, id), after the key, whose Due
// is the time of creation; at most limit (199).
func (c *Client) LeadsWaiting(
	ctx context.Context, access helix.Access, member helix.MemberID, after helix.DueKey, limit int,
) (items []helix.LeadRecord, err error) {
	err = c.withModel(ctx, func(m *model) error {
		o, where, err := m.newLeads(member)
		if err != nil {
			return err
		}
		rows, err := c.keyset(ctx, listQuery{
			op: "fortytwo.leads", access: access, object: o, where: where,
			sel: o.selection("name", "fullName", "phone") + " " + columnCreatedAt,
		}, columnCreatedAt, after, limit)
		if err != nil {
			return err
		}
		items = make([]helix.LeadRecord, 0, len(rows))
		for _, r := range rows {
			items = append(items, helix.LeadRecord{
				ID: r.ID, Name: r.node.displayName(o), Phone: r.node.phone(o.fields["phone"]), Status: leadNew, CreatedAt: r.Due,
			})
		}
		return nil
	})
	return items, err
}

// LeadCounts gives how many leads wait for the member, and how many of them were created before a time.
func (c *Client) LeadCounts(
	ctx context.Context, access helix.Access, member helix.MemberID, createdBefore time.Time,
) (total, older int, err error) {
	err = c.withModel(ctx, func(m *model) error {
		o, where, err := m.newLeads(member)
		if err != nil {
			return err
		}
		total, older, err = c.counts(ctx, "fortytwo.leadCounts", access, o, where, columnCreatedAt, createdBefore)
		return err
	})
	return total, older, err
}

// counts counts all matches and those before a time, side by side: a root field may occur once in a request.
func (c *Client) counts(
	ctx context.Context, name string, access helix.Access, o *object, where []filter, column string, before time.Time,
) (total, older int, err error) {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		total, err = c.count(ctx, name, access, o, where)
		return err
	})
	g.Go(func() (err error) {
		early := cond(column, "lt", before.UTC().Format(millisecond))
		older, err = c.count(ctx, name, access, o, append(slices.Clip(where), early))
		return err
	})
	return total, older, g.Wait()
}

// The values that the worklist asks for, as fortytwo-model.md spells them.
const (
	followUpPending = "PENDING"
	leadNew         = "NEW"
)

// pendingFollowUps gives the object and the filter of a member's worklist, or NOT_CONFIGURED naming what is missing.
func (m *model) pendingFollowUps(member helix.MemberID) (*object, []filter, error) {
	o, where, err := m.assigned(helix.ObjectFollowUp, "followUpStatus", followUpPending, member)
	if err != nil {
		return nil, nil, err
	}
	due, err := o.field("dueAt")
	if err != nil {
		return nil, nil, err
	}
	return o, append(where, cond(due.column, "is", "NOT_NULL")), nil
}

func (m *model) newLeads(member helix.MemberID) (*object, []filter, error) {
	return m.assigned(helix.ObjectLead, "leadStatus", leadNew, member)
}

// assigned filters an object's records by status and assignee.
func (m *model) assigned(
	name helix.RecordObject, statusField, status string, member helix.MemberID,
) (*object, []filter, error) {
	if !isRecordID(string(member)) {
		return nil, nil, helix.BadInput("the member id is not a record id")
	}
	o, err := m.object(name)
	if err != nil {
		return nil, nil, err
	}
	state, err := o.field(statusField)
	if err != nil {
		return nil, nil, err
	}
	value, err := state.value(status)
	if err != nil {
		return nil, nil, err
	}
	assignee, err := o.field("assignee")
	if err != nil {
		return nil, nil, err
	}
	return o, []filter{eq(state.column, value), eq(assignee.column, member)}, nil
}

// people selects whom a record is about, for as much of it as the workspace has.
func (m *model) people(o *object) string {
	var sel []string
	for _, name := range []string{"lead", "patient"} {
		target := m.objects[helix.RecordObject(name)]
		if f := o.fields[name]; f != nil && target != nil {
			sel = append(sel, f.name+" { "+target.selection("name", "fullName", "phone")+" }")
		}
	}
	return strings.Join(sel, " ")
}

// followUp reads a follow-up.
func (m *model) followUp(o *object, r keyed) helix.FollowUpRecord {
	item := helix.FollowUpRecord{
		ID: r.ID, Name: r.node.text(o.fields["name"]), Remark: r.node.text(o.fields["remark"]), DueAt: r.Due,
		Lead: r.node.column(o.fields["lead"]), Patient: r.node.column(o.fields["patient"]),
	}
	item.Person, item.Phone = m.about(o, r.node)
	return item
}

// about reads name and phone of whom a record is about, as far as [model.people] selected them. The patient's win over
// the lead's.
func (m *model) about(o *object, n node) (name string, number helix.Phone) {
	for _, relation := range []string{"patient", "lead"} {
		target := m.objects[helix.RecordObject(relation)]
		about := n.related(o.fields[relation])
		if target == nil || about == nil {
			continue
		}
		if name == "" {
			name = about.displayName(target)
		}
		if number == "" {
			number = about.phone(target.fields["phone"])
		}
	}
	return name, number
}

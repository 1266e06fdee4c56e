package fortytwo

import (
	"context"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	helix "github.com/helix-engage/gateway"
)

// FollowUpsDue gives the member's pending follow-ups that have a due time, ordered by (due, id), and counts them. Lead,
// patient, phone and person are left empty where the asker may not read leads and patients.
func (c *Client) FollowUpsDue(
	ctx context.Context, access helix.Access, member helix.MemberID, d helix.DueQuery,
) (items []helix.FollowUpRecord, counts helix.DueCounts, err error) {
	err = c.withModel(ctx, func(m *model) error {
		items, counts, err = c.followUpsDue(ctx, m, access, member, d)
		return err
	})
	return items, counts, err
}

func (c *Client) followUpsDue(
	ctx context.Context, m *model, access helix.Access, member helix.MemberID, d helix.DueQuery,
) ([]helix.FollowUpRecord, helix.DueCounts, error) {
	o, where, err := m.pendingFollowUps(member)
	if err != nil {
		return nil, helix.DueCounts{}, err
	}
	due := o.fields["dueAt"].name
	sel := o.selection("name", "remark", "dueAt", "lead", "patient")
	q := listQuery{op: "fortytwo.followUps", access: access, object: o, sel: sel + " " + m.people(o), where: where}
	rows, counts, err := c.due(ctx, q, due, member, d)
	if helix.IsCode(err, helix.CodeForbidden) { // one unreadable relation refuses the whole query (fortytwo.md 9)
		q.sel = sel
		rows, counts, err = c.due(ctx, q, due, member, d)
	}
	if err != nil {
		return nil, helix.DueCounts{}, err
	}
	items := make([]helix.FollowUpRecord, 0, len(rows))
	for _, r := range rows {
		items = append(items, m.followUp(o, r))
	}
	return items, counts, nil
}

// LeadsWaiting gives the member's leads that nobody has contacted, ordered by (createdAt, id), and counts them; the Due of
// a key is the time of creation.
func (c *Client) LeadsWaiting(
	ctx context.Context, access helix.Access, member helix.MemberID, d helix.DueQuery,
) (items []helix.LeadRecord, counts helix.DueCounts, err error) {
	err = c.withModel(ctx, func(m *model) error {
		o, where, err := m.newLeads(member)
		if err != nil {
			return err
		}
		var rows []keyed
		rows, counts, err = c.due(ctx, listQuery{
			op: "fortytwo.leads", access: access, object: o, where: where,
			sel: o.selection("name", "fullName", "phone") + " " + columnCreatedAt,
		}, columnCreatedAt, member, d)
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
	return items, counts, err
}

// due reads a part of q's records, which are the member's, and counts them all.
//
// The first page costs one request, which tells the total too. Since the earliest come first, it also shows how many are
// before a time, unless all that it holds are and more follow. Only then that is asked, and next time beside the page. A
// later page shows neither, so that the counts are asked beside it.
func (c *Client) due(
	ctx context.Context, q listQuery, column string, member helix.MemberID, d helix.DueQuery,
) ([]keyed, helix.DueCounts, error) {
	first, before, of := d.After.Due.IsZero() && d.Limit > 0, !d.Before.IsZero(), backlog{q.object.ours, member}
	q.total = first && d.Total
	beside := before && (!first || c.backlogs.expected(of))
	var counts helix.DueCounts
	g, reading := errgroup.WithContext(ctx)
	if d.Total && !first {
		g.Go(func() (err error) {
			counts.Total, err = c.count(reading, q)
			return err
		})
	}
	if beside {
		g.Go(func() (err error) {
			counts.Before, err = c.countBefore(reading, q, column, d.Before)
			return err
		})
	}
	found, err := c.keyset(reading, q, column, d.After, d.Limit)
	if err != nil {
		g.Go(func() error { return err }) // which gives the counts up
	}
	if err := g.Wait(); err != nil || !first {
		return found.rows, counts, err
	}
	counts.Total = found.total
	if !before {
		return found.rows, counts, nil
	}
	n, shown := found.before(d.Before)
	c.backlogs.note(of, !shown)
	switch {
	case shown:
		counts.Before = n
	case !beside:
		var err error
		if counts.Before, err = c.countBefore(ctx, q, column, d.Before); err != nil {
			return nil, helix.DueCounts{}, err
		}
	}
	return found.rows, counts, nil
}

func (c *Client) countBefore(ctx context.Context, q listQuery, column string, t time.Time) (int, error) {
	q.where = append(slices.Clip(q.where), cond(column, "lt", t.UTC().Format(millisecond)))
	return c.count(ctx, q)
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

package fortytwo

import (
	"context"

	"golang.org/x/sync/errgroup"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/phone"
)

// ContactByPhone finds the newest lead and the newest patient with this number, by national number and calling code
// alike (fortytwo.md 7); additional phones are not looked at. An object that the asker may not read counts as holding
// nobody, unless that is so for both: then FORBIDDEN. The empty Phone belongs to nobody and is not asked about.
func (c *Client) ContactByPhone(ctx context.Context, access helix.Access, number helix.Phone) (helix.Contact, error) {
	if number == "" {
		return helix.Contact{}, nil
	}
	var contact helix.Contact
	err := c.withModel(ctx, func(m *model) (err error) {
		contact, err = c.contactByPhone(ctx, m, access, number)
		return err
	})
	return contact, err
}

func (c *Client) contactByPhone(ctx context.Context, m *model, access helix.Access, number helix.Phone) (helix.Contact, error) {
	national, calling := phone.National(number)
	if national == "" {
		return helix.Contact{}, helix.BadInput("the phone number is not in E.164 form")
	}
	var lead, patient person
	var leadErr, patientErr error
	var g errgroup.Group
	g.Go(func() error {
		lead, leadErr = c.newestByPhone(ctx, m, access, helix.ObjectLead, calling, national)
		return nil
	})
	g.Go(func() error {
		patient, patientErr = c.newestByPhone(ctx, m, access, helix.ObjectPatient, calling, national)
		return nil
	})
	_ = g.Wait()
	if err := worse(leadErr, patientErr); err != nil {
		return helix.Contact{}, err
	}
	contact := helix.Contact{Lead: lead.id, Patient: patient.id, DisplayName: patient.name}
	if contact.DisplayName == "" {
		contact.DisplayName = lead.name
	}
	return contact, nil
}

type person struct{ id, name string }

func (c *Client) newestByPhone(
	ctx context.Context, m *model, access helix.Access, object helix.RecordObject, calling, national string,
) (person, error) {
	o, err := m.object(object)
	if err != nil {
		return person{}, err
	}
	f, err := o.field("phone")
	if err != nil {
		return person{}, err
	}
	nodes, err := c.list(ctx, listQuery{
		op: "fortytwo.contact", access: access, object: o,
		sel: o.selection("name", "fullName") + " " + columnCreatedAt,
		where: []filter{
			{f.name: cond("primaryPhoneNumber", "eq", national)},
			{f.name: cond("primaryPhoneCallingCode", "eq", calling)},
		},
		order: newestFirst(),
		first: 1,
	})
	if err != nil || len(nodes) == 0 {
		return person{}, err
	}
	return person{id: nodes[0].id(), name: nodes[0].displayName(o)}, nil
}

// worse gives the error that counts of two look-ups: what is forgiven is so while the other answers.
func worse(a, b error) error {
	switch {
	case a != nil && !forgiven(a):
		return a
	case b != nil && !forgiven(b):
		return b
	case a != nil && b != nil:
		return a
	default:
		return nil
	}
}

// forgiven reports whether an object counts as empty: it may not be read, or the workspace lacks it.
func forgiven(err error) bool {
	return helix.IsCode(err, helix.CodeForbidden) || helix.IsCode(err, helix.CodeNotConfigured)
}

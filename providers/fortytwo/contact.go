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
	if err != nil {
		return helix.Contact{}, err
	}
	return contact, nil
}

// contactByPhone gives the half that was found along with an error.
func (c *Client) contactByPhone(ctx context.Context, m *model, access helix.Access, number helix.Phone) (helix.Contact, error) {
	if national, _ := phone.National(number); national == "" {
		return helix.Contact{}, errNotE164()
	}
	var lead, patient person
	var leadErr, patientErr error
	var g errgroup.Group
	g.Go(func() error {
		lead, leadErr = c.newestByPhone(ctx, m, access, helix.ObjectLead, number)
		return nil
	})
	g.Go(func() error {
		patient, patientErr = c.newestByPhone(ctx, m, access, helix.ObjectPatient, number)
		return nil
	})
	_ = g.Wait()
	contact := helix.Contact{Lead: lead.id, Patient: patient.id, DisplayName: patient.name}
	if contact.DisplayName == "" {
		contact.DisplayName = lead.name
	}
	return contact, worse(leadErr, patientErr)
}

type person struct{ id, name string }

func (c *Client) newestByPhone(
	ctx context.Context, m *model, access helix.Access, object helix.RecordObject, number helix.Phone,
) (person, error) {
	o, err := m.object(object)
	if err != nil {
		return person{}, err
	}
	where, err := o.hasPhone("phone", number)
	if err != nil {
		return person{}, err
	}
	nodes, err := c.list(ctx, listQuery{
		op: "fortytwo.contact", access: access, object: o,
		sel:   o.selection("name", "fullName") + " " + columnCreatedAt,
		where: where, order: newestFirst(), first: 1,
	})
	if err != nil || len(nodes) == 0 {
		return person{}, err
	}
	return person{id: nodes[0].id(), name: nodes[0].displayName(o)}, nil
}

// hasPhone filters by a PHONES field's primary number: national number and calling code, as FortyTwo keeps them.
func (o *object) hasPhone(name string, number helix.Phone) ([]filter, error) {
	f, err := o.field(name)
	if err != nil {
		return nil, err
	}
	national, calling := phone.National(number)
	return []filter{
		{f.name: cond("primaryPhoneNumber", "eq", national)},
		{f.name: cond("primaryPhoneCallingCode", "eq", calling)},
	}, nil
}

func errNotE164() error { return helix.BadInput("the phone number is not in E.164 form") }

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

package desk

import (
	"context"

	helix "github.com/helix-engage/gateway"
)

// WhoIs tells whose number it is, with the asker's own rights.
func (d *Desk) WhoIs(ctx context.Context, access helix.Access, phone helix.Phone) (helix.Contact, error) {
	if phone == "" {
		return helix.Contact{}, nil
	}
	return d.crm.ContactByPhone(ctx, access, phone)
}

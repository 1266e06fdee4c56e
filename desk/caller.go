package desk

import (
	"context"

	helix "github.com/helix-engage/gateway"
)

// CallerProfile tells all that FortyTwo knows of a caller, with the worker's own rights.
func (d *Desk) CallerProfile(ctx context.Context, w Worker, phone helix.Phone) (helix.CallerProfile, error) {
	ctx, span := d.tracer.Start(ctx, "desk.caller_profile")
	defer span.End()
	return d.crm.CallerByPhone(ctx, w.Access(), phone)
}

// WhoIs tells whose number it is, with the asker's own rights; what was told to the same token in the last two seconds is
// told again.
func (d *Desk) WhoIs(ctx context.Context, access helix.Access, phone helix.Phone) (helix.Contact, error) {
	if phone == "" {
		return helix.Contact{}, nil
	}
	ask := func() (helix.Contact, error) { return d.crm.ContactByPhone(ctx, access, phone) }
	token, server := access.Token()
	if server || token == "" {
		return ask()
	}
	return d.lookups.get(ctx, token, phone, ask)
}

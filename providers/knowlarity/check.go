package knowlarity

import (
	"context"
	"time"
)

// checkedPeriod is how much of the call log a check reads.
const checkedPeriod = time.Minute

// Check tells whether the account answers and takes our credentials, by reading a little of its call log (3): that dials
// nobody and changes nothing. Errors: those of [Client.CallLog]; providers.ErrCredentials is the cause when the
// credentials are not taken.
func (c *Client) Check(ctx context.Context) error {
	if err := c.configured(); err != nil {
		return err
	}
	now := c.now()
	_, _, err := c.logPage(ctx, now.Add(-checkedPeriod), now, "", 0)
	return err
}

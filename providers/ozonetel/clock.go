package ozonetel

import (
	"strconv"
	"strings"
	"time"

	helix "github.com/helix-engage/gateway"
)

// india is the zone of Indian accounts (0). It is fixed, so that no zone database is needed: India has no summer time.
var india = time.FixedZone("IST", 5*60*60+30*60)

// callbackLayout is how a disposition's call-back time is written (4).
const callbackLayout = "2006-01-02 15:04"

// localTime reads a time of the account, e.g. "2026-01-14 10:20:08", as UTC; false when it is none.
func (c *Client) localTime(s string) (time.Time, bool) {
	for _, layout := range []string{time.DateTime, "2006-01-02T15:04:05", callbackLayout} {
		if t, err := time.ParseInLocation(layout, s, c.location); err == nil {
			return t.UTC(), true
		}
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t.UTC(), true
	}
	return time.Time{}, false
}

// maxDuration bounds what is believed of a duration: no call and no login lasts a month.
const maxDuration = 31 * 24 * time.Hour

// clockDuration reads "HH:MM:SS", where hours may exceed 23 (0), or plain seconds; anything else is zero.
func clockDuration(s string) time.Duration {
	parts := strings.Split(s, ":")
	if len(parts) != 3 && len(parts) != 1 {
		return 0
	}
	var total time.Duration
	for i, part := range parts {
		n, err := strconv.ParseUint(part, 10, 31)
		if err != nil || (i > 0 && n > 59) {
			return 0
		}
		total = total*60 + time.Duration(n)*time.Second
	}
	if total > maxDuration {
		return 0
	}
	return total
}

// clockSkew keeps the end of today's reports out of the account's future, which it refuses (9).
const clockSkew = 30 * time.Second

// daysAgo is the first moment of a day in the account's zone; today's is that of none.
func (c *Client) daysAgo(n int) time.Time {
	now := c.now().In(c.location)
	return time.Date(now.Year(), now.Month(), now.Day()-n, 0, 0, 0, 0, c.location)
}

// reportDay gives the first moment of the calendar day that day shows in its own zone, taken for a day of the
// account's, and for how long what it tells of that day is fresh. BAD_USER_INPUT for a day that has not begun.
func (c *Client) reportDay(day time.Time) (start time.Time, fresh time.Duration, err error) {
	start = time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, c.location)
	switch {
	case start.After(c.now()):
		return start, 0, helix.BadInput("the day has not begun")
	case start.Before(c.daysAgo(2)):
		return start, freshSettled, nil
	case start.Before(c.daysAgo(0)):
		return start, freshRecent, nil
	default:
		return start, freshToday, nil
	}
}

// period writes the beginning of a day and its end, or now, in the account's time.
func (c *Client) period(day time.Time) (from, to string) {
	end := day.AddDate(0, 0, 1).Add(-time.Second)
	if latest := c.now().Add(-clockSkew); latest.Before(end) {
		end = latest
	}
	if end.Before(day) {
		end = day
	}
	return day.Format(time.DateTime), end.In(c.location).Format(time.DateTime)
}

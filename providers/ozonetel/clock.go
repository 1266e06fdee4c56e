package ozonetel

import (
	"strconv"
	"strings"
	"time"
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

package knowlarity

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/phone"
)

// record is one record of the call log or of a callback: scalars by their names in lower case. What is blank is missing.
type record map[string]string

// nested are the members whose fields count as the record's own, where it has none of that name.
var nested = []string{"data", "additional_params", "metadata", "session_metadata", "payload"}

// newRecord takes an object's scalars.
func newRecord(doc map[string]any) record {
	r := record{}
	r.add(doc, 0)
	return r
}

func (r record) add(doc map[string]any, depth int) {
	for _, name := range slices.Sorted(maps.Keys(doc)) {
		key := strings.ToLower(name)
		if text := strings.TrimSpace(scalar(doc[name])); r[key] == "" && !blank(text) {
			r[key] = text
		}
	}
	if depth == maxUnwraps {
		return
	}
	for _, name := range nested {
		if inner := unwrap(doc[name]); inner != nil {
			r.add(inner, depth+1)
		}
	}
}

// maxUnwraps is how many objects deep the fields of a record may lie.
const maxUnwraps = 3

// unwrap gives an object, be it written as a string that holds one (2.4, 6.4); nil when it is neither.
func unwrap(v any) map[string]any {
	switch v := v.(type) {
	case map[string]any:
		return v
	case string:
		if doc, ok := object([]byte(v)); ok {
			return doc
		}
	}
	return nil
}

func (r record) get(names ...string) string {
	for _, name := range names {
		if v := r[name]; v != "" {
			return v
		}
	}
	return ""
}

// blank reports whether a text stands for nothing, as Python writes it (3, 5).
func blank(text string) bool {
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "", "none", "null", "nil", "undefined", "n/a":
		return true
	}
	return false
}

// scalar is a value as text; an object, a list or nothing is "".
func scalar(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

// Bounds of what is believed.
const (
	maxID       = 128
	maxURL      = 2048
	maxDuration = 24 * time.Hour
)

// report puts a record into our words.
func (r record) report() helix.DialReport {
	d := helix.DialReport{
		Provider: helix.ProviderKnowlarity, Customer: r.customer(), ProviderCallID: r.id("call_id", "callid", "uuid"),
		Duration: seconds(r.get("call_duration", "duration")), RecordingURL: recordingURL(r.get("resource_url", "call_recording", "recording_url")),
	}
	for _, name := range []string{"call_session_id", "client_custom_id", "client_meta_id"} { // 5
		if d.Call == "" {
			d.Call = helix.CallID(r.id(name))
		}
	}
	d.Status, d.Finished = r.status(d.Duration)
	d.At = r.at(d.Finished, d.Duration)
	d.Detail = r.detail()
	return d
}

// id gives a field that looks like an id.
func (r record) id(names ...string) string {
	for _, name := range names {
		id := r[name]
		if id != "" && len(id) <= maxID && !strings.ContainsFunc(id, func(c rune) bool { return c <= ' ' || c > '~' }) {
			return id
		}
	}
	return ""
}

// customer is the other party. `caller_id` is that only in a push of call data, where `dispnumber` is ours; elsewhere it
// is what the patient is shown (5).
func (r record) customer() helix.Phone {
	if p := phone.FromProvider(r.get("customer_number", "customer")); p != "" {
		return p
	}
	if r["dispnumber"] != "" || r["customer_number"] == "" && r["knowlarity_number"] == "" && r["agent_number"] == "" {
		return phone.FromProvider(r.get("caller_id"))
	}
	return ""
}

// agentNumber is how long a number is in `agent_number`, which may begin with a word for how the call went (3).
const agentNumber = len("+918035550002")

// agentWord is that word, e.g. "Call Missed".
func (r record) agentWord() string {
	text := r["agent_number"]
	if len(text) <= agentNumber {
		return ""
	}
	return strings.TrimRight(text[:len(text)-agentNumber], "#:|,;- ")
}

// at is when what the record tells of happened: for a call that is over its end.
func (r record) at(over bool, lasted time.Duration) time.Time {
	if t := instant(r.get("event_timestamp", "timestamp", "event_date_local")); !t.IsZero() {
		return t
	}
	if end := instant(r["end_time"]); over && !end.IsZero() {
		return end
	}
	start := instant(r["start_time"])
	if over && !start.IsZero() {
		return start.Add(lasted)
	}
	return start
}

// detail is the provider's own words.
func (r record) detail() string {
	var said []string
	for _, text := range []string{r["status"], r["event_type"], r["business_call_type"], r.agentWord(), r["reason"], r["hangup_cause"]} {
		if text != "" && !slices.Contains(said, text) {
			said = append(said, text)
		}
	}
	if len(said) == 0 {
		return ""
	}
	return quote(strings.Join(said, ", "))
}

// india is the zone of local times; it has no summer time, so no zone database is needed.
var india = time.FixedZone("IST", 5*60*60+30*60)

// instant reads a time as UTC: local with an offset, local without one, or a Unix time in seconds or milliseconds; zero
// when it is none (3, 5).
func instant(text string) time.Time {
	for _, layout := range []string{"2006-01-02 15:04:05Z07:00", time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil {
			return plausible(t)
		}
	}
	for _, layout := range []string{time.DateTime, "2006-01-02T15:04:05"} {
		if t, err := time.ParseInLocation(layout, text, india); err == nil {
			return plausible(t)
		}
	}
	if n, err := strconv.ParseFloat(text, 64); err == nil && n > 1e9 && n < 1e13 {
		if n < 1e11 {
			n *= 1000
		}
		return time.UnixMilli(int64(n)).UTC()
	}
	return time.Time{}
}

// plausible leaves out times that no call has: years of five digits cannot be written as JSON.
func plausible(t time.Time) time.Time {
	if t.Year() < 2000 || t.Year() > 2199 {
		return time.Time{}
	}
	return t.UTC()
}

// seconds reads a duration, "42", "42.5" or "00:00:42"; anything else is zero.
func seconds(text string) time.Duration {
	total := 0.0
	parts := strings.Split(text, ":")
	for _, part := range parts {
		n, err := strconv.ParseFloat(part, 64)
		if err != nil || !(n >= 0) || len(parts) > 3 {
			return 0
		}
		total = total*60 + n
	}
	if total > maxDuration.Seconds() {
		return 0
	}
	return time.Duration(total * float64(time.Second))
}

// recordingURL keeps an address that may be fetched later, and nothing else.
func recordingURL(s string) string {
	lower := strings.ToLower(s)
	if len(s) > maxURL || !strings.HasPrefix(lower, "https://") && !strings.HasPrefix(lower, "http://") {
		return ""
	}
	return s
}

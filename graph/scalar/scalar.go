package scalar

import (
	"encoding/json"
	"io"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/phone"
)

// maxCursor is longer than any cursor that the gateway or FortyTwo hands out, in bytes.
const maxCursor = 4 << 10

// timeLayout is FortyTwo's own form of a date-time: UTC with milliseconds (fortytwo.md 7).
const timeLayout = "2006-01-02T15:04:05.000Z"

// MarshalDateTime writes a moment in UTC with milliseconds; the zero time is null.
func MarshalDateTime(t time.Time) graphql.Marshaler {
	if t.IsZero() {
		return graphql.Null
	}
	return graphql.MarshalString(t.UTC().Format(timeLayout))
}

// UnmarshalDateTime reads an RFC 3339 moment with any offset.
func UnmarshalDateTime(v any) (time.Time, error) {
	s, ok := v.(string)
	if !ok {
		return time.Time{}, helix.BadInput("a DateTime is a string such as 2026-01-14T10:40:00Z")
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return time.Time{}, helix.BadInput("a DateTime is a moment with a zone, such as 2026-01-14T10:40:00Z")
	}
	return t.UTC(), nil
}

// MarshalDate writes the calendar day that t shows in its own zone.
func MarshalDate(t time.Time) graphql.Marshaler {
	if t.IsZero() {
		return graphql.Null
	}
	return graphql.MarshalString(t.Format(time.DateOnly))
}

// UnmarshalDate reads a calendar day; the time shows it in UTC.
func UnmarshalDate(v any) (time.Time, error) {
	s, ok := v.(string)
	if !ok {
		return time.Time{}, helix.BadInput("a Date is a string such as 2026-01-14")
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return time.Time{}, helix.BadInput("a Date is a day such as 2026-01-14")
	}
	return t, nil
}

// MarshalUUID writes a record id; the empty id is null.
func MarshalUUID(id string) graphql.Marshaler {
	if id == "" {
		return graphql.Null
	}
	return graphql.MarshalString(id)
}

// UnmarshalUUID reads a UUID of version 4 or 5: FortyTwo fails a whole request for any other (fortytwo.md 0.21).
func UnmarshalUUID(v any) (string, error) {
	s, ok := v.(string)
	if !ok || len(s) != 36 {
		return "", helix.BadInput("a UUID is a string such as 6f1f4c1e-8f0a-4c57-9d3e-0d6f5a2b7c11")
	}
	id, err := uuid.Parse(s)
	if err != nil || (id.Version() != 4 && id.Version() != 5) {
		return "", helix.BadInput("a UUID of version 4 or 5 is needed")
	}
	return id.String(), nil
}

// MarshalPhoneNumber writes E.164; the empty phone, a withheld number, is null.
func MarshalPhoneNumber(p helix.Phone) graphql.Marshaler {
	if p == "" {
		return graphql.Null
	}
	return graphql.MarshalString(string(p))
}

// UnmarshalPhoneNumber reads E.164 or an Indian national form.
func UnmarshalPhoneNumber(v any) (helix.Phone, error) {
	s, ok := v.(string)
	if !ok {
		return "", helix.BadInput("a PhoneNumber is a string such as +919812345678")
	}
	return phone.Parse(s, "IN")
}

// MarshalCursor writes a cursor; the empty cursor is null.
func MarshalCursor(c string) graphql.Marshaler {
	if c == "" {
		return graphql.Null
	}
	return graphql.MarshalString(c)
}

// UnmarshalCursor reads a cursor; what it means is the list's own business.
func UnmarshalCursor(v any) (string, error) {
	s, ok := v.(string)
	if !ok || s == "" || len(s) > maxCursor {
		return "", helix.BadInput("a Cursor is a string of an earlier answer")
	}
	return s, nil
}

// MarshalJSON writes any JSON as it is; nothing, and what is no JSON, is null.
func MarshalJSON(v json.RawMessage) graphql.Marshaler {
	if !json.Valid(v) {
		return graphql.Null
	}
	return graphql.WriterFunc(func(w io.Writer) { _, _ = w.Write(v) }) // into memory
}

// UnmarshalJSON reads any JSON value; null is nothing. Numbers keep their digits.
func UnmarshalJSON(v any) (json.RawMessage, error) {
	if v == nil {
		return nil, nil
	}
	raw, err := json.Marshal(v)
	if err != nil { // not a finite number
		return nil, helix.BadInput("a JSON value is needed")
	}
	return raw, nil
}

package scalar_test

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/graph/scalar"
)

func written(m graphql.Marshaler) string {
	var b bytes.Buffer
	m.MarshalGQL(&b)
	return b.String()
}

func TestWhatIsWritten(t *testing.T) {
	t.Parallel()
	ist := time.FixedZone("IST", 5*3600+1800)
	at := time.Date(2026, 1, 14, 16, 10, 20, 123456789, ist)
	for name, c := range map[string]struct {
		got  graphql.Marshaler
		want string
	}{
		"a moment in UTC with milliseconds":       {scalar.MarshalDateTime(at), `"2026-01-14T10:40:20.123Z"`},
		"no moment":                               {scalar.MarshalDateTime(time.Time{}), "null"},
		"the day that a moment shows in its zone": {scalar.MarshalDate(time.Date(2026, 1, 14, 0, 30, 0, 0, ist)), `"2026-01-14"`},
		"no day":                       {scalar.MarshalDate(time.Time{}), "null"},
		"an id":                        {scalar.MarshalUUID("6f1f4c1e-8f0a-4c57-9d3e-0d6f5a2b7c11"), `"6f1f4c1e-8f0a-4c57-9d3e-0d6f5a2b7c11"`},
		"no id":                        {scalar.MarshalUUID(""), "null"},
		"a phone":                      {scalar.MarshalPhoneNumber("+919812345678"), `"+919812345678"`},
		"a withheld number":            {scalar.MarshalPhoneNumber(""), "null"},
		"a cursor that needs escaping": {scalar.MarshalCursor(`a"b`), `"a\"b"`},
		"no cursor":                    {scalar.MarshalCursor(""), "null"},
		"JSON as it is":                {scalar.MarshalJSON([]byte(`{"b": 1.50, "a": null}`)), `{"b": 1.50, "a": null}`},
		"no JSON":                      {scalar.MarshalJSON(nil), "null"},
		"what is not JSON":             {scalar.MarshalJSON([]byte(`{"a"`)), "null"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := written(c.got); got != c.want {
				t.Fatalf("got %s", got)
			}
		})
	}
}

func TestWhatIsRead(t *testing.T) {
	t.Parallel()
	if got, err := scalar.UnmarshalDateTime("2026-01-14T16:10:20+05:30"); err != nil || !got.Equal(time.Date(2026, 1, 14, 10, 40, 20, 0, time.UTC)) {
		t.Errorf("a moment with an offset: %s, %v", got, err)
	}
	if got, err := scalar.UnmarshalPhoneNumber("098123 45678"); err != nil || got != "+919812345678" {
		t.Errorf("a national form: %s, %v", got, err)
	}
	for name, c := range map[string]struct {
		given any
		want  string
	}{
		"digits beyond 2^53": {map[string]any{"n": json.Number("12345678901234567890")}, `{"n":12345678901234567890}`},
		"a literal's number": {[]any{int64(7), 1.5, "x", true, nil}, `[7,1.5,"x",true,null]`},
		"null is nothing":    {nil, ""},
	} {
		if got, err := scalar.UnmarshalJSON(c.given); err != nil || string(got) != c.want {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
	if got, err := scalar.UnmarshalJSON(math.Inf(1)); !helix.IsCode(err, helix.CodeBadInput) || got != nil {
		t.Errorf("an infinite number: %s, %v", got, err)
	}
	if got, err := scalar.UnmarshalUUID("6F1F4C1E-8F0A-4C57-9D3E-0D6F5A2B7C11"); err != nil || got != "6f1f4c1e-8f0a-4c57-9d3e-0d6f5a2b7c11" {
		t.Errorf("an upper-case id: %s, %v", got, err)
	}
}

func TestWhatIsRefusedIsNotRepeated(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 5000)
	for name, err := range map[string]error{
		"a moment without a zone": refusal(scalar.UnmarshalDateTime("2026-01-14T16:10:20")),
		"a number for a moment":   refusal(scalar.UnmarshalDateTime(7)),
		"a day that is none":      refusal(scalar.UnmarshalDate("2026-02-30")),
		"a UUID of version 7":     refusal(scalar.UnmarshalUUID("018f4c1e-8f0a-7c57-9d3e-0d6f5a2b7c11")),
		"a UUID in braces":        refusal(scalar.UnmarshalUUID("{6f1f4c1e-8f0a-4c57-9d3e-0d6f5a2b7c11}")),
		"a short phone":           refusal(scalar.UnmarshalPhoneNumber("12345")),
		"an empty cursor":         refusal(scalar.UnmarshalCursor("")),
		"a huge cursor":           refusal(scalar.UnmarshalCursor(long)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if !helix.IsCode(err, helix.CodeBadInput) || strings.Contains(err.Error(), "12345\"") || strings.Contains(err.Error(), long) {
				t.Fatalf("got %v", err)
			}
		})
	}
}

func refusal[T any](_ T, err error) error { return err }

func FuzzScalars(f *testing.F) {
	f.Add("2026-01-14T16:10:20Z")
	f.Add("6f1f4c1e-8f0a-4c57-9d3e-0d6f5a2b7c11")
	f.Add("+919812345678")
	f.Fuzz(func(t *testing.T, s string) {
		for _, err := range []error{
			refusal(scalar.UnmarshalDateTime(s)), refusal(scalar.UnmarshalDate(s)), refusal(scalar.UnmarshalUUID(s)),
			refusal(scalar.UnmarshalPhoneNumber(s)), refusal(scalar.UnmarshalCursor(s)),
		} {
			if err != nil && !helix.IsCode(err, helix.CodeBadInput) {
				t.Fatalf("uncoded: %v", err)
			}
		}
		for _, v := range []any{s, map[string]any{"__typename": s, "id": s}, map[string]any{"__typename": s}} {
			if r, err := scalar.UnmarshalRepresentation(v); err != nil || r.Err == nil && (r.Type != s || r.ID == "") || r.Err != nil && !helix.IsCode(r.Err, helix.CodeBadInput) {
				t.Fatalf("got %+v, %v", r, err)
			}
		}
	})
}

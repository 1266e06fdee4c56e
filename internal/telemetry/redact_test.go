package telemetry_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/helix-engage/gateway/internal/telemetry"
)

// line logs once and reads the line back.
func line(t *testing.T, write func(*slog.Logger), secrets ...string) map[string]any {
	t.Helper()
	var b bytes.Buffer
	log, err := telemetry.NewLogger(&b, telemetry.LogOptions{Format: "json", Secrets: secrets})
	if err != nil {
		t.Fatal(err)
	}
	write(log)
	var got map[string]any
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatalf("%v in %s", err, b.String())
	}
	delete(got, "time")
	delete(got, "level")
	return got
}

func TestKeysThatHoldSecretsOrPatientsAreRedacted(t *testing.T) {
	t.Parallel()
	for key, hidden := range map[string]bool{
		"authorization": true, "Authorization": true, "access_token": true, "refreshToken": true, "PASSWORD": true, "db-password": true,
		"apiKey": true, "api_key": true, "x-api-key": true, "client.secret": true, "set-cookie": true, "phone": true, "caller_phone": true,
		"phoneNumber": true, "mobile": true, "CallerID": true, "name": true, "patient_name": true, "displayName": true, "patient": true,
		"email": true, "body": true, "query": true, "variables": true, "recording_url": true, "notes": true,
		"call": false, "agent": false, "operation_name": false, "hostname": false, "tokens": false, "status": false, "took": false,
		"component": false, "stream": false, "from": false, "": false,
		strings.Repeat("x", 100) + "token": false, // longer than any key of ours
	} {
		t.Run(key, func(t *testing.T) {
			t.Parallel()
			want := map[string]any{"msg": "m", key: "value"}
			if hidden {
				want[key] = telemetry.Redacted
			}
			got := line(t, func(l *slog.Logger) { l.Info("m", key, "value") })
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestSensitiveGroupsAreRedactedWhole(t *testing.T) {
	t.Parallel()
	got := line(t, func(l *slog.Logger) {
		l.With(slog.Group("patient", "id", "p1", "age", 42)).WithGroup("request").Info("m", slog.Group("headers", "accept", "x"), "status", 200)
	})
	want := map[string]any{
		"msg": "m", "patient": map[string]any{"id": telemetry.Redacted, "age": telemetry.Redacted},
		"request": map[string]any{"headers": map[string]any{"accept": telemetry.Redacted}, "status": 200.0},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAnEmptySecretIsShownAsEmpty(t *testing.T) {
	t.Parallel()
	if got := line(t, func(l *slog.Logger) { l.Info("m", "token", "") }); got["token"] != "" {
		t.Errorf("token is %q", got["token"])
	}
}

func TestMaskFindsWhatMustNotBeSeen(t *testing.T) {
	t.Parallel()
	const r = telemetry.Redacted
	redactor := telemetry.NewRedactor("configured-secret", "short")
	for name, tc := range map[string]struct{ text, want string }{
		"a bearer token":                    {"sent Authorization: Bearer abc.def-ghi_jkl, got 401", "sent Authorization: Bearer " + r + ", got 401"},
		"a lower-case bearer token":         {"bearer 0123456789", "bearer " + r},
		"a JSON web token":                  {`token "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln"`, `token "` + r + `"`},
		"a query string":                    {`Get "https://tel.example/x?apiKey=abc&u=v": EOF`, `Get "https://tel.example/x?` + r + `": EOF`},
		"a configured secret":               {"path /webhooks/configured-secret refused", "path /webhooks/" + r + " refused"},
		"an international number":           {"rang +919812345678 twice", "rang " + r + " twice"},
		"an international number in pieces": {"rang +91 98123-45678.", "rang " + r + "."},
		"brackets in a number":              {"rang +1 (415) 555-2671, then", "rang " + r + ", then"},
		"ten digits":                        {"9812345678", r},
		"a leading zero":                    {"number=09812345678;", "number=" + r + ";"},
		"a country code without plus":       {"caller 919812345678 left", "caller " + r + " left"},
		"five and five":                     {"98123 45678 and 98123-45678", r + " and " + r},
		"several":                           {"9812345678,9812345679", r + "," + r},
		"at both ends":                      {"+919812345678 x 9812345678", r + " x " + r},
		"a number before a full stop":       {"call 9812345678.", "call " + r + "."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := redactor.Mask(tc.text); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

func TestMaskKeepsWhatOperatorsNeed(t *testing.T) {
	t.Parallel()
	redactor := telemetry.NewRedactor("short")
	for _, text := range []string{
		"",
		"call 21799900000000458 ended",               // a provider's call id
		"01234567-89ab-5cde-8123-456789012345",       // a UUID that ends in twelve digits
		"4bf92f3577b34da6a3ce929d0e0e4736",           // a trace id
		"12345678901234567890123456789012",           // one of digits alone
		"2026-01-14 10:20:08",                        //
		"2026-01-14T10:20:08.123456789Z",             //
		"took 1.234567891s",                          //
		"127.0.0.1:41000",                            //
		"Bearer token is missing",                    // prose
		"is it there? no",                            //
		"short words are no secrets",                 //
		"C++ 11 + 2",                                 //
		"events.a1b2c3d4e5f60123456789.call",         // an HMAC
		"sequence 123456789",                         // nine digits
		"https://crm.example.org:8443/graphql",       //
		"evil eyJ",                                   //
		"half 98123 4567",                            //
		"\xff\xfe98",                                 // no text
		"id_9812345678 and 9812345678_a a9812345678", // parts of words
	} {
		if got := redactor.Mask(text); got != text {
			t.Errorf("got  %s\nwant %s", got, text)
		}
	}
}

type composite struct{ Phone, Token string }

// named is text by another name, such as an id of ours.
type named string

type marshaled struct{ composite }

func (marshaled) MarshalText() ([]byte, error) { return []byte("of 9812345678"), nil }

func TestValuesOfEveryKindAreLookedThrough(t *testing.T) {
	t.Parallel()
	phone, token := "+919812345678", "Bearer abcdefghijkl"
	u, err := url.Parse("https://tel.example/x?apiKey=abc")
	if err != nil {
		t.Fatal(err)
	}
	got := line(t, func(l *slog.Logger) {
		l.Info(
			"from "+phone, "error", errors.New("no route to "+phone), "stringer", u, "list", []string{phone, "fine"},
			"struct", composite{phone, token}, "pointer", &composite{phone, token}, "map", map[string]string{"a": phone},
			"header", http.Header{"A": {token}}, "text", marshaled{}, "number", 7, "duration", time.Second, "nothing", nil, "yes", true,
			"call", named("db7b834f-a7d5-5f52-8660-0f526e6a8161"), "reason", named("busy: "+phone),
		)
	})
	want := map[string]any{
		"msg": "from [redacted]", "error": "no route to [redacted]", "stringer": "https://tel.example/x?[redacted]",
		"list": []any{"[redacted]", "fine"}, "struct": "[telemetry_test.composite]", "pointer": "[*telemetry_test.composite]",
		"map": "[map[string]string]", "header": "[http.Header]", "text": "of [redacted]", "number": 7.0, "duration": 1e9, "nothing": nil,
		"yes": true, "call": "db7b834f-a7d5-5f52-8660-0f526e6a8161", "reason": "busy: [redacted]",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestMaskingPlainTextAllocatesNothing(t *testing.T) {
	redactor := telemetry.NewRedactor("configured-secret-one", "configured-secret-two")
	attr := slog.String("route", "POST /webhooks/ozonetel/events/{secret} took 12ms for call 21799900000000458")
	if n := testing.AllocsPerRun(100, func() { redactor.ReplaceAttr(nil, attr) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkRedact(b *testing.B) {
	redactor := telemetry.NewRedactor("configured-secret-one", "configured-secret-two")
	attr := slog.String("route", "POST /webhooks/ozonetel/events/{secret} took 12ms for call 21799900000000458")
	b.ReportAllocs()
	for b.Loop() {
		redactor.ReplaceAttr(nil, attr)
	}
}

func FuzzMask(f *testing.F) {
	for _, seed := range []string{"+91 98123-45678", "Bearer abcdefghi", "eyJ0.1", "a?b=c&d", "98123 45678", "?=", "+("} {
		f.Add(seed)
	}
	redactor := telemetry.NewRedactor("configured-secret")
	f.Fuzz(func(t *testing.T, text string) {
		masked := redactor.Mask(text)
		if strings.Contains(masked, "configured-secret") {
			t.Errorf("the secret is in %q", masked)
		}
		if again := redactor.Mask(masked + " 9812345678"); strings.Contains(again, " 9812345678") {
			t.Errorf("a number of its own is in %q", again)
		}
	})
}

package telemetry

import (
	"encoding"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Redacted stands where a value was that must not be seen.
const Redacted = "[redacted]"

// minSecret is the shortest configured secret that is searched for, in bytes. A shorter one would hit ordinary words.
const minSecret = 8

// Redactor keeps secrets and patient data out of log lines. It is the last line of defence, not a licence to log them.
//
// By key: an attribute or group whose name says that it holds such a thing is replaced whole. By value: bearer tokens,
// JSON web tokens, query strings, phone numbers and the configured secrets are masked wherever they occur, the message
// included. A composite value (a struct, a map) cannot be looked through cheaply, so its type is logged in its place.
//
// A Redactor is safe for concurrent use.
type Redactor struct {
	secrets []string
}

// NewRedactor makes a redactor that also masks the given values.
func NewRedactor(secrets ...string) *Redactor {
	r := &Redactor{}
	for _, s := range secrets {
		if len(s) >= minSecret {
			r.secrets = append(r.secrets, s)
		}
	}
	return r
}

// ReplaceAttr fits [slog.HandlerOptions].
func (r *Redactor) ReplaceAttr(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && (a.Key == slog.TimeKey || a.Key == slog.LevelKey) {
		return a
	}
	if sensitiveKey(a.Key) || slices.ContainsFunc(groups, sensitiveKey) {
		return redactedAttr(a)
	}
	switch a.Value.Kind() {
	case slog.KindString:
		a.Value = slog.StringValue(r.Mask(a.Value.String()))
	case slog.KindAny:
		a.Value = r.maskAny(a.Value.Any())
	default: // numbers, times and durations hold none of it; a group's members come one by one
	}
	return a
}

// redactedAttr keeps an empty value: that a token is missing is worth knowing.
func redactedAttr(a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindString && a.Value.String() == "" {
		return a
	}
	return slog.String(a.Key, Redacted)
}

func (r *Redactor) maskAny(v any) slog.Value {
	switch v := v.(type) {
	case nil, bool, time.Time, *slog.Source:
		return slog.AnyValue(v)
	case error:
		return slog.StringValue(r.Mask(v.Error()))
	case fmt.Stringer:
		return slog.StringValue(r.Mask(v.String()))
	case encoding.TextMarshaler:
		text, err := v.MarshalText()
		if err != nil {
			return slog.StringValue(fmt.Sprintf("[%T]", v))
		}
		return slog.StringValue(r.Mask(string(text)))
	case []string:
		masked := make([]string, len(v))
		for i := range v {
			masked[i] = r.Mask(v[i])
		}
		return slog.AnyValue(masked)
	default:
		if text := reflect.ValueOf(v); text.Kind() == reflect.String { // an id or a code of ours: text by another name
			return slog.StringValue(r.Mask(text.String()))
		}
		return slog.StringValue(fmt.Sprintf("[%T]", v))
	}
}

// Mask replaces what must not be seen in a text.
func (r *Redactor) Mask(s string) string {
	for _, secret := range r.secrets {
		if strings.Contains(s, secret) {
			s = strings.ReplaceAll(s, secret, Redacted)
		}
	}
	return maskShapes(s)
}

// secretSuffixes end the keys of things that must not be seen, without separators and in lower case.
var secretSuffixes = [...]string{
	"authorization", "password", "passwd", "secret", "token", "apikey", "cookie", "credential", "credentials", "privatekey",
	"phone", "phonenumber", "mobile", "email", "callerid", "callernumber", "recordingurl",
}

// secretKeys are too common as endings, so they count when they are the whole key.
var secretKeys = [...]string{
	"name", "fullname", "firstname", "lastname", "displayname", "patientname", "patient", "lead", "customer", "caller",
	"body", "payload", "query", "variables", "headers", "notes", "dob", "jwt", "bearer", "pin", "otp",
}

// sensitiveKey reports whether a key says that its value must not be seen. It allocates nothing.
func sensitiveKey(key string) bool {
	var buffer [48]byte
	folded := buffer[:0]
	for i := 0; i < len(key) && len(folded) < len(buffer); i++ {
		switch c := key[i]; {
		case 'A' <= c && c <= 'Z':
			folded = append(folded, c+'a'-'A')
		case c == '_' || c == '-' || c == '.' || c == ' ':
		default:
			folded = append(folded, c)
		}
	}
	for _, suffix := range secretSuffixes {
		if len(folded) >= len(suffix) && string(folded[len(folded)-len(suffix):]) == suffix {
			return true
		}
	}
	for _, whole := range secretKeys {
		if string(folded) == whole {
			return true
		}
	}
	return false
}

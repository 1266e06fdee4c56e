package main

import (
	"encoding"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
)

// redacted is what a [Secret] shows of itself.
const redacted = "[redacted]"

// Secret is a configured value that no print, log line or JSON document shows. The value lies behind a pointer, so that
// even fmt, which cannot call methods on unexported fields, prints an address instead of it.
type Secret struct {
	value *string
}

var (
	_ json.Marshaler           = Secret{}
	_ encoding.TextMarshaler   = Secret{}
	_ encoding.TextUnmarshaler = (*Secret)(nil)
)

// NewSecret hides value. The zero Secret and NewSecret("") are empty.
func NewSecret(value string) Secret {
	if value == "" {
		return Secret{}
	}
	return Secret{value: &value}
}

// Reveal gives the value, for the one place that sends or compares it.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// Empty reports whether nothing was configured.
func (s Secret) Empty() bool { return s.value == nil }

// String shows whether a value is there, not which.
func (s Secret) String() string {
	if s.Empty() {
		return ""
	}
	return redacted
}

// GoString is what %#v shows.
func (s Secret) GoString() string { return fmt.Sprintf("Secret(%q)", s.String()) }

// Format answers every verb of fmt, those that would look behind [Secret.String] included.
func (s Secret) Format(f fmt.State, verb rune) {
	text := s.String()
	if verb == 'v' && f.Flag('#') {
		text = s.GoString()
	}
	_, _ = io.WriteString(f, text) // fmt.State keeps what it is given; there is nothing to fail
}

// LogValue is what slog shows.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText is what encoders of text formats show.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// MarshalJSON is what encoding/json shows.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + s.String() + `"`), nil }

// UnmarshalText reads a value from the environment or a file.
func (s *Secret) UnmarshalText(text []byte) error {
	*s = NewSecret(string(text))
	return nil
}

// reveal gives the secrets themselves.
func reveal(list []Secret) []string {
	values := make([]string, len(list))
	for i, s := range list {
		values[i] = s.Reveal()
	}
	return values
}

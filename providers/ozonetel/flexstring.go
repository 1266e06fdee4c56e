package ozonetel

import (
	"bytes"
	"encoding/json"
	"strings"
)

// FlexString is a text that may arrive as a JSON string, number, boolean or null (16.1). Numbers keep every digit:
// call ids exceed what a float64 holds (0). An object or array, which no such field has, reads as "".
type FlexString string

// UnmarshalJSON implements [json.Unmarshaler].
func (s *FlexString) UnmarshalJSON(data []byte) error {
	data = bytes.TrimSpace(data)
	switch {
	case len(data) == 0 || bytes.Equal(data, []byte("null")) || data[0] == '{' || data[0] == '[':
		*s = ""
	case data[0] == '"':
		var text string
		if err := json.Unmarshal(data, &text); err != nil {
			return err
		}
		*s = FlexString(text)
	default:
		*s = FlexString(data)
	}
	return nil
}

// Value is the text without surrounding space, and "" for the vendor's ways to say nothing (12.3).
func (s FlexString) Value() string {
	text := strings.TrimSpace(string(s))
	switch strings.ToLower(text) {
	case "none", "null":
		return ""
	}
	return text
}

package ozonetel

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
)

// verdict is what a status word says.
type verdict int

const (
	unclear verdict = iota // no status, or one that is not in the table
	good
	bad
)

// statusWords are all spellings of `status` seen, in lower case (0). An unknown word is not good.
var statusWords = map[string]verdict{
	"success": good, "queued": good, "queued successfully": good, "true": good, "1": good,
	"error": bad, "fail": bad, "fails": bad, "failed": bad, "failure": bad, "false": bad, "0": bad,
}

// answer is one of CloudAgent's answers in one form.
type answer struct {
	verdict verdict
	text    string          // what it says to people, from message, Message or details
	payload json.RawMessage // the object or array that it carries there instead
	members members         // all of the outermost object
}

var (
	errNotJSON   = errors.New("the answer is not a JSON object")
	errNoPayload = errors.New("the answer does not hold what it should")
)

// normalise brings an answer into one form (16.2). Errors: the body is no JSON object.
func normalise(body []byte) (answer, error) {
	all, err := readMembers(body)
	if err != nil {
		return answer{}, err
	}
	a := answer{verdict: statusWords[strings.ToLower(all.text("status"))], members: all}
	for _, name := range []string{"message", "Message", "details", "Details"} {
		raw := all[name]
		inner := unwrapText(raw)
		switch {
		case isComposite(inner):
			a.payload = inner
		case a.text == "":
			a.text = flexValue(raw)
		}
		if a.payload != nil {
			break
		}
	}
	// A document inside the text knows better: the recording endpoint reports success under the status Error (7).
	if nested, err := readMembers(a.payload); err == nil {
		if v := statusWords[strings.ToLower(nested.text("status"))]; v != unclear {
			a.verdict = v
		}
		if text := nested.text("message"); text != "" {
			a.text = text
		}
	}
	return a, nil
}

// rows reads the payload as a list; the vendor sends a single row as a bare object now and then (10.1), and an empty
// list as words or null.
func (a answer) rows(into any) error {
	payload := a.payload
	if len(payload) > 0 && payload[0] == '{' {
		payload = slices.Concat([]byte("["), payload, []byte("]"))
	}
	switch {
	case len(payload) == 0 && (noData(a.text) || string(a.members["details"]) == "null"):
		return nil
	case len(payload) == 0, json.Unmarshal(payload, into) != nil:
		return errNoPayload
	default:
		return nil
	}
}

// members are the members of a JSON object by their exact names.
type members map[string]json.RawMessage

func readMembers(data []byte) (members, error) {
	data = bytes.TrimPrefix(bytes.TrimSpace(data), []byte("\xef\xbb\xbf"))
	var m members
	if err := json.Unmarshal(data, &m); err != nil || m == nil {
		return nil, errNotJSON
	}
	return m, nil
}

// text is a member as text, found by its exact name first and then in any casing.
func (m members) text(name string) string {
	if raw, ok := m[name]; ok {
		return flexValue(raw)
	}
	for key, raw := range m {
		if strings.EqualFold(key, name) {
			return flexValue(raw)
		}
	}
	return ""
}

// flexValue reads a scalar as text.
func flexValue(raw json.RawMessage) string {
	var s FlexString
	if s.UnmarshalJSON(raw) != nil {
		return ""
	}
	return s.Value()
}

// unwrapText gives the JSON document that is encoded as a string (3, 7), else the value itself.
func unwrapText(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 || raw[0] != '"' {
		return raw
	}
	inner := json.RawMessage(strings.TrimSpace(flexValue(raw)))
	if isComposite(inner) && json.Valid(inner) {
		return inner
	}
	return raw
}

func isComposite(raw json.RawMessage) bool {
	return len(raw) > 0 && (raw[0] == '{' || raw[0] == '[')
}

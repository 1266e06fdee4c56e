package knowlarity

import (
	"strconv"
	"strings"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/phone"
)

// eventKinds are the messages that may come during a call (6.7), by their folded names.
var eventKinds = map[string]helix.LineFrameKind{
	"call_start": helix.LineUnknown, // says no more than the metadata did
	"dtmf":       helix.LineDigit,
	"call_end":   helix.LineEnded, "hangup": helix.LineEnded, "stop": helix.LineEnded,
}

// isEvent reports whether an object is a message of those and no metadata.
func isEvent(doc map[string]any) bool {
	_, known := eventKinds[eventName(doc)]
	return known
}

func eventName(doc map[string]any) string {
	if name := scalar(doc["type"]); name != "" {
		return fold(name)
	}
	return fold(scalar(doc["event"]))
}

// event reads one of those messages.
func event(doc map[string]any) helix.LineFrame {
	f := helix.LineFrame{Kind: eventKinds[eventName(doc)]}
	if f.Kind != helix.LineDigit {
		return f
	}
	f.Digit = strings.ToUpper(newRecord(doc).get("digit", "digits", "dtmf"))
	if f.Digit == "" || len(f.Digit) > 16 || strings.Trim(f.Digit, "0123456789ABCD*#") != "" {
		return helix.LineFrame{}
	}
	return f
}

// levels are the objects of a metadata message, the innermost first: what we gave when we dialled lies deeper than what
// the provider adds (6.4).
func levels(doc map[string]any, depth int) []map[string]any {
	if depth > maxUnwraps {
		return nil
	}
	var found []map[string]any
	for _, name := range []string{"session_metadata", "ivr_data", "metadata"} {
		if inner := unwrap(doc[name]); inner != nil {
			found = append(found, levels(inner, depth+1)...)
		}
	}
	return append(found, doc)
}

// start reads the metadata in any of its dialects (6.4).
func (l *Line) start(doc map[string]any) helix.LineFrame {
	l.started = true
	all := levels(doc, 0)
	get := func(names ...string) string {
		for _, name := range names {
			for _, level := range all {
				if text := strings.TrimSpace(scalar(level[name])); !blank(text) {
					return text
				}
			}
		}
		return ""
	}
	ids := record{"provider": get("uuid", "callid", "ivrCallId"), "session": get("call_session_id", "client_meta_id", "client_custom_id")}
	return helix.LineFrame{Kind: helix.LineStarted, Start: helix.LineStart{
		ProviderCallID: ids.id("provider"), Session: ids.id("session"),
		Customer: phone.FromProvider(get("customer_number", "from")), DID: string(phone.FromProvider(get("virtual_number", "to"))),
		Rate: sampleRate(get("sample_rate", "sampling_rate")),
	}}
}

// sampleRate reads "16000", "16k" or "16K"; 0 when it is no rate of a telephone line.
func sampleRate(text string) int {
	number, thousands := strings.CutSuffix(strings.ToLower(text), "k")
	n, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return 0
	}
	if thousands {
		n *= 1000
	}
	switch n {
	case rate8k, rate16k, 24000, 48000:
		return int(n)
	}
	return 0
}

package elevenlabs

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers"
)

// record is a conversation as the API and the webhook give it (7), as far as it is read. Numbers are float64, since some
// of the provider's integers come with a fraction.
type record struct {
	ID       string   `json:"conversation_id"`
	Status   string   `json:"status"`
	User     string   `json:"user_id"`
	Turns    []turn   `json:"transcript"`
	Metadata metadata `json:"metadata"`
	Analysis analysis `json:"analysis"`
	Start    struct {
		Variables map[string]json.RawMessage `json:"dynamic_variables"`
		User      string                     `json:"user_id"`
	} `json:"conversation_initiation_client_data"`
}

type turn struct {
	Role    string  `json:"role"`
	Message string  `json:"message"`
	At      float64 `json:"time_in_call_secs"`
}

type metadata struct {
	StartedAt float64         `json:"start_time_unix_secs"`
	Duration  float64         `json:"call_duration_secs"`
	Cost      float64         `json:"cost"`
	Reason    string          `json:"termination_reason"`
	Error     json.RawMessage `json:"error"`
}

type analysis struct {
	Successful string                     `json:"call_successful"`
	Summary    string                     `json:"transcript_summary"`
	Collected  map[string]json.RawMessage `json:"data_collection_results"`
}

// decode reads JSON leniently: a member of the wrong type counts as missing, and the rest is read (7: new fields and
// shapes appear often).
func decode(data []byte, into any) error {
	err := json.Unmarshal(data, into)
	var mistyped *json.UnmarshalTypeError
	if errors.As(err, &mistyped) && mistyped.Field != "" {
		return nil
	}
	if err != nil {
		return errors.New("the document is no JSON object") // the error's own text may quote it
	}
	return nil
}

// Bounds of what is believed of a conversation.
const (
	maxSeconds = 24 * 60 * 60
	maxUnix    = 1 << 34 // the year 2514
)

// conversation puts a record into our words.
func (r *record) conversation() helix.Conversation {
	c := helix.Conversation{
		ID: r.ID, Call: r.call(), Done: r.Status == "done" || r.Status == "failed", Failed: r.Status == "failed",
		StartedAt: unix(r.Metadata.StartedAt), Duration: seconds(r.Metadata.Duration), Cost: r.Metadata.Cost, EndReason: r.endReason(),
		Summary: r.Analysis.Summary, Successful: r.Analysis.Successful,
	}
	for _, t := range r.Turns {
		role, known := roles[t.Role]
		if text := strings.TrimSpace(t.Message); known && text != "" && len(c.Transcript) < helix.MaxTranscript {
			line := helix.TranscriptLine{Role: role, Text: text}
			if !c.StartedAt.IsZero() {
				line.At = c.StartedAt.Add(seconds(t.At))
			}
			c.Transcript = append(c.Transcript, line)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(r.Analysis.Collected)) {
		if value := collected(r.Analysis.Collected[key]); value != nil && len(c.Collected) < helix.MaxCollected {
			c.Collected = append(c.Collected, helix.CollectedItem{Key: key, Value: value})
		}
	}
	return c
}

var roles = map[string]helix.TranscriptRole{"agent": helix.RoleVoiceAgent, "assistant": helix.RoleVoiceAgent, "user": helix.RolePatient}

// call is our id of the call, as we gave it at the start.
func (r *record) call() helix.CallID {
	var id string
	if json.Unmarshal(r.Start.Variables[variableCall], &id) != nil || id == "" {
		id = first(r.User, r.Start.User)
	}
	return helix.CallID(id)
}

// endReason is the provider's word for the end; that of an error where there is one.
func (r *record) endReason() string {
	var fault struct {
		Code   json.RawMessage `json:"code"`
		Reason string          `json:"reason"`
	}
	_ = decode(r.Metadata.Error, &fault) // null, or a text of no use
	return providers.Quote(first(r.Metadata.Reason, fault.Reason))
}

// collected unwraps one result of data collection: an object around the value, or the bare value (7). nil when there is
// none.
func collected(raw json.RawMessage) json.RawMessage {
	var wrapped map[string]json.RawMessage
	if json.Unmarshal(raw, &wrapped) == nil && wrapped != nil {
		if value, ok := wrapped["value"]; ok {
			raw = value
		} else if _, ok := wrapped["data_collection_id"]; ok {
			return nil
		}
	}
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	return raw
}

func unix(n float64) time.Time {
	if !(n > 0 && n < maxUnix) {
		return time.Time{}
	}
	return time.UnixMilli(int64(n * 1000)).UTC()
}

func seconds(n float64) time.Duration {
	if !(n > 0 && n <= maxSeconds) {
		return 0
	}
	return time.Duration(n * float64(time.Second))
}

// first gives the first value that is not zero.
func first[T comparable](values ...T) (v T) {
	for _, v = range values {
		if v != *new(T) {
			break
		}
	}
	return v
}

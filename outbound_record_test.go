package helix_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	helix "github.com/helix-engage/gateway"
)

func TestAnOutboundCallIsShownInFortyTwo(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 14, 10, 0, 0, 0, time.UTC)
	call := helix.OutboundCall{
		ID: "c1", Revision: 7, State: helix.OutboundCompleted, EndReason: helix.ReasonPatientHungUp, EndedAt: at.Add(time.Minute),
		Request:   helix.OutboundRequest{Patient: helix.OutboundPatient{ID: "5F0B6C86-3F3E-4A53-9D0A-6F7F2F4B9C21", Phone: "+919812345678"}},
		Attempts:  []helix.OutboundAttempt{{Number: 1, StartedAt: at.Add(-time.Hour)}, {Number: 2, StartedAt: at, ProviderCallID: "kn-2"}},
		TalkedFor: 41600 * time.Millisecond, Summary: "They talked.",
		Transcript: []helix.TranscriptLine{{Role: helix.RoleVoiceAgent, Text: "Namaste"}, {Role: helix.RolePatient, Text: "Haan"}},
		Collected:  []helix.CollectedItem{{Key: "age", Value: json.RawMessage("52")}},
	}
	want := helix.RecordWrite{
		ID: "c1.ai.7", Lane: "c1", Object: helix.ObjectCall, Record: "c1",
		Fields: map[string]any{
			"name": "AI call", "callStatus": "COMPLETED", "direction": "OUTBOUND", "callerNumber": "+919812345678", "durationSeconds": 42.0,
			"disposition": "PATIENT_HUNG_UP", "providerCallId": "kn-2", "startedAt": "2026-01-14T10:00:00Z", "endedAt": "2026-01-14T10:01:00Z",
			"transcript": "Agent: Namaste\nPatient: Haan", "summary": "They talked.", "patientId": "5f0b6c86-3f3e-4a53-9d0a-6f7f2f4b9c21",
			"collecteddata": map[string]json.RawMessage{"age": json.RawMessage("52")},
		},
	}
	if diff := cmp.Diff(want, call.Record()); diff != "" {
		t.Error(diff)
	}
}

func TestOnlyARecordIDNamesThePatient(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]bool{
		"5f0b6c86-3f3e-4a53-9d0a-6f7f2f4b9c21":  true,
		"5f0b6c86-3f3e-5a53-bd0a-6f7f2f4b9c21":  true,
		"5f0b6c86-3f3e-7a53-9d0a-6f7f2f4b9c21":  false, // FortyTwo refuses version 7
		"5f0b6c86-3f3e-4a53-1d0a-6f7f2f4b9c21":  false, // no variant of RFC 4122
		"5f0b6c86x3f3e-4a53-9d0a-6f7f2f4b9c21":  false,
		"5f0b6c86-3f3e-4a53-9d0a-6f7f2f4b9c2g":  false,
		"5f0b6c86-3f3e-4a53-9d0a-6f7f2f4b9c21a": false,
		"patient_123":                           false,
		"":                                      false,
	} {
		call := helix.OutboundCall{Request: helix.OutboundRequest{Patient: helix.OutboundPatient{ID: id}}}
		if _, got := call.Record().Fields["patientId"]; got != want {
			t.Errorf("%q names a patient: %t", id, got)
		}
	}
}

func TestATranscriptOfAnyLengthFitsIntoARecord(t *testing.T) {
	t.Parallel()
	call := helix.OutboundCall{Transcript: make([]helix.TranscriptLine, helix.MaxTranscript)}
	for i := range call.Transcript {
		call.Transcript[i].Text = strings.Repeat("<", 4<<10)
	}
	text, ok := call.Record().Fields["transcript"].(string)
	if data, err := json.Marshal(text); !ok || err != nil || len(data) > 130<<10 || !strings.HasSuffix(text, "…") {
		t.Errorf("%d bytes, %v", len(data), err)
	}
}

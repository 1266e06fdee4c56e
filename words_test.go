package helix_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	helix "github.com/helix-engage/gateway"
)

func TestPhoneForms(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, phone, last10, conference, masked string }{
		{"an Indian mobile", "+919812345678", "9812345678", "09812345678", "+91********78"},
		{"a number of another country keeps its form", "+6591234567", "6591234567", "+6591234567", "+65******67"},
		{"a withheld number", "", "", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := helix.Phone(c.phone)
			got := []string{p.Last10(), p.Conference(), p.Masked()}
			if diff := cmp.Diff([]string{c.last10, c.conference, c.masked}, got); diff != "" {
				t.Fatal(diff)
			}
		})
	}
}

func TestNewIDIsAVersion5UUIDThatFollowsFromItsWords(t *testing.T) {
	t.Parallel()
	id := helix.NewID("OZONETEL", "21764900000000123")
	parsed, err := uuid.Parse(id)
	if err != nil || parsed.Version() != 5 || parsed.Variant() != uuid.RFC4122 {
		t.Fatalf("%s: version %d, variant %s, %v", id, parsed.Version(), parsed.Variant(), err)
	}
	if id != helix.NewID("OZONETEL", "21764900000000123") {
		t.Fatal("the same words gave another id")
	}
	if helix.NewID("ab", "c") == helix.NewID("a", "bc") {
		t.Fatal("words run together")
	}
}

func TestACursorIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	want := helix.Cursor{Epoch: "9f2c", Sequence: 1<<63 + 7}
	got, err := helix.ParseCursor(want.String())
	if err != nil || got != want {
		t.Fatalf("got %+v, %v", got, err)
	}
}

func FuzzParseCursor(f *testing.F) {
	f.Add(helix.Cursor{Epoch: "e", Sequence: 1}.String())
	f.Add("")
	f.Add("OjE")
	f.Fuzz(func(t *testing.T, s string) {
		c, err := helix.ParseCursor(s)
		if err != nil {
			if !helix.IsCode(err, helix.CodeBadInput) {
				t.Fatalf("uncoded: %v", err)
			}
			return
		}
		again, err := helix.ParseCursor(c.String())
		if err != nil || again != c {
			t.Fatalf("%+v became %+v, %v", c, again, err)
		}
	})
}

func TestWhoSeesAnEvent(t *testing.T) {
	t.Parallel()
	user := &helix.User{ID: "u"}
	asha := &helix.Caller{User: user, Seat: &helix.AgentSeat{Agent: "agent1"}}
	supervisor := &helix.Caller{User: user, Supervisor: true}
	for _, c := range []struct {
		name   string
		caller *helix.Caller
		agent  helix.AgentID
		want   bool
	}{
		{"an agent sees his own", asha, "agent1", true},
		{"an agent sees those of nobody in particular", asha, "", true},
		{"an agent does not see another's", asha, "agent2", false},
		{"a supervisor sees all", supervisor, "agent2", true},
		{"a member without a desk sees none", &helix.Caller{User: user}, "", false},
		{"a CRM key sees none", &helix.Caller{APIKeyID: "k"}, "", false},
		{"nobody sees none", nil, "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			e := helix.CallEvent{Agent: c.agent}
			if got := e.VisibleTo(c.caller); got != c.want {
				t.Fatalf("got %t", got)
			}
		})
	}
}

func TestCallRecordInFortyTwosWords(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 1, 14, 10, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name   string
		call   helix.Call
		fields map[string]any
	}{
		{
			"an answered call that is over",
			helix.Call{
				ID: "c", Phone: "+919812345678", Direction: helix.Inbound, DID: "918041763265", State: helix.CallEnded, AgentName: "Asha Rao",
				ProviderCallID: "2176", StartedAt: start, AnsweredAt: start.Add(5 * time.Second), EndedAt: start.Add(65 * time.Second), Total: 65 * time.Second,
			},
			map[string]any{
				"name": "Incoming call", "callStatus": "COMPLETED", "direction": "INBOUND", "agentName": "Asha Rao", "callerNumber": "+919812345678",
				"callsourcenumber": "+918041763265", "providerCallId": "2176", "durationSeconds": 65.0,
				"startedAt": "2026-01-14T10:00:00Z", "endedAt": "2026-01-14T10:01:05Z",
			},
		},
		{
			"a call that reached nobody, from a withheld number",
			helix.Call{ID: "c", Direction: helix.Inbound, State: helix.CallEnded, Missed: true, StartedAt: start, EndedAt: start},
			map[string]any{
				"name": "Missed call", "callStatus": "MISSED", "direction": "INBOUND", "durationSeconds": 0.0,
				"startedAt": "2026-01-14T10:00:00Z", "endedAt": "2026-01-14T10:00:00Z",
			},
		},
		{
			"a dial that the provider refused",
			helix.Call{ID: "c", Direction: helix.Outbound, State: helix.CallEnded, Failure: &helix.Failure{Code: helix.CodeRejected}},
			map[string]any{"name": "Outgoing call", "callStatus": "FAILED", "direction": "OUTBOUND", "durationSeconds": 0.0},
		},
		{
			"a disposed call that is still up",
			helix.Call{
				ID: "c", Direction: helix.Outbound, State: helix.CallAnswered, AnsweredAt: start,
				Disposition: &helix.Disposition{Label: "Booked", Notes: "morning"},
			},
			map[string]any{
				"name": "Outgoing call", "callStatus": "ANSWERED", "direction": "OUTBOUND", "durationSeconds": 0.0,
				"disposition": "Booked", "notes": "morning",
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := c.call.Record()
			if diff := cmp.Diff(c.fields, w.Fields); diff != "" {
				t.Error(diff)
			}
			if w.Lane != "c" || w.Record != "c" || w.Object != helix.ObjectCall {
				t.Errorf("lane %q, record %q, object %q", w.Lane, w.Record, w.Object)
			}
		})
	}
}

package fortytwo

import (
	"bytes"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	helix "github.com/helix-engage/gateway"
)

// callWrite is a write of a call's record with an id derived from n.
func callWrite(n int, fields map[string]any) helix.RecordWrite {
	id := helix.NewID("call", fmt.Sprint(n))
	return helix.RecordWrite{ID: id + ".1", Lane: id, Object: helix.ObjectCall, Record: id, Fields: fields}
}

func TestAHundredAndFiftyRecordsOfTwoObjectsTakeThreeRequestsAndTheirRelationsResolve(t *testing.T) {
	t.Parallel()
	s := newStrict(t)
	c := s.client(t, nil)
	s.documents()
	var writes []helix.RecordWrite
	for i := range 101 {
		call := callWrite(i, map[string]any{"name": "Call", "providerCallId": fmt.Sprint(9000 + i)})
		writes = append(writes, helix.RecordWrite{
			Object: helix.ObjectFollowUp, Record: helix.NewID("followUp", fmt.Sprint(i)),
			Fields: map[string]any{"name": "Call back", "callId": call.Record, "followUpStatus": "PENDING"},
		}, call)
	}
	writes = writes[:102]
	results, err := c.UpsertRecords(t.Context(), helix.AsServer(), writes)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range results {
		if r.Err != nil || r.ID != writes[i].Record {
			t.Errorf("write %d: %+v", i, r)
		}
	}
	docs := s.documents()
	if len(docs) != 2 || !strings.Contains(docs[0], "createCalls") || !strings.Contains(docs[1], "createFollowUps") {
		t.Errorf("calls must be written before the follow-ups that point to them; sent %q", docs)
	}
	if len(s.rows["calls"]) != 51 || len(s.rows["followUps"]) != 51 {
		t.Errorf("stored %d calls and %d follow-ups", len(s.rows["calls"]), len(s.rows["followUps"]))
	}
}

func TestABatchIsAtMostAHundredRecords(t *testing.T) {
	t.Parallel()
	s := newStrict(t)
	c := s.client(t, nil)
	s.documents()
	var writes []helix.RecordWrite
	for i := range 250 {
		writes = append(writes, callWrite(i, map[string]any{"name": "Call"}))
	}
	if _, err := c.UpsertRecords(t.Context(), helix.AsServer(), writes); err != nil {
		t.Fatal(err)
	}
	if n := len(s.documents()); n != 3 {
		t.Errorf("sent %d requests, want 3", n)
	}
}

func TestOnlyTheBadRecordsOfABatchFail(t *testing.T) {
	t.Parallel()
	s := newStrict(t)
	c := s.client(t, nil)
	var writes []helix.RecordWrite
	bad := map[int]helix.Code{3: helix.CodeBadInput, 40: helix.CodeBadInput, 77: helix.CodeUnavailable}
	for i := range 100 {
		name := "Call"
		switch bad[i] {
		case helix.CodeBadInput:
			name = "poison"
		case helix.CodeUnavailable:
			name = "fault"
		}
		writes = append(writes, callWrite(i, map[string]any{"name": name}))
	}
	s.documents()
	results, err := c.UpsertRecords(t.Context(), helix.AsServer(), writes)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range results {
		wantCode(t, r.Err, bad[i])
	}
	if n := len(s.documents()); n > 45 {
		t.Errorf("took %d requests", n)
	}
}

func TestAServerThatFailsEveryRequestIsNotAskedForEachRecord(t *testing.T) {
	t.Parallel()
	s := newStrict(t)
	c := s.client(t, nil)
	var writes []helix.RecordWrite
	for i := range 100 {
		writes = append(writes, callWrite(i, map[string]any{"name": "fault"}))
	}
	s.documents()
	results, err := c.UpsertRecords(t.Context(), helix.AsServer(), writes)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		wantCode(t, r.Err, helix.CodeUnavailable)
	}
	if n := len(s.documents()); n > maxFaults+1 {
		t.Errorf("took %d requests", n)
	}
}

func TestWritesToOneRecordAreMergedInOrder(t *testing.T) {
	t.Parallel()
	s := newStrict(t)
	c := s.client(t, nil)
	writes := []helix.RecordWrite{
		callWrite(1, map[string]any{"name": "Call", "callStatus": "RINGING", "agentName": "Asha"}),
		callWrite(2, map[string]any{"name": "Other"}),
		callWrite(1, map[string]any{"callStatus": "COMPLETED"}),
	}
	results, err := c.UpsertRecords(t.Context(), helix.AsServer(), writes)
	if err != nil {
		t.Fatal(err)
	}
	want := []Result{{ID: writes[0].Record}, {ID: writes[1].Record}, {ID: writes[0].Record}}
	if diff := gocmp.Diff(want, results); diff != "" {
		t.Error(diff)
	}
	if row := s.rows["calls"][0]; row["callStatus"] != "COMPLETED" || row["agentName"] != "Asha" || len(s.rows["calls"]) != 2 {
		t.Errorf("stored %v", s.rows["calls"])
	}
}

func TestARecordThatFortyTwoKnowsUnderAnotherIDKeepsIt(t *testing.T) {
	t.Parallel()
	const theirs = "22222222-2222-4222-8222-222222222222"
	t.Run("when the upsert finds it by its unique field", func(t *testing.T) {
		t.Parallel()
		s := newStrict(t)
		s.rows["calls"] = []map[string]any{{"id": theirs, "providerCallId": "77"}}
		c := s.client(t, nil)
		writes := []helix.RecordWrite{
			callWrite(1, map[string]any{"name": "A", "providerCallId": "77"}), callWrite(2, map[string]any{"name": "B", "providerCallId": "78"}),
		}
		followUp := helix.NewID("followUp")
		writes = append(writes, helix.RecordWrite{
			Object: helix.ObjectFollowUp, Record: followUp, Fields: map[string]any{"callId": writes[0].Record},
		})
		results, err := c.UpsertRecords(t.Context(), helix.AsServer(), writes)
		if err != nil {
			t.Fatal(err)
		}
		if diff := gocmp.Diff([]Result{{ID: theirs}, {ID: writes[1].Record}, {ID: followUp}}, results); diff != "" {
			t.Error(diff)
		}
		if got := s.rows["followUps"][0]["callId"]; got != theirs {
			t.Errorf("the follow-up points to %v", got)
		}
	})
	t.Run("when a duplicate names the record in the way", func(t *testing.T) {
		t.Parallel()
		s := newStrict(t)
		c := s.client(t, nil)
		refusals := 1
		s.intercept = func(w http.ResponseWriter, doc string) bool {
			if refusals == 0 || !strings.Contains(doc, "createCalls") {
				return false
			}
			refusals--
			fail(w, "A duplicate entry was detected", map[string]any{"code": "BAD_USER_INPUT", "conflictingRecordId": theirs})
			return true
		}
		results, err := c.UpsertRecords(t.Context(), helix.AsServer(), []helix.RecordWrite{callWrite(1, map[string]any{"name": "A"})})
		if err != nil {
			t.Fatal(err)
		}
		if diff := gocmp.Diff([]Result{{ID: theirs}}, results); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("when line 1.5 names nothing and the second attempt finds it", func(t *testing.T) {
		t.Parallel()
		s := newStrict(t)
		c := s.client(t, nil)
		refusals := 1
		s.intercept = func(w http.ResponseWriter, doc string) bool {
			if refusals == 0 || !strings.Contains(doc, "createCalls") {
				return false
			}
			refusals--
			s.rows["calls"] = []map[string]any{{"id": theirs, "providerCallId": "77"}}
			fail(w, "Duplicate Provider Call Id with value 77. Please set a unique one.", map[string]any{"code": "BAD_USER_INPUT"})
			return true
		}
		results, err := c.UpsertRecords(t.Context(), helix.AsServer(), []helix.RecordWrite{callWrite(1, map[string]any{"providerCallId": "77"})})
		if err != nil {
			t.Fatal(err)
		}
		if diff := gocmp.Diff([]Result{{ID: theirs}}, results); diff != "" {
			t.Error(diff)
		}
	})
}

func TestTwoReplicasThatWriteTheSameRecordsMakeOneOfEach(t *testing.T) {
	t.Parallel()
	s := newStrict(t)
	var writes []helix.RecordWrite
	for i := range 30 {
		writes = append(writes, callWrite(i, map[string]any{"name": "Call", "providerCallId": fmt.Sprint(i)}))
	}
	var wg sync.WaitGroup
	for replica := range 2 {
		c := s.client(t, nil)
		wg.Go(func() {
			mine := append([]helix.RecordWrite(nil), writes...)
			rand.New(rand.NewPCG(uint64(replica), 1)).Shuffle(len(mine), func(i, j int) { mine[i], mine[j] = mine[j], mine[i] })
			results, err := c.UpsertRecords(t.Context(), helix.AsServer(), mine)
			if err != nil {
				t.Error(err)
			}
			for i, r := range results {
				if r.Err != nil || r.ID != mine[i].Record {
					t.Errorf("%+v", r)
				}
			}
		})
	}
	wg.Wait()
	if n := len(s.rows["calls"]); n != 30 {
		t.Errorf("%d records, want 30", n)
	}
}

func TestACallWithANumberThatFortyTwoRefusesIsWrittenWithoutIt(t *testing.T) {
	t.Parallel()
	s := newStrict(t)
	c := s.client(t, nil)
	results, err := c.UpsertRecords(t.Context(), helix.AsServer(), []helix.RecordWrite{
		callWrite(1, map[string]any{"name": "Call", "callerNumber": "+911234567", "agentName": "Asha"}),
	})
	if err != nil || results[0].Err != nil {
		t.Fatal(err, results)
	}
	if row := s.rows["calls"][0]; row["agentName"] != "Asha" || row["callerNumber"] != nil {
		t.Errorf("stored %v", row)
	}
}

func TestFieldsThatTheWorkspaceLacksAreLeftOutAndSaidOnce(t *testing.T) {
	t.Parallel()
	s := newStrict(t)
	s.objects = edit(edit(s.objects, "call", "notes", nil), "call", "callbackstatus", map[string]any{
		"options": []any{map[string]any{"value": "PENDING_CALLBACK"}},
	})
	s.objects = edit(s.objects, "call", "lead", nil)
	var log bytes.Buffer
	c := s.client(t, func(o *Options) { o.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	write := callWrite(1, map[string]any{
		"name": "Call", "notes": "secret", "callbackstatus": "WRONG_NUMBER", "leadId": helix.NewID("lead"), "agentName": "Asha",
	})
	for range 3 {
		results, err := c.UpsertRecords(t.Context(), helix.AsServer(), []helix.RecordWrite{write})
		if err != nil || results[0].Err != nil {
			t.Fatal(err, results)
		}
	}
	want := map[string]any{"id": write.Record, "name": "Call", "agentName": "Asha"}
	if diff := gocmp.Diff(want, s.rows["calls"][0]); diff != "" {
		t.Error(diff)
	}
	for _, field := range []string{"call.notes", "call.callbackstatus", "call.leadId"} {
		if n := strings.Count(log.String(), "field="+field); n != 1 {
			t.Errorf("said %d times that %s is left out", n, field)
		}
	}
	if strings.Contains(log.String(), "secret") {
		t.Error("a value was logged")
	}
}

func TestAWriteThatMakesNoSenseFailsAloneAndIsNotSent(t *testing.T) {
	t.Parallel()
	s := newStrict(t)
	c := s.client(t, nil)
	good := callWrite(1, map[string]any{"name": "Call"})
	cases := map[string]helix.RecordWrite{
		"an id of version 7":               {Object: helix.ObjectCall, Record: "0190a5d4-0000-7000-8000-000000000000"},
		"a field that the model lacks":     callWrite(2, map[string]any{"nosuch": 1}),
		"a relation under its own name":    callWrite(3, map[string]any{"lead": helix.NewID("lead")}),
		"a relation to no record id":       callWrite(4, map[string]any{"leadId": "7"}),
		"a number given as text":           callWrite(5, map[string]any{"durationSeconds": "12"}),
		"a time without a zone":            callWrite(6, map[string]any{"startedAt": "2026-05-01T10:00:00"}),
		"a value of no selection":          callWrite(7, map[string]any{"callStatus": "SLEEPING"}),
		"a link of another scheme":         callWrite(8, map[string]any{"recordingUrl": "javascript:alert(1)"}),
		"a phone number not in E.164 form": callWrite(9, map[string]any{"callerNumber": "98123"}),
	}
	for name, w := range cases {
		t.Run(name, func(t *testing.T) {
			results, err := c.UpsertRecords(t.Context(), helix.AsServer(), []helix.RecordWrite{w, good})
			if err != nil {
				t.Fatal(err)
			}
			wantCode(t, results[0].Err, helix.CodeBadInput)
			wantCode(t, results[1].Err, "")
		})
	}
	if n := len(s.rows["calls"]); n != 1 {
		t.Errorf("%d records, want 1", n)
	}
}

func TestARenamedFieldIsWrittenUnderItsNewNameWithinTheSameCall(t *testing.T) {
	t.Parallel()
	s := newStrict(t)
	s.objects = edit(s.objects, "call", "notes", map[string]any{"name": "Notes"})
	c := s.client(t, nil) // takes "Notes", which the schema does not know any more
	s.mu.Lock()
	s.objects = edit(s.objects, "call", "Notes", map[string]any{"name": "notes"})
	s.version++
	s.mu.Unlock()
	var writes []helix.RecordWrite
	for i := range 20 {
		writes = append(writes, callWrite(i, map[string]any{"notes": "called back"}))
	}
	s.documents()
	results, err := c.UpsertRecords(t.Context(), helix.AsServer(), writes)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		wantCode(t, r.Err, "")
	}
	if n := len(s.documents()); n != 2 || s.rows["calls"][0]["notes"] != "called back" {
		t.Errorf("took %d requests; stored %v", n, s.rows["calls"][0])
	}
}

func TestValuesAreSentAsFortyTwoTakesThem(t *testing.T) {
	t.Parallel()
	m := resolve(1, metadataOf(t, defaultObjects()), nil)
	call := m.objects[helix.ObjectCall]
	cases := map[string]struct {
		field string
		in    any
		want  any
	}{
		"a phone number in its parts": {"callerNumber", "+919812345678", map[string]any{
			"primaryPhoneNumber": "9812345678", "primaryPhoneCallingCode": "+91",
		}},
		"a withheld number clears all parts": {"callerNumber", "", map[string]any{
			"primaryPhoneNumber": "", "primaryPhoneCallingCode": "", "primaryPhoneCountryCode": "",
		}},
		"a time in UTC to the millisecond":   {"startedAt", "2026-05-01T15:30:00.123456789+05:30", "2026-05-01T10:00:00.123Z"},
		"no time is null":                    {"endedAt", nil, nil},
		"no text is never null":              {"notes", nil, ""},
		"a link in its composite":            {"recordingUrl", "https://r.test/1", map[string]any{"primaryLinkUrl": "https://r.test/1"}},
		"a whole number stays one":           {"durationSeconds", 12, 12},
		"a relation's id in lower case":      {"lead", "AAAAAAAA-AAAA-4AAA-8AAA-AAAAAAAAAAAA", "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa"},
		"JSON as it is":                      {"collecteddata", map[string]any{"a": 1}, map[string]any{"a": 1}},
		"an unset selection is null":         {"callbackstatus", "", nil},
		"a selection in FortyTwo's own word": {"callStatus", "MISSED", "MISSED"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := call.fields[c.field].encode(c.in)
			if err != nil {
				t.Fatal(err)
			}
			if diff := gocmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

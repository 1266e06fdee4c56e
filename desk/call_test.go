package desk_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/desk"
)

func order(requestID string) desk.DialOrder {
	return desk.DialOrder{Phone: rahul, RequestID: requestID}
}

func TestTheSameRequestDialsOnceHoweverOftenItIsSent(t *testing.T) {
	t.Parallel()
	x := setup(t)
	ids := make([]helix.CallID, 8)
	var wg sync.WaitGroup
	for i := range ids {
		wg.Go(func() {
			call, err := x.Dial(t.Context(), worker("1"), order("r1"))
			// Who comes while the first request is out learns that its outcome is not known yet, never another call.
			if err != nil && !helix.IsCode(err, helix.CodeUnknownOutcome) {
				t.Error(err)
			}
			ids[i] = call.ID
		})
	}
	wg.Wait()
	for _, id := range ids {
		if id == "" || id != ids[0] {
			t.Fatalf("got %v", ids)
		}
	}
	if n := x.line.dials.Load(); n != 1 {
		t.Fatalf("dialled %d times", n)
	}
	if call, err := x.Dial(t.Context(), worker("1"), order("r1")); err != nil || call.ID != ids[0] || x.line.dials.Load() != 1 {
		t.Fatalf("afterwards: %+v, %v", call, err)
	}
}

func TestTwoWishesOfOneAgentAtTheSameMomentAreOneDial(t *testing.T) {
	t.Parallel()
	x := setup(t)
	var wg sync.WaitGroup
	refused := make([]error, 6)
	for i := range refused {
		wg.Go(func() {
			_, refused[i] = x.Dial(t.Context(), worker("1"), order(fmt.Sprintf("r%d", i)))
		})
	}
	wg.Wait()
	taken := 0
	for _, err := range refused {
		if err == nil {
			taken++
		} else if !helix.IsCode(err, helix.CodeAgentBusy) {
			t.Error(err)
		}
	}
	if n := x.line.dials.Load(); n != 1 || taken != 1 {
		t.Fatalf("dialled %d times, %d accepted", n, taken)
	}
}

func TestADialWithAnUnknownOutcomeIsNeverRepeatedAndBlocksOnlyForAWhile(t *testing.T) {
	t.Parallel()
	x := setup(t)
	x.line.dialErr = &helix.Error{Code: helix.CodeUnknownOutcome, Message: "no answer"}
	for range 2 {
		if _, err := x.Dial(t.Context(), worker("1"), order("r1")); !helix.IsCode(err, helix.CodeUnknownOutcome) {
			t.Fatalf("got %v", err)
		}
	}
	if _, err := x.Dial(t.Context(), worker("1"), order("r2")); !helix.IsCode(err, helix.CodeAgentBusy) {
		t.Fatalf("another dial at once: %v", err)
	}
	x.clock.advance(3 * time.Minute)
	if err := x.calls.EndUnknownDials(t.Context()); err != nil {
		t.Fatal(err)
	}
	x.line.dialErr = nil
	call, err := x.Dial(t.Context(), worker("1"), order("r1"))
	if !helix.IsCode(err, helix.CodeUnknownOutcome) || call.State != helix.CallEnded || x.line.dials.Load() != 1 {
		t.Fatalf("the first request later: %+v, %v, dialled %d times", call, err, x.line.dials.Load())
	}
	if _, err := x.Dial(t.Context(), worker("1"), order("r2")); err != nil || x.line.dials.Load() != 2 {
		t.Fatalf("another dial later: %v", err)
	}
}

func TestARefusedDialEndsTheCallAndSaysTheSameAgain(t *testing.T) {
	t.Parallel()
	x := setup(t)
	x.line.dialErr = &helix.Error{Code: helix.CodeAgentBusy, Message: "you are not ready", Provider: helix.ProviderOzonetel, Retryable: true}
	for range 2 {
		call, err := x.Dial(t.Context(), worker("1"), order("r1"))
		if !helix.IsCode(err, helix.CodeAgentBusy) || helix.IsRetryable(err) || call.State != helix.CallEnded || call.EndReason != helix.EndRefused {
			t.Fatalf("got %+v, %v", call, err)
		}
	}
	if n := x.line.dials.Load(); n != 1 {
		t.Fatalf("dialled %d times", n)
	}
	x.line.dialErr = nil
	if _, err := x.Dial(t.Context(), worker("1"), order("r2")); err != nil {
		t.Fatalf("a new wish after that: %v", err)
	}
}

func TestAnAgentDialsOneCallAtATime(t *testing.T) {
	t.Parallel()
	x := setup(t)
	if _, err := x.Dial(t.Context(), worker("1"), order("r1")); err != nil {
		t.Fatal(err)
	}
	if _, err := x.Dial(t.Context(), worker("1"), order("r2")); !helix.IsCode(err, helix.CodeAgentBusy) {
		t.Fatalf("got %v", err)
	}
	x.talk(t, worker("1"), rahul, "21799900000000459", helix.Outbound)
	if _, err := x.Dial(t.Context(), worker("1"), order("r2")); err != nil {
		t.Fatalf("after the first had ended: %v", err)
	}
}

func TestWhatADialRefuses(t *testing.T) {
	t.Parallel()
	x := setup(t)
	entry := x.missed(t, helix.ReportDetails, rahul, "1", start)
	if _, err := x.queue.Claim(t.Context(), worker("2")); err != nil {
		t.Fatal(err)
	}
	used, err := x.Dial(t.Context(), worker("3"), order("used"))
	if err != nil || used.ID == "" {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		by    string
		order desk.DialOrder
		want  helix.Code
	}{
		{"a missed call that nobody knows", "1", desk.DialOrder{Phone: rahul, RequestID: "a", MissedCall: "no-such"}, helix.CodeNotFound},
		{"another number than the missed call's", "1", desk.DialOrder{Phone: "+919812345679", RequestID: "b", MissedCall: entry.ID}, helix.CodeBadInput},
		{"a missed call that somebody else holds", "1", desk.DialOrder{Phone: rahul, RequestID: "c", MissedCall: entry.ID}, helix.CodeConflict},
		{"a request id that was used for another number", "3", desk.DialOrder{Phone: "+919812345679", RequestID: "used"}, helix.CodeConflict},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if _, err := x.Dial(t.Context(), worker(c.by), c.order); !helix.IsCode(err, c.want) {
				t.Fatalf("got %v", err)
			}
		})
	}
}

// calledBack plays a missed call up to the end of the call back.
func calledBack(t *testing.T, x *bench) (entry helix.MissedCall, call helix.Call) {
	t.Helper()
	w := worker("1")
	x.missed(t, helix.ReportDetails, rahul, "1", start)
	claimed, err := x.queue.Claim(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := x.Dial(t.Context(), w, desk.DialOrder{Phone: rahul, RequestID: "back", MissedCall: claimed.ID}); err != nil {
		t.Fatal(err)
	}
	if entry, err = x.queue.Get(t.Context(), claimed.ID); err != nil || entry.Status != helix.CallbackAttempted || entry.AttemptedAt.IsZero() {
		t.Fatalf("after dialling: %+v, %v", entry, err)
	}
	return entry, x.talk(t, w, rahul, "21799900000000459", helix.Outbound)
}

func TestADispositionSettlesPlansFreesAndClaimsTheNext(t *testing.T) {
	t.Parallel()
	x := setup(t)
	x.crm.contact = helix.Contact{Patient: "patient-1"}
	entry, call := calledBack(t, x)
	next := x.missed(t, helix.ReportDetails, "+919812345679", "2", start.Add(time.Minute))
	o := desk.DisposeOrder{Call: call.ID, Disposition: helix.Disposition{Label: "Booked", Notes: "morning", CallbackAt: start.Add(24 * time.Hour)}}
	done, err := x.Dispose(t.Context(), worker("1"), o)
	if err != nil {
		t.Fatal(err)
	}
	if done.MissedCall == nil || done.MissedCall.ID != entry.ID || done.MissedCall.Status != helix.CallbackCompleted {
		t.Errorf("missed call %+v", done.MissedCall)
	}
	if done.Claimed == nil || done.Claimed.ID != next.ID || done.PendingSync {
		t.Errorf("claimed %+v, pending %t", done.Claimed, done.PendingSync)
	}
	for field, want := range map[string]any{
		"disposition": "Booked", "notes": "morning", "agentName": "Agent 1", "agentId": "member-1", "patientId": "patient-1", "callStatus": "COMPLETED",
	} {
		if got := x.ledger.field(call.ID, field); got != want {
			t.Errorf("the call's %s is %v, not %v", field, got, want)
		}
	}
	for field, want := range map[string]any{
		"dueAt": "2026-01-15T10:00:00Z", "remark": "morning", "assigneeId": "member-1", "callId": string(call.ID), "patientId": "patient-1",
	} {
		if got := x.ledger.field(helix.CallID(done.FollowUp), field); got != want {
			t.Errorf("the follow-up's %s is %v, not %v", field, got, want)
		}
	}
	agent, err := x.Agent(t.Context(), worker("1"))
	if err != nil || agent.State != helix.AgentReady || agent.CurrentCall != "" {
		t.Errorf("the agent is %+v, %v", agent, err)
	}

	again, err := x.Dispose(t.Context(), worker("1"), o)
	if err != nil || again.FollowUp != done.FollowUp || again.Claimed == nil || again.Claimed.ID != next.ID || again.MissedCall.ID != entry.ID {
		t.Errorf("a second time: %+v, %v", again, err)
	}
	if diff := cmp.Diff([]string{"Booked"}, x.line.disposed); diff != "" {
		t.Error(diff)
	}
	o.Disposition.Label = "Wrong number"
	if _, err := x.Dispose(t.Context(), worker("1"), o); !helix.IsCode(err, helix.CodeAlreadyDisposed) {
		t.Errorf("another label: %v", err)
	}
}

func TestAPatientWhoDidNotAnswerStaysWithTheAgent(t *testing.T) {
	t.Parallel()
	x := setup(t)
	w := worker("1")
	entry := x.missed(t, helix.ReportDetails, rahul, "1", start)
	call, err := x.Dial(t.Context(), w, desk.DialOrder{Phone: rahul, RequestID: "back", MissedCall: entry.ID})
	if err != nil {
		t.Fatal(err)
	}
	if err := x.calls.Ingest(t.Context(), helix.ProviderReports{Calls: []helix.CallReport{{
		Kind: helix.ReportEnded, Provider: helix.ProviderOzonetel, ProviderCallID: "21799900000000459", Direction: helix.Outbound,
		Phone: rahul, Agent: w.Seat.Agent, At: start.Add(time.Minute),
	}}}); err != nil {
		t.Fatal(err)
	}
	done, err := x.Dispose(t.Context(), w, desk.DisposeOrder{Call: call.ID, Disposition: helix.Disposition{Label: "No Answer"}})
	if err != nil || done.MissedCall == nil || done.MissedCall.Status != helix.CallbackAttempted || done.MissedCall.Agent != "agent1" {
		t.Fatalf("got %+v, %v", done.MissedCall, err)
	}
}

func TestWhatADispositionRefuses(t *testing.T) {
	t.Parallel()
	x := setup(t)
	other := x.missed(t, helix.ReportDetails, "+919812345670", "7", start)
	call := x.talk(t, worker("1"), rahul, "42", helix.Inbound)
	booked := helix.Disposition{Label: "Booked"}
	for _, c := range []struct {
		name  string
		by    string
		order desk.DisposeOrder
		want  helix.Code
	}{
		{"a call that nobody knows", "1", desk.DisposeOrder{Call: "no-such", Disposition: booked}, helix.CodeNotFound},
		{"somebody else's call", "2", desk.DisposeOrder{Call: call.ID, Disposition: booked}, helix.CodeForbidden},
		{"another patient's missed call", "1", desk.DisposeOrder{Call: call.ID, Disposition: booked, MissedCall: other.ID}, helix.CodeBadInput},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if _, err := x.Dispose(t.Context(), worker(c.by), c.order); !helix.IsCode(err, c.want) {
				t.Fatalf("got %v", err)
			}
		})
	}
}

func TestAProviderThatIsDownLosesNoDispositionAndOneThatForgotTheCallIsNoObstacle(t *testing.T) {
	t.Parallel()
	x := setup(t)
	call := x.talk(t, worker("1"), rahul, "42", helix.Inbound)
	o := desk.DisposeOrder{Call: call.ID, Disposition: helix.Disposition{Label: "Booked"}}
	x.line.fail(&helix.Error{Code: helix.CodeUnavailable, Message: "down", Retryable: true})
	if _, err := x.Dispose(t.Context(), worker("1"), o); !helix.IsRetryable(err) {
		t.Fatalf("got %v", err)
	}
	if now, err := x.calls.Get(t.Context(), call.ID); err != nil || now.Disposition != nil {
		t.Fatalf("disposed nevertheless: %+v, %v", now, err)
	}
	x.line.fail(helix.NotFound("call"))
	if done, err := x.Dispose(t.Context(), worker("1"), o); err != nil || done.Call.Disposition == nil {
		t.Fatalf("got %+v, %v", done.Call, err)
	}
}

func TestTheWorkListPagesWithoutGapsOrRepeats(t *testing.T) {
	t.Parallel()
	x := setup(t)
	w := worker("1")
	for i := range 5 {
		due := start.Add(time.Duration(i*20-40) * time.Minute)
		x.crm.followUps = append(x.crm.followUps, helix.FollowUpRecord{ID: fmt.Sprintf("f%d", i), DueAt: due})
		x.crm.leads = append(x.crm.leads, helix.LeadRecord{ID: fmt.Sprintf("l%d", i), CreatedAt: due.Add(-24 * time.Hour)})
	}
	missed := x.missed(t, helix.ReportDetails, rahul, "1", start.Add(-25*time.Minute))
	if _, err := x.queue.Claim(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	var ids []string
	query := desk.WorklistQuery{Kinds: desk.AllWork(), First: 3, Total: true}
	for {
		page, err := x.Worklist(t.Context(), w, query)
		if err != nil || page.Total != 11 {
			t.Fatalf("total %d, %v", page.Total, err)
		}
		for i, item := range page.Items {
			ids = append(ids, item.ID)
			query.After = page.Cursor(i)
		}
		if !page.HasNext {
			break
		}
	}
	want := []string{"f0", "l0", "f1", "l1", "f2", "l2", string(missed.ID), "f3", "l3", "f4", "l4"}
	if diff := cmp.Diff(want, ids); diff != "" {
		t.Fatal(diff)
	}
}

func TestAFailingSourceLeavesTheOthers(t *testing.T) {
	t.Parallel()
	x := setup(t)
	x.crm.leads = []helix.LeadRecord{{ID: "l1", CreatedAt: start}}
	x.crm.err = &helix.Error{Code: helix.CodeForbidden, Message: "not yours"}
	list, err := x.Worklist(t.Context(), worker("1"), desk.WorklistQuery{Kinds: desk.AllWork(), First: 10, Total: true, Overdue: true})
	if err != nil || len(list.Items) != 1 || list.Total != 1 || !helix.IsCode(list.Failed[desk.WorkFollowUp], helix.CodeForbidden) {
		t.Fatalf("got %+v, %v", list, err)
	}
}

func TestTheWorkListCountsWhatIsAskedFor(t *testing.T) {
	t.Parallel()
	x := setup(t)
	for i := range 3 {
		due := start.Add(time.Duration(i-1) * time.Minute)
		x.crm.followUps = append(x.crm.followUps, helix.FollowUpRecord{ID: fmt.Sprintf("f%d", i), DueAt: due})
		x.crm.leads = append(x.crm.leads, helix.LeadRecord{ID: fmt.Sprintf("l%d", i), CreatedAt: due.Add(-24 * time.Hour)})
	}
	x.missed(t, helix.ReportDetails, rahul, "1", start.Add(-25*time.Hour))
	if _, err := x.queue.Claim(t.Context(), worker("1")); err != nil {
		t.Fatal(err)
	}
	counts := func(total, overdue bool) desk.Worklist {
		t.Helper()
		x.crm.asked = nil
		q := desk.WorklistQuery{Kinds: desk.AllWork(), First: 1, Total: total, Overdue: overdue}
		list, err := x.Worklist(t.Context(), worker("1"), q)
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	list := counts(true, true)
	want := map[desk.WorklistKind]desk.WorkCount{
		desk.WorkMissedCall: {All: 1, Overdue: 1}, desk.WorkFollowUp: {All: 3, Overdue: 1}, desk.WorkLead: {All: 3, Overdue: 1},
	}
	if diff := cmp.Diff(want, list.Counts); diff != "" || list.Total != 7 {
		t.Errorf("total %d: %s", list.Total, diff)
	}
	counts(false, false)
	for _, q := range x.crm.asked {
		if q.Total || !q.Before.IsZero() {
			t.Errorf("asked for counts that nobody wants: %+v", q)
		}
	}
	counts(true, false)
	for _, q := range x.crm.asked {
		if !q.Total || !q.Before.IsZero() {
			t.Errorf("asked %+v for the total", q)
		}
	}
}

func TestACursorThatIsNotOursIsRefused(t *testing.T) {
	t.Parallel()
	x := setup(t)
	for _, after := range []string{"%%%", "e30x", "eyJOT1BFIjp7fX0"} {
		if _, err := x.Worklist(t.Context(), worker("1"), desk.WorklistQuery{First: 1, After: after}); !helix.IsCode(err, helix.CodeBadInput) {
			t.Fatalf("%q: %v", after, err)
		}
	}
}

func TestControlAndRecordingAreFollowedWhileTheCallIsUp(t *testing.T) {
	t.Parallel()
	x := setup(t)
	w := worker("1")
	r := helix.CallReport{
		Provider: helix.ProviderOzonetel, ProviderCallID: "42", Direction: helix.Inbound, Phone: rahul, Agent: "agent1",
		Kind: helix.ReportAnswered, At: start,
	}
	if err := x.calls.Ingest(t.Context(), helix.ProviderReports{Calls: []helix.CallReport{r}}); err != nil {
		t.Fatal(err)
	}
	id := helix.CallID(helix.NewID("OZONETEL", "42"))
	for _, step := range []struct {
		action        helix.ControlAction
		number        helix.Phone
		onHold, muted bool
		events        int
	}{
		{helix.ControlHold, "", true, false, 2},
		{helix.ControlHold, "", true, false, 2},
		{helix.ControlMute, "", true, true, 3},
		{helix.ControlUnhold, "", false, true, 4},
		{helix.ControlUnmute, "", false, false, 5},
		{helix.ControlConference, "+919812345679", false, false, 6},
		{helix.ControlKick, "", false, false, 7},
	} {
		call, err := x.Control(t.Context(), w, id, step.action, step.number)
		if err != nil || call.OnHold != step.onHold || call.Muted != step.muted || call.Sequence != step.events {
			t.Fatalf("%s: %+v, %v", step.action, call, err)
		}
	}
	if call, err := x.SetRecording(t.Context(), w, id, true); err != nil || !call.Unrecorded {
		t.Fatalf("got %+v, %v", call, err)
	}
	r.Kind, r.At = helix.ReportEnded, start.Add(time.Minute)
	if err := x.calls.Ingest(t.Context(), helix.ProviderReports{Calls: []helix.CallReport{r}}); err != nil {
		t.Fatal(err)
	}
	if _, err := x.Control(t.Context(), w, id, helix.ControlHold, ""); !helix.IsCode(err, helix.CodeConflict) {
		t.Fatalf("after the end: %v", err)
	}
	if call, err := x.calls.Get(t.Context(), id); err != nil || call.Unrecorded || call.OnHold {
		t.Fatalf("after the end: %+v, %v", call, err)
	}
}

func TestWhatControlRefuses(t *testing.T) {
	t.Parallel()
	x := setup(t)
	if _, err := x.Dial(t.Context(), worker("1"), order("r1")); err != nil {
		t.Fatal(err)
	}
	dial, err := x.calls.DialOf(t.Context(), "agent1")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		by   string
		id   helix.CallID
		want helix.Code
	}{
		"a call that nobody knows":  {"1", "no-such", helix.CodeNotFound},
		"somebody else's call":      {"2", dial.Call, helix.CodeForbidden},
		"a call that is not up yet": {"1", dial.Call, helix.CodeConflict},
	} {
		if _, err := x.Control(t.Context(), worker(c.by), c.id, helix.ControlHold, ""); !helix.IsCode(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

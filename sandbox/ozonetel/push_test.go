package ozonetel_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/helix-engage/gateway/sandbox/ozonetel"
)

// hit is one push as it arrived, reduced to what identifies it.
type hit struct {
	path, body string
}

// name is "call Calling", "agent login" or "cdr Answered Disposition".
func (h hit) name(t *testing.T) string {
	t.Helper()
	if h.path == "/cdr" {
		record := h.cdr(t)
		return strings.TrimSpace("cdr " + record["Status"] + " " + record["Disposition"])
	}
	var event struct {
		EventType string
		Data      struct{ Action string }
	}
	if err := json.Unmarshal([]byte(h.body), &event); err != nil {
		t.Fatalf("event %s: %v", h.body, err)
	}
	return strings.ToLower(event.EventType) + " " + event.Data.Action
}

func (h hit) cdr(t *testing.T) map[string]string {
	t.Helper()
	form, err := url.ParseQuery(h.body)
	if err != nil {
		t.Fatal(err)
	}
	var record map[string]string
	if err := json.Unmarshal([]byte(form.Get("data")), &record); err != nil {
		t.Fatalf("data %s: %v", form.Get("data"), err)
	}
	return record
}

// receiver is the gateway's side: it notes every push and answers with the statuses given, then 200.
type receiver struct {
	t    *testing.T
	url  string
	hits chan hit
}

func newReceiver(t *testing.T, statuses ...int) *receiver {
	r := &receiver{t: t, hits: make(chan hit, 100)}
	answers := make(chan int, len(statuses))
	for _, status := range statuses {
		answers <- status
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(request.Body)
		if err != nil {
			t.Errorf("push: %v", err)
		}
		r.hits <- hit{request.URL.Path, string(body)}
		select {
		case status := <-answers:
			w.WriteHeader(status)
		default:
		}
	}))
	t.Cleanup(server.Close)
	r.url = server.URL
	return r
}

func (r *receiver) targets() ozonetel.PushTargets {
	return ozonetel.PushTargets{CallEvents: r.url + "/calls", CDR: r.url + "/cdr"}
}

// next awaits one push.
func (r *receiver) next() hit {
	r.t.Helper()
	select {
	case h := <-r.hits:
		return h
	case <-time.After(time.Minute):
		r.t.Fatal("no push arrived")
		return hit{}
	}
}

// expect awaits pushes by name, in order.
func (r *receiver) expect(names ...string) {
	r.t.Helper()
	for _, want := range names {
		if got := r.next().name(r.t); got != want {
			r.t.Fatalf("push %q arrived, want %q", got, want)
		}
	}
}

// nothing checks that no further push of the account is under way or has arrived.
func (r *receiver) nothing(a *account) {
	r.t.Helper()
	a.settle()
	if len(r.hits) != 0 {
		r.t.Errorf("unexpected push %s", (<-r.hits).name(r.t))
	}
}

func TestAnAnsweredCallIsPushedStepByStep(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	a := newAccount(t, ozonetel.Options{Push: r.targets()})
	a.ready("agent1")
	ucid := a.ringIn("9812345678")
	a.Advance(3 * time.Second)
	a.must(a.Offer(ucid, "agent1"))

	want := `{"eventType":"Call","eventTime":"2026-01-14 14:30:03","username":"sandbox_hospital","data":{"action":"Calling","call_type":"` +
		map[bool]string{true: "InBound", false: "Inbound"}[ucid[len(ucid)-1]%2 == 0] + `","ucid":"` + ucid + `","monitor_ucid":"` + ucid +
		`","agent_id":"agent1","skill":"General","caller_id":"9812345678","did":"918041763265",` +
		`"agent_number":"521811","event_time":"2026-01-14 14:30:03"}}`
	if diff := cmp.Diff(want, r.next().body); diff != "" {
		t.Errorf("Calling (-want +got):\n%s", diff)
	}
	a.Advance(6 * time.Second)
	a.must(a.Answer(ucid))
	r.expect("call Answered")
	a.Advance(36 * time.Second)
	a.must(a.FailPushes(ozonetel.PushFault{Kind: ozonetel.CDRPush, Effect: ozonetel.PushDelay, Delay: time.Second}))
	a.must(a.Hangup(ucid, ozonetel.UserHangup))
	r.expect("call Disconnect")
	a.Advance(time.Second)

	record := r.next().cdr(t)
	for field, want := range map[string]string{
		"monitorUCID": ucid, "Type": "inbound", "Status": "Answered", "Disposition": "", "HangupBy": "UserHangup",
		"UUI": "General", "UserName": "sandbox_hospital",
		"Apikey": key, "Did": "918041763265", "CampaignName": "Inbound_918041763265", "AgentID": "agent1", "AgentName": "Asha",
		"AgentPhoneNumber": "521811",
		"StartTime":        "2026-01-14 14:30:00", "EndTime": "2026-01-14 14:30:45",
		"TimeToAnswer": "00:00:09", "CallDuration": "00:00:45", "Duration": "00:00:36", // Duration is the talk here
	} {
		if record[field] != want {
			t.Errorf("CDR %s is %q, want %q", field, record[field], want)
		}
	}
	a.set(ucid, map[string]string{"comments": "wants a visit"})
	a.Advance(5 * time.Minute)
	later := r.next().cdr(t)
	if later["Disposition"] != "General Enquiry" || later["Comments"] != "wants a visit" {
		t.Errorf("the later CDR says %q, %q", later["Disposition"], later["Comments"])
	}
	r.nothing(a)
}

func TestACallAbandonedBeforeAnOfferHasNoCallEvent(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	a := newAccount(t, ozonetel.Options{Push: r.targets(), Timing: ozonetel.Timing{SkipImmediateCDR: true}})
	ucid := a.ringIn("9812345678")
	a.must(a.Abandon(ucid))
	a.Advance(5 * time.Minute)
	h := r.next()
	if got := h.name(t); got != "cdr NotAnswered" {
		t.Fatalf("push %q", got)
	}
	record := h.cdr(t)
	for field, want := range map[string]string{
		"AgentID": "", "AgentStatus": "NotDialed", "DialStatus": "not_answered", "Duration": "00:00:00", "monitorUCID": ucid,
	} {
		if record[field] != want {
			t.Errorf("CDR %s is %q, want %q", field, record[field], want)
		}
	}
	r.nothing(a)
}

func TestACallAbandonedWhileRingingHasCallingAndDisconnect(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	a := newAccount(t, ozonetel.Options{Push: ozonetel.PushTargets{CallEvents: r.url + "/calls"}})
	a.ready("agent1")
	ucid := a.ringIn("9812345678")
	a.must(a.Offer(ucid, "agent1"))
	a.must(a.Abandon(ucid))
	r.expect("call Calling", "call Disconnect")
}

func TestADialEchoesItsUUIAndTheCDRSaysHowTheCustomerEnded(t *testing.T) {
	t.Parallel()
	for outcome, want := range map[ozonetel.DialOutcome]string{
		ozonetel.CustomerBusy: "Busy", ozonetel.CustomerNoAnswer: "not_answered", ozonetel.CustomerAnswers: "answered",
	} {
		t.Run(string(outcome), func(t *testing.T) {
			t.Parallel()
			r := newReceiver(t)
			a := newAccount(t, ozonetel.Options{Push: ozonetel.PushTargets{CDR: r.url + "/cdr"}})
			a.ready("agent1")
			a.must(a.PlanNextDial(ozonetel.DialPlan{Outcome: outcome, Talk: time.Second}))
			a.dial()
			a.Advance(time.Minute)
			record := r.next().cdr(t)
			if record["UUI"] != "ours" || record["Type"] != "manual" || record["CustomerStatus"] != want || record["AgentStatus"] != "answered" {
				t.Errorf("CDR %v", record)
			}
		})
	}
}

func TestAgentEventsFollowTheAgent(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	a := newAccount(t, ozonetel.Options{Push: ozonetel.PushTargets{AgentEvents: r.url + "/agents"}})
	a.authenticate("agent1", "sandbox-agent1", "login")
	const want = `{"eventType":"Agent","eventTime":"2026-01-14 14:30:00","username":"sandbox_hospital",` +
		`"data":{"action":"login","agentId":"agent1","agentName":"Asha","agentMode":"BLENDED","phoneNumber":"521811",` +
		`"skill":"General","event_time":"2026-01-14 14:30:00"}}`
	if diff := cmp.Diff(want, r.next().body); diff != "" {
		t.Errorf("login (-want +got):\n%s", diff)
	}
	a.api("POST", "/ca_apis/changeAgentState", `{"userName":"sandbox_hospital","agentId":"agent1","state":"Pause","pauseReason":"Break"}`)
	a.api("POST", "/ca_apis/changeAgentState", `{"userName":"sandbox_hospital","agentId":"agent1","state":"Ready"}`)
	ucid := a.ringIn("9812345678")
	a.must(a.Offer(ucid, "agent1"))
	a.must(a.Answer(ucid))
	a.must(a.Hangup(ucid, ozonetel.AgentHangup))
	a.authenticate("agent1", "sandbox-agent1", "logout")
	r.expect("agent IDLE", "agent AUX", "agent release", "agent calling", "agent incall", "agent ACW", "agent logout")
}

func TestPushesAreRepeatedUntilTheirTriesAreUsedUp(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		statuses []int
		want     ozonetel.PushCounts
	}{
		{"the third attempt is taken", []int{500, 503}, ozonetel.PushCounts{Delivered: 1, Retried: 2}},
		{"no attempt is taken", []int{500, 500, 404}, ozonetel.PushCounts{Failed: 1, Retried: 2}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := newReceiver(t, test.statuses...)
			a := newAccount(t, ozonetel.Options{Push: ozonetel.PushTargets{CDR: r.url + "/cdr"}, Timing: ozonetel.Timing{CDRDelay: time.Hour}})
			a.must(a.Abandon(a.ringIn("9812345678")))
			for range 3 {
				r.expect("cdr NotAnswered")
				a.settle()
				a.Advance(2 * time.Second)
			}
			if diff := cmp.Diff(test.want, a.PushCounts()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// settle awaits the end of every push under way.
func (a *account) settle() {
	for a.PushCounts().Pending > 0 {
		<-a.pushed
	}
}

func TestPushFaultsDoWhatTheySay(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		fault ozonetel.PushFault
		want  []string // before later passes
		later []string
	}{
		{
			"duplicate",
			ozonetel.PushFault{Effect: ozonetel.PushDuplicate},
			[]string{"call Calling", "call Calling", "call Answered", "call Disconnect"},
			nil,
		},
		{"drop two", ozonetel.PushFault{Effect: ozonetel.PushDrop, Count: 2}, []string{"call Disconnect"}, nil},
		{"reorder", ozonetel.PushFault{Effect: ozonetel.PushReorder}, []string{"call Answered", "call Calling", "call Disconnect"}, nil},
		{
			"delay",
			ozonetel.PushFault{Kind: ozonetel.CallEventPush, Effect: ozonetel.PushDelay, Delay: time.Second},
			[]string{"call Answered", "call Disconnect"},
			[]string{"call Calling"},
		},
		{
			"another kind",
			ozonetel.PushFault{Kind: ozonetel.CDRPush, Effect: ozonetel.PushDrop},
			[]string{"call Calling", "call Answered", "call Disconnect"},
			nil,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := newReceiver(t)
			a := newAccount(t, ozonetel.Options{Push: ozonetel.PushTargets{CallEvents: r.url + "/calls"}})
			a.must(a.FailPushes(test.fault))
			a.must(a.Hangup(a.talk(), ozonetel.UserHangup))
			r.expect(test.want...)
			a.Advance(10 * time.Second)
			r.expect(test.later...)
			r.nothing(a)
		})
	}
}

func TestAPushHeldForReorderingGoesOutAloneWhenNothingFollows(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	a := newAccount(t, ozonetel.Options{Push: r.targets(), Timing: ozonetel.Timing{CDRDelay: time.Hour}})
	a.must(a.FailPushes(ozonetel.PushFault{Effect: ozonetel.PushReorder}))
	a.must(a.Abandon(a.ringIn("9812345678")))
	r.nothing(a)
	a.Advance(5 * time.Second)
	r.expect("cdr NotAnswered")
}

func TestTheCDRMayArriveBeforeOrAfterTheDisconnect(t *testing.T) {
	t.Parallel()
	for held, want := range map[ozonetel.PushKind][]string{
		ozonetel.CallEventPush: {"cdr Answered", "call Disconnect"},
		ozonetel.CDRPush:       {"call Disconnect", "cdr Answered"},
	} {
		t.Run(string(held)+" late", func(t *testing.T) {
			t.Parallel()
			r := newReceiver(t)
			a := newAccount(t, ozonetel.Options{Push: r.targets()})
			ucid := a.talk()
			r.expect("call Calling", "call Answered")
			a.must(a.FailPushes(ozonetel.PushFault{Kind: held, Effect: ozonetel.PushDelay, Delay: time.Second}))
			a.must(a.Hangup(ucid, ozonetel.UserHangup))
			r.expect(want[0])
			a.Advance(time.Second)
			r.expect(want[1])
		})
	}
}

func TestTheCallerIDOfTheCDRVariesBetweenThreeFormats(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	a := newAccount(t, ozonetel.Options{Push: ozonetel.PushTargets{CDR: r.url + "/cdr"}, Timing: ozonetel.Timing{CDRDelay: time.Hour}})
	seen := map[string]bool{}
	for range 3 {
		a.must(a.Abandon(a.ringIn("9812345678")))
		seen[r.next().cdr(t)["CallerID"]] = true
	}
	if diff := cmp.Diff(map[string]bool{"9812345678": true, "09812345678": true, "919812345678": true}, seen); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

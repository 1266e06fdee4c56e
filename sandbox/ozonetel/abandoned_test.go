package ozonetel_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/helix-engage/gateway/sandbox/ozonetel"
)

const listAbandoned = "/ca_apis/abandonCalls"

func TestAbandonCallsListsEveryCallWithoutATalkOldestFirst(t *testing.T) {
	t.Parallel()
	a := newAccount(t, ozonetel.Options{})
	inQueue := a.ringIn("+91 98123 45678")
	a.must(a.Abandon(inQueue))
	a.Advance(time.Minute)
	a.ready("agent1")
	ringing := a.ringIn("09800000001")
	a.must(a.Offer(ringing, "agent1"))
	a.must(a.Abandon(ringing))
	a.must(a.PlanNextDial(ozonetel.DialPlan{Outcome: ozonetel.CustomerNoAnswer}))
	dialled := a.dial()
	a.Advance(time.Minute)
	a.set(dialled, map[string]string{"autoRelease": "true"})
	talked := a.ringIn("9800000002")
	a.must(a.Offer(talked, "agent1"))
	a.must(a.Answer(talked))
	a.must(a.Hangup(talked, ozonetel.AgentHangup))
	a.ringIn("9800000003") // still waits

	got := strings.Split(a.api("GET", listAbandoned, `{"userName":"sandbox_hospital"}`), "},{")
	want := []string{
		`{"status":"success","message":[{"monitorUCID":` + inQueue + `,"type":"InBound","status":"NotAnswered","campaign":"Inbound_918041763265",` +
			`"callerID":"9812345678","did":"918041763265","skillID":"12","skill":"General","agentID":"","agent":"",` +
			`"hangupBy":"UserHangup","callTime":"2026-01-14 14:30:00"`,
		`"monitorUCID":` + ringing + `,"type":"InBound","status":"NotAnswered","campaign":"Inbound_918041763265",` +
			`"callerID":"9800000001","did":"918041763265","skillID":"12","skill":"General","agentID":"agent1","agent":"Asha",` +
			`"hangupBy":"UserHangup","callTime":"2026-01-14 14:31:00"`,
		`"monitorUCID":` + dialled + `,"type":"Manual","status":"NotAnswered","campaign":"Inbound_918041763265",` +
			`"callerID":"9812345678","did":"918041763265","skillID":"","skill":"","agentID":"agent1","agent":"Asha",` +
			`"hangupBy":"AgentHangup","callTime":"2026-01-14 14:31:00"}]}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAbandonCallsForgetsAfterADay(t *testing.T) {
	t.Parallel()
	a := newAccount(t, ozonetel.Options{})
	a.must(a.Abandon(a.ringIn("9812345678")))
	a.Advance(25 * time.Hour)
	if got := a.api("GET", listAbandoned, `{"userName":"sandbox_hospital"}`); got != `{"status":"success","message":[]}` {
		t.Errorf("got %s", got)
	}
}

func TestAbandonCallsWantsItsUserInTheBodyOfAGet(t *testing.T) {
	t.Parallel()
	a := newAccount(t, ozonetel.Options{})
	token := a.newToken()
	tests := []struct {
		name string
		call call
		code int
		want string
	}{
		{
			"query instead of a body",
			call{method: "GET", path: listAbandoned + "?userName=sandbox_hospital"},
			200,
			`{"status":"false","message":"Invalid Json Pass Valid Json"}`,
		},
		{
			"wrong user",
			call{method: "GET", path: listAbandoned, body: `{"userName":"x"}`},
			200,
			`{"status":"false","message":"Invalid User Details","data":null}`,
		},
		{"POST", call{method: "POST", path: listAbandoned, body: `{"userName":"sandbox_hospital"}`}, 405, "Method Not Allowed\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.call.header = http.Header{"Authorization": {"Bearer " + token}}
			if code, got := a.do(test.call); code != test.code || got != test.want {
				t.Errorf("got %d %s\nwant %d %s", code, got, test.code, test.want)
			}
		})
	}
}

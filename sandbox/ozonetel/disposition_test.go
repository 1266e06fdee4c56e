package ozonetel_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/helix-engage/gateway/sandbox/ozonetel"
)

// set sends a Set for agent1's call with changes to the good body.
func (a *account) set(ucid string, changes map[string]string) string {
	a.t.Helper()
	body := map[string]string{
		"action": "Set", "agentID": "agent1", "did": "918041763265", "ucid": ucid, "disposition": "General Enquiry",
	}
	maps.Copy(body, changes)
	return a.report("POST", "/ca_apis/DispositionAPIV2", body)
}

// talk connects a patient with agent1.
func (a *account) talk() string {
	a.t.Helper()
	a.ready("agent1")
	ucid := a.ringIn("9812345678")
	a.must(a.Offer(ucid, "agent1"))
	a.must(a.Answer(ucid))
	return ucid
}

const (
	saved  = `{"status":"Success","details":"Disposition saved successfully"}`
	queued = `{"status":"Success","message":"Disposition Queued Successfully"}`
)

func TestSetDispositionRefusesEachFaultWithItsText(t *testing.T) {
	t.Parallel()
	fail := func(text string) string { return `{"status":"Fail","details":"` + text + `"}` }
	tests := []struct {
		name    string
		changes map[string]string
		want    string
	}{
		{"unknown action", map[string]string{"action": "drop"}, fail("Invalid action->drop")},
		{"unknown agent", map[string]string{"agentID": "agent99"}, fail("Invalid agent")},
		{"another agent's call", map[string]string{"agentID": "agent2"}, fail("Invalid agent")},
		{"unknown call", map[string]string{"ucid": "21799900000000458"}, fail("Invalid ucid [21799900000000458] or did [918041763265]")},
		{
			"ucid of 20 digits",
			map[string]string{"ucid": strings.Repeat("2", 20)},
			`{"status":"Error","message":"Unable to Dispose . Please retry after some time."}`,
		},
		{"empty label", map[string]string{"disposition": ""}, fail("Empty disposition code")},
		{"unknown label", map[string]string{"disposition": "Sold a car"}, fail("Invalid disposition code")},
		{"pause without a reason", map[string]string{"pauseAfterDispose": "true"}, fail("Provide pause reason.")},
		{"pause for an unknown reason", map[string]string{"pauseAfterDispose": "true", "pauseReason": "Yoga"}, fail("pauseReason is Invalid")},
		{"callback label without a time", map[string]string{"disposition": "Call Back"}, fail("Please provide callBackTime")},
		{
			"callback time with seconds",
			map[string]string{"disposition": "Call Back", "callBackTime": "2026-01-15 10:00:00"},
			fail("Invalid callBackTime format"),
		},
	}
	a := newAccount(t, ozonetel.Options{})
	ucid := a.talk()
	a.must(a.Hangup(ucid, ozonetel.UserHangup))
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := a.set(ucid, test.changes); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
	t.Run("another did", func(t *testing.T) {
		if got, want := a.set(ucid, map[string]string{"did": "1"}), fail(fmt.Sprintf("Invalid ucid [%s] or did [1]", ucid)); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
	if got := a.state("agent1"); got != ozonetel.ACW {
		t.Errorf("a refused disposition moved the agent to %s", got)
	}
}

func TestADispositionLeavesTheAgentWhereItSays(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		changes map[string]string
		want    ozonetel.AgentState
	}{
		{"alone: still in after-call work", nil, ozonetel.ACW},
		{"autoRelease: ready", map[string]string{"autoRelease": "true"}, ozonetel.Ready},
		{
			"pauseAfterDispose: paused",
			map[string]string{"autoRelease": "true", "pauseAfterDispose": "true", "pauseReason": "Break"},
			ozonetel.Paused,
		},
		{
			"with a call-back time",
			map[string]string{"disposition": "Call Back", "callBackTime": "2026-01-15 10:00", "autoRelease": "true"},
			ozonetel.Ready,
		},
	}
	for _, test := range tests {
		for _, order := range []string{"after hang-up", "queued during the call"} {
			t.Run(test.name+", "+order, func(t *testing.T) {
				t.Parallel()
				a := newAccount(t, ozonetel.Options{})
				ucid := a.talk()
				if order == "after hang-up" {
					a.must(a.Hangup(ucid, ozonetel.UserHangup))
					if got := a.set(ucid, test.changes); got != saved {
						t.Errorf("got %s", got)
					}
				} else {
					if got := a.set(ucid, test.changes); got != queued {
						t.Errorf("got %s", got)
					}
					if got := a.state("agent1"); got != ozonetel.InCall {
						t.Errorf("a queued disposition moved the agent to %s", got)
					}
					a.must(a.Hangup(ucid, ozonetel.UserHangup))
				}
				if got := a.state("agent1"); got != test.want {
					t.Errorf("agent is %s, want %s", got, test.want)
				}
				if got := a.set(ucid, nil); got != `{"status":"Fail","details":"This call is already Disposed."}` {
					t.Errorf("second time: %s", got)
				}
			})
		}
	}
}

func TestTheWrapUpTimerWritesItsOwnLabelWhichMayBeReplacedOnce(t *testing.T) {
	t.Parallel()
	a := newAccount(t, ozonetel.Options{})
	ucid := a.talk()
	a.must(a.Hangup(ucid, ozonetel.UserHangup))
	a.Advance(119 * time.Second)
	if got := a.state("agent1"); got != ozonetel.ACW {
		t.Fatalf("a second before the end the agent is %s", got)
	}
	a.Advance(time.Second)
	c, err := a.Call(ucid)
	a.must(err)
	if got := a.state("agent1"); got != ozonetel.Ready || c.Disposition != "Wrap up time exceeded :120" {
		t.Errorf("agent is %s, label %q", got, c.Disposition)
	}
	if got := a.set(ucid, nil); got != saved {
		t.Errorf("late: %s", got)
	}
	if got := a.set(ucid, nil); !strings.Contains(got, "already Disposed") {
		t.Errorf("later: %s", got)
	}
}

func TestDispositionsAreListedInOrder(t *testing.T) {
	t.Parallel()
	a := newAccount(t, ozonetel.Options{})
	const want = `{"status":"Success","details":["General Enquiry","Appointment Booked","Appointment Rescheduled","Appointment Cancelled",` +
		`"Call Back","Not Interested","No Answer","Wrong Number"]}`
	if got := a.api("POST", "/ca_apis/DispositionAPIV2", `{"userName":"sandbox_hospital","action":"get"}`); got != want {
		t.Errorf("got %s", got)
	}
	bare := ozonetel.DefaultAccount()
	bare.Dispositions = nil
	b := newAccount(t, ozonetel.Options{Account: bare})
	const none = `{"status":"Fail","message":"No disposition found for campaign ID: 31 and user: sandbox_hospital"}`
	if got := b.api("POST", "/ca_apis/DispositionAPIV2", `{"userName":"sandbox_hospital","action":"get"}`); got != none {
		t.Errorf("without labels: %s", got)
	}
}

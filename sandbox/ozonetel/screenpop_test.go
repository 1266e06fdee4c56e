package ozonetel_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/helix-engage/gateway/sandbox/ozonetel"
)

func TestTheScreenPopsOnceOrTwiceWhenAnAgentsPhoneRings(t *testing.T) {
	t.Parallel()
	pops := make(chan url.Values, 10)
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		query.Set("method", r.Method)
		pops <- query
		w.WriteHeader(http.StatusBadGateway) // no reason to send it again
	}))
	t.Cleanup(gateway.Close)
	a := newAccount(t, ozonetel.Options{Push: ozonetel.PushTargets{ScreenPop: gateway.URL + "/pop?secret=x"}})
	a.ready("agent1")
	ucid := a.ringIn("9812345678")
	a.must(a.Offer(ucid, "agent1"))
	want := url.Values{
		"method": {"GET"}, "secret": {"x"}, "phoneNumber": {"9812345678"}, "callerID": {"9812345678"}, "customer": {"sandbox_hospital"},
		"ucid": {ucid}, "monitorUcid": {ucid}, "did": {"918041763265"}, "campaignID": {"31"}, "type": {"inbound"}, "dataID": {""},
		"uui": {"General"}, "skillName": {"General"}, "agentID": {"agent1"}, "phoneName": {"asha-desk"}, "agentPhoneNumber": {"521811"},
	}
	if diff := cmp.Diff(want, <-pops); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	a.must(a.Abandon(ucid))
	a.must(a.FailPushes(ozonetel.PushFault{Kind: ozonetel.ScreenPopPush, Effect: ozonetel.PushDuplicate}))
	dialled := a.handDial()
	for range 2 {
		if got := <-pops; got.Get("ucid") != dialled || got.Get("type") != "manual" {
			t.Errorf("popped %v", got)
		}
	}
	a.settle()
	if got := a.PushCounts(); got.Retried != 0 || got.Failed != 3 || len(pops) != 0 {
		t.Errorf("counts %+v", got)
	}
}

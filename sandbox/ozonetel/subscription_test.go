package ozonetel_test

import (
	"net/http"
	"testing"

	"github.com/helix-engage/gateway/sandbox/ozonetel"
)

func TestTheSubscriptionHostAnswersAsDocumented(t *testing.T) {
	t.Parallel()
	good := http.Header{"api_key": {key}, "username": {"sandbox_hospital"}}
	steps := []struct {
		name string
		call call
		code int
		want string
	}{
		{"no key", call{"POST", "/events/subscribe", `{}`, http.Header{"username": {"sandbox_hospital"}}}, 401, "Unauthorized"},
		{
			"list, wrong key",
			call{"GET", "/events/subscriptions/list", "", http.Header{"api_key": {"x"}, "username": {"sandbox_hospital"}}},
			401,
			"Unauthorized",
		},
		{
			"un-subscribe, wrong user",
			call{"POST", "/events/un-subscribe", `{}`, http.Header{"api_key": {key}, "username": {"x"}}},
			401, "Unauthorized",
		},
		{
			"list when there is none",
			call{"GET", "/events/subscriptions/list", "", good},
			200,
			"Subscription doesnt exists for User: sandbox_hospital",
		},
		{
			"un-subscribe when there is none",
			call{"POST", "/events/un-subscribe", `{"eventType":"call"}`, good},
			200,
			"Subscription doesn't exists for User: sandbox_hospital",
		},
		{"no URL", call{"POST", "/events/subscribe", `{"callEventsURL":"here"}`, good}, 400, "Invalid URL"},
		{
			"subscribe to calls",
			call{"POST", "/events/subscribe", `{"callEventsURL":"https://a/c","agentEventsURL":""}`, good},
			200, "Subscription added successfully for User: sandbox_hospital",
		},
		{
			"subscribe again replaces",
			call{"POST", "/events/subscribe", `{"callEventsURL":"https://b/c","agentEventsURL":"https://b/a"}`, good},
			200,
			"Subscription added successfully for User: sandbox_hospital",
		},
		{"list", call{"GET", "/events/subscriptions/list", "", good}, 200, `{"agentEventsURL":"https://b/a","callEventsURL":"https://b/c"}`},
		{
			"un-subscribe calls",
			call{"POST", "/events/un-subscribe", `{"eventType":"call"}`, good},
			200,
			"Unsubscribed to call events successfully for User: sandbox_hospital",
		},
		{"list what is left", call{"GET", "/events/subscriptions/list", "", good}, 200, `{"agentEventsURL":"https://b/a","callEventsURL":""}`},
		{
			"un-subscribe both",
			call{"POST", "/events/un-subscribe", `{"eventType":"both"}`, good},
			200,
			"Unsubscribed to both events successfully for User: sandbox_hospital",
		},
		{"list at the end", call{"GET", "/events/subscriptions/list", "", good}, 200, "Subscription doesnt exists for User: sandbox_hospital"},
	}
	a := newAccount(t, ozonetel.Options{})
	for _, step := range steps {
		if code, got := a.do(step.call); code != step.code || got != step.want {
			t.Errorf("%s: got %d %q, want %d %q", step.name, code, got, step.code, step.want)
		}
	}
}

func TestASubscriptionReceivesTheEventsThatFollow(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	a := newAccount(t, ozonetel.Options{})
	header := http.Header{"api_key": {key}, "username": {"sandbox_hospital"}}
	a.do(call{"POST", "/events/subscribe", `{"callEventsURL":"` + r.url + `/calls"}`, header})
	a.talk()
	r.expect("call Calling", "call Answered")
}

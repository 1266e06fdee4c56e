package elevenlabs_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/helix-engage/gateway/sandbox/elevenlabs"
	"github.com/helix-engage/gateway/sandbox/faults"
	"github.com/helix-engage/gateway/sandbox/hooks"
)

func TestWhatRESTRefuses(t *testing.T) {
	t.Parallel()
	w := newWorkspace(t, elevenlabs.Options{})
	const signed, key = "/v1/convai/conversation/get-signed-url", elevenlabs.DefaultAPIKey
	tests := []struct {
		path, key, want string
		code            int
	}{
		{signed + "?agent_id=agent_sandbox_intake", "", "needs_authorization", 401},
		{signed + "?agent_id=agent_sandbox_intake", "x", "invalid_api_key", 401},
		{signed + "?agent_id=x", key, "agent_not_found", 404},
		{signed, key, `"agent_id"`, 422},
		{"/v1/convai/conversations/x", key, "conversation_not_found", 404},
		{"/v1/convai/conversations/x/audio", key, "conversation_not_found", 404},
		{"/v1/convai/conversations?page_size=0", key, `"page_size"`, 422},
		{"/v1/convai/conversations?cursor=x", key, `"cursor"`, 422},
		{"/v1/convai/conversations?call_start_after_unix=x", key, `"call_start_after_unix"`, 422},
	}
	for _, test := range tests {
		if code, body := w.get(test.path, test.key); code != test.code || !strings.Contains(body, test.want) || !strings.Contains(body, `"detail"`) {
			t.Errorf("%s: %d %s", test.path, code, body)
		}
	}
	if err := w.Fail(faults.Request{Endpoint: "conversations", Kind: faults.KindStatus, Status: 429}); err != nil {
		t.Fatal(err)
	}
	if code, _ := w.get("/v1/convai/conversations", key); code != 429 || w.RequestCounts()["conversations"] != 4 {
		t.Errorf("%d, counts %v", code, w.RequestCounts())
	}
}

func TestARecordIsCompleteOnceItIsDone(t *testing.T) {
	t.Parallel()
	w := newWorkspace(t, elevenlabs.Options{Timing: elevenlabs.Timing{Analysis: time.Hour}})
	p := w.begin(`{"type":"conversation_initiation_client_data","user_id":"u1","dynamic_variables":{"a":1}}`)
	type record struct {
		Status   string
		Analysis *struct {
			Data map[string]struct{ Value any } `json:"data_collection_results"`
		}
		Audio *bool `json:"has_auxiliary_audio"`
	}
	read := func() record {
		code, body := w.get("/v1/convai/conversations/"+p.id, elevenlabs.DefaultAPIKey)
		var out record
		if err := json.Unmarshal([]byte(body), &out); err != nil || code != 200 || out.Audio == nil {
			t.Fatalf("%d %s", code, body)
		}
		return out
	}
	if got := read().Status; got != "in-progress" {
		t.Errorf("status %s", got)
	}
	p.next("audio")
	p.speak("hi", "age")
	p.result("ok", false)
	p.conn.Close()
	got := read()
	for got.Status == "in-progress" {
		got = read()
	}
	if got.Status != "processing" || got.Analysis != nil {
		t.Errorf("%+v", got)
	}
	w.Advance(time.Hour)
	if got = read(); got.Status != "done" || got.Analysis.Data["age"].Value != 52.0 {
		t.Errorf("%+v", got)
	}
	if code, audio := w.get("/v1/convai/conversations/"+p.id+"/audio", elevenlabs.DefaultAPIKey); code != 200 || !strings.HasPrefix(audio, "\xFF\xFB") {
		t.Errorf("audio %d, %d bytes", code, len(audio))
	}
}

func TestConversationsAreListedNewestFirstByPage(t *testing.T) {
	t.Parallel()
	w := newWorkspace(t, elevenlabs.Options{})
	var ids []string
	for _, user := range []string{"u1", "u2", "u1"} {
		ids = append(ids, w.begin(`{"type":"conversation_initiation_client_data","user_id":"`+user+`"}`).id)
	}
	list := func(query string) (got []string, next string) {
		_, body := w.get("/v1/convai/conversations?"+query, elevenlabs.DefaultAPIKey)
		var page struct {
			Conversations []struct {
				ID string `json:"conversation_id"`
			}
			Next *string `json:"next_cursor"`
			More bool    `json:"has_more"`
		}
		if err := json.Unmarshal([]byte(body), &page); err != nil || page.More != (page.Next != nil) {
			t.Fatalf("%v %s", err, body)
		}
		for _, c := range page.Conversations {
			got = append(got, c.ID)
		}
		if page.Next != nil {
			next = *page.Next
		}
		return got, next
	}
	first, next := list("user_id=u1&page_size=1&agent_id=agent_sandbox_intake")
	second, last := list("user_id=u1&page_size=1&cursor=" + next)
	if diff := cmp.Diff([]string{ids[2], ids[0], ""}, []string{first[0], second[0], last}); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if none, _ := list("call_start_before_unix=1"); none != nil {
		t.Errorf("found %v", none)
	}
}

func TestTheSignatureIsThatOfTheProtocol(t *testing.T) {
	t.Parallel()
	got := elevenlabs.Sign("wsec_test", time.Unix(1763700070, 0), []byte(`{"type":"post_call_transcription","event_timestamp":1763700070,"data":{}}`))
	if want := "t=1763700070,v0=fdec100fe17f3d099154b91ea9f99d75b26480e1643f029e9a967f7167285fbe"; got != want {
		t.Errorf("got %s", got)
	}
}

func TestTheWebhookComesSignedAfterTheAnalysis(t *testing.T) {
	t.Parallel()
	type hook struct{ kind, user, signature, want string }
	arrived := make(chan hook, 8)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var event struct {
			Type string
			Time int64 `json:"event_timestamp"`
			Data struct {
				User  string `json:"user_id"`
				Audio string `json:"full_audio"`
			}
		}
		_ = json.Unmarshal(body, &event)
		arrived <- hook{event.Type, event.Data.User, r.Header.Get("ElevenLabs-Signature"), elevenlabs.Sign("s3", time.Unix(event.Time, 0), body)}
	}))
	t.Cleanup(receiver.Close)
	w := newWorkspace(t, elevenlabs.Options{Webhook: elevenlabs.Webhook{URL: receiver.URL, Secret: "s3", Audio: true}})
	if err := w.FailHooks(hooks.Fault{Kind: "post_call_audio", Effect: hooks.Spoil}); err != nil {
		t.Fatal(err)
	}
	p := w.begin(`{"type":"conversation_initiation_client_data","user_id":"u1"}`)
	p.next("audio")
	p.conn.Close()
	if got := <-arrived; got.kind != "post_call_transcription" || got.user != "u1" || got.signature != got.want {
		t.Errorf("got %+v", got)
	}
	if got := <-arrived; got.kind != "post_call_audio" || got.signature == got.want {
		t.Errorf("got %+v", got)
	}
}

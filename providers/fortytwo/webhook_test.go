package fortytwo_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers"
	"github.com/helix-engage/gateway/providers/fortytwo"
)

const (
	hookCall     = "f1b0c6de-6a0e-5d0c-9a52-0d9b8b9f2a10"
	hookFollowUp = "0b7f7c36-5f2f-4c38-8f6b-2f0b6a1f9a11"
	hookMember   = "20202020-0687-4c41-b707-ed1bfca972a7"
	hookOther    = "20202020-77d5-4cb6-b60a-f4a835a85d61"
)

// offline gives a client that talks to nobody.
func offline(t testing.TB, fieldMap string) *fortytwo.Client {
	t.Helper()
	kit, err := providers.NewHTTP(providers.Options{Provider: helix.ProviderFortyTwo})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(kit.Close)
	c, err := fortytwo.New(fortytwo.Options{URL: "http://localhost/graphql", APIKey: "key", FieldMap: fieldMap, HTTP: kit})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// heard reduces a webhook and decodes what is kept of it.
func heard(t testing.TB, c *fortytwo.Client, body string) []helix.RecordChange {
	t.Helper()
	reports, err := c.DecodeWebhook("application/json", c.ReduceWebhook("application/json", []byte(body)))
	if err != nil {
		t.Fatal(err)
	}
	return reports.Changes
}

// told is a webhook as FortyTwo sends it (fortytwo.md 15.2).
func told(event, object, record, more string) string {
	return `{"targetUrl":"https://helix.example.org/webhooks/fortytwo","eventName":"` + event + `","objectMetadata":{"id":"` + hookOther +
		`","nameSingular":"` + object + `"},"workspaceId":"` + hookOther + `","webhookId":"` + hookOther +
		`","eventDate":"2026-01-14T10:00:00.250Z","record":` + record + more + `}`
}

func TestWhatAWebhookSays(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 14, 10, 0, 0, 250e6, time.UTC)
	person := `,"userId":"` + hookOther + `","workspaceMemberId":"` + hookMember + `"`
	for _, c := range []struct {
		name, fieldMap, body string
		want                 []helix.RecordChange
	}{
		{
			"a person settles a missed call", "",
			told("call.updated", "call", `{"id":"`+hookCall+`","callbackstatus":"CALLBACK_COMPLETED","providerCallId":"21799900000000459","name":"Rahul"}`,
				person+`,"updatedFields":["callbackstatus","updatedBy"]`),
			[]helix.RecordChange{{
				Object: helix.ObjectCall, Name: "call", Record: hookCall, Event: helix.RecordUpdated, At: at, Member: hookMember, Fields: []string{"callbackstatus"},
				ProviderCallID: "21799900000000459", Callback: helix.CallbackCompleted,
			}},
		},
		{
			"our own write has no member", "",
			told("call.updated", "call", `{"id":"`+hookCall+`","callbackstatus":"INVALID"}`, `,"updatedFields":["agentName","updatedBy"]`),
			[]helix.RecordChange{{
				Object: helix.ObjectCall, Name: "call", Record: hookCall, Event: helix.RecordUpdated, At: at, Fields: []string{}, Callback: helix.CallbackInvalid,
			}},
		},
		{
			"a follow-up that is given away", "",
			told("followUp.updated", "followUp", `{"id":"`+hookFollowUp+`","followUpStatus":"PENDING","dueAt":"2026-01-15T10:00:00.000Z","assigneeId":"`+
				hookOther+`","callId":"`+hookCall+`","remark":"private"}`, person+`,"updatedFields":["assigneeId"]`),
			[]helix.RecordChange{{
				Object: helix.ObjectFollowUp, Name: "followUp", Record: hookFollowUp, Event: helix.RecordUpdated, At: at, Member: hookMember, Fields: []string{"assignee"},
				Assignee: hookOther, Waits: true, Call: hookCall,
			}},
		},
		{
			"a follow-up without a due time waits for nobody", "",
			told("followUp.created", "followUp", `{"id":"`+hookFollowUp+`","followUpStatus":"PENDING","dueAt":null,"assigneeId":null}`, ""),
			[]helix.RecordChange{{Object: helix.ObjectFollowUp, Name: "followUp", Record: hookFollowUp, Event: helix.RecordCreated, At: at}},
		},
		{
			"an update that does not say of what", "",
			told("lead.updated", "lead", `{"id":"`+hookFollowUp+`","leadStatus":"NEW","assigneeId":"`+hookMember+`"}`, ""),
			[]helix.RecordChange{{
				Object: helix.ObjectLead, Name: "lead", Record: hookFollowUp, Event: helix.RecordUpdated, At: at, Assignee: hookMember, Waits: true,
			}},
		},
		{
			"a workspace that spells otherwise", "lead=prospect,lead.leadStatus=stage,lead.leadStatus.NEW=FRESH,lead.assignee=owner",
			told("prospect.deleted", "prospect", `{"id":"`+hookFollowUp+`","stage":"FRESH","ownerId":"`+hookMember+`"}`, ""),
			[]helix.RecordChange{{
				Object: helix.ObjectLead, Name: "prospect", Record: hookFollowUp, Event: helix.RecordDeleted, At: at, Assignee: hookMember, Waits: true,
			}},
		},
		{
			"names that differ in case alone", "", told("call.updated", "call", `{"id":"`+hookCall+`","callbackStatus":"WRONG_NUMBER"}`,
				`,"updatedFields":["callbackStatus"]`),
			[]helix.RecordChange{{
				Object: helix.ObjectCall, Name: "call", Record: hookCall, Event: helix.RecordUpdated, At: at, Fields: []string{"callbackstatus"},
				Callback: helix.CallbackWrong,
			}},
		},
		{
			"a status that is not of the queue's", "", told("call.restored", "call", `{"id":"`+hookCall+`","callbackstatus":"LATER"}`, ""),
			[]helix.RecordChange{{Object: helix.ObjectCall, Name: "call", Record: hookCall, Event: helix.RecordRestored, At: at}},
		},
		{
			"a changed data model", "",
			`{"eventName":"metadata.fieldMetadata.created","eventDate":"2026-01-14T10:00:00.250Z","event":{"type":"created","recordId":"` + hookOther + `"}}`,
			[]helix.RecordChange{{Model: true}},
		},
		{
			"an object that the desk does not show", "",
			told("person.updated", "person", `{"id":"`+hookCall+`","name":"private","assigneeId":"`+hookMember+`"}`, person+`,"updatedFields":["name"]`),
			[]helix.RecordChange{{Name: "person", Record: hookCall, Event: helix.RecordUpdated, At: at}},
		},
		{"an event that nobody knows", "", told("call.pondered", "call", `{"id":"`+hookCall+`"}`, ""), nil},
		{"a record without an id", "", told("call.updated", "call", `{"id":"7"}`, ""), nil},
		{"no record", "", told("call.updated", "call", `null`, ""), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			wantEqual(t, c.want, heard(t, offline(t, c.fieldMap), c.body))
		})
	}
}

func TestOfARecordOnlyIdsAndStatesAreKept(t *testing.T) {
	t.Parallel()
	c := offline(t, "")
	kept := string(c.ReduceWebhook("", []byte(told("followUp.updated", "followUp", `{"id":"`+hookFollowUp+`","name":"Call Rahul Verma",
		"remark":"diabetes","phone":{"primaryPhoneNumber":"9812345678"},"followUpStatus":"PENDING","createdBy":{"name":"Meera Iyer"}}`,
		`,"updatedFields":["name","remark"]`))))
	for _, secret := range []string{"Rahul", "diabetes", "9812345678", "Meera", "helix.example.org"} {
		if strings.Contains(kept, secret) {
			t.Errorf("%q is kept in %s", secret, kept)
		}
	}
	if !strings.Contains(kept, hookFollowUp) || !strings.Contains(kept, "remark") {
		t.Errorf("kept is %s", kept)
	}
}

func TestTwoChangesOfTheDataModelAreKeptApart(t *testing.T) {
	t.Parallel()
	c := offline(t, "")
	changed := func(at string) string {
		return string(c.ReduceWebhook("", []byte(`{"eventName":"metadata.objectMetadata.updated","eventDate":"`+at+`","event":{}}`)))
	}
	first, second := changed("2026-01-14T10:00:00.250Z"), changed("2026-01-14T10:00:03.500Z")
	if first == second {
		t.Errorf("both are kept as %s, so that the inbox takes the second for the first come twice", first)
	}
}

func TestWhatIsNoWebhookIsNotKept(t *testing.T) {
	t.Parallel()
	c := offline(t, "")
	for _, body := range []string{"", "{", "[]", `"call.updated"`, `{}`, `{"eventName":"Rahul Verma"}`, `{"eventName":""}`, `{"eventName":7}`} {
		if kept := c.ReduceWebhook("", []byte(body)); kept != nil {
			t.Errorf("of %s is kept %s", body, kept)
		}
	}
	if _, err := c.DecodeWebhook("", []byte("{}")); err == nil {
		t.Error("an empty notice was read")
	}
}

func TestASealIsReadFromTheHeaders(t *testing.T) {
	t.Parallel()
	full := strings.Repeat("0f", 32)
	for _, c := range []struct {
		name, stamp, mac string
		ok               bool
	}{
		{"both", "1800000000123", full, true},
		{"upper-case digits", "1800000000123", strings.ToUpper(full), true},
		{"no time", "", full, false},
		{"a time that is none", "now", full, false},
		{"a negative time", "-5", full, false},
		{"no signature", "1800000000123", "", false},
		{"half a signature", "1800000000123", full[:32], false},
		{"a longer signature", "1800000000123", full + "00", false},
		{"a signature that is no number", "1800000000123", strings.Repeat("zz", 32), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := http.Header{}
			h.Set("X-Twenty-Webhook-Timestamp", c.stamp)
			h.Set("X-Twenty-Webhook-Signature", c.mac)
			at, prefix, mac, ok := fortytwo.WebhookSeal(h)
			if ok != c.ok || ok && (at.UnixMilli() != 1_800_000_000_123 || prefix != "1800000000123:" || mac[31] != 0x0f) {
				t.Errorf("read %s %q %x %t", at, prefix, mac, ok)
			}
		})
	}
}

func TestCallbackStatesOfLiveRecords(t *testing.T) {
	t.Parallel()
	u := newUpstream(t, nil)
	c := u.client(t)
	call := func(name string, fields map[string]any) helix.RecordWrite {
		return write(helix.ObjectCall, name, fields)
	}
	pending, wrong, empty := call("1", map[string]any{"callbackstatus": "PENDING_CALLBACK"}),
		call("2", map[string]any{"callbackstatus": "WRONG_NUMBER"}), call("3", map[string]any{"notes": "x"})
	put(t, c, pending, wrong, empty)
	got, err := c.CallbackStates(t.Context(), helix.AsServer(), []string{pending.Record, wrong.Record, empty.Record, hookCall})
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, map[string]helix.CallbackStatus{
		pending.Record: helix.CallbackPending, wrong.Record: helix.CallbackWrong, empty.Record: "",
	}, got)
	if got, err := c.CallbackStates(t.Context(), helix.AsServer(), nil); err != nil || len(got) != 0 {
		t.Errorf("of none: %v, %v", got, err)
	}
	if err := u.RemoveField("call", "callbackstatus"); err != nil {
		t.Fatal(err)
	}
	if err := c.Resolve(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err = c.CallbackStates(t.Context(), helix.AsServer(), []string{pending.Record})
	wantCode(t, err, helix.CodeNotConfigured)
}

func FuzzWebhooksAreReadWithoutPanic(f *testing.F) {
	f.Add([]byte(told("call.updated", "call", `{"id":"`+hookCall+`","callbackstatus":"INVALID"}`, `,"updatedFields":["callbackstatus"]`)))
	f.Add([]byte(told("followUp.destroyed", "followUp", `{"id":"`+hookFollowUp+`","dueAt":5,"assigneeId":{}}`, `,"updatedFields":null`)))
	f.Add([]byte(told("lead.created", "LEAD", `{"ID":"`+hookFollowUp+`"}`, `,"workspaceMemberId":"`+hookMember+`"`)))
	f.Add([]byte(`{"eventName":"metadata.objectMetadata.deleted","event":{}}`))
	f.Add([]byte(`{"eventName":"call.","record":[]}`))
	c := offline(f, "lead=prospect")
	f.Fuzz(func(t *testing.T, body []byte) {
		kept := c.ReduceWebhook("application/json", body)
		if kept == nil {
			return
		}
		if len(kept) > 4<<10 {
			t.Errorf("%d bytes are kept of %d", len(kept), len(body))
		}
		if _, err := c.DecodeWebhook("application/json", kept); err != nil {
			t.Errorf("what was kept cannot be read: %s", kept)
		}
		_, _ = c.DecodeWebhook("application/json", body) // what an operator replays may be anything
	})
}

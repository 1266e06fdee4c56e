package fortytwo

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

func readerOf(text string) io.Reader { return strings.NewReader(text) }

// hook is a receiver that keeps what it got.
type hook struct {
	url      string
	received chan delivered
}

type delivered struct {
	header http.Header
	raw    string
	body   map[string]any
}

func newHook(t *testing.T, status int) hook {
	t.Helper()
	h := hook{received: make(chan delivered, 100)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		d := delivered{header: r.Header, raw: string(raw)}
		if err := json.Unmarshal(raw, &d.body); err != nil {
			t.Error(err)
		}
		w.WriteHeader(status)
		h.received <- d
	}))
	t.Cleanup(server.Close)
	h.url = server.URL
	return h
}

func (b *bench) running() {
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- b.Run(ctx) }()
	b.t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			b.t.Error(err)
		}
		b.options.WebhookClient.CloseIdleConnections()
	})
}

func TestAWebhookTellsOfEachRecordSigned(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.running()
	h := newHook(t, http.StatusOK)
	got := b.meta(`mutation($u:String!){createWebhook(input:{targetUrl:$u,operations:["lead.*","metadata.fieldMetadata.*"],secret:"whsec"}){id}}`, "u", h.url)
	if got.failure() != "" {
		t.Fatal(got.failure())
	}
	b.query(`mutation{createCall(data:{}){id}}`) // not asked for
	b.query(`mutation{updateLead(id:"` + leadID + `",data:{name:"new",fullName:{firstName:"A"}}){id}}`)
	d := <-h.received
	timestamp := d.header.Get("X-Twenty-Webhook-Timestamp")
	mac := hmac.New(sha256.New, []byte("whsec"))
	mac.Write([]byte(timestamp + ":" + d.raw))
	if d.header.Get("X-Twenty-Webhook-Signature") != hex.EncodeToString(mac.Sum(nil)) || len(d.header.Get("X-Twenty-Webhook-Nonce")) != 32 {
		t.Errorf("headers %v", d.header)
	}
	record, _ := d.body["record"].(map[string]any)
	object, _ := d.body["objectMetadata"].(map[string]any)
	name, _ := record["fullName"].(map[string]any)
	if d.body["eventName"] != "lead.updated" || d.body["workspaceId"] != recordedWorkspace || object["nameSingular"] != "lead" ||
		record["id"] != leadID || record["assigneeId"] != nil || name["firstName"] != "A" || d.body["userId"] == nil || d.body["workspaceMemberId"] == nil {
		t.Errorf("body %s", d.raw)
	}
	fields, _ := d.body["updatedFields"].([]any)
	if !slices.Contains(fields, any("name")) || !slices.Contains(fields, any("fullName")) || slices.Contains(fields, any("phone")) {
		t.Errorf("updatedFields %v", fields)
	}
	if err := b.AddField("call", FieldSpec{Name: "later", Type: TypeText}); err != nil {
		t.Fatal(err)
	}
	if d := <-h.received; d.body["eventName"] != "metadata.fieldMetadata.created" || d.body["event"] == nil || d.body["record"] != nil || d.body["userId"] != nil {
		t.Errorf("metadata event %s", d.raw)
	}
}

func TestABatchIsSplitAndAFailedDeliveryForgotten(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.running()
	h := newHook(t, http.StatusInternalServerError)
	if err := b.Subscribe(h.url, "s", "*.created", "*.destroyed"); err != nil {
		t.Fatal(err)
	}
	b.query(`mutation{createPatients(data:[{mrn:"1"},{mrn:"2"},{mrn:"3"}]){id}}`)
	b.query(`mutation{createPatients(data:[{mrn:"4"},{mrn:"1"}]){id}}`) // fails: nothing to tell
	b.query(`mutation{destroyPatients(filter:{mrn:{eq:"3"}}){id}}`)
	var names []string
	for range 4 {
		d := <-h.received
		record, _ := d.body["record"].(map[string]any)
		names = append(names, d.body["eventName"].(string)+" "+record["mrn"].(string))
	}
	slices.Sort(names) // deliveries have no order
	if want := []string{"patient.created 1", "patient.created 2", "patient.created 3", "patient.destroyed 3"}; !slices.Equal(names, want) {
		t.Errorf("got %v", names)
	}
	select {
	case d := <-h.received:
		t.Errorf("delivered again: %s", d.raw)
	default:
	}
}

func TestAFullQueueDropsAndCounts(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for range webhookQueue + 3 {
		b.hooks.enqueue(delivery{})
	}
	if got := b.WebhookCounts(); got.Dropped != 3 || got.Delivered != 0 {
		t.Errorf("counts %+v", got)
	}
}

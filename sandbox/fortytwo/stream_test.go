package fortytwo

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// recordedStream is the stream that the recorded query was added to.
const recordedStream = "d3fa2ce8-5fea-4643-b4d1-a40a01fd3bdb"

const subscribeDocument = `subscription($id:String!){onEventSubscription(eventStreamId:$id){eventStreamId objectRecordEventsWithQueryIds{` +
	`queryIds objectRecordEvent{action objectNameSingular recordId userId workspaceMemberId properties{updatedFields before after diff}}}` +
	` metadataEvents{type metadataName recordId}}}`

const addQueryDocument = `mutation($i:AddQuerySubscriptionInput!){addQueryToEventStream(input:$i)}`

// listener is the client's end of an event stream.
type listener struct {
	t      *testing.T
	status int
	kind   string // content type
	body   io.ReadCloser
	lines  *bufio.Reader
}

// open subscribes with a token and an Accept header.
func (b *bench) open(token, id, accept string) *listener {
	b.t.Helper()
	body, err := json.Marshal(map[string]any{"query": subscribeDocument, "variables": map[string]any{"id": id}})
	if err != nil {
		b.t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.http.URL+"/metadata", bytes.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", accept)
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := b.http.Client().Do(request)
	if err != nil {
		b.t.Fatal(err)
	}
	l := &listener{
		t: b.t, status: response.StatusCode, kind: response.Header.Get("Content-Type"),
		body: response.Body, lines: bufio.NewReader(response.Body),
	}
	b.t.Cleanup(func() { _ = l.body.Close() })
	return l
}

// listen opens a user's stream and waits for the hello.
func (b *bench) listen(email, id string) *listener {
	b.t.Helper()
	l := b.open(b.token(email), id, eventStream)
	if comment := l.frame(); comment != ":" {
		b.t.Fatalf("the stream begins with %q", comment)
	}
	hello := `event: next` + "\n" + `data: {"data":{"onEventSubscription":{"eventStreamId":"` + id + `","objectRecordEventsWithQueryIds":[],"metadataEvents":[]}}}`
	if got := l.frame(); got != hello {
		b.t.Fatalf("the hello is %q", got)
	}
	return l
}

// frame reads up to the next blank line; what it is cut off by is its end.
func (l *listener) frame() string {
	l.t.Helper()
	var out []string
	for {
		line, err := l.lines.ReadString('\n')
		if line = strings.TrimSuffix(line, "\n"); line == "" || err != nil {
			if err != nil {
				out = append(out, "broken off")
			}
			return strings.Join(out, "\n")
		}
		out = append(out, line)
	}
}

// events reads the next frame that is no comment.
func (l *listener) events() []any {
	l.t.Helper()
	text := l.frame()
	for text == ":" {
		text = l.frame()
	}
	data, ok := strings.CutPrefix(text, "event: next\ndata: ")
	var frame struct {
		Data struct {
			OnEventSubscription struct {
				Events []any `json:"objectRecordEventsWithQueryIds"`
			} `json:"onEventSubscription"`
		} `json:"data"`
	}
	if !ok || json.Unmarshal([]byte(data), &frame) != nil {
		l.t.Fatalf("got %q", text)
	}
	return frame.Data.OnEventSubscription.Events
}

func (b *bench) addQuery(email, stream, query, object string, filter map[string]any) answer {
	b.t.Helper()
	return b.as(email, "/metadata", addQueryDocument, "i", map[string]any{
		"eventStreamId": stream, "queryId": query,
		"operationSignature": map[string]any{"objectNameSingular": object, "variables": map[string]any{"filter": filter, "orderBy": []any{}}},
	})
}

func within(v any, path ...string) any {
	for _, p := range path {
		m, _ := v.(map[string]any)
		v = m[p]
	}
	return v
}

func TestAStreamTellsOfMatchingRecordsAlone(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	l := b.listen(adminEmail, "s1")
	if got := b.addQuery(adminEmail, "s1", "q1", "call", map[string]any{"callStatus": map[string]any{"eq": "MISSED"}}); got.data("addQueryToEventStream") != "true" {
		t.Fatal(got.text)
	}
	b.query(`mutation{updateCall(id:"` + recordedCalls[1] + `",data:{agentName:"nobody hears"}){id}}`)
	b.query(`mutation{updateCall(id:"` + recordedCalls[0] + `",data:{callStatus:ANSWERED,agentName:"z"}){id}}`) // matches before
	b.query(`mutation{updateCall(id:"` + recordedCalls[0] + `",data:{agentName:"nobody hears"}){id}}`)
	b.query(`mutation{destroyCall(id:"` + recordedCalls[3] + `"){id}}`)
	for _, want := range []struct{ action, id, updated, after string }{
		{"UPDATED", recordedCalls[0], `["agentName","callStatus","updatedBy"]`, "ANSWERED"},
		{"DESTROYED", recordedCalls[3], "null", ""},
	} {
		events := l.events()
		if len(events) != 1 {
			t.Fatalf("got %v", events)
		}
		event := within(events[0], "objectRecordEvent")
		if asJSON(within(events[0], "queryIds")) != `["q1"]` || within(event, "action") != want.action || within(event, "recordId") != want.id {
			t.Errorf("got %v", events)
		}
		if got := asJSON(within(event, "properties", "updatedFields")); got != want.updated {
			t.Errorf("updated %s, want %s", got, want.updated)
		}
		if got, _ := within(event, "properties", "after", "callStatus").(string); got != want.after {
			t.Errorf("after %v", got)
		}
	}
	remove := `mutation($i:RemoveQueryFromEventStreamInput!){removeQueryFromEventStream(input:$i)}`
	got := b.meta(remove, "i", map[string]any{"eventStreamId": "s1", "queryId": "q1"})
	if got.data("removeQueryFromEventStream") != "true" || b.StreamQueries() != 0 {
		t.Error(got.text)
	}
}

func TestAStreamHidesWhatTheRoleMayNotRead(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	l := b.listen(restrictedEmail, "s1")
	for query, object := range map[string]string{"calls": "call", "leads": "lead"} {
		if got := b.addQuery(restrictedEmail, "s1", query, object, nil); got.data("addQueryToEventStream") != "true" {
			t.Fatal(got.text)
		}
	}
	b.query(`mutation{updateLead(id:"` + leadID + `",data:{name:"not for him"}){id}}`)
	b.query(`mutation{updateCall(id:"` + recordedCalls[0] + `",data:{agentName:"y",callerNumber:{primaryPhoneNumber:"+919876500002"}}){id}}`)
	events := l.events()
	if len(events) != 1 || asJSON(within(events[0], "queryIds")) != `["calls"]` {
		t.Fatalf("got %v", events)
	}
	if text := asJSON(events); strings.Contains(text, "callerNumber") || strings.Contains(text, "9876500002") || !strings.Contains(text, "agentName") {
		t.Errorf("got %s", text)
	}
}

func TestWhoMayOpenAStream(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	fresh := b.token(adminEmail)
	for _, tt := range []struct {
		name, token, accept string
		status              int
		kind, contains      string
	}{
		{"only JSON is accepted", fresh, "application/json", 406, jsonUTF8, ""},
		{"an API key", b.APIKey(), eventStream, 500, eventStream, `"Forbidden resource"`},
		{"no token", "", eventStream, 500, eventStream, `"path":["onEventSubscription"]`},
		{"no JWT", "nonsense", eventStream, 200, jsonPlain, `"UNAUTHENTICATED"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := b.open(tt.token, "s1", tt.accept)
			text, err := io.ReadAll(l.lines)
			if err != nil || l.status != tt.status || l.kind != tt.kind || !strings.Contains(string(text), tt.contains) {
				t.Errorf("status %d, %s, %s, %v", l.status, l.kind, text, err)
			}
		})
	}
	b.clock.advance(31 * time.Minute)
	l := b.open(fresh, "s1", eventStream)
	if text, _ := io.ReadAll(l.lines); l.status != 200 || !strings.Contains(string(text), "Token has expired.") {
		t.Errorf("an expired token: status %d, %s", l.status, text)
	}
}

func TestAStreamOutlivesItsToken(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	l := b.listen(adminEmail, "s1")
	b.addQuery(adminEmail, "s1", "q1", "lead", nil)
	b.clock.advance(31 * time.Minute)
	b.query(`mutation{updateLead(id:"` + leadID + `",data:{name:"later"}){id}}`)
	if events := l.events(); len(events) != 1 {
		t.Errorf("got %v", events)
	}
}

func TestAStreamIsReplacedByItsOwnerAndByNobodyElse(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	first := b.listen(adminEmail, "s1")
	other := b.open(b.token(restrictedEmail), "s1", eventStream)
	if text, _ := io.ReadAll(other.lines); !strings.Contains(string(text), "PERMISSION_DENIED") {
		t.Errorf("somebody else got %s", text)
	}
	if got := b.addQuery(restrictedEmail, "s1", "q1", "call", nil); got.data("addQueryToEventStream") != "false" {
		t.Errorf("somebody else's query: %s", got.text)
	}
	b.listen(adminEmail, "s1")
	if got := first.frame(); got != "event: complete\ndata:" {
		t.Errorf("the first stream ends with %q", got)
	}
	if b.StreamCount() != 1 {
		t.Errorf("%d streams are open", b.StreamCount())
	}
}

func TestAStreamIsCutAndFallsSilent(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(o *Options) { o.StreamComment = 5 * time.Millisecond })
	silent := b.listen(adminEmail, "s1")
	if got := silent.frame(); got != ":" {
		t.Fatalf("got %q", got)
	}
	b.addQuery(adminEmail, "s1", "q1", "lead", nil)
	b.SilenceStreams()
	b.query(`mutation{updateLead(id:"` + leadID + `",data:{name:"unheard"}){id}}`)
	b.CutStreams()
	for got := silent.frame(); got != "broken off"; got = silent.frame() {
		if got != ":" { // comments of before
			t.Fatalf("the stream ends with %q", got)
		}
	}
	if got := b.addQuery(adminEmail, "s1", "q1", "lead", nil); got.data("addQueryToEventStream") != "false" {
		t.Errorf("a forgotten stream: %s", got.text)
	}
	if b.StreamCount() != 0 {
		t.Errorf("%d streams are open", b.StreamCount())
	}
}

func TestLine15HasNoEventStream(t *testing.T) {
	t.Parallel()
	b := newBench15(t)
	l := b.open(b.token(adminEmail), "s1", eventStream)
	if text, _ := io.ReadAll(l.lines); l.kind == eventStream || !strings.Contains(string(text), `"errors"`) {
		t.Errorf("status %d, %s, %s", l.status, l.kind, text)
	}
	if got := b.addQuery(adminEmail, "s1", "q1", "lead", nil); got.failure() == "" {
		t.Error(got.text)
	}
}

package fortytwo

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"
)

// The fixture is the workspace that the exchanges in testdata were recorded on: its objects, and the records that they mention.
const (
	recordedWorkspace = "20202020-1c25-4d02-bf25-6aeccf7ea419"
	adminEmail        = "tim@apple.dev"
	restrictedEmail   = "restricted@apple.dev"
	leadID            = "aa6a8216-2940-44e5-ab26-2e8959a3c00c"
	followUpID        = "11111111-1111-4111-8111-111111111111"
	patientID         = "1b974373-59ba-4de8-8b2b-153cd0bbf58b"
)

// recordedCalls are the ids of "call 0" to "call 7".
var recordedCalls = []string{
	"966d0aba-d7b2-43c3-8338-c5ba17e4d598", "a0825833-f492-4bcb-8053-3d2d66f80b62", "d10e2097-7a6f-4be1-ae04-a47af4074974",
	"9ca851f0-9e6c-4be1-86fd-c0b175c32103", "fbc8996c-5859-40b6-961b-15eab168af1f", "31f71ce1-f901-4850-b58d-7f5314ea13e9",
	"ef87f2f2-4a80-47f0-a17e-11193e63ec66", "879c9c8b-e078-4ff6-8fdf-f3376c332fa6",
}

// recording is one of the two servers that the exchanges were recorded on: they differ in ids.
type recording struct {
	line                   Line
	leadID, patientID      string
	leadObject, callObject string   // ids of the objects, as recorded requests name them
	calls                  []string // ids of "call 0" to "call 7"
}

func recording27() recording {
	return recording{
		line: Line27, leadID: leadID, patientID: patientID, calls: recordedCalls,
		leadObject: "5b396194-286b-4b4d-9eaa-4aad846fffb6", callObject: "08aebc47-926e-43ac-8224-0527cf17ef2e",
	}
}

func recording15() recording {
	return recording{
		line: Line15, leadID: "376c88f3-c08b-496f-994b-d9a7df10e537", patientID: "c0b05922-5d63-41ae-b29e-ae2f010f0c14",
		leadObject: "e5663d00-5175-42c8-9b75-c88ec9e6677d", callObject: "a7db69a5-e9e5-4790-a7b4-94cfe36c65e0",
		calls: []string{
			"da3c81c7-0305-43d4-938b-74c7425f6386", "5dd33a2e-6d66-4424-b6ef-31a2c8847bca", "cae3d1e8-cbca-41f8-b5cd-b7ea6867ebaa",
			"80526753-3652-49e3-b2f6-c639d6fd9145", "1c0884cd-3e69-455b-bbc0-22da3b9da955", "dc1f4491-a7f8-4e6a-abcd-af8e9d608fe4",
			"7ea8d1ca-a17e-4163-a938-c6eec0b9e4ae", "25047370-a9dd-47cb-85cf-f09b643dc3c6",
		},
	}
}

// newBench15 serves line 1.5.
func newBench15(t *testing.T, change ...func(*Options)) *bench {
	t.Helper()
	return newBench(t, append([]func(*Options){func(o *Options) { o.Line = Line15 }}, change...)...)
}

func recordedObjects() []ObjectSpec {
	objects := append(StandardObjects(),
		ObjectSpec{NameSingular: "lead", NamePlural: "leads", Custom: true, Fields: []FieldSpec{
			{Name: "fullName", Type: TypeFullName},
			{Name: "phone", Type: TypePhones},
			{Name: "email", Type: TypeEmails},
			{Name: "leadStatus", Type: TypeSelect, Options: []string{"NEW", "CONTACTED", "QUALIFIED", "CONVERTED", "LOST"}, Default: "'NEW'"},
			{Name: "source", Type: TypeSelect, Options: []string{"WEB", "PHONE"}},
			{Name: "score", Type: TypeNumber},
			{Name: "tags", Type: TypeMultiSelect, Options: []string{"HOT", "COLD"}},
			{Name: "keywords", Type: TypeArray},
			{Name: "optIn", Type: TypeBoolean, Default: false},
			{Name: "extra", Type: TypeRawJSON},
			{Name: "stars", Type: TypeRating},
			{Name: "budget", Type: TypeCurrency},
			{Name: "home", Type: TypeAddress},
			{Name: "about", Type: TypeRichText},
			{Name: "site", Type: TypeLinks},
			{Name: "reference", Type: TypeUUID},
			{Name: "assignee", Type: TypeRelation, Target: "workspaceMember"},
		}},
		ObjectSpec{NameSingular: "patient", NamePlural: "patients", Custom: true, Fields: []FieldSpec{
			{Name: "mrn", Type: TypeText, Unique: true}, {Name: "dateOfBirth", Type: TypeDate},
		}},
		ObjectSpec{NameSingular: "appointment", NamePlural: "appointments", Custom: true, Fields: []FieldSpec{
			{Name: "scheduledAt", Type: TypeDateTime},
			{Name: "patient", Type: TypeRelation, Target: "patient"},
			{Name: "lead", Type: TypeRelation, Target: "lead"},
		}},
		ObjectSpec{NameSingular: "followUp", NamePlural: "followUps", Custom: true, Fields: []FieldSpec{
			{Name: "dueAt", Type: TypeDateTime},
			{Name: "lead", Type: TypeRelation, Target: "lead"},
			{Name: "assignee", Type: TypeRelation, Target: "workspaceMember"},
		}},
		ObjectSpec{NameSingular: "call", NamePlural: "calls", Custom: true, Fields: []FieldSpec{
			{Name: "callStatus", Type: TypeSelect, Options: []string{"RINGING", "ANSWERED", "MISSED", "COMPLETED", "FAILED"}},
			{Name: "direction", Type: TypeSelect, Options: []string{"INBOUND", "OUTBOUND"}},
			{Name: "agentName", Type: TypeText},
			{Name: "callerNumber", Type: TypePhones},
			{Name: "startedAt", Type: TypeDateTime},
			{Name: "endedAt", Type: TypeDateTime},
			{Name: "durationSeconds", Type: TypeNumber},
			{Name: "recordingUrl", Type: TypeLinks},
			{Name: "providerCallId", Type: TypeText, Unique: true},
			{Name: "callbackstatus", Type: TypeSelect, Options: []string{"PENDING", "ATTEMPTED", "COMPLETED"}, Custom: true},
			{Name: "callsourcenumber", Type: TypeText, Custom: true},
			{Name: "missedcallcount", Type: TypeNumber, Custom: true},
			{Name: "callbackattemptedat", Type: TypeDateTime, Custom: true},
			{Name: "lead", Type: TypeRelation, Target: "lead"},
			{Name: "patient", Type: TypeRelation, Target: "patient"},
			{Name: "agent", Type: TypeRelation, Target: "workspaceMember"},
		}},
	)
	for singular, plural := range map[string]string{
		"workflow": "workflows", "workflowRun": "workflowRuns", "workflowVersion": "workflowVersions", "message": "messages",
		"calendarEvent": "calendarEvents", "dashboard": "dashboards",
	} {
		objects = append(objects, ObjectSpec{NameSingular: singular, NamePlural: plural, System: true, LabelField: "id"})
	}
	return objects
}

// clock is a time that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// bench is an emulator on a real socket.
type bench struct {
	*Server
	t     *testing.T
	http  *httptest.Server
	clock *clock
	recording
}

// newBench serves the recorded workspace with its lead and eight calls.
func newBench(t *testing.T, change ...func(*Options)) *bench {
	t.Helper()
	b := &bench{t: t, clock: &clock{now: time.Date(2026, 11, 21, 9, 30, 0, 0, time.UTC)}}
	reader := Role{Label: "Restricted", Objects: map[string]ObjectRights{"call": {Read: true, Unreadable: []string{"callerNumber"}}}}
	options := Options{
		Seed: 7, Now: b.clock.Now, Metadata: recordedObjects(), Empty: true, WorkspaceID: recordedWorkspace, WorkspaceName: "Apple",
		InviteHash: "apple.dev-invite-hash", Roles: []Role{AdminRole(), MemberRole("Member"), reader},
		Users: []User{
			{Email: adminEmail, Password: "tim@apple.dev", FirstName: "Tim", LastName: "Apple", Role: "Admin"},
			{Email: "member@apple.dev", Password: "secret", FirstName: "Mem", LastName: "Ber", Role: "Member"},
			{Email: restrictedEmail, Password: "secret", FirstName: "Re", LastName: "Stricted", Role: "Restricted"},
		},
	}
	for _, c := range change {
		c(&options)
	}
	b.recording = recording27()
	if options.Line == Line15 {
		b.recording = recording15()
	}
	server, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	b.Server = server
	b.http = httptest.NewServer(server.Handler())
	t.Cleanup(func() {
		server.Close()
		b.http.Close()
	})
	if options.Empty {
		b.seedRecorded()
	}
	return b
}

func (b *bench) seedRecorded() {
	ws := b.main()
	ws.seedRow("lead", row{"id": b.leadID, "leadStatus": "NEW", "tags": []string{"HOT"}, "phone": phones("9876500001")})
	for i, id := range b.calls {
		b.seedCall(id, i, row{})
	}
}

// seedCall stores "call i" the way the recording made it.
func (b *bench) seedCall(id string, i int, more row) {
	status := []string{"MISSED", "ANSWERED", "COMPLETED"}[i%3]
	values := row{
		"id": id, "name": fmt.Sprintf("call %d", i), "callStatus": status, "direction": "INBOUND", "agentName": fmt.Sprintf("Agent %d", i%2),
		"callerNumber": phones(fmt.Sprintf("98765432%02d", i)), "startedAt": time.Date(2026, 5, 1+i%28, 10, 0, 0, 0, time.UTC),
		"durationSeconds": float64(30 * i), "callsourcenumber": "+918011110000", "missedcallcount": float64(i),
	}
	if i < 4 {
		values["leadId"] = b.leadID
	}
	if status == "MISSED" {
		values["callbackstatus"] = "PENDING"
	}
	maps.Copy(values, more)
	b.main().seedRow("call", values)
}

// seedBulk stores n more completed calls.
func (b *bench) seedBulk(n int, more row) {
	for i := range n {
		values := row{"id": fmt.Sprintf("f%07x-0000-4000-8000-000000000000", i), "name": fmt.Sprintf("bulk %d", i), "callStatus": "COMPLETED"}
		maps.Copy(values, more)
		b.main().seedRow("call", values)
	}
}

func (b *bench) token(email string) string {
	b.t.Helper()
	token, err := b.AccessToken(email)
	if err != nil {
		b.t.Fatal(err)
	}
	return token
}

// answer is a reply off the wire.
type answer struct {
	status      int
	contentType string
	text        string
	body        map[string]any
}

// post sends one operation.
func (b *bench) post(path, token string, body map[string]any, headers ...string) answer {
	b.t.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		b.t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.http.URL+path, bytes.NewReader(data))
	if err != nil {
		b.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	return b.do(request)
}

func (b *bench) do(request *http.Request) answer {
	b.t.Helper()
	response, err := b.http.Client().Do(request)
	if err != nil {
		b.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	out := answer{status: response.StatusCode, contentType: response.Header.Get("Content-Type"), text: string(text)}
	if strings.HasPrefix(out.contentType, "application/") {
		if err := json.Unmarshal(text, &out.body); err != nil {
			b.t.Fatalf("answer is no JSON object: %v\n%s", err, text)
		}
	}
	return out
}

// query sends a record operation as the administrator.
func (b *bench) query(query string, variables ...any) answer {
	b.t.Helper()
	return b.as(adminEmail, "/graphql", query, variables...)
}

// meta sends a metadata operation as the administrator.
func (b *bench) meta(query string, variables ...any) answer {
	b.t.Helper()
	return b.as(adminEmail, "/metadata", query, variables...)
}

// as sends an operation as a user; variables alternate name and value.
func (b *bench) as(email, path, query string, variables ...any) answer {
	b.t.Helper()
	body := map[string]any{"query": query}
	if len(variables) > 0 {
		given := map[string]any{}
		for i := 0; i+1 < len(variables); i += 2 {
			given[variables[i].(string)] = variables[i+1]
		}
		body["variables"] = given
	}
	return b.post(path, b.token(email), body)
}

// data is the JSON of a root field's value.
func (a answer) data(key string) string {
	root, _ := a.body["data"].(map[string]any)
	value, err := json.Marshal(root[key])
	if err != nil {
		return err.Error()
	}
	return string(value)
}

// failure is the first error as "CODE/SUBCODE: message", empty when there is none.
func (a answer) failure() string {
	errs, _ := a.body["errors"].([]any)
	if len(errs) == 0 {
		return ""
	}
	first, _ := errs[0].(map[string]any)
	extensions, _ := first["extensions"].(map[string]any)
	code, _ := extensions["code"].(string)
	sub, _ := extensions["subCode"].(string)
	return fmt.Sprintf("%s/%s: %v", code, sub, first["message"])
}

// exchange is a record operation with one root field and what is expected: the root field's value as JSON, or the failure.
type exchange struct {
	name, query   string
	variables     []any
	want, failure string
}

// expect runs exchanges against one server, each on its own.
func expect(t *testing.T, b *bench, exchanges []exchange) {
	t.Helper()
	for _, e := range exchanges {
		t.Run(e.name, func(t *testing.T) {
			got := b.query(e.query, e.variables...)
			if got.status != http.StatusOK {
				t.Fatalf("status %d: %s", got.status, got.text)
			}
			if failure := got.failure(); failure != e.failure {
				t.Fatalf("failure %q, want %q", failure, e.failure)
			}
			if e.failure != "" {
				return
			}
			data, _ := got.body["data"].(map[string]any)
			if len(data) != 1 {
				t.Fatalf("answer %s", got.text)
			}
			for key := range data {
				if value := got.data(key); !sameJSON(t, value, e.want) {
					t.Errorf("%s = %s\nwant %s", key, value, e.want)
				}
			}
		})
	}
}

func sameJSON(t *testing.T, a, b string) bool {
	t.Helper()
	var x, y any
	if err := json.Unmarshal([]byte(a), &x); err != nil {
		t.Fatalf("%v: %s", err, a)
	}
	if err := json.Unmarshal([]byte(b), &y); err != nil {
		t.Fatalf("%v: %s", err, b)
	}
	return reflect.DeepEqual(x, y)
}

package fortytwo

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"
)

// sample is one recorded exchange.
type sample struct {
	Request struct {
		Path    string            `json:"path"`
		Auth    *string           `json:"auth"`
		Headers map[string]string `json:"headers"`
		Body    map[string]any    `json:"body"`
	} `json:"request"`
	Response struct {
		Status  int               `json:"status"`
		Headers map[string]string `json:"headers"`
		Body    any               `json:"body"`
	} `json:"response"`
}

// arrangement brings the server and the request into the state of the recording; the token is the administrator's unless it says
// otherwise.
type arrangement func(b *bench, s *sample) (token string)

// arrangements of the samples that need more than the recorded lead and calls.
var arrangements = map[string]arrangement{
	"auth-apikey-currentUser":    withAPIKey,
	"auth-apikey-query":          withAPIKey,
	"auth-expired-metadata":      withExpiredToken,
	"auth-minted-hs256":          withMintedToken,
	"auth-signin":                withCredentials,
	"auth-signup":                withCredentials,
	"auth-signup-in-workspace":   withoutToken,
	"auth-none-metadata":         withoutToken,
	"err-schema-version":         withoutToken,
	"err-rate-limit":             withExhaustedKey,
	"create-client-id-dup":       withFollowUp(nil),
	"delete-one":                 withFollowUp(nil),
	"deleted-hidden":             withFollowUp(time.Unix(1, 0)),
	"deleted-visible":            withFollowUp(time.Unix(1, 0)),
	"destroy-one":                withFollowUp(nil),
	"restore-one":                withFollowUp(time.Unix(1, 0)),
	"err-complexity":             withElevenCalls,
	"err-complexity-60":          withElevenCalls,
	"err-too-many-fields":        withElevenCalls,
	"err-complexity-nofirst":     withLeadHistory,
	"err-delete-many-over-limit": withBulk(300, row{}),
	"err-update-many-over-limit": withBulk(300, row{}),
	"update-many-empty-filter":   withBulk(300, row{}),
	"nested-filter-ignored":      withBulk(300, row{"leadId": leadID}),
	"meta-create-field-lowercase": func(b *bench, s *sample) string {
		return withoutField(b, s, "call", "callbackstatus")
	},
	"meta-create-field-select": func(b *bench, s *sample) string { return withoutField(b, s, "lead", "leadStatus") },
	"meta-create-relation":     withoutRelation,
	"page-2":                   withCursor,
	"page-backward":            withCursor,
	"search":                   withNamedLead,
	"perm-read-ok": func(b *bench, _ *sample) string {
		b.seedBulk(315, row{})
		b.seedBulk(1, row{"id": "00000000-af77-4114-b397-a4e867174bbe", "name": "bulk 2-2"})
		return b.token(restrictedEmail)
	},
	"unique-violation": withPatient,
	"upsert":           withPatient,
	"upsert-again":     withPatient,
	"sse-add-query":    withStream,
	"create-many":      withFreshIDs,

	"1.5 auth-apikey-currentUser": asMember, // the recorded token was a user's
	"1.5 connect-relation":        withNamedLead,
	"1.5 err-complexity":          withActivities,
	"1.5 err-too-many-roots":      withDemoData,
}

func TestTheServerAnswersLikeTheRecordedOne(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*/*.json")
	if err != nil || len(files) < 150 {
		t.Fatalf("%d samples: %v", len(files), err)
	}
	for _, file := range files {
		line, name := Line(filepath.Base(filepath.Dir(file))), strings.TrimSuffix(filepath.Base(file), ".json")
		t.Run(string(line)+" "+name, func(t *testing.T) {
			t.Parallel()
			s := readSample(t, file)
			b := newBench(t, func(o *Options) { o.Line = line })
			var token string
			arrange := arrangements[string(line)+" "+name]
			if arrange == nil {
				arrange = arrangements[name]
			}
			switch {
			case arrange != nil:
				token = arrange(b, &s)
			case strings.HasPrefix(name, "perm-"):
				token = b.token(restrictedEmail)
			default:
				token = b.token(adminEmail)
			}
			var headers []string
			for key, value := range s.Request.Headers {
				headers = append(headers, key, value)
			}
			got := b.post(s.Request.Path, token, s.Request.Body, headers...)
			if got.status != s.Response.Status {
				t.Errorf("status %d, recorded %d", got.status, s.Response.Status)
			}
			for key, value := range s.Response.Headers {
				if strings.EqualFold(key, "content-type") && got.contentType != value {
					t.Errorf("content type %q, recorded %q", got.contentType, value)
				}
			}
			if diff := cmp.Diff(b.normalise("", s.Response.Body), b.normalise("", any(got.body))); diff != "" {
				t.Errorf("answer (-recorded +got):\n%s", diff)
			}
		})
	}
}

func readSample(t *testing.T, file string) sample {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var s sample
	if err := json.Unmarshal(data, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

var (
	uuidPattern    = regexp.MustCompile(`^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$`)
	instantPattern = regexp.MustCompile(`^2026-11-21T\d\d:\d\d:\d\d\.\d{3}Z$`)
)

// normalise hides what differs from run to run: ids that the fixture does not fix, times of the run, cursors, tokens; and the order
// of lists that upstream leaves open.
func (r recording) normalise(key string, value any) any {
	switch v := value.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, inner := range v {
			out[k] = r.normalise(k, inner)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, inner := range v {
			out[i] = r.normalise("", inner)
		}
		if key == "fields" || key == "deleteCalls" {
			slices.SortFunc(out, func(a, b any) int { return strings.Compare(asJSON(a), asJSON(b)) })
		}
		return out
	case string:
		known := []string{r.leadID, followUpID, r.patientID, recordedWorkspace}
		switch {
		case key == "token", key == "loginToken", key == "cursor", strings.HasSuffix(key, "Cursor"):
			return "<opaque>"
		case uuidPattern.MatchString(v) && !slices.Contains(append(known, r.calls...), v):
			return "<id>"
		case instantPattern.MatchString(v), key == "expiresAt", key == "deletedAt":
			return "<now>"
		}
	}
	return value
}

func asJSON(value any) string {
	data, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(data)
}

func withoutToken(*bench, *sample) string { return "" }

func withAPIKey(b *bench, _ *sample) string { return b.APIKey() }

func withExpiredToken(b *bench, _ *sample) string {
	token := b.token(adminEmail)
	b.clock.advance(31 * time.Minute)
	return token
}

// withMintedToken signs a token the way servers before 2.5 do.
func withMintedToken(b *bench, _ *sample) string {
	u := b.userByEmail(adminEmail)
	now := b.clock.Now()
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"sub": u.id, "userId": u.id, "type": "ACCESS", "workspaceId": recordedWorkspace, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	}).SignedString([]byte(b.tokens.secret(recordedWorkspace, "ACCESS")))
	if err != nil {
		b.t.Fatal(err)
	}
	return token
}

func withCredentials(_ *bench, s *sample) string {
	s.Request.Body["variables"] = map[string]any{"e": adminEmail, "p": "tim@apple.dev"}
	return ""
}

// withExhaustedKey spends the minute's budget and lets the second's recover.
func withExhaustedKey(b *bench, s *sample) string {
	for range 100 {
		if got := b.post("/graphql", b.APIKey(), s.Request.Body); got.failure() != "" {
			b.t.Fatal(got.failure())
		}
	}
	b.clock.advance(500 * time.Millisecond)
	return b.APIKey()
}

func withFollowUp(deletedAt any) arrangement {
	return func(b *bench, _ *sample) string {
		b.main().seedRow("followUp", row{"id": followUpID, "name": "x", "deletedAt": deletedAt})
		return b.token(adminEmail)
	}
}

func withBulk(n int, more row) arrangement {
	return func(b *bench, _ *sample) string {
		b.seedBulk(n, more)
		return b.token(adminEmail)
	}
}

// withElevenCalls is how the calls stood when the complexity samples were taken: two deleted, five made, three of the old ones
// changed.
func withElevenCalls(b *bench, _ *sample) string {
	b.main().tables[b.main().objectNamed("call")] = newTable()
	created := func(id string, data string) {
		if got := b.query(`mutation{createCall(data:{id:"` + id + `",` + data + `}){id}}`); got.failure() != "" {
			b.t.Fatal(got.failure())
		}
	}
	for i, id := range b.calls {
		lead := ""
		if i < 4 {
			lead = `,leadId:"` + b.leadID + `"`
		}
		created(id, `callStatus:`+[]string{"MISSED", "ANSWERED", "COMPLETED"}[i%3]+lead)
	}
	for _, id := range []string{
		"0b5e3df8-bdeb-46cc-b74e-aca7dc6f16d8", "3f79aadb-5543-4af9-ab81-a426365dc691", "7935cb67-0615-4776-a55d-b5df17d27786",
		"b39e4779-9d72-4da5-aa40-c1b7476dff61", "fe49eaa3-0827-472e-9acc-c616d9b4b6c3",
	} {
		created(id, `name:"later"`)
	}
	b.query(`mutation{deleteCalls(filter:{callStatus:{eq:COMPLETED}}){id}}`)
	b.query(`mutation{updateCalls(filter:{callStatus:{eq:MISSED}},data:{agentName:"x"}){id}}`)
	return b.token(adminEmail)
}

func asMember(b *bench, _ *sample) string { return b.token(adminEmail) }

func withNamedLead(b *bench, _ *sample) string {
	b.query(`mutation{updateLead(id:"` + b.leadID + `",data:{name:"Asha Rao"}){id}}`)
	return b.token(adminEmail)
}

// withActivities gives every call the one activity of its creation.
func withActivities(b *bench, _ *sample) string {
	for _, id := range b.calls {
		b.main().seedRow("timelineActivity", row{"callId": id, "name": "call.created"})
	}
	return b.token(adminEmail)
}

// withDemoData fills the workspace with as many records as the recorded one had.
func withDemoData(b *bench, _ *sample) string {
	for object, n := range map[string]int{
		"patient": 1, "followUp": 2, "person": 1200, "company": 599, "opportunity": 50, "task": 1800, "note": 1800, "taskTarget": 1800,
		"noteTarget": 1800, "workspaceMember": 1, "workflow": 1, "workflowVersion": 1, "message": 600, "messageThread": 300,
		"timelineActivity": 14237, "calendarEvent": 800,
	} {
		for range n {
			b.main().seedRow(object, row{})
		}
	}
	return b.token(adminEmail)
}

// withLeadHistory leaves the lead with three calls, a follow-up, and two activities: made and changed.
func withLeadHistory(b *bench, _ *sample) string {
	ws := b.main()
	ws.tables[ws.objectNamed("lead")] = newTable()
	for _, mutation := range []string{
		`mutation{createLead(data:{id:"` + b.leadID + `"}){id}}`,
		`mutation{updateLead(id:"` + b.leadID + `",data:{name:"Asha Rao"}){id}}`,
		`mutation{createFollowUp(data:{name:"fu",leadId:"` + b.leadID + `"}){id}}`,
		`mutation{deleteCalls(filter:{callStatus:{eq:COMPLETED}}){id}}`,
	} {
		if got := b.query(mutation); got.failure() != "" {
			b.t.Fatal(got.failure())
		}
	}
	return b.token(adminEmail)
}

func withoutField(b *bench, s *sample, object, field string) string {
	if err := b.RemoveField(object, field); err != nil {
		b.t.Fatal(err)
	}
	text := asJSON(s.Request.Body)
	for name, id := range map[string]string{"lead": b.leadObject, "call": b.callObject} {
		text = strings.ReplaceAll(text, id, b.main().objectNamed(name).id)
	}
	s.Request.Body = nil
	if err := json.Unmarshal([]byte(text), &s.Request.Body); err != nil {
		b.t.Fatal(err)
	}
	return b.token(adminEmail)
}

func withoutRelation(b *bench, s *sample) string { return withoutField(b, s, "call", "lead") }

// withCursor gives the cursor that page-1 ends with: startedAt was not selected there, so it holds the id of call 2 alone.
func withCursor(b *bench, s *sample) string {
	cursor := base64.StdEncoding.EncodeToString([]byte(`{"id":"` + b.calls[2] + `"}`))
	s.Request.Body["variables"] = map[string]any{"a": cursor}
	return b.token(adminEmail)
}

// withFreshIDs forgets the recorded ids: the call's records are made by this very request.
func withFreshIDs(b *bench, s *sample) string {
	text := asJSON(s.Response.Body)
	for _, id := range b.calls {
		text = strings.ReplaceAll(text, id, "00000000-0000-4000-8000-000000000001")
	}
	if err := json.Unmarshal([]byte(text), &s.Response.Body); err != nil {
		b.t.Fatal(err)
	}
	return b.token(adminEmail)
}

func withStream(b *bench, _ *sample) string {
	b.listen(adminEmail, recordedStream)
	return b.token(adminEmail)
}

func withPatient(b *bench, _ *sample) string {
	b.main().seedRow("patient", row{"id": b.patientID, "mrn": "M-1", "name": "P1"})
	return b.token(adminEmail)
}

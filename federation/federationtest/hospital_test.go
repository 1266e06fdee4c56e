package federationtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/helix-engage/gateway/sandbox/fortytwo"
)

// began is when all emulators of a run stand still, so that two of them agree on every stamp.
var began = time.Now().UTC().Truncate(time.Second)

// hospital is an emulated FortyTwo with a few dozen records, few enough that lists can be asked for whole.
type hospital struct {
	*fortytwo.Server

	handler http.Handler
	token   string
	ids     map[string][]string // of records, by type, in order of creation
}

func newHospital(t testing.TB, options fortytwo.Options) *hospital {
	t.Helper()
	options.Seed, options.Empty, options.Now, options.Rate.Off = 3, true, func() time.Time { return began }, true
	server, err := fortytwo.New(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	h := &hospital{Server: server, handler: server.Handler(), ids: map[string][]string{}}
	if h.token, err = server.AccessToken("admin@sandbox.test"); err != nil {
		t.Fatal(err)
	}
	members, err := server.Records("workspaceMember")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range members {
		h.ids["WorkspaceMember"] = append(h.ids["WorkspaceMember"], fmt.Sprint(m["id"]))
	}
	h.fill(t)
	return h
}

// recordID is the id of the n-th record of a kind, the same in every run.
func recordID(kind string, n int) string {
	return uuid.NewSHA1(uuid.NameSpaceOID, fmt.Append(nil, kind, n)).String()
}

// fill stores records with all that is odd: missing values, empty texts, values that are alike, records that nothing refers to.
func (h *hospital) fill(t testing.TB) {
	t.Helper()
	day := func(n int) string { return began.AddDate(0, 0, n-20).Format(time.RFC3339) }
	h.store(t, "lead", "leads", 9, func(i int, m map[string]any) {
		m["fullName"] = map[string]any{"firstName": []string{"Asha", "आशा", "Ravi"}[i%3], "lastName": []string{"Nair", ""}[i%2]}
		m["leadStatus"], m["createdAt"] = []string{"NEW", "CONTACTED", "LOST"}[i%3], day(i/2)
		m["phone"] = map[string]any{"primaryPhoneNumber": fmt.Sprintf("+9198123456%02d", i)}
		m["keywords"], m["optIn"] = []string{"knee", "eye"}[:i%3], i%2 == 0
		h.refer(m, "assigneeId", "WorkspaceMember", i, 3)
		if i%4 != 3 {
			m["score"], m["source"] = float64(i*10)/4, []string{"WEBSITE", "PHONE"}[i%2]
		}
	})
	h.store(t, "company", "companies", 3, func(i int, m map[string]any) {
		m["address"] = map[string]any{"addressCity": "Pune", "addressLat": 18.5 + float64(i)}
		m["annualRecurringRevenue"] = map[string]any{"amountMicros": 1500000 * i, "currencyCode": "INR"}
		h.refer(m, "accountOwnerId", "WorkspaceMember", i, 2)
	})
	h.store(t, "patient", "patients", 6, func(i int, m map[string]any) {
		m["mrn"], m["gender"] = fmt.Sprintf("MRN-%d", i), []string{"FEMALE", "MALE", "OTHER"}[i%3]
		m["fullName"] = map[string]any{"firstName": "Meera", "lastName": fmt.Sprintf("Rao \"%d\"", i)}
		if i%3 != 2 {
			m["dateOfBirth"] = fmt.Sprintf("19%d0-02-0%d", 5+i, 1+i)
		}
	})
	h.store(t, "call", "calls", 14, func(i int, m map[string]any) {
		m["callStatus"], m["direction"] = []string{"COMPLETED", "MISSED", "ANSWERED"}[i%3], []string{"INBOUND", "OUTBOUND"}[i%2]
		m["startedAt"], m["createdAt"], m["providerCallId"] = day(i), day(i), fmt.Sprintf("call-%d", i)
		m["collecteddata"] = map[string]any{"z": i, "a": []any{1.5, nil, "x"}}
		h.refer(m, "leadId", "Lead", i, 4)
		h.refer(m, "patientId", "Patient", i/2, 3)
		h.refer(m, "agentId", "WorkspaceMember", i, 2)
		if i%3 == 1 {
			m["callbackstatus"], m["missedcallcount"] = "PENDING_CALLBACK", float64(i)
		} else {
			m["durationSeconds"], m["notes"] = float64(30*i), "line\nbreak \\ \u2028"
		}
	})
	h.store(t, "appointment", "appointments", 7, func(i int, m map[string]any) {
		m["scheduledAt"], m["durationMinutes"], m["appointmentStatus"] = day(20+i), float64(15+i%2), []string{"BOOKED", "CANCELLED"}[i%2]
		h.refer(m, "patientId", "Patient", i, 4)
		h.refer(m, "leadId", "Lead", i, 1)
	})
	h.store(t, "followUp", "followUps", 7, func(i int, m map[string]any) {
		m["dueAt"], m["followUpStatus"], m["remark"] = day(18+i), []string{"PENDING", "DONE"}[i%2], ""
		h.refer(m, "leadId", "Lead", i/2, 5)
		h.refer(m, "assigneeId", "WorkspaceMember", i, 3)
		h.refer(m, "callId", "Call", i, 2)
	})
}

// refer points to one of the records of a type, and once in a while to none.
func (h *hospital) refer(m map[string]any, column, typ string, i, often int) {
	if i%(often+1) != often {
		m[column] = h.ids[typ][i%len(h.ids[typ])]
	}
}

func (h *hospital) store(t testing.TB, singular, plural string, n int, set func(i int, m map[string]any)) {
	t.Helper()
	typ, rows := pascal(singular), []any{}
	for i := range n {
		id := recordID(singular, i)
		row := map[string]any{"id": id, "name": fmt.Sprintf("%s %d", singular, i/2)}
		set(i, row)
		rows = append(rows, row)
		h.ids[typ] = append(h.ids[typ], id)
	}
	query := fmt.Sprintf("mutation ($data: [%sCreateInput!]!) { create%s(data: $data) { id } }", typ, pascal(plural))
	if _, errs := h.ask(query, map[string]any{"data": rows}); len(errs) > 0 {
		t.Fatal(singular, errs)
	}
}

func pascal(name string) string { return strings.ToUpper(name[:1]) + name[1:] }

// ask sends a document of one root field, with the user's token, and gives its value.
func (h *hospital) ask(query string, variables map[string]any) (json.RawMessage, gqlerror.List) {
	answer, err := h.post("/graphql", h.token, query, variables)
	if err != nil {
		return nil, gqlerror.List{gqlerror.Wrap(err)}
	}
	var data map[string]json.RawMessage
	if len(answer.Data) > 0 {
		if err := json.Unmarshal(answer.Data, &data); err != nil {
			return nil, gqlerror.List{gqlerror.Wrap(err)}
		}
	}
	for _, value := range data {
		return value, answer.Errors
	}
	return nil, answer.Errors
}

// read sends a document with the server's key and gives its data.
func (h *hospital) read(path, query string, variables any) (json.RawMessage, error) {
	answer, err := h.post(path, h.APIKey(), query, variables)
	if err == nil && len(answer.Errors) > 0 {
		err = answer.Errors
	}
	return answer.Data, err
}

func (h *hospital) post(path, token, query string, variables any) (answer Response, err error) {
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		return answer, err
	}
	request := httptest.NewRequest(http.MethodPost, path, bytes.NewReader(body))
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+token)
	recorder := httptest.NewRecorder()
	h.handler.ServeHTTP(recorder, request)
	return answer, json.Unmarshal(recorder.Body.Bytes(), &answer)
}

package fortytwo_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	helix "github.com/helix-engage/gateway"
	emulator "github.com/helix-engage/gateway/sandbox/fortytwo"
)

// mutate sends a document as a user and gives the status.
func (u *upstream) mutate(t *testing.T, a agent, query string) int {
	t.Helper()
	body, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, u.url+"/graphql", strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+a.session.AccessToken)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if err := res.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return res.StatusCode
}

func fieldsOf(t *testing.T, view helix.RecordView) map[string]any {
	t.Helper()
	var fields map[string]any
	if err := json.Unmarshal(view.JSON, &fields); err != nil {
		t.Fatalf("%v: %s", err, view.JSON)
	}
	return fields
}

func TestARecordIsReadWithAllThatItsReaderMayRead(t *testing.T) {
	t.Parallel()
	narrow := emulator.Role{Label: "Narrow", ReadAll: true, Objects: map[string]emulator.ObjectRights{
		"lead": {Read: true, Unreadable: []string{"phone", "assignee"}}, "patient": {},
	}}
	u, leads := seeded(t, func(o *emulator.Options) { o.Roles = append(emulator.DefaultRoles(), narrow) })
	c := u.client(t)
	asha := signIn(t, c, "asha@sandbox.test")
	reader := c.RecordReader(asha.access(), "lead", leads[0])
	view, err := reader.Read(t.Context())
	if err != nil || !view.Found || view.Deleted || view.UpdatedAt.IsZero() {
		t.Fatalf("got %+v, %v", view, err)
	}
	all := fieldsOf(t, view)
	for _, name := range []string{"id", "name", "phone", "assigneeId", "leadStatus", "createdAt", "createdBy", "deletedAt"} {
		if _, ok := all[name]; !ok {
			t.Errorf("%s is missing in %s", name, view.JSON)
		}
	}
	for _, name := range []string{"assignee", "calls", "searchVector"} {
		if _, ok := all[name]; ok {
			t.Errorf("%s is there", name)
		}
	}
	if err := u.SetRole("asha@sandbox.test", "Narrow"); err != nil { // a token that is in use loses fields
		t.Fatal(err)
	}
	if view, err = reader.Read(t.Context()); err != nil || !view.Found {
		t.Fatalf("got %+v, %v", view, err)
	}
	less := fieldsOf(t, view)
	if less["phone"] != nil || less["assigneeId"] != nil || less["name"] == nil || len(less) != len(all)-2 {
		t.Errorf("got %s", view.JSON)
	}
	patients, err := u.Records("patient")
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.RecordReader(asha.access(), "patient", patients[0]["id"].(string)).Read(t.Context())
	wantCode(t, err, helix.CodeForbidden)
}

func TestARecordThatIsNotThereIsToldFromADeletedOne(t *testing.T) {
	t.Parallel()
	u, leads := seeded(t, nil)
	c := u.client(t)
	asha := signIn(t, c, "asha@sandbox.test")
	for _, mutation := range []string{`deleteLead(id: "` + leads[0] + `")`, `destroyLead(id: "` + leads[1] + `")`} {
		if status := u.mutate(t, asha, `mutation { `+mutation+` { id } }`); status != http.StatusOK {
			t.Fatalf("HTTP %d", status)
		}
	}
	for _, tt := range []struct {
		name, object, record string
		found, deleted       bool
		code                 helix.Code
	}{
		{"a deleted one", "lead", leads[0], true, true, ""},
		{"a destroyed one", "lead", leads[1], false, false, ""},
		{"one of a version that FortyTwo refuses", "lead", "01890a5d-ac96-774b-bcce-b302099a8057", false, false, ""},
		{"no id", "lead", "1", false, false, ""},
		{"no such object", "unicorn", leads[2], false, false, helix.CodeNotFound},
		{"no name of an object", "lead { id }", leads[2], false, false, helix.CodeNotFound},
	} {
		view, err := c.RecordReader(asha.access(), tt.object, tt.record).Read(t.Context())
		if view.Found != tt.found || view.Deleted != tt.deleted || (err == nil) != (tt.code == "") || err != nil && !helix.IsCode(err, tt.code) {
			t.Errorf("%s: %+v, %v", tt.name, view, err)
		}
	}
}

func TestAnUnauthenticatedReaderReadsNothing(t *testing.T) {
	t.Parallel()
	u, leads := seeded(t, nil)
	c := u.client(t)
	asha := signIn(t, c, "asha@sandbox.test")
	u.ExpireTokens()
	_, err := c.RecordReader(asha.access(), "lead", leads[0]).Read(t.Context())
	wantCode(t, err, helix.CodeUnauthenticated)
}

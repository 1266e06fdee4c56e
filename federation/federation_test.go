package federation_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/go-cmp/cmp"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/federation/upstream"
)

// scripted is FortyTwo, answering by what it is asked.
type scripted struct {
	answer func(field string, ids []string) (body string, err error)

	mu    sync.Mutex
	asked []string // root fields, with the number of ids
}

func (s *scripted) Do(_ context.Context, _ *upstream.Caller, r *upstream.Request) ([]byte, int, error) {
	var sent struct {
		Variables struct {
			Filter struct {
				ID struct {
					In []string `json:"in"`
				} `json:"id"`
			} `json:"filter"`
		} `json:"variables"`
	}
	if err := json.Unmarshal(r.Body, &sent); err != nil {
		return nil, 0, err
	}
	ids := sent.Variables.Filter.ID.In
	s.mu.Lock()
	s.asked = append(s.asked, fmt.Sprintf("%s %d", r.Name, len(ids)))
	s.mu.Unlock()
	body, err := s.answer(r.Name, ids)
	return []byte(body), http.StatusOK, err
}

func (*scripted) Separate(*upstream.Caller) {}

// found answers with a record for each id but those that are hidden.
func found(hidden ...string) func(string, []string) (string, error) {
	return func(field string, ids []string) (string, error) {
		var edges []string
		for _, id := range ids {
			if !slices.Contains(hidden, id) {
				edges = append(edges, `{"node":{"id":"`+id+`","recordStatus":"OPEN"}}`)
			}
		}
		return `{"data":{"` + field + `":{"edges":[` + strings.Join(edges, ",") + `]}}}`, nil
	}
}

func failing(err error) func(string, []string) (string, error) {
	return func(string, []string) (string, error) { return "", err }
}

func says(body string) func(string, []string) (string, error) {
	return func(string, []string) (string, error) { return body, nil }
}

func TestWhatBecomesOfRecordsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	const v7 = "018f2b1c-8c3a-7d55-9d7e-0a1b2c3d4e5f"
	one, other := idOf(0), idOf(1)
	down := &helix.Error{Code: helix.CodeUnavailable, Message: "FortyTwo does not answer just now", Retryable: true}
	for name, c := range map[string]struct {
		answer   func(string, []string) (string, error)
		leads    []string
		document string
		want     string
		errors   []string // code and path
		asked    []string
	}{
		"a record that is not there is null": {
			found(other),
			[]string{one, other},
			`{ worklist { lead { id recordStatus } } }`,
			`{"worklist":[{"lead":{"id":"` + one + `","recordStatus":"OPEN"}},{"lead":null}]}`, nil,
			[]string{"leads 2"},
		},
		"of a record of which the id alone is wanted nobody is asked": {
			found(one), []string{one}, `{ worklist { lead { id __typename } } }`, `{"worklist":[{"lead":{"id":"` + one + `","__typename":"Lead"}}]}`, nil, nil,
		},
		"a record is asked for once, however often it is referred to": {
			found(),
			[]string{one, one, one},
			`{ worklist { lead { s: recordStatus } } }`,
			`{"worklist":[{"lead":{"s":"OPEN"}},{"lead":{"s":"OPEN"}},{"lead":{"s":"OPEN"}}]}`, nil,
			[]string{"leads 1"},
		},
		"an id that FortyTwo does not take is not sent": {
			found(), []string{v7, one}, `{ worklist { lead { recordStatus } } }`, `{"worklist":[{"lead":null},{"lead":{"recordStatus":"OPEN"}}]}`, nil, []string{"leads 1"},
		},
		"no ids, no request": {found(), []string{v7}, `{ worklist { lead { recordStatus } } }`, `{"worklist":[{"lead":null}]}`, nil, nil},
		"a failure is told at each record": {
			failing(down),
			[]string{one, other},
			`{ worklist { id lead { recordStatus } } }`, `{"worklist":[{"id":"0","lead":null},{"id":"1","lead":null}]}`,
			[]string{"UPSTREAM_UNAVAILABLE worklist[0].lead", "UPSTREAM_UNAVAILABLE worklist[1].lead"},
			[]string{"leads 2"},
		},
		"so is a refusal": {
			says(`{"data":{"leads":null},"errors":[{"message":"no","extensions":{"code":"FORBIDDEN","subCode":"PERMISSION_DENIED"}}]}`),
			[]string{one},
			`{ worklist { lead { recordStatus } } }`, `{"worklist":[{"lead":null}]}`,
			[]string{"FORBIDDEN worklist[0].lead"},
			[]string{"leads 1"},
		},
		"and an answer that is none": {
			says(`<html>`),
			[]string{one},
			`{ worklist { lead { recordStatus } } }`, `{"worklist":[{"lead":null}]}`,
			[]string{"UPSTREAM_UNAVAILABLE worklist[0].lead"},
			[]string{"leads 1"},
		},
		"a fault of ours costs the field that met it": {
			func(string, []string) (string, error) { panic("fault") },
			[]string{one},
			`{ worklist { id } leads { totalCount } }`,
			`{"worklist":[{"id":"0"}],"leads":null}`,
			[]string{" leads"},
			[]string{"leads 0"},
		},
		"also below": {
			func(string, []string) (string, error) { panic("fault") },
			[]string{one},
			`{ worklist { id lead { recordStatus } } }`,
			`{"worklist":[{"id":"0","lead":null}]}`,
			[]string{" worklist[0].lead"},
			[]string{"leads 1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			crm := &scripted{answer: c.answer}
			data, errs := runOn(t, crm, c.leads, c.document)
			if diff := cmp.Diff(c.want, data); diff != "" {
				t.Errorf("data (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.errors, errs); diff != "" {
				t.Errorf("errors (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.asked, crm.asked); diff != "" {
				t.Errorf("requests (-want +got):\n%s", diff)
			}
		})
	}
}

func TestManyRecordsAreAskedForInParts(t *testing.T) {
	t.Parallel()
	ids := make([]string, 450)
	for i := range ids {
		ids[i] = idOf(i)
	}
	crm := &scripted{answer: found()}
	data, errs := runOn(t, crm, ids, `{ worklist { lead { recordStatus } } }`)
	if n := strings.Count(data, "OPEN"); n != 450 || errs != nil {
		t.Errorf("%d records, errors %v", n, errs)
	}
	slices.Sort(crm.asked)
	if diff := cmp.Diff([]string{"leads 200", "leads 200", "leads 50"}, crm.asked); diff != "" {
		t.Error(diff)
	}
}

func TestAMutationWhoseAnswerCannotBeReadMayHaveTakenEffect(t *testing.T) {
	t.Parallel()
	const document = `mutation { updateLead(id: "5f2b1c4e-8c3a-4d55-9d7e-0a1b2c3d4e5f", data: {}) { id } }`
	for body, want := range map[string]string{
		`<html>`:                        "UNKNOWN_OUTCOME updateLead",
		`{"data":{"updateLead":null}}`:  "UNKNOWN_OUTCOME updateLead",
		`{"data":{"updateLead":{"id":`:  "UNKNOWN_OUTCOME updateLead",
		`{"errors":[{"message":"no"}]}`: "UPSTREAM_REJECTED updateLead",
	} {
		crm := &scripted{answer: says(body)}
		if _, errs := runOn(t, crm, nil, document); !slices.Equal(errs, []string{want}) || len(crm.asked) != 1 {
			t.Errorf("%s: %v after %v", body, errs, crm.asked)
		}
	}
}

// runOn runs a document over a work list that refers to leads.
func runOn(t *testing.T, crm *scripted, leads []string, document string) (data string, errs []string) {
	t.Helper()
	tasks := make([]any, len(leads))
	for i, id := range leads {
		tasks[i] = map[string]any{"id": fmt.Sprint(i), "lead": map[string]any{"id": id}}
	}
	exec := newFederation(t, crm, tasks, 6).Executor()
	ctx := graphql.StartOperationTrace(t.Context())
	oc, refused := exec.CreateOperationContext(ctx, &graphql.RawParams{Query: document})
	if refused != nil {
		t.Fatal(refused)
	}
	respond, ctx := exec.DispatchOperation(ctx, oc)
	answer := respond(ctx)
	for _, e := range answer.Errors {
		code, _ := e.Extensions["code"].(string)
		if coded, ok := errors.AsType[*helix.Error](e.Err); ok && code == "" {
			code = string(coded.Code)
		}
		errs = append(errs, code+" "+e.Path.String())
	}
	return string(answer.Data), errs
}

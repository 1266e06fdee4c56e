package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"
	"github.com/vektah/gqlparser/v2"

	"github.com/helix-engage/gateway/internal/auth"
	"github.com/helix-engage/gateway/sandbox"
	"github.com/helix-engage/gateway/sandbox/fortytwo"
)

//go:embed testdata/federation.graphql
var federatedDocuments string

// federated is a user of both schemas.
type federated struct {
	*system
	token     string
	documents map[string]string
}

func startFederated(t *testing.T, line fortytwo.Line, environment map[string]string) *federated {
	t.Helper()
	s := startSystemAmong(t, sandbox.Options{Now: time.Now, FortyTwoLine: line}, time.Now, environment)
	return &federated{system: s, token: s.signIn("asha@sandbox.test"), documents: operations(t, federatedDocuments)}
}

// answer is an answer with the order of its keys.
type answer struct {
	Data   json.RawMessage `json:"data"`
	Errors []struct {
		Message    string         `json:"message"`
		Path       []any          `json:"path"`
		Extensions map[string]any `json:"extensions"`
	} `json:"errors"`
}

func (f *federated) post(document string, variables map[string]any) (answer, map[string]any) {
	f.t.Helper()
	body, err := json.Marshal(map[string]any{"query": document, "variables": variables})
	if err != nil {
		f.t.Fatal(err)
	}
	status, raw := f.send(http.MethodPost, "/graphql", "application/json", f.token, string(body))
	var a answer
	var data map[string]any
	if err := json.Unmarshal(raw, &a); err != nil || status != http.StatusOK {
		f.t.Fatalf("HTTP %d %s", status, raw)
	}
	if a.Data != nil {
		if err := json.Unmarshal(a.Data, &data); err != nil {
			f.t.Fatal(err)
		}
	}
	return a, data
}

// whole runs a document that must not fail.
func (f *federated) whole(document string, variables map[string]any) map[string]any {
	f.t.Helper()
	a, data := f.post(document, variables)
	if len(a.Errors) > 0 {
		f.t.Fatalf("%s: %v", document, a.Errors)
	}
	return data
}

func nodesOf(connection any) []map[string]any {
	var nodes []map[string]any
	edges, _ := at(connection, "edges").([]any)
	for _, edge := range edges {
		node, _ := at(edge, "node").(map[string]any)
		nodes = append(nodes, node)
	}
	return nodes
}

// firstOf is the first record of a connection; nil when there is none.
func firstOf(connection any) map[string]any {
	if nodes := nodesOf(connection); len(nodes) > 0 {
		return nodes[0]
	}
	return nil
}

// onBothLines checks FortyTwo's two dialects: all that concerns the composed schema holds on both.
func onBothLines(t *testing.T, check func(t *testing.T, line fortytwo.Line)) {
	t.Helper()
	for _, line := range []fortytwo.Line{fortytwo.Line15, fortytwo.Line27} {
		t.Run("line "+string(line), func(t *testing.T) {
			t.Parallel()
			check(t, line)
		})
	}
}

// Every document of the acceptance runs as written.
func TestTheDocumentsOverBothSchemasRunAsWritten(t *testing.T) {
	t.Parallel()
	onBothLines(t, theDocumentsRunAsWritten)
}

func theDocumentsRunAsWritten(t *testing.T, line fortytwo.Line) {
	t.Helper()
	f := startFederated(t, line, nil)
	for name, document := range f.documents {
		if _, errs := gqlparser.LoadQueryWithRules(f.gateway.federation.Composed().Schema, document, nil); errs != nil {
			t.Errorf("%s: %v", name, errs)
		}
	}

	raw, leads := f.post(f.documents["Leads"], nil)
	first := firstOf(leads["leads"])
	if len(raw.Errors) > 0 || numberAt(leads, "leads", "total") < 500 || first["__typename"] != "Lead" || first["phone"] == nil || first["ident"] == nil {
		t.Errorf("leads: %s %v", raw.Data, raw.Errors)
	}
	if !strings.HasPrefix(string(raw.Data), `{"leads":{"total":`) || !strings.Contains(string(raw.Data), `{"node":{"__typename":"Lead","ident":"`) {
		t.Errorf("the keys are not in the order of the document: %s", raw.Data)
	}
	if first := firstOf(f.whole(f.documents["Leads"], map[string]any{"withPhone": false})["leads"]); len(first) != 4 {
		t.Errorf("a lead without a phone: %v", first)
	}

	twice, data := f.post(f.documents["TwiceTheSameField"], nil)
	newest, oldest := firstOf(data["newest"]), firstOf(data["oldest"])
	if len(twice.Errors) > 0 || data["__typename"] != "Query" || textAt(newest, "createdAt") <= textAt(oldest, "createdAt") {
		t.Errorf("twice the same field: %s", twice.Data)
	}

	f.mixes()
	f.writesInOrder()

	if sdl, _ := at(f.whole(f.documents["SubgraphSDL"], nil), "_service", "sdl").(string); !strings.Contains(sdl, "@link(") || strings.Contains(sdl, "leadsGroupBy") {
		t.Errorf("the subgraph's schema: %.200s", sdl)
	}

	id, _ := first["ident"].(string)
	user := &deskUser{system: f.system, token: f.token, documents: f.documents}
	changed, states := user.listen("LeadChanged", map[string]any{"id": id}), []string{"LOST", "QUALIFIED"}
	defer meanwhile(300*time.Millisecond, func(i int) { // what changes before the record is first read for the subscriber is not told
		f.whole(`mutation($id: UUID!, $state: LeadLeadStatusEnum!) { updateLead(id: $id, data: {leadStatus: $state}) { id } }`,
			map[string]any{"id": id, "state": states[i%2]})
	})()
	if change := changed(); change["recordId"] != id || change["objectName"] != "lead" || at(change, "after", "leadStatus") == nil {
		t.Errorf("the change: %v", change)
	}
}

// mixes asks both sides in one document, with a missed call of a known patient on the work list.
func (f *federated) mixes() {
	f.t.Helper()
	patient := f.whole(`{ patients(first: 1, filter: {phone: {primaryPhoneNumber: {is: NOT_NULL}}}) { edges { node { id phone { primaryPhoneNumber } } } } }`, nil)
	f.abandon(textAt(firstOf(patient["patients"]), "phone", "primaryPhoneNumber"))
	f.whole(`mutation { agentLogin(input: {}) { ok } setAgentState(input: {state: READY}) { ok } }`, nil)
	until(f.t, "the missed call", func() bool {
		claimed := f.whole(`mutation { claimNextMissedCall(input: {}) { missedCall { id } } }`, nil)
		return at(claimed, "claimNextMissedCall", "missedCall", "id") != nil
	})
	var missed, task map[string]any
	until(f.t, "the missed call, recorded with its patient", func() bool {
		missed, task = nil, nil
		data := f.whole(f.documents["Mixed"], map[string]any{"first": 100})
		if at(data, "viewer", "agent", "id") != "agent1" || len(nodesOf(data["leads"])) != 2 {
			f.t.Fatalf("mixed: %v", data)
		}
		for _, node := range nodesOf(data["worklist"]) {
			switch {
			case node["phone"] != nil:
				missed = node
			case node["lead"] != nil:
				task = node
			}
		}
		return at(missed, "patient", "name") != nil
	})
	if at(task, "lead", "id") != task["id"] || at(task, "lead", "leadStatus") != "NEW" || at(task, "lead", "assignee", "name", "firstName") != "Asha" {
		f.t.Errorf("a lead of the work list: %v", task)
	}
	if at(missed, "patient", "appointments", "edges") == nil {
		f.t.Errorf("the missed call: %v", missed)
	}
}

// writesInOrder sees mutations of both sides take effect one after another.
func (f *federated) writesInOrder() {
	f.t.Helper()
	id := textAt(firstOf(f.whole(`{ leads(first: 1) { edges { node { id } } } }`, nil)["leads"]), "id")
	f.control("/sandbox/dials/next", `{"outcome": "answer", "agentRingSeconds": 0.1, "ringSeconds": 0.1, "talkSeconds": 1}`)
	raw, data := f.post(f.documents["WriteAndDial"], map[string]any{"id": id, "phone": "+919812345678", "requestId": uuid.NewString()})
	if len(raw.Errors) > 0 || at(data, "first", "leadStatus") != "CONTACTED" || at(data, "dial", "ok") != true || at(data, "second", "leadStatus") != "QUALIFIED" {
		f.t.Fatalf("writes: %s %v", raw.Data, raw.Errors)
	}
	if !strings.HasPrefix(string(raw.Data), `{"first":`) || bytes.Index(raw.Data, []byte(`"dial":`)) > bytes.Index(raw.Data, []byte(`"second":`)) {
		f.t.Errorf("writes out of order: %s", raw.Data)
	}
	if now, err := f.sandbox.FortyTwo().Record("lead", id); err != nil || now["leadStatus"] != "QUALIFIED" {
		f.t.Errorf("the lead now: %v %v", now["leadStatus"], err)
	}
}

// A document costs FortyTwo one request for each type and level of records that are joined, whatever the length of the lists.
func TestRecordsOfBothSidesAreJoinedWithOneRequestForEachTypeAndLevel(t *testing.T) {
	t.Parallel()
	onBothLines(t, recordsOfBothSidesAreJoinedWithOneRequestForEachTypeAndLevel)
}

func recordsOfBothSidesAreJoinedWithOneRequestForEachTypeAndLevel(t *testing.T, line fortytwo.Line) {
	t.Helper()
	f := startFederated(t, line, nil)
	until(t, "the work list, once FortyTwo's data model is read", func() bool {
		return len(nodesOf(f.whole(`{ worklist(kinds: [LEAD], first: 50) { edges { node { id } } } }`, nil)["worklist"])) == 50
	})
	for name, c := range map[string]struct {
		document string
		want     map[string]int
	}{
		"a work list with leads": {
			`{ worklist(kinds: [LEAD], first: 50) { edges { node { id ... on LeadTask { lead { name leadStatus assignee { name { firstName } } } } } } } }`,
			map[string]int{"leads": 2}, // the work list's own, and the join
		},
		"our fields on FortyTwo's records": {
			`{ leads(first: 50) { edges { node { id callTimeline(first: 1) { edges { node { kind } } } } } } }`,
			map[string]int{"leads": 1},
		},
		"a list below records": {
			`{ leads(first: 3) { edges { node { calls(first: 1) { edges { node { id } } } } } } }`,
			map[string]int{"leads": 1, "calls": 3},
		},
		"no records to join": {
			`{ worklist(kinds: [MISSED_CALL], first: 50) { edges { node { ... on MissedCall { lead { name } } } } } }`,
			map[string]int{},
		},
	} {
		before := f.sandbox.FortyTwo().RequestCounts()
		f.whole(c.document, nil)
		after := f.sandbox.FortyTwo().RequestCounts()
		for _, field := range []string{"leads", "calls", "patients"} {
			if got := after[field] - before[field]; got != c.want[field] {
				t.Errorf("%s: %s was asked for %d times, not %d", name, field, got, c.want[field])
			}
		}
	}
}

func TestWhatADocumentMayAskOfFortyTwoIsBounded(t *testing.T) {
	t.Parallel()
	onBothLines(t, whatADocumentMayAskOfFortyTwoIsBounded)
}

func whatADocumentMayAskOfFortyTwoIsBounded(t *testing.T, line fortytwo.Line) {
	t.Helper()
	f := startFederated(t, line, nil)
	for name, c := range map[string]struct{ document, code, says string }{
		"lists below more than 50 records": {
			`{ leads(first: 51) { edges { node { calls(first: 1) { totalCount } } } } }`, "NESTED_LIST_TOO_WIDE", "the limit is 50",
		},
		"a page of more than 200": {`{ leads(first: 201) { totalCount } }`, "LIMIT_EXCEEDED", "the limit is 200"},
		"cursors by what may be missing": {
			`{ leads(first: 1, after: "x", orderBy: [{score: AscNullsLast}]) { edges { cursor } } }`, "BAD_USER_INPUT", "score",
		},
		"an id that is none": {`{ lead(filter: {id: {eq: "1"}}) { id } }`, "BAD_USER_INPUT", "UUID"},
	} {
		a, _ := f.post(c.document, nil)
		if len(a.Errors) == 0 || a.Errors[0].Extensions["code"] != c.code || !strings.Contains(a.Errors[0].Message, c.says) || len(a.Errors[0].Path) == 0 {
			t.Errorf("%s: %s %v", name, a.Data, a.Errors)
		}
	}
}

func TestFortyTwosFieldsNeedASignedInUser(t *testing.T) {
	t.Parallel()
	onBothLines(t, fortyTwosFieldsNeedASignedInUser)
}

func fortyTwosFieldsNeedASignedInUser(t *testing.T, line fortytwo.Line) {
	t.Helper()
	f := startFederated(t, line, nil)
	const document = `{ leads(first: 1) { totalCount } }`
	before := f.sandbox.FortyTwo().RequestCount("leads")
	for token, want := range map[string]string{"": "UNAUTHENTICATED", inKeyHeader + sandboxCRMKey: "FORBIDDEN", "no.token.atall": "UNAUTHENTICATED"} {
		if _, data, code := f.ask(token, document, nil); code != want || data["leads"] != nil {
			t.Errorf("%q: %s %v", token, code, data)
		}
	}
	f.control("/sandbox/fortytwo/tokens/expire", `{}`)
	if _, _, code := f.ask(f.token, document, nil); code != "UNAUTHENTICATED" {
		t.Errorf("a token that FortyTwo has ended: %s", code)
	}
	if after := f.sandbox.FortyTwo().RequestCount("leads"); after > before+1 {
		t.Errorf("FortyTwo was asked %d times", after-before)
	}
}

// Failures of FortyTwo cost the fields that need it, and are told there.
func TestAFailureOfFortyTwoCostsTheFieldsThatNeedIt(t *testing.T) {
	t.Parallel()
	onBothLines(t, aFailureOfFortyTwoCostsTheFieldsThatNeedIt)
}

func aFailureOfFortyTwoCostsTheFieldsThatNeedIt(t *testing.T, line fortytwo.Line) {
	t.Helper()
	f := startFederated(t, line, nil)
	const document = `{ viewer { agent { id } } a: leads(first: 1) { edges { node { id } } } b: patients(first: 1) { edges { node { id } } } }`
	for _, fault := range []fortytwo.Fault{
		{Kind: fortytwo.FaultReset},
		{Kind: fortytwo.FaultStatus},
		{Kind: fortytwo.FaultGarbage},
		{Kind: fortytwo.FaultError},
		{Kind: fortytwo.FaultBody, Body: `{}`},
		{Kind: fortytwo.FaultBody, Body: `{"data":{"patients":{"edges":[{"node":{"id":null}}]}}}`},
		{Kind: fortytwo.FaultBody, Body: `{"data":{"patients":"none"}}`},
		{Kind: fortytwo.FaultBody, Body: `[]`},
	} {
		fault.RootField, fault.Count = "patients", 5
		if err := f.sandbox.FortyTwo().Fail(fault); err != nil {
			t.Fatal(err)
		}
		a, data := f.post(document, nil)
		f.sandbox.FortyTwo().ClearFaults()
		if len(a.Errors) != 1 || len(a.Errors[0].Path) == 0 || a.Errors[0].Path[0] != "b" || data["b"] != nil {
			t.Errorf("%s %s: %s %v", fault.Kind, fault.Body, a.Data, a.Errors)
		}
		if at(data, "viewer", "agent", "id") != "agent1" || len(nodesOf(data["a"])) != 1 {
			t.Errorf("%s: the others: %s", fault.Kind, a.Data)
		}
		until(t, "FortyTwo's recovery", func() bool {
			a, _ := f.post(document, nil)
			return len(a.Errors) == 0
		})
	}
}

// What is read from FortyTwo with the subscriber's rights is never answered by a run that others share.
func TestASubscriptionThatShowsRecordsOfFortyTwoIsNobodyElses(t *testing.T) {
	t.Parallel()
	f := startFederated(t, fortytwo.Line27, nil)
	exec := f.gateway.federation.Executor()
	for document, want := range map[string]bool{
		`subscription { callEvents { kind } }`:                                                                                                          false,
		`subscription { callEvents { ... on CallMissed { missedCall { lead { id } } } } }`:                                                              false,
		`subscription { callEvents { ... on CallMissed { missedCall { lead { id name } } } } }`:                                                         true,
		`subscription { callEvents { ...E } } fragment E on CallEvent { ... on CallMissed { missedCall { patient { appointments { totalCount } } } } }`: true,
	} {
		ctx := graphql.StartOperationTrace(f.gateway.auth.With(t.Context(), auth.NewCredentials("Bearer "+f.token, ""), "127.0.0.1"))
		oc, errs := exec.CreateOperationContext(ctx, &graphql.RawParams{Query: document})
		if errs != nil {
			t.Fatal(errs)
		}
		if got := f.gateway.federation.Reaches(oc); got != want {
			t.Errorf("%s: %v", document, got)
		}
	}
}

// An event that shows a record of FortyTwo is read for its subscriber.
func TestEventsShowTheRecordsOfFortyTwo(t *testing.T) {
	t.Parallel()
	onBothLines(t, func(t *testing.T, line fortytwo.Line) {
		f := startFederated(t, line, nil)
		lead := f.sandbox.FortyTwo().SeedFacts().SampleLead
		known := lead.Phone[max(0, len(lead.Phone)-10):]
		user := &deskUser{system: f.system, token: f.token, documents: map[string]string{
			"Events": `subscription($after: Cursor) { callEvents(after: $after) { kind ... on CallMissed { missedCall { ident: id lead { __typename id title: name leadStatus callTimeline { edges { node { kind } } } } } } } }`,
		}}
		next := user.listen("Events", map[string]any{"after": f.now()})
		f.abandon(known)
		event := next()
		for event["kind"] != "MISSED" {
			event = next()
		}
		if got := at(event, "missedCall", "lead", "title"); got != lead.Name || at(event, "missedCall", "lead", "__typename") != "Lead" || at(event, "missedCall", "ident") == nil {
			t.Errorf("the event: %v", event)
		}
	})
}

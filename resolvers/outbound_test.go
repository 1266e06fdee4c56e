package resolvers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2/gqlerror"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/desk"
	"github.com/helix-engage/gateway/graph"
	"github.com/helix-engage/gateway/outbound"
	"github.com/helix-engage/gateway/sandbox/outboundday"
)

// line is a telephony provider whose calls all ring, a voice provider, and the streams between them.
type line struct {
	around
	dialled chan helix.DialRequest
}

func (l line) Dial(_ context.Context, r helix.DialRequest) (string, error) {
	l.dialled <- r
	return fmt.Sprintf("p-%d", r.Attempt), nil
}

func (line) CallLog(context.Context, time.Time, time.Time, helix.Phone) ([]helix.DialReport, error) {
	return nil, nil
}

func (line) Conversation(context.Context, string) (helix.Conversation, error) {
	return helix.Conversation{}, helix.NotFound("conversation")
}
func (line) URL(helix.CallID, int) string                         { return "" }
func (line) Prepare(helix.CallID, string)                         {}
func (line) End(helix.CallID, helix.OutboundReason)               {}
func (line) Forget(context.Context, helix.CallID) error           { return nil }
func (line) Request(context.Context, outbound.CallBackWish) error { return nil }

// outboundBed is the schema over the real service and the real log, with a line that answers.
type outboundBed struct {
	t       *testing.T
	exec    *executor.Executor
	service *outbound.Service
	line    line
}

func newOutboundBed(t *testing.T) *outboundBed {
	t.Helper()
	b := busOf(t)
	log := callsOf(t, b)
	l := line{dialled: make(chan helix.DialRequest, 100)}
	service, err := outbound.New(t.Context(), outbound.Options{
		Bus: b, Dialler: l, CallLog: l, Conversations: l, Streams: l, Log: log, Records: l, CallBacks: l, VoiceAgent: "agent_1",
		Tail:   func(ctx context.Context, after *helix.Cursor) (outbound.Feed, error) { return log.Stream(ctx, after) },
		Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	runUntilTheEnd(t, func(ctx context.Context) error {
		if err := service.Run(ctx); !errors.Is(err, context.Canceled) {
			return err
		}
		return nil
	})
	root := New(Options{
		Desk: desk.New(desk.Options{}), Calls: log, Outbound: service, PageSize: 100, Now: time.Now, Logger: slog.New(slog.DiscardHandler),
		Recordings: func(recording string) string { return "https://ours.test/" + recording },
	})
	return &outboundBed{t, executor.New(graph.NewExecutableSchema(graph.Config{Resolvers: root})), service, l}
}

// start begins an operation: one of the CRM's documents by its name, or another one as it is written.
func (b *outboundBed) start(ctx context.Context, document string, variables map[string]any) (graphql.ResponseHandler, context.Context) {
	b.t.Helper()
	params := &graphql.RawParams{Query: document}
	if !strings.Contains(document, "{") {
		params.Query, params.OperationName = outboundday.Documents, document
	}
	raw, err := json.Marshal(variables) // as a request has them
	if err != nil {
		b.t.Fatal(err)
	}
	dec := json.NewDecoder(strings.NewReader(string(raw)))
	dec.UseNumber()
	if err := dec.Decode(&params.Variables); err != nil {
		b.t.Fatal(err)
	}
	oc, errs := b.exec.CreateOperationContext(graphql.StartOperationTrace(ctx), params)
	if errs != nil {
		b.t.Fatal(errs)
	}
	return b.exec.DispatchOperation(graphql.StartOperationTrace(ctx), oc)
}

// ask answers with the one root field, or the code of the error that came in its stead.
func (b *outboundBed) ask(who, document string, variables map[string]any) (field map[string]any, code string) {
	b.t.Helper()
	responses, ctx := b.start(as(b.t, who), document, variables)
	return rootField(b.t, responses(ctx))
}

func (b *outboundBed) liveCalls(who string) (calls []any) {
	b.t.Helper()
	responses, ctx := b.start(as(b.t, who), `{ liveCalls { id state outboundState } }`, nil)
	var data struct{ LiveCalls []any }
	if response := responses(ctx); len(response.Errors) > 0 {
		b.t.Fatal(response.Errors)
	} else if err := json.Unmarshal(response.Data, &data); err != nil {
		b.t.Fatal(err)
	}
	return data.LiveCalls
}

func rootField(t *testing.T, response *graphql.Response) (field map[string]any, code string) {
	t.Helper()
	if response == nil {
		t.Fatal("no answer")
	}
	if len(response.Errors) > 0 {
		return nil, codeOf(response.Errors[0])
	}
	var data map[string]map[string]any
	if err := json.Unmarshal(response.Data, &data); err != nil {
		t.Fatalf("%v: %s", err, response.Data)
	}
	for _, field = range data {
		if failure, is := field["error"].(map[string]any); is {
			code, _ = failure["code"].(string)
		}
	}
	return field, code
}

func codeOf(err *gqlerror.Error) string { return string(helix.AsError(err).Code) }

// wish asks for a call of the patient of the CRM's own example.
func wish(key string) map[string]any {
	input := map[string]any{
		"language": "hi",
		"patient": map[string]any{
			"id": "patient_123", "name": "राहुल शर्मा", "phoneNumber": "098123 45678", "treatmentType": "heart surgery consultation",
			"crmData": map[string]any{"lastVisit": "2024-01-15", "number": json.Number("12345678901234567890"), "doctor": "Dr. Smith"},
		},
	}
	if key != "" {
		input["idempotencyKey"] = key
	}
	return map[string]any{"input": input}
}

func (b *outboundBed) wish(who, key string) (id string) {
	b.t.Helper()
	payload, code := b.ask(who, "StartOutboundCall", wish(key))
	if code != "" || payload["ok"] != true {
		b.t.Fatalf("%s: %v", code, payload)
	}
	id, _ = payload["outboundCall"].(map[string]any)["id"].(string)
	return id
}

func TestTheSameWishIsTheSameCall(t *testing.T) {
	t.Parallel()
	b := newOutboundBed(t)
	first, _ := b.ask("key:crm", "StartOutboundCall", wish("crm-42"))
	want := map[string]any{
		"id": "patient_123", "name": "राहुल शर्मा", "phoneNumber": "+919812345678", "treatmentType": "heart surgery consultation",
		"crmData": map[string]any{"lastVisit": "2024-01-15", "number": 12345678901234567890.0, "doctor": "Dr. Smith"},
	}
	call := first["outboundCall"].(map[string]any)
	if diff := cmp.Diff(want, call["patient"]); diff != "" || first["replayed"] != false || call["idempotencyKey"] != "crm-42" {
		t.Fatalf("%v %s", first, diff)
	}
	again, _ := b.ask("key:crm", "StartOutboundCall", wish("crm-42"))
	if again["replayed"] != true || again["outboundCall"].(map[string]any)["id"] != call["id"] {
		t.Errorf("again: %v", again)
	}
	other := wish("crm-42")
	other["input"].(map[string]any)["language"] = "en"
	if payload, code := b.ask("key:crm", "StartOutboundCall", other); code != "IDEMPOTENCY_CONFLICT" || payload["ok"] != false || payload["outboundCall"] != nil {
		t.Errorf("another wish under the key: %v", payload)
	}
	if theirs := b.wish("key:lab", "crm-42"); theirs == call["id"] {
		t.Error("a key is not its asker's own")
	}
	unnamed, _ := b.ask("key:crm", "StartOutboundCall", wish(""))
	if unnamed["replayed"] != true || unnamed["outboundCall"].(map[string]any)["id"] != call["id"] {
		t.Errorf("without a key: %v", unnamed)
	}
}

func TestWhatCannotBeCalledIsRefusedAsData(t *testing.T) {
	t.Parallel()
	b := newOutboundBed(t)
	for name, change := range map[string]func(input, patient map[string]any){
		"no name":                   func(_, p map[string]any) { p["name"] = " " },
		"a language that is none":   func(in, _ map[string]any) { in["language"] = "Hindi" },
		"crmData that is no object": func(_, p map[string]any) { p["crmData"] = "text" },
		"crmData that is large":     func(_, p map[string]any) { p["crmData"] = map[string]any{"a": strings.Repeat("x", 20_000)} },
		"next year":                 func(in, _ map[string]any) { in["scheduleAt"] = time.Now().AddDate(1, 0, 0).Format(time.RFC3339) },
		"a key that is long":        func(in, _ map[string]any) { in["idempotencyKey"] = strings.Repeat("k", 300) },
	} {
		variables := wish("k")
		input := variables["input"].(map[string]any)
		change(input, input["patient"].(map[string]any))
		if payload, code := b.ask("key:crm", "StartOutboundCall", variables); code != "BAD_USER_INPUT" || payload["ok"] != false || payload["replayed"] != false {
			t.Errorf("%s: %q %v", name, code, payload)
		}
	}
}

// The story of a call as the CRM hears and reads it, with its own documents.
func TestACallIsToldFromTheWishToItsResults(t *testing.T) {
	t.Parallel()
	b := newOutboundBed(t)
	wanted := wish("crm-1")
	wanted["input"].(map[string]any)["scheduleAt"] = time.Now().Add(time.Second).Format(time.RFC3339Nano)
	payload, _ := b.ask("key:crm", "StartOutboundCall", wanted)
	id, _ := payload["outboundCall"].(map[string]any)["id"].(string)
	call := helix.CallID(id)

	ctx, stop := context.WithTimeout(as(t, "key:crm"), 3*time.Minute)
	defer stop()
	responses, ctx := b.start(ctx, "OutboundCallUpdated", map[string]any{"id": id})
	next := func() map[string]any {
		t.Helper()
		update, code := rootField(t, responses(ctx))
		if code != "" {
			t.Fatal(code)
		}
		return update
	}
	if first := next(); first["kind"] != "CHECKPOINT" || first["cursor"] == "" || first["outboundCall"].(map[string]any)["id"] != id {
		t.Fatalf("the first update: %v", first)
	}
	var dial helix.DialRequest
	select {
	case dial = <-b.line.dialled:
	case <-ctx.Done():
		t.Fatal("never dialled")
	}
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for kept := false; !kept; { // the provider's answer, which another goroutine stores
		stored, err := b.service.Get(ctx, call)
		do(err)
		kept = stored.Attempt().ProviderCallID != ""
	}
	_, err := b.service.Attach(ctx, outbound.Claim{Call: call, Attempt: dial.Attempt})
	do(err)
	do(b.service.Active(ctx, call, 1, "conv_1"))
	if live := b.liveCalls("supervisor/meera"); !cmp.Equal(live, []any{map[string]any{"id": id, "state": "ANSWERED", "outboundState": "ACTIVE"}}) {
		t.Errorf("live calls: %v", live)
	}
	if live := b.liveCalls("agent1/asha"); len(live) != 0 {
		t.Errorf("live calls of an agent: %v", live)
	}
	_, err = b.service.Tool(ctx, call, "save_patient_data", []byte(`{"preferred_time": {"from": 10, "to": 12}}`))
	do(err)
	do(b.service.Ended(ctx, call, 1, outbound.Result{
		Reason: helix.ReasonPatientHungUp, Conversation: "conv_1", Recording: "2026-01-14/a.rec", TalkedFor: 61 * time.Second,
		Media: helix.MediaStats{FramesIn: 7, FramesOut: 8, Interruptions: 1, LatencyP50: 700 * time.Millisecond, LatencyP95: 900 * time.Millisecond, LatencyMax: time.Second},
	}))
	do(b.service.Conversation(ctx, helix.Conversation{
		ID: "conv_1", Call: call, Done: true, Summary: "He comes on Monday.",
		Transcript: []helix.TranscriptLine{{Role: helix.RoleVoiceAgent, Text: "नमस्ते"}, {Role: helix.RolePatient, Text: "जी"}},
	}))
	for update, moved, complete := next(), false, false; !moved || !complete; update = next() { // each shows the call as it is by then
		shown := update["outboundCall"].(map[string]any)
		moved = moved || update["kind"] == "OUTBOUND_STATE"
		complete = update["kind"] == "OUTBOUND_UPDATED" && len(shown["transcript"].([]any)) == 2 && shown["state"] == "COMPLETED"
	}

	story, code := b.ask("supervisor/meera", "OutboundCall", map[string]any{"id": id})
	if code != "" {
		t.Fatal(code)
	}
	for name, want := range map[string]any{
		"state": "COMPLETED", "endReason": "PATIENT_HUNG_UP", "language": "hi", "conversationId": "conv_1", "summary": "He comes on Monday.",
		"recordingUrl":  "https://ours.test/2026-01-14/a.rec",
		"collectedData": []any{map[string]any{"key": "preferred_time", "value": map[string]any{"from": 10.0, "to": 12.0}}},
		"media": map[string]any{
			"framesIn": 7.0, "framesOut": 8.0, "droppedFrames": 0.0, "interruptions": 1.0, "reconnects": 0.0,
			"agentLatencyMs": map[string]any{"p50": 700.0, "p95": 900.0, "max": 1000.0},
		},
	} {
		if diff := cmp.Diff(want, story[name]); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	attempt := story["attempts"].([]any)[0].(map[string]any)
	if attempt["number"] != 1.0 || attempt["providerCallId"] != "p-1" || attempt["outcome"] != "PATIENT_HUNG_UP" || attempt["endedAt"] == nil {
		t.Errorf("the attempt: %v", attempt)
	}
	var moves []string
	for i, entry := range story["timeline"].([]any) {
		entry := entry.(map[string]any)
		if entry["sequence"] != float64(i+1) {
			t.Errorf("entry %d: %v", i, entry)
		}
		if entry["kind"] == "STATE" {
			moves = append(moves, entry["to"].(string))
		}
	}
	if got := strings.Join(moves, " "); !strings.HasPrefix(got, "DIALING CONNECTED ACTIVE") || !strings.HasSuffix(got, "COMPLETED") {
		t.Errorf("it moved to %s", got)
	}
	figures, _ := b.ask("key:crm", "OutboundStatistics", nil)
	if figures["successRate"] != 1.0 || figures["averageDurationSeconds"] != 61.0 || figures["active"] != 0.0 {
		t.Errorf("figures: %v", figures)
	}
	timeline, code := b.ask("agent1/asha", `query($id: ID!) { callTimeline(callId: $id) { edges { node {
		kind ... on OutboundStateChanged { from state attempt reason } ... on OutboundCallExtended { state attempt }
	} } } }`, map[string]any{"id": id})
	if edges, _ := timeline["edges"].([]any); code != "" || len(edges) < 5 ||
		!cmp.Equal(edges[0], any(map[string]any{"node": map[string]any{"kind": "OUTBOUND_STATE", "from": nil, "state": "INITIATING", "attempt": nil, "reason": nil}})) {
		t.Errorf("%s %v", code, timeline)
	}
}

func TestCallsAreListedToThoseWhoMaySeeThem(t *testing.T) {
	t.Parallel()
	b := newOutboundBed(t)
	ours := []string{b.wish("key:crm", "1"), b.wish("key:crm", "2"), b.wish("key:crm", "3")}
	theirs := b.wish("key:lab", "1")
	list := func(who string, variables map[string]any) (ids []string, page map[string]any) {
		t.Helper()
		page, code := b.ask(who, "OutboundCalls", variables)
		if code != "" {
			t.Fatal(code)
		}
		for _, edge := range page["edges"].([]any) {
			ids = append(ids, edge.(map[string]any)["node"].(map[string]any)["id"].(string))
		}
		return ids, page
	}
	newest, page := list("key:crm", map[string]any{"first": 2})
	info := page["pageInfo"].(map[string]any)
	if diff := cmp.Diff([]string{ours[2], ours[1]}, newest); diff != "" || page["totalCount"] != 3.0 || info["hasNextPage"] != true {
		t.Fatalf("%v %s", page, diff)
	}
	if rest, page := list("key:crm", map[string]any{"first": 2, "after": info["endCursor"]}); !cmp.Equal(rest, ours[:1]) || page["totalCount"] != 3.0 {
		t.Errorf("the next page: %v", page)
	}
	if all, _ := list("supervisor/meera", nil); len(all) != 4 || all[0] != theirs {
		t.Errorf("a supervisor: %v", all)
	}
	if none, _ := list("supervisor/meera", map[string]any{"states": []string{"FAILED"}}); len(none) != 0 {
		t.Errorf("in a state that none is in: %v", none)
	}
	if none, page := list("supervisor/meera", map[string]any{"states": []string{}}); len(none) != 0 || page["totalCount"] != 0.0 {
		t.Errorf("in none of the states: %v", none)
	}
	if all, _ := list("supervisor/meera", map[string]any{"states": nil}); len(all) != 4 {
		t.Errorf("in whatever state: %v", all)
	}
	if _, code := b.ask("key:crm", "OutboundCalls", map[string]any{"first": 101}); code != "LIMIT_EXCEEDED" {
		t.Errorf("a page that is large: %q", code)
	}
	if _, code := b.ask("key:crm", "OutboundCalls", map[string]any{"after": "what"}); code != "BAD_USER_INPUT" {
		t.Errorf("a cursor that is none: %q", code)
	}

	if call, code := b.ask("key:crm", "OutboundCall", map[string]any{"id": theirs}); call != nil || code != "" {
		t.Errorf("the call of another key: %v %q", call, code)
	}
	if _, code := b.ask("key:crm", "CancelOutboundCall", map[string]any{"id": theirs}); code != "NOT_FOUND" {
		t.Errorf("cancelling the call of another key: %q", code)
	}
	if _, code := b.ask("key:crm", "OutboundCallUpdated", map[string]any{"id": theirs}); code != "NOT_FOUND" {
		t.Errorf("listening to the call of another key: %q", code)
	}
}

func TestACallIsCancelledOnce(t *testing.T) {
	t.Parallel()
	b := newOutboundBed(t)
	id := b.wish("key:crm", "1")
	for _, who := range []string{"key:crm", "supervisor/meera"} {
		payload, code := b.ask(who, "CancelOutboundCall", map[string]any{"id": id})
		call, _ := payload["outboundCall"].(map[string]any)
		if code != "" || payload["ok"] != true || call["state"] != "FAILED" || call["endReason"] != "CANCELLED" {
			t.Errorf("%s: %q %v", who, code, payload)
		}
	}
	if payload, code := b.ask("key:crm", "CancelOutboundCall", map[string]any{"id": "none"}); code != "NOT_FOUND" || payload["outboundCall"] != nil {
		t.Errorf("no call: %q %v", code, payload)
	}
}

func TestWhoMayDoWhatWithOutboundCalls(t *testing.T) {
	t.Parallel()
	b := newOutboundBed(t)
	id := b.wish("key:crm", "1")
	const forbidden, nobody = "FORBIDDEN", "UNAUTHENTICATED"
	for document, want := range map[string]map[string]string{
		"StartOutboundCall":    {"key:crm": "", "supervisor/meera": forbidden, "agent1/asha": forbidden, "member/x": forbidden, "key:made up": nobody, "": nobody},
		"OutboundCall":         {"key:crm": "", "supervisor/meera": "", "agent1/asha": forbidden, "member/x": forbidden, "key:made up": nobody, "": nobody},
		"OutboundCalls":        {"key:crm": "", "supervisor/meera": "", "agent1/asha": forbidden, "member/x": forbidden, "key:made up": nobody, "": nobody},
		"OutboundStatistics":   {"key:crm": "", "supervisor/meera": "", "agent1/asha": forbidden, "member/x": forbidden, "key:made up": nobody, "": nobody},
		"OutboundCallUpdated":  {"key:crm": "", "supervisor/meera": "", "agent1/asha": forbidden, "member/x": forbidden, "key:made up": nobody, "": nobody},
		"CancelOutboundCall":   {"key:crm": "", "supervisor/meera": "", "agent1/asha": forbidden, "member/x": forbidden, "key:made up": nobody, "": nobody},
		`{ liveCalls { id } }`: {"key:crm": forbidden}, `{ agents { id } }`: {"key:crm": forbidden}, `{ viewer { user { id } } }`: {"key:crm": forbidden},
		`subscription { callEvents { cursor } }`: {"key:crm": forbidden},
	} {
		variables := wish("1")
		variables["id"] = id
		for who, code := range want {
			if field, got := b.ask(who, document, variables); got != code {
				t.Errorf("%s as %q: %q %v", document, who, got, field)
			}
		}
	}
}

func TestAGatewayWithoutOutboundCallsSaysSo(t *testing.T) {
	t.Parallel()
	b := newOutboundBed(t)
	b.exec = executor.New(graph.NewExecutableSchema(graph.Config{Resolvers: New(Options{PageSize: 100, Logger: slog.New(slog.DiscardHandler)})}))
	for _, name := range []string{
		"StartOutboundCall", "CancelOutboundCall", "OutboundCall", "OutboundCalls", "OutboundStatistics", "OutboundCallUpdated",
	} {
		variables := wish("1")
		variables["id"] = "1"
		if _, code := b.ask("key:crm", name, variables); code != "NOT_CONFIGURED" {
			t.Errorf("%s: %q", name, code)
		}
	}
}

package main

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/helix-engage/gateway/graph"
)

// column is a kind of caller.
type column string

// The callers, in the order in which they ask: those who may do least first, so that what they are refused is still as it
// was when those come who may.
const (
	asNobody         column = "nobody"
	asExpired        column = "an expired token"
	asForeign        column = "a token of another workspace"
	asWebhookSecret  column = "the provider's webhook secret"
	asCRMKeyAsToken  column = "a key of the CRM in place of a token"
	asCRMKey         column = "a key of the CRM"
	asServerKey      column = "the gateway's own key"
	asServerKeyAsKey column = "the gateway's own key in place of the CRM's"
	asMember         column = "a member who is neither agent nor supervisor"
	asOther          column = "another agent"
	asSupervisor     column = "a supervisor"
	asAgent          column = "the agent whose it is"
)

var columns = []column{
	asNobody, asExpired, asForeign, asWebhookSecret, asCRMKeyAsToken, asServerKey, asServerKeyAsKey, asCRMKey, asMember, asOther, asSupervisor, asAgent,
}

// allowed is the code of what is not refused; closed is that of a socket that is refused as a whole.
const (
	allowed         = ""
	closed          = "close 4403"
	unauthenticated = "UNAUTHENTICATED"
	forbidden       = "FORBIDDEN"
	notAnAgent      = "NOT_AN_AGENT"
	conflict        = "CONFLICT"
)

// outsiders is what those who are no members are answered with.
var outsiders = map[column]string{
	asNobody: unauthenticated, asExpired: unauthenticated, asForeign: forbidden, asWebhookSecret: unauthenticated, asCRMKeyAsToken: unauthenticated,
	asServerKey: unauthenticated, asServerKeyAsKey: unauthenticated, asCRMKey: forbidden,
}

// Every field of the three root types is asked by every kind of caller, over HTTP and over WebSockets.
func TestEveryOperationIsRefusedToThoseWhoMayNotCallIt(t *testing.T) {
	t.Parallel()
	st := newStage(t)
	var fields []string
	for _, root := range []string{"Query", "Mutation", "Subscription"} {
		for _, f := range graph.NewExecutableSchema(graph.Config{}).Schema().Types[root].Fields {
			if !strings.HasPrefix(f.Name, "__") {
				fields = append(fields, root+"."+f.Name)
			}
		}
	}
	asked := map[string]bool{}
	for _, r := range matrix {
		if !slices.Contains(fields, r.field) || asked[r.field] {
			t.Errorf("%s is no field of the schema, or stands twice in the matrix", r.field)
		}
		asked[r.field] = true
		if r.before != nil {
			r.before(st)
		}
		for _, who := range columns {
			t.Run(r.field+"/"+string(who), func(t *testing.T) { st.check(t, r, who) })
		}
	}
	for _, f := range fields {
		if !asked[f] {
			t.Errorf("%s is in the schema and not in the matrix: say who may call it", f)
		}
	}
	t.Logf("%d operations, %d kinds of callers, %d cells", len(matrix), len(columns), len(matrix)*len(columns))
}

// check asks for one cell. Whoever is refused learns nothing of the agent's call and missed call nor of the CRM's, nor does
// another agent.
func (st *stage) check(t *testing.T, r row, who column) {
	t.Helper()
	want := r.want.of(who)
	ask := st.post
	if strings.HasPrefix(r.field, "Subscription.") {
		ask = st.subscribe
		if _, outside := outsiders[who]; outside && who != asCRMKey {
			want = closed
		}
	}
	code, answer := ask(t, r, who)
	if code != want {
		t.Fatalf("got %q, want %q: %.300s", code, want, answer)
	}
	if want == allowed && (who == asAgent || who == asSupervisor || r.open) {
		return
	}
	secrets := map[string]string{"the agent's call": st.call, "his missed call": st.missed, "his caller": st.caller[3:]}
	if who != asCRMKey {
		secrets["the CRM's call"], secrets["its patient"] = st.outbound, "9800000088"
	}
	for what, private := range secrets {
		if strings.Contains(answer, private) {
			t.Errorf("the answer tells of %s: %.500s", what, answer)
		}
	}
}

// post asks over HTTP and answers with the code of the error, be it the answer's own or in its data.
func (st *stage) post(t *testing.T, r row, who column) (code, answer string) {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": r.document, "variables": r.variables(st, who)})
	if err != nil {
		t.Fatal(err)
	}
	status, raw := st.send(http.MethodPost, "/graphql", "application/json", st.tokens[who], string(body))
	if status != http.StatusOK {
		t.Fatalf("HTTP %d %.300s", status, raw)
	}
	return codeIn(t, raw), string(raw)
}

// subscribe asks over a WebSocket: what a refused socket was closed with, the error of the operation, or its first event.
func (st *stage) subscribe(t *testing.T, r row, who column) (code, answer string) {
	t.Helper()
	socket := openSocket(t, st.system)
	defer socket.close()
	payload := map[string]string{}
	if name, value := headerOf(st.tokens[who]); value != "" {
		payload[name] = value
	}
	socket.write(map[string]any{"type": "connection_init", "payload": payload})
	if m := socket.read(); m.closed != 0 {
		return "close " + strconv.Itoa(m.closed), ""
	}
	socket.subscribe("1", r.document, r.variables(st, who))
	if r.poke != nil { // what is listened to happens until it is heard
		defer meanwhile(20*time.Millisecond, func(i int) { r.poke(st, i) })()
	}
	m := socket.read()
	switch {
	case m.closed != 0:
		return "close " + strconv.Itoa(m.closed), ""
	case m.Type == "next":
		return codeIn(t, m.Payload), string(m.Payload)
	default:
		return codeIn(t, []byte(`{"errors": `+string(m.Payload)+`}`)), string(m.Payload)
	}
}

// codeIn finds the first code of an answer: of its errors, else of the error in its one root field.
func codeIn(t *testing.T, raw []byte) string {
	t.Helper()
	var answer struct {
		Data   map[string]json.RawMessage
		Errors []struct{ Extensions struct{ Code string } }
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		t.Fatalf("%v: %s", err, raw)
	}
	if len(answer.Errors) > 0 {
		return answer.Errors[0].Extensions.Code
	}
	for _, field := range answer.Data {
		var payload struct{ Error struct{ Code string } }
		_ = json.Unmarshal(field, &payload) // a list or a word has no error
		return payload.Error.Code
	}
	t.Fatalf("neither data nor errors: %s", raw)
	return ""
}

// madeUp is a token that nobody signed.
func madeUp(t *testing.T, until time.Time) string {
	t.Helper()
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"type": "ACCESS", "exp": until.Unix()}).SignedString([]byte("k"))
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestATokenThatNobodyIssuedOrThatWasWithdrawnIsRefused(t *testing.T) {
	t.Parallel()
	s := startSystemStanding(t, nil)
	withdrawn := s.signIn("ravi@sandbox.test")
	s.sandbox.FortyTwo().ExpireTokens()
	// The gateway has not asked about this one yet: signing in makes a session, and that its token is valid, known.
	fresh, err := s.sandbox.FortyTwo().AccessToken("admin@sandbox.test")
	if err != nil {
		t.Fatal(err)
	}
	s.sandbox.FortyTwo().ExpireTokens()
	for name, token := range map[string]string{
		"made up": madeUp(t, time.Now().Add(time.Hour)), "withdrawn before it was used": fresh,
	} {
		if _, _, code := s.ask(token, `{ viewer { user { id } } }`, nil); code != unauthenticated {
			t.Errorf("%s: %q", name, code)
		}
	}
	// FortyTwo's answer is believed for a minute.
	if _, _, code := s.ask(withdrawn, `{ viewer { user { id } } }`, nil); code != allowed {
		t.Errorf("withdrawn within its minute: %q", code)
	}
}

func TestWhatIsOpenToEverybodyAndWhatIntrospectionNeeds(t *testing.T) {
	t.Parallel()
	st := newStage(t)
	for _, who := range columns {
		want := outsiders[who]
		if who == asCRMKey {
			want = allowed
		}
		for document, code := range map[string]string{
			`{ __typename }`: allowed, `{ __schema { queryType { name } } }`: want, `{ __type(name: "Query") { name } }`: want,
			`query { ... on Query { ...f } } fragment f on Query { __schema { queryType { name } } }`: want,
			`mutation { __typename }`: allowed,
		} {
			if _, _, got := st.ask(st.tokens[who], document, nil); got != code {
				t.Errorf("%s, %s: %q, want %q", who, document, got, code)
			}
		}
	}
}

func TestSigningInIsLimitedByEMailAndByAddress(t *testing.T) {
	t.Parallel()
	s := startSystemStanding(t, map[string]string{"LIMIT_SIGN_INS_PER_MINUTE": "1", "TRUSTED_PROXIES": "1"})
	signIn := func(address, email string) any {
		t.Helper()
		body := `{"query": "mutation { signIn(input: {email: \"` + email + `\", password: \"wrong\"}) { error { code } } }"}`
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/graphql", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("X-Forwarded-For", address)
		res, err := s.hc.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		var answer struct{ Data map[string]any }
		if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
			t.Fatal(err)
		}
		return at(answer.Data, "signIn", "error", "code")
	}
	if got := signIn("192.0.2.1", "asha@sandbox.test"); got != unauthenticated {
		t.Fatalf("the first: %v", got)
	}
	for _, spelling := range []string{"asha@sandbox.test", " ASHA@sandbox.test "} {
		if got := signIn("192.0.2.2", spelling); got != "TOO_MANY_REQUESTS" {
			t.Fatalf("the same e-mail from another address: %v", got)
		}
	}
	for tried := range addressShare {
		if got := signIn("192.0.2.3", "nobody"+strconv.Itoa(tried)+"@sandbox.test"); got != unauthenticated {
			t.Fatalf("sign-in %d from one address: %v", tried+1, got)
		}
	}
	if got := signIn("192.0.2.3", "somebody@sandbox.test"); got != "TOO_MANY_REQUESTS" {
		t.Fatalf("one more from the address: %v", got)
	}
	if got := signIn("192.0.2.4", "somebody@sandbox.test"); got != unauthenticated {
		t.Fatalf("who was refused for his address spent nothing of his e-mail's share: %v", got)
	}
}

package upstream

import (
	"encoding/json"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	helix "github.com/helix-engage/gateway"
	emulator "github.com/helix-engage/gateway/sandbox/fortytwo"
)

// crm is an emulated FortyTwo and a client of it.
type crm struct {
	*emulator.Server
	t      *testing.T
	client *Client
	agent  *Caller
}

func newCRM(t *testing.T, line emulator.Line) *crm {
	t.Helper()
	server, err := emulator.New(emulator.Options{Line: line, Rate: emulator.RateLimit{Long: 3}})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(server.Handler())
	t.Cleanup(func() {
		server.Close()
		web.Close()
	})
	token, err := server.AccessToken("asha@sandbox.test")
	if err != nil {
		t.Fatal(err)
	}
	client := newClient(t, Options{URL: web.URL + "/graphql", Timeout: time.Minute})
	return &crm{Server: server, t: t, client: client, agent: callerOf(token)}
}

// ask gives the data of an answer, or its errors in one line each.
func (c *crm) ask(caller *Caller, document string) (data string, errs []string) {
	c.t.Helper()
	sent, err := json.Marshal(map[string]string{"query": document})
	if err != nil {
		c.t.Fatal(err)
	}
	body, status, err := c.client.Do(c.t.Context(), caller, &Request{Body: sent})
	if err != nil {
		return "", []string{string(codeOf(c.t, err))}
	}
	var got struct{ Data, Errors json.RawMessage }
	if err := json.Unmarshal(body, &got); err != nil {
		c.t.Fatal(err)
	}
	for _, e := range Errors(got.Errors, status) {
		errs = append(errs, render(e))
	}
	return string(got.Data), errs
}

const oneLead = `{leads(first:1){edges{node{__typename}}}}`

func TestBothLinesOfFortyTwoAreUnderstood(t *testing.T) {
	t.Parallel()
	const lead = "11111111-1111-4111-8111-111111111111"
	for _, line := range []emulator.Line{emulator.Line15, emulator.Line27} {
		t.Run(string(line), func(t *testing.T) {
			t.Parallel()
			c := newCRM(t, line)
			data, errs := c.ask(c.agent, oneLead)
			if data != `{"leads":{"edges":[{"node":{"__typename":"Lead"}}]}}` || errs != nil {
				t.Fatalf("%s %q", data, errs)
			}
			gone := `NOT_FOUND/RECORD_NOT_FOUND "no such record" "An error occurred."`
			if line == emulator.Line27 {
				gone = `NOT_FOUND/RECORD_NOT_FOUND "This record does not exist or has been deleted" "This record does not exist or has been deleted."`
			}
			for _, asked := range []struct{ document, want string }{
				{`{lead(filter:{id:{eq:"` + lead + `"}}){id}}`, gone},
				{`{leads(first:-1){edges{node{id}}}}`, `BAD_USER_INPUT/INVALID_ARGS_FIRST "First argument must be non-negative" "An error occurred."`},
				{`{leads(first:1,last:1){edges{node{id}}}}`, `BAD_USER_INPUT/ARGS_CONFLICT "Cannot provide both first and last" "An error occurred."`},
			} {
				if _, errs := c.ask(c.agent, asked.document); !slices.Equal(errs, []string{asked.want}) {
					t.Errorf("%s: %q, want %q", asked.document, errs, asked.want)
				}
			}
			if _, errs := c.ask(callerOf("not.a.token"), oneLead); len(errs) != 1 || errs[0][:15] != "UNAUTHENTICATED" {
				t.Errorf("a bad token: %q", errs)
			}
			c.ExpireTokens()
			if _, errs := c.ask(c.agent, oneLead); len(errs) != 1 || errs[0][:15] != "UNAUTHENTICATED" {
				t.Errorf("an expired token: %q", errs)
			}
			if !c.client.Health().OK() {
				t.Error("refusals count as failures of FortyTwo")
			}
		})
	}
}

func TestTheFaultsOfFortyTwoHaveTheirCodes(t *testing.T) {
	t.Parallel()
	c := newCRM(t, emulator.Line27)
	for _, f := range []struct {
		fault emulator.Fault
		want  string
	}{
		{emulator.Fault{Kind: emulator.FaultReset}, string(helix.CodeUnavailable)},
		{emulator.Fault{Kind: emulator.FaultStatus}, string(helix.CodeUnavailable)},
		{emulator.Fault{Kind: emulator.FaultGarbage}, string(helix.CodeUnavailable)},
		{emulator.Fault{Kind: emulator.FaultStatus, Status: 429}, string(helix.CodeTooManyRequests)},
		{emulator.Fault{Kind: emulator.FaultError}, `INTERNAL_SERVER_ERROR "FortyTwo has a fault of its own" "An error occurred."`},
		{
			emulator.Fault{Kind: emulator.FaultRateLimit, Status: 429},
			`TOO_MANY_REQUESTS/LIMIT_REACHED "Rate limit reached. Please try again later" "Rate limit reached. Please try again later."`,
		},
		{
			emulator.Fault{Kind: emulator.FaultExpired},
			`UNAUTHENTICATED/UNAUTHENTICATED "You must be authenticated to perform this action" "You must be authenticated to perform this action."`,
		},
	} {
		f.fault.Path = "/graphql"
		if err := c.Fail(f.fault); err != nil {
			t.Fatal(err)
		}
		if _, errs := c.ask(c.agent, oneLead); !cmp.Equal(errs, []string{f.want}) {
			t.Errorf("%s: %q, want %q", f.fault.Kind, errs, f.want)
		}
	}
	if data, errs := c.ask(c.agent, oneLead); data == "" || errs != nil {
		t.Errorf("in the end: %q", errs)
	}
}

func TestTheRateLimitOfAnAPIKeyIsTooManyRequests(t *testing.T) {
	t.Parallel()
	c := newCRM(t, emulator.Line27)
	key := callerOf(c.APIKey())
	for range 3 {
		if _, errs := c.ask(key, oneLead); errs != nil {
			t.Fatal(errs)
		}
	}
	want := []string{`TOO_MANY_REQUESTS/LIMIT_REACHED "Rate limit reached. Please try again later" "Rate limit reached. Please try again later."`}
	if _, errs := c.ask(key, oneLead); !cmp.Equal(errs, want) {
		t.Errorf("%q", errs)
	}
}

package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/sandbox"
	"github.com/helix-engage/gateway/sandbox/fortytwo"
)

// deaf is a gateway that takes no webhook of the sandbox's.
var deaf = map[string]string{"WEBHOOK_SECRET_FORTYTWO": "another secret than the sandbox's"}

// followedLead is told of on a socket.
type followedLead struct {
	*system
	socket *wire
	id     string
}

// follow opens recordChanged for a lead, with the document of the acceptance.
func (s *system) follow(token, lead string) *followedLead {
	s.t.Helper()
	until(s.t, "the data model", func() bool { return s.gateway.fortyTwo.State().ModelReady })
	f := &followedLead{system: s, socket: openSocket(s.t, s), id: lead}
	f.socket.hello(token)
	f.socket.subscribe("1", operations(s.t, federatedDocuments)["LeadChanged"], map[string]any{"id": lead})
	return f
}

// next gives the next change, nil and the code at the end with an error, nil and "" at the end.
func (f *followedLead) next() (change map[string]any, code string) {
	f.t.Helper()
	m := f.socket.read()
	if m.Type == "complete" {
		return nil, ""
	}
	var payload struct {
		Data struct {
			RecordChanged map[string]any `json:"recordChanged"`
		} `json:"data"`
		Errors json.RawMessage `json:"errors"`
	}
	if m.Type == "error" {
		return nil, codeIn(f.t, []byte(`{"errors": `+string(m.Payload)+`}`))
	}
	if err := json.Unmarshal(m.Payload, &payload); err != nil {
		f.t.Fatalf("%v: %s", err, m.Payload)
	}
	if payload.Errors != nil {
		return nil, codeIn(f.t, m.Payload)
	}
	return payload.Data.RecordChanged, ""
}

// renamed changes the lead's name until the subscriber hears of it: he may not be listening yet.
func (f *followedLead) renamed(name string) map[string]any {
	f.t.Helper()
	stop := meanwhile(50*time.Millisecond, func(i int) {
		f.edit("lead", f.id, `{"name": "`+name+`", "source": "`+[]string{"WALK_IN", "PHONE"}[i%2]+`"}`)
	})
	defer stop()
	change, code := f.next()
	for ; change != nil && at(change, "after", "name") != name; change, code = f.next() {
	}
	stop()
	if change == nil {
		f.t.Fatalf("it ended with %q", code)
	}
	return change
}

// until reads changes up to the one that fits.
func (f *followedLead) until(fits func(change map[string]any) bool) map[string]any {
	f.t.Helper()
	for {
		change, code := f.next()
		if change == nil {
			f.t.Fatalf("it ended with %q", code)
		}
		if fits(change) {
			return change
		}
	}
}

func (s *system) aLead() string {
	s.t.Helper()
	return s.sandbox.FortyTwo().SeedFacts().SampleLead.LeadID
}

func TestALeadIsFollowedByTheEventStream(t *testing.T) {
	t.Parallel()
	s := startSystem(t, deaf)
	asha, crm := s.signIn("asha@sandbox.test"), s.sandbox.FortyTwo()
	lead := s.aLead()
	var followers []*followedLead
	for range 20 {
		followers = append(followers, s.follow(asha, lead))
	}
	for _, f := range followers {
		change := f.renamed("Heard by " + f.id)
		if change["action"] != "UPDATED" || change["objectName"] != "lead" || change["recordId"] != lead || at(change, "after", "id") != lead {
			t.Fatalf("told %v", change)
		}
	}
	if n := crm.StreamCount(); n != 1 || crm.StreamQueries() != 1 {
		t.Errorf("20 subscriptions of one user are %d streams, %d queries", n, crm.StreamQueries())
	}
	s.control("/sandbox/fortytwo/streams/cut", `{}`)
	s.edit("lead", lead, `{"name": "Renamed while nobody heard"}`)
	for _, f := range followers {
		f.until(func(c map[string]any) bool { return at(c, "after", "name") == "Renamed while nobody heard" })
		f.socket.close()
	}
	until(t, "the end of the stream that nobody needs", func() bool { return crm.StreamCount() == 0 })
}

func TestALeadIsFollowedByWebhooksWhereThereIsNoStream(t *testing.T) {
	t.Parallel()
	s := startSystemAmong(t, sandbox.Options{Now: time.Now, FortyTwoLine: fortytwo.Line15}, time.Now, nil)
	f := s.follow(s.signIn("asha@sandbox.test"), s.aLead())
	change := f.renamed("By webhook")
	if change["action"] != "UPDATED" || change["recordId"] != f.id || at(change, "after", "id") != f.id {
		t.Fatalf("told %v", change)
	}
	if s.sandbox.FortyTwo().StreamCount() != 0 {
		t.Error("there is a stream")
	}
}

func TestTheLifeOfALeadIsTold(t *testing.T) {
	t.Parallel()
	for name, environment := range map[string]map[string]string{"by the event stream": deaf, "with webhooks too": nil} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startSystem(t, environment)
			asha := s.signIn("asha@sandbox.test")
			f := s.follow(asha, s.aLead())
			f.renamed("Here")
			write := func(mutation string) {
				t.Helper()
				status, answer := s.send(http.MethodPost, s.sandbox.FortyTwoURL()+"/graphql", "application/json", asha, `{"query": "mutation { `+mutation+` }"}`)
				if status != http.StatusOK || strings.Contains(string(answer), "errors") {
					t.Fatalf("HTTP %d %s", status, answer)
				}
			}
			write(`deleteLead(id: \"` + f.id + `\") { id }`)
			if c := f.until(func(c map[string]any) bool { return c["action"] != "UPDATED" }); c["action"] != "DELETED" || c["after"] != nil {
				t.Errorf("told %v", c)
			}
			write(`restoreLead(id: \"` + f.id + `\") { id }`)
			if c := f.until(func(map[string]any) bool { return true }); c["action"] != "RESTORED" || at(c, "after", "name") != "Here" {
				t.Errorf("told %v", c)
			}
			write(`destroyLead(id: \"` + f.id + `\") { id }`)
			if c := f.until(func(map[string]any) bool { return true }); c["action"] != "DESTROYED" || c["after"] != nil {
				t.Errorf("told %v", c)
			}
			if c, code := f.next(); c != nil || code != "" {
				t.Errorf("after its end: %v %s", c, code)
			}
		})
	}
}

func TestWhatASubscriberMayNotReadIsNotTold(t *testing.T) {
	t.Parallel()
	for _, line := range []fortytwo.Line{fortytwo.Line27, fortytwo.Line15} {
		t.Run(string(line), func(t *testing.T) {
			t.Parallel()
			s := startSystemAmong(t, sandbox.Options{Now: time.Now, FortyTwoLine: line}, time.Now, nil)
			crm := s.sandbox.FortyTwo()
			if err := crm.AddRole(fortytwo.Role{Label: "Blind", ReadAll: true, Objects: map[string]fortytwo.ObjectRights{"lead": {}}}); err != nil {
				t.Fatal(err)
			}
			asha := s.signIn("asha@sandbox.test")
			f := s.follow(asha, s.aLead())
			f.renamed("While she may")
			if err := crm.SetRole("asha@sandbox.test", "Blind"); err != nil {
				t.Fatal(err)
			}
			s.edit("lead", f.id, `{"name": "For others"}`)
			s.control("/sandbox/fortytwo/streams/cut", `{}`) // a stream is silent to her from now on; a new one makes the gateway look
			change, code := f.next()
			for ; change != nil && at(change, "after", "name") == "While she may"; change, code = f.next() {
			}
			if change != nil || code != string(helix.CodeForbidden) {
				t.Errorf("told %v, %s", change, code)
			}
			for _, c := range []struct{ token, lead, code string }{
				{asha, f.id, string(helix.CodeForbidden)},
				{s.signIn("ravi@sandbox.test"), "11111111-1111-4111-8111-111111111111", string(helix.CodeNotFound)},
			} {
				if change, code := s.follow(c.token, c.lead).next(); change != nil || code != c.code {
					t.Errorf("got %v, %q, want %q", change, code, c.code)
				}
			}
		})
	}
}

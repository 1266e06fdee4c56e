package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	helix "github.com/helix-engage/gateway"
)

// loadAgents loads a configuration whose AGENTS_FILE has this text.
func loadAgents(t *testing.T, text string) (Config, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "agents.json")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return LoadConfig(map[string]string{"HELIX_SECRET": testSecret, "AGENTS_FILE": path, "OZONETEL_AGENT_EMAIL": "single@example.org"})
}

func TestTheAgentsFileIsTheWholeDirectory(t *testing.T) {
	t.Parallel()
	c, err := loadAgents(t, `{
		"Asha@Example.org": {"agentId": "agent1", "password": "one-password", "sipExtension": "5001", "campaign": "Sales", "did": "918000000001"},
		"ravi@example.org": {"agentId": "agent2", "password": "another-password", "sipExtension": "5002"}
	}`)
	if err != nil {
		t.Fatal(err)
	}
	want := []helix.AgentSeat{
		{Email: "asha@example.org", Agent: "agent1", Password: "one-password", SIPExtension: "5001", Campaign: "Sales", DID: "918000000001"},
		{
			Email: "ravi@example.org", Agent: "agent2", Password: "another-password", SIPExtension: "5002",
			Campaign: "Inbound_918041763265", DID: "918041763265",
		},
	}
	if diff := cmp.Diff(want, c.Directory.Seats()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if seat := c.Directory.Seat(" ASHA@example.org"); seat == nil || seat.Agent != "agent1" {
		t.Errorf("Asha's seat is %v", seat)
	}
	if seat := c.Directory.Seat("single@example.org"); seat != nil {
		t.Error("the single agent exists besides the file")
	}
}

func TestWithoutAFileThereIsOneAgentForOneMember(t *testing.T) {
	t.Parallel()
	c, err := LoadConfig(map[string]string{
		"HELIX_SECRET": testSecret, "OZONETEL_AGENT_EMAIL": "Single@Example.org", "OZONETEL_AGENT_PASSWORD": "the-password",
	})
	if err != nil {
		t.Fatal(err)
	}
	want := &helix.AgentSeat{
		Email: "single@example.org", Agent: "agent3", Password: "the-password", SIPExtension: "521814",
		Campaign: "Inbound_918041763265", DID: "918041763265",
	}
	if diff := cmp.Diff(want, c.Directory.Seat("single@example.org")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if c.Directory.Seat("other@example.org") != nil || c.Directory.Seat("") != nil {
		t.Error("somebody else has a seat")
	}
}

func TestTheAgentsFileIsRefused(t *testing.T) {
	t.Parallel()
	const entry = `{"agentId": "a1", "password": "hidden", "sipExtension": "1"}`
	for name, tc := range map[string]struct{ text, want string }{
		"when it is no object":        {`["a@example.org"]`, "is not a JSON object"},
		"when it is empty":            {``, "is not a JSON object"},
		"when it is cut off":          {`{"a@example.org": {"agentId": "a1"`, "cannot be read at entry 1"},
		"when it is no JSON":          {`{"a@example.org": {agentId}}`, "cannot be read at entry 1 (syntax, at byte"},
		"when something follows":      {`{"a@example.org": ` + entry + `} {}`, "does not end after its object"},
		"when a field is unknown":     {`{"a@example.org": {"agent": "a1"}}`, `cannot be read at entry 1 (unknown field "agent")`},
		"when a field is no text":     {`{"a@example.org": {"agentId": 1}}`, "cannot be read at entry 1 (agentId should be a string)"},
		"when a password is missing":  {`{"a@example.org": {"agentId": "a1", "sipExtension": "1"}}`, `has no password for "a@example.org"`},
		"when a key is no e-mail":     {`{"a": ` + entry + `}`, `has the key "a"`},
		"when a member occurs twice":  {`{"a@example.org": ` + entry + `, "A@example.org": {"agentId": "a2", "password": "p", "sipExtension": "2"}}`, `has "a@example.org" twice`},
		"when an agent is shared":     {`{"a@example.org": ` + entry + `, "b@example.org": {"agentId": "A1", "password": "p", "sipExtension": "2"}}`, `gives agent "A1" to "a@example.org" and "b@example.org"`},
		"when an extension is shared": {`{"a@example.org": ` + entry + `, "b@example.org": {"agentId": "a2", "password": "p", "sipExtension": "1"}}`, `gives extension "1" to "a@example.org" and "b@example.org"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := loadAgents(t, tc.text)
			var faults *ConfigError
			if !errors.As(err, &faults) {
				t.Fatalf("error is %v", err)
			}
			if len(faults.Faults) != 1 || !strings.HasPrefix(faults.Faults[0], "AGENTS_FILE "+tc.want) {
				t.Errorf("faults are %q; want one that begins with %q", faults.Faults, tc.want)
			}
			if strings.Contains(err.Error(), "hidden") {
				t.Errorf("a password is shown: %v", err)
			}
		})
	}
}

func TestAMissingAgentsFileIsAFault(t *testing.T) {
	t.Parallel()
	_, err := LoadConfig(map[string]string{"HELIX_SECRET": testSecret, "AGENTS_FILE": filepath.Join(t.TempDir(), "none.json")})
	if err == nil || !strings.Contains(err.Error(), "AGENTS_FILE cannot be read: ") {
		t.Errorf("error is %v", err)
	}
}

func FuzzAgentsFile(f *testing.F) {
	f.Add([]byte(`{"a@example.org": {"agentId": "a1", "password": "p", "sipExtension": "1"}}`))
	f.Add([]byte(`{"a": {}, "a": null}`))
	f.Add([]byte(`{`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var found faults
		d := &Directory{seats: parseAgents(text, AgentsConfig{Campaign: "c", DID: "d"}, &found)}
		d.refuseDuplicates(&found)
		if len(found.list) > 0 {
			return
		}
		for _, s := range d.Seats() {
			if s.Email == "" || s.Agent == "" || s.Password == "" || s.SIPExtension == "" || s.Campaign == "" || s.DID == "" {
				t.Errorf("accepted a seat with something missing: %q", s.Email)
			}
		}
	})
}

package main

import (
	"path/filepath"
	"testing"

	"github.com/helix-engage/gateway/sandbox/fortytwo"
)

// An object that an administrator takes away costs its own fields and nobody's session, though FortyTwo answers as it would
// without a token; and the schema is looked at, though nobody tells of the change.
func TestAnObjectThatIsTakenAwayCostsNobodyHisSession(t *testing.T) {
	t.Parallel()
	onBothLines(t, takenAwayCostsNobodyHisSession)
}

func takenAwayCostsNobodyHisSession(t *testing.T, line fortytwo.Line) {
	t.Helper()
	box, dir := startSandboxOf(t, line), t.TempDir()
	environment := sandboxEnvironment(box, unhurried(map[string]string{
		"DATA_DIR": filepath.Join(dir, "data"), "HOST": "127.0.0.1", "SCHEMA_REFRESH_INTERVAL": "1h",
	}))
	environment["AGENTS_FILE"] = filepath.Join(dir, "agents.json")
	if err := writeAgents(box, environment["AGENTS_FILE"]); err != nil {
		t.Fatal(err)
	}
	f := &federated{system: gatewayAmong(t.Context(), t, box, environment, nil)}
	f.token = f.signIn("asha@sandbox.test")
	const (
		leads    = `{ viewer { agent { id } } leads(first: 1) { totalCount } }`
		patients = `{ patients(first: 1) { totalCount } }`
	)
	f.whole(leads, nil)
	f.whole(patients, nil)

	var a answer
	var data map[string]any
	until(t, "leads that are gone while the schema has them", func() bool {
		if err := box.FortyTwo().DeactivateObject("lead"); err != nil {
			t.Fatal(err)
		}
		if a, data = f.post(leads, nil); len(a.Errors) != 1 || a.Errors[0].Extensions["code"] != "GRAPHQL_VALIDATION_FAILED" {
			return true
		}
		// The look at the schema that a start ends with came only now. The next one is an hour away.
		if err := box.FortyTwo().ActivateObject("lead"); err != nil {
			t.Fatal(err)
		}
		if err := f.gateway.federation.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		return false
	})
	if len(a.Errors) != 1 || a.Errors[0].Extensions["code"] != "UPSTREAM_REJECTED" || len(a.Errors[0].Path) != 1 || a.Errors[0].Path[0] != "leads" {
		t.Errorf("leads that are gone: %s %v", a.Data, a.Errors)
	}
	if at(data, "viewer", "agent", "id") != "agent1" || data["leads"] != nil {
		t.Errorf("beside them: %s", a.Data)
	}
	work := f.whole(`{ worklist(kinds: [LEAD]) { errors { kind code } } }`, nil)
	if failed, _ := at(work, "worklist", "errors").([]any); len(failed) != 1 || at(failed[0], "code") != "NOT_CONFIGURED" {
		t.Errorf("the work list: %v", work)
	}
	until(t, "the schema without leads", func() bool {
		a, _ := f.post(leads, nil)
		return len(a.Errors) == 1 && a.Errors[0].Extensions["code"] == "GRAPHQL_VALIDATION_FAILED"
	})

	if err := box.FortyTwo().DeactivateObject("patient"); err != nil {
		t.Fatal(err)
	}
	box.FortyTwo().ExpireTokens()
	if a, _ := f.post(patients, nil); len(a.Errors) != 1 || a.Errors[0].Extensions["code"] != unauthenticated {
		t.Errorf("a token that has expired, and patients that are gone: %s %v", a.Data, a.Errors)
	}
}

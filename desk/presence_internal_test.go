package desk

import (
	"encoding/json"
	"testing"
	"time"

	helix "github.com/helix-engage/gateway"
)

func TestAReportThatSaysNothingNewChangesNoStoredPresence(t *testing.T) {
	t.Parallel()
	india := time.FixedZone("", 5*3600+1800)
	r := helix.AgentReport{Agent: "a1", State: helix.AgentReady, At: time.Date(2026, 1, 14, 10, 0, 0, 0, india)}
	p := presence{Agent: "a1", State: helix.AgentOffline}
	if !p.observe(r, r.At) {
		t.Fatal("a new state changed nothing")
	}
	raw, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var stored presence
	if err := json.Unmarshal(raw, &stored); err != nil {
		t.Fatal(err)
	}
	if stored.observe(r, r.At) {
		t.Error("the same report changed what was stored of it")
	}
	if r.At = r.At.Add(time.Second); !stored.observe(r, r.At) {
		t.Error("a later report did not count")
	}
}

package outbound

import (
	"flag"
	"os"
	"strings"
	"testing"

	helix "github.com/helix-engage/gateway"
)

var update = flag.Bool("update", false, "write docs/outbound.md anew")

const (
	document   = "../docs/outbound.md"
	begin, end = "```mermaid\n", "```\n"
)

func TestDiagramIsInTheDocuments(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(data), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no diagram to replace", document)
	}
	want := before + begin + Diagram() + end + after
	if *update {
		if err := os.WriteFile(document, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(data) != want {
		t.Errorf("%s does not show the table of moves: run go generate ./outbound", document)
	}
}

func TestEveryMoveIsAllowedOrRefusedAsTheTableSays(t *testing.T) {
	t.Parallel()
	const ( // a letter for each state, in the order of States
		initiating   = "dcF"
		dialing      = "icF"
		connected    = "axCF"
		active       = "xCF"
		disconnected = "CF"
	)
	letters := "idcaxCF"
	want := []string{initiating, dialing, connected, active, disconnected, "", ""}
	for i, from := range States() {
		for j, to := range States() {
			if got := Allowed(from, to); got != strings.Contains(want[i], letters[j:j+1]) {
				t.Errorf("%s to %s: allowed %t", from, to, got)
			}
			e := edit{OutboundCall: helix.OutboundCall{State: from}}
			moved := e.move(to)
			if moved != Allowed(from, to) || moved != (len(e.refused) == 0) || moved && e.State != to || !moved && e.State != from {
				t.Errorf("%s to %s: moved %t, now %s, refused %v", from, to, moved, e.State, e.refused)
			}
		}
	}
}

package federationtest

import (
	"flag"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// TestMain draws the same documents each time, unless a seed or a number of documents is asked for: what is found by chance should
// be found by who looks for it.
func TestMain(m *testing.M) {
	flag.Parse()
	asked := false
	flag.Visit(func(f *flag.Flag) {
		asked = asked || f.Name == "rapid.seed" || f.Name == "rapid.checks" || f.Name == "rapid.failfile"
	})
	if !asked {
		if err := flag.Set("rapid.seed", "20"); err != nil {
			os.Exit(1)
		}
	}
	goleak.VerifyTestMain(m)
}

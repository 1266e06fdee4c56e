package raise_test

import (
	"flag"
	"os"
	"testing"
)

func TestMain(m *testing.M) {
	// A check takes some microseconds, ten times as many with the race detector. Run with -rapid.checks=N for N of each, and -rapid.seed=S to repeat a run.
	if checks := flag.Lookup("rapid.checks"); checks.Value.String() == checks.DefValue {
		if err := checks.Value.Set("500"); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

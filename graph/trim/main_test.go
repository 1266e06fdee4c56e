package main

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func read(t *testing.T, name string) []byte {
	t.Helper()
	code, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

func TestGeneratedCodeIsTrimmedOnce(t *testing.T) {
	t.Parallel()
	once, err := trim(read(t, "generated.txt"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(read(t, "trimmed.txt")), string(once)); diff != "" {
		t.Error(diff)
	}
	twice, err := trim(once)
	if err != nil || !bytes.Equal(twice, once) {
		t.Error("what was trimmed is trimmed again", err)
	}
}

func TestCodeThatIsGeneratedOtherwiseIsRefused(t *testing.T) {
	t.Parallel()
	code := string(read(t, "generated.txt"))
	for _, known := range []string{"len(v), 0, false", "obj.ID, nil", "DeferredGroup{", "var buf"} {
		if _, err := trim([]byte(strings.ReplaceAll(code, known, "other"))); !errors.Is(err, errUnknown) {
			t.Errorf("without %q: %v", known, err)
		}
	}
}

package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var updateExample = flag.Bool("update-example", false, "write .env.example anew")

const exampleFile = "../../.env.example"

func TestTheExampleFileIsFresh(t *testing.T) {
	t.Parallel()
	want := exampleEnv()
	if *updateExample {
		if err := os.WriteFile(exampleFile, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(exampleFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf(".env.example is not what config.go says; run go generate ./cmd/helix (-want +got):\n%s", diff)
	}
}

func TestEveryVariableIsDocumentedOnce(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, s := range settingsOf(&Config{}) {
		switch {
		case !validName(s.name):
			t.Errorf("field %s names no variable: %q", s.field, s.name)
		case seen[s.name]:
			t.Errorf("%s occurs twice", s.name)
		case !strings.HasSuffix(s.doc, ".") && !strings.HasSuffix(s.doc, "openssl rand -hex 32"):
			t.Errorf("%s: the documentation is no sentence: %q", s.name, s.doc)
		case s.byDefault == "" && s.example == "":
			t.Errorf("%s has neither a default nor an example", s.name)
		}
		seen[s.name] = true
	}
}

func TestTheExampleFileIsAValidConfigurationOnceTheSecretIsSet(t *testing.T) {
	t.Parallel()
	values, err := parseDotenv(exampleEnv())
	if err != nil {
		t.Fatal(err)
	}
	values["HELIX_SECRET"] = strings.Repeat("s", minSecret)
	if _, err := LoadConfig(values); err != nil {
		t.Error(err)
	}
	var b strings.Builder
	for line := range strings.Lines(exampleEnv()) {
		setting, commented := strings.CutPrefix(line, "#")
		if commented && setting[0] != ' ' && !strings.HasPrefix(setting, "AGENTS_FILE=") {
			b.WriteString(setting)
		}
	}
	values, err = parseDotenv(b.String())
	if err != nil {
		t.Fatal(err)
	}
	values["HELIX_SECRET"] = strings.Repeat("s", minSecret)
	values["OZONETEL_API_KEY"] = "key"
	values["OZONETEL_AGENT_PASSWORD"] = "password"
	if _, err := LoadConfig(values); err != nil {
		t.Errorf("with every example value: %v", err)
	}
}

// exampleEnv renders the documentation that the tags of [Config] hold.
func exampleEnv() string {
	var b strings.Builder
	b.WriteString("# Copy to .env and change. What the environment sets wins over this file; a variable set to nothing counts as not set.\n" +
		"# Made from cmd/helix/config.go: go generate ./cmd/helix\n")
	for _, group := range groupsOf(&Config{}) {
		fmt.Fprintf(&b, "\n# ==== %s ====\n", groupTitle(group))
		for _, s := range groupSettingsOf(group) {
			b.WriteString("\n" + wrap(s.doc, 120))
			if len(s.old) > 0 {
				fmt.Fprintf(&b, "# Old names, read when this one is not set: %s.\n", strings.Join(s.old, ", "))
			}
			switch {
			case strings.HasPrefix(s.doc, "Required"):
				fmt.Fprintf(&b, "%s=\n", s.name)
			case s.byDefault != "":
				fmt.Fprintf(&b, "#%s=%s\n", s.name, quoted(s.byDefault))
			case s.example == "-":
				fmt.Fprintf(&b, "#%s=\n", s.name)
			default:
				fmt.Fprintf(&b, "# No default; for example:\n#%s=%s\n", s.name, quoted(s.example))
			}
		}
	}
	return b.String()
}

// quoted protects what a shell would split, in case somebody sources the file.
func quoted(value string) string {
	if strings.Contains(value, " ") {
		return `"` + value + `"`
	}
	return value
}

func wrap(text string, width int) string {
	var b strings.Builder
	line := "#"
	for word := range strings.FieldsSeq(text) {
		if len(line)+1+len(word) > width {
			b.WriteString(line + "\n")
			line = "#"
		}
		line += " " + word
	}
	b.WriteString(line + "\n")
	return b.String()
}

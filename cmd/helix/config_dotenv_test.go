package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDotenvReads(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		text string
		want map[string]string
	}{
		"a plain value":                           {"A=b", map[string]string{"A": "b"}},
		"blanks around name and value":            {"  A = b c  \n", map[string]string{"A": "b c"}},
		"comments and blank lines":                {"# one\n\n  # two\nA=b # three\nB=c#d\nC=#e\n", map[string]string{"A": "b", "B": "c#d", "C": ""}},
		"export":                                  {"export A=b\nexportB=c\nexport\tD=e", map[string]string{"A": "b", "exportB": "c", "D": "e"}},
		"an equals sign in a value":               {"A=b=c", map[string]string{"A": "b=c"}},
		"an empty value":                          {"A=\nB=", map[string]string{"A": "", "B": ""}},
		"Windows lines and a byte order mark":     {"\ufeffA=b\r\nB='c'\r\nC=d # e\r\n", map[string]string{"A": "b", "B": "c", "C": "d"}},
		"single quotes as they are":               {`A='b\n"c" $d #e'`, map[string]string{"A": `b\n"c" $d #e`}},
		"double quotes with escapes":              {`A="b\n\t\r\"\\\$\x c" # d`, map[string]string{"A": "b\n\t\r\"\\$\\x c"}},
		"quoted values over several lines":        {"A=\"b\nc\"\nD='e\nf'\nG=h", map[string]string{"A": "b\nc", "D": "e\nf", "G": "h"}},
		"a dollar sign, which expands to nothing": {"A=$B${C}", map[string]string{"A": "$B${C}"}},
		"the last of two":                         {"A=b\nA=c", map[string]string{"A": "c"}},
		"quotes inside of a value":                {`A=b"c"`, map[string]string{"A": `b"c"`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := parseDotenv(tc.text)
			if diff := cmp.Diff(tc.want, got); diff != "" || err != nil {
				t.Errorf("error %v (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestDotenvFaultsAreReportedTogetherByLineAndWithoutValues(t *testing.T) {
	t.Parallel()
	text := "A='1\n2'\nhidden\n=hidden\n1B=hidden\nC='hidden' hidden\nD=ok\nE=\"hidden\n\n"
	values, err := parseDotenv(text)
	want := strings.Join([]string{
		"line 3 is not of the form NAME=value",
		"line 4 has no valid name before the equals sign",
		"line 5 has no valid name before the equals sign",
		"line 6 has something after the closing quote",
		"line 8 has no closing quote",
	}, "\n")
	if err == nil {
		t.Fatal("no error")
	}
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{"A": "1\n2", "D": "ok"}, values); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
}

func TestDotenvRefusesWhatIsNoSuchFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	large, broken := filepath.Join(dir, "large"), filepath.Join(dir, "broken")
	for path, text := range map[string]string{large: strings.Repeat("#", maxDotenv+1), broken: "what"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{large, broken, dir} {
		if _, err := Environment(path, nil); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error is %v", filepath.Base(path), err)
		}
	}
}

func FuzzDotenv(f *testing.F) {
	for _, seed := range []string{"A=b", "export A='b\nc' # d", "A=\"\\", "=", "A", "\ufeffA=\"b\\n\"x", "A='\n\n\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		values, err := parseDotenv(text)
		for name := range values {
			if !validName(name) {
				t.Errorf("name %q", name)
			}
		}
		if err != nil {
			return
		}
		// What was read can be written with single quotes and read again.
		var b strings.Builder
		for name, value := range values {
			if strings.Contains(value, "'") {
				return
			}
			b.WriteString(name + "='" + value + "'\n")
		}
		again, err := parseDotenv(b.String())
		if diff := cmp.Diff(values, again); diff != "" || err != nil {
			t.Errorf("error %v (-first +again):\n%s", err, diff)
		}
	})
}

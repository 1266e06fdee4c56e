package documents

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// folderOf writes files, by their paths.
func folderOf(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		write(t, dir, name, content)
	}
	return dir
}

func write(t *testing.T, dir, name, content string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestWhatAFolderNames(t *testing.T) {
	t.Parallel()
	const two = "query A { ...F }\n\nfragment F on Query { a }\n\nquery B { b { ...F ...G } }\n\nfragment G on Query { ...F }\n"
	for name, tt := range map[string]struct {
		files map[string]string
		want  []string // texts that are named by their hash
		ids   []string
		fault string // the beginning
	}{
		"nothing": {},
		"one operation, as it is and trimmed": {
			files: map[string]string{"a.graphql": "{ a }\n"}, want: []string{"{ a }\n", "{ a }"},
		},
		"several operations, with their fragments": {
			files: map[string]string{"a.graphql": two},
			want: []string{
				two, strings.TrimSpace(two), "query A { ...F }\n\nfragment F on Query { a }",
				"query B { b { ...F ...G } }\n\nfragment F on Query { a }\n\nfragment G on Query { ...F }",
			},
		},
		"fragments of other files": {
			files: map[string]string{"a.graphql": "{ ...F }", "deep/f.gql": "fragment F on Query { a }"},
			want:  []string{"{ ...F }\n\nfragment F on Query { a }"},
		},
		"letters of any script do not shift what is cut": {
			files: map[string]string{"a.graphql": "# नमस्ते 🙂\nquery A { a(name: \"आशा\") } # 🙂\nquery B { a }"},
			want:  []string{`query A { a(name: "आशा") }`, "query B { a }", "# नमस्ते 🙂\nquery A { a(name: \"आशा\") } # 🙂\nquery B { a }"},
		},
		"an Apollo manifest": {files: map[string]string{"m.json": manifest}, want: []string{"query One { a }"}, ids: []string{"one"}},
		"Relay's and GraphQL Code Generator's": {
			files: map[string]string{"persisted.json": `{"abc": "query X { a }", "def": "query Y { a }"}`},
			want:  []string{"query X { a }", "query Y { a }"}, ids: []string{"abc", "def"},
		},
		"ids that are marked as hashes": {
			files: map[string]string{"persisted.json": `{"sha256:` + hashOf("query X { a }") + `": "query X { a }", "sha256:abc": "query Y { a }"}`},
			want:  []string{"query X { a }", "query Y { a }"}, ids: []string{"abc"},
		},
		"the same document twice": {
			files: map[string]string{"1.json": `{"abc": "query X { a }"}`, "2.json": `{"abc": "query X {a}"}`, "x.graphql": "query X { a }"},
			want:  []string{"query X { a }", "query X {a}"}, ids: []string{"abc"},
		},
		"other files and hidden ones are passed over": {
			files: map[string]string{"README.md": "{", ".hidden.graphql": "{", "..data/x.graphql": "{", "a.graphql": "{a}"}, want: []string{"{a}"},
		},
		"a file that does not parse":    {files: map[string]string{"a.graphql": "{ a"}, fault: "a.graphql: it does not parse"},
		"an empty file":                 {files: map[string]string{"a.graphql": "# nothing"}, fault: "a.graphql: it is empty"},
		"a fragment that is not there":  {files: map[string]string{"a.graphql": "{ ...F }"}, fault: "a.graphql: fragment F is not in the folder"},
		"JSON that does not parse":      {files: map[string]string{"sub/m.json": "{"}, fault: "sub/m.json: it is no JSON object"},
		"JSON of another kind":          {files: map[string]string{"m.json": `{"a": 1}`}, fault: "m.json: it is neither"},
		"JSON with null for a text":     {files: map[string]string{"m.json": `{"a": null}`}, fault: "m.json: it is neither"},
		"a manifest of another version": {files: map[string]string{"m.json": `{"format": "apollo-persisted-query-manifest", "version": 2, "operations": []}`}, fault: "m.json: it is an Apollo"},
		"a manifest's broken text":      {files: map[string]string{"m.json": `{"abc": "{"}`}, fault: `m.json: document "abc" does not parse`},
		"a manifest's empty id":         {files: map[string]string{"m.json": `{"": "{a}"}`}, fault: "m.json: an id is empty"},
		"one id for two documents": {
			files: map[string]string{"1.json": `{"abc": "{ a }"}`, "2.json": `{"abc": "{ b { a } }"}`}, fault: `2.json: document "abc" has the name of another`,
		},
		"the hash of one document as the id of another": {
			files: map[string]string{"1.json": `{"` + hashOf("{ a }") + `": "{ b { a } }"}`, "2.json": `{"abc": "{ a }"}`}, fault: `2.json: document "abc" has the name`,
		},
		"a fragment with two texts": {
			files: map[string]string{"1.gql": "fragment F on Query { a }", "2.gql": "fragment F on Query { b }", "3.gql": "{ ...F }"},
			fault: "3.gql: fragment F stands in several files",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, err := OpenFolder(FolderOptions{Dir: folderOf(t, tt.files), Logger: slog.New(slog.DiscardHandler)})
			if err != nil || tt.fault != "" {
				if err == nil || tt.fault == "" || !strings.HasPrefix(err.Error(), "trusted documents: "+tt.fault) {
					t.Fatalf("error %v, want %s", err, tt.fault)
				}
				return
			}
			want := slices.Clone(tt.ids)
			for _, text := range tt.want {
				want = append(want, hashOf(text))
				if got, _ := f.current().named(hashOf(text)); got != text {
					t.Errorf("not named by its hash: %s", text)
				}
			}
			var got []string
			for name := range f.current().byName {
				got = append(got, name)
			}
			slices.Sort(want)
			slices.Sort(got)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("names (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAFolderThatIsNotThereIsAnError(t *testing.T) {
	t.Parallel()
	for _, dir := range []string{filepath.Join(t.TempDir(), "none"), filepath.Join(folderOf(t, map[string]string{"a": ""}), "a")} {
		if _, err := OpenFolder(FolderOptions{Dir: dir}); err == nil {
			t.Errorf("%s was opened", filepath.Base(dir))
		}
	}
}

func TestAFolderFollowsItsChangesAndKeepsTheLastGoodReading(t *testing.T) {
	t.Parallel()
	dir := folderOf(t, map[string]string{"a.graphql": "query A { a }"})
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	f, err := OpenFolder(FolderOptions{Dir: link, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	look := func(names int, fault string) {
		t.Helper()
		before := f.current()
		f.Refresh(t.Context())
		f.Refresh(t.Context()) // nothing has changed: nothing is read or logged again
		if n := len(f.current().byName); n != names || !strings.Contains(f.Fault(), fault) || (fault == "") != (f.Fault() == "") {
			t.Errorf("%d names, fault %q", n, f.Fault())
		}
		if fault != "" && f.current() != before {
			t.Error("another reading is in force")
		}
	}
	look(1, "")
	write(t, dir, "b.json", `{"id": "query B { a }"}`)
	look(3, "")
	write(t, dir, "b.json", `{"id": "query B { a `)
	look(3, "b.json")
	if err := os.Rename(dir, dir+"-away"); err != nil {
		t.Fatal(err)
	}
	look(3, "no such file")
	if err := os.Rename(dir+"-away", dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "b.json")); err != nil {
		t.Fatal(err)
	}
	look(1, "")
	if n := strings.Count(log.String(), "level=ERROR"); n != 2 {
		t.Errorf("%d faults are logged:\n%s", n, log.String())
	}
}

func TestRunLooksUntilItIsStopped(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f, err := OpenFolder(FolderOptions{Dir: dir, Every: time.Millisecond, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- f.Run(ctx) }()
	write(t, dir, "a.graphql", "query A { a }")
	deadline, tick := time.After(time.Minute), time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for len(f.current().byName) == 0 {
		select {
		case <-deadline:
			t.Fatal("the document is not found")
		case <-tick.C:
		}
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func FuzzFiles(f *testing.F) {
	f.Add(manifest, true)
	f.Add(`{"a": "{a}"}`, true)
	f.Add("query A { ...F } fragment F on Q { a(b: {c: [1]}) }", false)
	f.Fuzz(func(t *testing.T, content string, json bool) {
		r := newReading()
		var err error
		if json {
			err = r.manifest([]byte(content))
		} else {
			err = r.graphql("a.graphql", content)
		}
		if err != nil {
			return
		}
		read, err := r.finish()
		if err != nil {
			return
		}
		for _, text := range read.byName {
			if !read.holds(hashOf(text), text) || !read.holds(hashOf(text+" "), text+" ") {
				t.Fatalf("not held: %q", text)
			}
		}
	})
}

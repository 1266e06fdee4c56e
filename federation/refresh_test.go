package federation_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/helix-engage/gateway/federation"
	"github.com/helix-engage/gateway/federation/compose"
	"github.com/helix-engage/gateway/federation/compose/composetest"
	"github.com/helix-engage/gateway/federation/federationtest"
)

// refreshing is how a federation that has not read a schema of FortyTwo yet is made.
func refreshing(t *testing.T, objects int) (o federation.Options, up *compose.Upstream) {
	t.Helper()
	local, err := gqlparser.LoadSchema(&ast.Source{Name: "benchmark.graphqls", Input: benchmarkSDL})
	if err != nil {
		t.Fatal(err)
	}
	if up, err = composetest.Synthetic(objects); err != nil {
		t.Fatal(err)
	}
	return federation.Options{
		Local: local,
		Execute: func(composed *ast.Schema) graphql.ExecutableSchema {
			return &federationtest.Local{Executor: federationtest.NewExecutor(composed, ours(nil))}
		},
		Serve:    func(s graphql.ExecutableSchema) graphql.GraphExecutor { return executor.New(s) },
		Post:     composetest.Server(up),
		Upstream: &canned{},
	}, up
}

func TestARefreshWhileServingRestsAndOneAtTheStartDoesNot(t *testing.T) {
	t.Parallel()
	o, _ := refreshing(t, 6)
	ctx, end := context.WithCancel(t.Context())
	defer end()
	var at time.Time
	var rests, beforeServing int
	o.Now = func() time.Time { // each look at the clock finds that time has passed
		at = at.Add(time.Minute)
		return at
	}
	var f *federation.Federation
	o.Sleep = func(time.Duration) {
		if rests++; !f.State().Composed {
			beforeServing++
		}
	}
	o.Store = storing(func(*compose.Upstream, *compose.Pace) error {
		end()
		return nil
	})
	f, err := federation.New(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Run(ctx); err != nil || !f.State().Composed {
		t.Fatalf("%v, %+v", err, f.State())
	}
	if rests == 0 || beforeServing != rests {
		t.Errorf("it rested %d times, %d of them before the schema was served", rests, beforeServing)
	}

	rests = 0
	if f, err = federation.New(o); err != nil {
		t.Fatal(err)
	}
	if err := f.Refresh(t.Context()); err != nil || rests != 0 {
		t.Errorf("a start rested %d times, %v", rests, err)
	}
}

// storing is a Store that holds nothing.
type storing func(*compose.Upstream, *compose.Pace) error

func (storing) Load() (*compose.Upstream, error) { return nil, nil }

func (s storing) Save(up *compose.Upstream, pace *compose.Pace) error { return s(up, pace) }

func TestWhatIsKeptIsServedAtTheNextStartAndWrittenWhenItChanges(t *testing.T) {
	t.Parallel()
	o, up := refreshing(t, 2)
	name := filepath.Join(t.TempDir(), "schema.json")
	o.Store = federation.File(name)
	read := func() (at os.FileInfo) {
		t.Helper()
		f, err := federation.New(o)
		if err == nil {
			err = f.Refresh(t.Context())
		}
		if err != nil {
			t.Fatal(err)
		}
		if at, err = os.Stat(name); err != nil {
			t.Fatal(err)
		}
		return at
	}
	first := read()
	if f, err := federation.New(o); err != nil || !f.State().Stored || f.State().Version != up.Version {
		t.Fatalf("%v, %+v", err, f.State())
	}
	if again := read(); !os.SameFile(first, again) {
		t.Error("a schema that is kept already was written again")
	}
	up.Version++
	if changed := read(); os.SameFile(first, changed) {
		t.Error("a schema that has changed was not written")
	}
	if err := os.WriteFile(name, make([]byte, first.Size()), 0o600); err != nil {
		t.Fatal(err)
	}
	read()
	if kept, err := federation.File(name).Load(); err != nil || kept.Version != up.Version {
		t.Errorf("a damaged file was not replaced: %v", err)
	}
	left, err := filepath.Glob(name + ".*")
	if err != nil || len(left) > 0 {
		t.Errorf("left behind are %v, %v", left, err)
	}
}

package federation

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/helix-engage/gateway/federation/compose"
	"github.com/helix-engage/gateway/federation/plan"
	"github.com/helix-engage/gateway/federation/upstream"
)

// Options wire a [Federation].
type Options struct {
	Local *ast.Schema // ours, as it was generated
	// Execute is our generated executor over a composed schema.
	Execute func(composed *ast.Schema) graphql.ExecutableSchema
	// Serve puts what belongs to every operation around an executable schema: limits, presenters, a cache of documents. It is
	// called once for each version.
	Serve func(graphql.ExecutableSchema) graphql.GraphExecutor

	Upstream Upstream     // nil: ours alone is served
	Post     compose.Post // with the server's key
	// Caller says whose token FortyTwo is asked with. Its error is told at each field of FortyTwo, before anything is sent.
	Caller func(context.Context, *upstream.Caller) error
	// Vouch tells whether FortyTwo takes the caller's token at present: nil, or why not. It is asked when an answer leaves open
	// whether the token is refused or the field is gone.
	Vouch func(context.Context) error
	// Trusted marks a context in which the parents of entities were just read with the caller's own token.
	Trusted func(context.Context) context.Context

	Store    Store         // keeps the last version read; nil: nothing is kept
	Interval time.Duration // between looks at the version; a minute when zero
	Logger   *slog.Logger
	Now      func() time.Time
	// Sleep lets time pass while a refresh rests; time.Sleep when nil.
	Sleep func(time.Duration)
}

// Upstream sends composed documents to FortyTwo. It is an [upstream.Client].
type Upstream interface {
	// Separate keeps what the caller asks from now on apart from what he has asked before: he has changed something.
	Separate(caller *upstream.Caller)
	// Do gives an answer that may be used until the lease in ctx ends, if it has one.
	Do(ctx context.Context, caller *upstream.Caller, r *upstream.Request) (body []byte, status int, err error)
}

// Federation serves the current version of the composed schema. It is safe for concurrent use; Run keeps it current.
type Federation struct {
	o       Options
	current atomic.Pointer[version]
	moved   chan struct{} // says that FortyTwo's schema is told to have changed

	refreshing sync.Mutex
	mu         sync.Mutex
	state      State
	doubted    time.Time // when a field was last found to be gone
}

// version is one composed schema with what serves it. It is immutable and chosen once for each request.
type version struct {
	composed *compose.Composed
	exec     graphql.GraphExecutor
}

// State is how the schema stands, for /readyz.
type State struct {
	Configured bool
	Composed   bool      // FortyTwo's part is served
	Stored     bool      // as it was when it was last read, by an earlier process
	Version    int       // of FortyTwo's data model; meaningful when Composed
	At         time.Time // when that version was composed
	Conflicts  int
	Err        error // of the last look at FortyTwo's schema; nil when it was found in order
}

// New serves the version that was kept, or ours alone when there is none that composes. It sends nothing.
func New(o Options) (*Federation, error) {
	if o.Interval == 0 {
		o.Interval = time.Minute
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Sleep == nil {
		o.Sleep = time.Sleep
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	f := &Federation{o: o, moved: make(chan struct{}, 1)}
	f.state.Configured = o.Upstream != nil
	kept := f.stored()
	if kept == nil {
		var err error
		if kept, err = compose.Compose(o.Local, nil); err != nil {
			return nil, err
		}
	}
	f.serve(kept)
	f.state.Stored = kept.Upstream != nil
	return f, nil
}

// stored composes what was kept on disk; nil when that cannot be done.
func (f *Federation) stored() *compose.Composed {
	if f.o.Store == nil || f.o.Upstream == nil {
		return nil
	}
	up, err := f.o.Store.Load()
	if err != nil || up == nil {
		if err != nil {
			f.o.Logger.Warn("the schema of FortyTwo that was kept cannot be used", "error", err)
		}
		return nil
	}
	composed, err := compose.Compose(f.o.Local, up)
	if err != nil {
		f.o.Logger.Warn("the schema of FortyTwo that was kept does not compose with ours", "error", err)
		return nil
	}
	return composed
}

// serve makes a composed schema the current one.
func (f *Federation) serve(composed *compose.Composed) {
	s := &schema{composed: composed, local: f.o.Execute(composed.Schema), plans: newPlans(), o: &f.o, doubt: f.doubt}
	f.current.Store(&version{composed: composed, exec: f.o.Serve(s)})
	f.mu.Lock()
	defer f.mu.Unlock()
	f.state.Composed, f.state.Stored, f.state.At, f.state.Conflicts = composed.Upstream != nil, false, f.o.Now(), len(composed.Conflicts)
	if composed.Upstream != nil {
		f.state.Version = composed.Upstream.Version
	}
}

// Executor is what serves an operation: the current version. Whoever asks keeps it until the operation ends.
func (f *Federation) Executor() graphql.GraphExecutor { return f.current.Load().exec }

// Composed is the current version of the schema.
func (f *Federation) Composed() *compose.Composed { return f.current.Load().composed }

// State tells how the schema stands.
func (f *Federation) State() State {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.state
}

// Reaches tells whether an operation, prepared by an executor of ours, shows anything that is read from FortyTwo with the
// caller's rights.
func (f *Federation) Reaches(oc *graphql.OperationContext) bool {
	p, err := plan.Build(f.Composed(), oc.Doc, oc.Operation, oc.Variables)
	return err != nil || !p.Local
}

package federation

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/helix-engage/gateway/federation/plan"
	"github.com/helix-engage/gateway/federation/raise"
	"github.com/helix-engage/gateway/federation/upstream"
)

// run answers one operation, or one event of a subscription: fetches in rounds, then one writing pass over all of them.
type run struct {
	s      *schema
	oc     *graphql.OperationContext
	plan   *plan.Plan
	errors gqlerror.List // of local root fields, with their paths

	results []result   // by number of the fetch
	keys    [][]string // by number of the hop: the records that it leads to, in order, each once
	lists   int        // below parents, asked for so far
	turn    chan struct{}

	mu    sync.Mutex
	tapes []*raise.Tape // to be given back

	// Room for what most need.
	few      [2]result
	asking   atomic.Bool // the two below are taken
	caller   upstream.Caller
	sent     upstream.Request
	answered bool
	response graphql.Response
}

// result is what one fetch has brought.
type result struct {
	value   raise.Value // of a root field; of a local fetch all of its data
	through []byte      // of a root field, when it can be handed through: a part of FortyTwo's answer
	data    []byte      // the object that it is the only member of
	faults  gqlerror.List
	records map[string]record // of hops
}

// record is what a hop leads to; value is absent when there is none.
type record struct {
	value  raise.Value
	faults []*gqlerror.Error
}

func newRun(s *schema, oc *graphql.OperationContext, p *plan.Plan) *run {
	r := &run{s: s, oc: oc, plan: p}
	if r.results = r.few[:]; len(p.Fetches) > len(r.few) {
		r.results = make([]result, len(p.Fetches))
	}
	if len(p.Hops) > 0 {
		r.keys = make([][]string, len(p.Hops))
	}
	return r
}

// answer is the one answer of an operation that is no subscription, and nil after it.
func (r *run) answer(ctx context.Context) *graphql.Response {
	if r.answered {
		return nil
	}
	r.answered = true
	defer r.release()
	for i := range r.plan.Steps {
		r.step(ctx, &r.plan.Steps[i], 0)
	}
	return r.respond()
}

var tapes = sync.Pool{New: func() any { return new(raise.Tape) }}

// parse indexes a text; what comes of it is valid until release.
func (r *run) parse(text []byte) (raise.Value, error) {
	t := tapes.Get().(*raise.Tape)
	r.mu.Lock()
	r.tapes = append(r.tapes, t)
	r.mu.Unlock()
	if err := t.Parse(text); err != nil {
		return raise.Value{}, err
	}
	return t.Root(), nil
}

func (r *run) release() {
	for _, t := range r.tapes {
		t.Reset() // it holds on to the text
		tapes.Put(t)
	}
}

// step fetches level by level, from a level on.
func (r *run) step(ctx context.Context, step *plan.Step, from int) {
	for level := from; level < len(step.Levels); level++ {
		due := step.Levels[level]
		if level > 0 {
			due = slices.DeleteFunc(slices.Clone(due), func(n int) bool { return !r.wanted(n) })
		}
		r.fetchAll(ctx, due)
		if level+1 < len(step.Levels) {
			r.collect(step, level)
		}
	}
}

// wanted tells whether any record is to be fetched.
func (r *run) wanted(fetch int) bool {
	for h := range r.plan.Hops {
		if r.plan.Hops[h].Fetch == fetch && len(r.keys[h]) > 0 {
			return true
		}
	}
	return false
}

// fetchAll fetches at the same time, one of them on this goroutine.
func (r *run) fetchAll(ctx context.Context, due []int) {
	switch len(due) {
	case 0:
		return
	case 1:
		r.fetch(ctx, due[0])
		return
	}
	var others sync.WaitGroup
	defer others.Wait() // whatever happens: nobody is left who reads what the operation's lease holds
	for _, n := range due[1:] {
		others.Go(func() { r.fetch(ctx, n) })
	}
	r.fetch(ctx, due[0])
}

// fetch brings one result. A panic costs that result alone.
func (r *run) fetch(ctx context.Context, n int) {
	f := r.plan.Fetches[n]
	defer func() {
		if p := recover(); p != nil {
			r.fail(ctx, n, r.oc.RecoverFunc(ctx, p))
		}
	}()
	switch f.Kind {
	case plan.FetchLocal:
		r.fetchLocal(ctx, n, f)
	case plan.FetchLocalEntities:
		r.fetchLocalEntities(ctx, n, f)
	case plan.FetchRemote:
		r.fetchRemote(ctx, n, f)
	case plan.FetchRemoteEntities:
		r.fetchRecords(ctx, n, f)
	case plan.FetchChildren:
		r.fetchChildren(ctx, n, f)
	}
}

// fail is the failure of a fetch as a whole.
func (r *run) fail(ctx context.Context, n int, err error) {
	r.results[n].faults = faultsOf(ctx, err)
	for _, key := range r.wantedOf(n) {
		r.put(n, key, record{faults: r.results[n].faults})
	}
}

// wantedOf are the keys of the records that hops lead to, each once, in order.
func (r *run) wantedOf(fetch int) []string {
	var keys []string
	hops := 0
	for h := range r.plan.Hops {
		if r.plan.Hops[h].Fetch == fetch && len(r.keys[h]) > 0 {
			keys = append(keys, r.keys[h]...)
			hops++
		}
	}
	if hops < 2 {
		return keys
	}
	seen := make(map[string]struct{}, len(keys))
	return slices.DeleteFunc(keys, func(key string) bool {
		_, again := seen[key]
		seen[key] = struct{}{}
		return again
	})
}

func (r *run) put(fetch int, key string, rec record) {
	if r.results[fetch].records == nil {
		r.results[fetch].records = make(map[string]record)
	}
	r.results[fetch].records[key] = rec
}

// collect finds what the next level is to fetch, in what a level has brought.
func (r *run) collect(step *plan.Step, level int) {
	seen := make([]map[string]struct{}, len(r.plan.Hops))
	found := func(hop *raise.Hop, key []byte) {
		h := r.plan.HopNumber(hop)
		if _, again := seen[h][string(key)]; again {
			return
		}
		if seen[h] == nil {
			seen[h] = make(map[string]struct{})
		}
		name := string(key)
		seen[h][name] = struct{}{}
		r.keys[h] = append(r.keys[h], name)
	}
	for _, n := range step.Levels[level] {
		switch r.plan.Fetches[n].Kind {
		case plan.FetchLocal:
			for _, root := range step.Roots {
				if at := &r.plan.Roots[root]; at.Fetch == n {
					raise.Collect(r.results[n].value.Member(at.Key), at.Shape, found)
				}
			}
		case plan.FetchRemote:
			raise.Collect(r.results[n].value, r.plan.Fetches[n].Shape, found)
		default:
			r.collectRecords(n, found)
		}
	}
}

// collectRecords looks into the records that hops have led to.
func (r *run) collectRecords(fetch int, found func(*raise.Hop, []byte)) {
	for h := range r.plan.Hops {
		hop := &r.plan.Hops[h]
		if hop.Fetch != fetch || len(hop.Deep) == 0 {
			continue
		}
		for _, key := range r.keys[h] {
			at := r.results[fetch].records[key].value
			for _, deep := range hop.Deep {
				value := at
				if deep.From != "" {
					value = at.Member(deep.From)
				}
				raise.Collect(value, deep.Shape, found)
			}
		}
	}
}

// Record implements raise.Answers.
func (r *run) Record(fetch int, key []byte) (raise.Value, bool, []*gqlerror.Error) {
	rec, ok := r.results[fetch].records[string(key)]
	return rec.value, ok && rec.value.Kind() != raise.KindAbsent, rec.faults
}

// Answers are written by writers that are used again; what they wrote is given away.
var writers = sync.Pool{New: func() any { return new(raise.Writer) }}

// respond writes the answer.
func (r *run) respond() *graphql.Response {
	if data := r.handThrough(); data != nil {
		r.response.Data = data
		return &r.response
	}
	w := writers.Get().(*raise.Writer)
	defer func() {
		w.Buf, w.Errors, w.Answers = nil, nil, nil
		w.Reset()
		writers.Put(w)
	}()
	w.Buf, w.Errors, w.Answers = make([]byte, 0, r.size()), r.errors, r
	whole := true
	w.Buf = append(w.Buf, '{')
	for i := range r.plan.Roots {
		if i > 0 {
			w.Buf = append(w.Buf, ',')
		}
		whole = r.writeRoot(w, &r.plan.Roots[i]) && whole
	}
	if !whole {
		return &graphql.Response{Data: []byte("null"), Errors: w.Errors}
	}
	return &graphql.Response{Data: append(w.Buf, '}'), Errors: w.Errors}
}

func (r *run) writeRoot(w *raise.Writer, root *plan.Root) bool {
	w.Buf = append(append(append(w.Buf, '"'), root.Key...), '"', ':')
	if root.Const != nil {
		w.Buf = append(w.Buf, root.Const...)
		return true
	}
	result := &r.results[root.Fetch]
	if result.through != nil {
		w.Buf = append(w.Buf, result.through...)
		return true
	}
	value, failed := result.value, len(result.faults) > 0
	if r.plan.Fetches[root.Fetch].Kind == plan.FetchLocal {
		value, failed = value.Member(root.Key), true // what it lacks was told by the executor that made it
	} else {
		for _, fault := range result.faults {
			located := *fault
			located.Path = ast.Path{ast.PathName(root.Key)}
			w.Errors = append(w.Errors, &located)
		}
	}
	w.Push(root.Key)
	defer w.Pop()
	return w.Write(value, root.Shape, failed)
}

// size is about how long the answer will be.
func (r *run) size() int {
	n := 64
	for i := range r.results {
		n += len(r.results[i].through) + len(r.results[i].value.Raw())
	}
	return n
}

// handThrough gives FortyTwo's own bytes where they are the whole answer: one root field under its own name.
func (r *run) handThrough() []byte {
	if len(r.plan.Roots) != 1 || len(r.errors) > 0 {
		return nil
	}
	root := &r.plan.Roots[0]
	if root.Const != nil {
		return nil
	}
	result := &r.results[root.Fetch]
	if result.through == nil || len(result.faults) > 0 || r.plan.Fetches[root.Fetch].Request.Field != root.Key ||
		len(result.data) != len(result.through)+len(root.Key)+len(`{"":}`) {
		return nil
	}
	return result.data
}

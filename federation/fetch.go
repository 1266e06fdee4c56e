package federation

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/federation/compose"
	"github.com/helix-engage/gateway/federation/plan"
	"github.com/helix-engage/gateway/federation/raise"
	"github.com/helix-engage/gateway/federation/upstream"
)

// Bounds of what one document asks of FortyTwo.
const (
	idsAtOnce   = 200 // records asked for by id in one request
	listsAtOnce = 8   // lists below parents at the same time
	maxLists    = 50  // lists below parents in one document
)

// CodeTooWide is the extensions.code of lists below more parents than a document may ask for.
const CodeTooWide = "NESTED_LIST_TOO_WIDE"

// errSilent is an answer that is GraphQL and says nothing.
var errSilent = errors.New("an answer without data and errors")

// fetchRemote asks for one root field.
func (r *run) fetchRemote(ctx context.Context, n int, f *plan.Fetch) {
	body, err := f.Request.Body(r.oc.Variables)
	if err != nil {
		r.results[n].faults = faultsOf(ctx, err)
		return
	}
	opened, faults := r.ask(ctx, f.Request, body, f.Shape)
	result := &r.results[n]
	result.faults = faults
	if opened.Value == nil {
		return
	}
	if opened.Same {
		result.data, result.through = opened.Data, opened.Value
		return
	}
	if result.value, err = r.parse(opened.Value); err != nil {
		result.faults = append(result.faults, faultsOf(ctx, garbage(f.Request, err))...)
	}
}

// ask sends one request. Without a value there is a fault, but where FortyTwo says that a single record is not there. A panic
// costs this request alone: many are asked on goroutines of their own.
func (r *run) ask(ctx context.Context, q *plan.Request, body []byte, shape *raise.Shape) (opened raise.Opened, faults gqlerror.List) {
	defer func() {
		if p := recover(); p != nil {
			opened, faults = raise.Opened{}, faultsOf(ctx, r.oc.RecoverFunc(ctx, p))
		}
	}()
	caller, sent := r.room()
	*sent = upstream.Request{Body: body, Mutation: q.Mutation, Name: q.Name}
	if err := r.s.o.Caller(ctx, caller); err != nil {
		return raise.Opened{}, faultsOf(ctx, err)
	}
	answer, status, err := r.s.o.Upstream.Do(ctx, caller, sent)
	if err != nil {
		return raise.Opened{}, faultsOf(ctx, err)
	}
	opened, err = raise.Open(answer, q.Field, shape)
	if err != nil {
		return raise.Opened{}, faultsOf(ctx, garbage(q, err))
	}
	if opened.Errors != nil {
		faults = r.decide(ctx, upstream.Errors(opened.Errors, status))
	}
	if opened.Value == nil && len(faults) == 0 && q.Kind() != compose.One {
		faults = faultsOf(ctx, garbage(q, errSilent))
	}
	return opened, faults
}

// decide finds out what it means that FortyTwo does not know a root field: it says so of one that is gone, and to a token that
// opens no workspace (fortytwo.md 2.6). A client must not give up a good session for a field, nor keep a bad one.
func (r *run) decide(ctx context.Context, faults gqlerror.List) gqlerror.List {
	if !slices.ContainsFunc(faults, func(f *gqlerror.Error) bool { return errors.Is(f, upstream.ErrUnknownRoot) }) {
		return faults
	}
	if err := r.s.o.Vouch(ctx); err != nil {
		return faultsOf(ctx, err)
	}
	r.s.doubt()
	return faultsOf(ctx, &helix.Error{
		Code: helix.CodeRejected, Message: "FortyTwo has no such field any more", Provider: helix.ProviderFortyTwo, Err: upstream.ErrUnknownRoot,
	})
}

// room is where a request is made: the first of a run has its place there.
func (r *run) room() (*upstream.Caller, *upstream.Request) {
	if r.asking.CompareAndSwap(false, true) {
		return &r.caller, &r.sent
	}
	return new(upstream.Caller), new(upstream.Request)
}

// garbage is an answer that cannot be read. What it answered may have taken effect.
func garbage(q *plan.Request, cause error) error {
	e := &helix.Error{Code: helix.CodeUnavailable, Message: "FortyTwo's answer cannot be read", Provider: helix.ProviderFortyTwo, Retryable: true, Err: cause}
	if q.Mutation {
		e.Code, e.Retryable = helix.CodeUnknownOutcome, false
	}
	return e
}

// fetchRecords asks for records by id, many at once.
func (r *run) fetchRecords(ctx context.Context, n int, f *plan.Fetch) {
	ids := slices.DeleteFunc(r.wantedOf(n), func(id string) bool { return !plan.AcceptsID(id) })
	r.results[n].records = make(map[string]record, len(ids))
	var put sync.Mutex
	var others sync.WaitGroup
	for ; len(ids) > idsAtOnce; ids = ids[idsAtOnce:] {
		some := ids[:idsAtOnce]
		others.Go(func() { r.fetchSome(ctx, n, f, some, &put) })
	}
	if len(ids) > 0 {
		r.fetchSome(ctx, n, f, ids, &put)
	}
	others.Wait()
}

// fetchSome asks for as many records as one request may.
func (r *run) fetchSome(ctx context.Context, n int, f *plan.Fetch, ids []string, put sync.Locker) {
	opened, faults := r.ask(ctx, f.Request, f.Request.ForIDs(ids), nil)
	var edges raise.Value
	if opened.Value != nil {
		value, err := r.parse(opened.Value)
		if err != nil {
			faults = append(faults, faultsOf(ctx, garbage(f.Request, err))...)
		}
		edges = value.Member("edges")
	}
	put.Lock()
	defer put.Unlock()
	if len(faults) > 0 {
		for _, id := range ids {
			r.results[n].records[id] = record{faults: faults}
		}
	}
	for _, edge := range edges.Elements() {
		node := edge.Member("node")
		if id, ok := node.Member("id").Text(); ok {
			r.results[n].records[string(id)] = record{value: node, faults: faults}
		}
	}
}

// fetchChildren asks for a list below each of several parents.
func (r *run) fetchChildren(ctx context.Context, n int, f *plan.Fetch) {
	parents := r.wantedOf(n)
	r.results[n].records = make(map[string]record, len(parents))
	turn, ok := r.admitLists(len(parents))
	if !ok {
		r.results[n].records[parents[0]] = record{faults: gqlerror.List{{ // told once: all that follow would say the same
			Message:    fmt.Sprintf("too many lists below other records in one document: the limit is %d", maxLists),
			Extensions: map[string]any{"code": CodeTooWide},
		}}}
		return
	}
	var put sync.Mutex
	var all sync.WaitGroup
	for _, parent := range parents {
		all.Go(func() {
			turn <- struct{}{}
			rec := r.listBelow(ctx, f, parent)
			<-turn
			put.Lock()
			defer put.Unlock()
			r.results[n].records[parent] = rec
		})
	}
	all.Wait()
}

// admitLists counts lists against the limit of the document.
func (r *run) admitLists(n int) (turn chan struct{}, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.turn == nil {
		r.turn = make(chan struct{}, listsAtOnce)
	}
	if r.lists+n > maxLists {
		return nil, false
	}
	r.lists += n
	return r.turn, true
}

func (r *run) listBelow(ctx context.Context, f *plan.Fetch, parent string) record {
	if !plan.AcceptsID(parent) {
		return record{}
	}
	body, err := f.Request.ForParent(r.oc.Variables, parent)
	if err != nil {
		return record{faults: faultsOf(ctx, err)}
	}
	opened, faults := r.ask(ctx, f.Request, body, nil)
	if opened.Value == nil {
		return record{faults: faults}
	}
	value, err := r.parse(opened.Value)
	if err != nil {
		faults = append(faults, faultsOf(ctx, garbage(f.Request, err))...)
	}
	return record{value: value, faults: faults}
}

// fetchLocal runs the generated executor on root fields of ours.
func (r *run) fetchLocal(ctx context.Context, n int, f *plan.Fetch) {
	if f.Operation.Operation == ast.Mutation {
		defer r.s.separate(ctx)()
	}
	data, errs := r.runLocal(ctx, f.Operation, r.oc.Variables)
	r.mu.Lock()
	r.errors = append(r.errors, errs...)
	r.mu.Unlock()
	r.tookLocal(n, data)
}

// tookLocal takes the data of a local run.
func (r *run) tookLocal(n int, data []byte) {
	value, err := r.parse(data)
	if err != nil { // the executor writes JSON
		panic(err)
	}
	r.results[n].value = value
}

func (r *run) runLocal(ctx context.Context, part *ast.OperationDefinition, variables map[string]any) ([]byte, gqlerror.List) {
	ctx = graphql.WithFreshResponseContext(graphql.WithOperationContext(ctx, narrow(r.oc, part, variables)))
	resp := r.s.local.Exec(ctx)(ctx)
	if resp == nil {
		return []byte("null"), graphql.GetErrors(ctx)
	}
	return resp.Data, append(resp.Errors, graphql.GetErrors(ctx)...)
}

// fetchLocalEntities runs the generated executor on fields of ours of records that the caller has just read from FortyTwo.
func (r *run) fetchLocalEntities(ctx context.Context, n int, f *plan.Fetch) {
	ids := r.wantedOf(n)
	representations := make([]any, len(ids))
	for i, id := range ids {
		representations[i] = map[string]any{"__typename": f.Entity, "id": id}
	}
	variables := make(map[string]any, len(r.oc.Variables)+1)
	maps.Copy(variables, r.oc.Variables)
	variables[plan.VariableRepresentations] = representations
	data, errs := r.runLocal(r.s.o.Trusted(ctx), f.Operation, variables)
	faults := make([][]*gqlerror.Error, len(ids))
	for _, e := range errs {
		of, rest := whose(e.Path, len(ids))
		relative := *e
		relative.Path = rest
		if of >= 0 {
			faults[of] = append(faults[of], &relative)
			continue
		}
		for i := range faults {
			faults[i] = append(faults[i], &relative)
		}
	}
	value, err := r.parse(data)
	if err != nil {
		panic(err)
	}
	r.results[n].records = make(map[string]record, len(ids))
	for i, id := range ids {
		r.results[n].records[id] = record{faults: faults[i]}
	}
	for i, entity := range value.Member("_entities").Elements() {
		r.results[n].records[ids[i]] = record{value: entity, faults: faults[i]}
	}
}

// whose splits the path of an error below _entities; of is -1 when it is about all of them.
func whose(path ast.Path, n int) (of int, rest ast.Path) {
	if len(path) > 1 {
		if i, ok := path[1].(ast.PathIndex); ok && int(i) < n {
			return int(i), path[2:]
		}
	}
	return -1, nil
}

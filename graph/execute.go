package graph

import (
	"bytes"
	"context"
	"io"
	"sync"
	"sync/atomic"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// What the generated code calls instead of what gqlgen's own runtime has, since package trim put it there.

// elementsAtOnce is how many elements of one list are completed at the same time, for those that wait for resolvers.
const elementsAtOnce = 8

// completeList completes the elements of a list. Unlike gqlgen's own it has no goroutine for each of them: the caller's does
// all that need not wait. The list is nil when one of them panicked.
func completeList(ctx context.Context, n int, complete func(ctx context.Context, i int) graphql.Marshaler) graphql.Array {
	l := listing{fields: make([]graphql.FieldContext, n), indices: make([]int, n), done: make(graphql.Array, n)}
	var helpers sync.WaitGroup
	for range min(n, elementsAtOnce) - 1 {
		helpers.Go(func() { l.work(ctx, complete) })
	}
	l.work(ctx, complete)
	helpers.Wait()
	if l.failed.Load() {
		return nil
	}
	return l.done
}

// listing is a list being completed.
type listing struct {
	fields  []graphql.FieldContext
	indices []int
	done    graphql.Array
	taken   atomic.Int64
	failed  atomic.Bool
}

// work completes what nobody has taken.
func (l *listing) work(ctx context.Context, complete func(ctx context.Context, i int) graphql.Marshaler) {
	for i := l.take(); i < len(l.done); i = l.take() {
		l.one(ctx, i, complete)
	}
}

func (l *listing) take() int { return int(l.taken.Add(1) - 1) }

func (l *listing) one(ctx context.Context, i int, complete func(ctx context.Context, i int) graphql.Marshaler) {
	l.indices[i], l.fields[i].Index = i, &l.indices[i]
	ctx = graphql.WithFieldContext(ctx, &l.fields[i])
	defer func() {
		if p := recover(); p != nil {
			graphql.AddError(ctx, graphql.Recover(ctx, p))
			l.failed.Store(true)
		}
	}()
	l.done[i] = complete(ctx, i)
}

// completeField completes a field that a resolver has resolved with its parent. Interceptors are not told of it, and its context
// knows neither its children nor its value: nothing asks for them.
func completeField[T any](
	ctx context.Context, oc *graphql.OperationContext, object string, field graphql.CollectedField, value T,
	complete func(context.Context, ast.SelectionSet, T) graphql.Marshaler, required bool,
) (out graphql.Marshaler) {
	fc := &graphql.FieldContext{Object: object, Field: field}
	ctx = graphql.WithFieldContext(ctx, fc)
	defer func() {
		if p := recover(); p != nil {
			oc.Error(ctx, oc.Recover(ctx, p))
			out = graphql.Null
		}
	}()
	if any(value) == nil {
		if required && !graphql.HasFieldError(ctx, fc) {
			graphql.AddErrorf(ctx, "must not be null")
		}
		return graphql.Null
	}
	return complete(ctx, field.Selections, value)
}

// completedObject is an object whose fields are completed one after another.
type completedObject struct {
	Values   []graphql.Marshaler
	Invalids uint32 // fields that are null and must not be

	fields []graphql.CollectedField
}

func newObject(fields []graphql.CollectedField) *completedObject {
	return &completedObject{Values: make([]graphql.Marshaler, len(fields)), fields: fields}
}

// MarshalGQL implements [graphql.Marshaler].
func (o *completedObject) MarshalGQL(w io.Writer) {
	begin := `{"`
	for i := range o.fields {
		if o.repeats(i) {
			continue
		}
		_, _ = io.WriteString(w, begin) // what is written to is memory
		_, _ = io.WriteString(w, o.fields[i].Alias)
		_, _ = io.WriteString(w, `":`)
		o.Values[i].MarshalGQL(w)
		begin = `,"`
	}
	if len(o.fields) == 0 {
		_, _ = io.WriteString(w, "{")
	}
	_, _ = io.WriteString(w, "}")
}

// repeats reports whether a field was written before: one of an interface and one of its implementation are collected apart.
func (o *completedObject) repeats(i int) bool {
	for j := range i {
		if o.fields[j].Alias == o.fields[i].Alias {
			return true
		}
	}
	return false
}

// typeName is the value of __typename.
type typeName string

// MarshalGQL implements [graphql.Marshaler].
func (n typeName) MarshalGQL(w io.Writer) {
	_, _ = io.WriteString(w, `"`)
	_, _ = io.WriteString(w, string(n))
	_, _ = io.WriteString(w, `"`)
}

// Answers are written to buffers that are used again, unless they have become large.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

const largestBuffer = 1 << 20

// written is the text of an answer.
func written(data graphql.Marshaler) []byte {
	buf := buffers.Get().(*bytes.Buffer)
	data.MarshalGQL(buf)
	text := bytes.Clone(buf.Bytes())
	if buf.Cap() <= largestBuffer {
		buf.Reset()
		buffers.Put(buf)
	}
	return text
}

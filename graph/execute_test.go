package graph

import (
	"bytes"
	"context"
	"errors"
	"strconv"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2/ast"
)

// answering is a context in which errors can be told.
func answering(t *testing.T) context.Context {
	t.Helper()
	return graphql.WithResponseContext(t.Context(), graphql.DefaultErrorPresenter, func(context.Context, any) error {
		return errors.New("panicked")
	})
}

func errorsOf(ctx context.Context) (told []string) {
	for _, e := range graphql.GetErrors(ctx) {
		told = append(told, e.Path.String()+": "+e.Message)
	}
	return told
}

func write(m graphql.Marshaler) string {
	var out bytes.Buffer
	m.MarshalGQL(&out)
	return out.String()
}

func TestListsAreCompletedInOrderWithThePathOfEachElement(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 2, 100} {
		ctx := answering(t)
		done := completeList(ctx, n, func(ctx context.Context, i int) graphql.Marshaler {
			graphql.AddErrorf(ctx, "%d", i)
			return graphql.MarshalInt(i)
		})
		if len(done) != n {
			t.Fatalf("%d of %d elements", len(done), n)
		}
		for i, element := range done {
			if got := write(element); got != strconv.Itoa(i) {
				t.Errorf("element %d of %d is %s", i, n, got)
			}
		}
		for _, e := range graphql.GetErrors(ctx) {
			if got := e.Path.String(); got != "["+e.Message+"]" {
				t.Errorf("element %s of %d has the path %s", e.Message, n, got)
			}
		}
	}
}

func TestElementsThatWaitDoNotHoldUpTheOthers(t *testing.T) {
	t.Parallel()
	met := make(chan struct{})
	done := completeList(answering(t), 2, func(_ context.Context, i int) graphql.Marshaler {
		if i == 0 {
			<-met
		} else {
			close(met)
		}
		return graphql.Null
	})
	if len(done) != 2 {
		t.Errorf("%d elements", len(done))
	}
}

func TestAPanicCostsTheListAndIsTold(t *testing.T) {
	t.Parallel()
	ctx := answering(t)
	done := completeList(ctx, 3, func(_ context.Context, i int) graphql.Marshaler {
		if i == 1 {
			panic("no")
		}
		return graphql.Null
	})
	if done != nil {
		t.Errorf("the list is %v", done)
	}
	if diff := cmp.Diff([]string{"[1]: panicked"}, errorsOf(ctx)); diff != "" {
		t.Error(diff)
	}
}

func TestAFieldInMemory(t *testing.T) {
	t.Parallel()
	complete := func(_ context.Context, _ ast.SelectionSet, v any) graphql.Marshaler {
		return graphql.MarshalString(v.(string))
	}
	for name, test := range map[string]struct {
		value    any
		complete func(context.Context, ast.SelectionSet, any) graphql.Marshaler
		required bool
		want     string
		told     []string
	}{
		"is completed":                        {value: "here", complete: complete, required: true, want: `"here"`},
		"is null when there is nothing":       {complete: complete, want: "null"},
		"is told of when it must not be null": {complete: complete, required: true, want: "null", told: []string{"at: must not be null"}},
		"is null when it panics": {
			value: 1, complete: func(context.Context, ast.SelectionSet, any) graphql.Marshaler { panic("no") },
			want: "null", told: []string{"at: panicked"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := answering(t)
			oc := &graphql.OperationContext{RecoverFunc: func(context.Context, any) error { return errors.New("panicked") }}
			field := graphql.CollectedField{Field: &ast.Field{Alias: "at"}}
			got := completeField(ctx, oc, "Object", field, test.value, test.complete, test.required)
			if write(got) != test.want {
				t.Errorf("got %s, want %s", write(got), test.want)
			}
			if diff := cmp.Diff(test.told, errorsOf(ctx)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAnObjectHasEachNameOnce(t *testing.T) {
	t.Parallel()
	for want, names := range map[string][]string{
		`{}`:                  {},
		`{"a":0}`:             {"a"},
		`{"a":0,"b":1}`:       {"a", "b", "a"},
		`{"a":0,"b":2}`:       {"a", "a", "b"},
		`{"b":0,"a":1,"c":3}`: {"b", "a", "b", "c"},
	} {
		var fields []graphql.CollectedField
		for _, name := range names {
			fields = append(fields, graphql.CollectedField{Field: &ast.Field{Alias: name}})
		}
		o := newObject(fields)
		for i := range names {
			o.Values[i] = graphql.MarshalInt(i)
		}
		if got := write(o); got != want {
			t.Errorf("%v: got %s, want %s", names, got, want)
		}
	}
}

func TestATypeNameIsQuoted(t *testing.T) {
	t.Parallel()
	if got := write(typeName("Lead")); got != `"Lead"` {
		t.Errorf("got %s", got)
	}
}

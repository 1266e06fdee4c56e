package federation_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/99designs/gqlgen/graphql"

	"github.com/helix-engage/gateway/federation/upstream"
	"github.com/helix-engage/gateway/internal/buffers"
)

// lending is FortyTwo, whose answers stand in buffers of the operation's lease and are made unreadable when they come back.
type lending struct {
	*scripted

	pool *buffers.Pool
	back int
}

func newLending(answer func(string, []string) (string, error)) *lending {
	l := &lending{scripted: &scripted{answer: answer}, pool: buffers.NewPool(1 << 20)}
	l.pool.Spoil(func(b []byte) {
		l.back++
		for i := range b {
			b[i] = '!'
		}
	})
	return l
}

func (l *lending) Do(ctx context.Context, caller *upstream.Caller, r *upstream.Request) ([]byte, int, error) {
	body, _, err := l.scripted.Do(ctx, caller, r)
	if err != nil {
		return nil, 0, err
	}
	lent := append(l.pool.Get(len(body)), body...)
	buffers.LeaseIn(ctx).Hold(l.pool, lent)
	return lent, http.StatusOK, nil
}

func TestOnlyAnAnswerThatIsHandedThroughIsPartOfWhatIsLent(t *testing.T) {
	t.Parallel()
	one := idOf(0)
	const refused = `{"message":"no","extensions":{"code":"FORBIDDEN","userFriendlyMessage":"You may not see leads"}}`
	list := func(inner string) string { return `{"leads":{"edges":[{"node":` + inner + `}]}}` }
	for name, c := range map[string]struct {
		answer   func(string, []string) (string, error)
		document string
		data     string
		through  bool // the whole body is the answer
		errors   int
	}{
		"handed through": {
			says(`{"data":` + list(`{"id":"`+one+`","recordStatus":"OPEN"}`) + `}`), `{ leads { edges { node { id recordStatus } } } }`,
			list(`{"id":"` + one + `","recordStatus":"OPEN"}`), true, 0,
		},
		"renamed": {
			says(`{"data":` + list(`{"id":"`+one+`","recordStatus":"OPEN"}`) + `}`), `{ leads { edges { node { id s: recordStatus } } } }`,
			list(`{"id":"` + one + `","s":"OPEN"}`), false, 0,
		},
		"joined": {
			found(), `{ worklist { lead { id recordStatus } } }`, `{"worklist":[{"lead":{"id":"` + one + `","recordStatus":"OPEN"}}]}`, false, 0,
		},
		"refused": {says(`{"errors":[` + refused + `],"data":null}`), `{ leads { edges { node { id } } } }`, `{"leads":null}`, false, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			crm := newLending(c.answer)
			exec := newFederation(t, crm, []any{map[string]any{"id": "0", "lead": map[string]any{"id": one}}}, 1).Executor()
			for n := range 3 { // what came back is used again
				scope := &buffers.Scope{Context: t.Context()}
				ctx := graphql.StartOperationTrace(scope)
				op, errs := exec.CreateOperationContext(ctx, &graphql.RawParams{Query: c.document})
				if errs != nil {
					t.Fatal(errs)
				}
				respond, ctx := exec.DispatchOperation(ctx, op)
				answer := respond(ctx)
				if string(answer.Data) != c.data || len(answer.Errors) != c.errors {
					t.Fatalf("got %s, %v", answer.Data, answer.Errors)
				}
				told := fmt.Sprint(answer.Errors)
				whole := scope.Lease.Around([]byte(`{"data":`), answer.Data, []byte(`}`))
				if (whole != nil) != c.through || c.through && !json.Valid(whole) {
					t.Errorf("around it is %s", whole)
				}
				scope.Lease.End()
				if (string(answer.Data) != c.data) != c.through || fmt.Sprint(answer.Errors) != told || crm.back != n+1 {
					t.Errorf("after the end: %s, %v, %d buffers came back", answer.Data, answer.Errors, crm.back)
				}
			}
		})
	}
}

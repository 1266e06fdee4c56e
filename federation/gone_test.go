package federation_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/99designs/gqlgen/graphql"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/federation"
	"github.com/helix-engage/gateway/federation/compose"
	"github.com/helix-engage/gateway/federation/upstream"
)

// codesOf are the codes of the errors of a document that reads leads.
func codesOf(t *testing.T, f *federation.Federation) (codes []string) {
	t.Helper()
	exec := f.Executor()
	ctx := graphql.StartOperationTrace(t.Context())
	oc, refused := exec.CreateOperationContext(ctx, &graphql.RawParams{Query: `{ leads { edges { node { id recordStatus } } } }`})
	if refused != nil {
		t.Fatal(refused)
	}
	respond, ctx := exec.DispatchOperation(ctx, oc)
	answer := respond(ctx)
	if string(answer.Data) != `{"leads":null}` {
		t.Errorf("data %s", answer.Data)
	}
	for _, e := range answer.Errors {
		code, _ := e.Extensions["code"].(string)
		if coded, ok := errors.AsType[*helix.Error](e.Err); ok {
			code = string(coded.Code)
		}
		codes = append(codes, code+" "+e.Path.String())
	}
	return codes
}

func TestAFieldThatIsGoneIsNotARefusedToken(t *testing.T) {
	t.Parallel()
	const gone = `{"errors":[{"message":"Cannot query field \"leads\" on type \"Query\"."}]}`
	const expired = `{"errors":[{"message":"Token has expired.","extensions":{"code":"UNAUTHENTICATED","subCode":"UNAUTHENTICATED"}}]}`
	signIn := &helix.Error{Code: helix.CodeUnauthenticated, Message: "sign in again"}
	down := &helix.Error{Code: helix.CodeUnavailable, Message: "FortyTwo does not answer just now", Retryable: true}
	for name, c := range map[string]struct {
		answer string
		vouch  error
		code   string
		looks  bool
	}{
		"the token is good":                        {gone, nil, "UPSTREAM_REJECTED leads", true},
		"the token is refused":                     {gone, signIn, "UNAUTHENTICATED leads", false},
		"nobody can say":                           {gone, down, "UPSTREAM_UNAVAILABLE leads", false},
		"the token has expired since it was found": {expired, nil, "UNAUTHENTICATED leads", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				looks := 0
				o, _ := refreshing(t, 2)
				served := o.Post
				o.Post = func(ctx context.Context, endpoint compose.Endpoint, query string, variables any) (json.RawMessage, error) {
					if strings.Contains(query, "metadataVersion") {
						looks++
					}
					return served(ctx, endpoint, query, variables)
				}
				o.Upstream, o.Interval = &scripted{answer: says(c.answer)}, 24*time.Hour
				o.Caller = func(_ context.Context, to *upstream.Caller) error { to.Token = "token"; return nil }
				o.Vouch = func(context.Context) error { return c.vouch }
				f, err := federation.New(o)
				if err != nil {
					t.Fatal(err)
				}
				ctx, end := context.WithCancel(t.Context())
				ended := make(chan error, 1)
				go func() { ended <- f.Run(ctx) }()
				time.Sleep(time.Hour) // until the schema is read
				synctest.Wait()
				before := looks
				for _, step := range []struct {
					after time.Duration // since the step before
					looks int           // in all, two seconds after many have asked
				}{{0, 1}, {5 * time.Second, 1}, {5 * time.Second, 2}} {
					time.Sleep(step.after)
					for range 20 {
						if codes := codesOf(t, f); !slices.Equal(codes, []string{c.code}) {
							t.Errorf("got %v", codes)
						}
					}
					time.Sleep(2 * time.Second)
					synctest.Wait()
					if !c.looks {
						step.looks = 0
					}
					if got := looks - before; got != step.looks {
						t.Errorf("looked %d times and not %d", got, step.looks)
					}
				}
				end()
				if err := <-ended; err != nil {
					t.Error(err)
				}
			})
		})
	}
}

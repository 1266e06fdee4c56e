package ozonetel

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"golang.org/x/sync/singleflight"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers"
)

// Rules of the account's token (1).
const (
	tokenUse      = 55 * time.Minute // a token is used so long, of the 60 minutes that it lives
	tokenLife     = 60 * time.Minute
	tokenWindow   = time.Hour
	tokensPerHour = 9 // of ten: the last one is left to the people who repair the account

	renewTimeout = controlTimeout
	renewLease   = renewTimeout + 2*time.Second // ends after the request of the replica that holds it
	renewPoll    = 100 * time.Millisecond       // how often a replica looks whether another one is done

	firstPause = 2 * time.Second // after a failed generation, doubling
	maxPause   = 5 * time.Minute
)

// tokens hands out the account's token and renews it: one request at a time in this process (single flight), one
// replica at a time by a compare-and-set on the shared [Token], never more than the account may make.
type tokens struct {
	store    TokenStore
	generate func(context.Context) (string, error)
	now      func() time.Time
	log      *slog.Logger
	made     metric.Int64Counter
	stolen   metric.Int64Counter
	flight   singleflight.Group

	mu       sync.Mutex
	current  Token
	failures int       // generations of this process that failed in a row
	pausedTo time.Time // after a failure; answered with lastErr until then
	lastErr  error
}

func newTokens(o Options, generate func(context.Context) (string, error)) (*tokens, error) {
	t := &tokens{store: o.Tokens, generate: generate, now: o.Now, log: o.Logger}
	var err1, err2 error
	t.made, err1 = o.HTTP.Meter().Int64Counter("helix.ozonetel.tokens.generated",
		metric.WithDescription("Requests for a new account token; the account may make ten an hour."))
	t.stolen, err2 = o.HTTP.Meter().Int64Counter("helix.ozonetel.tokens.stolen",
		metric.WithDescription("Tokens that died early because another system made one for the same account."))
	return t, errors.Join(err1, err2)
}

// get gives the token to use.
func (t *tokens) get(ctx context.Context) (string, error) {
	t.mu.Lock()
	current := t.current
	t.mu.Unlock()
	if t.usable(current, "") {
		return current.Value, nil
	}
	return t.renew(ctx, "", nil)
}

// replace gives another token than the one that was refused with cause: a newer one of another replica, or a new one.
func (t *tokens) replace(ctx context.Context, refused string, cause error) (string, error) {
	return t.renew(ctx, refused, cause)
}

// renew joins the flight under way or starts one. The flight outlives the caller who started it: others wait for it.
func (t *tokens) renew(ctx context.Context, refused string, cause error) (string, error) {
	done := t.flight.DoChan(refused, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), renewTimeout)
		defer cancel()
		return t.obtain(ctx, refused, cause)
	})
	select {
	case result := <-done:
		if result.Err != nil {
			return "", result.Err
		}
		return result.Val.(string), nil
	case <-ctx.Done():
		return "", tokenError("no token in time", ctx.Err())
	}
}

// obtain gives the shared token when it will do, else makes one, unless another replica is at it.
func (t *tokens) obtain(ctx context.Context, refused string, cause error) (string, error) {
	for {
		shared, rev, err := t.store.Load(ctx)
		if err != nil {
			return "", tokenError("the token store cannot be read", err)
		}
		now := t.now()
		switch {
		case t.usable(shared, refused):
			t.keep(shared)
			return shared.Value, nil
		case now.Sub(shared.Renewing) < renewLease:
			if !providers.Wait(ctx, renewPoll) {
				return "", tokenError("another replica makes a token", ctx.Err())
			}
			continue
		}
		shared.Generated = within(shared.Generated, now.Add(-tokenWindow))
		if err := t.mayGenerate(shared, now); err != nil {
			return "", err
		}
		claim := shared
		claim.Renewing, claim.Generated = now, append(slices.Clip(shared.Generated), now)
		if rev, err = t.store.Save(ctx, claim, rev); errors.Is(err, ErrTokenConflict) {
			continue
		} else if err != nil {
			return "", tokenError("the token store cannot be written", err)
		}
		t.watchTheft(ctx, shared, refused, cause, now)
		token, err := t.make(ctx, shared, claim, rev)
		if errors.Is(err, ErrTokenConflict) {
			continue
		}
		return token, err
	}
}

// make asks for a token under a claim and gives the claim up, whatever comes of it.
func (t *tokens) make(ctx context.Context, before, claim Token, rev uint64) (string, error) {
	value, err := t.generate(ctx)
	after := claim
	after.Renewing = time.Time{}
	outcome := "OK"
	switch {
	case err == nil:
		after.Value, after.ObtainedAt = value, claim.Renewing
	case helix.IsCode(err, helix.CodeUnknownOutcome): // one may have been made: it counts
		outcome = string(helix.CodeUnknownOutcome)
		err = tokenError("no answer to the request for a token", err)
	default:
		outcome = string(helix.AsError(err).Code)
		after.Generated = before.Generated
	}
	t.made.Add(ctx, 1, metric.WithAttributes(attribute.String("outcome", outcome)))
	t.note(err)
	_, saveErr := t.store.Save(context.WithoutCancel(ctx), after, rev)
	switch {
	case err != nil:
		return "", err
	case errors.Is(saveErr, ErrTokenConflict):
		return "", saveErr // the lease lapsed and another replica's token is the younger one
	case saveErr != nil:
		t.log.WarnContext(ctx, "the new ozonetel token could not be shared", "error", saveErr)
	}
	t.keep(after)
	return value, nil
}

// mayGenerate refuses while the account's hour is spent, or shortly after a failure.
func (t *tokens) mayGenerate(shared Token, now time.Time) error {
	if n := len(shared.Generated); n >= tokensPerHour {
		return &helix.Error{
			Code: helix.CodeTooManyRequests, Provider: helix.ProviderOzonetel, Op: opToken, Retryable: true,
			RetryAfter: shared.Generated[n-tokensPerHour].Add(tokenWindow).Sub(now),
			Message:    "ozonetel grants no more tokens this hour",
			Detail:     "nine tokens were made within the hour; does another system use the account?",
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if now.Before(t.pausedTo) {
		return t.lastErr
	}
	return nil
}

// note keeps how a generation went. After failures it pauses, longer each time, so that an outage does not use up the
// hour's tokens and does not hold up every request for a full time-out.
func (t *tokens) note(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err == nil {
		t.failures, t.pausedTo, t.lastErr = 0, time.Time{}, nil
		return
	}
	pause := max(min(firstPause<<min(t.failures, 10), maxPause), helix.AsError(err).RetryAfter)
	t.failures++
	t.pausedTo, t.lastErr = t.now().Add(pause), err
}

// watchTheft raises the alarm when a token of ours died young although none of our replicas made another: two systems
// on one account take turns in killing each other's token (1).
func (t *tokens) watchTheft(ctx context.Context, shared Token, refused string, cause error, now time.Time) {
	if refused == "" || shared.Value != refused || now.Sub(shared.ObtainedAt) >= tokenLife {
		return
	}
	if e := helix.AsError(cause); e == nil || !strings.Contains(strings.ToLower(e.Detail), "invalid token") {
		return
	}
	t.stolen.Add(ctx, 1)
	t.log.WarnContext(ctx, "another system uses this ozonetel account and took the token",
		"age", now.Sub(shared.ObtainedAt).Round(time.Second).String(), "generated_this_hour", len(shared.Generated))
}

func (t *tokens) usable(token Token, refused string) bool {
	return token.Value != "" && token.Value != refused && t.now().Sub(token.ObtainedAt) < tokenUse
}

func (t *tokens) keep(token Token) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.current = token
}

// within keeps the times after since.
func within(times []time.Time, since time.Time) []time.Time {
	return slices.DeleteFunc(slices.Clone(times), func(at time.Time) bool { return !at.After(since) })
}

// tokenError says that no request was sent for want of a token.
func tokenError(detail string, err error) *helix.Error {
	return &helix.Error{
		Code: helix.CodeUnavailable, Provider: helix.ProviderOzonetel, Op: opToken, Retryable: true,
		Message: "ozonetel cannot be reached", Detail: detail, Err: err,
	}
}

const opToken = "ozonetel.token"

// generateToken asks for a token. The presence of `token` decides, whatever `message` says (1). It is sent once: each
// repetition would cost one of the hour's ten.
func (c *Client) generateToken(ctx context.Context) (string, error) {
	body, err := json.Marshal(map[string]string{"userName": c.userName})
	if err != nil {
		return "", helix.Internal(opToken, err)
	}
	var token string
	op := providers.Operation{Name: opToken, Family: "token", Safety: providers.Once, Timeout: renewTimeout}
	err = c.http.Do(ctx, op, providers.Request{
		Method: http.MethodPost, URL: c.base + "/ca_apis/CAToken/generateToken", Body: body,
		Header: http.Header{"Content-Type": {"application/json"}, "apiKey": {c.apiKey}},
	}, func(r providers.Response) error {
		if a, err := normalise(r.Body); err == nil && r.OK() {
			token = a.members.text("token")
		}
		if token != "" {
			return nil
		}
		return c.judge(op, r, expectation{read: func(answer) error { return errNoPayload }})
	})
	return token, err
}

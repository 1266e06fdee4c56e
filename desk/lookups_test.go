package desk_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/desk"
)

// inquiry is a desk whose FortyTwo answers what each token may see, and counts how often it is asked.
type inquiry struct {
	*desk.Desk

	clock *clock
	asked atomic.Int64
}

func newInquiry(lookUp func(ctx context.Context, token string) (helix.Contact, error)) *inquiry {
	q := &inquiry{clock: newClock()}
	q.Desk = desk.New(desk.Options{Now: q.clock.now, CRM: &crm{lookUp: func(ctx context.Context, token string) (helix.Contact, error) {
		q.asked.Add(1)
		return lookUp(ctx, token)
	}}})
	return q
}

func byToken(_ context.Context, token string) (helix.Contact, error) {
	return helix.Contact{Lead: "of " + token}, nil
}

// ask fails the test unless the answer is the token's own and FortyTwo was asked so often by then.
func (q *inquiry) ask(t *testing.T, token string, phone helix.Phone, times int64) {
	t.Helper()
	who, err := q.WhoIs(t.Context(), helix.AsUser(token), phone)
	if err != nil || who.Lead != "of "+token || q.asked.Load() != times {
		t.Errorf("got %+v, %v, after asking %d times, want %d", who, err, q.asked.Load(), times)
	}
}

func TestThoseWhoAskWithOneTokenAboutACallerShareTheAnswer(t *testing.T) {
	t.Parallel()
	began, release := make(chan struct{}, 50), make(chan struct{})
	q := newInquiry(func(ctx context.Context, token string) (helix.Contact, error) {
		began <- struct{}{}
		<-release
		return byToken(ctx, token)
	})
	var asking sync.WaitGroup
	ask := func() { asking.Go(func() { q.ask(t, "a", rahul, 1) }) }
	ask()
	<-began
	for range 20 {
		ask()
	}
	close(release)
	asking.Wait()
}

func TestAnAnswerIsSharedWithNoOtherTokenAndNoOtherCaller(t *testing.T) {
	t.Parallel()
	q := newInquiry(byToken)
	q.ask(t, "a", rahul, 1)
	q.ask(t, "b", rahul, 2)
	q.ask(t, "a", "+919811111111", 3)
	q.ask(t, "a", rahul, 3)
	q.ask(t, "b", rahul, 3)
}

func TestAnAnswerIsForgottenAfterTwoSeconds(t *testing.T) {
	t.Parallel()
	q := newInquiry(byToken)
	q.ask(t, "a", rahul, 1)
	q.clock.advance(2 * time.Second)
	q.ask(t, "a", rahul, 1)
	q.clock.advance(time.Millisecond)
	q.ask(t, "a", rahul, 2)
}

func TestAnswersBeyondTheBoundPushOutTheOldest(t *testing.T) {
	t.Parallel()
	q := newInquiry(byToken)
	q.ask(t, "a", rahul, 1)
	for i := range int64(4095) {
		q.ask(t, "a", helix.Phone(fmt.Sprintf("+91981000%04d", i)), i+2)
	}
	q.ask(t, "a", rahul, 4096)
	q.ask(t, "a", "+919822222222", 4097)
	q.ask(t, "a", rahul, 4098)
}

func TestAFailedLookUpIsNotRemembered(t *testing.T) {
	t.Parallel()
	down := errors.New("down")
	var up atomic.Bool
	q := newInquiry(func(ctx context.Context, token string) (helix.Contact, error) {
		if !up.Load() {
			return helix.Contact{}, down
		}
		return byToken(ctx, token)
	})
	if _, err := q.WhoIs(t.Context(), helix.AsUser("a"), rahul); !errors.Is(err, down) {
		t.Errorf("got %v", err)
	}
	up.Store(true)
	q.ask(t, "a", rahul, 2)
}

func TestWhoGoesAwayLeavesTheOthersTheirAnswer(t *testing.T) {
	t.Parallel()
	began := make(chan struct{}, 2)
	var asked atomic.Int64
	q := newInquiry(func(ctx context.Context, token string) (helix.Contact, error) {
		if asked.Add(1) == 1 {
			began <- struct{}{}
			<-ctx.Done()
			return helix.Contact{}, helix.AsError(ctx.Err())
		}
		return byToken(ctx, token)
	})
	gone, leave := context.WithCancel(t.Context())
	var asking sync.WaitGroup
	asking.Go(func() {
		if _, err := q.WhoIs(gone, helix.AsUser("a"), rahul); err == nil {
			t.Error("who went away got an answer")
		}
	})
	<-began
	impatient, give := context.WithCancel(t.Context())
	give()
	if _, err := q.WhoIs(impatient, helix.AsUser("a"), rahul); err == nil {
		t.Error("who did not wait got an answer")
	}
	asking.Go(func() { q.ask(t, "a", rahul, 2) })
	leave()
	asking.Wait()
}

package ozonetel

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"time"
)

func TestKeptAnswersAreBoundedAndTheOldestGoes(t *testing.T) {
	t.Parallel()
	now := sampleDay
	b := newBook[int]("test", func() time.Time { return now }, func() time.Duration { return 0 })
	fetched := 0
	ask := func(i int) {
		t.Helper()
		answer, err := b.get(t.Context(), question{sampleDay, strconv.Itoa(i)}, time.Hour, func(context.Context) (int, bool, error) {
			fetched++
			return i, true, nil
		})
		if err != nil || answer.value != i {
			t.Fatalf("question %d is answered %d, %v", i, answer.value, err)
		}
	}
	for i := range maxKept + 1 {
		ask(i)
		now = now.Add(time.Second)
	}
	if len(b.answers) != maxKept || len(b.flights) != 0 {
		t.Errorf("%d answers and %d flights are kept", len(b.answers), len(b.flights))
	}
	for i := maxKept; i > 0; i-- {
		ask(i)
	}
	if fetched != maxKept+1 {
		t.Errorf("%d requests, want one for each answer", fetched)
	}
	if ask(0); fetched != maxKept+2 {
		t.Error("the oldest answer is still kept")
	}
}

func TestWhatIsNotKept(t *testing.T) {
	t.Parallel()
	b := newBook[int]("test", func() time.Time { return sampleDay }, func() time.Duration { return 0 })
	fetched, failure := 0, errors.New("no")
	for _, step := range []struct {
		keep bool
		err  error
		want int // requests so far
	}{{true, failure, 1}, {false, nil, 2}, {true, nil, 3}, {true, failure, 3}} {
		_, err := b.get(t.Context(), question{day: sampleDay}, time.Hour, func(context.Context) (int, bool, error) {
			fetched++
			return 0, step.keep, step.err
		})
		if fetched != step.want || (step.want != 3 && !errors.Is(err, step.err)) {
			t.Errorf("after %d requests, want %d; error %v", fetched, step.want, err)
		}
	}
}

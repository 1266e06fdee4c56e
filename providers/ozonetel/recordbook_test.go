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
	b := newRecordBook(func() time.Time { return now }, func() time.Duration { return 0 })
	fetched := 0
	ask := func(i int) {
		t.Helper()
		_, err := b.get(t.Context(), recordKey{sampleDay, strconv.Itoa(i)}, time.Hour, func(context.Context) ([]CallRecord, error) {
			fetched++
			return []CallRecord{{ID: "1"}}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for i := range maxKept + 1 {
		ask(i)
		now = now.Add(time.Second)
	}
	if len(b.kept) != maxKept || len(b.flights) != 0 {
		t.Errorf("%d answers and %d flights are kept", len(b.kept), len(b.flights))
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

func TestFailuresAreNotKept(t *testing.T) {
	t.Parallel()
	b := newRecordBook(func() time.Time { return sampleDay }, func() time.Duration { return 0 })
	failure := errors.New("no")
	for _, want := range []error{failure, nil} {
		_, err := b.get(t.Context(), recordKey{day: sampleDay}, time.Hour, func(context.Context) ([]CallRecord, error) { return nil, want })
		if !errors.Is(err, want) {
			t.Errorf("error is %v, want %v", err, want)
		}
	}
}

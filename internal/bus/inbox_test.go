package bus

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestAPushComesOutOfTheInboxAsItWentIn(t *testing.T) {
	t.Parallel()
	b := embedded(t)
	want := InboxMessage{
		Source: "ozonetel.cdr", Body: []byte("data=%7B%7D"), ContentType: "application/x-www-form-urlencoded",
		ReceivedAt: time.Date(2026, 11, 21, 9, 30, 0, 123, time.UTC), Traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
	}
	if err := b.AppendInbox(testContext(t), want); err != nil {
		t.Fatal(err)
	}
	got := make(chan InboxMessage, 1)
	start(t, func(ctx context.Context) error {
		return b.ConsumeInbox(ctx, 4, func(m InboxMessage) string { return m.Source }, func(_ context.Context, m InboxMessage) error {
			got <- m
			return nil
		})
	})
	if diff := cmp.Diff(want, receive(t, got)); diff != "" {
		t.Error(diff)
	}
}

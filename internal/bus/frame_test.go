package bus

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestPushesComeOutOfAGroupAsTheyWentIn(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String()
		pushes := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) InboxMessage {
			return InboxMessage{
				Source: text.Draw(t, "source"), ContentType: text.Draw(t, "type"), Traceparent: text.Draw(t, "trace"),
				Body:       append([]byte{}, rapid.SliceOf(rapid.Byte()).Draw(t, "body")...),
				ReceivedAt: time.Unix(0, rapid.Int64Min(1).Draw(t, "at")).UTC(),
			}
		}), 1, maxGroup).Draw(t, "pushes")
		m := packPushes(pushes)
		size := 1
		for _, p := range pushes {
			size += packedSize(p)
		}
		if len(m.Data) > size {
			t.Fatalf("%d bytes, more than the %d that were reckoned with", len(m.Data), size)
		}
		got, err := unpackPushes(m.Subject, nil, m.Data, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(pushes, got); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestAPushInAGroupWithoutATimeOfReceiptHasThatOfItsStorage(t *testing.T) {
	t.Parallel()
	m := packPushes([]InboxMessage{push("a/1")})
	at := time.Date(2026, 11, 21, 9, 30, 0, 0, time.UTC)
	got := must[[]InboxMessage](t)(unpackPushes(m.Subject, nil, m.Data, at))
	if !got[0].ReceivedAt.Equal(at) {
		t.Errorf("it was received at %s", got[0].ReceivedAt)
	}
}

func TestSubjectsSayHowManyPushesAMessageHas(t *testing.T) {
	t.Parallel()
	for subject, want := range map[string]int{
		"inbox.ozonetel=2Ecdr": 1, "inbox.group": 1, "inbox.group.1": 1, "inbox.group.64": 64, "inbox.group.65": 1, "inbox.group.x": 1,
	} {
		if got := pushesOf(subject); got != want {
			t.Errorf("%s: %d, want %d", subject, got, want)
		}
	}
}

func FuzzUnpackPushes(f *testing.F) {
	m := packPushes([]InboxMessage{push("a/1"), {Source: "s", ContentType: "t", ReceivedAt: time.Unix(1, 0)}})
	f.Add(m.Data)
	f.Add([]byte{groupVersion})
	f.Add([]byte{groupVersion + 1, 0})
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := unpackPushes("inbox.group.2", nil, data, time.Unix(1, 0))
		if err != nil {
			return
		}
		if len(got) != 2 {
			t.Fatalf("%d pushes, want 2", len(got))
		}
		again, err := unpackPushes("inbox.group.2", nil, packPushes(got).Data, time.Unix(1, 0))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(got, again); diff != "" {
			t.Fatal(diff)
		}
	})
}

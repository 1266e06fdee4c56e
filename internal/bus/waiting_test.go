package bus

import "testing"

func TestALaneWaitsUntilItsLastCommandIsWritten(t *testing.T) {
	t.Parallel()
	b := open(t, Options{Dir: t.TempDir()})
	waits := func(lane string) bool {
		t.Helper()
		waiting, err := b.OutboxWaiting(t.Context(), lane)
		if err != nil {
			t.Fatal(err)
		}
		return waiting
	}
	if waits("call 1") {
		t.Fatal("an empty outbox waits")
	}
	done, err := b.AwaitOutbox(t.Context(), "c1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.AppendOutbox(t.Context(), "call 1", "c1", []byte("{}")); err != nil {
		t.Fatal(err)
	}
	if !waits("call 1") || waits("call 2") {
		t.Fatal("the wrong lane waits")
	}
	fate, _ := written()
	drain(t, b, 10, fate)
	receive(t, done)
	if waits("call 1") {
		t.Error("a written command still waits")
	}
}

package calls

import (
	"testing"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/bus"
)

func sealedEvent() helix.CallEvent {
	return helix.CallEvent{
		Sequence: 2, Kind: helix.EventAnswered, At: time.Unix(1, 0).UTC(), RecordedAt: time.Unix(2, 0).UTC(), Call: "c1", Phone: "+919812345678",
		Provider: helix.ProviderOzonetel, ProviderCallID: "21799900000000777", Direction: helix.Inbound, Agent: "agent1", AgentName: "Asha Rao",
		Previous: 7, Before: helix.LogMark{Sequence: 9, Seal: "c2VhbCBvZiBhbm90aGVyIG"},
	}
}

func TestASealCoversTheBytesThatAreStored(t *testing.T) {
	t.Parallel()
	s := newSealer([]byte("secret"))
	e := sealedEvent()
	data, err := s.marshal("p", "before", &e)
	if err != nil {
		t.Fatal(err)
	}
	var tl tail
	back, err := tl.decode(bus.StoredEvent{Data: data})
	if err != nil || back.Seal != e.Seal || len(back.Seal) != 22 || back.AgentName != e.AgentName {
		t.Fatalf("read back: %+v, %v", back, err)
	}
	stored := bus.StoredEvent{Person: "p", Call: "c1", Data: data}
	if !s.genuine(stored, back, "before") {
		t.Error("it is not genuine")
	}
	for i := range data {
		changed := append([]byte(nil), data...)
		changed[i] ^= 1
		if s.genuine(bus.StoredEvent{Person: "p", Call: "c1", Data: changed}, back, "before") {
			t.Errorf("byte %d may change", i)
		}
	}
	for name, other := range map[string]bool{
		"another seal before": s.genuine(stored, back, "other"),
		"another person":      s.genuine(bus.StoredEvent{Person: "q", Call: "c1", Data: data}, back, "before"),
		"another call":        s.genuine(bus.StoredEvent{Person: "p", Call: "c2", Data: data}, back, "before"),
		"another secret":      newSealer([]byte("other")).genuine(stored, back, "before"),
	} {
		if other {
			t.Errorf("%s passes", name)
		}
	}
}

// BenchmarkSeal is what a seal adds to writing an event: the HMAC, and the copy that takes it in.
func BenchmarkSeal(b *testing.B) {
	s := newSealer([]byte("secret"))
	e := sealedEvent()
	content, err := s.marshal("5f0b6c863f3e4a539d0a6f7f2f4b9c21", "", &e)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		s.seal("5f0b6c863f3e4a539d0a6f7f2f4b9c21", "f3a1c1f0-0000-5000-8000-000000000001", "c2VhbCBvZiBhbm90aGVyIG", content)
	}
}

package streaming

import (
	"bytes"
	"flag"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	helix "github.com/helix-engage/gateway"
)

var soakCalls = flag.Int("streaming.soak", 300, "TestShortCallsLeaveNothingBehind: how many calls")

// eventually waits for a condition that real sockets make true.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for over := time.After(patience); !condition(); {
		select {
		case <-tick.C:
		case <-over:
			t.Fatalf("%s: not within %v", what, patience)
		}
	}
}

// unhurried bears with peers that share a busy machine: nothing that is early is dropped, and nobody counts as gone.
func unhurried(_ *world, _ *Options, s *LineSettings) {
	s.Early, s.NoAudio, s.Ping = patience, 2*patience, patience
}

func TestManyCallsAtOnceLoseAndReorderNothing(t *testing.T) {
	t.Parallel()
	const calls = 20
	w := newWorld(t, tcp{}, unhurried)
	answer, said := ramp(600*time.Millisecond), ramp(time.Second)
	var lines []*peer
	for i := range calls {
		lines = append(lines, w.call(fmt.Sprintf("call%d", i)))
	}
	var agents []*conversation
	for range calls {
		agents = append(agents, w.agent())
	}
	var talking sync.WaitGroup
	for _, agent := range agents {
		talking.Go(func() {
			for at := 0; at < len(answer); at += 640 {
				agent.speak(1, answer[at:at+640])
			}
		})
	}
	for _, line := range lines {
		talking.Go(func() { talk(line, said, time.Second) })
	}
	talking.Wait()
	eventually(t, "every sample", func() bool {
		for i := range calls {
			if len(agents[i].samples("hear")) < len(said) || !bytes.HasSuffix(lines[i].samples("play"), answer) {
				return false // a line that waits for its agent hears before that it is alive
			}
		}
		return true
	})
	for i := range calls {
		if !bytes.Equal(agents[i].samples("hear"), said) {
			t.Errorf("call %d was changed on its way", i)
		}
		lines[i].hangUp(1000)
	}
	for range calls {
		if r := w.result(); r.Media.Dropped != 0 || r.Reason != helix.ReasonPatientHungUp {
			t.Errorf("result %+v", r)
		}
	}
}

func TestMoreCallsThanThereIsRoomForDoNotHurtThoseInProgress(t *testing.T) {
	t.Parallel()
	const room = 10
	w := newWorld(t, tcp{}, func(w *world, o *Options, s *LineSettings) {
		unhurried(w, o, s)
		o.Capacity = room
	})
	var lines []*peer
	for i := range room {
		lines = append(lines, w.call(fmt.Sprintf("call%d", i)))
	}
	for range room {
		w.agent()
	}
	said := ramp(500 * time.Millisecond)
	var talking sync.WaitGroup
	for _, line := range lines {
		talking.Go(func() { talk(line, said, 500*time.Millisecond) })
	}
	for i := range room { // twice what there is room for
		if code := w.call(fmt.Sprintf("more%d", i)).closeCode(t); code != closeTryLater {
			t.Errorf("closed with %d", code)
		}
	}
	talking.Wait()
	for _, line := range lines {
		line.hangUp(1000)
	}
	for range room {
		if r := w.result(); r.Media.FramesIn != 25 || r.Media.Dropped != 0 {
			t.Errorf("%d messages came, %d were dropped", r.Media.FramesIn, r.Media.Dropped)
		}
	}
}

// A peer that stops reading fills the buffers of the kernel and of ours; nothing grows beyond, and the call ends.
func TestAStalledLineEndsWithBoundedMemory(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes as long as a write may")
	}
	w := newWorld(t, tcp{}, func(_ *world, _ *Options, s *LineSettings) { s.Ahead = time.Hour })
	ws, answer, err := websocket.DefaultDialer.Dial("ws://"+w.address+"/s/"+w.tokens.Token("one", 1, time.Minute), nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	defer func() { _ = ws.Close() }()
	newPeer(ws).send("start 16000")
	agent := w.agent()
	minute := ramp(time.Minute)
	for range 10 {
		agent.speak(1, minute)
	}
	if r := w.result(); r.Reason != helix.ReasonNoAudio {
		t.Errorf("ended with %v", r.Reason)
	}
}

func TestShortCallsLeaveNothingBehind(t *testing.T) {
	w := newWorld(t, tcp{}, nil)
	serving := make(chan struct{})
	go func() { // every third conversation breaks off
		defer close(serving)
		for n := 0; ; n++ {
			select {
			case agent := <-w.conversations:
				agent.speak(1, ramp(200*time.Millisecond))
				if n%3 == 0 {
					go agent.hangUp(1011)
				}
			case <-w.stopped:
				return
			}
		}
	}()
	short := func(n int) {
		const atOnce = 20
		var calls sync.WaitGroup
		places := make(chan struct{}, atOnce)
		for i := range n {
			places <- struct{}{}
			calls.Go(func() {
				defer func() { <-places }()
				line := w.call(fmt.Sprintf("call%d-%d", n, i))
				line.sendBinary(ramp(20 * time.Millisecond))
				eventually(t, "the patient hears something", func() bool { return len(line.all("play")) > 0 })
				line.hangUp(1000)
				w.result()
			})
		}
		calls.Wait()
		eventually(t, "every stream is closed", func() bool { return w.server.Active() == 0 })
	}
	weight := func() (goroutines int, heap uint64) {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return runtime.NumGoroutine(), m.HeapAlloc
	}
	short(101) // until every pool is filled
	w.owner.forget()
	goroutines, heap := weight()
	short(*soakCalls)
	w.owner.forget()
	eventually(t, "goroutines are back", func() bool { n, _ := weight(); return n <= goroutines+2 })
	after, heapAfter := weight()
	t.Logf("%d calls: goroutines %d -> %d, heap %d KB -> %d KB", *soakCalls, goroutines, after, heap>>10, heapAfter>>10)
	if heapAfter > heap+4<<20 {
		t.Errorf("the heap grew from %d KB to %d KB", heap>>10, heapAfter>>10)
	}
	w.stop()
	<-serving
}

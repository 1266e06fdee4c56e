package streaming

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/helix-engage/gateway/internal/audio"
)

func TestAudioNeverOvertakesTheMessageThatCameBeforeIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // in which nobody takes longer to read than a write may
		const turns = 2000
		ours, theirs := newPipe()
		settings := LineSettings{Ahead: 24 * time.Hour, Chunk: 20 * time.Millisecond}.withDefaults()
		p := newPlayout(testLine{}, settings)
		w := newWriter(newConn(ours, false, 1<<20), p, time.Now(), time.Hour)
		p.wake = w.wake
		go w.run()
		go func() {
			same, chunk := audio.NewConverter(audio.PCM16k, audio.PCM16k), ramp(20*time.Millisecond)
			for range turns {
				w.send(opText, testLine{}.AppendClear)
				p.push(same, chunk, w.now())
			}
		}()
		peer := newConn(theirs, true, 1<<20)
		for clears, plays := 0, 0; plays < turns; {
			_, data, err := peer.next()
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(string(data), "play") {
				plays++
			} else {
				clears++
			}
			if plays > clears {
				t.Fatalf("turn %d overtook the message before it", plays)
			}
		}
		w.abort(nil)
		<-w.stopped
	})
}

func TestMomentsThatCanWaitMeetOnAGrid(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for range 100 {
			d := beat(45*time.Millisecond, 58*time.Millisecond)
			if d < 45*time.Millisecond || d > 58*time.Millisecond || time.Now().Add(d).UnixNano()%int64(beatEvery) != 0 {
				t.Fatalf("%v", d)
			}
			time.Sleep(777 * time.Microsecond)
		}
		if d := beat(3*time.Millisecond, 3*time.Millisecond); d != 3*time.Millisecond {
			t.Errorf("%v where nothing can wait", d)
		}
	})
}

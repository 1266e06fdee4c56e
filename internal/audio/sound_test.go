package audio

import (
	"bytes"
	"testing"
	"time"
)

func TestSilenceIsSilentInEveryEncoding(t *testing.T) {
	t.Parallel()
	for _, f := range []Format{PCM8k, PCM16k, MuLaw8k} {
		s := f.Silence(nil, 20*time.Millisecond)
		if len(s) != f.Bytes(20*time.Millisecond) || f.Level(s) != 0 {
			t.Errorf("%v: %d bytes of level %d", f, len(s), f.Level(s))
		}
	}
}

func TestTheFillerIsSoftUnbrokenAndAlwaysTheSame(t *testing.T) {
	t.Parallel()
	for _, f := range []Format{PCM8k, PCM16k, MuLaw8k} {
		whole := NewComfort(f).Append(nil, 4*time.Second)
		c := NewComfort(f)
		var pieces []byte
		for range 20 {
			pieces = c.Append(pieces, 200*time.Millisecond)
		}
		if !bytes.Equal(whole, pieces) {
			t.Errorf("%v: pieces differ from the whole", f)
		}
		for at := 0; at < len(whole); at += f.Bytes(100 * time.Millisecond) {
			if level := f.Level(whole[at : at+f.Bytes(100*time.Millisecond)]); level < 30 || level > 1500 {
				t.Errorf("%v: level %d after %v", f, level, f.Duration(at))
			}
		}
	}
}

func TestLevelTellsSpeechFromSilence(t *testing.T) {
	t.Parallel()
	for _, f := range []Format{PCM16k, MuLaw8k} {
		if level := f.Level(tone(f, 330, 100*time.Millisecond)); level < 9000 || level > 11500 { // 16000 * 2/pi
			t.Errorf("%v: level %d of a tone", f, level)
		}
	}
	if level := PCM16k.Level([]byte{1}); level != 0 {
		t.Errorf("half a sample has level %d", level)
	}
}

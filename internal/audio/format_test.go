package audio

import (
	"testing"
	"time"
)

func TestEveryFormatOfTheProvidersIsRead(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"pcm_8000", "pcm_16000", "pcm_22050", "pcm_24000", "pcm_44100", "pcm_48000", "ulaw_8000"} {
		f, err := ParseFormat(name)
		if err != nil || f.String() != name {
			t.Errorf("%s: %v, %v", name, f, err)
		}
	}
}

func TestOtherFormatsAreRefused(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "pcm", "pcm_", "pcm_0", "pcm_-8000", "pcm_08000", "pcm_11025", "ulaw_16000", "mp3_44100", "pcm_16000 "} {
		if f, err := ParseFormat(name); err == nil {
			t.Errorf("%q is read as %v", name, f)
		}
	}
}

func TestSizesAndDurationsAreThoseOfWholeSamples(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		format Format
		d      time.Duration
		bytes  int
	}{
		{PCM16k, 20 * time.Millisecond, 640},
		{PCM8k, 20 * time.Millisecond, 320},
		{MuLaw8k, 20 * time.Millisecond, 160},
		{Format{PCM16LE, 22050}, time.Second, 44100},
		{PCM16k, time.Hour, 115_200_000},
	} {
		if got := c.format.Bytes(c.d); got != c.bytes {
			t.Errorf("%v of %v: %d bytes, want %d", c.d, c.format, got, c.bytes)
		}
		if got := c.format.Duration(c.bytes); got != c.d {
			t.Errorf("%d bytes of %v: %v, want %v", c.bytes, c.format, got, c.d)
		}
	}
	if got := (Format{PCM16LE, 22050}).Bytes(10 * time.Millisecond); got != 440 {
		t.Errorf("220.5 samples take %d bytes, want 440", got)
	}
}

package audio

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestAWAVFileIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	samples := tone(PCM16k, 440, 40*time.Millisecond)
	file := append(AppendWAVHeader(nil, 16000, 2, int64(len(samples))), samples...)
	clip, err := ParseWAV(file)
	if diff := cmp.Diff(Clip{PCM16k, 2, samples}, clip); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
}

func TestAFileThatACrashCutIsReadAsFarAsItGoes(t *testing.T) {
	t.Parallel()
	file := append(AppendWAVHeader(nil, 8000, 2, 1<<20), make([]byte, 4003)...)
	clip, err := ParseWAV(file)
	if err != nil || len(clip.Samples) != 4000 {
		t.Errorf("%d bytes, %v", len(clip.Samples), err)
	}
}

func TestChunksThatSayNothingOfSoundAreSteppedOver(t *testing.T) {
	t.Parallel()
	header := AppendWAVHeader(nil, 8000, 1, 2)
	file := append([]byte(nil), header[:12]...)
	file = append(file, "LIST\x03\x00\x00\x00abc\x00"...) // odd sizes are padded
	file = append(append(file, header[12:]...), 1, 2)
	clip, err := ParseWAV(file)
	if diff := cmp.Diff(Clip{PCM8k, 1, []byte{1, 2}}, clip); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
}

func TestWhatIsNoWAVFileIsRefused(t *testing.T) {
	t.Parallel()
	good := AppendWAVHeader(nil, 8000, 1, 0)
	change := func(at int, b byte) []byte {
		bad := append([]byte(nil), good...)
		bad[at] = b
		return bad
	}
	for name, file := range map[string][]byte{
		"empty": nil, "another kind of file": []byte("RIFF\x00\x00\x00\x00AVI fmt "), "cut in its header": good[:30],
		"without samples": good[:36], "24 bits": change(34, 24), "no channels": change(22, 0), "an odd rate": change(24, 1),
		"compressed": change(20, 2), "samples before their format": append(good[:12:12], "data\x00\x00\x00\x00"...),
	} {
		if clip, err := ParseWAV(file); err == nil {
			t.Errorf("%s: read as %v", name, clip)
		}
	}
}

func FuzzParseWAV(f *testing.F) {
	f.Add(append(AppendWAVHeader(nil, 8000, 2, 8), 1, 2, 3, 4, 5, 6, 7, 8))
	f.Add([]byte("RIFF\xff\xff\xff\xffWAVEfmt \xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, file []byte) {
		clip, err := ParseWAV(file)
		if err == nil && (!clip.Format.Valid() || len(clip.Samples)%(clip.Channels*clip.Format.FrameSize()) != 0 || len(clip.Samples) > len(file)) {
			t.Errorf("%v of %d channels and %d bytes", clip.Format, clip.Channels, len(clip.Samples))
		}
	})
}

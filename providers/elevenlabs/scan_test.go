package elevenlabs

import (
	"encoding/base64"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	helix "github.com/helix-engage/gateway"
)

// audioFrame is one of 8 KB of samples, as the provider sends it.
func audioFrame() []byte {
	samples := make([]byte, 8000)
	for i := range samples {
		samples[i] = byte(i * 7)
	}
	return fmt.Appendf(nil, `{"type":"audio","audio_event":{"audio_base_64":%q,"event_id":42}}`, base64.StdEncoding.EncodeToString(samples))
}

const pingFrame = `{"type":"ping","ping_event":{"event_id":12,"ping_ms":null}}`

func TestAudioAndPingsAreReadWithoutAllocating(t *testing.T) {
	v, f := NewDialect(), helix.VoiceFrame{}
	audio, ping, samples, dst := audioFrame(), []byte(pingFrame), make([]byte, 3200), make([]byte, 0, 8<<10)
	for name, run := range map[string]func() error{
		"decoding audio": func() error { return v.Decode(audio, &f) },
		"decoding pings": func() error { return v.Decode(ping, &f) },
		"sending audio":  func() error { dst = v.AppendAudio(dst[:0], samples); return nil },
		"sending pongs":  func() error { dst = v.AppendPong(dst[:0], 12); return nil },
	} {
		var err error
		if n := testing.AllocsPerRun(100, func() { err = errors.Join(err, run()) }); n != 0 || err != nil {
			t.Errorf("%s allocates %v times, %v", name, n, err)
		}
	}
}

func TestTheScannerTakesWhatIsUsual(t *testing.T) {
	t.Parallel()
	for _, data := range []string{
		string(audioFrame()), pingFrame,
		`{"audio_event":{"event_id":1,"alignment":{"chars":["\u0928"],"t":[0.5]},"audio_base_64":"AAAA"},"type":"audio"}`,
	} {
		if !scanFrame([]byte(data), &helix.VoiceFrame{}) {
			t.Errorf("%.80s is left to encoding/json", data)
		}
	}
}

// FuzzVoiceDecode holds the scanner against encoding/json: what it accepts must mean the same.
func FuzzVoiceDecode(f *testing.F) {
	for _, seed := range []string{
		pingFrame, `{"type":"audio","audio_event":{"audio_base_64":"AQIDBA==","event_id":4}}`,
		`{"audio_event":{"alignment":{"chars":["\u0928","\""],"x":[-1.5e+3,true,null]},"audio_base_64":"AAAA","event_id":-4},"type":"audio","more":{}}`,
		`{"type":"ping","ping_event":{"event_id":1},"audio_event":{"audio_base_64":""}}`, `{"type":"audio","Type":"ping","audio_event":{"audio_base_64":"AAAA"}}`,
		`{"type":"client_tool_call","client_tool_call":{"tool_name":"a","tool_call_id":"b","parameters":{"c":1}}}`,
		`{"type":"error","error_event":{"code":1011,"reason":"x"}}`, `{"type":"conversation_initiation_metadata","conversation_initiation_metadata_event":{"conversation_id":"c"}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var fast, slow, whole helix.VoiceFrame
		accepted := scanFrame(data, &fast)
		slowErr := NewDialect().decode(data, &slow)
		if accepted {
			if diff := cmp.Diff(slow, fast, cmpopts.EquateEmpty()); slowErr != nil || diff != "" {
				t.Fatalf("%q: %v (-slow +fast):\n%s", data, slowErr, diff)
			}
		}
		err := NewDialect().Decode(data, &whole)
		if (err != nil) != (slowErr != nil) {
			t.Fatalf("%q: %v and %v", data, err, slowErr)
		}
		if diff := cmp.Diff(slow, whole, cmpopts.EquateEmpty()); err == nil && diff != "" {
			t.Fatalf("%q (-slow +whole):\n%s", data, diff)
		}
	})
}

func BenchmarkVoiceDecodeAudio(b *testing.B) {
	v, f, data := NewDialect(), helix.VoiceFrame{}, audioFrame()
	b.ReportAllocs()
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if err := v.Decode(data, &f); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVoiceDecodeAudioWithoutTheScanner(b *testing.B) {
	v, f, data := NewDialect(), helix.VoiceFrame{}, audioFrame()
	b.ReportAllocs()
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		f.Audio = f.Audio[:0]
		if err := v.decode(data, &f); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVoiceDecodePing(b *testing.B) {
	v, f, data := NewDialect(), helix.VoiceFrame{}, []byte(pingFrame)
	b.ReportAllocs()
	for b.Loop() {
		if err := v.Decode(data, &f); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVoiceAppendAudio(b *testing.B) {
	v, samples := NewDialect(), make([]byte, 1920) // 60 ms at 16 kHz
	var dst []byte
	b.ReportAllocs()
	b.SetBytes(int64(len(samples)))
	for b.Loop() {
		dst = v.AppendAudio(dst[:0], samples)
	}
}

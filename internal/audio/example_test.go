package audio_test

import (
	"fmt"
	"time"

	"github.com/helix-engage/gateway/internal/audio"
)

// A line at 8 kHz meets an agent who hears 16 kHz. Messages of any length may be converted one after another.
func ExampleConverter() {
	toAgent := audio.NewConverter(audio.MuLaw8k, audio.PCM16k)
	var heard []byte
	for range 3 {
		message := audio.MuLaw8k.Silence(nil, 20*time.Millisecond)
		heard = toAgent.Convert(heard, message)
	}
	fmt.Println(audio.PCM16k.Duration(len(heard)), "in", audio.PCM16k)
	// Output: 60ms in pcm_16000
}

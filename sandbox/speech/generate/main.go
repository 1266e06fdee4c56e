// Command generate speaks the sentences of prompts.tsv with eSpeak NG and writes them as WAV files of 16 kHz, mono, 16 bits. It is run by
// hand; see package speech.
package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/helix-engage/gateway/sandbox/speech"
)

func main() {
	folder := "."
	if len(os.Args) > 1 {
		folder = os.Args[1]
	}
	if err := run(folder); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(folder string) error {
	table, err := os.ReadFile(filepath.Join(folder, "prompts.tsv")) //nolint:gosec // the folder is the caller's choice
	if err != nil {
		return err
	}
	prompts, err := speech.ParsePrompts(string(table))
	if err != nil {
		return err
	}
	for _, prompt := range prompts {
		samples, err := speak(prompt)
		if err != nil {
			return fmt.Errorf("%s: %w", prompt.File(), err)
		}
		path := filepath.Join(folder, filepath.FromSlash(prompt.File()))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // part of the source tree
			return err
		}
		if err := os.WriteFile(path, speech.WAV(samples, speech.Rate), 0o644); err != nil { //nolint:gosec // likewise
			return err
		}
	}
	return nil
}

// speak answers a sentence without the silence around it, at half of full scale so that no filter clips it.
func speak(prompt speech.Prompt) ([]int16, error) {
	voice := map[string]string{"en": "en-gb", "hi": "hi"}[prompt.Lang] + map[string]string{speech.Agent: "+f2", speech.Patient: "+m3"}[prompt.Speaker]
	command := exec.Command("espeak-ng", "-v", voice, "-s", "200", "-a", "100", "--stdin", "--stdout") //nolint:noctx,gosec // run by hand
	command.Stdin = strings.NewReader(prompt.Text)
	out, err := command.Output()
	if err != nil {
		return nil, err
	}
	const header = 44
	if len(out) < header || !bytes.HasPrefix(out, []byte("RIFF")) {
		return nil, errors.New("no WAV file")
	}
	samples := trim(speech.Resample(speech.Samples(out[header:]), int(binary.LittleEndian.Uint32(out[24:])), speech.Rate))
	scale(samples, 16_000)
	return samples, nil
}

// trim cuts what is quieter than a hundredth of full scale from both ends.
func trim(samples []int16) []int16 {
	const quiet = 330
	loud := func(v int16) bool { return v > quiet || v < -quiet }
	for len(samples) > 0 && !loud(samples[0]) {
		samples = samples[1:]
	}
	for len(samples) > 0 && !loud(samples[len(samples)-1]) {
		samples = samples[:len(samples)-1]
	}
	return samples
}

func scale(samples []int16, peak int) {
	top := 1
	for _, v := range samples {
		top = max(top, int(v), -int(v))
	}
	for i, v := range samples {
		samples[i] = int16(int(v) * peak / top)
	}
}

package speech

import (
	"embed"
	"fmt"
	"slices"
	"strings"
)

// The speakers.
const (
	Agent   = "agent"
	Patient = "patient"
)

// Prompt is one sentence. Name and language are unique for a speaker.
type Prompt struct {
	Lang    string // "en" or "hi"
	Speaker string // Agent or Patient
	Name    string
	Value   string // what the sentence tells, e.g. "52"; "" when nothing
	Text    string
}

// File is where the sentence's sound lies below this package.
func (p Prompt) File() string { return "wav/" + p.Lang + "-" + p.Speaker + "-" + p.Name + ".wav" }

// Samples is the sentence's sound at Rate.
func (p Prompt) Samples() []int16 {
	file, err := files.ReadFile(p.File())
	if err != nil || len(file) < wavHeader {
		return nil
	}
	return Samples(file[wavHeader:])
}

//go:embed prompts.tsv
var table string

//go:embed wav/*.wav
var files embed.FS

// Prompts is every sentence there is.
func Prompts() []Prompt {
	prompts, err := ParsePrompts(table)
	if err != nil {
		return nil // a test reads the table
	}
	return prompts
}

// Find is one sentence. False: there is none.
func Find(lang, speaker, name string) (Prompt, bool) {
	prompts := Prompts()
	i := slices.IndexFunc(prompts, func(p Prompt) bool { return p.Lang == lang && p.Speaker == speaker && p.Name == name })
	if i < 0 {
		return Prompt{}, false
	}
	return prompts[i], true
}

// Say is the sound of a patient's sentence at Rate; nil when there is none.
func Say(lang, name string) []int16 {
	prompt, _ := Find(lang, Patient, name)
	return prompt.Samples()
}

// ParsePrompts reads the table: one sentence a line, its five members separated by tabs. Errors: a line that has not five.
func ParsePrompts(text string) ([]Prompt, error) {
	var prompts []Prompt
	for line := range strings.Lines(text) {
		members := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(members) != 5 {
			return nil, fmt.Errorf("line %d has %d members, not 5", len(prompts)+1, len(members))
		}
		prompts = append(prompts, Prompt{Lang: members[0], Speaker: members[1], Name: members[2], Value: members[3], Text: members[4]})
	}
	return prompts, nil
}

package knowlarity

import (
	"time"

	"github.com/helix-engage/gateway/sandbox/speech"
)

const (
	turnSilence = 700 * time.Millisecond // of the other side, before a patient thinks it is his turn
	gapLimit    = time.Second            // a silence as long is a moment
	maxKept     = 3 * time.Minute
)

// patient is who is on the phone: what he has heard, and what he says next.
type patient struct {
	script   Script
	ears     speech.Detector
	lines    []Line
	armed    bool          // what the first line waits for has happened
	speakAt  time.Duration // when it is said then
	mouth    []int16       // being said, at the rate of the stream
	heardAny bool
	gap      time.Duration // without audio to play
	began    time.Duration // of the speech that he hears
	last     string        // answer, for when he is asked to repeat it
}

func newPatient(script Script) patient {
	return patient{script: script, lines: script.Lines, ears: speech.Detector{Silence: turnSilence}}
}

// hear takes 20 ms of what is played.
func (p *patient) hear(t *talk, heard []int16, playing bool) {
	t.call.change(func(v *View) {
		if playing {
			v.HeardFor += speech.Frame
		}
		if p.heardAny && !playing {
			v.LongestGap = max(v.LongestGap, p.gap+speech.Frame)
		}
		if t.options.KeepAudio && speech.Duration(len(t.call.kept)) < maxKept {
			t.call.kept = append(t.call.kept, heard...)
		}
	})
	if playing {
		p.endGap(t)
		p.heardAny = true
	} else {
		p.gap += speech.Frame
	}
	switch p.ears.Hear(heard) {
	case speech.Began:
		p.began = t.elapsed
		p.trigger(t, OverAgent)
	case speech.Ended:
		p.notice(t, t.elapsed-turnSilence)
		p.trigger(t, AfterAgent)
		p.reply(t)
	default:
	}
}

func (p *patient) endGap(t *talk) {
	if p.gap >= gapLimit && p.heardAny {
		t.call.moment(Moment{At: t.elapsed - p.gap, Kind: HeardSilence, Duration: p.gap})
	}
	p.gap = 0
}

func (p *patient) notice(t *talk, end time.Duration) {
	t.call.moment(Moment{At: p.began, Kind: HeardSpeech, Duration: max(end-p.began, 0)})
}

// settle notes what was still going on at the end.
func (p *patient) settle(t *talk) {
	if p.ears.Speaking() {
		p.notice(t, t.elapsed)
	}
}

// trigger arms the first line when it waits for this.
func (p *patient) trigger(t *talk, when When) {
	if len(p.lines) > 0 && !p.armed && p.lines[0].When == when {
		p.armed, p.speakAt = true, t.elapsed+p.lines[0].After
	}
}

// reply is the attentive patient's answer to the turn that has ended.
func (p *patient) reply(t *talk) {
	if p.script.Mute || p.script.Lines != nil {
		return
	}
	prompt, known := speech.Recognise(p.script.Language, speech.Agent, p.ears.Turn())
	if !known {
		return
	}
	if name := answersTo[prompt.Name]; name != "" {
		p.last = name
	} else if prompt.Name != "sorry" {
		return
	}
	if sound := speech.Say(p.script.Language, p.last); sound != nil {
		t.utter(sound)
	}
}

// speak is 20 ms of what the patient says, at the rate of the stream.
func (p *patient) speak(t *talk) []int16 {
	if len(p.lines) > 0 && !p.armed && p.lines[0].When == AtTime {
		p.armed, p.speakAt = true, t.opened+p.lines[0].After
	}
	if p.armed && t.elapsed >= p.speakAt && !p.script.Mute {
		line := p.lines[0]
		p.lines, p.armed = p.lines[1:], false
		if line.Sound == nil {
			line.Sound = speech.Say(p.script.Language, line.Say)
		}
		t.utter(line.Sound)
	}
	said := make([]int16, t.rate/50)
	n := copy(said, p.mouth)
	p.mouth = p.mouth[n:]
	return said
}

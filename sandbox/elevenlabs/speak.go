package elevenlabs

import (
	"encoding/base64"
	"fmt"
	"time"

	"github.com/gorilla/websocket"

	"github.com/helix-engage/gateway/sandbox/speech"
)

// endedByAgent is the reason of a conversation that its agent ended, whoever closes the socket then.
const endedByAgent = "end_call tool was called."

// utterance is what the agent says at this moment.
type utterance struct {
	event  int64
	text   string
	began  time.Time
	length time.Duration // of its sound when played, Pace applied
	chunks []*task       // audio frames not yet sent
}

// speaking says whether the agent is being heard, if its sound is played at once.
func (u *utterance) speaking() bool { return u.event != 0 && time.Since(u.began) < u.length }

// expected is the step whose answer is waited for.
func (c *conversation) expected() Step {
	if c.step < len(c.script) {
		return c.script[c.step]
	}
	return Step{}
}

// ask says the question of the step, or good-bye after the last.
func (c *conversation) ask() {
	if c.fault.Kind == FaultSilent {
		return
	}
	if c.step >= len(c.script) {
		c.speak("goodbye", "", c.hangUp)
		return
	}
	text := ""
	if c.step == 0 && c.asked == 0 {
		text = c.first
	}
	c.speak(c.script[c.step].Ask, text, c.waitForCaller)
}

// speak says one of the agent's sentences, as text instead of its own when that is not empty, and does what follows when it has been heard.
func (c *conversation) speak(name, text string, then func()) {
	prompt, _ := speech.Find(c.look().Language, speech.Agent, name)
	if text == "" {
		text = prompt.Text
	}
	c.event++
	c.say(Line{Role: "agent", Text: text})
	c.send("agent_response", object{"agent_response_event": object{"agent_response": text, "event_id": c.event}})
	c.voice = utterance{event: c.event, text: text, began: time.Now()}
	if c.textOnly {
		then()
		return
	}
	samples := prompt.Samples()
	c.voice.length = time.Duration(float64(speech.Duration(len(samples))) / c.options.Pace)
	size, at := speech.Count(c.timing.Chunk), time.Duration(0)
	if c.fault.Kind == FaultHuge {
		samples = append(samples, make([]int16, speech.Rate)...) // so that the shortest sentence is huge
		size = len(samples)
	}
	event := c.event
	for ; len(samples) > 0; at += c.timing.ChunkGap {
		chunk := samples[:min(size, len(samples))]
		samples = samples[len(chunk):]
		c.voice.chunks = append(c.voice.chunks, c.agenda.after(at, func() { c.sendAudio(event, chunk) }))
	}
	c.agenda.after(max(at, 0), then)
}

func (c *conversation) sendAudio(event int64, samples []int16) {
	data, err := speech.Encode(c.agent.Output, samples)
	if err != nil {
		c.end(websocket.CloseInternalServerErr, err.Error(), "unknown_websocket_crash") // the format was checked by New
		return
	}
	c.change(func(v *View) { v.AgentAudio += speech.Duration(len(samples)) })
	c.send("audio", object{"audio_event": object{"audio_base_64": base64.StdEncoding.EncodeToString(data), "event_id": event}})
}

// interrupt is the caller speaking while the agent does.
func (c *conversation) interrupt() {
	if !c.voice.speaking() || c.textOnly || c.step >= len(c.script) {
		return
	}
	for _, chunk := range c.voice.chunks {
		c.agenda.drop(chunk)
	}
	heard := float64(time.Since(c.voice.began)) / float64(c.voice.length)
	original := []rune(c.voice.text)
	corrected := string(original[:int(heard*float64(len(original)))]) + "..."
	said, event := c.voice.text, c.voice.event
	c.voice = utterance{}
	c.send("interruption", object{"interruption_event": object{"event_id": event}})
	c.send("agent_response_correction", object{"agent_response_correction_event": object{
		"original_agent_response": said, "corrected_agent_response": corrected, "event_id": event,
	}})
	c.change(func(v *View) { v.Interruptions++ })
	c.amend(func(l Line) bool { return l.Role == "agent" && l.Text == said }, func(l *Line) { l.Text, l.Interrupted = corrected, true })
	if c.fault.Kind == FaultStale {
		samples := speech.Prompts()[0].Samples()
		for i := range 3 {
			c.agenda.after(time.Duration(i)*c.timing.ChunkGap, func() { c.sendAudio(event, samples[:speech.Count(c.timing.Chunk)]) })
		}
	}
}

// heard is the end of the caller's turn. A name tells which of the sandbox's sentences it was; without one the text is what was typed.
func (c *conversation) heard(text, name string) {
	c.event++
	c.say(Line{Role: "user", Text: text})
	c.send("user_transcript", object{"user_transcription_event": object{"user_transcript": text, "event_id": c.event}})
	if c.fault.Kind == FaultSilent || c.toolCall != "" || c.step >= len(c.script) {
		return
	}
	step, value := c.script[c.step], text
	if name != "" {
		prompt, _ := speech.Find(c.look().Language, speech.Patient, name)
		value = prompt.Value
	}
	c.agenda.drop(c.reask)
	c.agenda.after(c.timing.Think, func() {
		switch {
		case c.detector.Speaking(): // he goes on
		case name == "" || name == step.Answer:
			c.save(step.Field, value)
		case value == "":
			c.askAgain(step.Ask)
		default:
			c.askAgain("sorry")
		}
	})
}

// askAgain repeats a question, and gives up after the second time.
func (c *conversation) askAgain(name string) {
	if c.asked++; c.asked > 2 {
		c.step = len(c.script)
		c.ask()
		return
	}
	c.speak(name, "", c.waitForCaller)
}

// waitForCaller asks again when he stays silent.
func (c *conversation) waitForCaller() {
	c.agenda.drop(c.reask)
	rest := c.voice.length - time.Since(c.voice.began)
	c.reask = c.agenda.after(max(rest, 0)+c.timing.TurnTimeout, func() {
		if c.toolCall == "" && c.step < len(c.script) && !c.detector.Speaking() {
			c.askAgain(c.script[c.step].Ask)
		}
	})
}

// save calls the client tool with what was understood.
func (c *conversation) save(field, value string) {
	c.event++
	id := fmt.Sprintf("tool_%s_%d", c.id, c.event)
	c.toolCall = id
	c.change(func(v *View) { v.Collected[field] = value })
	c.say(Line{Role: "agent", Tool: "save_patient_data", ToolCall: id, Arguments: fmt.Sprintf("{%q:%s}", field, quote(value))})
	c.send("client_tool_call", object{"client_tool_call": object{
		"tool_name": "save_patient_data", "tool_call_id": id, "parameters": object{field: typed(value)}, "event_id": c.event,
	}})
	c.agenda.after(c.timing.ToolWait, func() {
		if c.toolCall == id {
			c.notef("tool call was not answered")
			c.toolDone("", true)
		}
	})
}

// toolDone goes on to the next step, whatever the tool said.
func (c *conversation) toolDone(result string, failed bool) {
	id := c.toolCall
	c.toolCall = ""
	c.amend(func(l Line) bool { return l.ToolCall == id }, func(l *Line) { l.Result, l.Failed = result, failed })
	c.step++
	c.asked = 0
	c.ask()
}

// hangUp is the tool end_call, once all of the good-bye is sent.
func (c *conversation) hangUp() {
	c.event++
	id := fmt.Sprintf("tool_%s_%d", c.id, c.event)
	c.say(Line{Role: "agent", Tool: "end_call", ToolCall: id, Arguments: "{}", Result: "ended"})
	c.change(func(v *View) { v.EndedByAgent = true })
	c.send("agent_tool_response", object{"agent_tool_response": object{
		"tool_name": "end_call", "tool_call_id": id, "tool_type": "system", "is_error": false, "is_called": true, "event_id": c.event,
	}})
	c.agenda.after(c.timing.EndGrace, func() { c.end(websocket.CloseNormalClosure, endedByAgent, "") })
}

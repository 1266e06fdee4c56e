package elevenlabs

import (
	"encoding/base64"
	"encoding/json"
	"time"

	"github.com/gorilla/websocket"

	"github.com/helix-engage/gateway/sandbox/speech"
)

// incoming is every frame of the client in one (elevenlabs.md 3).
type incoming struct {
	Type     *string          `json:"type"`
	Audio    *string          `json:"user_audio_chunk"`
	Event    *int64           `json:"event_id"`
	ToolCall string           `json:"tool_call_id"`
	Result   *json.RawMessage `json:"result"`
	IsError  *bool            `json:"is_error"`
	Text     string           `json:"text"`
}

// take is what a conversation does with one message of the client.
func (c *conversation) take(f frame) {
	if f.closed != 0 {
		c.finish(f.closed, "closed by the client")
		return
	}
	if !f.text {
		c.notef("a binary frame")
		return
	}
	var in incoming
	if err := json.Unmarshal(f.data, &in); err != nil {
		c.notef("a frame that is no message")
		c.end(closeInput, "Invalid message received", "invalid_message")
		return
	}
	c.lastInput = time.Now()
	switch {
	case in.Audio != nil:
		if in.Type != nil {
			c.notef("user_audio_chunk with a type")
		}
		c.hear(*in.Audio)
	case in.Type == nil:
		c.notef("a frame without a type")
	default:
		c.takeTyped(*in.Type, in, f.data)
	}
}

func (c *conversation) takeTyped(kind string, in incoming, data []byte) {
	switch kind {
	case "conversation_initiation_client_data":
		if c.look().Status != Initiated {
			c.notef("a second initiation frame")
			return
		}
		first, errorType := readInitiation(data)
		if errorType != "" {
			c.end(closeInput, "Invalid conversation_initiation_client_data", errorType)
			return
		}
		c.initiate(first)
	case "pong":
		if in.Event == nil || *in.Event != c.pinged || c.pinged == 0 {
			c.notef("a pong that answers no ping")
			return
		}
		c.pinged = 0
		c.change(func(v *View) { v.Pongs++ })
	case "client_tool_result":
		c.takeResult(in)
	case "user_message":
		if c.ready && in.Text != "" {
			c.heard(in.Text, "")
		}
	case "user_activity":
		c.waitForCaller()
	case "contextual_update":
		c.change(func(v *View) {
			if len(v.Context) < maxLines {
				v.Context = append(v.Context, in.Text)
			}
		})
	case "feedback", "mcp_tool_approval_result", "multimodal_message":
	default:
		c.notef("a frame of unknown type")
	}
}

func (c *conversation) takeResult(in incoming) {
	var text string
	switch {
	case in.ToolCall == "" || in.ToolCall != c.toolCall:
		c.notef("a result of no tool call that waits")
		return
	case in.IsError == nil:
		c.notef("a tool result without is_error")
		in.IsError = new(bool)
	}
	if in.Result == nil || json.Unmarshal(*in.Result, &text) != nil {
		c.notef("a tool result that is no string")
	}
	c.toolDone(text, *in.IsError)
}

// hear takes a piece of the caller's sound.
func (c *conversation) hear(chunk string) {
	if !c.ready {
		c.notef("audio before the metadata")
		return
	}
	data, err := base64.StdEncoding.DecodeString(chunk)
	if err != nil {
		c.notef("audio that is no base64")
		return
	}
	if len(data)%2 != 0 && c.agent.Input != "ulaw_8000" {
		c.notef("audio of an odd number of bytes")
	}
	samples, err := speech.Decode(c.agent.Input, data)
	if err != nil {
		c.end(websocket.CloseInternalServerErr, err.Error(), "unknown_websocket_crash") // the format was checked by New
		return
	}
	c.change(func(v *View) {
		v.CallerAudio += speech.Duration(len(samples))
		if c.options.KeepAudio && v.CallerAudio < maxKept {
			c.kept = append(c.kept, samples...)
		}
	})
	c.caller = append(c.caller, samples...)
	for n := speech.Count(speech.Frame); len(c.caller) >= n; c.caller = c.caller[n:] {
		c.listen(c.caller[:n])
	}
	c.caller = append([]int16(nil), c.caller...)
}

// listen notices what a frame of sound means for the conversation.
func (c *conversation) listen(samples []int16) {
	noticed := c.detector.Hear(samples)
	if c.agent.VADScores && noticed != speech.Nothing {
		score := 0.1
		if noticed == speech.Began {
			score = 0.9
		}
		c.send("vad_score", object{"vad_score_event": object{"vad_score": score}})
	}
	switch noticed {
	case speech.Began:
		c.agenda.drop(c.reask)
		c.interrupt()
	case speech.Ended:
		turn := c.detector.Turn()
		prompt, known := speech.Recognise(c.look().Language, speech.Patient, turn)
		if !known {
			prompt, _ = speech.Find(c.look().Language, speech.Patient, c.expected().Answer)
		}
		c.heard(prompt.Text, prompt.Name)
	default:
	}
}

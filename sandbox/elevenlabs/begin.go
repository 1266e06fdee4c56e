package elevenlabs

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gorilla/websocket"
)

// initiation is the first frame (elevenlabs.md 2).
type initiation struct {
	Overrides map[string]any `json:"conversation_config_override"`
	Variables map[string]any `json:"dynamic_variables"`
	User      string         `json:"user_id"`
	came      bool
}

// readInitiation checks the shape of the frame. The second result is the error type of a refusal.
func readInitiation(data []byte) (in initiation, errorType string) {
	if err := json.Unmarshal(data, &in); err != nil {
		return initiation{}, "invalid_message"
	}
	in.came = true
	for _, value := range in.Variables {
		switch value.(type) {
		case string, float64, bool:
		default:
			return in, "value_error"
		}
	}
	return in, ""
}

// initiate begins the conversation, with whatever the peer said of it; without a frame of his at all when it is late.
func (c *conversation) initiate(in initiation) {
	if c.ready || c.done || c.view.Status != Initiated {
		return
	}
	if !in.came {
		c.notef("no conversation_initiation_client_data")
	}
	c.change(func(v *View) {
		v.Status, v.User, v.Variables, v.Overrides = InProgress, in.User, in.Variables, in.Overrides
	})
	var missing []string
	for _, name := range c.agent.Variables {
		if _, ok := in.Variables[name]; !ok {
			missing = append(missing, "'"+name+"'")
		}
	}
	if missing != nil {
		c.end(closeInput, "Missing required dynamic variables in first message: {"+strings.Join(missing, ", ")+"}", "missing_dynamic_variable")
		return
	}
	if refused := c.override(in.Overrides); refused != "" {
		c.end(closeInput, refused, "override_error")
		return
	}
	c.meet()
}

// override applies what the conversation may change for itself, and answers what it may not.
func (c *conversation) override(overrides map[string]any) (refused string) {
	agent, _ := overrides["agent"].(map[string]any)
	talk, _ := overrides["conversation"].(map[string]any)
	c.textOnly, _ = talk["text_only"].(bool)
	if c.agent.NoOverrides {
		for name, section := range overrides {
			members, _ := section.(map[string]any)
			for member := range members {
				if name != "conversation" || member != "text_only" {
					return fmt.Sprintf("Override for field '%s' is not allowed by config.", member)
				}
			}
		}
	}
	c.first, _ = agent["first_message"].(string)
	if language, _ := agent["language"].(string); slices.Contains([]string{"en", "hi"}, language) {
		c.change(func(v *View) { v.Language = language })
	}
	return ""
}

// meet sends the metadata, unless the fault has other plans.
func (c *conversation) meet() {
	switch c.fault.Kind {
	case FaultNoMetadata:
		return
	case FaultSlow:
		c.agenda.after(c.fault.After, c.start)
		return
	case FaultQueue:
		c.queue()
		return
	case FaultClose:
		if c.fault.After == 0 {
			c.closeByFault()
			return
		}
		c.agenda.after(c.fault.After, c.closeByFault)
	case FaultDie:
		c.agenda.after(c.fault.After, func() { c.end(0, "", "") })
	default:
	}
	c.start()
}

func (c *conversation) closeByFault() {
	errorType := ""
	if slices.Contains([]int{closeOperational, closeInput, websocket.CloseInternalServerErr}, c.fault.Code) {
		errorType = c.fault.Reason
	}
	c.end(c.fault.Code, c.fault.Reason, errorType)
}

func (c *conversation) queue() {
	status := func(status string) { c.send("queue_status", object{"queue_status_event": object{"status": status}}) }
	c.agenda.after(c.timing.FrameGap, func() { status("waiting") })
	if c.fault.After == 0 {
		const patience = 5 * time.Second
		c.agenda.after(time.Duration(float64(patience)/c.options.Pace), func() {
			status("timed_out")
			c.end(closeFull, "too many concurrent connections", "")
		})
		return
	}
	c.agenda.after(c.fault.After+c.timing.FrameGap, func() {
		status("admitted")
		c.agenda.after(c.timing.FrameGap, c.start)
	})
}

func (c *conversation) start() {
	c.ready = true
	c.lastInput = time.Now()
	c.send("conversation_initiation_metadata", object{"conversation_initiation_metadata_event": object{
		"conversation_id": c.id, "agent_output_audio_format": c.agent.Output, "user_input_audio_format": c.agent.Input,
	}})
	if c.fault.Kind != FaultMute {
		c.agenda.after(c.timing.Ping, c.ping)
	}
	c.agenda.after(c.timing.InputTimeout, c.watchInput)
	c.agenda.after(time.Duration(float64(c.agent.MaxDuration)/c.options.Pace), func() {
		c.end(websocket.CloseNormalClosure, "max_duration_exceeded", "max_duration_exceeded")
	})
	c.agenda.after(c.timing.FrameGap, func() {
		if c.fault.Kind == FaultGarbage {
			for _, garbage := range []string{"", "{", `"audio"`, `{"type":"audio"}`, `{"type":"audio","audio_event":{"audio_base_64":"%","event_id":"x"}}`, `{"type":7}`} {
				c.sendRaw(websocket.TextMessage, []byte(garbage))
			}
			c.sendRaw(websocket.BinaryMessage, []byte{0xFF, 0, 1})
		}
		c.ask()
	})
}

func (c *conversation) ping() {
	if c.pinged != 0 {
		c.notef("ping %d was not answered", c.pinged)
	}
	c.event++
	c.pinged = c.event
	c.send("ping", object{"ping_event": object{"event_id": c.event, "ping_ms": nil}})
	c.agenda.after(c.timing.Ping, c.ping)
}

func (c *conversation) watchInput() {
	if left := c.timing.InputTimeout - time.Since(c.lastInput); left > 0 {
		c.agenda.after(left, c.watchInput)
		return
	}
	c.end(closeOperational, "No user input received", "transport_receive_timeout")
}

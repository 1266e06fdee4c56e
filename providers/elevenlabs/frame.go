package elevenlabs

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strconv"

	helix "github.com/helix-engage/gateway"
)

var (
	errFrame = errors.New("elevenlabs: a frame is no JSON object with a type")
	errAudio = errors.New("elevenlabs: an audio frame holds no audio")
)

// Decode reads one frame into f, whose buffers are used again (4). Frames of an unknown type are VoiceUnknown. Errors are
// garbage and do not quote the frame.
//
// Audio and pings, which are nearly all that comes, are scanned without an allocation; what the scanner does not expect
// is left to encoding/json, so that nothing depends on the order or the spelling of members.
func (v *Voice) Decode(data []byte, f *helix.VoiceFrame) error {
	*f = helix.VoiceFrame{Audio: f.Audio[:0], Arguments: f.Arguments[:0]}
	if scanFrame(data, f) {
		return nil
	}
	*f = helix.VoiceFrame{Audio: f.Audio[:0], Arguments: f.Arguments[:0]}
	return v.decode(data, f)
}

// serverFrame is any frame; what belongs to its type is read in a second step, so that a surprise elsewhere does no harm.
type serverFrame struct {
	Type         string          `json:"type"`
	Metadata     json.RawMessage `json:"conversation_initiation_metadata_event"`
	Audio        json.RawMessage `json:"audio_event"`
	Interruption json.RawMessage `json:"interruption_event"`
	Ping         json.RawMessage `json:"ping_event"`
	Patient      json.RawMessage `json:"user_transcription_event"` // not named as its type
	Agent        json.RawMessage `json:"agent_response_event"`
	Correction   json.RawMessage `json:"agent_response_correction_event"`
	ClientTool   json.RawMessage `json:"client_tool_call"`
	ToolResponse json.RawMessage `json:"agent_tool_response"`
	ToolPayload  json.RawMessage `json:"agent_tool_response_full_payload"`
	Queue        json.RawMessage `json:"queue_status_event"`
	Error        json.RawMessage `json:"error_event"`
}

// decode is Decode without its short cut.
func (v *Voice) decode(data []byte, f *helix.VoiceFrame) error {
	var frame serverFrame
	if err := json.Unmarshal(data, &frame); err != nil || frame.Type == "" {
		return errFrame
	}
	switch frame.Type {
	case "conversation_initiation_metadata":
		return v.begun(frame.Metadata, f)
	case "audio":
		return audio(frame.Audio, f)
	case "interruption":
		return numbered(frame.Interruption, helix.VoiceInterrupted, f)
	case "ping":
		return numbered(frame.Ping, helix.VoicePing, f)
	case "user_transcript":
		return said(frame.Patient, helix.VoicePatientSaid, f)
	case "agent_response":
		return said(frame.Agent, helix.VoiceAgentSaid, f)
	case "agent_response_correction":
		return said(frame.Correction, helix.VoiceCorrected, f)
	case "client_tool_call":
		return toolCall(frame.ClientTool, f)
	case "agent_tool_response":
		return toolResponse(frame.ToolResponse, f)
	case "agent_tool_response_full_payload":
		return toolResponse(frame.ToolPayload, f)
	case "queue_status":
		return queue(frame.Queue, f)
	case "error":
		return v.fault(frame.Error, f)
	}
	return nil
}

// begun reads the formats of a conversation (4).
func (v *Voice) begun(raw []byte, f *helix.VoiceFrame) error {
	var event struct {
		ID     string `json:"conversation_id"`
		Output string `json:"agent_output_audio_format"`
		Input  string `json:"user_input_audio_format"`
	}
	if err := decodeEvent(raw, &event); err != nil {
		return err
	}
	v.ready = true
	f.Kind, f.Conversation, f.Input, f.Output = helix.VoiceReady, event.ID, event.Input, event.Output
	return nil
}

func audio(raw []byte, f *helix.VoiceFrame) error {
	var event struct {
		Audio *string `json:"audio_base_64"`
		Event int64   `json:"event_id"`
	}
	if err := decodeEvent(raw, &event); err != nil || event.Audio == nil {
		return errAudio
	}
	samples, err := base64.StdEncoding.AppendDecode(f.Audio, []byte(*event.Audio))
	if err != nil {
		return errAudio
	}
	f.Kind, f.Event, f.Audio = helix.VoiceAudio, event.Event, samples
	return nil
}

// numbered reads an event of which the number is all that counts.
func numbered(raw []byte, kind helix.VoiceFrameKind, f *helix.VoiceFrame) error {
	var event struct {
		Event int64 `json:"event_id"`
	}
	if err := decodeEvent(raw, &event); err != nil {
		return err
	}
	f.Kind, f.Event = kind, event.Event
	return nil
}

// said reads an event of words. Older servers number them not (4).
func said(raw []byte, kind helix.VoiceFrameKind, f *helix.VoiceFrame) error {
	var event struct {
		Patient   string `json:"user_transcript"`
		Agent     string `json:"agent_response"`
		Corrected string `json:"corrected_agent_response"`
		Event     int64  `json:"event_id"`
	}
	if err := decodeEvent(raw, &event); err != nil {
		return err
	}
	f.Kind, f.Event = kind, event.Event
	switch kind {
	case helix.VoicePatientSaid:
		f.Text = event.Patient
	case helix.VoiceAgentSaid:
		f.Text = event.Agent
	default:
		f.Text = event.Corrected
	}
	return nil
}

func toolCall(raw []byte, f *helix.VoiceFrame) error {
	var event struct {
		Name       string          `json:"tool_name"`
		ID         string          `json:"tool_call_id"`
		Parameters json.RawMessage `json:"parameters"`
		Event      int64           `json:"event_id"`
	}
	if err := decodeEvent(raw, &event); err != nil {
		return err
	}
	if len(event.Parameters) == 0 || event.Parameters[0] != '{' {
		event.Parameters = json.RawMessage("{}")
	}
	f.Kind, f.Event, f.Tool, f.ToolCall = helix.VoiceToolCall, event.Event, event.Name, event.ID
	f.Arguments = append(f.Arguments, event.Parameters...)
	return nil
}

// endCall is the provider's tool by which an agent ends the call (4).
const endCall = "end_call"

// toolResponse passes over the agent's own tools, but for the one that ends the call.
func toolResponse(raw []byte, f *helix.VoiceFrame) error {
	var event struct {
		Name   string `json:"tool_name"`
		Failed bool   `json:"is_error"`
		Event  int64  `json:"event_id"`
	}
	if err := decodeEvent(raw, &event); err != nil {
		return err
	}
	if event.Name == endCall && !event.Failed {
		f.Kind, f.Event = helix.VoiceHangup, event.Event
	}
	return nil
}

// queue reads how a conversation that must wait fares (6).
func queue(raw []byte, f *helix.VoiceFrame) error {
	var event struct {
		Status string `json:"status"`
	}
	if err := decodeEvent(raw, &event); err != nil {
		return err
	}
	switch event.Status {
	case "waiting":
		f.Kind = helix.VoiceWaiting
	case "timed_out":
		f.Kind, f.Text, f.Retryable = helix.VoiceFault, "the provider had no conversation free in time", true
	}
	return nil
}

// fault reads an error, after which the socket closes (5).
func (v *Voice) fault(raw []byte, f *helix.VoiceFrame) error {
	var event struct {
		Code    int    `json:"code"`
		Type    string `json:"error_type"`
		Message string `json:"message"`
		Reason  string `json:"reason"`
	}
	if err := decodeEvent(raw, &event); err != nil {
		return err
	}
	f.Kind, f.Text = helix.VoiceFault, "error "+strconv.Itoa(event.Code)
	if word.MatchString(event.Type) {
		f.Text += " " + event.Type
	}
	if text := first(event.Reason, event.Message); text != "" {
		f.Text += ": " + v.quote(text)
	}
	f.Retryable = retryableCloses[event.Code] || v.ready && passingFaults[event.Type]
	if event.Code == closeNormal { // the longest time is over, which is no fault
		f.Kind, f.Retryable = helix.VoiceHangup, false
	}
	return nil
}

// decodeEvent reads the part of a frame that its type names. A member of the wrong type counts as missing.
func decodeEvent(raw []byte, into any) error {
	if len(raw) == 0 || raw[0] != '{' || decode(raw, into) != nil {
		return errFrame
	}
	return nil
}

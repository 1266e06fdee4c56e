package elevenlabs

import (
	"encoding/base64"
	"encoding/json"
	"strconv"
	"sync/atomic"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers"
)

// Subprotocol is what the socket may be offered; it is not needed (1).
const Subprotocol = "convai"

// Voice is the dialect of one conversation's socket (2 to 5). Decode and Closed are for one goroutine, the Append methods
// for another; AppendAudio and AppendPong allocate nothing but what dst lacks.
type Voice struct {
	ready   bool                     // the conversation has begun
	private atomic.Pointer[[]string] // what the agent was told of the patient, which no fault may repeat
}

// NewDialect makes the dialect for a new socket.
func NewDialect() *Voice { return &Voice{} }

// AppendAudio appends what the patient says, in the format that the conversation began with (3). The frame has no type.
func (v *Voice) AppendAudio(dst, samples []byte) []byte {
	dst = append(dst, `{"user_audio_chunk":"`...)
	dst = base64.StdEncoding.AppendEncode(dst, samples)
	return append(dst, `"}`...)
}

// AppendPong appends the answer to a ping, which is due at once (4).
func (v *Voice) AppendPong(dst []byte, event int64) []byte {
	dst = append(dst, `{"type":"pong","event_id":`...)
	dst = strconv.AppendInt(dst, event, 10)
	return append(dst, '}')
}

// AppendToolResult appends the answer to a client tool; the result is a text, JSON as well (3).
func (v *Voice) AppendToolResult(dst []byte, call, result string, failed bool) []byte {
	return appendJSON(dst, struct {
		Type   string `json:"type"`
		Call   string `json:"tool_call_id"`
		Result string `json:"result"`
		Failed bool   `json:"is_error"`
	}{"client_tool_result", call, result, failed})
}

// AppendContext appends something that the agent should know from now on. It interrupts nobody (3).
func (v *Voice) AppendContext(dst []byte, text string) []byte {
	return appendJSON(dst, struct {
		Type string `json:"type"`
		Text string `json:"text"`
	}{"contextual_update", text})
}

// appendJSON appends what can always be written as JSON.
func appendJSON(dst []byte, v any) []byte {
	raw, err := json.Marshal(v)
	if err != nil { // strings and booleans can be written
		return dst
	}
	return append(dst, raw...)
}

// Closed tells what the end of the socket means (5): the agent hung up, or a fault and whether another conversation may
// work. reason is quoted without what it may repeat of the patient.
func (v *Voice) Closed(code int, reason string) helix.VoiceFrame {
	text := v.quote(reason)
	if code == closeNormal {
		return helix.VoiceFrame{Kind: helix.VoiceHangup, Text: text}
	}
	detail := "closed with " + strconv.Itoa(code)
	if text != "" {
		detail += ": " + text
	}
	return helix.VoiceFrame{Kind: helix.VoiceFault, Text: detail, Retryable: retryableCloses[code]}
}

// The codes of closes that mean something to us (5, RFC 6455 7.4.1).
const closeNormal = 1000

// retryableCloses are those after which another conversation may work. 1002, 1008 and 3000 are about our input, our
// configuration or the conversation itself; so is any code that is not known.
var retryableCloses = map[int]bool{
	1001: true, // going away
	1005: true, // none was given
	1006: true, // the connection broke
	1011: true, // a fault of the server's
	1012: true, // it restarts
	1013: true, // try again later
	3008: true, // too many connections
}

// passingFaults are the errors that a conversation under way may die of although nothing was wrong with it (5). Before
// it has begun they are the agent's configuration.
var passingFaults = map[string]bool{
	"llm_timeout": true, "transport_receive_timeout": true, "asyncio_timeout": true, "http_exception": true, "llm_error": true,
	"cascade_brain_error": true, "asr_transcription_error": true, "vad_error": true, "turn_probability_error": true,
	"tts_cascade_error": true, "redis_timeout_error": true,
}

// quote quotes the provider without what the agent was told of the patient.
func (v *Voice) quote(text string) string {
	if told := v.private.Load(); told != nil {
		return providers.Quote(text, *told...)
	}
	return providers.Quote(text)
}

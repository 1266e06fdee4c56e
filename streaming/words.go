package streaming

import (
	"context"
	"net/http"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/audio"
)

// Line is the dialect of a telephony provider's audio socket. One value serves one socket: Decode is called by one goroutine,
// the rest by several at once.
type Line interface {
	// Decode reads one message. What it returns aliases data. An error is garbage: counted, never fatal by itself.
	Decode(binary bool, data []byte) (helix.LineFrame, error)
	// AppendAudio appends a message that plays samples.
	AppendAudio(dst []byte, f audio.Format, samples []byte) []byte
	// AppendClear appends a message that stops what plays and forgets what is queued.
	AppendClear(dst []byte) []byte
	// AppendHangup appends a message that ends the call.
	AppendHangup(dst []byte) []byte
	// AppendTransfer appends a message that hands the call to a person, or nothing when the provider cannot.
	AppendTransfer(dst []byte, to helix.Phone) []byte
}

// Voice is the dialect of a voice agent's socket. One value serves one socket: Decode is called by one goroutine, the rest by
// several at once.
type Voice interface {
	// AppendStart appends the message that begins the conversation.
	AppendStart(dst []byte, s helix.VoiceStart) ([]byte, error)
	// AppendAudio appends a message of what the patient says, in the format that [helix.VoiceReady] told.
	AppendAudio(dst, samples []byte) []byte
	// AppendContext appends something that the agent should know from now on. It interrupts nobody.
	AppendContext(dst []byte, text string) []byte
	// AppendPong appends the answer to a ping.
	AppendPong(dst []byte, event int64) []byte
	// AppendToolResult appends the answer to a tool call.
	AppendToolResult(dst []byte, call, result string, failed bool) []byte
	// Decode reads one message into f, whose buffers it may use again. An error is garbage, as for a Line.
	Decode(data []byte, f *helix.VoiceFrame) error
	// Closed tells what the end of the socket means: VoiceHangup, or VoiceFault with Retryable. code is that of the
	// close frame, 1006 when there was none.
	Closed(code int, reason string) helix.VoiceFrame
}

// VoiceDialer says where voice agents are reached.
type VoiceDialer interface {
	// Address gives the URL of a new conversation with an agent, "" for the configured one. The URL may hold a key: it is
	// never logged.
	Address(ctx context.Context, agent string) (url string, header http.Header, err error)
	// Dialect gives the dialect for a new socket.
	Dialect() Voice
}

// Calls is who owns the calls. Its methods may take their time: no audio waits for them.
type Calls interface {
	// Attach claims the one stream that an attempt may have. An error refuses the socket.
	Attach(ctx context.Context, c Claim) (Plan, error)
	// Active tells that patient and voice agent can hear each other. After a reconnection it is told again.
	Active(ctx context.Context, call helix.CallID, attempt int, conversation string) error
	// Said tells what was spoken; the words of an agent who was cut short end where he was.
	Said(ctx context.Context, call helix.CallID, line helix.TranscriptLine)
	// Tool runs a client tool of the voice agent.
	Tool(ctx context.Context, call helix.CallID, name string, arguments []byte) (result string, err error)
	// Note adds a line to the call's audit trail.
	Note(ctx context.Context, call helix.CallID, kind helix.OutboundKind, detail string)
	// Ended tells how an attached stream ended, once.
	Ended(ctx context.Context, call helix.CallID, attempt int, r Result) error
}

// Claim is a socket that wants to be a call's stream.
type Claim struct {
	Call    helix.CallID // from the token; "" when the socket is the number's and must be matched by Start
	Attempt int
	Start   helix.LineStart // as far as the provider told
}

// Plan is what to do with a call's stream.
type Plan struct {
	Call          helix.CallID
	Attempt       int
	VoiceAgent    string // "" for the configured one
	Start         helix.VoiceStart
	ResumeMessage string        // the agent's first words after a reconnection; "" for none of ours
	MaxDuration   time.Duration // zero: [DefaultMaxDuration]
	Record        bool
	TransferTo    helix.Phone // who takes over when the voice agent is lost; "" for nobody
}

// Result is how a stream ended.
type Result struct {
	Reason       helix.OutboundReason
	Conversation string // the voice provider's id of the last one
	Media        helix.MediaStats
	Recording    string // name for [Recordings.Open]; "" when there is none
	TalkedFor    time.Duration
}

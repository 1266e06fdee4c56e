package helix

import "time"

// LineFrameKind is what a message of a telephony provider's audio socket is.
type LineFrameKind int

// The kinds.
const (
	LineUnknown LineFrameKind = iota // counted, otherwise ignored
	LineStarted                      // the first message: who calls whom
	LineAudio
	LineDigit // the patient pressed a key
	LineEnded // the provider says that the call is over; the close of the socket says so too
)

// LineFrame is one decoded message of a telephony provider's audio socket.
type LineFrame struct {
	Kind  LineFrameKind
	Audio []byte    // LineAudio: the line's format; aliases the message. Samples may be split between messages
	Start LineStart // LineStarted
	Digit string    // LineDigit
}

// LineStart is what a telephony provider says of a call when its audio begins. Any field may be missing, and nothing in it
// is proof of anything.
type LineStart struct {
	ProviderCallID string
	Session        string // what we gave it when we dialled
	Customer       Phone
	DID            string
	Rate           int // samples a second; 0 when not said
}

// VoiceFrameKind is what a message of a voice agent's socket is.
type VoiceFrameKind int

// The kinds.
const (
	VoiceUnknown     VoiceFrameKind = iota // counted, otherwise ignored
	VoiceReady                             // the conversation has begun; its formats are known
	VoiceAudio                             //
	VoiceInterrupted                       // the patient spoke: audio up to Event is void
	VoicePing                              // to be answered at once
	VoicePatientSaid                       //
	VoiceAgentSaid                         //
	VoiceCorrected                         // what the agent had said when it was interrupted
	VoiceToolCall                          // a client tool, to be answered
	VoiceHangup                            // the agent ends the call once its last words are played
	VoiceWaiting                           // the provider is full and makes us wait
	VoiceFault                             // an error; the socket closes next
)

// VoiceFrame is one decoded message of a voice agent's socket.
type VoiceFrame struct {
	Kind  VoiceFrameKind
	Event int64  // VoiceAudio, VoiceInterrupted, VoicePing, said: the provider's event id; 0 when it gave none
	Audio []byte // VoiceAudio, decoded; valid until the next message is decoded
	Text  string // said: the words; VoiceFault: the provider's reason, for the operator

	Conversation string // VoiceReady
	Input        string // VoiceReady: format that the agent hears, e.g. "pcm_16000"
	Output       string // VoiceReady: format that the agent speaks

	Tool      string // VoiceToolCall: its name
	ToolCall  string // VoiceToolCall: id to answer under
	Arguments []byte // VoiceToolCall: a JSON object; valid until the next message is decoded

	Retryable bool // VoiceFault: a new conversation may work
}

// VoiceStart begins a conversation.
type VoiceStart struct {
	Call         CallID
	Attempt      int
	User         string            // comes back with the results; our call id
	Language     string            // "" for the agent's own
	FirstMessage string            // "" for the agent's own
	Variables    map[string]any    // strings, numbers, booleans
	Context      string            // resumption: what was said so far; "" at first
	Extra        map[string]string // reserved words of the provider; usually empty
}

// Conversation is what a voice provider says of a finished conversation.
type Conversation struct {
	ID         string
	Call       CallID // as we gave it at the start; "" when the provider does not say
	Done       bool   // nothing will be added any more
	Failed     bool
	StartedAt  time.Time
	Duration   time.Duration
	Cost       float64
	EndReason  string // the provider's words, for the operator
	Summary    string
	Successful string // "success", "failure", "unknown" or ""
	Transcript []TranscriptLine
	Collected  []CollectedItem
}

// DialReport is what a telephony provider says of a call that it dialled for us, by callback or by its log.
type DialReport struct {
	Provider       Provider
	Call           CallID // ours, when the provider echoes it
	ProviderCallID string
	Customer       Phone
	Status         DialStatus
	At             time.Time // when it happened; zero when not said
	Duration       time.Duration
	RecordingURL   string
	Finished       bool   // the call is over
	Detail         string // the provider's own words, without numbers
}

// DialStatus is how a dialled call stands.
type DialStatus string

// The statuses.
const (
	DialPlaced    DialStatus = "PLACED"    // accepted or ringing
	DialAnswered  DialStatus = "ANSWERED"  //
	DialCompleted DialStatus = "COMPLETED" // answered, and over
	DialBusy      DialStatus = "BUSY"      //
	DialNoAnswer  DialStatus = "NO_ANSWER" //
	DialFailed    DialStatus = "FAILED"    // refused, rejected or cancelled
	DialUnclear   DialStatus = "UNCLEAR"   // over, and the provider's word for how is not known
)

// DialRequest asks a telephony provider to dial a patient and to stream the audio to us.
type DialRequest struct {
	Call      CallID
	Attempt   int
	To        Phone
	StreamURL string // wss, with a token in its path; never logged
	Greeting  string // spoken before the stream; "" for none
	Language  string // of the greeting
	Metadata  map[string]any
}

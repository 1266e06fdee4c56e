package helix

import (
	"encoding/json"
	"slices"
	"time"
)

// OutboundState is where an outbound AI call stands.
type OutboundState string

// The states. COMPLETED and FAILED are final.
const (
	OutboundInitiating   OutboundState = "INITIATING"   // waits to be dialled: for its time, for room, or for the next attempt
	OutboundDialing      OutboundState = "DIALING"      // the provider was asked, or is about to be
	OutboundConnected    OutboundState = "CONNECTED"    // the patient answered
	OutboundActive       OutboundState = "ACTIVE"       // patient and voice agent talk
	OutboundDisconnected OutboundState = "DISCONNECTED" // the audio ended without word of how the call ended
	OutboundCompleted    OutboundState = "COMPLETED"    // they talked, and the call is over
	OutboundFailed       OutboundState = "FAILED"       // no conversation came of it; see the end reason
)

// Final reports whether the state is never left.
func (s OutboundState) Final() bool { return s == OutboundCompleted || s == OutboundFailed }

// OutboundReason is why an attempt, or the whole call, ended.
type OutboundReason string

// The reasons.
const (
	ReasonCompleted      OutboundReason = "COMPLETED"       // the conversation came to its end
	ReasonPatientHungUp  OutboundReason = "PATIENT_HUNG_UP" //
	ReasonAgentHungUp    OutboundReason = "AGENT_HUNG_UP"   // the voice agent ended the call
	ReasonTransferred    OutboundReason = "TRANSFERRED"     // to a person
	ReasonMaxDuration    OutboundReason = "MAX_DURATION"    //
	ReasonBusy           OutboundReason = "BUSY"            // retried
	ReasonNoAnswer       OutboundReason = "NO_ANSWER"       // retried
	ReasonRefused        OutboundReason = "REFUSED"         // by the provider, before the call was placed; retried where that helps
	ReasonRejected       OutboundReason = "REJECTED"        // the callee's side refused the call, or the number is wrong
	ReasonUnknownOutcome OutboundReason = "UNKNOWN_OUTCOME" // it may have been dialled; never repeated
	ReasonNoAudio        OutboundReason = "NO_AUDIO"        // answered, but no audio arrived
	ReasonVoiceFailed    OutboundReason = "VOICE_FAILED"    // the voice agent could not be reached or was lost
	ReasonCancelled      OutboundReason = "CANCELLED"       // by whoever asked for it
	ReasonNotAllowed     OutboundReason = "NOT_ALLOWED"     // by a rule that every dial must pass
	ReasonExpired        OutboundReason = "EXPIRED"         // it could not be dialled in its time
)

// OutboundPatient is whom an outbound call is for, as the CRM described him.
type OutboundPatient struct {
	ID            string          `json:"id,omitempty"` // the CRM's, any form
	Name          string          `json:"name"`
	Phone         Phone           `json:"phone"`
	TreatmentType string          `json:"treatmentType,omitempty"`
	CRMData       json.RawMessage `json:"crmData,omitempty"` // a JSON object, handed on to the voice agent
}

// OutboundRequest asks for an outbound AI call.
type OutboundRequest struct {
	Key         string          `json:"key"` // idempotency key, unique within the asker
	Patient     OutboundPatient `json:"patient"`
	Language    string          `json:"language,omitempty"`   // ISO 639-1, e.g. "hi"
	Purpose     string          `json:"purpose,omitempty"`    //
	VoiceAgent  string          `json:"voiceAgent,omitempty"` // the provider's agent id; "" for the configured one
	ScheduledAt time.Time       `json:"scheduledAt,omitzero"` // not before; zero: now
}

// OutboundCall is an outbound AI call as the gateway keeps it: its whole story in one value, so that one compare-and-set
// moves it.
type OutboundCall struct {
	ID      CallID          `json:"id"`
	Asker   string          `json:"asker"`  // [Caller.Key] of who asked
	Digest  string          `json:"digest"` // of the request, to tell a repetition from another request under its key
	Request OutboundRequest `json:"request"`

	State     OutboundState  `json:"state"`
	CreatedAt time.Time      `json:"createdAt"`
	DueAt     time.Time      `json:"dueAt,omitzero"` // INITIATING: when it is dialled next
	EndedAt   time.Time      `json:"endedAt,omitzero"`
	EndReason OutboundReason `json:"endReason,omitempty"`

	Attempts []OutboundAttempt `json:"attempts,omitempty"` // at most 3
	Timeline []OutboundEntry   `json:"timeline"`           // at most MaxTimeline; TRUNCATED says where lesser ones were left out

	Conversation  string                 `json:"conversation,omitempty"`  // the voice provider's id of the last conversation
	Conversations []OutboundConversation `json:"conversations,omitempty"` // all, at most MaxConversations

	Transcript []TranscriptLine `json:"transcript,omitempty"` // at most MaxTranscript
	Collected  []CollectedItem  `json:"collected,omitempty"`  // newest value of each key, at most MaxCollected
	Summary    string           `json:"summary,omitempty"`
	Cost       float64          `json:"cost,omitempty"`      // in the voice provider's credits
	Recording  string           `json:"recording,omitempty"` // name of ours under RECORDINGS_DIR, or the provider's URL
	Media      *MediaStats      `json:"media,omitempty"`     // of the last stream
	TalkedFor  time.Duration    `json:"talkedFor,omitempty"` // of the last stream

	Revision uint64 `json:"-"` // of the stored value
}

// Bounds of one outbound call's story.
const (
	MaxTimeline      = 300
	MaxTranscript    = 1000
	MaxCollected     = 100
	MaxAttempts      = 3
	MaxConversations = 20
	MaxAliases       = 4
)

// OutboundConversation is one conversation of the voice agent within an outbound call: the first, and those after the
// agent was lost and found again.
type OutboundConversation struct {
	ID      string  `json:"id"`
	Done    bool    `json:"done,omitempty"`    // its results came
	GivenUp bool    `json:"givenUp,omitempty"` // its results are no longer asked for
	Cost    float64 `json:"cost,omitempty"`
}

// Attempt gives the last attempt, nil when there was none.
func (c *OutboundCall) Attempt() *OutboundAttempt {
	if len(c.Attempts) == 0 {
		return nil
	}
	return &c.Attempts[len(c.Attempts)-1]
}

// OutboundAttempt is one dial of an outbound call.
type OutboundAttempt struct {
	Number         int            `json:"number"` // from 1
	State          OutboundState  `json:"state"`
	ProviderCallID string         `json:"providerCallId,omitempty"`
	Aliases        []string       `json:"aliases,omitempty"`    // other ids that the provider speaks of it under, at most MaxAliases
	StartedAt      time.Time      `json:"startedAt"`            // the intent was stored
	ConnectedAt    time.Time      `json:"connectedAt,omitzero"` // the patient answered
	AttachedAt     time.Time      `json:"attachedAt,omitzero"`  // its audio arrived; it does so once
	TalkingAt      time.Time      `json:"talkingAt,omitzero"`   // the voice agent was there
	SilentAt       time.Time      `json:"silentAt,omitzero"`    // its audio ended
	EndedAt        time.Time      `json:"endedAt,omitzero"`
	Outcome        OutboundReason `json:"outcome,omitempty"`  // "" while it goes on
	Reason         string         `json:"reason,omitempty"`   // for the operator, without patient data
	Late           bool           `json:"late,omitempty"`     // no audio came in time; the wait was given up, not the call
	Reported       DialStatus     `json:"reported,omitempty"` // how the provider said that it was over; "" before
	ReportedAt     time.Time      `json:"reportedAt,omitzero"`
}

// KnownAs reports whether the provider speaks of the attempt under an id.
func (a *OutboundAttempt) KnownAs(id string) bool {
	return id != "" && (a.ProviderCallID == id || slices.Contains(a.Aliases, id))
}

// Learn keeps an id that the provider speaks of the attempt under, and says whether it is new: answer, callbacks and
// stream may each have their own.
func (a *OutboundAttempt) Learn(id string) bool {
	switch {
	case id == "" || a.KnownAs(id) || len(id) > 200:
		return false
	case a.ProviderCallID == "":
		a.ProviderCallID = id
	case len(a.Aliases) == MaxAliases:
		return false
	default:
		a.Aliases = append(slices.Clip(a.Aliases), id)
	}
	return true
}

// OutboundEntry is one line of an outbound call's audit trail.
type OutboundEntry struct {
	Sequence int           `json:"seq"` // from 1, without gaps
	At       time.Time     `json:"at"`
	Kind     OutboundKind  `json:"kind"`
	From     OutboundState `json:"from,omitempty"` // STATE
	To       OutboundState `json:"to,omitempty"`   // STATE
	Detail   string        `json:"detail,omitempty"`
}

// OutboundKind is what a line of the audit trail tells.
type OutboundKind string

// The kinds.
const (
	OutboundCreated    OutboundKind = "CREATED"    // the request was accepted
	OutboundMoved      OutboundKind = "STATE"      // the call moved From a state To another
	OutboundAttempted  OutboundKind = "ATTEMPT"    // an attempt began or ended
	OutboundProvider   OutboundKind = "PROVIDER"   // what the telephony provider answered
	OutboundCallback   OutboundKind = "CALLBACK"   // what the telephony provider reported
	OutboundVoice      OutboundKind = "VOICE"      // what the voice agent's side reported
	OutboundMedia      OutboundKind = "MEDIA"      // what happened to the audio
	OutboundCollected  OutboundKind = "COLLECTED"  // the voice agent saved data
	OutboundTranscript OutboundKind = "TRANSCRIPT" // a line was spoken
	OutboundSaved      OutboundKind = "SAVED"      // results were handed to FortyTwo
	OutboundIgnored    OutboundKind = "IGNORED"    // a report that changes nothing, e.g. a repeated or late one
	OutboundTruncated  OutboundKind = "TRUNCATED"  // later lines were left out
)

// TranscriptLine is something said in a conversation.
type TranscriptLine struct {
	At   time.Time      `json:"at"`
	Role TranscriptRole `json:"role"`
	Text string         `json:"text"`
}

// TranscriptRole is who said it.
type TranscriptRole string

// The roles.
const (
	RoleVoiceAgent TranscriptRole = "AGENT"
	RolePatient    TranscriptRole = "PATIENT"
)

// CollectedItem is one thing that the voice agent found out.
type CollectedItem struct {
	Key   string          `json:"key"`
	Value json.RawMessage `json:"value"` // any JSON
}

// MediaStats tells how the audio of a conversation went.
type MediaStats struct {
	FramesIn      int64         `json:"framesIn"`      // messages of audio from the caller's side
	FramesOut     int64         `json:"framesOut"`     // messages of audio to it
	Dropped       int64         `json:"dropped"`       // messages lost at one of our bounds
	Interruptions int           `json:"interruptions"` // times that the patient cut the agent short
	Reconnects    int           `json:"reconnects"`    // times that the voice agent was lost and found again
	LatencyP50    time.Duration `json:"latencyP50"`    // from the end of the patient's words to the first of the agent's
	LatencyP95    time.Duration `json:"latencyP95"`
	LatencyMax    time.Duration `json:"latencyMax"`
}

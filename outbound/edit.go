package outbound

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	helix "github.com/helix-engage/gateway"
)

const (
	// keptForMoves is the part of a timeline that is kept for moves and attempts, so that neither is ever left out.
	keptForMoves = 60
	// maxDetail bounds the words of a line of the timeline, in bytes.
	maxDetail = 200
	// maxLine bounds a spoken line, maxTranscript all of them, in bytes of JSON.
	maxLine       = 4 << 10
	maxTranscript = 200 << 10
	// maxSummary bounds a summary, in bytes.
	maxSummary = 16 << 10
	// maxURL bounds a recording's address, in bytes.
	maxURL = 2 << 10
)

// edit is a call while it is being changed.
type edit struct {
	helix.OutboundCall
	now     time.Time
	refused []string // moves that the table does not have
}

// move brings the call to another state, if the table has the move. The current attempt, while it is open, goes along.
func (e *edit) move(to helix.OutboundState) bool {
	if !Allowed(e.State, to) {
		e.refused = append(e.refused, string(e.State)+" to "+string(to))
		return false
	}
	e.add(helix.OutboundEntry{Kind: helix.OutboundMoved, From: e.State, To: to})
	e.State = to
	if a := e.Attempt(); a != nil && a.Outcome == "" && to != helix.OutboundInitiating {
		a.State = to
	}
	return true
}

// finish ends the call and its open attempt.
func (e *edit) finish(to helix.OutboundState, reason helix.OutboundReason) bool {
	if !e.move(to) {
		return false
	}
	e.EndReason, e.EndedAt, e.DueAt = reason, e.now, time.Time{}
	e.endAttempt(reason, "")
	return true
}

// endAttempt ends the current attempt, if it is open.
func (e *edit) endAttempt(outcome helix.OutboundReason, detail string) {
	a := e.Attempt()
	if a == nil || a.Outcome != "" {
		return
	}
	a.Outcome, a.Reason, a.EndedAt = outcome, clean(detail, maxDetail), e.now
	if !a.State.Final() {
		a.State = helix.OutboundFailed
	}
	e.note(helix.OutboundAttempted, strings.TrimSuffix(fmt.Sprintf("attempt %d ended: %s %s", a.Number, outcome, a.Reason), " "))
}

// unanswered ends the attempt, and the call as well unless another attempt may follow after a pause.
func (e *edit) unanswered(outcome helix.OutboundReason, detail string, again bool, pause time.Duration) {
	e.endAttempt(outcome, detail)
	if again && repeatable(outcome) && len(e.Attempts) < helix.MaxAttempts && e.move(helix.OutboundInitiating) {
		e.DueAt = e.now.Add(pause)
		return
	}
	e.finish(helix.OutboundFailed, outcome)
}

// reopen takes an ended attempt up again, because it was answered after all.
func (e *edit) reopen() {
	a := e.Attempt()
	if a.Outcome != "" {
		e.note(helix.OutboundAttempted, fmt.Sprintf("attempt %d goes on after %s", a.Number, a.Outcome))
	}
	a.Outcome, a.Reason, a.EndedAt, a.Reported, a.ReportedAt = "", "", time.Time{}, "", time.Time{}
	e.DueAt = time.Time{}
}

// note adds a line to the timeline.
func (e *edit) note(kind helix.OutboundKind, detail string) {
	e.add(helix.OutboundEntry{Kind: kind, Detail: clean(detail, maxDetail)})
}

// ignored notes a report that changes nothing. It says whether there was anything to note.
func (e *edit) ignored(detail string) bool { return e.once(helix.OutboundIgnored, detail) }

// once adds a line unless the latest ones of its kind have it.
func (e *edit) once(kind helix.OutboundKind, detail string) bool {
	detail = clean(detail, maxDetail)
	for i := len(e.Timeline) - 1; i >= 0 && e.Timeline[i].Kind == kind; i-- {
		if e.Timeline[i].Detail == detail {
			return false
		}
	}
	return e.add(helix.OutboundEntry{Kind: kind, Detail: detail})
}

// add numbers an entry and says whether it came in. When the timeline is nearly full only attempts and moves do, and at
// last only moves.
func (e *edit) add(entry helix.OutboundEntry) bool {
	room := helix.MaxTimeline - len(e.Timeline)
	switch entry.Kind {
	case helix.OutboundMoved:
	case helix.OutboundAttempted:
		room -= keptForMoves / 2
	default:
		room -= keptForMoves
		if room == 1 {
			entry = helix.OutboundEntry{Kind: helix.OutboundTruncated, Detail: "later entries are left out, apart from moves and attempts"}
		}
	}
	if room <= 0 {
		return false
	}
	entry.Sequence = len(e.Timeline) + 1
	if entry.At.IsZero() {
		entry.At = e.now
	}
	e.Timeline = append(e.Timeline, entry)
	return true
}

// speak adds spoken lines, as many as there is room for.
func (e *edit) speak(lines []helix.TranscriptLine) {
	size := 0
	for _, l := range e.Transcript {
		size += jsonSize(l.Text)
	}
	for _, l := range lines {
		l.Text = clean(l.Text, maxLine)
		size += jsonSize(l.Text)
		if len(e.Transcript) >= helix.MaxTranscript || size > maxTranscript {
			return
		}
		e.Transcript = append(e.Transcript, l)
	}
}

// converse notes that a conversation of the voice agent belongs to the call.
func (e *edit) converse(id string) *helix.OutboundConversation {
	for i := range e.Conversations {
		if e.Conversations[i].ID == id {
			return &e.Conversations[i]
		}
	}
	if len(e.Conversations) >= helix.MaxConversations || len(id) > 200 {
		return nil
	}
	e.Conversation = id
	e.Conversations = append(e.Conversations, helix.OutboundConversation{ID: id})
	return &e.Conversations[len(e.Conversations)-1]
}

// clean makes outside text fit to be kept: valid UTF-8 without control characters, at most limit bytes of JSON.
func clean(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
	size := 0
	for i, r := range s {
		if size += runeSize(r); size > limit {
			return s[:i]
		}
	}
	return s
}

// jsonSize is how many bytes a text takes in JSON, as encoding/json writes it.
func jsonSize(s string) int {
	size := 0
	for _, r := range s {
		size += runeSize(r)
	}
	return size
}

func runeSize(r rune) int {
	switch {
	case r == '<' || r == '>' || r == '&' || r == '\u2028' || r == '\u2029' || r < ' ':
		return 6
	case r == '"' || r == '\\':
		return 2
	}
	return utf8.RuneLen(r)
}

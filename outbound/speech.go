package outbound

import (
	"context"
	"fmt"
	"sync"
	"time"

	helix "github.com/helix-engage/gateway"
)

const (
	// speechLines and speechPause are how much, and how long, is kept in memory before it is stored: a synced write for
	// each line would cost more than the call.
	speechLines = 10
	speechPause = 5 * time.Second
	// maxSpeakers bounds the calls whose lines are kept; those of further ones are left to the provider's transcript.
	maxSpeakers = 10_000
)

// speech is what was said and noted in calls and is not stored yet.
type speech struct {
	full chan struct{} // one token when a call has enough to be stored

	mu    sync.Mutex
	calls map[helix.CallID]*spoken
}

// spoken is what waits of one call: at most helix.MaxTranscript lines and helix.MaxTimeline notes, later ones are lost.
type spoken struct {
	lines []helix.TranscriptLine
	notes []helix.OutboundEntry
	since time.Time
}

func newSpeech() *speech {
	return &speech{full: make(chan struct{}, 1), calls: map[helix.CallID]*spoken{}}
}

// Said keeps a line that was spoken. It does not block; the line is stored within seconds.
func (s *Service) Said(_ context.Context, call helix.CallID, line helix.TranscriptLine) {
	s.speech.add(call, s.o.Now(), func(w *spoken) {
		if len(w.lines) < helix.MaxTranscript {
			w.lines = append(w.lines, line)
		}
	})
}

// Note keeps a line for the audit trail. It does not block; the line is stored within seconds.
func (s *Service) Note(_ context.Context, call helix.CallID, kind helix.OutboundKind, detail string) {
	now := s.o.Now()
	entry := helix.OutboundEntry{At: now.UTC().Round(0), Kind: kind, Detail: clean(detail, maxDetail)}
	s.speech.add(call, now, func(w *spoken) {
		if len(w.notes) < helix.MaxTimeline {
			w.notes = append(w.notes, entry)
		}
	})
}

func (p *speech) add(call helix.CallID, now time.Time, keep func(*spoken)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w := p.calls[call]
	if w == nil {
		if len(p.calls) >= maxSpeakers {
			return
		}
		w = &spoken{since: now}
		p.calls[call] = w
	}
	keep(w)
	if len(w.lines)+len(w.notes) >= speechLines {
		select {
		case p.full <- struct{}{}:
		default:
		}
	}
}

// take takes out what waits of a call, nil when nothing does.
func (p *speech) take(call helix.CallID) *spoken {
	p.mu.Lock()
	defer p.mu.Unlock()
	w := p.calls[call]
	delete(p.calls, call)
	return w
}

// giveBack puts what could not be stored before what came meanwhile.
func (p *speech) giveBack(call helix.CallID, w *spoken) {
	if w == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if later := p.calls[call]; later != nil {
		w.lines = append(w.lines, later.lines...)
		w.notes = append(w.notes, later.notes...)
		w.lines = w.lines[:min(len(w.lines), helix.MaxTranscript)]
		w.notes = w.notes[:min(len(w.notes), helix.MaxTimeline)]
	}
	p.calls[call] = w
}

// due lists the calls that have enough to be stored, or whose first line has waited for a pause.
func (p *speech) due(now time.Time, pause time.Duration) []helix.CallID {
	p.mu.Lock()
	defer p.mu.Unlock()
	var due []helix.CallID
	for call, w := range p.calls {
		if len(w.lines)+len(w.notes) >= speechLines || now.Sub(w.since) >= pause {
			due = append(due, call)
		}
	}
	return due
}

// flush stores what has waited for at least a pause, evenly within a stretch of time: each is read and written, and audio
// would wait for many in a row.
func (s *Service) flush(ctx context.Context, pause, within time.Duration) {
	due := s.speech.due(s.o.Now(), pause)
	for i, call := range due {
		if i > 0 {
			wait(ctx, within/time.Duration(len(due)))
		}
		if ctx.Err() != nil || s.store(ctx, call) != nil {
			return // the service stops, or the bucket is in trouble: the next tick tries again
		}
	}
}

// store stores what waits of one call.
func (s *Service) store(ctx context.Context, call helix.CallID) error {
	w := s.speech.take(call)
	if w == nil {
		return nil
	}
	_, err := s.change(ctx, call, func(e *edit) (bool, error) { return w.tell(e), nil })
	if helix.IsCode(err, helix.CodeNotFound) {
		return nil // erased
	}
	if err != nil {
		s.speech.giveBack(call, w)
		s.o.Logger.WarnContext(ctx, "what was said is not stored yet", "call", string(call), "error", err)
	}
	return err
}

// tell adds what waited to the call. Lines of conversations whose final transcript is there already are not needed.
func (w *spoken) tell(e *edit) bool {
	if w == nil {
		return false
	}
	before := len(e.Timeline)
	for _, n := range w.notes {
		e.add(n)
	}
	lines := len(e.Transcript)
	if !e.transcribed() {
		e.speak(w.lines)
	}
	if n := len(e.Transcript) - lines; n > 0 {
		e.note(helix.OutboundTranscript, fmt.Sprintf("%d lines", n))
	}
	return len(e.Timeline) > before || len(e.Transcript) > lines
}

// transcribed reports whether the provider's transcript of the last conversation is there.
func (e *edit) transcribed() bool {
	for _, c := range e.Conversations {
		if c.ID == e.Conversation {
			return c.Done
		}
	}
	return false
}

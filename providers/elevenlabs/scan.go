package elevenlabs

import (
	"bytes"
	"encoding/base64"
	"strings"

	helix "github.com/helix-engage/gateway"
)

// scanFrame reads an audio frame or a ping without an allocation. false says that the frame is something else, or holds
// anything that encoding/json might see differently: then nothing of f counts.
func scanFrame(data []byte, f *helix.VoiceFrame) bool {
	s := scanner{data: data}
	var kind, audio []byte
	var audioEvent, pingEvent scannedEvent
	ok := s.object(func(key []byte) bool {
		switch string(key) {
		case "type":
			if kind != nil {
				return false
			}
			var plain bool
			kind, plain = s.plain()
			return plain
		case "audio_event":
			return s.event(&audioEvent)
		case "ping_event":
			return s.event(&pingEvent)
		}
		return s.skip(1)
	})
	if !ok || !s.end() {
		return false
	}
	switch string(kind) {
	case "audio":
		audio = audioEvent.audio
		if !audioEvent.seen || audio == nil || pingEvent.audio != nil || bytes.IndexByte(audio, '\n') >= 0 || bytes.IndexByte(audio, '\r') >= 0 {
			return false // line ends may stand in base64, but not in JSON
		}
		samples, err := base64.StdEncoding.AppendDecode(f.Audio, audio)
		if err != nil {
			return false
		}
		f.Kind, f.Event, f.Audio = helix.VoiceAudio, audioEvent.id, samples
		return true
	case "ping":
		f.Kind, f.Event = helix.VoicePing, pingEvent.id
		return pingEvent.seen && pingEvent.audio == nil && !audioEvent.seen // texts that were not looked into
	}
	return false
}

// scannedEvent is what counts of an audio or ping event.
type scannedEvent struct {
	seen, numbered bool
	audio          []byte // base64, not looked into; nil when missing
	id             int64
}

// scanner walks a JSON document. Its methods report false for what is no JSON, and for what they leave to others.
type scanner struct {
	data []byte
	at   int
}

// event reads an object with audio, a number, and what else there may be.
func (s *scanner) event(e *scannedEvent) bool {
	if e.seen {
		return false
	}
	e.seen = true
	return s.object(func(key []byte) bool {
		switch string(key) {
		case "audio_base_64":
			if e.audio != nil {
				return false
			}
			var plain bool
			e.audio, plain = s.plain()
			return plain
		case "event_id":
			if e.numbered {
				return false
			}
			e.numbered = true
			return s.integer(&e.id)
		}
		return s.skip(2)
	})
}

// object passes an object; member is called when its value comes next. Only names of small letters, digits and "_" will
// do: encoding/json takes others for the same in another spelling.
func (s *scanner) object(member func(key []byte) bool) bool {
	if !s.take('{') {
		return false
	}
	if s.take('}') {
		return true
	}
	for {
		s.space()
		key, ok := s.plain()
		if !ok {
			return false
		}
		for _, ch := range key {
			if !(ch >= 'a' && ch <= 'z' || ch >= '0' && ch <= '9' || ch == '_') {
				return false
			}
		}
		if !s.take(':') || !member(key) {
			return false
		}
		if s.take(',') {
			continue
		}
		return s.take('}')
	}
}

// plain passes a string without escapes and gives what is between its quotes, never nil. Control characters are for the
// caller to refuse; names cannot hold any, nor can base64.
func (s *scanner) plain() ([]byte, bool) {
	if !s.take('"') {
		return nil, false
	}
	length := bytes.IndexByte(s.data[s.at:], '"')
	if length < 0 {
		return nil, false
	}
	text := s.data[s.at : s.at+length]
	s.at += length + 1
	return text, bytes.IndexByte(text, '\\') < 0
}

// integer passes a whole number of at most 18 digits.
func (s *scanner) integer(into *int64) bool {
	s.space()
	negative := s.at < len(s.data) && s.data[s.at] == '-'
	if negative {
		s.at++
	}
	start := s.at
	var n int64
	for s.at < len(s.data) && s.data[s.at] >= '0' && s.data[s.at] <= '9' {
		n = 10*n + int64(s.data[s.at]-'0')
		s.at++
		if s.at-start > 18 {
			return false
		}
	}
	if length := s.at - start; length == 0 || length > 1 && s.data[start] == '0' {
		return false
	}
	if s.at < len(s.data) && (s.data[s.at] == '.' || s.data[s.at]|0x20 == 'e') {
		return false
	}
	if negative {
		n = -n
	}
	*into = n
	return true
}

// maxScanDepth is how deep values may nest that are passed over.
const maxScanDepth = 16

// skip passes any value.
func (s *scanner) skip(depth int) bool {
	s.space()
	if depth > maxScanDepth || s.at >= len(s.data) {
		return false
	}
	switch ch := s.data[s.at]; {
	case ch == '"':
		return s.text()
	case ch == '{':
		return s.members(depth, '}', true)
	case ch == '[':
		return s.members(depth, ']', false)
	case ch == '-' || ch >= '0' && ch <= '9':
		return s.number()
	}
	for _, word := range [...]string{"null", "true", "false"} {
		if len(s.data)-s.at >= len(word) && string(s.data[s.at:s.at+len(word)]) == word {
			s.at += len(word)
			return true
		}
	}
	return false
}

// members passes the rest of an object or a list.
func (s *scanner) members(depth int, end byte, named bool) bool {
	s.at++
	if s.take(end) {
		return true
	}
	for {
		if named {
			if s.space(); !s.text() || !s.take(':') {
				return false
			}
		}
		if !s.skip(depth + 1) {
			return false
		}
		if s.take(',') {
			continue
		}
		return s.take(end)
	}
}

// text passes a string with escapes.
func (s *scanner) text() bool {
	if s.at >= len(s.data) || s.data[s.at] != '"' {
		return false
	}
	for s.at++; s.at < len(s.data); s.at++ {
		switch ch := s.data[s.at]; {
		case ch == '"':
			s.at++
			return true
		case ch < ' ':
			return false
		case ch == '\\':
			if !s.escape() {
				return false
			}
		}
	}
	return false
}

// escape passes an escape but for its last character.
func (s *scanner) escape() bool {
	s.at++
	if s.at >= len(s.data) {
		return false
	}
	if s.data[s.at] != 'u' {
		return strings.IndexByte(`"\/bfnrt`, s.data[s.at]) >= 0
	}
	for range 4 {
		s.at++
		if s.at >= len(s.data) || strings.IndexByte("0123456789abcdefABCDEF", s.data[s.at]) < 0 {
			return false
		}
	}
	return true
}

// number passes a number.
func (s *scanner) number() bool {
	if s.data[s.at] == '-' {
		s.at++
	}
	start := s.at
	if !s.digits() || s.at-start > 1 && s.data[start] == '0' {
		return false
	}
	if s.at < len(s.data) && s.data[s.at] == '.' {
		if s.at++; !s.digits() {
			return false
		}
	}
	if s.at < len(s.data) && s.data[s.at]|0x20 == 'e' {
		if s.at++; s.at < len(s.data) && (s.data[s.at] == '+' || s.data[s.at] == '-') {
			s.at++
		}
		return s.digits()
	}
	return true
}

// digits passes one digit or more.
func (s *scanner) digits() bool {
	start := s.at
	for s.at < len(s.data) && s.data[s.at] >= '0' && s.data[s.at] <= '9' {
		s.at++
	}
	return s.at > start
}

// take passes one character, and space before it, if it comes next.
func (s *scanner) take(ch byte) bool {
	s.space()
	if s.at >= len(s.data) || s.data[s.at] != ch {
		return false
	}
	s.at++
	return true
}

func (s *scanner) space() {
	for s.at < len(s.data) {
		switch s.data[s.at] {
		case ' ', '\t', '\r', '\n':
			s.at++
		default:
			return
		}
	}
}

// end reports whether nothing follows but space.
func (s *scanner) end() bool {
	s.space()
	return s.at == len(s.data)
}

package knowlarity

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/audio"
)

// Subprotocol is what Knowlarity's client may offer when it opens a stream (6.3).
const Subprotocol = "audio.drachtio.org"

// Line is the dialect of one audio socket (6). Its Append methods allocate nothing but what dst lacks.
type Line struct {
	started bool // the first message was read
}

// NewLine makes the dialect for a new socket.
func NewLine() *Line { return &Line{} }

var (
	errStart = errors.New("knowlarity: the first message is no metadata")
	errText  = errors.New("knowlarity: a message is no JSON object")
)

// Decode reads one message. The first is the metadata; it may come in a binary frame, and after audio (6.4). Metadata
// that is cut or broken starts the stream with as much as can be read of it: the session is known by the address. What
// it returns aliases data, or is copied. Errors do not quote the message.
func (l *Line) Decode(binary bool, data []byte) (helix.LineFrame, error) {
	if binary {
		if l.started || !looksLikeText(data) {
			return helix.LineFrame{Kind: helix.LineAudio, Audio: data}, nil
		}
		doc, ok := object(data)
		if !ok { // samples may begin with any byte
			return helix.LineFrame{Kind: helix.LineAudio, Audio: data}, nil
		}
		return l.start(doc), nil
	}
	if len(data) > maxDocument {
		return helix.LineFrame{}, errText
	}
	v, err := value(data)
	doc, isObject := v.(map[string]any)
	switch {
	case isObject && err == nil && isEvent(doc):
		return event(doc), nil
	case !l.started && isObject:
		return l.start(doc), nil
	case !l.started:
		return helix.LineFrame{}, errStart
	case err != nil || !isObject:
		return helix.LineFrame{}, errText
	}
	return helix.LineFrame{}, nil
}

// looksLikeText reports whether a binary frame may hold the metadata: an object from its first byte to its last.
func looksLikeText(data []byte) bool {
	data = bytes.TrimSpace(data)
	return len(data) > 1 && len(data) <= maxDocument && data[0] == '{' && data[len(data)-1] == '}'
}

// AppendAudio appends a `playAudio` of 16-bit samples (6.6). The format's rate is told; its coding must be PCM.
func (l *Line) AppendAudio(dst []byte, f audio.Format, samples []byte) []byte {
	dst = append(dst, `{"type":"playAudio","data":{"audioContentType":"raw","sampleRate":`...)
	dst = strconv.AppendInt(dst, int64(f.Rate), 10)
	dst = append(dst, `,"audioContent":"`...)
	dst = base64.StdEncoding.AppendEncode(dst, samples)
	return append(dst, `"}}`...)
}

// AppendClear appends a `killAudio`, which stops what plays and forgets what is queued (6.6).
func (l *Line) AppendClear(dst []byte) []byte { return append(dst, `{"type":"killAudio"}`...) }

// AppendHangup appends a `disconnect`. Whether it ends the call or only the stream is the provider's affair: the socket is
// to be closed a second later (6.6).
func (l *Line) AppendHangup(dst []byte) []byte { return append(dst, `{"type":"disconnect"}`...) }

// AppendTransfer appends a `transfer` to a number (6.6), or nothing when there is none.
func (l *Line) AppendTransfer(dst []byte, to helix.Phone) []byte {
	if to == "" || strings.Trim(string(to), "+0123456789") != "" {
		return dst
	}
	dst = append(dst, `{"type":"transfer","data":{"textContent":"`...)
	dst = append(dst, to...)
	return append(dst, `"}}`...)
}

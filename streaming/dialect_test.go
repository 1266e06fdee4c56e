package streaming

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/audio"
)

// testLine is a telephony dialect of our own: words, and base64 where there is audio to play.
type testLine struct{}

func (testLine) Decode(binary bool, data []byte) (helix.LineFrame, error) {
	if binary {
		return helix.LineFrame{Kind: helix.LineAudio, Audio: data}, nil
	}
	word, rest, _ := strings.Cut(string(data), " ")
	switch word {
	case "start":
		rate, _ := strconv.Atoi(rest)
		return helix.LineFrame{Kind: helix.LineStarted, Start: helix.LineStart{ProviderCallID: "p1", Rate: rate}}, nil
	case "end":
		return helix.LineFrame{Kind: helix.LineEnded}, nil
	case "news":
		return helix.LineFrame{}, nil
	}
	return helix.LineFrame{}, errors.New("garbage")
}

func (testLine) AppendAudio(dst []byte, _ audio.Format, samples []byte) []byte {
	return base64.StdEncoding.AppendEncode(append(dst, "play "...), samples)
}
func (testLine) AppendClear(dst []byte) []byte  { return append(dst, "clear"...) }
func (testLine) AppendHangup(dst []byte) []byte { return append(dst, "hangup"...) }
func (testLine) AppendTransfer(dst []byte, to helix.Phone) []byte {
	return append(append(dst, "transfer "...), to...)
}

// testVoice is a voice agent's dialect of our own.
type testVoice struct{}

func (testVoice) AppendStart(dst []byte, s helix.VoiceStart) ([]byte, error) {
	if s.Language == "unknown" {
		return nil, errors.New("no such language")
	}
	return fmt.Appendf(dst, "begin %s|%s|%s", s.User, s.FirstMessage, s.Context), nil
}

func (testVoice) AppendAudio(dst, samples []byte) []byte {
	return base64.StdEncoding.AppendEncode(append(dst, "hear "...), samples)
}

func (testVoice) AppendContext(dst []byte, text string) []byte {
	return fmt.Appendf(dst, "know %q", text)
}

func (testVoice) AppendPong(dst []byte, event int64) []byte {
	return strconv.AppendInt(append(dst, "pong "...), event, 10)
}

func (testVoice) AppendToolResult(dst []byte, call, result string, failed bool) []byte {
	return fmt.Appendf(dst, "result %s %v %s", call, failed, result)
}

func (testVoice) Decode(data []byte, f *helix.VoiceFrame) error {
	word, rest, _ := bytes.Cut(data, []byte(" "))
	*f = helix.VoiceFrame{Audio: f.Audio[:0]}
	switch string(word) {
	case "audio":
		event, coded, _ := bytes.Cut(rest, []byte(" "))
		var err error
		f.Kind, f.Event = helix.VoiceAudio, number(event)
		f.Audio, err = base64.StdEncoding.AppendDecode(f.Audio, coded)
		return err
	case "ready":
		words := strings.Fields(string(rest))
		f.Kind, f.Conversation, f.Input, f.Output = helix.VoiceReady, words[0], words[1], words[2]
	case "interrupt":
		f.Kind, f.Event = helix.VoiceInterrupted, number(rest)
	case "ping":
		f.Kind, f.Event = helix.VoicePing, number(rest)
	case "patient":
		f.Kind, f.Text = helix.VoicePatientSaid, string(rest)
	case "agent":
		f.Kind, f.Text = helix.VoiceAgentSaid, string(rest)
	case "corrected":
		f.Kind, f.Text = helix.VoiceCorrected, string(rest)
	case "tool":
		words := strings.Fields(string(rest))
		f.Kind, f.Tool, f.ToolCall, f.Arguments = helix.VoiceToolCall, words[0], words[1], []byte(words[2])
	case "hangup":
		f.Kind = helix.VoiceHangup
	case "wait":
		f.Kind = helix.VoiceWaiting
	case "fault":
		f.Kind, f.Text = helix.VoiceFault, string(rest)
	case "news":
	default:
		return errors.New("garbage")
	}
	return nil
}

// number reads digits without allocating.
func number(digits []byte) (n int64) {
	for _, d := range digits {
		n = 10*n + int64(d-'0')
	}
	return n
}

func (testVoice) Closed(code int, reason string) helix.VoiceFrame {
	if code == closeNormal {
		return helix.VoiceFrame{Kind: helix.VoiceHangup}
	}
	return helix.VoiceFrame{Kind: helix.VoiceFault, Text: fmt.Sprintf("%d %s", code, reason), Retryable: code != closePolicy}
}

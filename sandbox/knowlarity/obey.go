package knowlarity

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"slices"

	"github.com/gorilla/websocket"

	"github.com/helix-engage/gateway/sandbox/speech"
)

// command is something of the other side that changes the talk.
type command func(*talk)

// message is what we may send on a stream (knowlarity.md 6.6).
type message struct {
	Type string `json:"type"`
	Data struct {
		ContentType *string `json:"audioContentType"`
		Rate        int     `json:"sampleRate"`
		Content     string  `json:"audioContent"`
		Text        string  `json:"textContent"`
	} `json:"data"`
}

// read obeys what comes until the socket closes. Files go straight to the player; the rest is done in the order of the call.
func (t *talk) read(commands chan<- command) {
	disconnected := false
	for {
		kind, data, err := t.conn.ReadMessage()
		select {
		case <-t.stalled:
			<-t.player.stopped
			return
		default:
		}
		if err != nil {
			code := websocket.CloseAbnormalClosure
			if closed, ok := err.(*websocket.CloseError); ok { //nolint:errorlint // the library's own, never wrapped
				code = closed.Code
			}
			t.tell(commands, func(t *talk) { t.lost(code) })
			return
		}
		if kind != websocket.TextMessage {
			t.call.wrongf("a binary message")
			continue
		}
		if disconnected {
			t.call.wrongf("a message after disconnect")
			continue
		}
		disconnected = t.obey(data, commands)
	}
}

// tell hands a command over, unless the talk is over.
func (t *talk) tell(commands chan<- command, do command) {
	select {
	case commands <- do:
	case <-t.player.stopped:
	}
}

// obey carries out one message. It is true when that was the last one allowed.
func (t *talk) obey(data []byte, commands chan<- command) bool {
	var m message
	if json.Unmarshal(data, &m) != nil {
		t.call.wrongf("a message that is no JSON")
		return false
	}
	switch m.Type {
	case "playAudio":
		if file, wrong := m.file(); wrong != "" {
			t.call.wrongf("playAudio: %s", wrong)
		} else {
			t.call.change(func(v *View) { v.Played++ })
			t.player.add(file)
		}
	case "killAudio":
		killed := t.player.kill(t.settings.KillAll)
		t.tell(commands, func(t *talk) { t.call.moment(Moment{At: t.elapsed, Kind: Killed, Duration: killed}) })
	case "disconnect":
		t.tell(commands, func(t *talk) {
			t.call.moment(Moment{At: t.elapsed, Kind: Disconnected})
			t.close(websocket.CloseNormalClosure)
		})
		return true
	case "transfer":
		if m.Data.Text == "" {
			t.call.wrongf("transfer without textContent")
			return false
		}
		t.tell(commands, func(t *talk) {
			t.call.change(func(v *View) { v.Transfer = m.Data.Text })
			t.call.moment(Moment{At: t.elapsed, Kind: Transferred, Text: m.Data.Text})
			t.close(websocket.CloseNormalClosure)
		})
		return true
	default:
		t.call.wrongf("a message of unknown type")
	}
	return false
}

// file is the sound of a playAudio at speech.Rate, or what is wrong with it.
func (m message) file() (samples []int16, wrong string) {
	if m.Data.ContentType == nil {
		return nil, "no audioContentType"
	}
	content, err := base64.StdEncoding.DecodeString(m.Data.Content)
	if err != nil {
		return nil, "audioContent is no base64"
	}
	rate := m.Data.Rate
	switch *m.Data.ContentType {
	case "raw":
		if !slices.Contains([]int{8_000, 16_000, 24_000, 32_000, 48_000, 64_000}, rate) {
			return nil, "sampleRate is unknown"
		}
	case "wave", "wav":
		const header = 44
		if len(content) < header || string(content[:4]) != "RIFF" || string(content[8:12]) != "WAVE" {
			return nil, "no WAV file"
		}
		rate, content = int(binary.LittleEndian.Uint32(content[24:])), content[header:]
		if rate < 8_000 || rate > 64_000 {
			return nil, "sampleRate is unknown"
		}
	default:
		return nil, "audioContentType is unknown"
	}
	switch {
	case len(content) == 0:
		return nil, "no audio"
	case len(content)%2 != 0:
		return nil, "an odd number of bytes"
	}
	return speech.Resample(speech.Samples(content), rate, speech.Rate), ""
}

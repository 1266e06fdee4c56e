package streaming

import (
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/audio"
)

// discard reads a connection into one buffer until it ends.
func discard(c net.Conn) {
	buffer := make([]byte, 64<<10)
	for {
		if _, err := c.Read(buffer); err != nil {
			return
		}
	}
}

// BenchmarkSteadyCall sends 200 ms of audio each way through one recorded call over TCP, from the line in ten messages; nothing
// in the process but the gateway allocates or encodes. Pacing is opened up and nothing is collected, so that it runs as fast as it
// can.
func BenchmarkSteadyCall(b *testing.B) {
	for name, format := range map[string]string{"same formats": "pcm_16000 pcm_16000", "resampled": "pcm_8000 pcm_24000"} {
		b.Run(name, func(b *testing.B) {
			store, err := NewRecordings(b.TempDir(), []byte("secret"), time.Now, slog.New(slog.DiscardHandler))
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = store.Close() }()
			w := newWorld(b, tcp{}, func(w *world, o *Options, s *LineSettings) {
				o.Recordings, w.owner.plan.Record, w.format, w.raw = store, true, format, make(chan net.Conn, 1)
				s.Ahead, s.Ping, s.Collect = time.Hour, time.Hour, 20*time.Millisecond
				w.owner.plan.MaxDuration = time.Hour
			})
			dialer := websocket.Dialer{}
			ws, answer, err := dialer.Dial(fmt.Sprintf("ws://%s/s/%s", w.address, w.tokens.Token(helix.CallID("one"), 1, time.Hour)), nil)
			if err != nil {
				b.Fatal(err)
			}
			_ = answer.Body.Close()
			if err := ws.WriteMessage(websocket.TextMessage, []byte("start 16000")); err != nil {
				b.Fatal(err)
			}
			agent := w.rawAgent()
			line := ws.NetConn()
			out, _ := audio.ParseFormat(format[len(format)-9:])
			said := appendFrame(nil, opBinary, ramp(20*time.Millisecond), true)
			answered := appendFrame(nil, opText, []byte("audio 1 "+base64.StdEncoding.EncodeToString(make([]byte, out.Bytes(200*time.Millisecond)))), false)
			chunk := make([]byte, len(appendFrame(nil, opText, testLine{}.AppendAudio(nil, audio.PCM16k, ramp(200*time.Millisecond)), false)))
			exchange := func() {
				for range 10 {
					if _, err := line.Write(said); err != nil {
						b.Fatal(err)
					}
				}
				if _, err := agent.Write(answered); err != nil {
					b.Fatal(err)
				}
				if out == audio.PCM16k { // resampled chunks come a little later
					if _, err := io.ReadFull(line, chunk); err != nil {
						b.Fatal(err)
					}
				}
			}
			for range 500 { // until every buffer has its size
				exchange()
			}
			b.ReportAllocs()
			for b.Loop() {
				exchange()
			}
			b.StopTimer()
			_ = ws.Close()
			w.result()
		})
	}
}

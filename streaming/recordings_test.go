package streaming

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/audio"
)

func openStore(t *testing.T, dir, secret string) *Recordings {
	t.Helper()
	s, err := NewRecordings(dir, []byte(secret), time.Now, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// whole reads a recording as a player would and splits its channels.
func whole(t *testing.T, s *Recordings, name string) (patient, agent []byte) {
	t.Helper()
	r, err := s.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	file, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	clip, err := audio.ParseWAV(file)
	if err != nil || clip.Channels != 2 || clip.Format != audio.PCM16k {
		t.Fatalf("%v of %d channels, %v", clip.Format, clip.Channels, err)
	}
	for i := 0; i < len(clip.Samples); i += 4 {
		patient = append(patient, clip.Samples[i:i+2]...)
		agent = append(agent, clip.Samples[i+2:i+4]...)
	}
	return patient, agent
}

// keep writes a recording of its own and gives its name.
func keep(t *testing.T, s *Recordings, seconds int) string {
	t.Helper()
	f, err := s.create("one", 1, 16000)
	if err != nil {
		t.Fatal(err)
	}
	tape := newTape(f, audio.PCM16k, audio.PCM16k, 600*time.Millisecond, 0)
	said := ramp(time.Duration(seconds) * time.Second)
	for at := 0; at < len(said); at += 640 {
		tape.hear(said[at:at+640], audio.PCM16k.Duration(at+640))
		time.Sleep(time.Millisecond / 4) // lets the writers keep up
	}
	tape.close(time.Duration(seconds) * time.Second)
	return f.name
}

// written lets a store write what f makes.
func written(s *Recordings, f func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.run(ctx)
	}()
	f()
	cancel()
	<-done
}

func TestACallIsRecordedWithBothSidesWhereTheyWereHeard(t *testing.T) {
	dir := t.TempDir()
	var store *Recordings
	var r Result
	said, answer := ramp(4*time.Second), bytes.Repeat([]byte{0x11, 0x22}, 5*16000)
	inBubbleOnce(t, func(w *world, o *Options, _ *LineSettings) {
		store = openStore(t, dir, "secret")
		o.Recordings = store
		w.owner.plan.Record = true
	}, func(_ *testing.T, w *world) {
		line := w.call("one")
		agent := w.agent()
		go func() {
			time.Sleep(time.Second)
			agent.speak(1, answer)
			time.Sleep(2 * time.Second)
			agent.send("interrupt 1")
		}()
		talk(line, said, 4*time.Second)
		line.hangUp(1000)
		r = w.result()
		w.stop()
		<-w.stopped
	})
	patient, agent := whole(t, store, r.Recording)
	if !bytes.Equal(patient, said) {
		t.Errorf("the patient's side differs: %d bytes of %d", len(patient), len(said))
	}
	first, last := bytes.IndexByte(agent, 0x11), bytes.LastIndexByte(agent, 0x22)
	if from, to := audio.PCM16k.Duration(first), audio.PCM16k.Duration(last+1); from != time.Second || to != 3*time.Second {
		t.Errorf("the agent is heard from %v to %v, want 1s to 3s", from, to)
	}
	raw, err := os.ReadFile(filepath.Join(dir, r.Recording))
	if err != nil || bytes.Contains(raw, said[:64]) || bytes.Contains(raw, answer[:64]) {
		t.Errorf("the file is not encrypted, %v", err)
	}
}

// inBubbleOnce is inBubble for a test that goes on outside.
func inBubbleOnce(t *testing.T, change func(*world, *Options, *LineSettings), test func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t, newWorld(t, &pipes{}, change)) })
}

func TestARecordingIsServedInParts(t *testing.T) {
	t.Parallel()
	s := openStore(t, t.TempDir(), "secret")
	var name string
	written(s, func() { name = keep(t, s, 3) })
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		recording, err := s.Open(name)
		if err != nil {
			http.NotFound(w, r)
			return
		}
		defer func() { _ = recording.Close() }()
		http.ServeContent(w, r, "call.wav", recording.ModTime, recording)
	}))
	defer server.Close()
	get := func(part string) []byte {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		if part != "" {
			req.Header.Set("Range", "bytes="+part)
		}
		res, err := server.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return body
	}
	all := get("")
	if len(all) != audio.WAVHeader+3*64000 {
		t.Fatalf("%d bytes", len(all))
	}
	for part, want := range map[string][]byte{"0-99": all[:100], "40-70": all[40:71], "32700-100000": all[32700:100001], "-5": all[len(all)-5:]} {
		if !bytes.Equal(get(part), want) {
			t.Errorf("part %s differs", part)
		}
	}
}

func TestACrashLeavesAPrefixThatCanBeHeard(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := openStore(t, dir, "secret")
	var name string
	written(s, func() { name = keep(t, s, 3) })
	full, _ := whole(t, s, name)
	path := filepath.Join(dir, name)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, cut := range []int64{1, 1000, chunkSize + 100, 2 * chunkSize} {
		if err := os.Truncate(path, info.Size()-cut); err != nil {
			t.Fatal(err)
		}
		patient, _ := whole(t, s, name)
		if len(patient) == 0 || len(patient)%(tapeChunk*sampleSize) != 0 || !bytes.HasPrefix(full, patient) {
			t.Errorf("cut by %d: %d bytes are left of %d", cut, len(patient), len(full))
		}
	}
}

func TestOnlyItsOwnNamesAndSecretOpenARecording(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := openStore(t, dir, "secret")
	var name string
	written(s, func() { name = keep(t, s, 1) })
	for _, other := range []string{"", "../" + name, "/etc/passwd", name + ".rec", "2026-01-01/one-1-0123456789abcdef.rec"} {
		if _, err := s.Open(other); !helix.IsCode(err, helix.CodeNotFound) {
			t.Errorf("%q: %v", other, err)
		}
	}
	if _, err := openStore(t, dir, "other").Open(name); !helix.IsCode(err, helix.CodeNotFound) {
		t.Errorf("with another secret: %v", err)
	}
	raw, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	raw[len(raw)/4] ^= 1
	if err := os.WriteFile(filepath.Join(dir, name), raw, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Open(name); !helix.IsCode(err, helix.CodeNotFound) {
		t.Errorf("damaged: %v", err)
	}
}

func TestRecordingsAreKeptAsLongAsTheyMayBe(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	now := time.Date(2026, 1, 14, 10, 0, 0, 0, time.UTC)
	s, err := NewRecordings(dir, []byte("secret"), func() time.Time { return now }, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	var old, recent string
	written(s, func() {
		old = keep(t, s, 1)
		now = now.AddDate(0, 0, 10)
		recent = keep(t, s, 1)
	})
	foreign := filepath.Join(dir, "2026-01-14", "notes.txt")
	if err := os.WriteFile(foreign, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Sweep(t.Context(), now.AddDate(0, 0, -5)); n != 1 || err != nil {
		t.Errorf("%d removed, %v", n, err)
	}
	if _, err := s.Open(old); err == nil {
		t.Error("the old one is still there")
	}
	if r, err := s.Open(recent); err != nil {
		t.Error("the recent one is gone")
	} else {
		_ = r.Close()
	}
	if _, err := os.Stat(foreign); err != nil {
		t.Error("a file that is not ours is gone")
	}
}

func TestAFullDiskQueueLosesSoundButNotItsPlace(t *testing.T) {
	t.Parallel()
	s := openStore(t, t.TempDir(), "secret")
	f, err := s.create("one", 1, 16000)
	if err != nil {
		t.Fatal(err)
	}
	side := bytes.Repeat([]byte{1, 2}, tapeChunk)
	for range maxChunksWaiting + 2 { // nobody writes yet
		f.add(side, side)
	}
	f.finish(nil, nil, 0)
	written(s, func() {})
	patient, _ := whole(t, s, f.name)
	if len(patient) < (maxChunksWaiting+2)*len(side) {
		t.Fatalf("%d bytes", len(patient))
	}
	if kept := patient[:maxChunksWaiting*len(side)]; !bytes.Equal(kept, bytes.Repeat(side, maxChunksWaiting)) {
		t.Error("what was kept is wrong")
	}
	if lost := patient[maxChunksWaiting*len(side):]; !bytes.Equal(lost, make([]byte, len(lost))) || s.Lost() < 2 {
		t.Errorf("%d chunks count as lost", s.Lost())
	}
}

func TestAGapInTheCallersAudioBecomesSilence(t *testing.T) {
	t.Parallel()
	s := openStore(t, t.TempDir(), "secret")
	var name string
	written(s, func() {
		f, err := s.create("one", 1, 16000)
		if err != nil {
			t.Error(err)
			return
		}
		name = f.name
		tape := newTape(f, audio.PCM16k, audio.PCM16k, 600*time.Millisecond, 0)
		loudly := bytes.Repeat([]byte{1, 2}, 320)
		tape.hear(loudly, 20*time.Millisecond)
		tape.hear(loudly, 3020*time.Millisecond)
		tape.play(time.Second, loudly) // too late
		tape.close(4 * time.Second)
		tape.close(4 * time.Second)
		for at := 5 * time.Second; at < 10*time.Second; at += time.Second { // the line goes on for a moment
			tape.hear(loudly, at)
			tape.play(at, loudly)
		}
	})
	patient, _ := whole(t, s, name)
	if first, last := audio.PCM16k.Duration(640), audio.PCM16k.Duration(bytes.LastIndexByte(patient, 2)+1); last < 3*time.Second ||
		!bytes.Equal(patient[:640], bytes.Repeat([]byte{1, 2}, 320)) || first != 20*time.Millisecond {
		t.Errorf("the second piece ends at %v", last)
	}
	if length := audio.PCM16k.Duration(len(patient)); length > 4*time.Second {
		t.Errorf("it goes on for %v after its end", length)
	}
}

func TestSoundFarAheadOfTheWindowMovesIt(t *testing.T) {
	t.Parallel()
	s := openStore(t, t.TempDir(), "secret")
	var name string
	written(s, func() {
		f, err := s.create("one", 1, 16000)
		if err != nil {
			t.Error(err)
			return
		}
		name = f.name
		tape := newTape(f, audio.PCM16k, audio.PCM16k, 600*time.Millisecond, 0)
		tape.play(3*time.Second, bytes.Repeat([]byte{1, 2}, 320))
		tape.close(4 * time.Second)
	})
	_, agent := whole(t, s, name)
	if at := audio.PCM16k.Duration(bytes.IndexByte(agent, 1)); at != 3*time.Second {
		t.Errorf("it is heard at %v", at)
	}
}

func TestSeekingFollowsTheRules(t *testing.T) {
	t.Parallel()
	s := openStore(t, t.TempDir(), "secret")
	var name string
	written(s, func() { name = keep(t, s, 1) })
	r, err := s.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	for _, c := range []struct {
		offset int64
		whence int
		want   int64
	}{{10, io.SeekStart, 10}, {5, io.SeekCurrent, 15}, {-4, io.SeekEnd, audio.WAVHeader + 64000 - 4}, {10, io.SeekEnd, audio.WAVHeader + 64000 + 10}} {
		if at, err := r.Seek(c.offset, c.whence); err != nil || at != c.want {
			t.Errorf("%d, %v", at, err)
		}
	}
	if _, err := r.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("read after the end: %v", err)
	}
	if _, err := r.Seek(-1, io.SeekStart); err == nil {
		t.Error("it seeks to before the start")
	}
}

func TestTheRecordingsOfACallAreRemovedWhateverTheirDay(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 20, 23, 0, 0, 0, time.UTC)
	s, err := NewRecordings(t.TempDir(), []byte("a secret"), func() time.Time { return now }, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.run(ctx)
	}()
	var names []string
	for _, call := range []helix.CallID{"call-1", "call-1", "call-12", "call-2"} {
		f, err := s.create(call, 1, 8000)
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, f.name)
		f.finish(make([]byte, 2), make([]byte, 2), 1)
		now = now.Add(2 * time.Hour)
	}
	cancel()
	<-done
	removed, err := s.Remove(t.Context(), "call-1")
	if err != nil || removed != 2 {
		t.Fatalf("%d are removed, %v", removed, err)
	}
	for i, name := range names {
		r, err := s.Open(name)
		if err == nil {
			_ = r.Close()
		}
		if gone := helix.IsCode(err, helix.CodeNotFound); gone != (i < 2) {
			t.Errorf("recording %d of %s: %v", i, name, err)
		}
	}
}

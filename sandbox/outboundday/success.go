package outboundday

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/helix-engage/gateway/sandbox/client"
)

// success is a call from the wish to what the CRM has of it.
func (p *player) success() *scene {
	s := p.about("success", "राहुल शर्मा", "+919800000001")
	return &scene{title: "A call that reaches its patient", close: s.close, steps: []step{
		{"The CRM asks for a call to a patient whom it knows", s.asksForKnown},
		{"It sees the call live over its WebSocket", s.watches},
		{"It has what was said, what the voice agent found out, and a summary", s.hasResults},
		{"The link to the recording plays", s.plays},
		{"FortyTwo holds the call on the patient's record", s.fortyTwoHolds},
		{"The patient heard all of it", s.heardAll},
	}}
}

// asksForKnown picks a patient whom FortyTwo knows, so that his record is known too.
func (s *subject) asksForKnown(ctx context.Context) (string, error) {
	patients, err := s.fortyTwo.Patients(ctx, s.o.FortyTwo, 1)
	if err == nil && len(patients) == 0 {
		err = errors.New("FortyTwo knows no patient")
	}
	if err != nil {
		return "", err
	}
	known := patients[0]
	s.phone = known.Phone
	s.patient["id"], s.patient["name"], s.patient["phoneNumber"] = known.ID, known.Name, known.Phone
	seen, err := s.asks(ctx)
	return seen + " for " + known.Name, err
}

func (s *subject) watches(ctx context.Context) (string, error) {
	if _, err := s.ends(ctx, "COMPLETED", "AGENT_HUNG_UP", 1); err != nil {
		return "", err
	}
	updates, err := client.Heard[update](s.socket, "OutboundCallUpdated")
	if err != nil {
		return "", err
	}
	var states []string
	said := 0
	for _, u := range updates {
		states = append(states, u.Call.State)
		if u.Call.State == "ACTIVE" {
			said = max(said, len(u.Call.Transcript))
		}
	}
	states = slices.Compact(states)
	order := []string{"INITIATING", "DIALING", "CONNECTED", "ACTIVE", "COMPLETED"}
	// A state that is passed at once may be told together with the next.
	inOrder := slices.IsSortedFunc(states, func(a, b string) int { return slices.Index(order, a) - slices.Index(order, b) })
	if !inOrder || !slices.Contains(states, "ACTIVE") || said == 0 {
		return "", fmt.Errorf("states %v, %d lines while they talked", states, said)
	}
	return fmt.Sprintf("%s in %d updates, the first %d lines while they talked", strings.Join(states, ", "), len(updates), said), nil
}

func (s *subject) hasResults(ctx context.Context) (string, error) {
	c, err := s.becomes(ctx, "the results", func(c call) bool { return c.Summary != "" && len(c.Collected) >= 3 && len(c.Transcript) >= 7 })
	if err != nil {
		return "", err
	}
	var seen strings.Builder
	for _, l := range c.Transcript {
		_, _ = fmt.Fprintf(&seen, "%s: %s\n", strings.ToLower(l.Role), l.Text)
	}
	want := map[string]any{"age": "52", "symptom": "knee pain", "preferred_time": "tomorrow morning"}
	for i, d := range c.Collected {
		if value, expected := want[d.Key]; expected && fmt.Sprint(value) != fmt.Sprint(d.Value) {
			return "", fmt.Errorf("%s is %v, not %v", d.Key, d.Value, value)
		}
		delete(want, d.Key)
		if i > 0 {
			seen.WriteString(", ")
		}
		_, _ = fmt.Fprintf(&seen, "%s = %v", d.Key, d.Value)
	}
	if len(want) > 0 {
		return "", fmt.Errorf("not collected: %v", want)
	}
	return fmt.Sprintf("%s\nsummary: %s\n%d entries of timeline", seen.String(), c.Summary, len(c.Timeline)), nil
}

func (s *subject) plays(ctx context.Context) (string, error) {
	c, err := s.becomes(ctx, "the recording", func(c call) bool { return c.RecordingURL != "" })
	if err != nil {
		return "", err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.RecordingURL, http.NoBody)
	if err != nil {
		return "", err
	}
	response, err := s.crm.HTTP.Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	sound, err := io.ReadAll(io.LimitReader(response.Body, maxRecording))
	if err != nil {
		return "", err
	}
	return describeWAV(sound)
}

// maxRecording is ten minutes of two channels at 16 kHz.
const maxRecording = 40 << 20

// describeWAV tells what a recording holds: two channels, in each of which somebody is heard.
func describeWAV(sound []byte) (string, error) {
	const header = 44
	if len(sound) < header || string(sound[:4]) != "RIFF" || string(sound[8:12]) != "WAVE" {
		return "", fmt.Errorf("%d bytes are no WAV file", len(sound))
	}
	channels, rate := binary.LittleEndian.Uint16(sound[22:]), binary.LittleEndian.Uint32(sound[24:])
	if channels != 2 || rate == 0 || binary.LittleEndian.Uint16(sound[34:]) != 16 {
		return "", fmt.Errorf("%d channels at %d Hz", channels, rate)
	}
	var loudest [2]int
	data := sound[header:]
	for i := 0; i+1 < len(data); i += 2 {
		sample := int(int16(binary.LittleEndian.Uint16(data[i:])))
		channel := i / 2 % 2
		loudest[channel] = max(loudest[channel], sample, -sample)
	}
	if loudest[0] < 1_000 || loudest[1] < 1_000 {
		return "", fmt.Errorf("nobody is heard in a channel: %v", loudest)
	}
	length := time.Duration(len(data)/4) * time.Second / time.Duration(rate)
	return fmt.Sprintf("WAV, %d channels of 16 bit at %d Hz, %v, patient and agent heard", channels, rate, length.Round(100*time.Millisecond)), nil
}

func (s *subject) fortyTwoHolds(ctx context.Context) (string, error) {
	type record struct {
		CallStatus  string         `json:"callStatus"`
		Disposition string         `json:"disposition"`
		Transcript  string         `json:"transcript"`
		Summary     string         `json:"summary"`
		Collected   map[string]any `json:"collecteddata"`
		Patient     struct {
			Name string `json:"name"`
		} `json:"patient"`
	}
	const query = `query Held($id: UUID!) {
		call(filter: { id: { eq: $id } }) { callStatus disposition transcript summary collecteddata patient { name } }
	}`
	var out struct {
		Call record `json:"call"`
	}
	err := client.Eventually(ctx, func() (bool, error) {
		err := s.fortyTwo.Run(ctx, s.o.FortyTwo+"/graphql", query, map[string]any{"id": s.id}, &out)
		held := out.Call
		return err == nil && held.CallStatus == "COMPLETED" && held.Summary != "" && len(held.Collected) >= 3 &&
			strings.Count(held.Transcript, "\n") >= 6 && held.Patient.Name == s.patient["name"], err
	})
	held := out.Call
	if err != nil {
		return "", fmt.Errorf("FortyTwo holds %+v: %w", held, err)
	}
	return fmt.Sprintf("%s, %s, of %s: transcript of %d lines, collecteddata %v, summary %q",
		held.CallStatus, held.Disposition, held.Patient.Name, strings.Count(held.Transcript, "\n")+1, held.Collected, held.Summary), nil
}

func (s *subject) heardAll(ctx context.Context) (string, error) {
	calls, err := s.phoneRang(ctx, 1)
	if err != nil {
		return "", err
	}
	c, err := s.reads(ctx)
	if err != nil {
		return "", err
	}
	if c.Media == nil || c.Media.DroppedFrames != 0 || c.Media.Interruptions != 0 || c.Media.AgentLatency == nil {
		return "", fmt.Errorf("media: %+v", c.Media)
	}
	return fmt.Sprintf("%.1f s heard, the longest silence of both was %d ms; %d frames in, %d out, none dropped; the agent answers after %d ms (median)",
		float64(calls[0].HeardMs)/1000, calls[0].silenceMs(0, math.MaxInt), c.Media.FramesIn, c.Media.FramesOut, c.Media.AgentLatency.P50), nil
}

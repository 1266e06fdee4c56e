package sandbox

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/helix-engage/gateway/sandbox/knowlarity"
	"github.com/helix-engage/gateway/sandbox/speech"
)

// patientRoutes are those of the phones that Knowlarity dials.
func (s *Sandbox) patientRoutes() []route {
	return []route{
		{
			Method: "PUT", Path: "/sandbox/knowlarity/patients",
			Does: "what a patient does with the calls that Knowlarity dials, one after the other; the last holds for all further calls, none forgets " +
				"the number; without a number: everybody else. outcome: answer, busy, no_answer, rejected; he answers the voice agent's questions unless " +
				"lines say what he says and when (empty: after the agent has spoken, over: when it begins to speak, start: of the stream)",
			Body: patientPlan{Number: "+919812345678", Calls: []patientCall{
				{Outcome: knowlarity.Busy, RingSeconds: 0.5}, {Lines: []patientLine{{Say: "wait", When: knowlarity.OverAgent, AfterMillis: 800}}},
			}},
			serve: s.planPatient,
		},
		{Method: "GET", Path: "/sandbox/knowlarity/calls", Does: "every remembered call that Knowlarity dialled, oldest first, with what was " +
			"heard on the phone; ?customer= filters", serve: s.listDialled},
		{
			Method: "POST", Path: "/sandbox/knowlarity/calls/{call}/hangup", Does: "the patient hangs up, or rejects the call that rings",
			serve: s.moveDialled(func(call string, _ *http.Request) error { return s.dialler.HangUp(call) }),
		},
		{
			Method: "POST", Path: "/sandbox/knowlarity/calls/{call}/speak",
			Does: "the patient says one of his sentences now: age, knee, tomorrow, wait, yes; language hi or en, default hi",
			Body: spoken{Say: "wait"}, serve: s.moveDialled(s.speak),
		},
		{
			Method: "POST", Path: "/sandbox/knowlarity/calls/{call}/press", Does: "the patient presses a key", Body: pressed{Digit: "1"},
			serve: s.moveDialled(s.press),
		},
	}
}

type patientPlan struct {
	Number string        `json:"number,omitempty"`
	Calls  []patientCall `json:"calls"`
}

type patientCall struct {
	Outcome       knowlarity.Outcome `json:"outcome,omitempty"` // default answer
	RingSeconds   float64            `json:"ringSeconds,omitempty"`
	HangUpSeconds float64            `json:"hangUpSeconds,omitempty"` // after the answer; 0 means never
	HangsUpAtOnce bool               `json:"hangsUpAtOnce,omitempty"`
	Language      string             `json:"language,omitempty"` // hi or en, default hi
	Lines         []patientLine      `json:"lines,omitempty"`
	Mute          bool               `json:"mute,omitempty"` // says nothing
	Stream        *streamSettings    `json:"stream,omitempty"`
}

type patientLine struct {
	Say         string          `json:"say"`
	When        knowlarity.When `json:"when,omitempty"`
	AfterMillis int             `json:"afterMs,omitempty"`
}

func (s *Sandbox) planPatient(r *http.Request) (any, error) {
	in, err := decodeBody[patientPlan](r)
	if err != nil {
		return nil, err
	}
	scripts := make([]knowlarity.Script, len(in.Calls))
	for i, call := range in.Calls {
		if scripts[i], err = call.script(); err != nil {
			return nil, err
		}
	}
	return done{OK: true}, s.dialler.SetScripts(in.Number, scripts...)
}

func (c patientCall) script() (script knowlarity.Script, err error) {
	script = knowlarity.Script{Outcome: c.Outcome, Language: c.Language, Mute: c.Mute}
	if script.Ring, err = seconds("ringSeconds", c.RingSeconds); err != nil {
		return script, err
	}
	if script.HangUpAfter, err = seconds("hangUpSeconds", c.HangUpSeconds); err != nil {
		return script, err
	}
	if c.HangsUpAtOnce {
		script.HangUpAfter = -1
	}
	for _, l := range c.Lines {
		line := knowlarity.Line{Say: l.Say, When: l.When}
		if line.After, err = millis("afterMs", l.AfterMillis); err != nil {
			return script, err
		}
		script.Lines = append(script.Lines, line)
	}
	if c.Stream != nil {
		settings, err := c.Stream.settings()
		script.Stream = &settings
		return script, err
	}
	return script, nil
}

// dialled is a call as Knowlarity and the patient saw it. Offsets count from the answer.
type dialled struct {
	ID               string            `json:"callId"`
	Session          string            `json:"session,omitempty"` // what it was given to be recognised by
	Via              string            `json:"via"`               // the endpoint that placed it
	Customer         string            `json:"customer"`
	Number           string            `json:"number"` // virtual
	State            knowlarity.State  `json:"state"`
	Result           knowlarity.Result `json:"result,omitempty"`
	PlacedAt         time.Time         `json:"placedAt"`
	AnsweredAt       time.Time         `json:"answeredAt,omitzero"`
	EndedAt          time.Time         `json:"endedAt,omitzero"`
	Moments          []moment          `json:"moments"`
	HeardMillis      int64             `json:"heardMs"`   // of audio played, its silences included
	UnheardMillis    int64             `json:"unheardMs"` // queued when the call ended
	LongestGapMillis int64             `json:"longestGapMs"`
	Played           int               `json:"played"` // playAudio messages
	CloseCode        int               `json:"closeCode,omitempty"`
	Transfer         string            `json:"transfer,omitempty"`
	Violations       []string          `json:"violations,omitempty"`
}

// moment is one thing that happened on the phone.
type moment struct {
	AtMillis       int64                 `json:"atMs"`
	Kind           knowlarity.MomentKind `json:"kind"`
	DurationMillis int64                 `json:"durationMs,omitempty"`
	Text           string                `json:"text,omitempty"`
}

func dialledOf(v knowlarity.View) dialled {
	out := dialled{
		ID: v.ID, Session: v.Session, Via: v.Via, Customer: v.Customer, Number: v.Number, State: v.State, Result: v.Result, PlacedAt: v.PlacedAt,
		AnsweredAt: v.AnsweredAt, EndedAt: v.EndedAt, Moments: make([]moment, len(v.Moments)), HeardMillis: v.HeardFor.Milliseconds(),
		UnheardMillis: v.Unheard.Milliseconds(), LongestGapMillis: v.LongestGap.Milliseconds(), Played: v.Played, CloseCode: v.CloseCode,
		Transfer: v.Transfer, Violations: v.Violations,
	}
	for i, m := range v.Moments {
		out.Moments[i] = moment{AtMillis: m.At.Milliseconds(), Kind: m.Kind, DurationMillis: m.Duration.Milliseconds(), Text: m.Text}
	}
	return out
}

func (s *Sandbox) listDialled(r *http.Request) (any, error) {
	views := s.dialler.Calls()
	if customer := r.URL.Query().Get("customer"); customer != "" {
		views = slices.DeleteFunc(views, func(v knowlarity.View) bool { return v.Customer != customer })
	}
	calls := make([]dialled, len(views))
	for i, v := range views {
		calls[i] = dialledOf(v)
	}
	return map[string]any{"calls": calls}, nil
}

// moveDialled makes an endpoint of something that a patient does: it answers the call as it is afterwards.
func (s *Sandbox) moveDialled(move func(call string, r *http.Request) error) func(*http.Request) (any, error) {
	return func(r *http.Request) (any, error) {
		call := r.PathValue("call")
		if err := move(call, r); err != nil {
			return nil, err
		}
		v, err := s.dialler.Call(call)
		return dialledOf(v), err
	}
}

type spoken struct {
	Say      string `json:"say"`
	Language string `json:"language,omitempty"`
}

func (s *Sandbox) speak(call string, r *http.Request) error {
	in, err := decodeBody[spoken](r)
	if err != nil {
		return err
	}
	if in.Language == "" {
		in.Language = "hi"
	}
	sound := speech.Say(in.Language, in.Say)
	if sound == nil {
		return badRequestError(fmt.Sprintf("no sentence %q in %q", in.Say, in.Language))
	}
	return s.dialler.Speak(call, sound)
}

type pressed struct {
	Digit string `json:"digit"`
}

func (s *Sandbox) press(call string, r *http.Request) error {
	in, err := decodeBody[pressed](r)
	if err != nil {
		return err
	}
	if len(in.Digit) != 1 {
		return badRequestError(fmt.Sprintf("digit is %q, must be one key", in.Digit))
	}
	return s.dialler.Press(call, in.Digit)
}

package load

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/helix-engage/gateway/sandbox/ozonetel"
)

// What Ozonetel pushes of an answered call, in order. Each causes one event of the call.
const (
	stepOffered = iota
	stepAnswered
	stepEnded
	stepRecord
	stepsOfCall
)

// pushWindow is how many calls take a step before any takes its next one, so that pushes of one call are as far apart as
// a window takes. Each call of a window has an agent of its own.
const pushWindow = 100

// Targets are the URLs that Ozonetel pushes to, with their secret.
type Targets struct{ Events, CDR string }

func (t Targets) of(step int) string {
	if step == stepRecord {
		return t.CDR
	}
	return t.Events
}

// story is a call as the emulator pushed it once, of which others are copies with ids, numbers and agents of their own.
type story struct {
	steps              [stepsOfCall]pushed
	ucid, phone, agent string // to be replaced
}

// pushed is one push.
type pushed struct {
	contentType string
	body        []byte // of a story: the JSON, also where it is pushed in a form
}

const (
	storyPhone   = "9845012345"
	recordWithin = 10 * time.Second
	// storyAgo is how long before now the first call was; each window of calls is as much later as a call takes, so that
	// what is told of an agent is always news.
	storyAgo  = 6 * time.Hour
	storyPace = 5 * time.Second
	storyLong = stepsOfCall * storyPace

	// formField is the field of a form that holds a record's JSON (ozonetel.md 12.3).
	formField = "data"
)

var (
	// ist is the time in which Ozonetel tells, without saying so (ozonetel.md 0).
	ist      = time.FixedZone("IST", 5*60*60+30*60)
	wireTime = regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d`)
)

// recordStory lets an emulated account play one call and keeps what it pushes.
func recordStory(ctx context.Context) (s story, err error) {
	ctx, stop := context.WithTimeout(ctx, recordWithin)
	defer stop()
	received := make(chan pushed, stepsOfCall)
	receiver, target, err := receivePushes(ctx, received)
	if err != nil {
		return story{}, err
	}
	began := time.Now().Add(-storyAgo)
	agent := ozonetel.DefaultAgents()[0].ID
	account, err := ozonetel.New(ozonetel.Options{
		Now: func() time.Time { return began }, Push: ozonetel.PushTargets{CallEvents: target, CDR: target},
	})
	if err != nil {
		return story{}, errors.Join(err, receiver.Close())
	}
	work, ctx := errgroup.WithContext(ctx)
	work.Go(func() error { return account.Run(ctx) })
	work.Go(func() (err error) {
		defer stop()
		s, err = playStory(ctx, account, agent, received)
		return errors.Join(err, receiver.Close())
	})
	err = work.Wait()
	return s, err
}

// receivePushes answers every push and hands it on; those that nobody takes any more are dropped.
func receivePushes(ctx context.Context, to chan<- pushed) (*http.Server, string, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", err
	}
	server := &http.Server{ReadHeaderTimeout: recordWithin, Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		if err != nil {
			return
		}
		p := pushed{contentType: r.Header.Get("Content-Type"), body: body}
		if form, err := url.ParseQuery(string(body)); err == nil && form.Has(formField) {
			p.body = []byte(form.Get(formField))
		}
		select {
		case to <- p:
		case <-ctx.Done():
		}
	})}
	go func() { _ = server.Serve(l) }()
	return server, "http://" + l.Addr().String(), nil
}

// playStory moves the call step by step, each when the push of the one before has come.
func playStory(ctx context.Context, account *ozonetel.Server, agent string, received <-chan pushed) (story, error) {
	if err := account.LogIn(agent); err != nil {
		return story{}, err
	}
	ucid, err := account.RingIn(storyPhone, ozonetel.CallerPlan{Patience: time.Hour})
	if err != nil {
		return story{}, err
	}
	s := story{ucid: ucid, phone: storyPhone, agent: agent}
	take := func(step int) error {
		select {
		case s.steps[step] = <-received:
			return nil
		case <-ctx.Done():
			return fmt.Errorf("the emulator did not push step %d of a call: %w", step+1, ctx.Err())
		}
	}
	for step, move := range []func() error{
		stepOffered:  func() error { return account.Offer(ucid, agent) },
		stepAnswered: func() error { return account.Answer(ucid) },
		stepEnded:    func() error { return account.Hangup(ucid, ozonetel.UserHangup) },
	} {
		account.Advance(storyPace)
		if err := move(); err != nil {
			return story{}, err
		}
		if err := take(step); err != nil {
			return story{}, err
		}
	}
	if err := take(stepRecord); err != nil {
		return story{}, err
	}
	if s.steps[stepEnded].contentType != s.steps[stepOffered].contentType { // the record was faster
		s.steps[stepRecord], s.steps[stepEnded] = s.steps[stepEnded], s.steps[stepRecord]
	}
	return s, nil
}

// place says which call the i-th push is about and which step it tells, with this many calls side by side.
func place(i, window int) (call, step int) {
	block, within := i/(stepsOfCall*window), i%(stepsOfCall*window)
	return block*window + within%window, within / window
}

// phoneOf is a call's number, ten digits that no other call of a measurement has.
func phoneOf(call int) string { return fmt.Sprintf("98%08d", call) }

// callOf reads a number back, in E.164; false for one of another kind.
func callOf(phone []byte) (call int, ok bool) {
	digits, ok := bytes.CutPrefix(phone, []byte("+9198"))
	if !ok || len(digits) != 8 {
		return 0, false
	}
	for _, d := range digits {
		if d < '0' || d > '9' {
			return 0, false
		}
		call = call*10 + int(d-'0')
	}
	return call, true
}

// push is what is told at a step of a call, of which a window of calls have the same times.
func (s *story) push(call, step, window int) pushed {
	p := s.steps[step]
	for _, change := range [][2]string{
		{s.ucid, fmt.Sprintf("3%016d", call)}, {s.phone, phoneOf(call)}, {s.agent, fmt.Sprintf("load%03d", call%pushWindow)},
	} {
		p.body = bytes.ReplaceAll(p.body, []byte(change[0]), []byte(change[1]))
	}
	later := time.Duration(call/window) * storyLong
	p.body = wireTime.ReplaceAllFunc(p.body, func(text []byte) []byte {
		at, err := time.ParseInLocation(time.DateTime, string(text), ist)
		if err != nil {
			return text
		}
		return at.Add(later).AppendFormat(nil, time.DateTime)
	})
	if step == stepRecord {
		p.body = []byte(url.Values{formField: {string(p.body)}}.Encode())
	}
	return p
}

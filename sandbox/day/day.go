package day

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Options say where the sandbox is and where to tell the story.
type Options struct {
	GraphQL  string // the gateway's GraphQL URL
	Control  string // the sandbox's control server
	FortyTwo string // the emulated FortyTwo, its server's root
	Out      io.Writer
	// Patience is how long a step may take; 10 s when zero.
	Patience time.Duration
}

// player is the agent whose day is played, and what he has learnt so far.
type player struct {
	o      Options
	client client
	events *subscription
	seen   []event
	step   int

	first, second patient
	callBack      string // id of the call back to the first patient
	followUp      string
}

// patient is somebody who rings and hangs up.
type patient struct {
	Phone  string // E.164
	Call   string // the provider's id of his call
	Missed string // id of his entry in the missed-call queue
}

// Play plays the day; the error names the step that failed.
func Play(ctx context.Context, o Options) error {
	if o.Patience == 0 {
		o.Patience = 10 * time.Second
	}
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	p := &player{o: o, client: client{http: &http.Client{Transport: transport, Timeout: o.Patience}}}
	defer func() {
		if p.events != nil {
			p.events.close()
		}
	}()
	for _, step := range []struct {
		what string
		do   func(context.Context) (string, error)
	}{
		{"Asha signs in", p.signIn},
		{"She logs in at her desk", p.logIn},
		{"Her desk listens to call events", p.listen},
		{"A patient rings and hangs up", p.patientHangsUp},
		{"The missed call is told by push and by poll, and taken in once", p.takenInOnce},
		{"She is ready, and the missed call is hers", p.ready},
		{"Meanwhile another patient rings and hangs up", p.anotherHangsUp},
		{"She calls the first one back", p.dialBack},
		{"Her desk sees it ring, be answered and end", p.followsTheCall},
		{"She sums it up with notes and a call-back time, and the next missed call is hers", p.dispose},
		{"FortyTwo holds the call, the settled missed call and the follow-up", p.fortyTwoHolds},
		{"Her work list has what is left", p.worklist},
		{"She logs out, and the second patient is offered to others", p.logOut},
	} {
		p.step++
		_, _ = fmt.Fprintf(o.Out, "%2d. %s.\n", p.step, step.what)
		ctx, cancel := context.WithTimeout(ctx, o.Patience)
		came, err := step.do(ctx)
		cancel()
		if err != nil {
			return fmt.Errorf("step %d (%s): %w", p.step, step.what, err)
		}
		_, _ = fmt.Fprintf(o.Out, "    %s\n", came)
	}
	return nil
}

// operate runs an operation of desk.graphql.
func (p *player) operate(ctx context.Context, name string, variables map[string]any, out any) error {
	return p.client.run(ctx, p.o.GraphQL, Document(name), variables, out)
}

// outcome is what every mutation answers.
type outcome struct {
	OK    bool `json:"ok"`
	Error *struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

func (o outcome) check() error {
	switch {
	case o.OK:
		return nil
	case o.Error == nil:
		return errors.New("not ok, and no error says why")
	default:
		return fmt.Errorf("%s: %s", o.Error.Code, o.Error.Message)
	}
}

// await reads events until one fits.
func (p *player) await(ctx context.Context, what string, fits func(event) bool) (event, error) {
	for _, e := range p.seen {
		if fits(e) {
			return e, nil
		}
	}
	for {
		select {
		case e, open := <-p.events.events:
			if !open {
				return event{}, fmt.Errorf("the subscription ended while waiting for %s: %w", what, p.events.failed)
			}
			p.seen = append(p.seen, e)
			if fits(e) {
				return e, nil
			}
		case <-ctx.Done():
			return event{}, fmt.Errorf("%s did not come; seen: %s", what, p.kinds())
		}
	}
}

func (p *player) kinds() string {
	kinds := make([]string, len(p.seen))
	for i, e := range p.seen {
		kinds[i] = e.Kind
	}
	return fmt.Sprint(kinds)
}

// eventually asks again until the answer fits: for what happens on its own time elsewhere.
func eventually(ctx context.Context, ask func() (bool, error)) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		done, err := ask()
		if done {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return errors.Join(errors.New("it did not come about in time"), err)
		}
	}
}

package day

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/helix-engage/gateway/sandbox/client"
)

// Options say where the sandbox is and where to tell the story.
type Options struct {
	GraphQL  string // the gateway's GraphQL URL
	Control  string // the sandbox's control server
	FortyTwo string // the emulated FortyTwo, its server's root
	Out      io.Writer
	// Yesterday is how many calls of yesterday the sandbox was started with (sandbox.Options.History).
	Yesterday int
	// Patience is how long a step may take; 10 s when zero.
	Patience time.Duration
	// Now tells which day it is; time.Now when nil.
	Now func() time.Time
}

// player plays the day, and remembers what steps learnt for those that follow.
type player struct {
	o     Options
	stage stage

	asha, ravi, meera *person // two agents and their supervisor

	first, second, third patient
	callBack             string // id of the call back to the first patient
	inbound              string // id of the third patient's call
	followUp             string
}

// step is one sentence of the story, and how it comes true: do answers with what was seen.
type step struct {
	what string
	do   func(context.Context) (string, error)
}

// chapter is a part of the day.
type chapter struct {
	title string
	steps []step
}

// Play plays the day; the error names the step that failed.
func Play(ctx context.Context, o Options) error {
	if o.Patience == 0 {
		o.Patience = 10 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	hc := &http.Client{Transport: transport, Timeout: o.Patience}
	p := &player{
		o: o, stage: stage{client: client.Client{HTTP: hc}, control: o.Control, fortyTwo: o.FortyTwo},
		asha: newPerson(o.GraphQL, hc), ravi: newPerson(o.GraphQL, hc), meera: newPerson(o.GraphQL, hc),
	}
	defer func() {
		for _, person := range []*person{p.asha, p.ravi, p.meera} {
			if person.socket != nil {
				person.socket.Close()
			}
		}
	}()
	return p.play(ctx)
}

func (p *player) play(ctx context.Context) error {
	number := 0
	for _, c := range []chapter{
		p.arrival(), p.missedCalls(), p.lookingUp(), p.callingBack(), p.summingUp(), p.passingOn(), p.answering(), p.trouble(), p.reports(), p.leaving(),
	} {
		_, _ = fmt.Fprintf(p.o.Out, "\n%s\n", c.title)
		for _, s := range c.steps {
			number++
			_, _ = fmt.Fprintf(p.o.Out, "%2d. %s.\n", number, s.what)
			seen, err := p.within(ctx, s.do)
			if err != nil {
				return fmt.Errorf("step %d (%s): %w", number, s.what, err)
			}
			_, _ = fmt.Fprintf(p.o.Out, "    %s\n", strings.ReplaceAll(seen, "\n", "\n    "))
		}
	}
	return nil
}

func (p *player) within(ctx context.Context, do func(context.Context) (string, error)) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, p.o.Patience)
	defer cancel()
	return do(ctx)
}

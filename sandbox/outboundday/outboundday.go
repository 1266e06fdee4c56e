package outboundday

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/helix-engage/gateway/sandbox/client"
)

// Options say where the sandbox is and where to tell the story.
type Options struct {
	GraphQL     string // the gateway's GraphQL URL
	Key         string // the CRM's key for it
	Control     string // the sandbox's control server
	FortyTwo    string // the emulated FortyTwo, its server's root
	FortyTwoKey string
	Out         io.Writer
	// Patience is how long a step may take; a minute when zero. A whole conversation is a step.
	Patience time.Duration
	// Now tells the time for what is wanted later; time.Now when nil.
	Now func() time.Time
}

// player plays the scenes.
type player struct {
	o        Options
	crm      client.Client // of the CRM, with its key
	fortyTwo client.Client
	control  client.Client
}

// scene is one call and what becomes of it.
type scene struct {
	title string
	steps []step
	alone int           // so many of its steps come before any other scene begins
	last  bool          // after all others
	close func()        // may be nil
	told  chan string   // lines, closed at the end
	ready chan struct{} // closed when others may begin
	err   error         // set before told is closed
}

// step is one sentence of a scene, and how it comes true: do answers with what was seen.
type step struct {
	what string
	do   func(context.Context) (string, error)
}

// Play plays all scenes; the error names the steps that failed.
func Play(ctx context.Context, o Options) error {
	if o.Patience == 0 {
		o.Patience = time.Minute
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	hc := &http.Client{Transport: transport, Timeout: o.Patience}
	p := &player{
		o: o, crm: client.Client{HTTP: hc, Credential: client.APIKey(o.Key)}, control: client.Client{HTTP: hc},
		fortyTwo: client.Client{HTTP: hc, Credential: client.Bearer(o.FortyTwoKey)},
	}
	scenes := []*scene{
		p.success(), p.busy(), p.noAnswer(), p.interruption(), p.lostAgent(), p.unknownOutcome(), p.repetition(), p.cancellation(), p.statistics(),
	}
	for _, s := range scenes {
		s.told, s.ready = make(chan string, 2*len(s.steps)), make(chan struct{})
	}
	go p.begin(ctx, scenes)
	return p.tell(scenes)
}

// begin begins the scenes: those that need to be alone, then the others, then those that look back.
func (p *player) begin(ctx context.Context, scenes []*scene) {
	phases := []func(*scene) bool{
		func(s *scene) bool { return s.alone > 0 },
		func(s *scene) bool { return s.alone == 0 && !s.last },
		func(s *scene) bool { return s.last },
	}
	var playing sync.WaitGroup
	for _, phase := range phases {
		for _, s := range scenes {
			if !phase(s) {
				continue
			}
			if s.last {
				playing.Wait()
			}
			playing.Go(func() { s.play(ctx, p.o.Patience) })
			<-s.ready
		}
	}
}

// play plays a scene to its end, or to the step that deviates.
func (s *scene) play(ctx context.Context, patience time.Duration) {
	defer close(s.told)
	if s.close != nil {
		defer s.close()
	}
	ready := sync.OnceFunc(func() { close(s.ready) })
	defer ready()
	for i, step := range s.steps {
		if i == s.alone {
			ready()
		}
		s.told <- fmt.Sprintf("  - %s.\n", step.what)
		seen, err := within(ctx, patience, step.do)
		if err != nil {
			s.err = fmt.Errorf("%s (%s): %w", s.title, step.what, err)
			s.told <- fmt.Sprintf("    DEVIATES: %v\n", err)
			return
		}
		s.told <- fmt.Sprintf("    %s\n", strings.ReplaceAll(seen, "\n", "\n    "))
	}
}

func within(ctx context.Context, patience time.Duration, do func(context.Context) (string, error)) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return do(ctx)
}

// tell prints the scenes in their order while they are played, to the last one.
func (p *player) tell(scenes []*scene) error {
	var errs []error
	for i, s := range scenes {
		_, _ = fmt.Fprintf(p.o.Out, "\n%d. %s\n", i+1, s.title)
		for line := range s.told {
			_, _ = io.WriteString(p.o.Out, line)
		}
		errs = append(errs, s.err)
	}
	return errors.Join(errs...)
}

package load

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"sync"
	"time"
)

// SwapOptions say how an administrator changes FortyTwo's schema while the gateway is asked.
type SwapOptions struct {
	Gateway         *Gateway
	Front           *Front // in front of the FortyTwo that the gateway uses
	Email, Password string // of a member; each client signs in for himself
	Clients         int
	Page            int     // leads of an answer
	Rate            float64 // questions a second, meanwhile
	Swaps           int
	Window          time.Duration // before each change and after it
	// AddField adds a text field to FortyTwo's lead.
	AddField func(name string) error
}

// Swap is what changes of FortyTwo's schema did to the gateway and to those who asked it.
type Swap struct {
	Machine Machine      `json:"machine"`
	Swaps   int          `json:"swaps"`
	Rate    float64      `json:"rate"`
	Failed  int          `json:"failed"` // questions without a good answer
	Before  Distribution `json:"before"` // in a window before each change
	After   Distribution `json:"after"`  // in a window of that length from noticing on
	During  Distribution `json:"during"` // from when the gateway noticed the change until the new field could be asked for
	Took    Distribution `json:"took"`   // from noticing until the new field could be asked for
	// CPU of one swap: what the gateway used in the window from noticing on, less what it used in the one before.
	CPU  Millis   `json:"cpuMsOfSwap"`
	Heap SwapHeap `json:"heap"`
	// Schema is what was swapped, as the caller knows it.
	Schema  SwapSchema `json:"schema"`
	Gateway Process    `json:"gateway"` // at the end
}

// SwapHeap is the gateway's heap in use around further swaps, while so much is asked that garbage is collected often.
type SwapHeap struct {
	Before int64 `json:"beforeBytes"` // least
	During int64 `json:"duringBytes"` // most, until the new field could be asked for
	After  int64 `json:"afterBytes"`  // least
}

// SwapSchema describes a composed schema.
type SwapSchema struct {
	SDL   int   `json:"sdlBytes"`
	Types int   `json:"types"`
	Heap  int64 `json:"heapBytes"` // that it holds, FortyTwo's own included
}

// restFor is how long the machine is left alone after FortyTwo has worked.
const restFor = time.Second

// MeasureSwap changes FortyTwo's schema again and again. FortyTwo makes its part of each change ready before the gateway may learn of
// it, so that what is measured is the gateway. Errors: nobody can sign in, a change is not noticed.
func MeasureSwap(ctx context.Context, o SwapOptions) (s Swap, err error) {
	s.Machine, s.Swaps, s.Rate = machine(), o.Swaps, o.Rate
	m := &swapping{o: o}
	transport := &http.Transport{DisableCompression: true}
	defer transport.CloseIdleConnections()
	m.desk = &deskClient{http: &http.Client{Transport: transport, Timeout: pushTimeout}, url: o.Gateway.URL + "/graphql"}
	for range o.Clients {
		token, err := m.desk.signIn(ctx, o.Email, o.Password)
		if err != nil {
			return s, err
		}
		m.tokens = append(m.tokens, token)
	}
	body, err := json.Marshal(map[string]any{"query": documentLeads, "variables": map[string]any{"first": o.Page}})
	if err != nil {
		return s, err
	}
	c, err := gather(ctx, m.desk.url, m.tokens, body, false)
	if err != nil {
		return s, err
	}
	defer c.close()
	publish, field, err := m.prepare(ctx)
	if err != nil {
		return s, err
	}
	publish()
	if _, err := m.served(ctx, field); err != nil { // the first swap warms up
		return s, err
	}
	if err := m.asked(ctx, c, &s); err != nil {
		return s, err
	}
	if s.Heap, err = m.heap(ctx, c); err != nil {
		return s, err
	}
	s.Gateway = o.Gateway.process(ctx)
	return s, ctx.Err()
}

// swapping is a measurement under way.
type swapping struct {
	o      SwapOptions
	desk   *deskClient
	tokens []string
	fields int // added so far
}

// stretch is a part of the time.
type stretch struct{ from, to time.Time }

// asked changes the schema while questions come in.
func (m *swapping) asked(ctx context.Context, c crowd, s *Swap) error {
	asking, stop := context.WithCancel(ctx)
	defer stop()
	var answers []timed
	var all sync.WaitGroup
	all.Go(func() { answers, s.Failed = c.stream(asking, m.o.Rate) })
	var before, during, after []stretch
	var took []time.Duration
	var cpu time.Duration
	err := func() error {
		for range m.o.Swaps {
			publish, field, err := m.prepare(ctx)
			if err != nil {
				return err
			}
			from, used := time.Now(), m.o.Gateway.Usage().CPU
			if err := sleep(ctx, m.o.Window); err != nil {
				return err
			}
			at, used := time.Now(), m.o.Gateway.Usage().CPU-used
			noticed := publish()
			if err := awaitSignal(ctx, "the gateway's look at FortyTwo's version", noticed); err != nil {
				return err
			}
			began, usedBefore := time.Now(), m.o.Gateway.Usage().CPU
			ended, err := m.served(ctx, field)
			if err != nil {
				return err
			}
			if rest := m.o.Window - time.Since(began); rest > 0 {
				err = sleep(ctx, rest)
			}
			to := time.Now()
			idle := time.Duration(float64(used) * float64(to.Sub(began)) / float64(at.Sub(from)))
			cpu += m.o.Gateway.Usage().CPU - usedBefore - idle
			before, during, after = append(before, stretch{from, at}), append(during, stretch{began, ended}), append(after, stretch{began, to})
			took = append(took, ended.Sub(began))
			if err != nil {
				return err
			}
		}
		return nil
	}()
	stop()
	all.Wait()
	s.CPU = Millis(cpu / time.Duration(m.o.Swaps))
	s.Before, s.During, s.After = within(answers, before), within(answers, during), within(answers, after)
	s.Took = NewDistribution(took)
	return err
}

// within sums up the answers that were due in these stretches.
func within(answers []timed, stretches []stretch) Distribution {
	var took []time.Duration
	for _, a := range answers {
		for _, s := range stretches {
			if !a.due.Before(s.from) && a.due.Before(s.to) {
				took = append(took, a.took)
			}
		}
	}
	return NewDistribution(took)
}

// prepare adds a field, of which the gateway learns when publish is called.
func (m *swapping) prepare(ctx context.Context) (publish func() <-chan struct{}, field string, err error) {
	m.fields++
	field = fmt.Sprintf("added%d", m.fields)
	if err := m.o.AddField(field); err != nil {
		return nil, "", err
	}
	if publish, err = m.o.Front.renew(ctx); err != nil {
		return nil, "", err
	}
	return publish, field, sleep(ctx, restFor)
}

// served waits until a field can be asked for.
func (m *swapping) served(ctx context.Context, field string) (time.Time, error) {
	body, err := json.Marshal(map[string]any{"query": "{ leads(first: 1) { edges { node { " + field + " } } } }"})
	if err != nil {
		return time.Time{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	err = m.o.Gateway.await(ctx, askEvery, func() (bool, error) {
		raw, err := m.desk.post(ctx, m.tokens[0], body)
		if err == nil {
			err = readAnswer(raw, new(json.RawMessage))
		}
		return err == nil, err
	})
	return time.Now(), err
}

// heap watches the gateway's heap around two swaps.
func (m *swapping) heap(ctx context.Context, c crowd) (h SwapHeap, err error) {
	asking, stop := context.WithCancel(ctx)
	defer stop()
	var all sync.WaitGroup
	defer all.Wait()
	defer stop()
	all.Go(func() { _, _ = c[:1].press(asking, time.Hour) })
	h.Before, h.After = math.MaxInt64, math.MaxInt64
	for range 2 {
		publish, field, err := m.prepare(ctx)
		if err != nil {
			return h, err
		}
		if err := m.poll(ctx, m.o.Window, func(bytes int64) { h.Before = min(h.Before, bytes) }); err != nil {
			return h, err
		}
		done := make(chan error, 1)
		polling, over := context.WithCancel(ctx)
		go func() {
			publish()
			_, err := m.served(ctx, field)
			over()
			done <- err
		}()
		err = m.poll(polling, startWithin, func(bytes int64) { h.During = max(h.During, bytes) })
		if err := errors.Join(<-done, ignoreEnd(err)); err != nil {
			return h, err
		}
		if err := m.poll(ctx, m.o.Window, func(bytes int64) { h.After = min(h.After, bytes) }); err != nil {
			return h, err
		}
	}
	return h, nil
}

// heapEvery is how often the heap is asked for.
const heapEvery = 20 * time.Millisecond

// poll tells the heap in use for a while.
func (m *swapping) poll(ctx context.Context, stretch time.Duration, see func(bytes int64)) error {
	for end := time.Now().Add(stretch); time.Now().Before(end); {
		bytes, err := m.o.Gateway.Metric(ctx, metricHeap)
		if err != nil {
			return err
		}
		see(int64(bytes))
		if err := sleep(ctx, heapEvery); err != nil {
			return err
		}
	}
	return nil
}

func ignoreEnd(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

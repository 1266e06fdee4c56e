package load

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	// warmUpCalls are made before memory is measured, so that what every gateway needs once is not charged to calls.
	warmUpCalls = 3
	// talkWithin is how long after its request a call may take until both sides talk.
	talkWithin = time.Minute
	// settleFor passes between the last call's beginning and the measuring, which need not be as long.
	settleFor = 5 * time.Second
	// quietFor passes between the last frame and the hanging up: a turn of the agent is played to its end.
	quietFor = 3 * time.Second
	// endWithin is how long a call that was hung up may take until both sockets are closed.
	endWithin = 20 * time.Second
)

// StreamsOptions say how many calls talk for how long.
type StreamsOptions struct {
	Gateway *Gateway // configured to use Peers
	Peers   *Peers
	APIKey  string        // of the CRM
	Calls   int           // at once
	Extra   int           // beyond the gateway's capacity, tried in the second half
	Ramp    float64       // calls that begin in a second
	For     time.Duration // how long is measured
}

// Streams is what came of it.
type Streams struct {
	Machine   Machine       `json:"machine"`
	Calls     int           `json:"calls"`
	Effort    Effort        `json:"effort"`
	Idle      float64       `json:"idleGatewayCores"`  // before the calls
	CPUOfCall float64       `json:"corePercentOfCall"` // of the gateway while all talk, without what it uses when idle
	Steady    StreamLatency `json:"steady"`
	Extra     int           `json:"extra"`
	Refused   int           `json:"refused"`  // of Extra
	Overload  StreamLatency `json:"overload"` // of Calls, while Extra are refused
	StreamFrames
	RSSOf   float64 `json:"rssBytesOfCall"`
	HeapOf  float64 `json:"heapBytesOfCall"`
	GoOf    float64 `json:"goroutinesOfCall"`
	Before  Process `json:"before"`
	Gateway Process `json:"gateway"` // while all talk
}

// StreamFrames counts frames of both directions.
type StreamFrames struct {
	Frames int `json:"frames"` // sent
	Early  int `json:"early"`  // dropped because no agent was there for 3 s, the oldest first
	Lost   int `json:"lost"`   // that did not arrive for another reason
	Moved  int `json:"moved"`  // that arrived in another order
	Filler int `json:"filler"` // of the gateway's own
}

// count adds a call that is over.
func (f *StreamFrames) count(c *streamCall) {
	sent := int(c.lineSent) + int(c.voiceSent)
	f.Frames += sent
	f.Early += c.heard.early
	f.Lost += sent - c.heard.received - c.heard.early - c.said.received
	f.Moved += c.heard.moved + c.said.moved
	f.Filler += c.heard.foreign + c.said.foreign
}

func (f StreamFrames) String() string {
	return fmt.Sprintf("%d, %d lost, %d out of order, %d early, %d filler", f.Frames, f.Lost, f.Moved, f.Early, f.Filler)
}

// StreamLatency is how long audio takes through the gateway, beyond what it holds back on purpose.
type StreamLatency struct {
	// ToAgent: from sending the frame that makes three, the number which the gateway collects, to their arrival at the agent.
	ToAgent Distribution `json:"toAgent"`
	// Collected: from sending the first frame of a message to its arrival at the agent.
	Collected Distribution `json:"collected"`
	// ToLine: from sending the last of the agent's frames that the first message of a turn holds to its arrival at the line.
	ToLine Distribution `json:"toLine"`
	// Paced: from when a later message of a turn was due on the line to its arrival there. It is due when its last frame was
	// sent by the agent, but not before the line, had it begun with the turn, has only 400 ms left to play: nobody hears
	// anything of it below that. The gateway lets such messages wait a few milliseconds for each other.
	Paced Distribution `json:"paced"`
	// Driver: how late the driver itself sent frames of the line. It is no part of the others, but shows how far to trust them.
	Driver Distribution `json:"driver"`
}

// MeasureStreams asks for calls as the CRM does, lets them talk, and measures the gateway meanwhile. Errors: a call that
// cannot be begun.
func MeasureStreams(ctx context.Context, o StreamsOptions) (r Streams, err error) {
	r = Streams{Machine: machine(), Calls: o.Calls, Extra: o.Extra}
	crm := newCaller(o.Gateway, o.Peers, o.APIKey)
	defer crm.close()
	if err := crm.warmUp(ctx); err != nil {
		return r, err
	}
	watch := o.Gateway.stopwatch()
	r.Before = o.Gateway.leanProcess(ctx)
	idle, _ := watch.read()
	r.Idle = idle.Gateway
	calls, err := crm.callAll(ctx, o.Calls, o.Ramp)
	if err != nil {
		return r, err
	}
	if err := sleep(ctx, min(settleFor, o.For)); err != nil {
		return r, err
	}
	stretch := o.For
	if o.Extra > 0 {
		stretch /= 2
	}
	watch = o.Gateway.stopwatch()
	o.Peers.phase.Store(phaseSteady)
	if err := sleep(ctx, stretch); err != nil {
		return r, err
	}
	o.Peers.phase.Store(phaseNone)
	r.Effort, _ = watch.read()
	r.CPUOfCall = 100 * (r.Effort.Gateway - r.Idle) / float64(o.Calls)
	r.Gateway = o.Gateway.leanProcess(ctx)
	each := func(now, before int64) float64 { return float64(now-before) / float64(o.Calls) }
	r.RSSOf, r.HeapOf = each(r.Gateway.RSS, r.Before.RSS), each(r.Gateway.Heap, r.Before.Heap)
	r.GoOf = each(int64(r.Gateway.Goroutines), int64(r.Before.Goroutines))
	if o.Extra > 0 {
		if r.Refused, err = crm.overload(ctx, o.Extra, o.Ramp, stretch); err != nil {
			return r, err
		}
	}
	if err := hangUpAll(ctx, calls); err != nil {
		return r, err
	}
	r.sum(calls)
	return r, o.Peers.failure()
}

// sum reads what calls that are over have noted.
func (r *Streams) sum(calls []*streamCall) {
	for _, c := range calls {
		r.count(c)
	}
	r.Steady, r.Overload = latencyOf(calls, phaseSteady), latencyOf(calls, phaseOverload)
}

func latencyOf(calls []*streamCall, phase int) StreamLatency {
	var added, oldest, first, paced, late []time.Duration
	for _, c := range calls {
		added, oldest = append(added, c.toSay[phase].added...), append(oldest, c.toSay[phase].oldest...)
		first, paced = append(first, c.toHear[phase].first...), append(paced, c.toHear[phase].paced...)
		late = append(late, c.late[phase]...)
	}
	return StreamLatency{
		ToAgent: NewDistribution(added), Collected: NewDistribution(oldest),
		ToLine: NewDistribution(first), Paced: NewDistribution(paced), Driver: NewDistribution(late),
	}
}

// hangUpAll lets everything be said, and ends calls. It is an error when their sockets are not closed in time.
func hangUpAll(ctx context.Context, calls []*streamCall) error {
	for _, c := range calls {
		c.silent.Store(true)
	}
	if err := sleep(ctx, quietFor); err != nil {
		return err
	}
	for _, c := range calls {
		c.hangUp()
	}
	late := time.After(endWithin)
	for _, c := range calls {
		for _, end := range []chan struct{}{c.closed, c.over} {
			select {
			case <-end:
			case <-late:
				return errors.New("calls that were hung up are not over")
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
	return nil
}

// caller asks for calls as the CRM does.
type caller struct {
	desk  *deskClient
	peers *Peers
}

func newCaller(g *Gateway, p *Peers, key string) *caller {
	p.gateway = g
	return &caller{peers: p, desk: &deskClient{
		http: &http.Client{Timeout: pushTimeout, Transport: &http.Transport{MaxIdleConnsPerHost: dialersAtOnce}}, url: g.URL + "/graphql", key: key,
	}}
}

// close closes connections that nothing is under way on: the gateway has a goroutine for each.
func (c *caller) close() {
	c.desk.http.CloseIdleConnections()
	c.peers.client.CloseIdleConnections()
}

// warmUp makes a few short calls.
func (c *caller) warmUp(ctx context.Context) error {
	work, ctx := errgroup.WithContext(ctx)
	for range warmUpCalls {
		work.Go(func() error { return c.shortCall(ctx) })
	}
	if err := work.Wait(); err != nil {
		return fmt.Errorf("warming up: %w", err)
	}
	return nil
}

// call asks for one call.
func (c *caller) call(ctx context.Context) (*streamCall, error) {
	call, phone := c.peers.expect()
	body, err := json.Marshal(map[string]any{"query": documentStartOutboundCall, "variables": map[string]any{"input": map[string]any{
		"idempotencyKey": "load-" + phone, "language": "en", "patient": map[string]any{
			"id": phone, "name": "Patient " + phone, "phoneNumber": phone, "treatmentType": "consultation",
			"crmData": map[string]string{"department": "Cardiology"},
		},
	}}})
	if err != nil {
		return nil, err
	}
	raw, err := c.desk.post(ctx, "", body)
	if err != nil {
		return nil, err
	}
	var out struct {
		Start struct {
			OK    bool `json:"ok"`
			Error *struct {
				Code string `json:"code"`
			} `json:"error"`
		} `json:"startOutboundCall"`
	}
	if err := readAnswer(raw, &out); err != nil {
		return nil, err
	}
	if !out.Start.OK {
		return nil, fmt.Errorf("a call was refused: %+v", out.Start.Error)
	}
	return call, nil
}

// callAll begins calls at a rate and waits until all of them talk.
func (c *caller) callAll(ctx context.Context, n int, rate float64) ([]*streamCall, error) {
	calls, err := c.ramp(ctx, n, rate)
	if err != nil {
		return nil, err
	}
	for _, call := range calls {
		if err := c.await(ctx, call.talking); err != nil {
			return nil, err
		}
	}
	return calls, nil
}

func (c *caller) await(ctx context.Context, event chan struct{}) error {
	ctx, cancel := context.WithTimeout(ctx, talkWithin)
	defer cancel()
	select {
	case <-event:
		return nil
	case <-ctx.Done():
		return errors.Join(fmt.Errorf("a call did not come about: %w", ctx.Err()), c.peers.failure())
	}
}

// ramp begins calls at a rate.
func (c *caller) ramp(ctx context.Context, n int, rate float64) ([]*streamCall, error) {
	calls := make([]*streamCall, n)
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(dialersAtOnce)
	began := time.Now()
	for i := range calls {
		if err := sleep(ctx, time.Until(began.Add(time.Duration(float64(i)/rate*float64(time.Second))))); err != nil {
			break
		}
		work.Go(func() (err error) {
			calls[i], err = c.call(ctx)
			return err
		})
	}
	err := work.Wait()
	if err == nil && slices.Contains(calls, nil) {
		err = ctx.Err()
	}
	return calls, err
}

// overload tries calls beyond the gateway's capacity, measures for a while, and tells how many of their streams were refused.
func (c *caller) overload(ctx context.Context, n int, rate float64, stretch time.Duration) (refused int, err error) {
	c.peers.phase.Store(phaseOverload)
	began := time.Now()
	calls, err := c.ramp(ctx, n, rate)
	if err == nil {
		err = sleep(ctx, time.Until(began.Add(stretch)))
	}
	c.peers.phase.Store(phaseNone)
	if err != nil {
		return 0, err
	}
	late := time.After(talkWithin) // for those of which nothing is known yet
	for _, call := range calls {
		select {
		case <-call.closed:
			if call.refused {
				refused++
			}
		case <-call.talking:
		case <-late:
			return refused, nil
		case <-ctx.Done():
			return refused, ctx.Err()
		}
	}
	return refused, nil
}

// sleep waits, but not longer than ctx.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

const (
	samplesOfProcess = 6
	sampleProcess    = 250 * time.Millisecond
)

// leanProcess is the least of several looks, since the heap grows between two collections of garbage.
func (g *Gateway) leanProcess(ctx context.Context) Process {
	least := g.process(ctx)
	for range samplesOfProcess {
		if sleep(ctx, sampleProcess) != nil {
			break
		}
		p := g.process(ctx)
		least.Heap, least.Goroutines, least.Descriptors = min(least.Heap, p.Heap), min(least.Goroutines, p.Goroutines), min(least.Descriptors, p.Descriptors)
		least.RSS = p.RSS
	}
	return least
}

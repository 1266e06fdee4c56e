package load

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// leadsField is the root field that is handed through.
const leadsField = "leads"

// ThroughOptions say how a list query is asked.
type ThroughOptions struct {
	Gateway         *Gateway
	Bare            *Gateway // a bare proxy in the gateway's place
	Front           *Front   // in front of FortyTwo, behind both
	Email, Password string   // of a member; each client signs in for himself
	Clients         int      // that ask at once
	Pages           [2]int   // leads of a small and of a large answer
	For             time.Duration
	Slices          int // each round is asked in so many slices, in turn with the others, so that all see the same machine
	Alone           int // questions that one client asks when nobody else does
}

// Through is what came of it.
type Through struct {
	Machine Machine        `json:"machine"`
	Rounds  []ThroughRound `json:"rounds"`
	Alone   []ThroughAlone `json:"alone"`
	Gateway Process        `json:"gateway"` // at the end
}

// ThroughRound is one question asked by many at once.
type ThroughRound struct {
	Name        string       `json:"name"`
	Bytes       int          `json:"answerBytes"`
	Clients     int          `json:"clients"`
	Failed      []string     `json:"failed,omitempty"` // with what requests failed
	PerSecond   float64      `json:"answersPerSecond"`
	Answer      Distribution `json:"answer"`
	Effort      Effort       `json:"effort"`
	CPUOfOne    float64      `json:"cpuMicrosOfRequest"`
	Allocations float64      `json:"allocationsOfRequest"`       // of the gateway, or the bare proxy
	Upstream    float64      `json:"upstreamRequestsPerRequest"` // that reached the front
	OfRate      float64      `json:"ofBareProxysRate,omitempty"` // of the bare proxy with the same answer
	OfCPU       float64      `json:"ofBareProxysRateByCPU,omitempty"`
}

// ThroughAlone is what a question takes that is asked by one client.
type ThroughAlone struct {
	Bytes   int          `json:"answerBytes"`
	Direct  Distribution `json:"direct"` // to the front
	Bare    Distribution `json:"bareProxy"`
	Gateway Distribution `json:"gateway"`
	Added   Millis       `json:"addedToBareProxyMedianMs"`  // by the gateway
	Failed  []string     `json:"bareProxyFailed,omitempty"` // with what requests to the bare proxy failed, which were asked again
}

// MeasureThrough asks for leads through the gateway and through a bare proxy. Errors: nobody can sign in, or a question has no
// good answer at first.
func MeasureThrough(ctx context.Context, o ThroughOptions) (t Through, err error) {
	t.Machine = machine()
	m, err := o.prepare(ctx)
	if err != nil {
		return t, err
	}
	defer m.close()
	for _, r := range m.rounds { // warms up
		r.crowd.press(ctx, o.For/5)
	}
	for range o.Slices {
		for _, r := range m.rounds {
			if err := m.slice(ctx, r, o.For/time.Duration(o.Slices)); err != nil {
				return t, err
			}
		}
	}
	for _, r := range m.rounds {
		t.Rounds = append(t.Rounds, r.result(o.Clients))
	}
	for i := range t.Rounds {
		if bare := m.rounds[i].bare; bare >= 0 {
			t.Rounds[i].compare(t.Rounds[bare])
		}
	}
	for _, body := range m.upstream {
		alone, err := m.alone(ctx, body)
		if err != nil {
			return t, err
		}
		t.Alone = append(t.Alone, alone)
	}
	t.Gateway = o.Gateway.process(ctx)
	return t, ctx.Err()
}

// through is a measurement under way.
type through struct {
	o        ThroughOptions
	tokens   []string
	upstream [2]exchanged // small and large
	rounds   []*throughRound
	scrape   map[*Gateway]float64 // allocations of asking how many there were
}

// exchanged is a question to the gateway with what the gateway asks FortyTwo for its sake.
type exchanged struct{ ours, theirs []byte }

// throughRound is a round under way.
type throughRound struct {
	name    string
	process *Gateway
	crowd   crowd
	bare    int    // the round to compare with; -1: none
	theirs  string // what reaches the front

	took        []time.Duration
	failed      []string
	seconds     float64
	cpu         time.Duration
	driver      float64 // CPU seconds
	allocations float64
	upstream    int64
}

func (o ThroughOptions) prepare(ctx context.Context) (*through, error) {
	m := &through{o: o, scrape: map[*Gateway]float64{}}
	transport := &http.Transport{DisableCompression: true}
	defer transport.CloseIdleConnections()
	desk := &deskClient{http: &http.Client{Transport: transport, Timeout: pushTimeout}, url: o.Gateway.URL + "/graphql"}
	for range o.Clients {
		token, err := desk.signIn(ctx, o.Email, o.Password)
		if err != nil {
			return nil, err
		}
		m.tokens = append(m.tokens, token)
	}
	var err error
	for i, page := range o.Pages {
		if m.upstream[i], err = m.exchange(ctx, desk, documentLeads, page); err != nil {
			return nil, err
		}
	}
	renamed, err := m.exchange(ctx, desk, documentLeadsRenamed, o.Pages[0])
	if err != nil {
		return nil, err
	}
	shared := make([]string, o.Clients)
	for i := range shared {
		shared[i] = m.tokens[0]
	}
	small, large := m.upstream[0], m.upstream[1]
	for _, r := range []struct {
		name    string
		process *Gateway
		tokens  []string
		body    []byte
		theirs  []byte
		bare    int
	}{
		{"small, bare proxy", o.Bare, m.tokens, small.theirs, small.theirs, -1},
		{"small, handed through", o.Gateway, m.tokens, small.ours, small.theirs, 0},
		{"small, renamed", o.Gateway, m.tokens, renamed.ours, renamed.theirs, 0},
		{"small, one caller: shared", o.Gateway, shared, small.ours, small.theirs, 0},
		{"large, bare proxy", o.Bare, m.tokens, large.theirs, large.theirs, -1},
		{"large, handed through", o.Gateway, m.tokens, large.ours, large.theirs, 4},
	} {
		c, err := gather(ctx, r.process.URL+"/graphql", r.tokens, r.body, r.process == o.Bare)
		if err != nil {
			m.close()
			return nil, fmt.Errorf("%s: %w", r.name, err)
		}
		round := &throughRound{name: r.name, process: r.process, crowd: c, bare: r.bare, theirs: string(r.theirs)}
		for _, w := range c {
			round.fail(w.lost)
		}
		m.rounds = append(m.rounds, round)
	}
	for _, process := range []*Gateway{o.Gateway, o.Bare} {
		before, err := process.Metric(ctx, metricMallocs)
		if err != nil {
			m.close()
			return nil, err
		}
		after, err := process.Metric(ctx, metricMallocs)
		if err != nil {
			m.close()
			return nil, err
		}
		m.scrape[process] = after - before
	}
	return m, nil
}

var errNothingSent = errors.New("the gateway asked FortyTwo for no leads")

// exchange asks the gateway once and sees what it asks.
func (m *through) exchange(ctx context.Context, desk *deskClient, document string, page int) (exchanged, error) {
	body, err := json.Marshal(map[string]any{"query": document, "variables": map[string]any{"first": page}})
	if err != nil {
		return exchanged{}, err
	}
	raw, err := desk.post(ctx, m.tokens[0], body)
	if err != nil {
		return exchanged{}, err
	}
	if err := readAnswer(raw, new(json.RawMessage)); err != nil {
		return exchanged{}, err
	}
	theirs := m.o.Front.asked(m.tokens[0], leadsField)
	if theirs == "" {
		return exchanged{}, errNothingSent
	}
	return exchanged{ours: body, theirs: []byte(theirs)}, nil
}

func (m *through) close() {
	for _, r := range m.rounds {
		r.crowd.close()
	}
}

// slice asks for a while and adds up.
func (m *through) slice(ctx context.Context, r *throughRound, stretch time.Duration) error {
	before, err := r.process.Metric(ctx, metricMallocs)
	if err != nil {
		return err
	}
	asked := m.o.Front.times(r.theirs)
	watch := r.process.stopwatch()
	took, failed := r.crowd.press(ctx, stretch)
	elapsed := time.Since(watch.began).Seconds()
	effort, cpu := watch.read()
	after, err := r.process.Metric(ctx, metricMallocs)
	if err != nil {
		return err
	}
	r.fail(failed)
	r.took, r.seconds, r.cpu = append(r.took, took...), r.seconds+elapsed, r.cpu+cpu
	r.driver += effort.Driver * elapsed
	r.upstream += m.o.Front.times(r.theirs) - asked
	r.allocations += after - before - m.scrape[r.process]
	return nil
}

// fail notes with what requests failed.
func (r *throughRound) fail(with []error) {
	for _, err := range with {
		r.failed = append(r.failed, err.Error())
	}
}

func (r *throughRound) result(clients int) ThroughRound {
	n := float64(max(len(r.took), 1))
	return ThroughRound{
		Name: r.name, Bytes: r.crowd[0].want, Clients: clients, Failed: r.failed, PerSecond: float64(len(r.took)) / r.seconds,
		Effort:   Effort{Gateway: r.cpu.Seconds() / r.seconds, Driver: r.driver / r.seconds},
		CPUOfOne: float64(r.cpu.Microseconds()) / n, Allocations: r.allocations / n, Upstream: float64(r.upstream) / n,
		Answer: NewDistribution(r.took),
	}
}

// compare relates a round to that of the bare proxy. By CPU counts what the measured process used: where the driver is the
// narrow place, rates say little.
func (r *ThroughRound) compare(bare ThroughRound) {
	if bare.PerSecond > 0 {
		r.OfRate = r.PerSecond / bare.PerSecond
	}
	if r.CPUOfOne > 0 {
		r.OfCPU = bare.CPUOfOne / r.CPUOfOne
	}
}

// alone asks one question in three ways in turn.
func (m *through) alone(ctx context.Context, x exchanged) (a ThroughAlone, err error) {
	ways := []struct {
		url    string
		body   []byte
		result *Distribution
	}{
		{m.o.Front.URL, x.theirs, &a.Direct}, {m.o.Bare.URL, x.theirs, &a.Bare}, {m.o.Gateway.URL, x.ours, &a.Gateway},
	}
	var wires crowd
	defer func() { wires.close() }()
	for _, way := range ways {
		one, err := gather(ctx, way.url+"/graphql", m.tokens[:1], way.body, way.result == &a.Bare)
		if err != nil {
			return a, err
		}
		wires = append(wires, one...)
	}
	took := make([][]time.Duration, len(ways))
	for range m.o.Alone {
		for i, w := range wires {
			d, err := w.answered(ctx)
			if err != nil {
				return a, err
			}
			took[i] = append(took[i], d)
		}
	}
	for i, way := range ways {
		*way.result = NewDistribution(took[i])
	}
	if !bytes.Equal(dataOf(wires[0].answer.Bytes()), dataOf(wires[2].answer.Bytes())) {
		return a, errors.New("the gateway's answer has other data than FortyTwo's")
	}
	for _, err := range wires[1].lost {
		a.Failed = append(a.Failed, err.Error())
	}
	a.Bytes, a.Added = wires[2].answer.Len(), a.Gateway.P50-a.Bare.P50
	return a, ctx.Err()
}

// dataOf is the value of data in an answer.
func dataOf(answer []byte) []byte {
	var a struct {
		Data json.RawMessage `json:"data"`
	}
	if json.Unmarshal(answer, &a) != nil {
		return nil
	}
	return a.Data
}

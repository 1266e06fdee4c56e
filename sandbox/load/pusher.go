package load

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"sync"
	"time"
)

// pushTimeout is how long an answer is waited for; Ozonetel gives up sooner.
const pushTimeout = 30 * time.Second

// pusher sends the pushes of made-up calls over connections that stay open.
type pusher struct {
	story       story
	targets     Targets
	client      *http.Client
	connections int
	window      int

	mu   sync.Mutex
	next int // the first push that no phase has sent
}

func newPusher(s story, targets Targets, connections, window int) *pusher {
	return &pusher{
		story: s, targets: targets, connections: connections, window: window,
		client: &http.Client{Timeout: pushTimeout, Transport: &http.Transport{
			MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections, DisableCompression: true,
		}},
	}
}

func (p *pusher) close() { p.client.CloseIdleConnections() }

// send sends the i-th push; true when it was answered 2xx.
func (p *pusher) send(ctx context.Context, i int) bool {
	call, step := place(i, p.window)
	push := p.story.push(call, step, p.window)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.targets.of(step), bytes.NewReader(push.body))
	if err != nil {
		return false
	}
	req.Header.Set("Content-Type", push.contentType)
	res, err := p.client.Do(req)
	if err != nil {
		return false
	}
	_, err = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	return err == nil && res.StatusCode/100 == 2
}

// Pushed is what came of a number of pushes.
type Pushed struct {
	Sent      int          `json:"sent"`
	Answered  int          `json:"answered"` // 2xx: stored
	Failed    int          `json:"failed"`   // any other answer, or none
	Seconds   float64      `json:"seconds"`  // from the first to the last answer
	PerSecond float64      `json:"answeredPerSecond"`
	Answer    Distribution `json:"answer"` // from when a push was due to its answer
}

// run sends count pushes: rate a second, or as fast as they are answered when rate is 0. before, when not nil, is told
// of each as it is sent. What ctx stops is neither sent nor counted.
func (p *pusher) run(ctx context.Context, count int, rate float64, before func(i int)) Pushed {
	p.mu.Lock()
	first := p.next
	p.next += count
	p.mu.Unlock()

	type due struct {
		push int
		at   time.Time
	}
	// Holds all that is due, so that the clock never waits for the answers.
	queue := make(chan due, count)
	took := make([]time.Duration, 0, count)
	var result Pushed
	var mu sync.Mutex
	var senders sync.WaitGroup
	began := time.Now()
	for range min(p.connections, count) {
		senders.Go(func() {
			for d := range queue {
				if before != nil {
					before(d.push)
				}
				at := d.at
				if rate == 0 {
					at = time.Now()
				}
				ok := p.send(ctx, d.push)
				elapsed := time.Since(at)
				mu.Lock()
				result.Sent++
				if ok {
					result.Answered++
					took = append(took, elapsed)
				} else {
					result.Failed++
				}
				mu.Unlock()
			}
		})
	}
	pace(ctx, count, rate, func(i int, at time.Time) { queue <- due{first + i, at} })
	close(queue)
	senders.Wait()
	result.Seconds = time.Since(began).Seconds()
	result.PerSecond = float64(result.Answered) / result.Seconds
	result.Answer = NewDistribution(took)
	return result
}

// pace calls due for each of count turns when its time has come, and never waits for anything else; all at once when
// rate is 0. It ends early with ctx.
func pace(ctx context.Context, count int, rate float64, due func(i int, at time.Time)) {
	began := time.Now()
	for i := range count {
		at := began
		if rate > 0 {
			at = began.Add(time.Duration(float64(i) / rate * float64(time.Second)))
		}
		if wait := time.Until(at); wait > 0 {
			select {
			case <-time.After(wait):
			case <-ctx.Done():
			}
		}
		if ctx.Err() != nil {
			return
		}
		due(i, at)
	}
}

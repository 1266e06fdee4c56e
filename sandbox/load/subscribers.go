package load

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	dialersAtOnce = 32
	// warmUps is how many calls are rung in at most until every subscription is in force.
	warmUps      = 50
	warmUpWithin = 2 * time.Second
	// lateWithin is how long events may be late before they count as lost.
	lateWithin = 10 * time.Second
)

// SubscribersOptions say how many listen to how much.
type SubscribersOptions struct {
	Gateway         *Gateway
	Targets         Targets
	Email, Password string // of a supervisor
	Subscribers     int
	Rate            float64 // events a second
	For             time.Duration
}

// Subscribers is what came of it.
type Subscribers struct {
	Machine     Machine      `json:"machine"`
	Subscribers int          `json:"subscribers"`
	Rate        float64      `json:"eventsPerSecond"`
	Pushes      Pushed       `json:"pushes"`
	Delivery    Distribution `json:"delivery"` // from sending the push to each subscriber's receipt
	PerSecond   float64      `json:"deliveriesPerSecond"`
	Lost        int          `json:"lost"`   // of Answered × Subscribers, not there 10 s after the last push
	Twice       int          `json:"twice"`  // delivered again
	Broken      int          `json:"broken"` // subscribers whose socket or subscription ended
	Effort      Effort       `json:"effort"`
	CPUOfOne    float64      `json:"cpuMicrosOfDelivery"` // of the gateway
	RSSOfIdle   float64      `json:"rssBytesOfSubscriber"`
	RSSOfBusy   float64      `json:"rssBytesOfSubscriberAfterEvents"`
	Gateway     Process      `json:"gateway"` // after the events
}

// MeasureSubscribers opens the sockets, waits until each subscription is in force, and pushes calls. Errors: a socket
// that cannot be opened, or subscriptions that never see an event.
func MeasureSubscribers(ctx context.Context, o SubscribersOptions) (r Subscribers, err error) {
	r = Subscribers{Machine: machine(), Subscribers: o.Subscribers, Rate: o.Rate}
	recorded, err := recordStory(ctx)
	if err != nil {
		return r, err
	}
	count := max(int(o.Rate*o.For.Seconds()), 1)
	marks := newSheet(warmUps*stepsOfCall + (count+stepsOfCall-1)/stepsOfCall*stepsOfCall)
	p := newPusher(recorded, o.Targets, 1, 1) // one after another: events of a call are news only in their order
	defer p.close()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	desk := &deskClient{http: &http.Client{Transport: transport, Timeout: pushTimeout}, url: o.Gateway.URL + "/graphql"}
	token, err := desk.signIn(ctx, o.Email, o.Password)
	if err != nil {
		return r, err
	}
	before := o.Gateway.Usage()
	a, err := openAudience(ctx, desk.url, token, marks, o.Subscribers)
	defer a.close()
	if err != nil {
		return r, fmt.Errorf("subscribe: %w", err)
	}
	if err := a.warmUp(ctx, p); err != nil {
		return r, err
	}
	each := func(now Usage) float64 { return float64(now.RSS-before.RSS) / float64(max(o.Subscribers, 1)) }
	r.RSSOfIdle = each(o.Gateway.Usage())

	p.next = warmUps * stepsOfCall
	first := p.next
	watch := o.Gateway.stopwatch()
	r.Pushes = p.run(ctx, count, o.Rate, marks.markSent)
	r.Effort, _ = watch.read()
	a.await(ctx, lateWithin, first, first+count, r.Pushes.Answered*len(a.members))
	_, cpu := watch.read()
	r.RSSOfBusy, r.Gateway = each(o.Gateway.Usage()), o.Gateway.process(ctx)
	r.sum(a, first, count, cpu)
	return r, ctx.Err()
}

// sum counts what each subscriber received of the events from first on.
func (r *Subscribers) sum(a *audience, first, count int, cpu time.Duration) {
	took := make([]time.Duration, 0, count*len(a.members))
	for _, s := range a.members {
		for event := first; event < first+count; event++ {
			if micros := s.seen[event].Load(); micros > 0 {
				took = append(took, time.Duration(micros)*time.Microsecond)
			}
		}
		r.Twice += int(s.twice.Load())
	}
	r.Broken = a.broken()
	r.Lost = r.Pushes.Answered*len(a.members) - len(took)
	r.PerSecond = float64(len(took)) / r.Pushes.Seconds
	r.CPUOfOne = float64(cpu.Microseconds()) / float64(max(len(took), 1))
	r.Delivery = NewDistribution(took)
}

// audience is all subscribers.
type audience struct {
	marks   *sheet
	members []*subscriber
	readers sync.WaitGroup

	mu    sync.Mutex
	ended int // readers that have returned
}

// openAudience opens n subscriptions; what was opened before an error is in the answer, to be closed.
func openAudience(ctx context.Context, url, token string, marks *sheet, n int) (*audience, error) {
	a := &audience{marks: marks}
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(dialersAtOnce)
	for range n {
		work.Go(func() error {
			s, err := subscribe(ctx, url, token, marks)
			if err != nil {
				return err
			}
			a.mu.Lock()
			a.members = append(a.members, s)
			a.mu.Unlock()
			a.readers.Go(func() {
				s.read()
				a.mu.Lock()
				a.ended++
				a.mu.Unlock()
			})
			return nil
		})
	}
	return a, work.Wait()
}

func (a *audience) broken() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.ended
}

func (a *audience) close() {
	for _, s := range a.members {
		_ = s.socket.Close()
	}
	a.readers.Wait()
}

// warmUp rings calls in until one event reached every subscriber.
func (a *audience) warmUp(ctx context.Context, p *pusher) error {
	reached := 0
	for turn := range warmUps {
		event := turn * stepsOfCall
		p.next = event
		if p.run(ctx, 1, 0, a.marks.markSent).Answered == 1 {
			reached = a.await(ctx, warmUpWithin, event, event+1, len(a.members))
		}
		if reached == len(a.members) || ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return fmt.Errorf("only %d of %d subscriptions see events; %d ended", reached, len(a.members), a.broken())
}

// await waits until so many deliveries of these events were counted and gives how many were when it ended.
func (a *audience) await(ctx context.Context, within time.Duration, first, end, wanted int) int {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	for {
		got := 0
		for event := first; event < end; event++ {
			got += int(a.marks.received[event].Load())
		}
		if got >= wanted {
			return got
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return got
		}
	}
}

// PrintSubscribers writes the results as a table, a column each.
func PrintSubscribers(out io.Writer, all []Subscribers) error {
	t := newTable(out)
	row := func(name string, cell func(r Subscribers) string) {
		cells := []string{name}
		for _, r := range all {
			cells = append(cells, cell(r))
		}
		t.row(cells...)
	}
	row("subscribers", func(r Subscribers) string { return fmt.Sprint(r.Subscribers) })
	row("load before", func(r Subscribers) string { return orUnknown(r.Machine.Load) })
	row("events sent, failed", func(r Subscribers) string { return fmt.Sprintf("%d, %d", r.Pushes.Answered, r.Pushes.Failed) })
	row("deliveries a second", func(r Subscribers) string { return fmt.Sprintf("%.0f", r.PerSecond) })
	row("delivery p50", func(r Subscribers) string { return r.Delivery.P50.String() })
	row("delivery p99", func(r Subscribers) string { return r.Delivery.P99.String() })
	row("delivery max", func(r Subscribers) string { return r.Delivery.Max.String() })
	row("lost, twice, broken", func(r Subscribers) string { return fmt.Sprintf("%d, %d, %d", r.Lost, r.Twice, r.Broken) })
	row("gateway, cores", func(r Subscribers) string { return fmt.Sprintf("%.2f", r.Effort.Gateway) })
	row("driver, cores", func(r Subscribers) string { return fmt.Sprintf("%.2f", r.Effort.Driver) })
	row("gateway's CPU a delivery", func(r Subscribers) string { return fmt.Sprintf("%.1f µs", r.CPUOfOne) })
	row("kB a subscriber, idle", func(r Subscribers) string { return fmt.Sprintf("%.1f", r.RSSOfIdle/1e3) })
	row("kB a subscriber, after events", func(r Subscribers) string { return fmt.Sprintf("%.1f", r.RSSOfBusy/1e3) })
	row("gateway, MB resident", func(r Subscribers) string { return fmt.Sprintf("%.1f", float64(r.Gateway.RSS)/1e6) })
	row("gateway, descriptors", func(r Subscribers) string { return fmt.Sprint(r.Gateway.Descriptors) })
	row("gateway, goroutines", func(r Subscribers) string { return fmt.Sprint(r.Gateway.Goroutines) })
	if len(all) > 0 {
		t.row("machine", all[0].Machine.String())
	}
	return t.flush()
}

package load

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// worklistPage is how many items a desk shows.
const worklistPage = 20

// WorklistOptions say how often to ask.
type WorklistOptions struct {
	Gateway         *Gateway
	Proxy           *Proxy // in front of the FortyTwo that the gateway uses
	Email, Password string // of an agent
	Queries         int    // in each round
	Concurrency     []int  // a round each: how many ask at once
}

// Worklist is what came of it.
type Worklist struct {
	Machine Machine         `json:"machine"`
	Rounds  []WorklistRound `json:"rounds"`
	Gateway Process         `json:"gateway"` // at the end
}

// WorklistRound is one round of queries.
type WorklistRound struct {
	Concurrency int          `json:"concurrency"`
	Failed      int          `json:"failed"` // answered with an error, or not at all
	Upstream    float64      `json:"upstreamRequestsPerQuery"`
	Answer      Distribution `json:"answer"`
	Slowest     Distribution `json:"slowestUpstream"` // of each answer
	Added       Distribution `json:"added"`           // answer minus the slowest upstream request of the same answer
	Effort      Effort       `json:"effort"`
	CPUOfOne    float64      `json:"cpuMicrosOfQuery"` // of the gateway
}

// MeasureWorklist asks for the work list as a desk does and compares each answer with the requests to FortyTwo that it
// took. Errors: nobody can sign in, or the list cannot be read at all.
func MeasureWorklist(ctx context.Context, o WorklistOptions) (w Worklist, err error) {
	w.Machine = machine()
	transport := &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}
	defer transport.CloseIdleConnections()
	client := &deskClient{http: &http.Client{Transport: transport, Timeout: pushTimeout}, url: o.Gateway.URL + "/graphql"}
	body, err := json.Marshal(map[string]any{"query": documentWorklist, "variables": map[string]any{"first": worklistPage}})
	if err != nil {
		return w, err
	}
	for _, n := range o.Concurrency {
		askers := make([]asker, n)
		for i := range askers {
			askers[i] = asker{client: client, proxy: o.Proxy, body: body}
			if askers[i].token, err = client.signIn(ctx, o.Email, o.Password); err != nil {
				return w, err
			}
			if _, err = askers[i].ask(ctx); err != nil { // also warms up
				return w, fmt.Errorf("the work list cannot be read: %w", err)
			}
		}
		w.Rounds = append(w.Rounds, worklistRound(ctx, o, askers))
	}
	w.Gateway = o.Gateway.process(ctx)
	return w, ctx.Err()
}

// asker asks one question at a time with a token of his own.
type asker struct {
	client *deskClient
	proxy  *Proxy
	body   []byte
	token  string
}

// asked is one answer.
type asked struct {
	took     time.Duration
	upstream []passage
}

func (a *asker) ask(ctx context.Context) (asked, error) {
	a.proxy.take(a.token)
	began := time.Now()
	raw, err := a.client.post(ctx, a.token, a.body)
	answer := asked{took: time.Since(began)}
	if err != nil {
		return asked{}, err
	}
	answer.upstream = a.proxy.take(a.token)
	var out struct {
		Worklist struct {
			Errors []struct {
				Message string `json:"message"`
			} `json:"errors"`
		} `json:"worklist"`
	}
	if err := readAnswer(raw, &out); err != nil {
		return asked{}, err
	}
	if failed := out.Worklist.Errors; len(failed) > 0 {
		return asked{}, fmt.Errorf("a source failed: %s", failed[0].Message)
	}
	return answer, nil
}

func worklistRound(ctx context.Context, o WorklistOptions, askers []asker) WorklistRound {
	var mu sync.Mutex
	var answers []asked
	round := WorklistRound{Concurrency: len(askers)}
	turns := make(chan struct{}, o.Queries)
	for range o.Queries {
		turns <- struct{}{}
	}
	close(turns)
	watch := o.Gateway.stopwatch()
	var asking sync.WaitGroup
	for i := range askers {
		asking.Go(func() {
			for range turns {
				answer, err := askers[i].ask(ctx)
				mu.Lock()
				if err != nil {
					round.Failed++
				} else {
					answers = append(answers, answer)
				}
				mu.Unlock()
			}
		})
	}
	asking.Wait()
	effort, cpu := watch.read()
	round.Effort, round.CPUOfOne = effort, float64(cpu.Microseconds())/float64(o.Queries)
	var took, slow, added []time.Duration
	for _, a := range answers {
		longest := slowest(a.upstream)
		took, slow, added = append(took, a.took), append(slow, longest), append(added, a.took-longest)
		round.Upstream += float64(len(a.upstream)) / float64(len(answers))
	}
	round.Answer, round.Slowest, round.Added = NewDistribution(took), NewDistribution(slow), NewDistribution(added)
	return round
}

// Print writes the result as a table.
func (w Worklist) Print(out io.Writer) error {
	t := newTable(out)
	t.row("machine", w.Machine.String())
	for _, r := range w.Rounds {
		t.row("", "")
		t.row(fmt.Sprintf("%d at once", r.Concurrency),
			fmt.Sprintf("%d answered, %d failed, %.1f upstream requests each", r.Answer.Count, r.Failed, r.Upstream))
		t.row("  answer", r.Answer.String())
		t.row("  slowest upstream", r.Slowest.String())
		t.row("  added by the gateway", r.Added.String())
		t.row("  effort", fmt.Sprintf("%s; %.0f µs of the gateway's CPU a query", r.Effort, r.CPUOfOne))
	}
	t.row("", "")
	t.row("gateway at the end", w.Gateway.String())
	return t.flush()
}

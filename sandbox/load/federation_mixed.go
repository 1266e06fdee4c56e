package load

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// MixedOptions say how a document over both schemas is asked.
type MixedOptions struct {
	Gateway         *Gateway
	Proxy           *Proxy // in front of the FortyTwo that the gateway uses
	Email, Password string // of an agent
	Queries         int
}

// Mixed is what a work list costs whose leads are read from FortyTwo, one document at a time.
type Mixed struct {
	Machine  Machine            `json:"machine"`
	Items    int                `json:"items"`                       // of the list
	Upstream map[string]float64 `json:"upstreamRequestsPerDocument"` // by root field
	Answer   Distribution       `json:"answer"`
	Own      Distribution       `json:"gatewaysOwn"` // answer minus the time in which any upstream request was under way
	CPUOfOne float64            `json:"cpuMicrosOfDocument"`
	Gateway  Process            `json:"gateway"` // at the end
}

// MeasureMixed asks for a work list with fields of FortyTwo and compares each answer with the requests to FortyTwo that it took.
// Errors: nobody can sign in, a document is not answered in whole.
func MeasureMixed(ctx context.Context, o MixedOptions) (m Mixed, err error) {
	m.Machine, m.Upstream = machine(), map[string]float64{}
	transport := &http.Transport{DisableCompression: true}
	defer transport.CloseIdleConnections()
	client := &deskClient{http: &http.Client{Transport: transport, Timeout: pushTimeout}, url: o.Gateway.URL + "/graphql"}
	token, err := client.signIn(ctx, o.Email, o.Password)
	if err != nil {
		return m, err
	}
	body, err := json.Marshal(map[string]any{"query": documentMixed})
	if err != nil {
		return m, err
	}
	if m.Items, err = joined(ctx, client, token, body); err != nil {
		return m, err
	}
	for range o.Queries / 10 { // warms up
		if _, err := client.post(ctx, token, body); err != nil {
			return m, err
		}
	}
	var took, own []time.Duration
	watch := o.Gateway.stopwatch()
	for range o.Queries {
		o.Proxy.take(token)
		began := time.Now()
		if _, err := client.post(ctx, token, body); err != nil {
			return m, err
		}
		answer := time.Since(began)
		passed := o.Proxy.take(token)
		took, own = append(took, answer), append(own, answer-busy(passed))
		for _, one := range passed {
			m.Upstream[one.field] += 1 / float64(o.Queries)
		}
	}
	_, cpu := watch.read()
	m.CPUOfOne = float64(cpu.Microseconds()) / float64(o.Queries)
	m.Answer, m.Own = NewDistribution(took), NewDistribution(own)
	m.Gateway = o.Gateway.process(ctx)
	return m, ctx.Err()
}

// joined asks once and counts the items, each of which must have its lead.
func joined(ctx context.Context, client *deskClient, token string, body []byte) (int, error) {
	raw, err := client.post(ctx, token, body)
	if err != nil {
		return 0, err
	}
	var out struct {
		Worklist struct {
			Edges []struct {
				Node struct {
					Lead *struct {
						ID         string `json:"id"`
						LeadStatus string `json:"leadStatus"`
					} `json:"lead"`
				} `json:"node"`
			} `json:"edges"`
		} `json:"worklist"`
	}
	if err := readAnswer(raw, &out); err != nil {
		return 0, err
	}
	for _, edge := range out.Worklist.Edges {
		if edge.Node.Lead == nil || edge.Node.Lead.LeadStatus == "" {
			return 0, errors.New("an item of the work list has no lead")
		}
	}
	return len(out.Worklist.Edges), nil
}

// Print writes the result as a table.
func (m Mixed) Print(out io.Writer) error {
	t := newTable(out)
	t.row("work list with leads", fmt.Sprintf("%d items, %d documents one after another", m.Items, m.Answer.Count))
	t.row("  answer", m.Answer.String())
	t.row("  gateway's own time", m.Own.String()+"; target: median < 1 ms")
	t.row("  upstream requests", upstreamText(m.Upstream)+"; target: one for each type and level of joined records")
	t.row("  effort", fmt.Sprintf("%.0f µs of the gateway's CPU a document", m.CPUOfOne))
	t.row("  gateway at the end", m.Gateway.String())
	t.row("  machine", m.Machine.String())
	return t.flush()
}

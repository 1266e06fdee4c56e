package day

import (
	"context"
	"errors"
	"fmt"

	"github.com/helix-engage/gateway/sandbox/client"
)

// stage is where everything but the desks is played: patients and the provider's troubles through the sandbox's control
// server, FortyTwo through its own API.
type stage struct {
	client   client.Client
	control  string // base URL
	fortyTwo string // likewise
}

// patient is somebody whom FortyTwo knows.
type patient struct {
	ID    string
	Name  string
	Phone string // E.164

	call   string // the provider's id of his latest call
	missed string // id of his entry in the missed-call queue
}

// rings lets a patient ring in.
func (s *stage) rings(ctx context.Context, p *patient) error {
	var rung struct {
		UCID string `json:"ucid"`
	}
	if err := s.client.Post(ctx, s.control+"/sandbox/calls", map[string]any{"phone": p.Phone}, &rung); err != nil {
		return err
	}
	p.call = rung.UCID
	return nil
}

// moves moves a call: abandon, offer, answer, hangup.
func (s *stage) moves(ctx context.Context, call, move string, how map[string]any) error {
	return s.client.Post(ctx, s.control+"/sandbox/calls/"+call+"/"+move, how, nil)
}

// providerCall is a call as the telephony provider sees it.
type providerCall struct {
	UCID            string `json:"ucid"`
	State           string `json:"state"`
	Held            bool   `json:"held"`
	Muted           bool   `json:"muted"`
	RecordingPaused bool   `json:"recordingPaused"`
	Parties         []struct {
		State string `json:"state"`
	} `json:"parties"`
}

// latest gives the provider's view of the call that began last.
func (s *stage) latest(ctx context.Context) (providerCall, error) {
	var out struct {
		Calls []providerCall `json:"calls"`
	}
	if err := s.client.Get(ctx, s.control+"/sandbox/calls", &out); err != nil {
		return providerCall{}, err
	}
	if len(out.Calls) == 0 {
		return providerCall{}, errors.New("the provider knows of no call")
	}
	return out.Calls[len(out.Calls)-1], nil
}

// plans says how whoever is dialled next behaves.
func (s *stage) plans(ctx context.Context, plan map[string]any) error {
	return s.client.Post(ctx, s.control+"/sandbox/dials/next", plan, nil)
}

// breaks lets the provider's next request to an endpoint be answered by HTTP 200 with this body.
func (s *stage) breaks(ctx context.Context, endpoint, body string) error {
	return s.client.Post(ctx, s.control+"/sandbox/faults",
		map[string]any{"target": "ozonetel", "endpoint": endpoint, "kind": "body", "body": body}, nil)
}

// stealToken lets another system on the account generate a token, which kills ours.
func (s *stage) stealToken(ctx context.Context) error {
	return s.client.Post(ctx, s.control+"/sandbox/ozonetel/token/steal", map[string]any{}, nil)
}

// requests counts what the telephony emulator received at an endpoint.
func (s *stage) requests(ctx context.Context, endpoint string) (int, error) {
	var out struct {
		Ozonetel struct {
			Counts map[string]int `json:"counts"`
		} `json:"ozonetel"`
	}
	err := s.client.Get(ctx, s.control+"/sandbox/requests", &out)
	return out.Ozonetel.Counts[endpoint], err
}

// patients lists some whom FortyTwo knows.
func (s *stage) patients(ctx context.Context, as *person) ([]patient, error) {
	known, err := as.client.Patients(ctx, s.fortyTwo, 60)
	all := make([]patient, len(known))
	for i, k := range known {
		all[i] = patient{ID: k.ID, Name: k.Name, Phone: k.Phone}
	}
	return all, err
}

// holds awaits that a record of FortyTwo, read with a person's own token, is as it should be.
func holds[R any](ctx context.Context, s *stage, as *person, object, id, fields string, fits func(R) bool) (R, error) {
	query := fmt.Sprintf("query Held($id: UUID!) { %s(filter: { id: { eq: $id } }) { %s } }", object, fields)
	var record R
	err := client.Eventually(ctx, func() (bool, error) {
		var out map[string]R
		err := as.client.Run(ctx, s.fortyTwo+"/graphql", query, map[string]any{"id": id}, &out)
		record = out[object]
		return err == nil && fits(record), err
	})
	if err != nil {
		return record, fmt.Errorf("FortyTwo holds %s %+v: %w", object, record, err)
	}
	return record, nil
}

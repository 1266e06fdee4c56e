package day

import (
	"context"
	"net/http"

	"github.com/helix-engage/gateway/sandbox/client"
)

// person is somebody at a desk: an agent, or the supervisor.
type person struct {
	url    string // GraphQL
	client client.Client
	socket *client.Socket // nil until he listens

	name  string // as FortyTwo has it
	agent string // id of his desk; empty for a supervisor
	roles []string
}

func newPerson(url string, transport *http.Client) *person {
	return &person{url: url, client: client.Client{HTTP: transport}}
}

// operate runs an operation of the documents.
func (p *person) operate(ctx context.Context, name string, variables map[string]any, out any) error {
	return p.client.Run(ctx, p.url, document(name), variables, out)
}

// signIn signs in and remembers who he is.
func (p *person) signIn(ctx context.Context, email string) error {
	var out struct {
		SignIn struct {
			client.Outcome
			Session struct {
				AccessToken string `json:"accessToken"`
				Viewer      struct {
					User struct {
						Name string `json:"name"`
					} `json:"user"`
					Agent struct {
						ID string `json:"id"`
					} `json:"agent"`
					Roles []string `json:"roles"`
				} `json:"viewer"`
			} `json:"session"`
		} `json:"signIn"`
	}
	if err := p.operate(ctx, "SignIn", map[string]any{"email": email, "password": "sandbox"}, &out); err != nil {
		return err
	}
	session := out.SignIn.Session
	p.client.Credential, p.name, p.agent, p.roles = client.Bearer(session.AccessToken), session.Viewer.User.Name, session.Viewer.Agent.ID, session.Viewer.Roles
	return out.SignIn.Check()
}

// listen subscribes; the subscriptions outlive the step.
func (p *person) listen(ctx context.Context, operations ...string) (err error) {
	subscriptions := make([]client.Subscription, len(operations))
	for i, name := range operations {
		subscriptions[i] = client.Subscription{Name: name, Query: document(name)}
	}
	p.socket, err = client.Listen(context.WithoutCancel(ctx), p.url, p.client.Credential, subscriptions...)
	return err
}

// move runs a mutation of his own desk and answers with the state that he is in afterwards.
func (p *person) move(ctx context.Context, name, field string) (state string, err error) {
	var out map[string]struct {
		client.Outcome
		Agent struct {
			State string `json:"state"`
		} `json:"agent"`
	}
	if err := p.operate(ctx, name, nil, &out); err != nil {
		return "", err
	}
	return out[field].Agent.State, out[field].Check()
}

// state tells how his desk is.
func (p *person) state(ctx context.Context) (string, error) {
	var out struct {
		Viewer struct {
			Agent struct {
				State string `json:"state"`
			} `json:"agent"`
		} `json:"viewer"`
	}
	err := p.operate(ctx, "Viewer", nil, &out)
	return out.Viewer.Agent.State, err
}

// missedCall is an entry of the missed-call queue, as far as the day looks at it.
type missedCall struct {
	ID             string `json:"id"`
	Phone          string `json:"phone"`
	MissedCount    int    `json:"missedCount"`
	CallbackStatus string `json:"callbackStatus"`
}

// ready makes him ready and gives the missed call that he is handed, nil without one.
func (p *person) ready(ctx context.Context) (*missedCall, error) {
	var out struct {
		SetAgentState struct {
			client.Outcome
			Claimed *missedCall `json:"claimedMissedCall"`
		} `json:"setAgentState"`
	}
	if err := p.operate(ctx, "SetAgentState", map[string]any{"state": "READY"}, &out); err != nil {
		return nil, err
	}
	return out.SetAgentState.Claimed, out.SetAgentState.Check()
}

// event is a call event as the CallEvents document selects it, with the fields of every kind.
type event struct {
	Sequence int    `json:"sequence"`
	Kind     string `json:"kind"`
	CallID   string `json:"callId"`
	Phone    string `json:"phone"`
	Caller   struct {
		DisplayName string `json:"displayName"`
		Known       bool   `json:"known"`
	} `json:"caller"`
	DurationSeconds int        `json:"durationSeconds"`
	Reason          string     `json:"reason"`
	Disposition     string     `json:"disposition"`
	MissedCall      missedCall `json:"missedCall"`
}

// hears awaits an event of a call.
func (p *person) hears(ctx context.Context, call, kind string) (event, error) {
	return client.Await(ctx, p.socket, "CallEvents", kind, func(e event) bool { return e.Kind == kind && e.CallID == call })
}

package sandbox

import (
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/helix-engage/gateway/sandbox/fortytwo"
	"github.com/helix-engage/gateway/sandbox/timeline"
)

// newCRM builds the CRM emulator over the sandbox's time. Webhooks go out through client.
func newCRM(options Options, line *timeline.Timeline, log *slog.Logger, client *http.Client) (*fortytwo.Server, error) {
	return fortytwo.New(fortytwo.Options{
		Line: options.FortyTwoLine, Rate: options.FortyTwoRate,
		Seed: options.Seed, Empty: options.Empty, Now: line.Now, Logger: log.With("emulator", "fortytwo"), WebhookClient: client,
	})
}

// subscribe registers the gateway's webhook, for what an administrator is told to register it for, unless it is registered
// already.
func (s *Sandbox) subscribe(hooks Webhooks) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if hooks.FortyTwo == "" || hooks.FortyTwo == s.subscribed {
		return nil
	}
	s.subscribed = hooks.FortyTwo
	return s.crm.Subscribe(hooks.FortyTwo, hooks.FortyTwoSecret, "call.*", "followUp.*", "lead.*", "metadata.*.*")
}

func (s *Sandbox) crmRoutes() []route {
	return []route{
		{
			Method: "POST", Path: "/sandbox/fortytwo/records/update",
			Does: "changes a record of the CRM as a member does on its own screens, by default meera@sandbox.test; with unheard no webhook tells of it",
			Body: crmEdit{Object: "call", ID: "…", Data: map[string]any{"callbackstatus": "CALLBACK_COMPLETED"}}, serve: s.editRecord,
		},
		{
			Method: "POST", Path: "/sandbox/fortytwo/tokens/expire", Does: "every access token issued so far counts as expired",
			serve: act(s.crm.ExpireTokens),
		},
		{
			Method: "POST", Path: "/sandbox/fortytwo/streams/cut",
			Does:  "every open event stream breaks off and is forgotten, as when the CRM restarts; what happens meanwhile is not told",
			serve: act(s.crm.CutStreams),
		},
		{
			Method: "POST", Path: "/sandbox/fortytwo/streams/silence",
			Does: "every open event stream stays open and says nothing any more", serve: act(s.crm.SilenceStreams),
		},
	}
}

type crmEdit struct {
	Object  string         `json:"object"`
	ID      string         `json:"id"`
	Data    map[string]any `json:"data"`
	Email   string         `json:"email,omitempty"`
	Unheard bool           `json:"unheard,omitempty"`
}

func (s *Sandbox) editRecord(r *http.Request) (any, error) {
	in, err := decodeBody[crmEdit](r)
	if err != nil {
		return nil, err
	}
	if in.Email == "" {
		in.Email = "meera@sandbox.test"
	}
	return done{OK: true}, s.crm.Edit(fortytwo.Edit{Email: in.Email, Object: in.Object, ID: in.ID, Data: in.Data, Unheard: in.Unheard})
}

// failCRM arms a fault of the CRM. Its endpoint is a path (/graphql, /metadata) or the name of a root field.
func (s *Sandbox) failCRM(in fault, delay time.Duration) error {
	f := fortytwo.Fault{
		Kind: fortytwo.FaultKind(in.Kind), Count: in.Count, Delay: delay, Status: in.Status, Body: in.Body,
		Code: in.Code, Message: in.Message, AfterEffect: in.AfterEffect,
	}
	if strings.HasPrefix(in.Endpoint, "/") {
		f.Path = in.Endpoint
	} else {
		f.RootField = in.Endpoint
	}
	if err := s.crm.Fail(f); err != nil {
		return fmt.Errorf("fault: %w", err)
	}
	return nil
}

package ozonetel

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers"
)

const dispositionPath = "/ca_apis/DispositionAPIV2"

// maxUCID is the longest call id that the disposition endpoint takes (4).
const maxUCID = 19

// Disposal is an agent's summing up of a call.
type Disposal struct {
	ProviderCallID string // ucid of the call
	DID            string // the campaign number of the call; the seat's when ""
	Label          string
	Notes          string
	CallbackAt     time.Time // zero when no call back was agreed
}

// Disposed says what became of a disposal.
type Disposed struct {
	Queued      bool // the call is up still; the label is written when it ends
	Already     bool // the call was disposed before, by us or by the wrap-up timer; nothing changed
	UsedDefault bool // the campaign does not know our label and got the default one
}

// Dispose saves the label of a call and releases the agent from after-call work (4). A label that the campaign does
// not know is replaced by the account's default. It may be repeated.
//
// Errors: BAD_USER_INPUT without a label, or when the label needs a time to call back; NOT_FOUND for a call that the
// account does not have.
func (c *Client) Dispose(ctx context.Context, seat helix.AgentSeat, d Disposal) (Disposed, error) {
	if d.Label == "" {
		return Disposed{}, helix.BadInput("a disposition is needed")
	}
	if d.ProviderCallID == "" || len(d.ProviderCallID) > maxUCID {
		return Disposed{}, helix.NotFound("call")
	}
	if d.DID == "" {
		d.DID = seat.DID
	}
	done, err := c.dispose(ctx, seat, d)
	if errors.Is(err, errUnknownLabel) && d.Label != c.defaultLabel {
		d.Label = c.defaultLabel
		done, err = c.dispose(ctx, seat, d)
		done.UsedDefault = err == nil && !done.Already
	}
	return done, err
}

func (c *Client) dispose(ctx context.Context, seat helix.AgentSeat, d Disposal) (Disposed, error) {
	fields := map[string]any{
		"action": "Set", "agentID": string(seat.Agent), "did": d.DID, "ucid": d.ProviderCallID,
		"disposition": d.Label, "comments": d.Notes, "autoRelease": "true",
	}
	if !d.CallbackAt.IsZero() {
		fields["callBackTime"] = d.CallbackAt.In(c.location).Format(callbackLayout)
	}
	var done Disposed
	err := c.send(ctx, command{
		op:     providers.Operation{Name: "ozonetel.dispose", Family: "disposition", Safety: providers.Idempotent, Timeout: controlTimeout},
		method: http.MethodPost, path: dispositionPath, fields: fields,
		expect: expectation{
			accept: func(text string) bool {
				done.Already = strings.Contains(strings.ToLower(text), "already disposed")
				return done.Already
			},
			read: func(a answer) error {
				done.Queued = strings.Contains(strings.ToLower(a.text), "queued")
				return nil
			},
		},
	})
	return done, err
}

// Dispositions lists the labels that the campaign takes; none is no error (4).
func (c *Client) Dispositions(ctx context.Context, seat helix.AgentSeat) ([]string, error) {
	var labels []string
	err := c.send(ctx, command{
		op:     providers.Operation{Name: "ozonetel.dispositions", Family: "disposition", Safety: providers.Safe, Timeout: controlTimeout},
		method: http.MethodPost, path: dispositionPath,
		fields: map[string]any{"action": "get", "agentID": string(seat.Agent), "did": seat.DID},
		expect: expectation{
			accept: func(text string) bool { return strings.Contains(strings.ToLower(text), "no disposition found") },
			read: func(a answer) (err error) {
				labels, err = readLabels(a)
				return err
			},
		},
	})
	return labels, err
}

// readLabels reads a list of labels, empty ones left out.
func readLabels(a answer) ([]string, error) {
	var list []FlexString
	if json.Unmarshal(a.payload, &list) != nil {
		return nil, errNoPayload
	}
	var labels []string
	for _, label := range list {
		if label != "" {
			labels = append(labels, string(label))
		}
	}
	return labels, nil
}

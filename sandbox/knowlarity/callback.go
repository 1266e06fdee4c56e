package knowlarity

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/helix-engage/gateway/sandbox/hooks"
)

// announce tells callbacks and event streams that a call has moved.
func (s *Server) announce(c *call, status, event string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.report(c, status, s.callbacks)
	s.tell(c.look(), event)
}

// report submits the status of a call, if the account wants it (shape C); s.mu is held.
func (s *Server) report(c *call, status string, to Callbacks) {
	if to.URL == "" || !slices.Contains(to.Shapes, StatusShape) {
		return
	}
	v := c.look()
	members := map[string]string{"call_id": c.id, "status": status, "caller_id": c.caller, "customer_number": v.Customer}
	if v.Session != "" {
		members["call_session_id"] = v.Session
	}
	if v.Result != "" {
		members["reason"] = string(v.Result)
	}
	s.courier.Submit(to.hook(StatusShape, members))
}

// reportRecord submits the record of an ended call (shapes A and B).
func (s *Server) reportRecord(c *call) {
	s.mu.Lock()
	to := s.callbacks
	s.mu.Unlock()
	if to.URL == "" {
		return
	}
	v := c.look()
	const stamp = "2006-01-02 15:04:05.000000-07:00"
	if slices.Contains(to.Shapes, CDRShape) {
		s.courier.Submit(to.hook(CDRShape, map[string]string{
			"dispnumber": v.Number, "extension": "None", "callid": c.id, "call_duration": strconv.Itoa(v.seconds()), "destination": "Stream",
			"caller_id": v.Customer, "end_time": v.EndedAt.In(india).Format(stamp), "action": "6", "timezone": "Asia/Kolkata",
			"resource_url": "", "hangup_cause": hangupCause[v.Result], "type": "dtmf", "start_time": v.PlacedAt.UTC().Format(stamp),
			"call_type": "outgoing",
		}))
	}
	if slices.Contains(to.Shapes, QueryShape) {
		s.courier.Submit(to.hook(QueryShape, map[string]string{
			"agent_number": v.Number, "customer_number": v.Customer, "call_duration": strconv.Itoa(v.seconds()), "Call_Type": "outgoing",
			"business_call_type": v.businessType(), "uuid": c.id, "caller_id": v.Customer, "resource_url": "None",
		}))
	}
}

// hangupCause is made up, but for the first.
var hangupCause = map[Result]string{ResultCompleted: "900", ResultBusy: "901", ResultNoAnswer: "902", ResultRejected: "903"}

func (to Callbacks) hook(shape Shape, members map[string]string) hooks.Hook {
	return hooks.Hook{Kind: string(shape), Make: func(ctx context.Context, _ time.Time, spoiled bool) (*http.Request, error) {
		form := make(url.Values, len(members))
		for name, value := range members {
			form.Set(name, value)
		}
		method, target, kind := http.MethodPost, to.URL, "application/json"
		body, err := json.Marshal(members)
		switch {
		case err != nil:
			return nil, err
		case shape == QueryShape:
			separator := "?"
			if strings.Contains(target, "?") {
				separator = "&"
			}
			method, target, body = http.MethodGet, target+separator+form.Encode(), nil
		case to.Form:
			kind, body = "application/x-www-form-urlencoded", []byte(form.Encode())
		}
		if spoiled {
			body = body[:len(body)/2]
		}
		request, err := http.NewRequestWithContext(ctx, method, target, bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		if method == http.MethodPost {
			request.Header.Set("Content-Type", kind)
		}
		return request, nil
	}}
}

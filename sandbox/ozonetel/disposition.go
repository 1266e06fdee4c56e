package ozonetel

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// dispositionOrder is what a Set asks for.
type dispositionOrder struct {
	label, comments         string
	autoRelease, pauseAfter bool
	pauseReason             string
}

// dispose answers POST /ca_apis/DispositionAPIV2, actions Set and get (ozonetel.md 4).
//
// Not documented and chosen here, in the style of the documented neighbours: `Invalid disposition code` for a label that the campaign
// does not have, `pauseReason is Invalid` for an unknown reason, `Please provide callBackTime` and `Invalid callBackTime format`. A
// second Set while the call is up replaces the queued one. A label written by the wrap-up timer may still be replaced, once.
func (s *Server) dispose(r *request) reply {
	denied := ptr(dispositionFail("Authentication fails"))
	body, refused := s.accept(r, authTexts{keyWrong: denied, userWrong: denied})
	if refused != nil {
		return *refused
	}
	switch action := body.text("action"); strings.ToLower(action) {
	case "set":
		return s.setDisposition(body, firstDisposition)
	case "get":
		return s.listDispositions()
	default:
		return dispositionFail("Invalid action->" + action)
	}
}

func (s *Server) listDispositions() reply {
	if len(s.account.Dispositions) == 0 {
		return s.noDispositions(s.account.Campaign.ID)
	}
	labels := make([]string, 0, len(s.account.Dispositions))
	for _, d := range s.account.Dispositions {
		labels = append(labels, d.Label)
	}
	return jsonReply(answer{Status: "Success", Details: labels})
}

// dispositionRules are what sets a label for the first time apart from replacing it later (DispositionAPIV3).
type dispositionRules struct {
	callBackLayout string
	replaces       bool // a label that a person has set
}

var (
	firstDisposition = dispositionRules{callBackLayout: "2006-01-02 15:04"}
	lateDisposition  = dispositionRules{callBackLayout: "01/02/2006 15:04:05", replaces: true}
)

func (s *Server) setDisposition(body fields, rules dispositionRules) reply {
	ucid, did := body.text("ucid"), body.text("did")
	if len(ucid) >= 20 {
		return statusReply("Error", "Unable to Dispose . Please retry after some time.")
	}
	a := s.agent(body.text("agentID"))
	if a == nil {
		return dispositionFail("Invalid agent")
	}
	order := dispositionOrder{
		label: body.text("disposition"), comments: body.text("comments"), autoRelease: body.yes("autoRelease"),
		pauseAfter: body.yes("pauseAfterDispose"), pauseReason: body.text("pauseReason"),
	}
	if problem := s.checkOrder(order, body.text("callBackTime"), rules.callBackLayout); problem != "" {
		return dispositionFail(problem)
	}
	c := s.calls[ucid]
	switch {
	case c == nil || did != s.account.Campaign.DID:
		return dispositionFail(fmt.Sprintf("Invalid ucid [%s] or did [%s]", ucid, did))
	case c.agent != a:
		return dispositionFail("Invalid agent")
	case c.state != Ended && !c.agentGone:
		c.queued = &order
		return statusReply("Success", "Disposition Queued Successfully")
	case c.disposition != "" && !c.autoDisposed && !rules.replaces:
		return dispositionFail("This call is already Disposed.")
	default:
		s.applyDisposition(c, order)
		return jsonReply(answer{Status: "Success", Details: "Disposition saved successfully"})
	}
}

// checkOrder is the text of what is wrong with an order, empty when nothing is.
func (s *Server) checkOrder(order dispositionOrder, callBackTime, layout string) string {
	if order.label == "" {
		return "Empty disposition code"
	}
	known := slices.IndexFunc(s.account.Dispositions, func(d Disposition) bool { return d.Label == order.label })
	if known < 0 {
		return "Invalid disposition code"
	}
	if order.pauseAfter {
		if order.pauseReason == "" {
			return "Provide pause reason."
		}
		if !slices.Contains(s.account.PauseReasons, order.pauseReason) {
			return "pauseReason is Invalid"
		}
	}
	if callBackTime == "" {
		if s.account.Dispositions[known].Callback {
			return "Please provide callBackTime"
		}
		return ""
	}
	if _, err := time.Parse(layout, callBackTime); err != nil {
		return "Invalid callBackTime format"
	}
	return ""
}

// applyDisposition writes the label and, when the agent still wraps up this call, releases or pauses him as ordered.
func (s *Server) applyDisposition(c *call, order dispositionOrder) {
	c.disposition, c.comments, c.autoDisposed = order.label, order.comments, false
	a := c.agent
	if a == nil || a.state != ACW || a.call != c {
		return
	}
	switch {
	case order.pauseAfter:
		a.pauseReason = order.pauseReason
		s.mustMove(a, Paused)
	case order.autoRelease:
		s.mustMove(a, Ready)
	}
}

func dispositionFail(details string) reply {
	return jsonReply(answer{Status: "Fail", Details: details})
}

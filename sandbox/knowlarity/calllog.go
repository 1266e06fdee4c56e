package knowlarity

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"time"
)

const (
	logTime  = "2006-01-02 15:04:05-07:00"
	pageSize = 50
)

// india is the account's zone, without the zone data that a slim system lacks.
var india = time.FixedZone("IST", 5*3600+1800)

// callLog answers GET calllog: ended calls that began in a time range, newest first (knowlarity.md 3).
func (s *Server) callLog(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	from, fromErr := time.Parse(logTime, query.Get("start_time"))
	to, toErr := time.Parse(logTime, query.Get("end_time"))
	if fromErr != nil || toErr != nil {
		answer(w, http.StatusBadRequest, object{"message": "start_time and end_time are required"})
		return
	}
	records := []object{}
	for _, v := range slices.Backward(s.Calls()) {
		if v.State != Ended || v.PlacedAt.Before(from) || v.PlacedAt.After(to) ||
			!is(query.Get("customer_number"), v.Customer) || !is(query.Get("knowlarity_number"), v.Number) {
			continue
		}
		records = append(records, object{
			"uuid": v.ID, "customer_number": v.Customer, "agent_number": v.agentNumber(), "destination": v.Number, "knowlarity_number": v.Number,
			"start_time": v.PlacedAt.In(india).Format(logTime), "call_duration": v.seconds(), "extension": "None",
			"business_call_type": v.businessType(), "call_recording": "",
		})
	}
	list(w, r, records)
}

func is(wanted, have string) bool { return wanted == "" || wanted == have }

// list answers one page in the envelope of all lists.
func list(w http.ResponseWriter, r *http.Request, all []object) {
	limit, limitErr := strconv.Atoi(cmp.Or(r.URL.Query().Get("limit"), strconv.Itoa(pageSize)))
	offset, offsetErr := strconv.Atoi(cmp.Or(r.URL.Query().Get("offset"), "0"))
	if limitErr != nil || offsetErr != nil || limit < 1 || offset < 0 {
		answer(w, http.StatusBadRequest, object{"message": "limit and offset must be numbers"})
		return
	}
	start := min(offset, len(all))
	end := min(start+min(limit, pageSize), len(all))
	next := ""
	if end < len(all) {
		next = "?offset=" + strconv.Itoa(end)
	}
	answer(w, http.StatusOK, object{
		"meta":    object{"limit": limit, "offset": offset, "next": next, "previous": "", "total_count": len(all)},
		"objects": all[start:end],
	})
}

// seconds is how long they talked.
func (v View) seconds() int {
	if v.AnsweredAt.IsZero() {
		return 0
	}
	return int(v.EndedAt.Sub(v.AnsweredAt) / time.Second)
}

func (v View) businessType() string {
	if v.AnsweredAt.IsZero() {
		return "Unanswered"
	}
	return "Outbound"
}

// agentNumber carries a status word before the number when the call was missed.
func (v View) agentNumber() string {
	if v.AnsweredAt.IsZero() {
		return "Call Missed#" + v.Number
	}
	return v.Number
}

package ozonetel

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The three CDR reports (ozonetel.md 9) are GETs with a JSON body and share one limit.
//
// Not documented and chosen here: dates of two days and dates in the wrong order are refused; a missing ucid is refused; pageSize above
// 500 is refused rather than cut, so that a client that counts pages by a larger size is found out; calls are listed by UCID.

// maxPageSize is the largest page (ozonetel.md 9).
const maxPageSize = 500

// cdrAnswer is the success of all three; totalCount comes with the paged one only.
type cdrAnswer struct {
	Status  string      `json:"status"`
	Message string      `json:"message"`
	Total   *int        `json:"totalCount,omitempty"`
	Details []cdrRecord `json:"details"`
}

// fetchCDRDetails answers GET /ca_reports/fetchCDRDetails: the calls of one day, or of a part of it.
func (s *Server) fetchCDRDetails(r *request) reply {
	_, calls, refused := s.selectCalls(r)
	if refused != nil {
		return *refused
	}
	return jsonReply(cdrAnswer{Status: "success", Message: "success", Details: s.cdrRecords(calls)})
}

// fetchCDRByPagination answers GET /ca_reports/fetchCdrByPagination; the page is asked for in the query.
func (s *Server) fetchCDRByPagination(r *request) reply {
	number, numberOK := pageNumber(r.http.URL.Query().Get("pageNo"), 1)
	size, sizeOK := pageNumber(r.http.URL.Query().Get("pageSize"), 100)
	_, calls, refused := s.selectCalls(r)
	switch {
	case refused != nil:
		return *refused
	case !numberOK || !sizeOK || size > maxPageSize:
		return statusReply("fail", "Invalid pageNo or pageSize")
	}
	total := len(calls)
	from := min((number-1)*size, total)
	page := calls[from:min(from+size, total)]
	return jsonReply(cdrAnswer{Status: "success", Message: "success", Total: &total, Details: s.cdrRecords(page)})
}

func pageNumber(text string, otherwise int) (int, bool) {
	if text == "" {
		return otherwise, true
	}
	n, err := strconv.ParseInt(text, 10, 32)
	return int(n), err == nil && n > 0
}

// fetchCDRByUCID answers GET /ca_reports/fetchCdrByUCID.
func (s *Server) fetchCDRByUCID(r *request) reply {
	body, calls, refused := s.selectCalls(r)
	switch {
	case refused != nil:
		return *refused
	case body.text("ucid") == "":
		return statusReply("fail", "Missing ucid")
	}
	return jsonReply(cdrAnswer{Status: "success", Message: "success", Details: s.cdrRecords(calls)})
}

// selectCalls reads and checks a request and finds the calls it asks for.
func (s *Server) selectCalls(r *request) (fields, []*call, *reply) {
	missing, invalid := ptr(statusReply("false", "Missing userName or apiKey")), ptr(statusReply("false", "userName or apiKey is Invalid"))
	unauthorised := *missing
	unauthorised.code = http.StatusUnauthorized
	body, refused := s.accept(r, authTexts{
		keyEmpty: missing, keyWrong: invalid, userEmpty: missing, userWrong: invalid, tokenSent: &unauthorised,
	})
	if refused == nil {
		refused = s.overLimit(cdrFamily)
	}
	if refused != nil {
		return nil, nil, refused
	}
	from, to, problem := s.cdrPeriod(body.text("fromDate"), body.text("toDate"))
	if campaign := body.text("campaignName"); problem == "" && campaign != "" && campaign != s.account.Campaign.Name {
		problem = "Invalid campaignName"
	}
	if problem != "" {
		return nil, nil, ptr(statusReply("fail", problem))
	}
	return body, s.callsBetween(from, to, func(c *call) bool { return c.isAskedFor(body) }), nil
}

// cdrPeriod reads the two dates; the text says what is wrong with them.
func (s *Server) cdrPeriod(fromText, toText string) (from, to time.Time, problem string) {
	if fromText == "" || toText == "" {
		return from, to, "Missing fromDate and toDate"
	}
	const format = " format. Please pass the date in the format yyyy-MM-dd HH:mm:ss"
	from, err := time.ParseInLocation(time.DateTime, fromText, ist)
	if err != nil {
		return from, to, "Invalid fromDate" + format
	}
	if to, err = time.ParseInLocation(time.DateTime, toText, ist); err != nil {
		return from, to, "Invalid toDate" + format
	}
	switch now := s.line.Now(); {
	case from.After(now) || to.After(now):
		return from, to, "fromDate and toDate should not be future dates"
	case from.After(to):
		return from, to, "fromDate should not be greater than toDate"
	case from.Format(time.DateOnly) != to.Format(time.DateOnly):
		return from, to, "fromDate and toDate should be of the same day"
	}
	return from, to, ""
}

// isAskedFor applies the filters of a body; mind that the filter says NotAnswered where records say Unanswered.
func (c *call) isAskedFor(body fields) bool {
	status := "NotAnswered"
	if c.wasAnswered() {
		status = "Answered"
	}
	for name, value := range map[string]string{"ucid": c.ucid, "monitorUCID": c.ucid, "callType": c.cdrType(), "status": status} {
		if want := body.text(name); want != "" && !strings.EqualFold(want, value) {
			return false
		}
	}
	return true
}

// callsBetween are the ended calls that began in a period and are wanted, by UCID.
func (s *Server) callsBetween(from, to time.Time, wanted func(*call) bool) []*call {
	s.forgetHistory()
	var found []*call
	for _, c := range s.history {
		began := c.started.Truncate(time.Second) // as the wire has it
		if !began.Before(from) && !began.After(to) && wanted(c) {
			found = append(found, c)
		}
	}
	slices.SortFunc(found, func(a, b *call) int { return strings.Compare(a.ucid, b.ucid) })
	return found
}

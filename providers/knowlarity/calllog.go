package knowlarity

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers"
)

// Bounds of one reading of the call log.
const (
	logPage     = 50
	maxLogPages = 40
	logLayout   = "2006-01-02 15:04:05-07:00"
)

// CallLog gives the calls that began between two times, of one customer or of all (3). All of them are over. The log
// names no id of ours: who knows the provider's id or the number finds his call.
//
// Errors: BAD_USER_INPUT for a period that ends before it begins, LIMIT_EXCEEDED for one with more than 2,000 calls.
func (c *Client) CallLog(ctx context.Context, from, to time.Time, customer helix.Phone) ([]helix.DialReport, error) {
	if err := c.configured(); err != nil {
		return nil, err
	}
	if !from.Before(to) {
		return nil, helix.BadInput("the period ends before it begins")
	}
	var reports []helix.DialReport
	for offset, page := 0, 0; page < maxLogPages; page++ {
		rows, more, err := c.logPage(ctx, from, to, customer, offset)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			r := newRecord(row).report()
			if !r.Finished {
				r.Finished, r.Status = true, helix.DialUnclear // only calls that are over are in the log
			}
			if customer == "" || r.Customer.Last10() == customer.Last10() {
				reports = append(reports, r)
			}
		}
		if !more {
			return reports, nil
		}
		offset += len(rows)
	}
	return nil, &helix.Error{
		Code: helix.CodeLimitExceeded, Provider: helix.ProviderKnowlarity, Op: opCallLog,
		Message: "the period holds too many calls: ask for a shorter one",
	}
}

const opCallLog = "knowlarity.call_log"

// logPage reads one page; more reports whether another follows.
func (c *Client) logPage(ctx context.Context, from, to time.Time, customer helix.Phone, offset int) (rows []map[string]any, more bool, err error) {
	query := url.Values{
		"start_time": {from.In(india).Format(logLayout)}, "end_time": {to.In(india).Format(logLayout)},
		"limit": {strconv.Itoa(logPage)}, "offset": {strconv.Itoa(offset)},
	}
	if customer != "" {
		query.Set("customer_number", string(customer))
	}
	op := providers.Operation{Name: opCallLog, Family: "calllog", Safety: providers.Safe}
	err = c.http.Do(ctx, op, providers.Request{
		Method: http.MethodGet, Header: c.header(),
		URL: c.root + "account/calllog?" + strings.ReplaceAll(query.Encode(), "+", "%20"),
	}, func(r providers.Response) error {
		doc, readable := object(r.Body)
		switch {
		case !r.OK():
			return c.refused(op, r, words(doc))
		case has(doc, "error"):
			return refusal(words(doc))
		case !readable:
			return errors.New("the call log is no JSON object")
		}
		items, ok := doc["objects"].([]any)
		if !ok {
			return errors.New("the call log holds no list")
		}
		rows = rows[:0] // of an attempt before
		for _, item := range items {
			if row, ok := item.(map[string]any); ok {
				rows = append(rows, row)
			}
		}
		more = len(rows) > 0 && follows(doc, offset+len(items))
		return nil
	})
	return rows, more, err
}

// follows reports whether the list goes on behind so many rows. The envelope's numbers may be strings (3).
func follows(doc map[string]any, seen int) bool {
	meta, _ := doc["meta"].(map[string]any)
	if total, err := strconv.Atoi(scalar(meta["total_count"])); err == nil {
		return seen < total
	}
	return !blank(scalar(meta["next"]))
}

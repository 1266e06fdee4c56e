package ozonetel

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"strconv"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers"
)

const (
	recordDays     = 15                // how many days back the account tells of its calls (9)
	recordsTimeout = 120 * time.Second // of one request, its turn included; callers may leave earlier
	pageSize       = 500               // the most that the account gives in one page
	maxPages       = 40                // of one day
	maxDayAnswer   = 32 << 20          // bytes; some 25,000 calls. One large answer is better than many of the few questions
)

// DayRecords are the calls of one day. They are shared: callers must not change them.
type DayRecords struct {
	Records []CallRecord // in the order in which they began
	AsOf    time.Time    // when the account was asked
}

// CallRecords tells of all calls of a day (9): the calendar day that day shows in its own zone, which is taken for a
// day of the account's. Records of calls that are up are missing, those of the last two days may still change.
//
// The account answers two questions of this kind a minute, so answers are kept: two minutes for today, half an hour for
// the two days before, a day for older ones. Callers who ask the same share one request, which is carried to its end
// for the next one to ask although all of them leave.
//
// Errors: BAD_USER_INPUT for a day that has not begun, or lies further back than the account tells of;
// TOO_MANY_REQUESTS with the time to wait when the request's turn comes after the caller's deadline.
func (c *Client) CallRecords(ctx context.Context, day time.Time) (DayRecords, error) {
	if err := c.configured(); err != nil {
		return DayRecords{}, err
	}
	day, fresh, err := c.recordDay(day)
	if err != nil {
		return DayRecords{}, err
	}
	answer, err := c.records.get(ctx, question{day: day}, fresh, func(ctx context.Context) ([]CallRecord, bool, error) {
		records, err := c.fetchRecords(ctx, "/ca_reports/fetchCDRDetails", day, nil, nil)
		if errors.Is(err, providers.ErrTooLarge) {
			records, err = c.fetchPages(ctx, day)
		}
		return records, true, err
	})
	return DayRecords{Records: answer.value, AsOf: answer.asOf}, err
}

// CallRecord tells of one call of a day, by its id or that of a leg; of several records the last (9). NOT_FOUND when
// the account has none, or none yet. Otherwise it is as [Client.CallRecords], whose answer it uses when that is fresh.
func (c *Client) CallRecord(ctx context.Context, day time.Time, providerCallID string) (CallRecord, error) {
	if err := c.configured(); err != nil {
		return CallRecord{}, err
	}
	day, fresh, err := c.recordDay(day)
	if err != nil {
		return CallRecord{}, err
	}
	if providerCallID == "" {
		return CallRecord{}, helix.NotFound("call")
	}
	if all, ok := c.records.peek(question{day: day}, fresh); ok {
		if r, found := find(all.value, providerCallID); found {
			return r, nil
		}
	}
	answer, err := c.records.get(ctx, question{day, providerCallID}, fresh, func(ctx context.Context) ([]CallRecord, bool, error) {
		records, err := c.fetchRecords(ctx, "/ca_reports/fetchCdrByUCID", day, map[string]any{"ucid": providerCallID}, nil)
		return records, len(records) > 0, err // a call without a record may have one soon
	})
	if err != nil {
		return CallRecord{}, err
	}
	r, found := find(answer.value, providerCallID)
	if !found {
		return CallRecord{}, helix.NotFound("call")
	}
	return r, nil
}

func find(records []CallRecord, id string) (last CallRecord, found bool) {
	for _, r := range records {
		if r.ID == id || r.Report.ProviderCallID == id || r.Report.LegID == id {
			last, found = r, true
		}
	}
	return last, found
}

// recordDay gives the first moment of a day that the account tells of, and for how long its records are fresh.
func (c *Client) recordDay(day time.Time) (start time.Time, fresh time.Duration, err error) {
	if start, fresh, err = c.reportDay(day); err == nil && start.Before(c.daysAgo(recordDays)) {
		err = helix.BadInput("the records of calls reach back " + strconv.Itoa(recordDays) + " days")
	}
	return start, fresh, err
}

// fetchPages reads a day that is too large for one answer. Rows may move to the next page while we read; their
// repetitions are dropped.
func (c *Client) fetchPages(ctx context.Context, day time.Time) ([]CallRecord, error) {
	var all []CallRecord
	for page := 1; page <= maxPages; page++ {
		rows := 0
		path := "/ca_reports/fetchCdrByPagination?pageNo=" + strconv.Itoa(page) + "&pageSize=" + strconv.Itoa(pageSize)
		records, err := c.fetchRecords(ctx, path, day, nil, &rows)
		if err != nil {
			return nil, err
		}
		all = append(all, records...)
		if rows < pageSize {
			return inOrder(all), nil
		}
	}
	return nil, &helix.Error{
		Code: helix.CodeLimitExceeded, Provider: helix.ProviderOzonetel, Op: opRecords,
		Message: "the day has more calls than can be read",
	}
}

const opRecords = "ozonetel.call_records"

// fetchRecords asks one of the endpoints of 9, each a real GET with a JSON body, for what it has of a day. rows, unless
// nil, is set to how many rows the answer had, readable or not.
func (c *Client) fetchRecords(ctx context.Context, path string, day time.Time, filters map[string]any, rows *int) ([]CallRecord, error) {
	from, to := c.period(day)
	fields := map[string]any{"fromDate": from, "toDate": to}
	maps.Copy(fields, filters)
	var records []CallRecord
	err := c.send(ctx, command{
		op: providers.Operation{
			Name: opRecords, Family: familyCDR, Safety: providers.Safe, Timeout: recordsTimeout, MaxResponse: maxDayAnswer,
		},
		method: http.MethodGet, path: path, fields: fields,
		expect: expectation{accept: noData, read: func(a answer) error {
			var found []recordRow
			if err := a.rows(&found); err != nil {
				return err
			}
			if rows != nil {
				*rows = len(found)
			}
			records = c.readRecords(found, day)
			return nil
		}},
	})
	return records, err
}

package faults_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/helix-engage/gateway/sandbox/faults"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestFaultsAreTakenInTheOrderArmedAndAsOftenAsArmed(t *testing.T) {
	t.Parallel()
	var book faults.Book[string]
	book.Arm("a1", 2)
	book.Arm("b", 0)
	book.Arm("a2", 1)
	var got []string
	for range 4 {
		if fault := book.Take(func(f string) bool { return strings.HasPrefix(f, "a") }); fault != nil {
			got = append(got, *fault)
		} else {
			got = append(got, "none")
		}
	}
	if diff := cmp.Diff([]string{"a1", "a1", "a2", "none"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	book.Clear()
	if fault := book.Take(func(string) bool { return true }); fault != nil {
		t.Errorf("%s is left after clearing", *fault)
	}
}

func TestABookIsBounded(t *testing.T) {
	t.Parallel()
	var book faults.Book[int]
	for i := range 100 {
		if !book.Arm(i, 1) {
			t.Fatalf("full at %d", i)
		}
	}
	if book.Arm(100, 1) {
		t.Error("the 101st was armed")
	}
}

func TestWhatMakesNoSenseIsNamed(t *testing.T) {
	t.Parallel()
	type kind string
	tests := []struct {
		kind          kind
		status, count int
		delay         time.Duration
		want          string
	}{
		{"hang", 0, 0, 0, ""},
		{"hang", 503, 2, time.Second, ""},
		{"x", 0, 0, 0, `unknown fault kind "x"`},
		{"hang", 100, 0, 0, "100 is no final HTTP status"},
		{"hang", 600, 0, 0, "600 is no final HTTP status"},
		{"hang", 0, -1, 0, "count and delay cannot be negative"},
		{"hang", 0, 0, -1, "count and delay cannot be negative"},
	}
	for _, test := range tests {
		got := ""
		if err := faults.Check(test.kind, []kind{"hang", "reset"}, test.status, test.count, test.delay); err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("%+v: %q", test, got)
		}
	}
}

func TestTheLogKeepsTheLatestAndCountsAll(t *testing.T) {
	t.Parallel()
	var log faults.Log[int]
	for i := range 1_500 {
		log.Add(i, "all", fmt.Sprint("name", i))
	}
	latest := log.Latest()
	if len(latest) != 1_000 || latest[0] != 500 || latest[999] != 1_499 {
		t.Errorf("%d records, %d to %d", len(latest), latest[0], latest[len(latest)-1])
	}
	if log.Count("all") != 1_500 || log.Count("name3") != 1 || log.Count("never") != 0 {
		t.Errorf("all %d, name3 %d, never %d", log.Count("all"), log.Count("name3"), log.Count("never"))
	}
	if counts := log.Counts(); len(counts) != 1_001 || counts["…"] != 501 {
		t.Errorf("%d names, %d further", len(counts), counts["…"])
	}
}

func TestWaitingEndsWithTheTimeTheClientOrTheServer(t *testing.T) {
	t.Parallel()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	stopped := make(chan struct{})
	close(stopped)
	if !faults.Wait(gone, stopped, 0) || !faults.Wait(t.Context(), nil, time.Microsecond) {
		t.Error("the time did not pass")
	}
	if faults.Wait(gone, nil, time.Hour) || faults.Wait(t.Context(), stopped, time.Hour) {
		t.Error("an hour passed")
	}
	faults.Hang(gone, nil)
	faults.Hang(t.Context(), stopped)
}

func TestAResetIsSeenAsOne(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { faults.Reset(w) }))
	t.Cleanup(server.Close)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	response, err := server.Client().Do(request)
	if err == nil {
		response.Body.Close()
	}
	if !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, io.EOF) {
		t.Errorf("got %v", err)
	}
}

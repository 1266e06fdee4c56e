package load

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A copy of the recorded call differs from it in what tells calls apart, and in nothing else that a decoder reads.
func TestEachPushIsTheEmulatorsWithIdsOfItsOwn(t *testing.T) {
	t.Parallel()
	s, err := recordStory(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for step, action := range []string{stepOffered: "Calling", stepAnswered: "Answered", stepEnded: "Disconnect"} {
		var first, later struct {
			Data struct {
				Action, UCID string
				CallerID     string `json:"caller_id"`
				AgentID      string `json:"agent_id"`
				EventTime    string `json:"event_time"`
			}
		}
		decode(t, s.push(0, step, 1).body, &first)
		decode(t, s.push(207, step, 1).body, &later)
		if d := later.Data; d.Action != action || d.UCID != "30000000000000207" || d.CallerID != "9800000207" || d.AgentID != "load007" {
			t.Errorf("step %d: %+v", step, d)
		}
		if later.Data.EventTime <= first.Data.EventTime {
			t.Errorf("step %d: the later call was at %s, the first at %s", step, later.Data.EventTime, first.Data.EventTime)
		}
	}
	form, err := url.ParseQuery(string(s.push(207, stepRecord, 1).body))
	if err != nil {
		t.Fatal(err)
	}
	var record struct{ MonitorUCID, CallerID, AgentID, Status string }
	decode(t, []byte(form.Get("data")), &record)
	if record.MonitorUCID != "30000000000000207" || !strings.HasSuffix(record.CallerID, "9800000207") || record.AgentID != "load007" || record.Status != "Answered" {
		t.Errorf("record: %+v", record)
	}
}

func decode(t *testing.T, body []byte, to any) {
	t.Helper()
	if err := json.Unmarshal(body, to); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
}

func TestPushesOfACallComeInOrderAWindowApartAndEachOnce(t *testing.T) {
	t.Parallel()
	const window, calls = 3, 9
	var next [calls]int
	for i := range calls * stepsOfCall {
		call, step := place(i, window)
		if call >= calls || next[call] != step {
			t.Fatalf("push %d is step %d of call %d, which is at %d", i, step, call, next[min(call, calls-1)])
		}
		next[call]++
		if call/window != i/(window*stepsOfCall) {
			t.Fatalf("push %d belongs to call %d of another window", i, call)
		}
	}
}

// failEvery answers 503 to each n-th push and hangs up on none.
func failEvery(t *testing.T, n int) (*httptest.Server, func() int) {
	t.Helper()
	var mu sync.Mutex
	seen := map[string]bool{}
	count := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		seen[string(body)] = true
		if count++; count%n == 0 {
			http.Error(w, "come again", http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(s.Close)
	return s, func() int {
		mu.Lock()
		defer mu.Unlock()
		return len(seen)
	}
}

func TestWhatIsNotAnswered2xxIsCountedAsFailed(t *testing.T) {
	t.Parallel()
	recorded, err := recordStory(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	server, different := failEvery(t, 5)
	p := newPusher(recorded, Targets{Events: server.URL, CDR: server.URL}, 4, pushWindow)
	defer p.close()
	for phase, rate := range []float64{0, 1000} {
		got := p.run(t.Context(), 100, rate, nil)
		if got.Sent != 100 || got.Failed != 20 || got.Answered != 80 || got.Answer.Count != 80 {
			t.Errorf("phase %d: %+v", phase, got)
		}
	}
	if got := different(); got != 200 {
		t.Errorf("%d different pushes in two phases, want 200", got)
	}
}

// An answer that is late because the one before was counts from when its push was due.
func TestAStallIsChargedToEveryPushThatItHoldsUp(t *testing.T) {
	t.Parallel()
	recorded, err := recordStory(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const stall = 300 * time.Millisecond
	var once sync.Once
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		once.Do(func() { <-time.After(stall) })
	}))
	defer server.Close()
	p := newPusher(recorded, Targets{Events: server.URL, CDR: server.URL}, 1, pushWindow)
	defer p.close()
	got := p.run(t.Context(), 10, 1000, nil)
	if got.Answered != 10 || time.Duration(got.Answer.P50) < stall/2 {
		t.Errorf("ten pushes of which the first took %s: %+v", stall, got)
	}
}

func TestARunEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	turns := 0
	pace(ctx, 10, 1, func(int, time.Time) { turns++ })
	if turns > 0 {
		t.Errorf("%d turns after the end", turns)
	}
}

func TestTheDiskIsMeasuredUntilTold(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if d, err := measureFsync(afterSome{t.Context(), new(atomic.Int32)}, dir, 0); err != nil || d.Count != 3 {
		t.Errorf("%+v, %v", d, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := measureFsync(ctx, dir+"/missing", 0); err == nil {
		t.Error("a directory that is not there was measured")
	}
}

// afterSome is a context that has ended when it is asked for the fourth time.
type afterSome struct {
	context.Context
	asked *atomic.Int32
}

func (c afterSome) Err() error {
	if c.asked.Add(1) > 3 {
		return context.Canceled
	}
	return c.Context.Err()
}

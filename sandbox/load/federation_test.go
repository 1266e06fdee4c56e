package load

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// crm answers every question with a number that rises only with its version, and counts the questions.
type crm struct {
	*httptest.Server

	version atomic.Int64
	asked   atomic.Int64
}

func startCRM(t *testing.T) *crm {
	t.Helper()
	c := &crm{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.asked.Add(1)
		body, _ := io.ReadAll(r.Body)
		if strings.Contains(string(body), "broken") {
			_, _ = io.WriteString(w, `{"data":null,"errors":[{"message":"broken"}]}`)
			return
		}
		answer := `{"data":{"version":` + strconv.FormatInt(c.version.Load(), 10) + `}}`
		if strings.Contains(string(body), "constant") {
			answer = `{"data":{"constant":true}}`
		}
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(c.Close)
	return c
}

// behindFront gives a front with a function that asks through it under a token.
func behindFront(t *testing.T, c *crm) (front *Front, ask func(token, query string) string) {
	t.Helper()
	front, err := StartFront(t.Context(), c.URL)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		if err := front.Close(); err != nil {
			t.Error(err)
		}
	})
	return front, func(token, query string) string {
		t.Helper()
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, front.URL+"/graphql", strings.NewReader(`{"query":"`+query+`"}`))
		req.Header.Set("Authorization", "Bearer "+token)
		res, err := transport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		answer, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		return string(answer)
	}
}

func TestAFrontAsksEachQuestionOnceForEachTokenAndMutationsAlways(t *testing.T) {
	t.Parallel()
	c := startCRM(t)
	front, ask := behindFront(t, c)
	for _, step := range []struct {
		token, query string
		reaches      int64 // how many requests have reached the CRM then
	}{
		{"ours", "{ version }", 1},
		{"ours", "{ version }", 1},
		{"theirs", "{ version }", 2},
		{"ours", "{ constant }", 3},
		{"ours", "mutation { version }", 4},
		{"ours", "mutation { version }", 5},
		{"ours", "{ broken }", 7}, // to learn it, and to pass on what was not good enough to be kept
		{"ours", "{ broken }", 9},
	} {
		answer := ask(step.token, step.query)
		if c.asked.Load() != step.reaches || strings.Contains(answer, "errors") != strings.Contains(step.query, "broken") {
			t.Errorf("%s as %s: %d requests so far, not %d: %s", step.query, step.token, c.asked.Load(), step.reaches, answer)
		}
	}
	if body := front.asked("ours", "version"); body != `{"query":"{ version }"}` || front.times(body) != 3 {
		t.Errorf("%q was asked %d times", body, front.times(body))
	}
	if body := front.asked("nobody", "version"); body != "" {
		t.Errorf("asked by nobody: %q", body)
	}
}

func TestAFrontTellsWhatIsNewAllAtOnceAndWhenItIsNoticed(t *testing.T) {
	t.Parallel()
	c := startCRM(t)
	front, ask := behindFront(t, c)
	old := ask("ours", "{ version }")
	ask("ours", "{ constant }")
	c.version.Add(1)
	publish, err := front.renew(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := ask("ours", "{ version }"); got != old {
		t.Errorf("told before it was published: %s", got)
	}
	noticed := publish()
	ask("ours", "{ constant }")
	select {
	case <-noticed:
		t.Error("an answer that is the same was taken for a new one")
	default:
	}
	if got := ask("ours", "{ version }"); got == old {
		t.Errorf("not told: %s", got)
	}
	if err := awaitSignal(t.Context(), "noticing", noticed); err != nil {
		t.Error(err)
	}
}

func TestAClientOnAWireCountsOnlyAnswersLikeTheFirstAndConnectsAnewAfterOthers(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	enough := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		switch asked.Add(1) {
		case 3:
			w.WriteHeader(http.StatusServiceUnavailable)
		case 5:
			_, _ = io.WriteString(w, `{"longer":true}`)
		case 6:
			panic(http.ErrAbortHandler)
		case 8:
			close(enough)
			fallthrough
		default:
			_, _ = io.WriteString(w, "{}")
		}
	}))
	defer s.Close()
	c, err := gather(t.Context(), s.URL+"/graphql", []string{"ours"}, []byte(`{}`), false)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	took, failed := c.press(until(t, enough), time.Minute)
	if len(failed) != 3 || len(took) != int(asked.Load())-4 { // the first was asked before
		t.Errorf("%d answers of %d, and failures %v", len(took), asked.Load(), failed)
	}
}

func TestAFailedRequestOnALossyWireIsNotedAndAskedAgainAndOnAnotherWireEndsTheMeasurement(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		switch asked.Add(1) {
		case 1, 4:
			panic(http.ErrAbortHandler)
		case 5:
			w.WriteHeader(http.StatusBadGateway)
		default:
			_, _ = io.WriteString(w, "{}")
		}
	}))
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	defer s.Close()
	c, err := gather(t.Context(), s.URL+"/graphql", []string{"ours"}, []byte(`{}`), true)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	for range 2 {
		if _, err := c[0].answered(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if len(c[0].lost) != 3 || asked.Load() != 6 {
		t.Errorf("%d questions, of which were lost %v", asked.Load(), c[0].lost)
	}
	asked.Store(0)
	if strict, err := gather(t.Context(), s.URL+"/graphql", []string{"ours"}, []byte(`{}`), false); err == nil {
		strict.close()
		t.Error("the first answer was lost, and it went on")
	}
}

func TestALossyWireLosesOnlySoMany(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		asked.Add(1)
		w.WriteHeader(http.StatusBadGateway)
	}))
	defer s.Close()
	_, err := gather(t.Context(), s.URL+"/graphql", []string{"ours"}, []byte(`{}`), true)
	if err == nil || !strings.Contains(err.Error(), "502") || asked.Load() != maxLost+1 {
		t.Errorf("%v after %d questions", err, asked.Load())
	}
}

// until gives a context that ends when enough has happened.
func until(t *testing.T, enough <-chan struct{}) context.Context {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	go func() {
		<-enough
		stop()
	}()
	return ctx
}

func TestARateIsAskedForWhateverTheAnswersTake(t *testing.T) {
	t.Parallel()
	enough := make(chan struct{})
	var asked atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if asked.Add(1) == 20 {
			close(enough)
		}
		_, _ = io.WriteString(w, "{}")
	}))
	defer s.Close()
	c, err := gather(t.Context(), s.URL+"/graphql", []string{"a", "b"}, []byte(`{}`), false)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	answers, failed := c.stream(until(t, enough), 1000)
	if int64(len(answers)) != asked.Load()-2 || failed > 0 {
		t.Errorf("%d of %d answers, %d failures", len(answers), asked.Load()-2, failed)
	}
	slices.SortFunc(answers, func(a, b timed) int { return a.due.Compare(b.due) })
	whole := within(answers, []stretch{{answers[0].due, answers[len(answers)-1].due}})
	if whole.Count != len(answers)-1 { // what is due at the end of a stretch is not in it
		t.Errorf("%d answers in the stretch of %d", whole.Count, len(answers))
	}
}

func TestTimeInWhichRequestsOverlapIsCountedOnce(t *testing.T) {
	t.Parallel()
	at := func(ms int) time.Time { return time.UnixMilli(int64(ms)) }
	for name, c := range map[string]struct {
		all  []passage
		want time.Duration
	}{
		"none":                {nil, 0},
		"one after another":   {[]passage{{began: at(5), ended: at(7)}, {began: at(0), ended: at(3)}}, 5 * time.Millisecond},
		"at the same time":    {[]passage{{began: at(0), ended: at(3)}, {began: at(2), ended: at(4)}}, 4 * time.Millisecond},
		"one inside another":  {[]passage{{began: at(0), ended: at(9)}, {began: at(2), ended: at(4)}}, 9 * time.Millisecond},
		"one behind its like": {[]passage{{began: at(0), ended: at(2)}, {began: at(2), ended: at(4)}}, 4 * time.Millisecond},
	} {
		if got := busy(c.all); got != c.want {
			t.Errorf("%s: %s, not %s", name, got, c.want)
		}
	}
}

func TestTheRootFieldOfARequestIsRead(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"query":"query($first:Int){leads(first:$first){edges{cursor}}}"}`: "leads",
		`{"query":"{\n  viewer { id }\n}"}`:                                 "viewer",
		`{"query":"fragment"}`:                                              "",
		`nothing`:                                                           "",
	} {
		if got := rootField([]byte(body)); got != want {
			t.Errorf("%s: %q", body, got)
		}
	}
}

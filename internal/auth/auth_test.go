package auth_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"go.uber.org/goleak"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/auth"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var start = time.Date(2026, 1, 14, 10, 0, 0, 0, time.UTC)

// crm answers who somebody is, and counts how often it was asked.
type crm struct {
	user      helix.User
	workspace string
	err       error
	asked     atomic.Int32
	hold      chan struct{} // when set, answers wait until it is closed
}

func (c *crm) WhoAmI(context.Context, string) (helix.User, string, error) {
	c.asked.Add(1)
	if c.hold != nil {
		<-c.hold
	}
	return c.user, c.workspace, c.err
}

func (c *crm) Workspace(context.Context) (string, error) { return "ours", nil }

type seats map[string]*helix.AgentSeat

func (s seats) Seat(email string) *helix.AgentSeat { return s[email] }

// clock is a time that tests move.
type clock struct{ at atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.at.Store(start.UnixNano())
	return c
}
func (c *clock) now() time.Time          { return time.Unix(0, c.at.Load()).UTC() }
func (c *clock) advance(d time.Duration) { c.at.Add(int64(d)) }

func asha() *crm {
	return &crm{workspace: "ours", user: helix.User{ID: "u1", Member: "m1", Email: "asha@sandbox.test", Roles: []string{"Agent"}}}
}

func authenticator(c *crm, now func() time.Time) *auth.Authenticator {
	return auth.New(auth.Options{
		Identities: c, Now: now, SupervisorRoles: []string{"Supervisor "},
		Directory: seats{"asha@sandbox.test": {Agent: "agent1"}},
	})
}

func token(t *testing.T, expires time.Time) string {
	t.Helper()
	s, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"sub": "u1", "exp": expires.Unix()}).SignedString([]byte("k"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestTheAnswerForATokenIsAskedForOnceAMinute(t *testing.T) {
	t.Parallel()
	c, clk := asha(), newClock()
	a := authenticator(c, clk.now)
	tok := token(t, start.Add(time.Hour))
	for range 3 {
		caller, err := a.Authenticate(t.Context(), tok)
		if err != nil || caller.Seat.Agent != "agent1" || caller.Supervisor {
			t.Fatalf("got %+v, %v", caller, err)
		}
	}
	if n := c.asked.Load(); n != 1 {
		t.Fatalf("asked %d times", n)
	}
	clk.advance(time.Minute)
	if _, err := a.Authenticate(t.Context(), tok); err != nil || c.asked.Load() != 2 {
		t.Fatalf("asked %d times, %v", c.asked.Load(), err)
	}
}

func TestWhoAsksForARecentAnswerGetsNoOlderOne(t *testing.T) {
	t.Parallel()
	c, clk := asha(), newClock()
	ctx := authenticator(c, clk.now).With(t.Context(), auth.NewCredentials("Bearer "+token(t, start.Add(time.Hour)), ""), "")
	ask := func(ctx context.Context, want int32) {
		t.Helper()
		if _, err := auth.Caller(ctx); err != nil || c.asked.Load() != want {
			t.Fatalf("asked %d times and not %d, %v", c.asked.Load(), want, err)
		}
	}
	ask(ctx, 1)
	clk.advance(39 * time.Second)
	ask(auth.Recent(ctx, 40*time.Second), 1)
	clk.advance(time.Second)
	ask(auth.Recent(ctx, 40*time.Second), 2)
	ask(auth.Recent(ctx, 40*time.Second), 2)
	clk.advance(time.Minute)
	ask(auth.Recent(ctx, time.Hour), 3) // never older than is believed in general
}

func TestARefusalEndsWhatWasBelievedOfAToken(t *testing.T) {
	t.Parallel()
	for _, refused := range []helix.Code{helix.CodeUnauthenticated, helix.CodeForbidden, helix.CodeUnavailable} {
		c, clk := asha(), newClock()
		a := authenticator(c, clk.now)
		tok := token(t, start.Add(time.Hour))
		ctx := a.With(t.Context(), auth.NewCredentials("Bearer "+tok, ""), "")
		if _, err := auth.Caller(ctx); err != nil {
			t.Fatal(err)
		}
		clk.advance(5 * time.Second)
		c.err = &helix.Error{Code: refused, Message: "no"}
		if _, err := auth.Caller(auth.Recent(ctx, 5*time.Second)); !helix.IsCode(err, refused) {
			t.Fatalf("%s: %v", refused, err)
		}
		_, err := a.Authenticate(t.Context(), tok)
		if believed := err == nil; believed != (refused == helix.CodeUnavailable) {
			t.Errorf("after %s: %v", refused, err)
		}
	}
}

func TestAnAnswerIsNeverBelievedPastTheTokensEnd(t *testing.T) {
	t.Parallel()
	c, clk := asha(), newClock()
	a := authenticator(c, clk.now)
	tok := token(t, start.Add(10*time.Second))
	if _, err := a.Authenticate(t.Context(), tok); err != nil {
		t.Fatal(err)
	}
	clk.advance(10 * time.Second)
	if _, err := a.Authenticate(t.Context(), tok); !helix.IsCode(err, helix.CodeUnauthenticated) {
		t.Fatalf("got %v", err)
	}
}

func TestConcurrentFirstRequestsAskOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := asha()
		c.hold = make(chan struct{})
		a := authenticator(c, newClock().now)
		tok := token(t, start.Add(time.Hour))
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if _, err := a.Authenticate(t.Context(), tok); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait() // until all wait for the answer: one who comes just as it arrives may ask anew
		close(c.hold)
		wg.Wait()
		if n := c.asked.Load(); n != 1 {
			t.Fatalf("asked %d times", n)
		}
	})
}

func TestWhoIsRefusedAndHow(t *testing.T) {
	t.Parallel()
	foreign := asha()
	foreign.workspace = "another"
	agnostic := asha()
	agnostic.user.Member = ""
	down := asha()
	down.err = &helix.Error{Code: helix.CodeUnavailable, Message: "down", Retryable: true}
	good := token(t, start.Add(time.Hour))
	for _, c := range []struct {
		name  string
		crm   *crm
		token string
		want  helix.Code
		asked int32
	}{
		{"no token is refused without asking", asha(), "", helix.CodeUnauthenticated, 0},
		{"what is no token is refused without asking", asha(), "abc", helix.CodeUnauthenticated, 0},
		{"an expired token is refused without asking", asha(), token(t, start), helix.CodeUnauthenticated, 0},
		{"a token of another workspace of the same server is refused", foreign, good, helix.CodeForbidden, 1},
		{"a token of no workspace is refused", agnostic, good, helix.CodeForbidden, 1},
		{"a CRM that is down does not end the session", down, good, helix.CodeUnavailable, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := authenticator(c.crm, newClock().now).Authenticate(t.Context(), c.token)
			if !helix.IsCode(err, c.want) || c.crm.asked.Load() != c.asked {
				t.Fatalf("got %v, asked %d times", err, c.crm.asked.Load())
			}
		})
	}
}

func TestASupervisorIsToldByTheNameOfHisRole(t *testing.T) {
	t.Parallel()
	c := asha()
	c.user.Email, c.user.Roles = "meera@sandbox.test", []string{"Member", "supervisor"}
	caller, err := authenticator(c, newClock().now).Authenticate(t.Context(), token(t, start.Add(time.Hour)))
	if err != nil || !caller.Supervisor || caller.Seat != nil {
		t.Fatalf("got %+v, %v", caller, err)
	}
}

func TestARefusalIsNotRemembered(t *testing.T) {
	t.Parallel()
	c := asha()
	c.err = errors.New("boom")
	a := authenticator(c, newClock().now)
	tok := token(t, start.Add(time.Hour))
	if _, err := a.Authenticate(t.Context(), tok); err == nil {
		t.Fatal("no error")
	}
	c.err = nil
	if _, err := a.Authenticate(t.Context(), tok); err != nil {
		t.Fatal(err)
	}
}

func TestBearerToken(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, header, want string }{
		{"the scheme's case does not matter", "bEaReR abc", "abc"},
		{"another scheme is no token", "Basic abc", ""},
		{"nothing is no token", "", ""},
		{"a bare token is no token", "abc", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := auth.BearerToken(c.header); got != c.want {
				t.Fatalf("got %q", got)
			}
		})
	}
}

func TestForwardedAddressesAreBelievedOnlyFromProxiesThatAreKnown(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name      string
		proxies   int
		forwarded string
		want      string
	}{
		{"without proxies the peer counts", 0, "1.2.3.4", "192.0.2.1"},
		{"one proxy: the last entry", 1, "6.6.6.6, 1.2.3.4", "1.2.3.4"},
		{"two proxies: the last but one", 2, "6.6.6.6, 1.2.3.4, 10.0.0.1", "1.2.3.4"},
		{"garbage falls back to the peer", 1, "what", "192.0.2.1"},
		{"fewer entries than proxies fall back to the peer", 3, "1.2.3.4", "192.0.2.1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.RemoteAddr = "192.0.2.1:1234"
			r.Header.Set("X-Forwarded-For", c.forwarded)
			var got string
			authenticator(asha(), newClock().now).Middleware(c.proxies, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				got = auth.ClientIP(r.Context())
			})).ServeHTTP(httptest.NewRecorder(), r)
			if got != c.want {
				t.Fatalf("got %q", got)
			}
		})
	}
}

func TestAMemberWithoutADeskIsToldSo(t *testing.T) {
	t.Parallel()
	c := asha()
	c.user.Email = "nobody@sandbox.test"
	ctx := authenticator(c, newClock().now).With(t.Context(), auth.NewCredentials("Bearer "+token(t, start.Add(time.Hour)), ""), "")
	if _, _, err := auth.Seat(ctx); !helix.IsCode(err, helix.CodeNotAnAgent) {
		t.Fatalf("got %v", err)
	}
	if _, err := auth.Caller(t.Context()); !helix.IsCode(err, helix.CodeUnauthenticated) {
		t.Fatalf("got %v", err)
	}
}

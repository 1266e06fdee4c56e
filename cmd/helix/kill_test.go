package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/server"
	"github.com/helix-engage/gateway/sandbox"
)

// asHelix makes the test binary be the gateway, or what its arguments say: the only way to kill one without killing the test.
const asHelix = "HELIX_TEST_RUNS_COMMAND"

func TestMain(m *testing.M) {
	if command := os.Getenv(asHelix); command != "" {
		ctx, _ := server.UntilSignal(context.Background())
		args := os.Args[1:]
		if len(args) == 0 {
			args = []string{command}
		}
		os.Exit(run(ctx, args, os.Environ(), os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// Every push that was answered 200 is in the log after the process was killed at some instant and another took over.
func TestNoAcknowledgedPushIsLostByKill9(t *testing.T) {
	t.Parallel()
	log := slog.New(slog.DiscardHandler)
	box, err := sandbox.New(sandbox.Options{
		Seed: 1, Traffic: sandbox.TrafficOff, Logger: log,
	}.OnFreePorts())
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	emulators := make(chan error, 1)
	go func() { emulators <- box.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-emulators; err != nil {
			t.Error(err)
		}
	})
	environment := sandboxEnvironment(box, map[string]string{"DATA_DIR": t.TempDir(), "HOST": "127.0.0.1"})

	var acknowledged []string
	for round := range 3 {
		url, child := startChild(t, environment)
		acked := pushUntilKilled(t, url, child, round)
		if len(acked) == 0 {
			t.Fatalf("round %d: nothing was acknowledged before the kill", round)
		}
		acknowledged = append(acknowledged, acked...)
	}

	cfg, err := LoadConfig(environment)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Server.Port = 0
	g, err := NewGateway(ctx, cfg, nil, log)
	if err != nil {
		t.Fatal(err)
	}
	running := make(chan error, 1)
	gctx, halt := context.WithCancel(ctx)
	go func() { running <- g.Run(gctx) }()
	for _, ucid := range acknowledged {
		until(t, "call "+ucid, func() bool {
			call, err := g.calls.Get(ctx, helix.CallID(helix.NewID("OZONETEL", ucid)))
			return err == nil && call.Missed
		})
	}
	halt()
	if err := <-running; err != nil {
		t.Error(err)
	}
	if err := g.Close(); err != nil {
		t.Error(err)
	}
	t.Logf("%d acknowledged pushes survived 3 kills", len(acknowledged))
}

// A gateway that is told to stop drains and exits well.
func TestSIGTERMEndsTheProcessWell(t *testing.T) {
	t.Parallel()
	_, child := startChild(t, map[string]string{"HELIX_SECRET": sandboxSecret, "DATA_DIR": t.TempDir(), "HOST": "127.0.0.1"})
	if err := child.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := child.Wait(); err != nil {
		t.Fatal(err)
	}
}

// A second process on the directory of one that runs is refused with a sentence that says why.
func TestASecondProcessOnTheDirectoryIsRefused(t *testing.T) {
	t.Parallel()
	environment := map[string]string{"HELIX_SECRET": sandboxSecret, "DATA_DIR": t.TempDir(), "HOST": "127.0.0.1"}
	startChild(t, environment)
	var said strings.Builder
	second := run(t.Context(), []string{"serve"}, environ(environment, "PORT=0"), io.Discard, &said)
	if second != 1 || !strings.Contains(said.String(), "in use by another process") {
		t.Fatalf("exit code %d: %s", second, said.String())
	}
}

func environ(environment map[string]string, more ...string) []string {
	for name, value := range environment {
		more = append(more, name+"="+value)
	}
	return more
}

// startChild runs `helix serve` in a process of its own and waits until it is alive.
func startChild(t *testing.T, environment map[string]string) (url string, child *exec.Cmd) {
	t.Helper()
	return startChildOn(t, freePort(t), environment)
}

// freePort is one that nobody listens on.
func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	_ = listener.Close()
	return port
}

func startChildOn(t *testing.T, port string, environment map[string]string) (url string, child *exec.Cmd) {
	t.Helper()
	child = exec.Command(os.Args[0])
	child.Dir = t.TempDir() // no .env of ours
	child.Env = append(os.Environ(), environ(environment, asHelix+"=serve", "PORT="+port)...)
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = child.Process.Kill()
		_, _ = child.Process.Wait()
	})
	url = "http://127.0.0.1:" + port
	until(t, "the child's start", func() bool {
		res, err := http.Get(url + "/healthz")
		if err != nil {
			return false
		}
		_ = res.Body.Close()
		return true
	})
	return url, child
}

// pushUntilKilled sends pushes from several connections and kills the child at some instant after it acknowledged one; it
// answers with the calls whose pushes were acknowledged.
func pushUntilKilled(t *testing.T, url string, child *exec.Cmd, round int) []string {
	t.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: 8}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: 30 * time.Second}
	var once sync.Once
	kill := func() {
		once.Do(func() {
			time.AfterFunc(time.Duration(rand.IntN(400))*time.Millisecond, func() { _ = child.Process.Kill() })
		})
	}
	var mu sync.Mutex
	var acked []string
	var pushers sync.WaitGroup
	for worker := range 6 {
		pushers.Go(func() {
			for i := 0; ; i++ {
				ucid := fmt.Sprintf("2%d%d%09d", round, worker, i)
				body := "data=" + fmt.Sprintf(`{"monitorUCID":"%s","Did":"918041763265","CallerID":"98%08d","StartTime":"2026-01-14 16:10:20",`+
					`"EndTime":"2026-01-14 16:10:40","CallDuration":"00:00:20","Duration":"00:00:00","Type":"inbound","Status":"NotAnswered"}`,
					ucid, round*1_000_000+worker*100_000+i)
				res, err := client.Post(url+"/webhooks/ozonetel/cdr/"+sandboxWebhookSecret, "application/x-www-form-urlencoded", strings.NewReader(body))
				if err != nil {
					return // killed
				}
				_, err = io.Copy(io.Discard, res.Body)
				_ = res.Body.Close()
				if err == nil && res.StatusCode == http.StatusOK {
					mu.Lock()
					acked = append(acked, ucid)
					mu.Unlock()
					kill()
				}
			}
		})
	}
	pushers.Wait()
	_ = child.Process.Kill()
	_, _ = child.Process.Wait() // its port may be closed a moment before it has let go of the directory
	return acked
}

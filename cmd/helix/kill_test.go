package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/server"
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

// Every push that was answered 200 is in the log after the process was killed at some instant and another took over, and has
// had its effects once: whoever took over handles again what the killed one had not removed. Enough of them are handled at once
// for their events to be written together.
func TestNoAcknowledgedPushIsLostByKill9(t *testing.T) {
	t.Parallel()
	box := startSandbox(t)
	environment := sandboxEnvironment(box, unhurried(map[string]string{"DATA_DIR": t.TempDir(), "HOST": "127.0.0.1"}))

	var acknowledged []string
	for round := range 3 {
		url, child := startChild(t, environment)
		acked := pushUntilKilled(t, url, child, round)
		if len(acked) == 0 {
			t.Fatalf("round %d: nothing was acknowledged before the kill", round)
		}
		acknowledged = append(acknowledged, acked...)
	}

	s := gatewayAmong(t.Context(), t, box, environment, nil)
	for _, ucid := range acknowledged {
		until(t, "call "+ucid, func() bool {
			call, err := s.gateway.calls.Get(t.Context(), helix.CallID(helix.NewID("OZONETEL", ucid)))
			return err == nil && call.Missed
		})
		told, err := s.gateway.calls.Timeline(t.Context(), helix.CallID(helix.NewID("OZONETEL", ucid)), 0, 100)
		if err != nil {
			t.Fatal(err)
		}
		if told.Integrity != helix.Intact {
			t.Errorf("the log of call %s is %s", ucid, told.Integrity)
		}
		kinds := map[helix.EventKind]int{}
		for _, e := range told.Events {
			if kinds[e.Kind]++; kinds[e.Kind] > 1 || e.Kind == helix.EventMissed && e.MissedCount != 1 {
				t.Errorf("call %s has %d events %s, and counts %d times as missed", ucid, kinds[e.Kind], e.Kind, e.MissedCount)
			}
		}
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

// givenPorts are those that [freePort] has given.
var givenPorts sync.Map

// freePort is one that nobody listens on, and no other test is given. It lies below those that systems hand out, of which
// another test could be given it before a child has it, or between two.
func freePort(t *testing.T) string {
	t.Helper()
	for range 100 {
		port := strconv.Itoa(12_000 + rand.IntN(18_000))
		if _, given := givenPorts.LoadOrStore(port, true); given {
			continue
		}
		listener, err := net.Listen("tcp", "127.0.0.1:"+port)
		if err != nil {
			continue
		}
		_ = listener.Close()
		return port
	}
	t.Fatal("no port is free")
	return ""
}

func startChildOn(t *testing.T, port string, environment map[string]string) (url string, child *exec.Cmd) {
	t.Helper()
	child = exec.Command(os.Args[0])
	child.Dir = t.TempDir() // no .env of ours
	child.Env = append(os.Environ(), environ(environment, asHelix+"=serve", "PORT="+port)...)
	said, err := os.Create(filepath.Join(child.Dir, "said"))
	if err != nil {
		t.Fatal(err)
	}
	child.Stderr = said
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = child.Process.Kill()
		_, _ = child.Process.Wait()
		_ = said.Close()
		if text, err := os.ReadFile(said.Name()); t.Failed() {
			t.Logf("the child said: %s, %v", text, err)
		}
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
	transport := &http.Transport{MaxIdleConnsPerHost: 24}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: patience}
	var once sync.Once
	kill := func() {
		once.Do(func() {
			time.AfterFunc(time.Duration(rand.IntN(800))*time.Millisecond, func() { _ = child.Process.Kill() })
		})
	}
	at := time.Now().In(ist).Add(-time.Minute) // what is older than two days may count twice
	began, ended := at.Format(time.DateTime), at.Add(20*time.Second).Format(time.DateTime)
	var mu sync.Mutex
	var acked []string
	var pushers sync.WaitGroup
	for worker := range 24 {
		pushers.Go(func() {
			for i := 0; ; i++ {
				ucid := fmt.Sprintf("2%d%02d%09d", round, worker, i)
				body := "data=" + fmt.Sprintf(`{"monitorUCID":"%s","Did":"918041763265","CallerID":"98%08d","StartTime":"%s",`+
					`"EndTime":"%s","CallDuration":"00:00:20","Duration":"00:00:00","Type":"inbound","Status":"NotAnswered"}`,
					ucid, round*10_000_000+worker*100_000+i, began, ended)
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

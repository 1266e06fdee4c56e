package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	startWithin = 30 * time.Second
	stopWithin  = 30 * time.Second
	askEvery    = 20 * time.Millisecond
)

// GatewayOptions say how a gateway is started.
type GatewayOptions struct {
	Path   string   // the program
	Args   []string // its arguments
	Env    []string // all of its environment; PORT and HOST are added
	Dir    string   // its working directory
	CPUs   []int    // the cores that it may use; none: all. Refused where the system cannot do that
	Stderr io.Writer
}

// Gateway is a gateway in a process of its own.
type Gateway struct {
	URL string // without a final slash

	command *exec.Cmd
	exited  chan struct{} // closed when the process is gone
	failed  error         // how it ended, once exited is closed
	client  *http.Client
}

// StartGateway starts a gateway on a free port of this machine and waits until it is ready: until /readyz answers 200
// and FortyTwo's data model is read. The process is killed when ctx ends; [Gateway.Stop] ends it well.
func StartGateway(ctx context.Context, o GatewayOptions) (*Gateway, error) {
	return startProcess(ctx, o, `"fortytwo":{"state":"up"`)
}

// startProcess starts a server as a process and waits until /readyz answers 200 with this text in it.
func startProcess(ctx context.Context, o GatewayOptions, ready string) (*Gateway, error) {
	port, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	g := &Gateway{
		URL: "http://127.0.0.1:" + port, exited: make(chan struct{}),
		client:  &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 4}},
		command: exec.CommandContext(ctx, o.Path, o.Args...), //nolint:gosec // the caller's own program
	}
	g.command.Dir, g.command.Stderr = o.Dir, o.Stderr
	g.command.Env = slices.Concat(o.Env, []string{"HOST=127.0.0.1", "PORT=" + port})
	if err := startOn(o.CPUs, g.command.Start); err != nil {
		return nil, fmt.Errorf("start %v: %w", o.Args, err)
	}
	go func() {
		g.failed = g.command.Wait()
		close(g.exited)
	}()
	if err := g.awaitReady(ctx, ready); err != nil {
		return nil, errors.Join(err, g.Stop())
	}
	return g, nil
}

// freePort is free now; that another process takes it first is unlikely and seen at once.
func freePort(ctx context.Context) (string, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, errors.Join(err, l.Close())
}

func (g *Gateway) awaitReady(ctx context.Context, ready string) error {
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	return g.await(ctx, askEvery, func() (bool, error) {
		answer, err := g.get(ctx, "/readyz")
		return err == nil && strings.Contains(answer, ready), err
	})
}

// await asks until it is so, ctx ends or the process is gone; the last error of asking is told with that of ctx.
func (g *Gateway) await(ctx context.Context, every time.Duration, so func() (bool, error)) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		done, err := so()
		if done {
			return nil
		}
		select {
		case <-tick.C:
		case <-g.exited:
			return fmt.Errorf("the gateway ended: %w", errors.Join(g.failed, err))
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		}
	}
}

func (g *Gateway) get(ctx context.Context, path string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, g.URL+path, nil)
	if err != nil {
		return "", err
	}
	res, err := g.client.Do(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(res.Body, 4<<20))
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: HTTP %d", path, res.StatusCode)
	}
	return string(body), err
}

// Stop asks the process to end, and kills it when it takes longer than half a minute.
func (g *Gateway) Stop() error {
	defer g.client.CloseIdleConnections()
	_ = g.command.Process.Signal(syscall.SIGTERM) // one that is gone already tells below
	select {
	case <-g.exited:
		return g.failed
	case <-time.After(stopWithin):
		_ = g.command.Process.Kill()
		<-g.exited
		return fmt.Errorf("the gateway did not end within %s and was killed", stopWithin)
	}
}

// Usage is what a process has used. Fields are 0 where the system has no /proc.
type Usage struct {
	CPU         time.Duration // of all cores since the start
	RSS         int64         // resident bytes now
	Descriptors int
}

// Usage reads /proc.
func (g *Gateway) Usage() Usage { return usageOf(strconv.Itoa(g.command.Process.Pid)) }

// ticksPerSecond is the unit of /proc/<pid>/stat: USER_HZ, which is 100 on every Linux that Go runs on.
const ticksPerSecond = 100

// usageOf reads a process's usage by its number, or "self".
func usageOf(pid string) (u Usage) {
	dir := "/proc/" + pid
	if raw, err := os.ReadFile(dir + "/stat"); err == nil {
		u.CPU = cpuTime(string(raw))
	}
	if raw, err := os.ReadFile(dir + "/statm"); err == nil {
		if fields := strings.Fields(string(raw)); len(fields) > 1 {
			pages, _ := strconv.ParseInt(fields[1], 10, 64) // the kernel writes numbers
			u.RSS = pages * int64(os.Getpagesize())
		}
	}
	if open, err := os.ReadDir(dir + "/fd"); err == nil {
		u.Descriptors = len(open)
	}
	return u
}

// cpuTime reads utime and stime, the 14th and 15th field of stat; the second is the name in brackets and may hold blanks.
func cpuTime(stat string) time.Duration {
	_, rest, _ := strings.Cut(stat[max(strings.LastIndexByte(stat, ')'), 0):], ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.ParseInt(fields[11], 10, 64)
	system, _ := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * time.Second / ticksPerSecond
}

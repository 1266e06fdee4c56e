package streaming

import (
	"bufio"
	"encoding/base64"
	"encoding/binary"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/audio"
)

var (
	loadCalls  = flag.Int("streaming.calls", 0, "TestLoad: calls at once; 0 skips it")
	loadFor    = flag.Duration("streaming.for", 20*time.Second, "TestLoad: how long to measure")
	loadPin    = flag.String("streaming.pin", "", "TestLoad: the processor that its driver runs on, for taskset")
	loadDriver = flag.String("streaming.driver", "", "set by TestLoad for its driver process: the number of calls and how long they last")
)

// TestLoad measures the gateway under paced and recorded calls of 20 ms frames each way; both peers live in a process of their
// own. Example: taskset -c 0 go test -run TestLoad -streaming.calls 300 -streaming.pin 1 -v ./streaming.
func TestLoad(t *testing.T) {
	if *loadCalls == 0 {
		t.Skip("needs -streaming.calls")
	}
	runtime.GOMAXPROCS(1)
	lasting := *loadFor + 15*time.Second
	command := []string{
		os.Args[0], "-test.run=TestLoadDriver", "-test.v", fmt.Sprintf("-streaming.driver=%d,%d", *loadCalls, int(lasting.Seconds())),
	}
	if pin, err := exec.LookPath("taskset"); err == nil && *loadPin != "" {
		command = append([]string{pin, "-c", *loadPin}, command...)
	}
	driver := exec.CommandContext(t.Context(), command[0], command[1:]...)
	driver.Stderr = os.Stderr
	in, err := driver.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := driver.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := driver.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	next := func(word string) string {
		for lines.Scan() {
			if rest, ok := strings.CutPrefix(lines.Text(), word+" "); ok {
				return rest
			}
		}
		t.Fatalf("the driver never said %q", word)
		return ""
	}
	store, err := NewRecordings(t.TempDir(), []byte("secret"), time.Now, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	voice := next("voice")
	before := settle()
	w := newWorld(t, tcp{}, func(w *world, o *Options, _ *LineSettings) {
		o.Recordings, o.Capacity, w.owner.plan.Record = store, *loadCalls, true
	})
	w.voiceAddress = voice
	_, _ = fmt.Fprintln(in, w.address)
	next("running")
	time.Sleep(5 * time.Second)
	within := settle()
	cpu, begin := cpuTime(), time.Now()
	time.Sleep(*loadFor)
	used, took := cpuTime()-cpu, time.Since(begin)
	t.Logf("%d calls: %.3f %% of a core per call, %d KB of memory per call", *loadCalls,
		100*used.Seconds()/took.Seconds()/float64(*loadCalls), (within.Sys-before.Sys)/uint64(*loadCalls)>>10)
	t.Logf("driver: %s", next("result"))
	if err := driver.Wait(); err != nil {
		t.Error(err)
	}
	if lost := store.Lost(); lost > 0 {
		t.Errorf("%d chunks of recordings were lost", lost)
	}
	for range *loadCalls {
		if r := w.result(); r.Media.Dropped > 0 {
			t.Errorf("%d messages were dropped", r.Media.Dropped)
		}
	}
}

func settle() (m runtime.MemStats) {
	runtime.GC()
	runtime.ReadMemStats(&m)
	m.Sys = m.HeapInuse + m.StackInuse
	return m
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// phases spread the frames of all calls over their 20 ms.
const phases = 20

// driver plays both peers of many calls.
type driver struct {
	conns [phases]struct {
		sync.Mutex
		all []*marked
	}
	ends   atomic.Int64 // sockets so far
	faults atomic.Int64
	mu     sync.Mutex
	late   []time.Duration
}

// marked is a direction of a call whose frames are numbered and timed.
type marked struct {
	conn   net.Conn
	voice  bool
	number uint64
	buffer []byte
}

// mark makes one frame: its number and time, then silence.
func (m *marked) send(samples []byte) {
	m.number++
	binary.LittleEndian.PutUint64(samples, m.number)
	binary.LittleEndian.PutUint64(samples[8:], uint64(time.Now().UnixNano()))
	if m.voice {
		m.buffer = base64.StdEncoding.AppendEncode(append(m.buffer[:0], "audio 1 "...), samples)
		m.buffer = appendFrame(nil, opText, m.buffer, false)
	} else {
		m.buffer = appendFrame(m.buffer[:0], opBinary, samples, true)
	}
	_, _ = m.conn.Write(m.buffer)
}

// take checks the frames of one direction; lateness counts from the newest frame of a message.
func (d *driver) take(c *conn, word string) {
	const frame = 640
	var number uint64
	var pending []byte
	for {
		_, data, err := c.next()
		if err != nil {
			return
		}
		coded, ok := strings.CutPrefix(string(data), word)
		if !ok {
			continue
		}
		now := time.Now().UnixNano()
		if pending, err = base64.StdEncoding.AppendDecode(pending, []byte(coded)); err != nil {
			d.faults.Add(1)
		}
		var sent int64
		for ; len(pending) >= frame; pending = pending[frame:] {
			if number++; binary.LittleEndian.Uint64(pending) != number {
				d.faults.Add(1)
				number = binary.LittleEndian.Uint64(pending)
			}
			sent = int64(binary.LittleEndian.Uint64(pending[8:]))
		}
		if word == "hear " && sent > 0 {
			d.mu.Lock()
			d.late = append(d.late, time.Duration(now-sent))
			d.mu.Unlock()
		}
	}
}

func (d *driver) add(m *marked) {
	p := &d.conns[int(d.ends.Add(1))%phases]
	p.Lock()
	defer p.Unlock()
	p.all = append(p.all, m)
}

func TestLoadDriver(t *testing.T) {
	if *loadDriver == "" {
		t.Skip("runs in TestLoad's driver process")
	}
	var calls, seconds int
	if _, err := fmt.Sscanf(*loadDriver, "%d,%d", &calls, &seconds); err != nil {
		t.Fatal(err)
	}
	d := &driver{}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	voices := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
		if err != nil {
			return
		}
		_, _, _ = ws.ReadMessage()
		_ = ws.WriteMessage(websocket.TextMessage, []byte("ready c1 pcm_16000 pcm_16000"))
		d.add(&marked{conn: ws.NetConn(), voice: true})
		d.take(newConn(ws.NetConn(), false, 1<<20), "hear ")
		_ = ws.Close()
	})}
	go func() { _ = voices.Serve(l) }()
	fmt.Println("voice", l.Addr())
	address, err := bufio.NewReader(os.Stdin).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	tokens := NewTokens([]byte("secret"), time.Now)
	stop := make(chan struct{})
	var ticking sync.WaitGroup
	ticking.Go(func() { d.tick(stop) })
	var lines []*websocket.Conn
	for i := range calls {
		path := "/s/" + tokens.Token(helix.CallID(fmt.Sprintf("call%d", i)), 1, time.Hour)
		ws, answer, err := websocket.DefaultDialer.Dial("ws://"+strings.TrimSpace(address)+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		_ = ws.WriteMessage(websocket.TextMessage, []byte("start 16000"))
		go d.take(newConn(ws.NetConn(), true, 1<<20), "play ")
		d.add(&marked{conn: ws.NetConn()})
		lines = append(lines, ws)
		time.Sleep(5 * time.Millisecond)
	}
	fmt.Println("running now")
	time.Sleep(5 * time.Second)
	d.mu.Lock()
	d.late = nil // from here on it is steady
	d.mu.Unlock()
	time.Sleep(time.Duration(seconds) * time.Second)
	d.mu.Lock()
	slices.Sort(d.late)
	n := len(d.late)
	fmt.Printf("result added latency p50 %v, p99 %v; frames lost or reordered: %d\n", d.late[n/2], d.late[n*99/100], d.faults.Load())
	d.mu.Unlock()
	close(stop)
	ticking.Wait()
	for _, ws := range lines {
		_ = ws.Close()
	}
	_ = voices.Close()
}

// tick sends every frame in its phase.
func (d *driver) tick(stop chan struct{}) {
	ticker := time.NewTicker(20 * time.Millisecond / phases)
	defer ticker.Stop()
	samples := make([]byte, audio.PCM16k.Bytes(20*time.Millisecond))
	begin := time.Now()
	for done := 0; ; {
		select {
		case <-stop:
			return
		case <-ticker.C:
		}
		for due := int(time.Since(begin) / (20 * time.Millisecond / phases)); done < due; done++ {
			p := &d.conns[done%phases]
			p.Lock()
			for _, m := range p.all {
				m.send(samples)
			}
			p.Unlock()
		}
	}
}

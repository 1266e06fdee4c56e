package bus

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// remoteServer is a NATS server behind a door that can be restarted over its directory.
type remoteServer struct {
	dir  string
	door *door
	srv  *server.Server
}

func startRemote(t testing.TB) *remoteServer {
	t.Helper()
	r := &remoteServer{dir: t.TempDir(), door: openDoor(t)}
	r.start(t)
	t.Cleanup(func() { r.stop() })
	return r
}

func (r *remoteServer) start(t testing.TB) {
	t.Helper()
	srv := must[*server.Server](t)(server.NewServer(&server.Options{
		ServerName: "remote", Host: "127.0.0.1", Port: server.RANDOM_PORT, StoreDir: r.dir, JetStream: true,
		JetStreamMaxMemory: 64 << 20, JetStreamMaxStore: defaultMaxStore, NoSigs: true, NoLog: true,
		Username: "user", Password: "hunter2", AuthTimeout: patience.Seconds(),
	}))
	go srv.Start()
	if !srv.ReadyForConnections(patience) {
		t.Fatal("the remote server did not start")
	}
	r.srv = srv
	r.door.leadTo(srv.Addr().String())
}

func (r *remoteServer) stop() {
	r.door.leadTo("")
	r.srv.Shutdown()
	r.srv.WaitForShutdown()
}

// withoutClients works on the stopped server's data through a server that nobody else can reach.
func (r *remoteServer) withoutClients(t testing.TB, work func(*Bus)) {
	t.Helper()
	b := open(t, Options{Dir: r.dir})
	work(b)
	closeBus(t, b)
}

func (r *remoteServer) url() string { return "nats://user:hunter2@" + r.door.address() }

func TestTheTailSeesEveryEventOnceAcrossARestartOfARemoteServer(t *testing.T) {
	t.Parallel()
	remote := startRemote(t)
	b := open(t, Options{URL: remote.url()})
	got := make(chan string, 100)
	start(t, func(ctx context.Context) error {
		return b.TailEvents(ctx, 0, func(e StoredEvent) error {
			got <- string(e.Data)
			return nil
		})
	})
	appendEvents(t, b, "p", "before", "1", "2")
	expect(t, got, "1", "2")
	back := b.nextReconnect()
	remote.stop()
	remote.start(t)
	receive(t, back)
	appendEvents(t, b, "p", "after", "3", "4")
	expect(t, got, "3", "4")
	select {
	case extra := <-got:
		t.Errorf("it saw %s again", extra)
	default:
	}
}

func TestAWatcherSeesWhatChangedWhileARemoteServerWasAway(t *testing.T) {
	t.Parallel()
	remote := startRemote(t)
	b := open(t, Options{URL: remote.url()})
	bucket := entries(t, b)
	ctx := testContext(t)
	for _, key := range []string{"a", "b", "c"} {
		must[uint64](t)(bucket.Put(ctx, key, entry{1}))
	}
	seen := watchBucket(t, bucket)
	expect(t, seen, "a=1", "b=1", "c=1", "ready")

	// While the watcher is cut off, keys change and vanish without a marker, as when their time is over.
	remote.stop()
	remote.withoutClients(t, func(offline *Bus) {
		must[uint64](t)(entries(t, offline).Put(ctx, "b", entry{2}))
		if err := offline.byName["KV_"+BucketAgents].Purge(ctx, jetstream.WithPurgeSubject("$KV."+BucketAgents+".c")); err != nil {
			t.Fatal(err)
		}
	})
	remote.start(t)
	expect(t, seen, "b=2", "c gone")
	must[uint64](t)(entries(t, open(t, Options{URL: remote.url()})).Put(ctx, "d", entry{1}))
	expect(t, seen, "d=1")
}

func TestAppendsToARemoteServerThatIsAwayFailAtOnce(t *testing.T) {
	t.Parallel()
	remote := startRemote(t)
	b := open(t, Options{URL: remote.url()})
	away := b.nc.StatusChanged(nats.RECONNECTING)
	remote.stop()
	receive(t, away)
	ctx := testContext(t)
	began := time.Now()
	if err := b.AppendInbox(ctx, push("a/1")); !errors.Is(err, ErrUnavailable) {
		t.Errorf("an append answered %v, want ErrUnavailable", err)
	}
	if err := b.Healthy(ctx); !errors.Is(err, ErrUnavailable) {
		t.Errorf("the health check answered %v, want ErrUnavailable", err)
	}
	if took := time.Since(began); took >= requestPatience {
		t.Errorf("it waited for %s", took)
	}
	back := b.nextReconnect()
	remote.start(t)
	receive(t, back)
	if err := b.AppendInbox(testContext(t), push("a/1")); err != nil {
		t.Error(err)
	}
}

func TestOneReplicaConsumesTheInboxAndAnotherTakesOver(t *testing.T) {
	t.Parallel()
	remote := startRemote(t)
	first, second := open(t, Options{URL: remote.url()}), open(t, Options{URL: remote.url()})
	firstGot, secondGot := make(chan string, 10), make(chan string, 10)
	stop := consume(t, first, 2, func(ctx context.Context, m InboxMessage) error {
		firstGot <- string(m.Body)
		if string(m.Body) == "a/2" {
			<-ctx.Done()
			return ctx.Err()
		}
		return nil
	})
	appendPushes(t, second, "a/1", "a/2", "a/3")
	expect(t, firstGot, "a/1", "a/2")
	consume(t, second, 2, func(_ context.Context, m InboxMessage) error {
		secondGot <- string(m.Body)
		return nil
	})
	stop()
	expect(t, secondGot, "a/2", "a/3")
}

func TestTwoReplicasShareOneLog(t *testing.T) {
	t.Parallel()
	remote := startRemote(t)
	first, second := open(t, Options{URL: remote.url()}), open(t, Options{URL: remote.url()})
	ctx := testContext(t)
	_, _, a, _ := first.EventBounds(ctx)
	_, _, b, _ := second.EventBounds(ctx)
	if a != b {
		t.Errorf("they see the epochs %s and %s", a, b)
	}
	sequences := appendEvents(t, first, "p", "c", "1")
	if _, err := second.AppendEvent(ctx, "p", "c", 0, []byte("2")); !errors.Is(err, ErrConflict) {
		t.Errorf("got %v, want ErrConflict", err)
	}
	must[uint64](t)(second.AppendEvent(ctx, "p", "c", sequences[0], []byte("2")))
	if diff := cmp.Diff([]string{"1", "2"}, data(must[[]StoredEvent](t)(first.CallEvents(ctx, "c")))); diff != "" {
		t.Error(diff)
	}
}

func TestAServerThatIsTooOldIsRefused(t *testing.T) {
	t.Parallel()
	listener := must[net.Listener](t)(net.Listen("tcp", "127.0.0.1:0"))
	defer listener.Close()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go greetAsOldServer(conn)
		}
	}()
	_, err := Open(testContext(t), quiet(Options{URL: "nats://user:hunter2@" + listener.Addr().String()}))
	if err == nil || !strings.Contains(err.Error(), "2.11.9") || !strings.Contains(err.Error(), "2.12") {
		t.Fatalf("got %v", err)
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("the error shows the password: %v", err)
	}
}

// greetAsOldServer speaks as much of the protocol as a client needs to connect.
func greetAsOldServer(conn net.Conn) {
	defer conn.Close()
	fmt.Fprint(conn, `INFO {"server_id":"old","version":"2.11.9","proto":1,"headers":true,"max_payload":1048576}`+"\r\n")
	lines := bufio.NewScanner(conn)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "PING") {
			fmt.Fprint(conn, "PONG\r\n")
		}
	}
}

func TestVersionsThatAreRecentEnough(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]bool{
		"2.12.0": true, "2.12.0-RC.1": true, "2.15.2": true, "3.0.0": true, "v2.12.1": true, "2.100.0": true,
		"2.11.9": false, "2.9.25": false, "1.99.0": false, "": false, "2": false, "x.y.z": false, "2.x": false,
	} {
		if got := recentEnough(version); got != want {
			t.Errorf("recentEnough(%q) = %v", version, got)
		}
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		options Options
		want    string
	}{
		{"without a place", Options{}, "neither a data directory nor a NATS address"},
		{"with a retention that is too short", Options{Dir: t.TempDir(), Retention: 1}, "retention"},
		{"with a store that is too small", Options{Dir: t.TempDir(), MaxStore: 1}, "store"},
		{"with an address that nobody listens on", Options{URL: "nats://user:hunter2@127.0.0.1:1"}, "connect to NATS"},
		{"with an address that is none", Options{URL: "nats://user:hunter2@127.0.0.1:port"}, "connect to NATS"},
		{"with a directory that is a file", Options{Dir: "/dev/null/data"}, "data directory"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := Open(testContext(t), quiet(tt.options))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %v, want something about %q", err, tt.want)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error shows the password: %v", err)
			}
		})
	}
}

func TestAServerThatCannotStartSaysWhy(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "jetstream"), []byte("in the way"), 0o600); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	_, err := Open(testContext(t), quiet(Options{Dir: dir}))
	if took := time.Since(began); took >= startPatience {
		t.Errorf("it waited for %s", took)
	}
	if err == nil || !strings.Contains(err.Error(), "Can't start JetStream") {
		t.Fatalf("got %v", err)
	}
	if err := os.Remove(filepath.Join(dir, "jetstream")); err != nil {
		t.Fatal(err)
	}
	open(t, Options{Dir: dir}) // the lock was given back
}

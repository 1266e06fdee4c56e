package bus

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats-server/v2/server"
)

// startCluster runs three NATS servers as one cluster and gives their addresses.
func startCluster(t testing.TB) (address string) {
	t.Helper()
	var doors [3]*door // their addresses are known before the nodes have theirs
	var routes []*url.URL
	for i := range doors {
		doors[i] = openDoor(t)
		routes = append(routes, &url.URL{Scheme: "nats", Host: doors[i].address()})
	}
	var servers []*server.Server
	for i := range doors {
		srv := must[*server.Server](t)(server.NewServer(&server.Options{
			ServerName: fmt.Sprint("node", i), Host: "127.0.0.1", Port: server.RANDOM_PORT, StoreDir: t.TempDir(), JetStream: true,
			JetStreamMaxMemory: 64 << 20, JetStreamMaxStore: defaultMaxStore, NoSigs: true, NoLog: true,
			AuthTimeout: patience.Seconds(),
			Cluster:     server.ClusterOpts{Name: "test", Host: "127.0.0.1", Port: server.RANDOM_PORT}, Routes: routes,
		}))
		go srv.Start()
		t.Cleanup(func() {
			srv.Shutdown()
			srv.WaitForShutdown()
		})
		servers = append(servers, srv)
	}
	var addresses []string
	for i, srv := range servers {
		await(t, "a node listens to the others", func() bool { return srv.ClusterAddr() != nil })
		doors[i].leadTo(srv.ClusterAddr().String())
	}
	for _, srv := range servers {
		if !srv.ReadyForConnections(patience) {
			t.Fatal("a node did not start")
		}
		addresses = append(addresses, srv.ClientURL())
	}
	return strings.Join(addresses, ",")
}

func TestAClusterOfThreeKeepsThePromisesOfOneServer(t *testing.T) {
	t.Parallel()
	address := startCluster(t)
	ctx := testContext(t)
	b := open(t, Options{URL: address}) // while the nodes still elect a leader
	if b.replicas != 3 {
		t.Fatalf("it has %d replicas", b.replicas)
	}
	bucket := entries(t, b)
	rev := must[uint64](t)(bucket.Create(ctx, "k", entry{1}))
	if _, err := bucket.Create(ctx, "k", entry{1}); !errors.Is(err, ErrConflict) {
		t.Errorf("creating again answered %v, want ErrConflict", err)
	}
	must[uint64](t)(bucket.Update(ctx, "k", entry{2}, rev))
	if _, err := bucket.Update(ctx, "k", entry{2}, rev); !errors.Is(err, ErrConflict) {
		t.Errorf("a stale update answered %v, want ErrConflict", err)
	}
	appendEvents(t, b, "p", "c", "1", "2", "3")
	if _, err := b.AppendEvent(ctx, "p", "c", 1, nil); !errors.Is(err, ErrConflict) {
		t.Errorf("a stale append answered %v, want ErrConflict", err)
	}
	if diff := cmp.Diff([]string{"2", "3"}, data(must[[]StoredEvent](t)(b.EventsAfter(ctx, 1, 10)))); diff != "" {
		t.Error(diff)
	}
	got := make(chan string, 10)
	start(t, func(ctx context.Context) error {
		return b.TailEvents(ctx, 0, func(e StoredEvent) error {
			got <- string(e.Data)
			return nil
		})
	})
	expect(t, got, "1", "2", "3")
	handle, pushes := bodies()
	consume(t, b, 2, handle)
	appendPushes(t, b, "a/1", "a/2")
	expect(t, pushes, "a/1", "a/2")
	fate, commands := written()
	drain(t, b, 10, fate)
	appendCommands(t, b, "a/1", "a/2")
	expect(t, commands, "a/1", "a/2")
}

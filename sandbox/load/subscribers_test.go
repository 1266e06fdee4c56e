package load

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

func TestAnEventIsKnownByPhoneAndKind(t *testing.T) {
	t.Parallel()
	next := func(kind, phone string) string {
		return fmt.Sprintf(`{"id":"1","type":"next","payload":{"data":{"callEvents":{"cursor":"c","kind":%q,"callId":"x","phone":%q}}}}`, kind, phone)
	}
	for _, c := range []struct {
		name, message string
		event         int
		found         bool
	}{
		{"the first step of the first call", next("INCOMING", "+919800000000"), 0, true},
		{"the last step of another call", next("DETAILS", "+919800000012"), 12*stepsOfCall + stepRecord, true},
		{"a kind that no step causes", next("DISPOSED", "+919800000012"), 0, false},
		{"somebody else's number", next("INCOMING", "+919700000012"), 0, false},
		{"a number that is too long", next("INCOMING", "+9198000000123"), 0, false},
		{"a number with a letter", next("INCOMING", "+91980000001x"), 0, false},
		{"no number", `{"type":"ping"}`, 0, false},
		{"a number without an end", `"kind":"INCOMING","phone":"+919800000000`, 0, false},
	} {
		if event, found := eventIn([]byte(c.message)); event != c.event || found != c.found {
			t.Errorf("%s: %d, %v", c.name, event, found)
		}
	}
}

func FuzzEventIn(f *testing.F) {
	f.Add([]byte(`{"payload":{"data":{"callEvents":{"kind":"ANSWERED","phone":"+919800000001"}}}}`))
	f.Add([]byte(`"phone":"`))
	f.Fuzz(func(t *testing.T, message []byte) {
		if event, found := eventIn(message); event < 0 || event >= 100_000_000*stepsOfCall || !found && event != 0 {
			t.Errorf("%d, %v", event, found)
		}
	})
}

// fanOut is a server that acknowledges every socket and then sends what it is told to; the n-th socket misses what skip says.
func fanOut(t *testing.T, messages []string, skip func(socket, message int) bool) string {
	t.Helper()
	sockets := make(chan int, 1)
	sockets <- 0
	upgrader := websocket.Upgrader{Subprotocols: []string{"graphql-transport-ws"}}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		socket, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer func() { _ = socket.Close() }()
		n := <-sockets
		sockets <- n + 1
		var init, subscribe, pong socketMessage
		if socket.ReadJSON(&init) != nil || !strings.Contains(string(init.Payload), "Bearer token") {
			return
		}
		if socket.WriteJSON(socketMessage{Type: "connection_ack"}) != nil || socket.ReadJSON(&subscribe) != nil || subscribe.Type != "subscribe" {
			return
		}
		if socket.WriteJSON(socketMessage{Type: "ping"}) != nil || socket.ReadJSON(&pong) != nil || pong.Type != "pong" {
			return
		}
		for i, m := range messages {
			if !skip(n, i) {
				if socket.WriteJSON(socketMessage{ID: "1", Type: "next", Payload: json.RawMessage(m)}) != nil {
					return
				}
			}
		}
		// Says that nothing follows; hanging up at once could take back what is on its way.
		_ = socket.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""), time.Now().Add(time.Minute))
		_, _, _ = socket.ReadMessage()
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestEventsThatDoNotComeAreLostAndThoseThatComeAgainAreCountedOnce(t *testing.T) {
	t.Parallel()
	message := func(call int) string { return fmt.Sprintf(`{"kind":"INCOMING","phone":"+91%s"}`, phoneOf(call)) }
	const sockets, calls = 3, 4
	messages := []string{message(0), message(1), message(2), message(3), message(3)}
	lost := func(socket, message int) bool { return socket == 1 && message == 2 || socket == 2 && message > 2 }
	url := fanOut(t, messages, lost)

	marks := newSheet(calls * stepsOfCall)
	for call := range calls {
		marks.markSent(call * stepsOfCall)
	}
	a, err := openAudience(t.Context(), url, "token", marks, sockets)
	if err != nil {
		a.close()
		t.Fatal(err)
	}
	a.readers.Wait() // the server has hung up
	r := Subscribers{Pushes: Pushed{Answered: calls, Seconds: 1}}
	r.sum(a, 0, calls*stepsOfCall, 0)
	a.close()
	if r.Delivery.Count != 10 || r.Lost != 2 || r.Twice != 2 || r.Broken != sockets {
		t.Errorf("%+v", r)
	}
	if got := a.await(t.Context(), warmUpWithin, 0, calls*stepsOfCall, 10); got != 10 {
		t.Errorf("%d deliveries were counted as they came", got)
	}
}

func TestASocketThatIsNotAcknowledgedIsAnError(t *testing.T) {
	t.Parallel()
	url := fanOut(t, nil, nil)
	a, err := openAudience(t.Context(), url, "wrong", newSheet(1), 1)
	a.close()
	if err == nil {
		t.Error("a refused socket was taken")
	}
}

package webhooks_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"

	"github.com/helix-engage/gateway/internal/webhooks"
)

const signedPath = "/webhooks/signed"

var arrival = time.Unix(1_800_000_000, 0)

// readSeal takes the time in seconds and the MAC in hexadecimal.
func readSeal(h http.Header) (s webhooks.Seal, ok bool) {
	at, err := strconv.ParseInt(h.Get("X-At"), 10, 64)
	raw, hexErr := hex.DecodeString(h.Get("X-Mac"))
	if err != nil || hexErr != nil || len(raw) != sha256.Size {
		return s, false
	}
	return webhooks.Seal{At: time.Unix(at, 0), Prefix: h.Get("X-At") + ":", MACs: [][sha256.Size]byte{[sha256.Size]byte(raw)}}, true
}

// signed gives the headers of a push.
func signed(key string, at time.Time, body string) []string {
	stamp := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(stamp + ":" + body))
	return []string{"X-At", stamp, "X-Mac", hex.EncodeToString(mac.Sum(nil))}
}

func setupSigned(t *testing.T, in *inbox, secrets ...string) *bundle {
	t.Helper()
	receiver, err := webhooks.New(webhooks.Options{
		Inbox: in, Meters: sdkmetric.NewMeterProvider(), Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return arrival },
	})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	for pattern, handler := range receiver.Handlers(webhooks.Source{Name: "signed", Path: signedPath, Secrets: secrets, Seal: readSeal}) {
		mux.Handle(pattern, handler)
	}
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	return &bundle{inbox: in, url: srv.URL, client: srv.Client()}
}

func TestASignedPushIsTakenOnlyWhenItIsGenuineAndTimely(t *testing.T) {
	t.Parallel()
	const body = `{"eventName":"call.updated"}`
	for _, tc := range []struct {
		name, method, body string
		header             []string
		status             int
	}{
		{"genuine", http.MethodPost, body, signed(secret, arrival, body), 200},
		{"signed with the other of two secrets", http.MethodPost, body, signed(newSecret, arrival, body), 200},
		{"five minutes old", http.MethodPost, body, signed(secret, arrival.Add(-5*time.Minute), body), 200},
		{"five minutes ahead", http.MethodPost, body, signed(secret, arrival.Add(5*time.Minute), body), 200},
		{"older", http.MethodPost, body, signed(secret, arrival.Add(-5*time.Minute-time.Second), body), 404},
		{"further ahead", http.MethodPost, body, signed(secret, arrival.Add(5*time.Minute+time.Second), body), 404},
		{"signed with a wrong secret", http.MethodPost, body, signed("wrong", arrival, body), 404},
		{"signed with an empty secret", http.MethodPost, body, signed("", arrival, body), 404},
		{"with an altered byte", http.MethodPost, body + " ", signed(secret, arrival, body), 404},
		{"with another time than was signed", http.MethodPost, body, append(signed(secret, arrival, body), "X-At", "1800000001"), 404},
		{"without a signature", http.MethodPost, body, signed(secret, arrival, body)[:2], 404},
		{"without a time", http.MethodPost, body, signed(secret, arrival, body)[2:], 404},
		{"without both", http.MethodPost, body, nil, 404},
		{"with half a signature", http.MethodPost, body, []string{"X-At", "1800000000", "X-Mac", "00ff"}, 404},
		{"with the secret itself", http.MethodPost, body, []string{"X-Webhook-Secret", secret}, 404},
		{"too large to be verified", http.MethodPost, strings.Repeat("x", 500<<10+1), signed(secret, arrival, body), 404},
		{"genuine, by PUT", http.MethodPut, body, signed(secret, arrival, body), 405},
		{"genuine and compressed", http.MethodPost, body, append(signed(secret, arrival, body), "Content-Encoding", "gzip"), 415},
		{"genuine, with nothing in it", http.MethodPost, "", signed(secret, arrival, ""), 400},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			b := setupSigned(t, &inbox{}, secret, newSecret, "")
			res, text := b.send(t, tc.method, signedPath, "application/json", tc.body, tc.header...)
			if res.StatusCode != tc.status {
				t.Errorf("status %d, want %d: %s", res.StatusCode, tc.status, text)
			}
			var want []push
			if tc.status == http.StatusOK {
				want = []push{{"signed", "application/json", body}}
			}
			if diff := cmp.Diff(want, b.inbox.all()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestASignedSourceWithoutASecretIsClosed(t *testing.T) {
	t.Parallel()
	b := setupSigned(t, &inbox{})
	if res, text := b.send(t, http.MethodPost, signedPath, "", "{}", signed("", arrival, "{}")...); res.StatusCode != http.StatusNotFound {
		t.Errorf("status %d: %s", res.StatusCode, text)
	}
}

func TestAReplayIsAnsweredAndNotStoredAgain(t *testing.T) {
	t.Parallel()
	b := setupSigned(t, &inbox{}, secret)
	for range 3 {
		if res, text := b.send(t, http.MethodPost, signedPath, "", "{}", signed(secret, arrival, "{}")...); res.StatusCode != http.StatusOK {
			t.Fatalf("status %d: %s", res.StatusCode, text)
		}
	}
	if stored := b.inbox.all(); len(stored) != 1 {
		t.Errorf("stored %d times", len(stored))
	}
}

func TestASignatureIsForgottenWhenItsPushCouldNotBeStored(t *testing.T) {
	t.Parallel()
	in := &inbox{err: http.ErrHandlerTimeout}
	b := setupSigned(t, in, secret)
	header := signed(secret, arrival, "{}")
	if res, _ := b.send(t, http.MethodPost, signedPath, "", "{}", header...); res.StatusCode != http.StatusServiceUnavailable {
		t.Fatalf("status %d", res.StatusCode)
	}
	in.mu.Lock()
	in.err = nil
	in.mu.Unlock()
	if res, _ := b.send(t, http.MethodPost, signedPath, "", "{}", header...); res.StatusCode != http.StatusOK || len(in.all()) != 1 {
		t.Fatalf("status %d, stored %d", res.StatusCode, len(in.all()))
	}
}

package fortytwo

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// webhookTimeout ends a delivery; there is no second one (fortytwo.md 15.2).
	webhookTimeout = 5 * time.Second
	// webhookQueue is how many deliveries wait; more are dropped and counted.
	webhookQueue = 10_000
	// webhookWorkers deliver at the same time, so the order is not kept.
	webhookWorkers = 4
	maxWebhooks    = 100
)

// webhook is a subscription of a workspace.
type webhook struct {
	id, targetURL, description, secret string
	operations                         []string
	createdAt                          time.Time
}

func (h *webhook) fields() fields {
	return fields{
		"id": h.id, "targetUrl": h.targetURL, "operations": stringsAsAny(h.operations), "description": blank(h.description), "secret": h.secret,
		"createdAt": formatInstant(h.createdAt), "updatedAt": formatInstant(h.createdAt), "deletedAt": nil,
	}
}

// wants matches an event name: call.created, call.*, *.created, *.*, metadata.<name>.<action> with wildcards.
func (h *webhook) wants(event string) bool {
	parts := strings.Split(event, ".")
	for _, operation := range h.operations {
		pattern := strings.Split(operation, ".")
		match := len(pattern) == len(parts)
		for i := 0; match && i < len(parts); i++ {
			match = pattern[i] == "*" || pattern[i] == parts[i]
		}
		if match {
			return true
		}
	}
	return false
}

func (m *metaRequest) webhooks(map[string]any) (any, *apiError) {
	out := []any{}
	for _, h := range m.caller.workspace.webhooks {
		out = append(out, h.fields())
	}
	return out, nil
}

func (m *metaRequest) createWebhook(args map[string]any) (any, *apiError) {
	in, _ := args["input"].(map[string]any)
	ws := m.caller.workspace
	target, err := url.Parse(text(in, "targetUrl"))
	switch {
	case err != nil || target.Host == "" || target.Scheme != "http" && target.Scheme != "https":
		return nil, badInput("", "Please provide a valid HTTP or HTTPS URL.", "Invalid target URL provided")
	case len(ws.webhooks) >= maxWebhooks:
		return nil, internal("too many webhooks")
	}
	h := &webhook{
		id: text(in, "id"), targetURL: text(in, "targetUrl"), description: text(in, "description"), secret: text(in, "secret"),
		createdAt: ws.now(),
	}
	operations, _ := in["operations"].([]any)
	for _, operation := range operations {
		name, _ := operation.(string)
		h.operations = append(h.operations, name)
	}
	if h.id == "" {
		h.id = ws.newID()
	}
	if h.secret == "" {
		h.secret = randomHex(32)
	}
	ws.webhooks = append(ws.webhooks, h)
	return h.fields(), nil
}

func (m *metaRequest) deleteWebhook(args map[string]any) (any, *apiError) {
	ws := m.caller.workspace
	for i, h := range ws.webhooks {
		if h.id == text(args, "id") {
			ws.webhooks = append(ws.webhooks[:i:i], ws.webhooks[i+1:]...)
			return h.fields(), nil
		}
	}
	return nil, errMetadataNotFound("Webhook")
}

func randomHex(n int) string {
	data := make([]byte, n)
	_, _ = rand.Read(data) // crypto/rand does not fail
	return hex.EncodeToString(data)
}

// delivery is one POST to one webhook.
type delivery struct {
	url, secret string
	body        []byte
}

// deliveries is the queue worker: at most once, no order, failures swallowed.
type deliveries struct {
	client  *http.Client
	now     func() time.Time
	log     *slog.Logger
	queue   chan delivery
	dropped atomic.Int64
	failed  atomic.Int64
	sent    atomic.Int64
}

func newDeliveries(client *http.Client, now func() time.Time, log *slog.Logger) *deliveries {
	return &deliveries{client: client, now: now, log: log, queue: make(chan delivery, webhookQueue)}
}

func (d *deliveries) enqueue(item delivery) {
	select {
	case d.queue <- item:
	default:
		d.dropped.Add(1)
	}
}

func (d *deliveries) run(ctx context.Context) {
	var group sync.WaitGroup
	for range webhookWorkers {
		group.Go(func() {
			for {
				select {
				case <-ctx.Done():
					return
				case item := <-d.queue:
					d.send(ctx, item)
				}
			}
		})
	}
	group.Wait()
}

// send signs timestamp + ":" + body (fortytwo.md 15.2).
func (d *deliveries) send(ctx context.Context, item delivery) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, item.url, bytes.NewReader(item.body))
	if err != nil {
		d.failed.Add(1)
		return
	}
	timestamp := strconv.FormatInt(d.now().UnixMilli(), 10)
	mac := hmac.New(sha256.New, []byte(item.secret))
	mac.Write([]byte(timestamp + ":"))
	mac.Write(item.body)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-Twenty-Webhook-Timestamp", timestamp)
	request.Header.Set("X-Twenty-Webhook-Signature", hex.EncodeToString(mac.Sum(nil)))
	request.Header.Set("X-Twenty-Webhook-Nonce", randomHex(16))
	response, err := d.client.Do(request)
	if err != nil {
		d.failed.Add(1)
		d.log.DebugContext(ctx, "webhook not delivered")
		return
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 1<<20))
	d.sent.Add(1)
}

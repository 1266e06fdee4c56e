package webhooks

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"golang.org/x/time/rate"
)

const (
	// maxBody bounds a push, in bytes, below what the inbox takes. A call-end push is about 1 kB.
	maxBody = 500 << 10
	// storeWithin bounds the append. Providers give up after a few seconds.
	storeWithin = 5 * time.Second
	// retryAfter is told with 503, in seconds.
	retryAfter = "5"
	// headerSecret carries the secret where it is not in the path.
	headerSecret = "X-Webhook-Secret"
	// refusedEvery is how often a refused push is logged at most; the metric counts them all.
	refusedEvery = 10 * time.Second
)

// Inbox keeps pushes until they are handled.
type Inbox interface {
	// Append returns nil only when the push is on disk.
	Append(ctx context.Context, source, contentType string, body []byte) error
}

// Source is one kind of push.
type Source struct {
	// Name is what the inbox files the push under, e.g. "ozonetel.cdr".
	Name string
	// Path is where it is pushed to, e.g. "/webhooks/ozonetel/cdr"; the secret may follow as one more segment.
	Path string
	// Secrets are those accepted, several while one is being replaced. With none every push is refused.
	Secrets []string
	// Get says that the provider may also send it by GET, with everything in the query.
	Get bool
	// Redact removes the provider's keys from a body before it is stored; nil: nothing to remove. It gets bodies that
	// may be no valid document, and must give those back without what it was to remove, or nil when it cannot tell.
	Redact func(contentType string, body []byte) []byte
}

func (s Source) methods() string {
	if s.Get {
		return http.MethodGet + ", " + http.MethodPost
	}
	return http.MethodPost
}

// Options wires a [Receiver]. All of it is required.
type Options struct {
	Inbox  Inbox
	Meters metric.MeterProvider
	Logger *slog.Logger
	Now    func() time.Time
}

// Receiver takes pushes. It is safe for concurrent use.
type Receiver struct {
	inbox    Inbox
	log      *slog.Logger
	now      func() time.Time
	received metric.Int64Counter
	refusals *rate.Limiter
}

// New makes a receiver.
func New(o Options) (*Receiver, error) {
	received, err := o.Meters.Meter("github.com/helix-engage/gateway/internal/webhooks").Int64Counter("helix.webhooks.received",
		metric.WithDescription("Pushes of providers, by source and outcome."))
	if err != nil {
		return nil, err
	}
	return &Receiver{
		inbox: o.Inbox, log: o.Logger, now: o.Now, received: received, refusals: rate.NewLimiter(rate.Every(refusedEvery), 1),
	}, nil
}

// Handlers gives the handlers of a source by their patterns for [http.ServeMux]. They tell wrong methods themselves, so
// that only those who know the secret learn that the path exists.
func (r *Receiver) Handlers(s Source) map[string]http.Handler {
	secrets := newSecrets(s.Secrets)
	return map[string]http.Handler{
		s.Path: r.handler(s, secrets, func(req *http.Request) string { return req.Header.Get(headerSecret) }),
		s.Path + "/{secret}": r.handler(s, secrets, func(req *http.Request) string {
			return req.PathValue("secret")
		}),
	}
}

// outcome is how a push ended, in the words of the metric.
type outcome string

const (
	outcomeStored      outcome = "stored"
	outcomeRefused     outcome = "refused"      // wrong secret
	outcomeUnfit       outcome = "unfit"        // method, encoding, nothing in it
	outcomeTooLarge    outcome = "too_large"    //
	outcomeUnavailable outcome = "not_stored"   // the inbox did not take it
	outcomeAborted     outcome = "not_received" // the body did not arrive
)

func (r *Receiver) handler(s Source, secrets secrets, presented func(*http.Request) string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		o := r.receive(w, req, s, secrets, presented(req))
		r.received.Add(req.Context(), 1, metric.WithAttributes(attribute.String("source", s.Name), attribute.String("outcome", string(o))))
	})
}

// receive answers one push; the order of the checks is that of the package's documentation.
func (r *Receiver) receive(w http.ResponseWriter, req *http.Request, s Source, secrets secrets, presented string) outcome {
	ctx := req.Context()
	switch {
	case !secrets.contain(presented):
		if r.refusals.AllowN(r.now(), 1) {
			r.log.WarnContext(ctx, "a push with a wrong secret was refused", slog.String("source", s.Name))
		}
		http.NotFound(w, req)
		return outcomeRefused
	case req.Method != http.MethodPost && !(s.Get && req.Method == http.MethodGet):
		w.Header().Set("Allow", s.methods())
		http.Error(w, "only "+s.methods()+" is taken here", http.StatusMethodNotAllowed)
		return outcomeUnfit
	case !plain(req.Header.Get("Content-Encoding")):
		http.Error(w, "encoded bodies are not taken", http.StatusUnsupportedMediaType)
		return outcomeUnfit
	}
	contentType, body, err := read(w, req)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		http.Error(w, fmt.Sprintf("a push may have %d bytes", maxBody), http.StatusRequestEntityTooLarge)
		return outcomeTooLarge
	case err != nil:
		http.Error(w, "the body could not be read", http.StatusBadRequest)
		return outcomeAborted
	case len(body) == 0:
		http.Error(w, "there is nothing in the push", http.StatusBadRequest)
		return outcomeUnfit
	}
	if err := r.store(ctx, s, contentType, body); err != nil {
		r.log.ErrorContext(ctx, "a push could not be stored", slog.String("source", s.Name), slog.Any("error", err))
		w.Header().Set("Retry-After", retryAfter)
		http.Error(w, "come again later", http.StatusServiceUnavailable)
		return outcomeUnavailable
	}
	w.WriteHeader(http.StatusOK)
	return outcomeStored
}

// store keeps the push. A provider that hangs up early does not stop it: there may be no second push.
func (r *Receiver) store(ctx context.Context, s Source, contentType string, body []byte) error {
	if s.Redact != nil {
		if body = s.Redact(contentType, body); len(body) == 0 {
			return errors.New("the body could not be redacted")
		}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeWithin)
	defer cancel()
	return r.inbox.Append(ctx, s.Name, contentType, body)
}

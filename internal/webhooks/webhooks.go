package webhooks

import (
	"context"
	"errors"
	"fmt"
	"io"
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
	// Seal reads the signature of a push from its headers, for a provider that signs; the secrets are the keys then and
	// are neither in the path nor in a header. nil: the secret itself is presented.
	Seal func(http.Header) (Seal, bool)
	// MaxAge is how old a signature may be; zero: five minutes.
	MaxAge time.Duration
	// MaxBody bounds a push, in bytes, where Redact makes it fit the inbox; zero: 500 KiB.
	MaxBody int64
	// Get says that the provider may also send it by GET, with everything in the query.
	Get bool
	// Redact removes the provider's keys, and what we have no business to keep, from a body before it is stored; nil:
	// nothing to remove. It gets bodies that may be no valid document, and must give those back without what it was to
	// remove, or nil when it cannot tell.
	Redact func(contentType string, body []byte) []byte
	// Lacks says what a push needs to be of any use and does not have, "" when nothing: it is answered 400 with these
	// words, and not kept. nil: whatever is not empty is kept.
	Lacks func(contentType string, body []byte) string
	// Answer writes an answer in the words that the provider expects; text is "" with 200. nil: plain text.
	Answer func(w http.ResponseWriter, status int, text string)
}

// answer is the one way to answer a push; headers were set before.
func (s Source) answer(w http.ResponseWriter, status int, text string) {
	switch {
	case s.Answer != nil:
		s.Answer(w, status, text)
	case text == "":
		w.WriteHeader(status)
	default:
		http.Error(w, text, status)
	}
}

func (s Source) maxBody() int64 {
	if s.MaxBody > 0 {
		return s.MaxBody
	}
	return maxBody
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
	if s.Seal != nil {
		v := newVerifier(s, r.now)
		return map[string]http.Handler{s.Path: r.handler(s, func(w http.ResponseWriter, req *http.Request) outcome {
			return r.receiveSigned(w, req, s, v)
		})}
	}
	secrets := newSecrets(s.Secrets)
	secret := func(presented func(*http.Request) string) http.Handler {
		return r.handler(s, func(w http.ResponseWriter, req *http.Request) outcome {
			return r.receive(w, req, s, secrets.contain(presented(req)))
		})
	}
	return map[string]http.Handler{
		s.Path:               secret(func(req *http.Request) string { return req.Header.Get(headerSecret) }),
		s.Path + "/{secret}": secret(func(req *http.Request) string { return req.PathValue("secret") }),
	}
}

// outcome is how a push ended, in the words of the metric.
type outcome string

const (
	outcomeStored      outcome = "stored"
	outcomeRepeated    outcome = "repeated"     // a signature that was stored before
	outcomeRefused     outcome = "refused"      // wrong secret or signature
	outcomeUnfit       outcome = "unfit"        // method, encoding, nothing in it
	outcomeTooLarge    outcome = "too_large"    //
	outcomeUnavailable outcome = "not_stored"   // the inbox did not take it
	outcomeAborted     outcome = "not_received" // the body did not arrive
)

func (r *Receiver) handler(s Source, receive func(http.ResponseWriter, *http.Request) outcome) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		o := receive(w, req)
		r.received.Add(req.Context(), 1, metric.WithAttributes(attribute.String("source", s.Name), attribute.String("outcome", string(o))))
	})
}

// receive answers one push; the order of the checks is that of the package's documentation.
func (r *Receiver) receive(w http.ResponseWriter, req *http.Request, s Source, known bool) outcome {
	if !known {
		return r.refuse(w, req, s)
	}
	if o := unfit(w, req, s); o != "" {
		return o
	}
	contentType, body, err := read(w, req, s.maxBody())
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		s.answer(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("a push may have %d bytes", s.maxBody()))
		return outcomeTooLarge
	case err != nil:
		s.answer(w, http.StatusBadRequest, "the body could not be read")
		return outcomeAborted
	}
	return r.keep(w, req, s, contentType, body)
}

// receiveSigned answers one signed push. Whether it is genuine is known only with its body, so that until then a body
// that is too large or cut off is answered like a wrong signature.
func (r *Receiver) receiveSigned(w http.ResponseWriter, req *http.Request, s Source, v *verifier) outcome {
	seal, ok := s.Seal(req.Header)
	if !ok || !v.timely(seal) {
		return r.refuse(w, req, s)
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, s.maxBody()))
	mac, genuine := v.genuine(seal, body)
	if err != nil || !genuine {
		return r.refuse(w, req, s)
	}
	if o := unfit(w, req, s); o != "" {
		return o
	}
	if v.known(mac) {
		s.answer(w, http.StatusOK, "")
		return outcomeRepeated
	}
	o := r.keep(w, req, s, req.Header.Get("Content-Type"), body)
	if o == outcomeStored {
		v.remember(mac)
	}
	return o
}

// refuse answers as if the path did not exist.
func (r *Receiver) refuse(w http.ResponseWriter, req *http.Request, s Source) outcome {
	if r.refusals.AllowN(r.now(), 1) {
		r.log.WarnContext(req.Context(), "a push with a wrong secret was refused", slog.String("source", s.Name))
	}
	s.answer(w, http.StatusNotFound, "404 page not found")
	return outcomeRefused
}

// unfit refuses a push of a known provider by its method or encoding; "" when it is fit.
func unfit(w http.ResponseWriter, req *http.Request, s Source) outcome {
	switch {
	case req.Method != http.MethodPost && !(s.Get && req.Method == http.MethodGet):
		w.Header().Set("Allow", s.methods())
		s.answer(w, http.StatusMethodNotAllowed, "only "+s.methods()+" is taken here")
		return outcomeUnfit
	case !plain(req.Header.Get("Content-Encoding")):
		s.answer(w, http.StatusUnsupportedMediaType, "encoded bodies are not taken")
		return outcomeUnfit
	}
	return ""
}

// keep stores the push and answers.
func (r *Receiver) keep(w http.ResponseWriter, req *http.Request, s Source, contentType string, body []byte) outcome {
	lacks := ""
	switch {
	case s.Lacks != nil:
		lacks = s.Lacks(contentType, body)
	case len(body) == 0:
		lacks = "there is nothing in the push"
	}
	if lacks == "" && s.Redact != nil {
		if body = s.Redact(contentType, body); len(body) == 0 {
			lacks = "the push cannot be read"
		}
	}
	if lacks != "" {
		s.answer(w, http.StatusBadRequest, lacks)
		return outcomeUnfit
	}
	if err := r.store(req.Context(), s, contentType, body); err != nil {
		r.log.ErrorContext(req.Context(), "a push could not be stored", slog.String("source", s.Name), slog.Any("error", err))
		w.Header().Set("Retry-After", retryAfter)
		s.answer(w, http.StatusServiceUnavailable, "come again later")
		return outcomeUnavailable
	}
	s.answer(w, http.StatusOK, "")
	return outcomeStored
}

// store keeps the push. A provider that hangs up early does not stop it: there may be no second push.
func (r *Receiver) store(ctx context.Context, s Source, contentType string, body []byte) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeWithin)
	defer cancel()
	return r.inbox.Append(ctx, s.Name, contentType, body)
}

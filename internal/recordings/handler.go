package recordings

import (
	"io"
	"log/slog"
	"net/http"
	"time"
)

const (
	// answerWithin is how long a provider may take to begin.
	answerWithin = 20 * time.Second
	// maxRecording bounds one recording, in bytes: many hours of telephone speech.
	maxRecording = 512 << 20
)

// passed are the headers of a provider's answer that a player needs.
var passed = []string{"Content-Type", "Content-Length", "Content-Range", "Accept-Ranges", "Etag", "Last-Modified"}

// Handler serves recordings by their links: GET with the token as the path value "token".
type Handler struct {
	links  *Links
	own    Own
	client *http.Client
	log    *slog.Logger
}

// NewHandler makes a handler. own opens the recordings that the gateway keeps itself; nil when it keeps none.
func NewHandler(links *Links, own Own, log *slog.Logger) *Handler {
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, ResponseHeaderTimeout: answerWithin, MaxIdleConnsPerHost: 8, IdleConnTimeout: time.Minute,
	}
	return &Handler{links: links, own: own, log: log, client: &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Close drops idle connections.
func (h *Handler) Close() { h.client.CloseIdleConnections() }

// ServeHTTP passes a provider's recording on, or plays one of ours.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	recording, err := h.links.open(r.PathValue("token"))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	if isOwn(recording) {
		h.serveOwn(w, r, recording)
		return
	}
	req, err := http.NewRequestWithContext(r.Context(), http.MethodGet, recording, nil) //nolint:gosec // to an allowed host alone
	if err != nil {
		http.NotFound(w, r)
		return
	}
	if ranges := r.Header.Get("Range"); ranges != "" {
		req.Header.Set("Range", ranges)
	}
	res, err := h.client.Do(req) //nolint:gosec // as above
	if err != nil {              // its text holds the URL
		h.log.WarnContext(r.Context(), "a recording could not be fetched")
		http.Error(w, "the recording cannot be fetched at the moment", http.StatusBadGateway)
		return
	}
	defer func() { _ = res.Body.Close() }()
	switch res.StatusCode {
	case http.StatusOK, http.StatusPartialContent, http.StatusRequestedRangeNotSatisfiable:
	case http.StatusNotFound, http.StatusGone:
		http.NotFound(w, r)
		return
	default:
		h.log.WarnContext(r.Context(), "a recording was refused", "status", res.StatusCode)
		http.Error(w, "the recording cannot be fetched at the moment", http.StatusBadGateway)
		return
	}
	for _, name := range passed {
		if value := res.Header.Get(name); value != "" {
			w.Header().Set(name, value)
		}
	}
	w.Header().Set("Content-Disposition", "inline")
	w.WriteHeader(res.StatusCode)
	// Streams may take longer than an ordinary answer.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Time{})
	_, _ = io.Copy(w, io.LimitReader(res.Body, maxRecording)) // a listener who leaves needs no answer
}

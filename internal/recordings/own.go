package recordings

import (
	"io"
	"net/http"
	"strings"
	"time"

	helix "github.com/helix-engage/gateway"
)

// Own opens a recording that the gateway keeps itself, by its name; NOT_FOUND when there is none.
type Own func(name string) (content io.ReadSeekCloser, modified time.Time, err error)

// maxName is longer than any name of a recording of ours, in bytes.
const maxName = 200

// isOwn tells names of recordings of ours from URLs. Whether there is such a recording is the keeper's to say.
func isOwn(recording string) bool {
	return recording != "" && len(recording) <= maxName && !strings.ContainsAny(recording, `:\%?#`) && !strings.HasPrefix(recording, "/") &&
		!strings.Contains(recording, "..")
}

// serveOwn plays a recording of ours: a WAV file, of which a player may ask for parts.
func (h *Handler) serveOwn(w http.ResponseWriter, r *http.Request, name string) {
	if h.own == nil {
		http.NotFound(w, r)
		return
	}
	content, modified, err := h.own(name)
	switch {
	case helix.IsCode(err, helix.CodeNotFound):
		http.NotFound(w, r)
		return
	case err != nil:
		h.log.ErrorContext(r.Context(), "a recording could not be opened", "code", string(helix.AsError(err).Code)) // its text may hold the name
		http.Error(w, "the recording cannot be read at the moment", http.StatusInternalServerError)
		return
	}
	defer func() { _ = content.Close() }()
	header := w.Header()
	header.Set("Content-Type", "audio/wav")
	header.Set("Content-Disposition", "inline")
	header.Set("Cache-Control", "private, no-store") // what a patient said
	_ = http.NewResponseController(w).SetWriteDeadline(time.Time{})
	http.ServeContent(w, r, "", modified, content)
}

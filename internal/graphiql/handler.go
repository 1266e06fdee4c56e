package graphiql

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"
)

// Options configure the page. The zero value of each field means the default stated.
type Options struct {
	Path                 string // that the handler is mounted on, without a slash at its end; default "/graphiql"
	Title                string // of the page; default "GraphiQL"
	Endpoint             string // for queries and mutations, absolute or relative to the page; default "/graphql"
	SubscriptionEndpoint string // for subscriptions, http or ws; default: Endpoint
	DefaultQuery         string // in the editor at first
	DefaultHeaders       string // JSON in the header editor at first, e.g. {"Authorization": "Bearer …"}; never a real secret
}

// Handler serves the page at Options.Path and its files below it. It is safe for concurrent use.
type Handler struct {
	path   string
	files  map[string]file // by what follows the path: "" is the page
	policy string
}

// New prepares the page. It fails when an endpoint is not a URL or a file cannot be read.
func New(o Options) (*Handler, error) {
	orDefault(&o.Path, "/graphiql")
	orDefault(&o.Title, "GraphiQL")
	orDefault(&o.Endpoint, "/graphql")
	orDefault(&o.SubscriptionEndpoint, o.Endpoint)
	policy, err := contentPolicy(o.Endpoint, o.SubscriptionEndpoint)
	if err != nil {
		return nil, err
	}
	files, err := loadFiles()
	if err != nil {
		return nil, err
	}
	page, err := renderPage(o)
	if err != nil {
		return nil, err
	}
	if files[""], err = newFile("index.html", page); err != nil {
		return nil, err
	}
	return &Handler{path: o.Path, files: files, policy: policy}, nil
}

// ServeHTTP answers GET and HEAD for the page, with or without a slash at its end, and its files.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, below := strings.CutPrefix(r.URL.Path, h.path)
	f, known := h.files[strings.TrimPrefix(name, "/")]
	if !below || !known {
		http.NotFound(w, r)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "use GET", http.StatusMethodNotAllowed)
		return
	}
	header := w.Header()
	header.Set("Content-Security-Policy", h.policy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	f.serve(w, r)
}

// renderPage fills the page; the options go along as data, since the policy allows no inline script.
func renderPage(o Options) ([]byte, error) {
	page, err := template.ParseFS(ownFiles, "page/index.html")
	if err != nil {
		return nil, err
	}
	options, err := json.Marshal(map[string]string{
		"endpoint": o.Endpoint, "subscriptionEndpoint": o.SubscriptionEndpoint,
		"defaultQuery": o.DefaultQuery, "defaultHeaders": o.DefaultHeaders,
	})
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = page.Execute(&b, map[string]string{"Title": o.Title, "Path": o.Path, "Options": string(options)})
	return b.Bytes(), err
}

// contentPolicy allows our own files, the fonts and images within the style sheet, and the endpoints. Styles may be inline:
// GraphiQL's menus and dialogs insert style elements.
func contentPolicy(endpoints ...string) (string, error) {
	connect := "'self'"
	for _, endpoint := range endpoints {
		u, err := url.Parse(endpoint)
		if err != nil {
			return "", fmt.Errorf("graphiql: endpoint: %w", err)
		}
		if u.Host == "" {
			continue
		}
		origins := []string{u.Scheme + "://" + u.Host}
		if socket, ok := strings.CutPrefix(u.Scheme, "http"); ok {
			origins = append(origins, "ws"+socket+"://"+u.Host)
		}
		for _, origin := range origins {
			if !strings.Contains(connect, " "+origin) {
				connect += " " + origin
			}
		}
	}
	return "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src data:; " +
		"connect-src " + connect + "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'", nil
}

// fingerprint is the ETag of content, without quotes.
func fingerprint(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:12])
}

func orDefault(v *string, def string) {
	if *v == "" {
		*v = def
	}
}

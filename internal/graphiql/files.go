package graphiql

import (
	"bytes"
	"compress/gzip"
	"embed"
	"io"
	"net/http"
	"path"
	"strconv"
	"strings"
)

// ownFiles are the page and its script; index.html is a template.
//
//go:embed page
var ownFiles embed.FS

// vendored are the files of others, compressed.
//
//go:embed assets/*.gz
var vendored embed.FS

// file is one file in both forms.
type file struct {
	contentType string
	etag        string // without quotes
	plain       []byte // nil when only the compressed form is kept: nearly every client takes that
	compressed  []byte
}

// loadFiles reads what is embedded, by name without the .gz.
func loadFiles() (map[string]file, error) {
	files := make(map[string]file)
	entries, err := vendored.ReadDir("assets")
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		content, err := vendored.ReadFile("assets/" + e.Name())
		if err != nil {
			return nil, err
		}
		name := strings.TrimSuffix(e.Name(), ".gz")
		files[name] = file{contentType: contentType(name), etag: fingerprint(content), compressed: content}
	}
	for _, name := range []string{"page.js", "page.css"} {
		content, err := ownFiles.ReadFile("page/" + name)
		if err != nil {
			return nil, err
		}
		if files[name], err = newFile(name, content); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// newFile compresses a file of ours.
func newFile(name string, content []byte) (file, error) {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(content); err != nil {
		return file{}, err
	}
	if err := w.Close(); err != nil {
		return file{}, err
	}
	return file{contentType: contentType(name), etag: fingerprint(content), plain: content, compressed: b.Bytes()}, nil
}

// contentType does not ask package mime, which believes the machine's tables first.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	}
	return "text/html; charset=utf-8"
}

// serve writes the form that the client takes, or that it has it already. The ETag names the form as well, as RFC 9110
// 8.8.3 asks.
func (f file) serve(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Cache-Control", "no-cache") // ask each time; the ETag answers
	header.Set("Vary", "Accept-Encoding")
	etag, gzipped := `"`+f.etag+`"`, takesGzip(r.Header)
	if gzipped {
		etag = `"` + f.etag + `-gzip"`
	}
	header.Set("ETag", etag)
	if matches(r.Header, etag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	content := f.compressed
	if gzipped {
		header.Set("Content-Encoding", "gzip")
	} else {
		var err error
		if content, err = f.expand(); err != nil {
			http.Error(w, "the file cannot be read", http.StatusInternalServerError)
			return
		}
	}
	header.Set("Content-Type", f.contentType)
	header.Set("Content-Length", strconv.Itoa(len(content)))
	_, _ = w.Write(content) // net/http leaves the body of a HEAD out
}

func (f file) expand() ([]byte, error) {
	if f.plain != nil {
		return f.plain, nil
	}
	r, err := gzip.NewReader(bytes.NewReader(f.compressed))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

// takesGzip reads Accept-Encoding (RFC 9110, 12.5.3): gzip by name, or by the wildcard, unless with weight zero.
func takesGzip(header http.Header) bool {
	taken := false
	for element := range strings.SplitSeq(strings.Join(header.Values("Accept-Encoding"), ","), ",") {
		coding, weight, _ := strings.Cut(element, ";")
		refused := isZero(weight)
		switch strings.ToLower(strings.TrimSpace(coding)) {
		case "gzip", "x-gzip":
			return !refused
		case "*":
			taken = !refused
		}
	}
	return taken
}

// isZero tells whether a weight, "q=0.5", is zero.
func isZero(weight string) bool {
	q, ok := strings.CutPrefix(strings.ToLower(strings.ReplaceAll(weight, " ", "")), "q=")
	value, err := strconv.ParseFloat(q, 64)
	return ok && err == nil && value == 0
}

// matches tells whether If-None-Match names etag; weak names count (RFC 9110, 13.1.2).
func matches(header http.Header, etag string) bool {
	for element := range strings.SplitSeq(header.Get("If-None-Match"), ",") {
		given := strings.TrimPrefix(strings.TrimSpace(element), "W/")
		if given == etag || given == "*" {
			return true
		}
	}
	return false
}

package webhooks

import (
	"crypto/sha256"
	"crypto/subtle"
	"io"
	"net/http"
	"strings"
)

// secrets are the hashes of those accepted: values of one length, so that comparing tells nothing about a secret's.
type secrets [][sha256.Size]byte

func newSecrets(list []string) secrets {
	var s secrets
	for _, secret := range list {
		if secret != "" {
			s = append(s, sha256.Sum256([]byte(secret)))
		}
	}
	return s
}

// contain compares with all of them, whichever fits.
func (s secrets) contain(presented string) bool {
	hash := sha256.Sum256([]byte(presented))
	found := 0
	for i := range s {
		found |= subtle.ConstantTimeCompare(s[i][:], hash[:])
	}
	return found == 1
}

// plain reports whether a Content-Encoding leaves the body as it is.
func plain(encoding string) bool {
	return encoding == "" || strings.EqualFold(encoding, "identity")
}

// contentTypeForm is the type of a push that came in the query.
const contentTypeForm = "application/x-www-form-urlencoded"

// read gives the push. Receivers of Ozonetel's call-end push also saw it in the query, with no body (ozonetel.md 12.3);
// such a one is kept as the form that it is.
func read(w http.ResponseWriter, req *http.Request, most int64) (contentType string, body []byte, err error) {
	body, err = io.ReadAll(http.MaxBytesReader(w, req.Body, most))
	if err != nil {
		return "", nil, err
	}
	if len(body) == 0 {
		return contentTypeForm, []byte(req.URL.RawQuery), nil
	}
	return req.Header.Get("Content-Type"), body, nil
}

package recordings

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"net/url"
	"strings"
	"time"
)

// linkFor is how long a link works: long enough to listen, short enough not to be passed on.
const linkFor = 30 * time.Minute

// errLink is every reason not to follow a link.
var errLink = errors.New("recordings: no such link")

// Links makes and reads links. It is safe for concurrent use.
type Links struct {
	aead  cipher.AEAD
	hosts []string
	now   func() time.Time
}

// NewLinks makes links under a secret. hosts are those that recordings may be fetched from; one that begins with a dot
// stands for every name that ends so.
func NewLinks(secret []byte, hosts []string, now func() time.Time) (*Links, error) {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte("recordings"))
	block, err := aes.NewCipher(mac.Sum(nil))
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	return &Links{aead: aead, hosts: hosts, now: now}, err
}

// Token hides a recording's URL, or the name of one of ours, for a while; "" for a URL that could not be followed anyway.
func (l *Links) Token(recording string) string {
	if !l.allowed(recording) {
		return ""
	}
	plain := binary.BigEndian.AppendUint64(nil, uint64(l.now().Add(linkFor).Unix()))
	nonce := make([]byte, l.aead.NonceSize())
	_, _ = rand.Read(nonce) // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(l.aead.Seal(nonce, nonce, append(plain, recording...), nil))
}

// open gives the URL or name of a token.
func (l *Links) open(token string) (string, error) {
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(sealed) < l.aead.NonceSize() {
		return "", errLink
	}
	nonce, text := sealed[:l.aead.NonceSize()], sealed[l.aead.NonceSize():]
	plain, err := l.aead.Open(nil, nonce, text, nil)
	if err != nil || len(plain) < 8 {
		return "", errLink
	}
	recording := string(plain[8:])
	if l.now().Unix() >= int64(binary.BigEndian.Uint64(plain)) || !l.allowed(recording) {
		return "", errLink
	}
	return recording, nil
}

// allowed reports whether a recording may be fetched from where it is: from ourselves, or from a host that the operator
// allowed.
func (l *Links) allowed(recording string) bool {
	if isOwn(recording) {
		return true
	}
	u, err := url.Parse(recording)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.User != nil {
		return false
	}
	host := strings.ToLower(u.Hostname())
	for _, h := range l.hosts {
		if h = strings.ToLower(h); host == h || (strings.HasPrefix(h, ".") && strings.HasSuffix(host, h)) {
			return true
		}
	}
	return false
}

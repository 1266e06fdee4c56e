package providers

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"syscall"
	"time"

	helix "github.com/helix-engage/gateway"
)

// ErrCredentials is the cause of an error that only the operator can mend: the provider does not take the credentials
// that we have for it.
var ErrCredentials = errors.New("the provider does not accept our credentials")

// ErrTooLarge is the cause of an error about an answer with more bytes than its operation's MaxResponse.
var ErrTooLarge = errors.New("the answer is larger than the limit")

// Bounds of the pause before a repeat.
const (
	firstBackoff = 200 * time.Millisecond
	maxBackoff   = 5 * time.Second
)

// readable reports whether an answer of this status is the driver's to read. The others say that the server, not the
// request, is at fault.
func readable(status int) bool {
	return status/100 == 2 || status/100 == 4 && status != http.StatusTooManyRequests && status != http.StatusRequestTimeout
}

// judgeStatus codes an answer that is not readable.
func (c *Client) judgeStatus(op Operation, answer Response) *helix.Error {
	detail := "HTTP " + strconv.Itoa(answer.Status)
	if answer.Status == http.StatusTooManyRequests {
		return c.complete(op, &helix.Error{
			Code: helix.CodeTooManyRequests, Message: "too many requests: try again in a moment",
			Retryable: true, RetryAfter: RetryAfter(answer.Header, c.now()), Detail: detail,
		})
	}
	err := c.unreadable(op, detail)
	err.RetryAfter = RetryAfter(answer.Header, c.now())
	return err
}

// Refused codes a 4xx answer that the driver has no words for. The provider did not do what was asked.
func (c *Client) Refused(op Operation, r Response) *helix.Error {
	err := &helix.Error{Code: helix.CodeRejected, Message: "the provider refused the request", Detail: "HTTP " + strconv.Itoa(r.Status)}
	if r.Status == http.StatusUnauthorized || r.Status == http.StatusForbidden {
		err.Err = ErrCredentials
	}
	return c.complete(op, err)
}

// broken codes a network failure. connected reports whether the request had a connection to be written to.
func (c *Client) broken(ctx context.Context, op Operation, connected bool, cause error) *helix.Error {
	message := "the provider cannot be reached"
	if connected {
		message = "the provider did not answer"
	}
	err := &helix.Error{Code: helix.CodeUnavailable, Message: message, Retryable: true, Detail: Describe(cause), Err: ctx.Err()}
	if op.Safety == Once && connected {
		asUnknown(err)
	}
	return c.complete(op, err)
}

// unreadable codes an answer from which the outcome cannot be told.
func (c *Client) unreadable(op Operation, detail string) *helix.Error {
	err := &helix.Error{Code: helix.CodeUnavailable, Message: "the provider has a fault of its own", Retryable: true, Detail: detail}
	if op.Safety == Once {
		asUnknown(err)
	}
	return c.complete(op, err)
}

// tooLarge codes an answer that is longer than may be.
func (c *Client) tooLarge(op Operation) *helix.Error {
	err := c.unreadable(op, "the answer is larger than the limit")
	err.Err = ErrTooLarge
	return err
}

func asUnknown(err *helix.Error) {
	err.Code, err.Retryable = helix.CodeUnknownOutcome, false
	err.Message = "the provider did not say whether it was done"
}

// complete fills in who failed at what.
func (c *Client) complete(op Operation, err *helix.Error) *helix.Error {
	out := *err // the driver's error may be shared
	if out.Provider == "" {
		out.Provider = c.provider
	}
	if out.Op == "" {
		out.Op = op.Name
	}
	return &out
}

// Describe says what a network failure was without quoting it: texts of net/http may hold a piece of the answer.
func Describe(err error) string {
	var (
		errno syscall.Errno
		dns   *net.DNSError
		cert  *tls.CertificateVerificationError
		alert tls.AlertError
		plain tls.RecordHeaderError
		netw  net.Error
	)
	switch {
	case errors.Is(err, context.Canceled):
		return "the caller gave up"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &netw) && netw.Timeout():
		return "time-out"
	case errors.As(err, &dns):
		return "the host name does not resolve"
	case errors.As(err, &cert):
		return "the TLS certificate is not trusted"
	case errors.As(err, &alert), errors.As(err, &plain):
		return "TLS handshake failed"
	case errors.As(err, &errno):
		return errno.Error()
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the connection was closed early"
	default:
		return fmt.Sprintf("broken HTTP exchange (%T)", err)
	}
}

// RetryAfter reads the header in both its forms; zero when there is none.
func RetryAfter(h http.Header, now time.Time) time.Duration {
	text := h.Get("Retry-After")
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(at.Sub(now), 0)
	}
	return 0
}

// backoff is how long to wait before the attempt after this one: doubling, with jitter so that clients that failed
// together do not return together, and never less than the provider asked for.
func backoff(attempt int, asked time.Duration) time.Duration {
	d := min(firstBackoff<<(attempt-1), maxBackoff)
	d = d/2 + rand.N(d/2)
	return max(d, asked)
}

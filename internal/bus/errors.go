package bus

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

var (
	// ErrLocked says that another process holds the directory.
	ErrLocked = errors.New("bus: the data directory is in use by another process")
	// ErrNotFound says that there is no such key, message or dead letter.
	ErrNotFound = errors.New("bus: not found")
	// ErrConflict says that a compare-and-set lost: somebody else wrote first.
	ErrConflict = errors.New("bus: somebody else wrote first")
	// ErrFull says that a stream or bucket reached its limit and refuses new messages.
	ErrFull = errors.New("bus: full")
	// ErrTooLarge says that a message or value is larger than its stream or bucket takes.
	ErrTooLarge = errors.New("bus: message too large")
	// ErrUnavailable says that the server cannot be reached now.
	ErrUnavailable = errors.New("bus: unavailable")
	// ErrNotLeader says that another replica holds the lease.
	ErrNotLeader = errors.New("bus: another replica holds the lease")
)

// Permanent marks a handler's error as final: trying again would not help, the message becomes a dead letter. The
// error's text is kept as the reason and shown to operators; it must not hold patient data.
func Permanent(err error) error { return &permanentError{err} }

type permanentError struct{ err error }

func (e *permanentError) Error() string { return e.err.Error() }
func (e *permanentError) Unwrap() error { return e.err }

// IsPermanent reports whether err was made by [Permanent].
func IsPermanent(err error) bool {
	var p *permanentError
	return errors.As(err, &p)
}

// Codes of nats-server that nats.go has no name for.
const (
	codeClusterUnavailable    jetstream.ErrorCode = 10008 // while it chooses its leader
	codeClusterNotLeader      jetstream.ErrorCode = 10009
	codeInsufficientResources jetstream.ErrorCode = 10023
	codeStorageExceeded       jetstream.ErrorCode = 10047
	codeStoreFailed           jetstream.ErrorCode = 10077 // the description says why
)

// translate gives an error of NATS the meaning it has for callers; op says what was tried. The cause stays wrapped.
func translate(op string, err error) error {
	if err == nil {
		return nil
	}
	if kind := kindOf(err); kind != nil {
		return fmt.Errorf("%s: %w: %w", op, kind, err)
	}
	return fmt.Errorf("%s: %w", op, err)
}

func kindOf(err error) error {
	var api *jetstream.APIError
	switch {
	case errors.Is(err, jetstream.ErrKeyExists), errors.Is(err, jetstream.ErrKeyRevisionMismatch):
		return ErrConflict
	case errors.Is(err, jetstream.ErrKeyNotFound), errors.Is(err, jetstream.ErrMsgNotFound):
		return ErrNotFound
	case errors.Is(err, nats.ErrMaxPayload):
		return ErrTooLarge
	case errors.As(err, &api):
		switch api.ErrorCode {
		case jetstream.JSErrCodeStreamWrongLastSequence, jetstream.JSErrCodeStreamWrongLastSequenceConstant:
			return ErrConflict
		case jetstream.JSErrCodeStreamMessageExceedsMaximum:
			return ErrTooLarge
		case codeInsufficientResources, codeStorageExceeded:
			return ErrFull
		case codeClusterUnavailable, codeClusterNotLeader:
			return ErrUnavailable
		case codeStoreFailed:
			if strings.Contains(api.Description, "exceeded") { // "maximum messages exceeded", "maximum bytes exceeded"
				return ErrFull
			}
			return ErrUnavailable
		}
	case errors.Is(err, context.Canceled):
		return nil
	case errors.Is(err, nats.ErrConnectionClosed), errors.Is(err, nats.ErrNoResponders), errors.Is(err, nats.ErrTimeout),
		errors.Is(err, nats.ErrReconnectBufExceeded), errors.Is(err, nats.ErrConnectionReconnecting),
		errors.Is(err, nats.ErrDisconnected), errors.Is(err, jetstream.ErrNoStreamResponse),
		errors.Is(err, context.DeadlineExceeded):
		return ErrUnavailable
	}
	return nil
}

package bus

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
)

// Pushes that arrive together are stored as one message, so that one sync of the disk serves them all. The subject of
// such a group is inbox.group.<number of pushes>; a push that came alone is a message of its own, inbox.<source>, with
// its fields in headers. The data of a group, version 1:
//
//	byte     1
//	then, for each push:
//	  uvarint  when it was received, in nanoseconds since 1970 (0: not told)
//	  uvarint  length, then bytes: its source
//	  uvarint  length, then bytes: its content type
//	  uvarint  length, then bytes: its trace context
//	  uvarint  length, then bytes: its body
const (
	groupVersion = 1
	groupSubject = "inbox.group."
	// maxGroup is how many pushes a message has at most: what fits the bits that say which are settled.
	maxGroup = 64
	// maxGroupBytes leaves room in a message for what the server adds.
	maxGroupBytes = MaxInboxMessage - 1<<10
)

var errBadGroup = errors.New("a group of pushes that cannot be read")

// pushID names a push in the inbox: by its message and its place in that. It grows in the order of arrival.
type pushID uint64

func newPushID(sequence uint64, index int) pushID { return pushID(sequence<<8 | uint64(index)) }

func (id pushID) sequence() uint64 { return uint64(id) >> 8 }
func (id pushID) index() int       { return int(id & 0xff) }
func (id pushID) String() string   { return fmt.Sprintf("%d.%d", id.sequence(), id.index()) }

// packPushes makes one message of several pushes.
func packPushes(pushes []InboxMessage) *nats.Msg {
	size := 1
	for _, m := range pushes {
		size += packedSize(m)
	}
	data := append(make([]byte, 0, size), groupVersion)
	for _, m := range pushes {
		var at uint64
		if nanos := m.ReceivedAt.UnixNano(); nanos > 0 { // the year 1 is far below
			at = uint64(nanos)
		}
		data = binary.AppendUvarint(data, at)
		for _, text := range []string{m.Source, m.ContentType, m.Traceparent} {
			data = append(binary.AppendUvarint(data, uint64(len(text))), text...)
		}
		data = append(binary.AppendUvarint(data, uint64(len(m.Body))), m.Body...)
	}
	return &nats.Msg{Subject: groupSubject + strconv.Itoa(len(pushes)), Data: data}
}

// packedSize is the most bytes that a push takes in a group.
func packedSize(m InboxMessage) int {
	return 5*binary.MaxVarintLen64 + len(m.Source) + len(m.ContentType) + len(m.Traceparent) + len(m.Body)
}

// unpackPushes reads the pushes of a stored message of either kind; their bodies are parts of data. at stands in for
// times of receipt that are not told.
func unpackPushes(subject string, h nats.Header, data []byte, at time.Time) ([]InboxMessage, error) {
	if !strings.HasPrefix(subject, groupSubject) {
		return []InboxMessage{inboxMessage(h, data, at)}, nil
	}
	if len(data) == 0 || data[0] != groupVersion {
		return nil, errBadGroup
	}
	var pushes []InboxMessage
	for r := (reader{left: data[1:]}); len(r.left) > 0; {
		m := InboxMessage{ReceivedAt: at}
		if nanos := r.number(); nanos > 0 {
			m.ReceivedAt = time.Unix(0, int64(nanos)).UTC()
		}
		m.Source, m.ContentType, m.Traceparent, m.Body = string(r.bytes()), string(r.bytes()), string(r.bytes()), r.bytes()
		if r.broken {
			return nil, errBadGroup
		}
		pushes = append(pushes, m)
	}
	if len(pushes) != pushesOf(subject) {
		return nil, errBadGroup
	}
	return pushes, nil
}

// pushesOf is how many pushes a message of this subject has.
func pushesOf(subject string) int {
	if number, ok := strings.CutPrefix(subject, groupSubject); ok {
		if n, err := strconv.Atoi(number); err == nil && 0 < n && n <= maxGroup {
			return n
		}
	}
	return 1
}

// reader takes fields from the front of what is left. After one that is cut off it is broken and gives nothing.
type reader struct {
	left   []byte
	broken bool
}

func (r *reader) number() uint64 {
	n, size := binary.Uvarint(r.left)
	if size <= 0 {
		r.left, r.broken = nil, true
		return 0
	}
	r.left = r.left[size:]
	return n
}

func (r *reader) bytes() []byte {
	n := r.number()
	if n > uint64(len(r.left)) {
		r.left, r.broken = nil, true
		return nil
	}
	taken := r.left[:n:n]
	r.left = r.left[n:]
	return taken
}

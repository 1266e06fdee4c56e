package streaming

import (
	"encoding/binary"
	"math/rand/v2"
	"unicode/utf8"
)

// Opcodes of frames (RFC 6455, 5.2).
const (
	opContinuation = 0x0
	opText         = 0x1
	opBinary       = 0x2
	opClose        = 0x8
	opPing         = 0x9
	opPong         = 0xa
)

const (
	finBit     = 0x80
	maskBit    = 0x80
	length16   = 126 // the length follows in two bytes
	length64   = 127 // or in eight
	maxControl = 125 // payload of a control frame, in bytes
	maxHeader  = 14
)

// Codes of close frames (RFC 6455, 7.4.1).
const (
	closeNormal    = 1000
	closeGoingAway = 1001
	closeProtocol  = 1002
	closeNoStatus  = 1005 // never sent: the frame held no code
	closeAbnormal  = 1006 // never sent: there was no frame
	closePolicy    = 1008
	closeTooBig    = 1009
	closeInternal  = 1011
	closeTryLater  = 1013
)

// beginFrame makes room for the header of a frame at the end of dst; the payload is appended next.
func beginFrame(dst []byte) (out []byte, at int) {
	at = len(dst)
	return append(dst, make([]byte, maxHeader)...), at
}

// endFrame writes the header of the frame that was begun at at, and masks the payload of a client.
func endFrame(dst []byte, at int, op byte, client bool) []byte {
	payload := dst[at+maxHeader:]
	head := dst[at : at : at+maxHeader]
	var mask byte
	if client {
		mask = maskBit
	}
	switch n := len(payload); {
	case n < length16:
		head = append(head, finBit|op, mask|byte(n))
	case n < 1<<16:
		head = append(head, finBit|op, mask|length16, byte(n>>8), byte(n))
	default:
		head = binary.BigEndian.AppendUint64(append(head, finBit|op, mask|length64), uint64(n))
	}
	if client {
		key := rand.Uint32() // ChaCha8 keyed by the system: not to be foreseen by whoever writes the payload
		head = binary.LittleEndian.AppendUint32(head, key)
		applyMask(payload, key)
	}
	copy(dst[at+len(head):], payload)
	return dst[:at+len(head)+len(payload)]
}

// appendFrame appends a whole frame.
func appendFrame(dst []byte, op byte, payload []byte, client bool) []byte {
	dst, at := beginFrame(dst)
	return endFrame(append(dst, payload...), at, op, client)
}

// appendClose appends a close frame; the reason is cut to what fits.
func appendClose(dst []byte, code int, reason string, client bool) []byte {
	for len(reason) > maxControl-2 || !utf8.ValidString(reason) {
		reason = reason[:len(reason)-1]
	}
	dst, at := beginFrame(dst)
	dst = binary.BigEndian.AppendUint16(dst, uint16(code))
	return endFrame(append(dst, reason...), at, opClose, client)
}

// applyMask masks or unmasks: key's first byte on the wire is its lowest.
func applyMask(b []byte, key uint32) {
	wide := uint64(key)<<32 | uint64(key)
	for len(b) >= 8 {
		binary.LittleEndian.PutUint64(b, binary.LittleEndian.Uint64(b)^wide)
		b = b[8:]
	}
	for i := range b {
		b[i] ^= byte(key >> (8 * (i % 4)))
	}
}

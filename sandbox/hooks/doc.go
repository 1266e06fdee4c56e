// Package hooks delivers the webhooks of an emulator: one after the other, repeated when the receiver does not take them, and going wrong
// on purpose.
//
// Invariants: webhooks leave in the order submitted, apart from those delayed, held back or repeated. A webhook is made when it is sent, so
// that the time and the signature in it are those of sending. Bounds: 1,024 wait to be sent and 1,024 for a later time; more are
// dropped and counted. Failure policy: what is not answered 2xx within 5 s is repeated up to the number of tries, then counted as failed.
// No URL, header or body is logged.
package hooks

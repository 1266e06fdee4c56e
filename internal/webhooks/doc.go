// Package webhooks owns what providers push to us: it checks who pushes, stores the raw body, and answers.
//
//	POST /webhooks/<provider>/<what>/{secret}           the secret in the path, for providers that can only be given a URL
//	POST /webhooks/<provider>/<what>                    the secret in the header X-Webhook-Secret
//	POST /webhooks/<provider>                           signed with the secret, by a provider that does so (FortyTwo, ElevenLabs)
//
// The answers, in the order of the checks:
//
//	404  wrong or missing secret, or the source has none; a signature that is wrong, missing, ahead of us by more than
//	     five minutes or older than its source allows; the same text as for a path that does not exist
//	405  not a POST, nor a GET where the source takes those
//	415  an encoded body (gzip)
//	413  a body larger than the source allows, 500 KiB where it does not say
//	400  nothing in body and query, a body that cannot be read, or one that lacks what its source needs
//	503  the inbox does not take it; Retry-After says when to come again
//	200  the push is on disk; or its signature was seen before, and it was stored then
//
// Invariants:
//   - 200 is answered only when the body is stored durably. What is answered 200 is never lost.
//   - Keys that a provider puts into a body are removed before it is stored, and so is what we need not know.
//   - A secret or signature is compared in constant time, with every configured one, so that secrets can be rotated.
//   - A replayed signature changes nothing: the last 16,384 of a source are remembered by the process that stored their
//     pushes, more than honest providers send while a signature is good; beyond that, or on another replica, the replay is stored
//     once more and handled without effect, like every delivery that repeats.
//   - Nothing of a body, a path or a query gets into a log line, a metric or an error.
//
// Failure policy: a push that is not empty is stored as it is, however odd it looks, unless its source says what it lacks. Decoding comes later, where a
// push that cannot be decoded is kept as a dead letter and an operator can replay it after a fix; a provider that gets
// a 400 only forgets it.
//
// The package refuses to decode: what a body means is the provider package's business. A new source is another [Source]
// in main; one that signs its pushes brings a [Seal].
package webhooks

// Package elevenlabs drives a workspace of ElevenLabs Agents: where a conversation is opened, what was said in it, what
// the workspace reports, and the dialect of the conversation's socket.
//
// It owns the translation between ElevenLabs' wire formats and the words of package helix. The protocol is described in
// elevenlabs.md; numbers in comments are its sections.
//
//	Address ── signed URL ── (streaming opens it) ── Voice: frames
//
//	Conversation ────────────────────┐
//	ReduceWebhook, DecodeWebhook ── record ── helix.Conversation
//
//	Check ── a list and an address ── whether the workspace answers, takes our key and has the agent
//
//	Voice.Decode ── scan: audio and pings, no allocation ──┐
//	             └─ anything that surprises the scanner ── encoding/json ── helix.VoiceFrame
//
// Invariants:
//   - What the scanner accepts means the same to encoding/json; a fuzz target holds them together. It only is faster.
//   - A conversation belongs to a call of ours by the variable `call_session_id`, which we send at its start and which
//     nobody else can set; `user_id` stands in where it is missing.
//   - Names of variables that the provider reserves are refused, so that data of the CRM can pose as none of them.
//   - Signed URLs, keys, webhook secrets, and what we told the agent of the patient appear in no error and no frame of
//     fault, whatever the provider quotes.
//
// Failure policy: unknown frames, kinds of webhooks and fields are passed over, fields of the wrong type count as
// missing. An error code of the API that we know decides, else the HTTP status. Which ends of a conversation are worth
// another one is a table. A workspace without a key answers every request with NOT_CONFIGURED and still decodes.
//
// Bounds: 8 signatures in a header, 200 variables of 4 KB each, and those of package helix for transcript and collected
// data.
//
// It refuses to judge a webhook's signature, which it only reads: keys, age and repetitions are the business of whoever
// takes webhooks in. It neither opens nor paces sockets.
package elevenlabs

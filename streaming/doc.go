// Package streaming owns a call's audio while it lasts: the telephony provider's socket on one side, the voice agent's on the
// other, and what happens in between. It knows neither provider: their dialects come as a [Line] and a [Voice].
//
//	            listen ──> ear ──> uplink ──> writer
//	telephone ─┤                                     ├─ voice agent
//	            writer <── playout <────────── read
//	                └──────── tape ──> recordings
//
// Read words.go first (the interfaces), then call.go (one call from its socket to its result), playout.go (what the patient
// hears, and when) and voice.go (one conversation with an agent). frame.go and conn.go read and write WebSocket frames:
// gorilla/websocket does the handshakes, and allocates for each message after that, which this package may not.
//
// # Invariants
//
//   - A call has at most one stream, a socket one reader and one writer. Nothing else writes to it.
//   - The reader of one side never waits for the other side, for the owner of the calls or for a disk.
//   - Samples keep their order and none is lost but at a bound named below, where it is counted.
//   - The line is at most [LineSettings].Ahead and one chunk ahead of the clock, and does not run dry while there is audio.
//   - After an interruption nothing of the agent's turn is sent: the queue is emptied, the line is told once, and later audio
//     of that event or an earlier one is dropped. Only what the patient said before the greeting does not cut it.
//   - A call ends at most a minute after its maximum, whatever its peers do, and its owner is told once.
//   - In the steady state a frame costs no allocation.
//
// # Bounds and what happens at them
//
//   - Streams: [Options].Capacity, then a socket is closed with 1013. Calls in progress do not notice.
//   - Caller's audio without an agent: [LineSettings].Early, the oldest is dropped. With an agent who does not read: twice that.
//   - Agent's audio not yet sent: [LineSettings].MaxQueued, the newest is dropped.
//   - A message: 64 KB of a line, 4 MB of an agent; then the socket is closed with 1009.
//   - Messages that make no sense: 50 of a socket; then the call ends, or another agent is called.
//   - Reports to the owner of the calls: 256; more are left out. Tools that run: 4; more are answered with an error.
//   - Chunks of a recording that the disk has not taken: 8 of a call; then there is silence in their place.
//
// # Close codes
//
// 1000 normal, 1002 breach of the protocol, 1008 unknown, expired or used token and a second stream, 1009 message too large,
// 1013 full or stopping.
//
// # Failure policy
//
// An agent who cannot be reached within ten seconds, or is lost and not replaced within five, ends the call: by a transfer where
// the plan names somebody, else by a good-bye, and with VOICE_FAILED, so that somebody calls back. Meanwhile the patient hears
// that the line is alive, after a second of silence. A line that is silent (as a socket), never reads or answers no pings is
// given up. A call that cannot be recorded goes on without. A shutdown waits for calls and then ends them politely.
//
// It refuses to decide who is called, to repeat a call, or to know what was collected: that is its owner's.
package streaming

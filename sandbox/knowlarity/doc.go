// Package knowlarity emulates the telephony provider of outbound calls over real HTTP and WebSockets: its REST API, its callbacks, and the
// phones of the patients whom it dials, who listen and speak. It is written from the provider's protocol alone (section numbers below are those
// of protocols/knowlarity.md) and imports nothing of the gateway, so that the two cannot share a misreading.
//
// # A call
//
//	placed --> ringing --> answered: prompt played, then the stream --> ended: completed
//	                  \--> ended: busy, no_answer, rejected
//
// What the patient does is his Script: whether and when he answers, when he hangs up, what he says. By default he answers after a second
// and is attentive: he answers the questions of the sandbox's voice agent. On answer the call plays its prompt, then dials the stream's URL as the
// module mod_audio_fork does (6.1): metadata, then frames of 20 ms in real time. Each playAudio is a file; files are played one after the
// other in real time; killAudio stops the one that is played. What the patient heard and when is in View.Moments.
//
// # Emulated
//
//	1    x-api-key (403) and authorization (401), the channel in the path
//	2.1  makecall    2.2 click2call    2.3 campaign: order, list, start and stop, add numbers
//	2.4  a call with an inline flow, at Options.FlowPath: a play node, then a stream node
//	3    calllog     4   notifications, and the event stream
//	5    callbacks in all three shapes
//	6    update_wss_url; the stream with the dialects V, H, T and Python, and the ways to disturb of StreamSettings
//
// Calls without a flow stream to the URL of their virtual number; without one they end when the prompt has been played.
//
// Chosen here because the protocol does not say: the flow's path and answer, hangup_cause, that killAudio leaves queued files
// (the harder case; the module itself asks for a break of all, which StreamSettings.KillAll plays) and that disconnect hangs up at once, whatever is queued (View.Unheard).
//
// What we do wrong is in View.Violations. Requests and callbacks go wrong by packages faults and hooks.
//
// Bounds: 2,000 open calls (refused beyond), the latest 5,000 remembered, 2,000 moments and 100 violations each, 100 scripted numbers, 3 min of
// kept sound a call (Options.KeepAudio), 60 s of queued files, 32 event streams of 64 events. Phones ring and callbacks leave on the
// timeline; talk is in real time, divided by Options.Pace. The URL of a stream is never shown nor logged.
package knowlarity

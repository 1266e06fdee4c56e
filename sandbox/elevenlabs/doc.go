// Package elevenlabs emulates the voice provider's agents platform over real HTTP and WebSockets: signed addresses, conversations with
// real speech, their records, and the webhook after a call. It is written from the provider's protocol alone (section numbers below are
// those of protocols/elevenlabs.md) and imports nothing of the gateway, so that the two cannot share a misreading.
//
// # A conversation
//
//	opened --initiation frame--> (waiting) --metadata--> agent speaks <--> caller speaks --end_call, close, fault--> processing --> done
//	       \--refused: 3000, 3008, 1008 with an error frame                                                              \--> failed
//
// The agent follows its script: for each step it asks, listens until the caller has been silent for 500 ms, tells what it understood, saves it by
// the client tool save_patient_data, waits for the result, and at the end says good-bye and calls end_call. Speech is found in the
// caller's sound by its energy and recognised when it is one of the sandbox's sentences; other speech is taken for the answer that the
// script expects. Speech while the agent speaks is an interruption: the audio not yet sent is dropped, the response corrected, and the
// question asked again if it was not answered.
//
// # Emulated
//
//	1, 7  get-signed-url and its older alias: 15 min, once only with include_conversation_id; conversations, one, list, audio
//	2     the initiation frame: variables that are missing, overrides that are not allowed, text_only
//	3     audio, pong, client_tool_result, user_message, user_activity, contextual_update, feedback
//	4     metadata, audio (faster than real time, one event id for each response), interruption, ping, user_transcript, agent_response,
//	      agent_response_correction, client_tool_call, agent_tool_response (end_call), vad_score when enabled, queue_status
//	5, 6  error frames, close codes, concurrency
//	8     post_call_transcription and post_call_audio with signatures
//
// Frames wait 50 ms after the metadata because the official client loses what comes earlier (10). Faults of conversations are those of
// FaultKind; requests and webhooks go wrong by packages faults and hooks.
//
// Chosen here because the protocol does not say: the period of pings (2 s), when the server closes after end_call (500 ms after its last
// audio frame is sent, whether or not it has been played), the texts of reasons.
//
// What a peer does wrong is in View.Violations: it is noted and, as the provider would, mostly tolerated.
//
// Bounds: 2,000 open conversations (3008 beyond), the latest 5,000 remembered, 1,000 transcript lines and 100 violations each, 10,000
// signed addresses, 3 min of kept sound a conversation (Options.KeepAudio). Conversations run in real time, divided by Options.Pace; webhooks, analysis and expiry follow the timeline.
package elevenlabs

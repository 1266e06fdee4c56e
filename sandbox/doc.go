// Package sandbox runs emulators of the outside systems on ports of their own, with simulated traffic and a control server, so that
// the gateway, its tests and a person with a browser need nothing else. It imports nothing of the gateway: an emulator must not repeat
// our misreading of a protocol.
//
//	sandbox/fortytwo   the CRM                    127.0.0.1:4101
//	sandbox/ozonetel   the telephony account      127.0.0.1:4102 (the event subscription host too)
//	sandbox/knowlarity the account that dials     127.0.0.1:4103, and the patients whom it dials
//	sandbox/elevenlabs the voice agents           127.0.0.1:4104
//	control            this package               127.0.0.1:4109, index at GET /sandbox
//	sandbox/timeline   the time that all of them share
//	sandbox/faults     books of faults and logs of requests
//	sandbox/hooks      delivery of callbacks and webhooks, and what goes wrong with it
//	sandbox/speech     what patients and voice agents say, and how they understand each other
//
// Each emulator's doc.go lists the endpoints it answers, with the sections of the protocol they follow, and what it leaves out.
//
// Outbound AI calls happen because somebody asks for them, whatever the traffic: a patient answers, listens and answers the voice agent's
// questions unless PUT /sandbox/knowlarity/patients says otherwise. Beside the agent of the hospital there is one that needs no signed
// address, agent_sandbox_public.
//
// Traffic off: nothing happens by itself; calls ring in, are offered, answered and ended by the control server or the levers of
// ozonetel.Server. A manual dial does proceed by itself, because somebody asked for it: the agent's phone is picked up, the customer
// behaves as POST /sandbox/dials/next said, or answers and stays. Calm and busy: callers ring in, READY agents are offered their calls,
// and every phone is picked up by itself; colleagues whom nobody plays also dispose by themselves, while agent1 and agent2 stay in
// after-call work until somebody disposes or the wrap-up timer runs out.
//
// Invariants: the same seed plays the same traffic, whatever the gateway does in between (who answers depends on who is READY). New has
// the ports, so the URLs are known before Run. Failure policy: a call that cannot ring in (too many are open) is logged and left out; a
// push that the gateway does not take is repeated, then given up and counted (GET /sandbox/pushes). Bounds are those of the emulators.
//
// The control server has no authentication and changes anything: it listens on the loopback interface unless told otherwise.
package sandbox

// Package ozonetel emulates the telephony vendor's CloudAgent over real HTTP: one account with one campaign, its agents, its calls, and
// the pushes it makes. It is written from the vendor's protocol alone (section numbers below are those of protocols/ozonetel.md) and
// imports nothing of the gateway, so that the two cannot share a misreading.
//
// # States
//
// Agents (the table is agentMoves):
//
//	OFFLINE --login--> IDLE --Ready--> READY --offer, dial--> CALLING --answer--> INCALL
//	   ^                 |             |   ^                     |                  |
//	   |               Pause         Pause |   ring ended        | customer did    hang-up
//	   |                 v             v   |<--------------------+ not answer       |
//	   |               PAUSED <---Ready--> +                     v                  v
//	   +--- logout, from any state         +<--dispose, wrap-up timer------------- ACW
//
// Calls (the table is callMoves):
//
//	inbound: queued <--not picked up--> agent-ringing --> answered --> ended
//	manual:            agent-ringing --> customer-ringing --> answered --> ended
//	every state can end: abandoned, busy, no answer, hang-up, logout
//
// # Emulated
//
//	1     generateToken and its aliases: 60 min, 10 an hour, a new token kills the earlier ones; both account modes of section 0
//	2     AgentAuthenticationV2
//	3     changeAgentState, StateChange.php
//	4     DispositionAPIV2: Set, get; DispositionAPIV3.php, DispositionAPI.php: get
//	5     AgentManualDial, by agent and by skill, AgentManualDial.php, PhoneManualDial
//	6     CallControl_V4 and its legacy path, with conference parties and transfer; releaseFwpNumber
//	7     Record.php, pause and unPause
//	8     abandonCalls
//	9     fetchCDRDetails, fetchCdrByPagination, fetchCdrByUCID
//	10    summaryReport, AHT
//	11    getAgentLogins, AgentDetails, campaignStatus, setCampaignStatus, phoneManageV2
//	12.1  subscribe, subscriptions/list, un-subscribe
//	12.2  call and agent events
//	12.3  CDR push, at hang-up without and later with the disposition
//	12.4  screen pop
//
// Not emulated: the legacy CDR and login reports, KooKoo (13, 14), campaign data (15). A further endpoint is one method answering a
// request and one row in Server.endpoints.
//
// Where the protocol is silent the comment at the endpoint says what was chosen: DispositionAPIV2 for an unknown label,
// AgentAuthenticationV2 for a missing number, AgentDetails for an agent who is logged out, and so on.
//
// # Time, people, faults
//
// All time comes from a timeline.Timeline: under Run it follows the clock, in a test Advance moves it and no test needs to sleep. The
// people on the phones follow CallerPlan and DialPlan, or the levers RingIn, Offer, Answer, JoinConference, Hangup, Abandon. Fail,
// FailPushes, ExpireToken, StealToken and StickLine break things on purpose, SetRateLimits decides how limits are enforced, and a plan
// that is Unpushed keeps a call from every push. Requests and RequestCount tell what was received ("how many dials?").
//
// # Invariants and limits
//
// UCIDs rise and are decided by seed and start. An agent has at most one call. A call that no agent was offered has no call event. An
// answered call stays one call whoever joins or leaves it: it ends with its customer, or with the last of the others.
//
// At most 1,000 calls are open (then ErrFull) and 5,000 remembered by Calls; the reports know the 100,000 that ended last, of 15 days,
// and 31 days of each agent's work. 1,000 requests are logged; 100 faults of requests, 100 of pushes and 100 dial plans wait; 1,024 pushes
// wait for a sender in each of three lanes and 1,024 for another attempt (then dropped and counted). A push is given up after HitTries
// attempts, a screen pop after one. Nothing is stored: a restart is a new account. Nobody should face it to a network: it hands out its
// state to anyone with the published credentials.
package ozonetel

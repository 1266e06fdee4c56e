package main

import (
	"testing"
	"time"

	"github.com/helix-engage/gateway/sandbox/fortytwo"
)

// cells is what the callers are answered with who are somebody here; see [outsiders] for the others.
type cells struct {
	member, other, supervisor, agent string
	open                             bool // to outsiders too
	crm                              bool // to keys of the CRM, which are forbidden else
}

func (c cells) of(who column) string {
	switch who {
	case asMember:
		return c.member
	case asOther:
		return c.other
	case asSupervisor:
		return c.supervisor
	case asAgent:
		return c.agent
	default:
		if c.open || (c.crm && who == asCRMKey) {
			return allowed
		}
		return outsiders[who]
	}
}

// row is an operation with what each kind of caller is answered.
type row struct {
	field, document string
	want            cells
	open            bool                                // what it answers is nobody's in particular
	with            map[string]any                      // variables
	of              func(*stage, column) map[string]any // more of them
	before          func(*stage)                        // puts things as the row needs them
	poke            func(st *stage, i int)              // makes happen what is listened to
}

func (r row) variables(st *stage, who column) map[string]any {
	if r.of != nil {
		return r.of(st, who)
	}
	return r.with
}

// What those who are somebody here may do.
var (
	atDesk      = cells{member: notAnAgent, supervisor: notAnAgent}                   // each agent at his own desk
	ownCall     = cells{member: notAnAgent, other: forbidden, supervisor: notAnAgent} // the agent whose call it is
	seen        = cells{member: forbidden}                                            // agents and supervisors
	supervised  = cells{member: forbidden, other: forbidden}                          // the agent and supervisors
	supervisors = cells{member: forbidden, other: forbidden, agent: forbidden}        // supervisors alone
	heldByOne   = cells{member: forbidden, other: conflict}                           // who holds it and supervisors
	everybody   = cells{open: true}

	theCRM    = cells{crm: true, member: forbidden, other: forbidden, agent: forbidden, supervisor: forbidden} // which asks for calls
	onlookers = cells{crm: true, member: forbidden, other: forbidden, agent: forbidden}                        // the CRM and supervisors

	supervisorsInVain = cells{member: forbidden, other: forbidden, agent: forbidden, supervisor: "NOT_FOUND"} // there is none
)

// matrix says who may call what (api.md). Rows are asked in this order: some make the next possible.
var matrix = []row{
	{
		field: "Mutation.signIn", want: everybody, open: true,
		document: `mutation { signIn(input: {email: "asha@sandbox.test", password: "sandbox"}) { error { code } } }`,
	},
	{
		field: "Mutation.refreshSession", want: everybody, open: true,
		document: `mutation($t: String!) { refreshSession(input: {refreshToken: $t}) { error { code } } }`,
		of:       func(st *stage, _ column) map[string]any { return map[string]any{"t": st.refresh} },
	},

	{field: "Query.viewer", want: cells{}, document: `{ viewer { user { id } agent { id currentCall { id phone } } roles } }`},
	{field: "Query.worklist", want: seen, document: `{ worklist { totalCount edges { node { id kind phone } } } }`},
	{
		field: "Query.missedCallQueue", want: seen,
		document: `{ missedCallQueue { groups { count items { edges { node { id phone } } } } } }`,
	},
	{
		field: "Query.abandonedCalls", want: seen, open: true,
		document: `query($f: DateTime!, $t: DateTime!) { abandonedCalls(from: $f, to: $t) { id phone } }`,
		with:     map[string]any{"f": "2026-01-01T00:00:00Z", "t": "2126-01-01T00:00:00Z"},
	},
	{field: "Query.search", want: seen, document: `{ search(query: "zz") { totalCount } }`},
	{field: "Query.callerProfile", want: seen, document: `{ callerProfile(phone: "+919800000001") { known } }`},
	{
		field: "Query.callHistory", want: supervised,
		document: `query($d: Date!) { callHistory(date: $d, agentId: "agent1") { edges { node { id phone } } } }`,
		of:       today,
	},
	{
		field: "Query.agentPerformance", want: supervised,
		document: `query($d: Date!) { agentPerformance(date: $d, agentId: "agent1") { calls { total } } }`,
		of:       today,
	},
	{
		field: "Query.outboundCalls", want: onlookers,
		document: `{ outboundCalls { totalCount edges { node { id patient { name phoneNumber } } } } }`,
	},
	{
		field: "Query.outboundCall", want: onlookers,
		document: `query($o: ID!) { outboundCall(id: $o) { id state patient { name phoneNumber } } }`, of: theOutboundCall,
	},
	{field: "Query.outboundStatistics", want: onlookers, document: `{ outboundStatistics { active byState { state count } } }`},
	{field: "Query.dispositions", want: atDesk, document: `{ dispositions }`},
	{field: "Query.deadLetters", want: supervisors, document: `{ deadLetters { totalCount } }`},
	{field: "Query.erasures", want: supervisors, document: `{ erasures { totalCount } }`},
	{field: "Query.eventLogCheck", want: supervisors, document: `{ eventLogCheck { __typename } }`},
	{field: "Query.agents", want: supervisors, document: `{ agents { id currentCall { id } } }`},
	{field: "Query.liveCalls", want: seen, document: `{ liveCalls { id phone } }`},
	{
		field: "Query.callTimeline", want: supervised,
		document: `query($c: ID!) { callTimeline(callId: $c) { edges { node { callId phone } } } }`,
		of:       theCall,
	},
	{field: "Query._service", want: cells{crm: true}, document: `{ _service { sdl } }`},
	{
		field: "Query._entities", want: cells{}, document: `query($l: [_Any!]!) { _entities(representations: $l) { ... on Lead { id } } }`,
		of: func(st *stage, _ column) map[string]any {
			return map[string]any{"l": []any{map[string]any{"__typename": "Lead", "id": st.sandbox.FortyTwo().SeedFacts().SampleLead.LeadID}}}
		},
	},

	{
		field: "Subscription.callEvents", want: supervised,
		document: `subscription { callEvents(agentId: "agent1", kinds: [CONTROLLED]) { callId phone } }`,
		poke:     hold,
	},
	{field: "Subscription.agentStates", want: seen, document: `subscription { agentStates { agent { id currentCall { id } } } }`},
	{field: "Subscription.worklistChanged", want: atDesk, document: `subscription { worklistChanged { itemId } }`, poke: rework},
	{
		field: "Subscription.recordChanged", want: cells{}, poke: edit,
		document: `subscription($l: UUID!) { recordChanged(object: "lead", id: $l) { action recordId after } }`,
		of: func(st *stage, _ column) map[string]any {
			return map[string]any{"l": st.sandbox.FortyTwo().SeedFacts().SampleLead.LeadID}
		},
	},

	{
		field: "Subscription.outboundCallUpdated", want: onlookers,
		document: `subscription($o: ID!) { outboundCallUpdated(id: $o) { kind outboundCall { id patient { phoneNumber } } } }`, of: theOutboundCall,
	},
	{field: "Mutation.startOutboundCall", want: theCRM, document: startOutbound, of: func(st *stage, _ column) map[string]any { return st.wish }},
	{
		field: "Mutation.cancelOutboundCall", want: onlookers,
		document: `mutation($o: ID!) { cancelOutboundCall(input: {id: $o}) { error { code } outboundCall { id state } } }`, of: theOutboundCall,
	},
	{
		field: "Mutation.replayDeadLetter", want: supervisorsInVain,
		document: `mutation { replayDeadLetter(input: {id: "push.1"}) { error { code } } }`,
	},
	{
		field: "Mutation.dropDeadLetter", want: supervisorsInVain,
		document: `mutation { dropDeadLetter(input: {id: "push.1"}) { error { code } } }`,
	},
	{
		field: "Mutation.erasePerson", want: supervisors,
		document: `mutation { erasePerson(input: {phone: "+919800000077"}) { error { code } } }`,
	},

	{field: "Mutation.agentLogin", want: atDesk, document: `mutation { agentLogin(input: {}) { error { code } agent { id } } }`},
	{
		field: "Mutation.dial", want: cells{member: notAnAgent, other: conflict, supervisor: notAnAgent},
		document: `mutation($p: PhoneNumber!, $r: String!, $m: UUID) { dial(input: {phone: $p, requestId: $r, missedCallId: $m}) { error { code } call { id } } }`,
		of: func(st *stage, who column) map[string]any {
			if who == asAgent {
				return map[string]any{"p": st.dialled, "r": requestOfTheAgent}
			}
			return map[string]any{"p": st.caller, "r": "another", "m": st.missed}
		},
	},
	{
		field: "Mutation.callControl", want: ownCall,
		document: `mutation($c: ID!) { callControl(input: {callId: $c, action: MUTE}) { error { code } call { id } } }`,
		of:       theCall,
	},
	{
		field: "Mutation.setCallRecording", want: ownCall,
		document: `mutation($c: ID!) { setCallRecording(input: {callId: $c, paused: true}) { error { code } call { id } } }`,
		of:       theCall,
	},
	{
		field: "Mutation.dispose", want: ownCall, before: (*stage).hangUp,
		document: `mutation($c: ID!) { dispose(input: {callId: $c, disposition: "General Enquiry"}) { error { code } call { id } } }`, of: theCall,
	},

	{
		field: "Mutation.claimNextMissedCall", want: atDesk,
		document: `mutation { claimNextMissedCall(input: {}) { error { code } missedCall { id } } }`,
	},
	{
		field: "Mutation.updateMissedCall", want: heldByOne, before: (*stage).reclaim,
		document: `mutation($m: UUID!) { updateMissedCall(input: {id: $m, status: CALLBACK_ATTEMPTED}) { error { code } missedCall { id } } }`, of: theMissedCall,
	},
	{
		field: "Mutation.releaseMissedCall", want: heldByOne,
		document: `mutation($m: UUID!) { releaseMissedCall(input: {id: $m}) { error { code } missedCall { id } } }`,
		of:       theMissedCall,
	},

	{
		field: "Mutation.setAgentState", want: atDesk, open: true,
		document: `mutation { setAgentState(input: {state: PAUSED}) { error { code } agent { id } } }`,
	},
	{
		field: "Mutation.forceAgentReady", want: atDesk,
		document: `mutation { forceAgentReady(input: {}) { error { code } agent { id } } }`,
	},
	{field: "Mutation.agentLogout", want: atDesk, document: `mutation { agentLogout(input: {}) { error { code } agent { id } } }`},
}

const startOutbound = `mutation($in: StartOutboundCallInput!) { startOutboundCall(input: $in) { error { code } outboundCall { id } } }`

func theCall(st *stage, _ column) map[string]any         { return map[string]any{"c": st.call} }
func theMissedCall(st *stage, _ column) map[string]any   { return map[string]any{"m": st.missed} }
func theOutboundCall(st *stage, _ column) map[string]any { return map[string]any{"o": st.outbound} }
func today(*stage, column) map[string]any {
	return map[string]any{"d": time.Now().In(time.FixedZone("IST", 5*3600+1800)).Format(time.DateOnly)}
}

// hold and rework change the agent's call, and what both agents have to do, back and forth.

func hold(st *stage, i int) {
	action := []string{"HOLD", "UNHOLD"}[i%2]
	st.ask(st.tokens[asAgent], `mutation($c: ID!) { callControl(input: {callId: $c, action: `+action+`}) { ok } }`, map[string]any{"c": st.call})
}

func rework(st *stage, i int) {
	status := []string{"WRONG_NUMBER", "CALLBACK_ATTEMPTED"}[i%2]
	for _, id := range []string{st.missed, st.others} {
		st.ask(st.tokens[asSupervisor], `mutation($m: UUID!) { updateMissedCall(input: {id: $m, status: `+status+`}) { ok } }`, map[string]any{"m": id})
	}
}

// edit changes a lead in FortyTwo, back and forth.
func edit(st *stage, i int) {
	lead := st.sandbox.FortyTwo().SeedFacts().SampleLead.LeadID
	status := []string{"CONTACTED", "QUALIFIED"}[i%2]
	if err := st.sandbox.FortyTwo().Edit(fortytwo.Edit{Email: "meera@sandbox.test", Object: "lead", ID: lead, Data: map[string]any{"leadStatus": status}}); err != nil {
		st.t.Error(err)
	}
}

const requestOfTheAgent = "the agent's own"

// stage is a system in which an agent talks to a patient and holds a missed call, another agent holds another one, the CRM
// has asked for an outbound call tomorrow, and everybody has his token.
type stage struct {
	*system
	tokens         map[column]string
	refresh        string // of the agent
	call, dialled  string // the agent's call and its number
	missed, caller string // the missed call that he holds, and its number
	others         string // the missed call of the other agent
	outbound       string // the outbound call
	wish           map[string]any
	ucid           string
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s := startSystem(t, map[string]string{"LIMIT_SIGN_INS_PER_MINUTE": "1000"})
	st := &stage{system: s, caller: "+919800000001", dialled: "+919800000002"}
	theirs, err := s.sandbox.FortyTwo().AccessToken(s.sandbox.FortyTwo().SeedFacts().OtherWorkspace.Email)
	if err != nil {
		t.Fatal(err)
	}
	_, data, _ := s.ask("", `mutation { signIn(input: {email: "asha@sandbox.test", password: "sandbox"}) { session { accessToken refreshToken } } }`, nil)
	st.refresh, _ = at(data, "signIn", "session", "refreshToken").(string)
	own, _ := at(data, "signIn", "session", "accessToken").(string)
	st.tokens = map[column]string{
		asExpired: madeUp(t, time.Now().Add(-time.Minute)), asForeign: theirs, asWebhookSecret: sandboxWebhookSecret, asCRMKey: inKeyHeader + sandboxCRMKey, asCRMKeyAsToken: sandboxCRMKey,
		asServerKeyAsKey: inKeyHeader + s.sandbox.FortyTwoAPIKey(), asServerKey: s.sandbox.FortyTwoAPIKey(), asMember: s.signIn("admin@sandbox.test"), asOther: s.signIn("ravi@sandbox.test"),
		asSupervisor: s.signIn("meera@sandbox.test"), asAgent: own,
	}
	for _, who := range []column{asAgent, asOther} {
		s.ask(st.tokens[who], `mutation { agentLogin(input: {}) { ok } }`, nil)
	}
	st.missed = st.holdMissedCall(asAgent, st.caller)
	st.others = st.holdMissedCall(asOther, "+919800000003")
	st.wish = map[string]any{"in": map[string]any{
		"idempotencyKey": "tomorrow", "scheduleAt": time.Now().Add(24 * time.Hour).UTC().Format(time.RFC3339),
		"patient": map[string]any{"name": "Kavya Nair", "phoneNumber": "+919800000088"},
	}}
	_, data, code := s.ask(st.tokens[asCRMKey], startOutbound, st.wish)
	if st.outbound, _ = at(data, "startOutboundCall", "outboundCall", "id").(string); st.outbound == "" {
		t.Fatalf("no outbound call: %v %s", data, code)
	}
	s.ask(own, `mutation { setAgentState(input: {state: READY}) { ok } }`, nil)
	s.control("/sandbox/dials/next", `{"outcome": "answer", "agentRingSeconds": 0.1, "ringSeconds": 0.1, "talkSeconds": 600}`)
	_, data, _ = s.ask(own, `mutation($p: PhoneNumber!, $r: String!) { dial(input: {phone: $p, requestId: $r}) { call { id } error { code } } }`,
		map[string]any{"p": st.dialled, "r": requestOfTheAgent})
	if st.call, _ = at(data, "dial", "call", "id").(string); at(data, "dial", "error") != nil {
		t.Fatalf("not dialled: %v", data)
	}
	until(t, "the answer", func() bool {
		_, data, _ := s.ask(own, `{ viewer { agent { currentCall { id state } } } }`, nil)
		return at(data, "viewer", "agent", "currentCall", "id") == st.call && at(data, "viewer", "agent", "currentCall", "state") == "ANSWERED"
	})
	st.ucid = s.latestCall()
	return st
}

// holdMissedCall makes an agent hold the missed call of a number.
func (st *stage) holdMissedCall(who column, phone string) (id string) {
	st.t.Helper()
	st.abandon(phone[3:])
	return st.claimed(st.tokens[who])
}

// hangUp ends the agent's call.
func (st *stage) hangUp() {
	st.t.Helper()
	st.control("/sandbox/calls/"+st.ucid+"/hangup", `{}`)
	until(st.t, "the end", func() bool {
		_, data, _ := st.ask(st.tokens[asAgent], `{ viewer { agent { currentCall { state } } } }`, nil)
		return at(data, "viewer", "agent", "currentCall", "state") == "ENDED"
	})
}

// reclaim makes the agent hold his missed call, which is open, whatever was done to it.
func (st *stage) reclaim() {
	st.t.Helper()
	for _, status := range []string{"INVALID", "CALLBACK_ATTEMPTED"} {
		_, data, code := st.ask(st.tokens[asAgent], `mutation($m: UUID!) { updateMissedCall(input: {id: $m, status: `+status+`}) { ok error { code } } }`,
			map[string]any{"m": st.missed})
		if at(data, "updateMissedCall", "ok") != true {
			st.t.Fatalf("not held: %v %s", data, code)
		}
	}
}

package rest

// The documents. A mutation stands under the alias "outcome", so that what its payload holds can be told alike for all of
// them. "assignedCall" is the old clients' word for the missed call that an agent got; "callbackstatus", "missedcallcount"
// and "callbackattemptedat" are FortyTwo's names of fields, which the old work list handed on.

const (
	outcomeAlias = "outcome"

	outcomeFields    = ` ok error { code message provider } `
	agentFields      = ` id name state stateSince stateReason wantedState sipExtension campaign currentCall { id } `
	callFields       = ` id phone direction state startedAt onHold muted recordingPaused disposition `
	missedCallFields = ` id phone title dueAt overdue priority reason
		callbackStatus missedCount firstMissedAt lastMissedAt attemptedAt claimedUntil
		callbackstatus: callbackStatus missedcallcount: missedCount callbackattemptedat: attemptedAt
		assignedAgent { id name } lead { id } patient { id } `
)

const (
	documentAgentLogin = `mutation RestAgentLogin($sipExtension: String) {
		outcome: agentLogin(input: { sipExtension: $sipExtension }) {` + outcomeFields + `agent {` + agentFields + `} }
	}`

	documentAgentLogout = `mutation RestAgentLogout($force: Boolean) {
		outcome: agentLogout(input: { force: $force }) {` + outcomeFields + `agent {` + agentFields + `} }
	}`

	documentAgentState = `mutation RestAgentState($state: SettableAgentState!, $reason: String) {
		outcome: setAgentState(input: { state: $state, reason: $reason }) {` + outcomeFields + `
			agent {` + agentFields + `}
			assignedCall: claimedMissedCall {` + missedCallFields + `}
		}
	}`

	documentAgentReady = `mutation RestAgentReady($sipExtension: String) {
		outcome: forceAgentReady(input: { sipExtension: $sipExtension }) {` + outcomeFields + `agent {` + agentFields + `} }
	}`

	documentDispose = `mutation RestDispose($callId: ID!, $disposition: String!, $notes: String, $callbackAt: DateTime, $missedCallId: UUID) {
		outcome: dispose(
			input: { callId: $callId, disposition: $disposition, notes: $notes, callbackAt: $callbackAt, missedCallId: $missedCallId }
		) {` + outcomeFields + `
			pendingSync
			call {` + callFields + `}
			missedCall {` + missedCallFields + `}
			followUp { id }
			assignedCall: claimedMissedCall {` + missedCallFields + `}
		}
	}`

	documentDial = `mutation RestDial($phone: PhoneNumber!, $requestId: String!, $missedCallId: UUID, $leadId: UUID, $patientId: UUID) {
		outcome: dial(
			input: { phone: $phone, requestId: $requestId, missedCallId: $missedCallId, leadId: $leadId, patientId: $patientId }
		) {` + outcomeFields + `call {` + callFields + `} }
	}`

	documentCallControl = `mutation RestCallControl($callId: ID!, $action: CallControlAction!, $number: PhoneNumber) {
		outcome: callControl(input: { callId: $callId, action: $action, number: $number }) {` + outcomeFields + `call {` + callFields + `} }
	}`

	documentRecording = `mutation RestRecording($callId: ID!, $paused: Boolean!) {
		outcome: setCallRecording(input: { callId: $callId, paused: $paused }) {` + outcomeFields + `call {` + callFields + `} }
	}`

	documentMissedCalls = `query RestMissedCalls($from: DateTime!, $to: DateTime!) {
		abandonedCalls(from: $from, to: $to) { id ucid: id phone at waitedSeconds did campaign }
	}`

	documentCallHistory = `query RestCallHistory($date: Date!, $agentId: ID, $direction: CallDirection, $first: Int, $after: Cursor) {
		callHistory(date: $date, agentId: $agentId, direction: $direction, first: $first, after: $after) {
			pageInfo { hasNextPage endCursor }
			edges { node {
				id ucid: id phone direction outcome agentId startedAt talkSeconds totalSeconds disposition recordingUrl
			} }
		}
	}`

	documentPerformance = `query RestPerformance($date: Date!, $agentId: ID) {
		agentPerformance(date: $date, agentId: $agentId) {
			agentId date
			calls { total inbound outbound answered missed }
			seconds { login talk hold afterCallWork idle paused }
			averageHandleSeconds occupancy missedCallRecoveryRate
		}
	}`

	documentWorklist = `query RestWorklist($first: Int, $after: Cursor) {
		worklist(first: $first, after: $after) {
			totalCount
			errors { kind code message }
			pageInfo { hasNextPage endCursor }
			edges { node {
				kind
				... on MissedCall {` + missedCallFields + `}
				... on FollowUpTask { id phone title dueAt overdue priority reason }
				... on LeadTask { id phone title dueAt overdue priority reason }
			} }
		}
	}`

	documentMissedQueue = `query RestMissedQueue($status: CallbackStatus, $first: Int, $after: Cursor) {
		missedCallQueue(status: $status) {
			groups { status items(first: $first, after: $after) { pageInfo { hasNextPage endCursor } edges { node {` + missedCallFields + `} } } }
		}
	}`

	documentMissedStatus = `mutation RestMissedStatus($id: UUID!, $status: CallbackStatus!) {
		outcome: updateMissedCall(input: { id: $id, status: $status }) {` + outcomeFields + `missedCall {` + missedCallFields + `} }
	}`

	documentSearch = `query RestSearch($query: String!, $first: Int) {
		leads: search(query: $query, kinds: [LEAD], first: $first) { errors { kind code message } edges { node {` + hitFields + `} } }
		patients: search(query: $query, kinds: [PATIENT], first: $first) { errors { kind code message } edges { node {` + hitFields + `} } }
		appointments: search(query: $query, kinds: [APPOINTMENT], first: $first) { errors { kind code message } edges { node {` + hitFields + `} } }
	}`
	hitFields = ` id title subtitle phone score highlights { field text } `

	documentLookup = `query RestLookup($phone: PhoneNumber!) {
		callerProfile(phone: $phone) {
			phone known displayName lead { id } patient { id }
			insight { summary suggestedActions { title } }
			errors { part code message }
		}
	}`

	documentOutboundStart = `mutation RestOutboundStart(
		$key: String, $id: String, $name: String!, $phoneNumber: PhoneNumber!, $treatmentType: String, $crmData: JSON,
		$language: String, $purpose: String, $scheduleAt: DateTime, $agentId: String
	) {
		outcome: startOutboundCall(input: {
			idempotencyKey: $key, language: $language, purpose: $purpose, scheduleAt: $scheduleAt, agentId: $agentId,
			patient: { id: $id, name: $name, phoneNumber: $phoneNumber, treatmentType: $treatmentType, crmData: $crmData }
		}) {` + outcomeFields + `replayed outboundCall {` + sessionFields + `} }
	}`

	documentOutboundCall = `query RestOutboundCall($id: ID!) {
		outboundCall(id: $id) {` + sessionFields + `
			conversationId summary recordingUrl talkSeconds
			collectedData { key value } transcript { at role text } timeline { sequence at kind from to detail }
		}
	}`

	documentOutboundCalls = `query RestOutboundCalls($first: Int, $after: Cursor) {
		outboundCalls(filter: { states: [INITIATING, DIALING, CONNECTED, ACTIVE, DISCONNECTED] }, first: $first, after: $after) {
			pageInfo { hasNextPage endCursor } edges { node {` + sessionFields + `} }
		}
		outboundStatistics {
			active queued concurrencyLimit successRate averageDurationSeconds byState { state count } byOutcome { outcome count }
		}
	}`
	sessionFields = ` id state createdAt dueAt endedAt endReason language
		patient { id name phoneNumber treatmentType crmData }
		attempts { number state providerCallId startedAt connectedAt endedAt outcome reason } `

	documentHealth = `query RestHealth { __typename }`
)

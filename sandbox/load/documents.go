package load

// What a desk's frontend and the CRM send, as the acceptance documents have it.
const (
	documentSignIn = `mutation SignIn($email: String!, $password: String!) {
  signIn(input: { email: $email, password: $password }) { ok error { message } session { accessToken } }
}`

	documentWorklist = `query Worklist($first: Int, $after: Cursor, $kinds: [WorklistKind!]) {
  worklist(first: $first, after: $after, kinds: $kinds) {
    totalCount
    counts { kind count overdue }
    errors { kind code message }
    pageInfo { hasNextPage endCursor }
    edges {
      cursor
      node {
        __typename
        id kind title phone dueAt overdue priority reason
        ... on MissedCall { callbackStatus missedCount lastMissedAt lead { id } patient { id } }
        ... on FollowUpTask { followUp { id } }
        ... on LeadTask { lead { id } }
      }
    }
  }
}`

	documentStartOutboundCall = `mutation StartOutboundCall($input: StartOutboundCallInput!) {
  startOutboundCall(input: $input) { ok error { code message } outboundCall { id state } replayed }
}`

	documentCallEvents = `subscription CallEvents($after: Cursor) {
  callEvents(after: $after) {
    cursor sequence at kind callId phone
    ... on IncomingCall { did caller { displayName known } agent { id } }
    ... on CallAnswered { agent { id name } }
    ... on CallEnded { durationSeconds reason }
    ... on CallMissed { missedCall { id missedCount } }
    ... on MissedCallAssigned { missedCall { id } agent { id } }
    ... on CallDisposed { disposition agent { id } }
  }
}`
)

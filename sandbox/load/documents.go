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

	// In the shape in which it goes to FortyTwo as it stands.
	documentLeads = `query Leads($first: Int) {
  leads(first: $first) {
    edges {
      node {
        id createdAt updatedAt leadStatus source score optIn keywords name
        fullName { firstName lastName }
        phone { primaryPhoneNumber primaryPhoneCountryCode primaryPhoneCallingCode }
        email { primaryEmail }
        assignee { id name { firstName lastName } }
      }
      cursor
    }
    pageInfo { hasNextPage endCursor }
  }
}`

	// The same under other names, which FortyTwo ignores.
	documentLeadsRenamed = `query Leads($first: Int) {
  leads(first: $first) {
    edges {
      node {
        ident: id createdAt updatedAt status: leadStatus source score optIn keywords title: name
        fullName { firstName lastName }
        phone { number: primaryPhoneNumber primaryPhoneCountryCode primaryPhoneCallingCode }
        email { primaryEmail }
        assignee { id name { firstName lastName } }
      }
      cursor
    }
    pageInfo { hasNextPage endCursor }
  }
}`

	documentMixed = `{
  worklist(kinds: [LEAD], first: 50) {
    edges { node { id ... on LeadTask { lead { id name leadStatus createdAt assignee { name { firstName } } } } } }
  }
}`
)

// Package outboundday plays outbound AI calls against a running sandbox, as a CRM would ask for them: through the gateway's public
// GraphQL API alone, with the CRM's key and in the documents that a CRM sends (outbound.graphql). What patients do, and what goes wrong at
// the telephony provider and the voice provider, is played through the sandbox's control server, which also tells what was heard on
// the patients' phones; FortyTwo is read through its own API.
//
// A scene is one call and what becomes of it. Scenes are played at the same time, because most of a call is waiting, and told in their
// order. A fault hits whoever comes next, so scenes that arm one begin alone. Each step says in words what happens and then what was seen;
// a step that deviates ends its scene, and the error names it. Bounds: a step takes Options.Patience at most.
package outboundday

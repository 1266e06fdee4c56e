// Package client is the outside world's side of a running gateway and of the sandbox's control server, for the stories that are played
// against them: GraphQL and plain JSON over HTTP, and subscriptions over graphql-transport-ws. It knows nothing of the gateway's insides.
//
// Failure policy: nothing is repeated; an answer of 400 and above, a top-level error and a subscription that ends are errors, and what an
// operation refuses as data is an [Outcome]. Bounds: answers of 4 MiB; what a subscription told is kept until its socket is dropped.
package client

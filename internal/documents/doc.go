// Package documents supplies the texts of GraphQL documents that clients only name, and refuses those that nobody vouches for.
//
// It owns two stores. The store of automatic persisted queries holds what clients have registered: Apollo's protocol, version
// 1, where extensions.persistedQuery names a document by the SHA-256 of its text, an unknown name is answered with
// PersistedQueryNotFound, and the client then sends name and text together, once. A [Folder] holds trusted documents, which
// come from the clients' builds: as *.graphql files, or as the manifests that Apollo's, Relay's and GraphQL Code Generator's
// tools write.
//
// [Documents] is an extension of gqlgen and works on the parameters of an operation, so it serves every transport. A document is
// named by extensions.persistedQuery.sha256Hash, or by the parameter documentId (GraphQL over HTTP, appendix "Persisted
// Documents": an id of the client's own choice, or sha256: and the hash in hex).
//
// # Trusted documents
//
// What a [Mode] does with a document that is not in the folder:
//
//	off   runs it; there is no folder
//	log   runs it, and logs its hash and operation name, once
//	only  refuses it with FORBIDDEN, introspection included, and registers nothing
//
// A text counts as trusted when it is that of a trusted document token for token: white space, commas, comments and the order
// of definitions may differ. A trusted document may be named by its id in the manifest and by the SHA-256 of its text. Of a
// *.graphql file these are documents: the file as it is, the file without white space around it, and each operation followed by
// the fragments that it uses, which may stand in another file. Trust replaces no check: rights and limits apply as ever.
//
// # Invariants
//
//   - A document is registered only after the limits and the validation have let it pass, and only for a caller who is known:
//     strangers can neither fill the store nor push anything out of it.
//   - Whatever name and text are sent together belong to each other.
//   - What the gateway runs on its own behalf, in a context of [Own], is trusted.
//   - A reading of the folder is taken as a whole or not at all, and never changes afterwards.
//
// # Bounds and what happens at them
//
// The store of registered documents is bounded by number and bytes and forgets the least recently used, whose client registers
// it again; it is of one process, so each replica is told once. A folder of more files, bytes or documents than it may have
// counts as broken. What mode log remembers is bounded: beyond it nothing more is logged until the folder changes.
//
// # Failure policy
//
// A folder that cannot be read as a whole leaves what was read last in force, is logged once, and shows in [Folder.Fault]
// until it is whole again. At the start there is nothing to leave in force: [OpenFolder] fails.
//
// The package refuses to know schemas, transports and identities. It never logs a text.
package documents

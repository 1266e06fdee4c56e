// Package limits refuses documents and callers that cost too much, before they cost anything.
//
// It owns two bounds. [Documents] measures a GraphQL document before it is validated: a validator compares fields in pairs,
// suggests a name for each unknown one and reports every fault, so that 120 kB of one field repeated keep a core busy for
// most of a minute. [Rate] bounds how often one caller may ask.
//
// # How a document is measured
//
// Tokens are counted without parsing. Only then is the document parsed, and each operation is walked once as it would
// execute: a fragment counts wherever it is spread. The walk stops at the first limit that is passed, and the number of
// selections bounds the walk itself, so fragments that double at each step cost no more than the limit. What the validator
// would compare is counted as it merges: fields with the same response name in the same place, in pairs.
//
// How much an answer holds is estimated without knowing the schema: a field counts one, and what is selected below it counts
// once for each item that its argument first, last or limit asks for. A connection, told by edges or nodes, whose size is not
// stated counts as one of 60 items. Sizes that are variables stay open in what is remembered of the document and are filled in
// with every request. Introspection, whose lists have no such arguments, is estimated apart, with the lengths that lists have
// in a schema of several hundred types.
//
// A document that passed is remembered by its SHA-256, so a hot one costs a hash. Documents that do not parse are passed on:
// the executor says what is wrong with them, and stops at the fault. Variables are measured with every request.
//
// # Invariants
//
//   - Time and memory are bounded by the limits, not by the document, after one pass over its bytes.
//   - A refusal has code LIMIT_EXCEEDED and names the limit and its value; it quotes nothing of the document.
//   - Both memories are bounded and forget the least recently used.
//   - Time is a parameter.
//
// It refuses to know schemas, callers and transports: a caller is an opaque key.
package limits

// Package compose makes one schema out of the gateway's own and FortyTwo's.
//
// It owns reading FortyTwo's schema ([Read]: introspection of /graphql and the objects of /metadata, both lines of the
// server), keeping it on disk ([Upstream] as JSON), composing ([Compose]), and telling what changed ([Diff]). It knows
// nothing of HTTP, tokens or requests of clients: the caller hands in a [Post].
//
//	introspection ─┐
//	               ├─ Read ─► Upstream ─┐
//	objects ───────┘                    ├─ Compose ─► Composed: schema, origin of every field, conflicts
//	local schema ───────────────────────┘
//
// What is composed: the root fields of FortyTwo's active objects and search, and the types that these reach. Nothing of
// FortyTwo's administration, whatever its introspection lists: a root field is kept for the name, the arguments and the
// type that a root field of an object has, and for nothing else.
//
// Whose definition stands:
//
//   - DateTime, Date, JSON, UUID, Cursor and PageInfo are one type; the local definition stands. What FortyTwo's PageInfo
//     has besides is added as nullable fields.
//   - Lead, Patient, Appointment, FollowUp, Call and WorkspaceMember are one type with the fields of both sides; id is the
//     key. A field of FortyTwo with the name of a local one becomes fortyTwo<Field>.
//   - Any other clash: FortyTwo's becomes FortyTwo<Name>, its root field fortyTwo<Field>. [Composed.Conflicts] lists all.
//   - Filters on date-times are input objects, whatever FortyTwo's introspection says (fortytwo.md 4).
//   - A connection of children whose foreign key is not known, or that no list serves, is left out, and listed too: to send
//     it nested would give wrong pages (fortytwo.md 0, trap 11).
//
// Invariants: what Compose and Read return is immutable and shared without locks; a schema that does not validate is an
// error, never a schema; the same input gives the same output to the byte. Definitions of FortyTwo that needed no change are
// shared between Upstream and Composed, so neither may be edited.
//
// All of it can be done in portions with rests between them ([Pace]), since requests are answered meanwhile.
//
// Failure policy: what FortyTwo answers is outside input. Illegible or absurd answers (see the limits in limits.go) are
// UPSTREAM_UNAVAILABLE, a schema that cannot be composed is UPSTREAM_REJECTED, a local schema that does not stand alone is
// INTERNAL. Nothing panics. No error text holds anything but names of types and fields.
package compose

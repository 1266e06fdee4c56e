// Package buffers lends the memory that answers of FortyTwo are read into and written to clients from, so that a large answer is
// not garbage as soon as it was sent.
//
//	request ── Scope ── upstream reads an answer into Pool.Get ── Lease.Hold ── checked, handed through, written ── Lease.End ── Pool.Put
//
// A lease says how long an answer is looked at. Whoever asks on behalf of an operation finds it in the operation's context; who
// writes the operation's answer ends it once the last byte has left. Between the two, slices of what is held go from hand to hand
// like any others.
//
// Invariants:
//   - A buffer that is held has one owner, the lease. What several operations read is never held: the garbage collector frees it.
//   - Without a lease, and after its end, nothing is taken back. Forgetting to end one costs garbage and nothing else.
//   - What a pool gives has no length: nobody sees what was in it before, unless he looks beyond what he has written.
//
// Bounds: a pool keeps as many bytes as [NewPool] was told, in buffers of 4 KiB to 1 MiB. What is larger, or too much, is left to the
// garbage collector.
//
// It refuses to count references, and to know what is in a buffer.
package buffers

// Package scalar holds the custom scalars of schema.graphqls: how a moment, a UUID, a phone number and a cursor are read
// and written.
//
// Input is refused with BAD_USER_INPUT in a sentence that does not repeat the value, since a value may be a patient's
// number. Output is canonical: UTC with milliseconds, lower-case UUIDs, E.164.
package scalar

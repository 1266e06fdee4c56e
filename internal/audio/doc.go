// Package audio owns what is done to the samples of a call: formats, conversion between them, WAV files, and the sounds
// that we make ourselves.
//
// A [Format] is a coding and a rate, always one channel. A [Converter] turns a stream of one format into another: it may
// be fed pieces of any length, an odd number of bytes included, and remembers what it needs in between. All of it works
// by appending to a buffer of the caller's and allocates nothing once it runs.
//
// Resampling is a polyphase finite impulse response filter with a Kaiser window, 32 taps for each phase at the lower of
// the two rates. Linear interpolation would be simpler and loses the consonants: at 3 kHz it leaves 7 dB between speech
// and its own mirror image where this filter leaves more than 70. It delays by 16 samples of the lower rate, 2 ms at
// 8 kHz.
//
// Failure policy: samples cannot be wrong, only loud; what exceeds the range is clamped. Files and names from outside are
// refused with an error.
//
// It refuses to know what a call, a socket or a provider is, and imports nothing of ours.
package audio

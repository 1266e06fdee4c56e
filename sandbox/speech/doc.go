// Package speech is the voices of the sandbox: short sentences of a voice agent and of a patient on the phone, in Hindi and English, and
// what emulators need to speak and to listen.
//
// The sound files are the output of a synthesizer (eSpeak NG, voices en-gb and hi); nobody's voice was recorded, and its licence does not
// extend to what it speaks. prompts.tsv lists them: language, speaker, name, what the sentence answers, text. After a change of it run
//
//	go run ./sandbox/speech/generate sandbox/speech
//
// with espeak-ng installed. No build and no test does; the files are embedded.
//
// Everything is 16 kHz mono of 16 bits until Encode or after Decode. A Detector finds turns by energy, as voice agents do in the first
// place, and Recognise tells by its loudness over time which of the sentences was spoken; neither is meant for speech of other origin.
// Slices that the package returns are the caller's own. Nothing here has state apart from the Detector, which belongs to one goroutine.
package speech

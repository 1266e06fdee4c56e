package ozonetel

import (
	"strconv"
	"time"
)

// idSource mints UCIDs: 17 digits, above 2^53 so that a client that reads them as floating point is found out, rising by one per call.
// Two emulators with the same seed and the same start mint the same ids; two starts at least a second apart share none below 100,000
// calls a second.
type idSource struct{ last int64 }

func newIDSource(seed int64, start time.Time) idSource {
	const (
		prefix     = 2e16 // first digit of the samples in ozonetel.md
		seedStep   = 1e13
		secondStep = 1e5
	)
	seedPart := ((seed % 1000) + 1000) % 1000
	return idSource{last: prefix + seedPart*seedStep + start.Unix()%1e8*secondStep}
}

func (s *idSource) next() string {
	s.last++
	return strconv.FormatInt(s.last, 10)
}

package transport

import (
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// mediaType is what an answer is written as.
type mediaType string

const (
	mediaGraphQL mediaType = "application/graphql-response+json"
	mediaJSON    mediaType = "application/json"
	mediaEvents  mediaType = "text/event-stream"
)

// negotiate picks the media type of the answer: the one that the client wants most and, of equals, the newer. A client that
// does not say, or says anything, gets application/json. false means that the client takes neither.
func negotiate(header http.Header) (mediaType, bool) {
	given := strings.Join(header.Values("Accept"), ",")
	switch strings.TrimSpace(given) {
	case "", "*/*", string(mediaJSON):
		return mediaJSON, true
	case string(mediaGraphQL):
		return mediaGraphQL, true
	}
	ranges := parseAccept(given)
	graphql, graphqlNamed := ranges.quality(mediaGraphQL)
	plain, _ := ranges.quality(mediaJSON)
	switch {
	case graphqlNamed && graphql > 0 && graphql >= plain:
		return mediaGraphQL, true
	case plain > 0:
		return mediaJSON, true
	case graphql > 0:
		return mediaGraphQL, true
	}
	return mediaJSON, false
}

// eventsWish is what a client wants of event streams.
type eventsWish int

const (
	eventsUnwanted  eventsWish = iota // not named; a wildcard does not mean them
	eventsAccepted                    // beside a single answer, which queries and mutations get
	eventsPreferred                   // whatever the operation is
)

// eventsIn tells what an Accept header says of event streams.
func eventsIn(header http.Header) eventsWish {
	given := strings.Join(header.Values("Accept"), ",")
	if !strings.Contains(strings.ToLower(given), string(mediaEvents)) {
		return eventsUnwanted
	}
	ranges := parseAccept(given)
	for _, one := range ranges {
		if one.pattern != string(mediaEvents) || one.quality == 0 {
			continue
		}
		graphql, _ := ranges.quality(mediaGraphQL)
		plain, _ := ranges.quality(mediaJSON)
		if one.quality > max(graphql, plain) {
			return eventsPreferred
		}
		return eventsAccepted
	}
	return eventsUnwanted
}

// mediaRange is one element of an Accept header.
type mediaRange struct {
	pattern string // "application/json", "application/*" or "*/*"
	quality float64
}

type mediaRanges []mediaRange

// maxMediaRanges bounds the work on one header.
const maxMediaRanges = 50

// parseAccept reads an Accept header. An element that cannot be read, or asks for another charset, counts as not there.
func parseAccept(header string) mediaRanges {
	var ranges mediaRanges
	for element := range strings.SplitSeq(header, ",") {
		if len(ranges) == maxMediaRanges {
			break
		}
		pattern, params, err := mime.ParseMediaType(element)
		if err != nil || !isUTF8(params["charset"]) {
			continue
		}
		quality := 1.0
		if q, ok := params["q"]; ok {
			if quality, err = strconv.ParseFloat(q, 64); err != nil || !(quality >= 0 && quality <= 1) {
				continue
			}
		}
		ranges = append(ranges, mediaRange{pattern, quality})
	}
	return ranges
}

// quality is how much the client wants media: the most specific range decides (RFC 9110, 12.5.1). named tells whether that
// was no wildcard.
func (r mediaRanges) quality(media mediaType) (quality float64, named bool) {
	for _, pattern := range []string{string(media), "application/*", "*/*"} {
		for _, one := range r {
			if one.pattern == pattern {
				return one.quality, pattern == string(media)
			}
		}
	}
	return 0, false
}

func isUTF8(charset string) bool {
	return charset == "" || strings.EqualFold(charset, "utf-8") || strings.EqualFold(charset, "utf8")
}

package providers_test

import (
	"bytes"
	"net/http"
	"strconv"
	"testing"
	"testing/synctest"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers"
)

func TestAnswersOfAnyLengthAreReadWhole(t *testing.T) {
	t.Parallel()
	const bound = 3 << 20
	text := bytes.Repeat([]byte("answer "), bound)
	for name, c := range map[string]struct {
		length, told int // told: the length that the headers tell; none when negative
		broken       bool
	}{
		"nothing":                            {0, 0, false},
		"a few bytes":                        {7, 7, false},
		"as much as goes at once":            {512 << 10, 512 << 10, false},
		"portions to the byte":               {1 << 20, 1 << 20, false},
		"several portions and a part of one": {1300 << 10, 1300 << 10, false},
		"as much as may be":                  {bound, bound, false},
		"as much as may be, not foretold":    {bound, -1, false},
		"a byte too many":                    {bound + 1, bound + 1, true},
		"a byte too many, not foretold":      {bound + 1, -1, true},
		"less than was told":                 {600 << 10, 1300 << 10, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { // net/http keeps no connection whose writer is 50 ms late
				p, transport := newPeerInMemory(t, func(w http.ResponseWriter, _ *http.Request) {
					if c.told >= 0 {
						w.Header().Set("Content-Length", strconv.Itoa(c.told))
					}
					_, _ = w.Write(text[:c.length])
				})
				client := newClient(t, over(transport), func(o *providers.Options) { o.MaxResponse = bound })
				if c.broken { // a repetition would be in vain
					_, err := send(t.Context(), client, operation(providers.Once), p.URL)
					checkError(t, err, helix.CodeUnknownOutcome, false)
					return
				}
				for range 2 {
					answer, err := send(t.Context(), client, operation(providers.Safe), p.URL)
					if err != nil || !bytes.Equal(answer.Body, text[:c.length]) {
						t.Errorf("%d of %d bytes, %v", len(answer.Body), c.length, err)
					}
				}
				if n := p.conns.Load(); n != 1 {
					t.Errorf("%d connections were opened", n)
				}
			})
		})
	}
}

package streaming_test

import (
	"fmt"
	"time"

	"github.com/helix-engage/gateway/streaming"
)

// The URL that a telephony provider is given when a call is dialled ends with a token.
func ExampleTokens() {
	now := time.Date(2026, 1, 14, 10, 0, 0, 0, time.UTC)
	tokens := streaming.NewTokens([]byte("the gateway's secret"), func() time.Time { return now })
	token := tokens.Token("8b7e4f0a-3f3e-5a53-9d0a-6f7f2f4b9c21", 1, 2*time.Minute)

	call, attempt, err := tokens.Check(token)
	fmt.Println(call, attempt, err)

	now = now.Add(2 * time.Minute)
	_, _, err = tokens.Check(token)
	fmt.Println(err)
	// Output:
	// 8b7e4f0a-3f3e-5a53-9d0a-6f7f2f4b9c21 1 <nil>
	// streaming: no such token
}

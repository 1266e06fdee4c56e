package ozonetel_test

import (
	"fmt"
	"time"

	"github.com/helix-engage/gateway/sandbox/ozonetel"
)

// A test plays both sides of a call without waiting: the levers move it, Advance moves time.
func Example() {
	start := time.Date(2026, 1, 14, 9, 0, 0, 0, time.UTC)
	account, err := ozonetel.New(ozonetel.Options{Now: func() time.Time { return start }, AutoDistribute: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := account.LogIn("agent1"); err != nil {
		fmt.Println(err)
		return
	}
	plan := ozonetel.CallerPlan{IVR: time.Second, Pickup: 2 * time.Second, Talk: 40 * time.Second}
	ucid, err := account.RingIn("+91 98123 45678", plan)
	if err != nil {
		fmt.Println(err)
		return
	}
	for range 4 {
		call, err := account.Call(ucid)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(call.State, "-", account.Agents()[0].State)
		account.Advance(15 * time.Second)
	}
	// Output:
	// queued - READY
	// answered - INCALL
	// answered - INCALL
	// ended - ACW
}

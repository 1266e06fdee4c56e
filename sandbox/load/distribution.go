package load

import (
	"fmt"
	"slices"
	"strconv"
	"time"
)

// Millis is a duration that is written in milliseconds, in JSON as a number.
type Millis time.Duration

// MarshalJSON writes milliseconds with three decimals.
func (m Millis) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, m.milliseconds(), 'f', 3, 64), nil
}

func (m Millis) milliseconds() float64 { return float64(m) / float64(time.Millisecond) }

func (m Millis) String() string { return fmt.Sprintf("%.2f ms", m.milliseconds()) }

// Distribution sums up durations. Its zero value is that of none.
type Distribution struct {
	Count int    `json:"count"`
	P50   Millis `json:"p50Ms"`
	P99   Millis `json:"p99Ms"`
	Max   Millis `json:"maxMs"`
}

// NewDistribution sorts the durations in place. A percentile is the smallest value that so many are not above.
func NewDistribution(took []time.Duration) Distribution {
	if len(took) == 0 {
		return Distribution{}
	}
	slices.Sort(took)
	at := func(percent int) Millis { return Millis(took[(len(took)*percent+99)/100-1]) }
	return Distribution{Count: len(took), P50: at(50), P99: at(99), Max: at(100)}
}

func (d Distribution) String() string {
	if d.Count == 0 {
		return "none"
	}
	return fmt.Sprintf("p50 %s, p99 %s, max %s", d.P50, d.P99, d.Max)
}

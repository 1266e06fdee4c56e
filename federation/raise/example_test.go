package raise_test

import (
	"fmt"

	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/helix-engage/gateway/federation/raise"
)

// The client asked for { lead { who: name timeline } }; name is FortyTwo's, timeline is ours.
func Example() {
	text := &raise.Shape{Leaf: raise.LeafString}
	shape := &raise.Shape{Object: &raise.Object{
		Fields: []raise.Field{
			{Key: "who", From: "name", Hop: -1, Shape: text},
			{Key: "timeline", From: "timeline", Hop: 0, Shape: &raise.Shape{Elem: text}},
		},
		Hops: []raise.Hop{{Fetch: 1, Key: "id"}},
		Deep: true,
	}}

	opened, err := raise.Open([]byte(`{"data":{"lead":{"name":"Sunita","id":"7"}}}`), "lead", shape)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("handed through:", opened.Same)

	var lead, record raise.Tape
	if err := lead.Parse(opened.Value); err != nil {
		fmt.Println(err)
		return
	}
	raise.Collect(lead.Root(), shape, func(hop *raise.Hop, key []byte) {
		fmt.Printf("fetch %d is asked for record %s\n", hop.Fetch, key)
	})
	if err := record.Parse([]byte(`{"timeline":["called","booked"]}`)); err != nil {
		fmt.Println(err)
		return
	}

	writer := raise.Writer{Answers: one{record.Root()}}
	writer.Write(lead.Root(), shape, false)
	fmt.Println(string(writer.Buf))
	// Output:
	// handed through: false
	// fetch 1 is asked for record 7
	// {"who":"Sunita","timeline":["called","booked"]}
}

// one answers every hop with the same record.
type one struct{ record raise.Value }

func (a one) Record(int, []byte) (raise.Value, bool, []*gqlerror.Error) { return a.record, true, nil }

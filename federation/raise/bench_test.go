package raise_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/helix-engage/gateway/federation/raise"
)

var sizes = []struct {
	name    string
	records int
}{{"4kB", 10}, {"120kB", 292}}

func BenchmarkOpenSame(b *testing.B) {
	for _, size := range sizes {
		b.Run(size.name, func(b *testing.B) {
			body := []byte(`{"data":{"leads":` + leads(size.records) + `}}`)
			shape := leadsShape()
			shape.Compile()
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				opened, err := raise.Open(body, "leads", shape)
				if err != nil || !opened.Same {
					b.Fatalf("same %t, %v", opened.Same, err)
				}
			}
		})
	}
}

func BenchmarkRaise(b *testing.B) {
	for _, size := range sizes {
		b.Run(size.name, func(b *testing.B) {
			value := []byte(leads(size.records))
			shape := leadsShape()
			rename(shape)
			var tape raise.Tape
			var writer raise.Writer
			b.SetBytes(int64(len(value)))
			b.ReportAllocs()
			for b.Loop() {
				writer.Reset()
				if err := tape.Parse(value); err != nil {
					b.Fatal(err)
				}
				if !writer.Write(tape.Root(), shape, false) || writer.Errors != nil {
					b.Fatal(writer.Errors)
				}
			}
		})
	}
}

// 292 leads of 120 kB, each with a record of a local fetch.
func BenchmarkCollectAndWriteWithHops(b *testing.B) {
	shape := leadsShape()
	node := markDeep(shape)
	node.Hops = []raise.Hop{{Fetch: 0, Key: "id"}}
	node.Fields = append(node.Fields, hopped("missedCalls", "missedCalls", 0, must(leaf(raise.LeafNumber))))
	var source, records raise.Tape
	if err := source.Parse([]byte(leads(292))); err != nil {
		b.Fatal(err)
	}
	if err := records.Parse([]byte(`{"missedCalls":3}`)); err != nil {
		b.Fatal(err)
	}
	var writer raise.Writer
	var answers raise.Answers = one{records.Root()}
	keys := 0
	count := func(*raise.Hop, []byte) { keys++ }
	b.ReportAllocs()
	for b.Loop() {
		keys = 0
		raise.Collect(source.Root(), shape, count)
		writer.Reset()
		writer.Answers = answers
		if !writer.Write(source.Root(), shape, false) || writer.Errors != nil || keys != 292 {
			b.Fatal(keys, writer.Errors)
		}
	}
}

// leads is a connection as FortyTwo answers it, about 450 bytes a record, every second one with names in Devanagari.
func leads(n int) string {
	names := []string{
		`{"firstName":"Sunita","lastName":"Kulkarni"}`,
		`{"firstName":"सुनीता","lastName":"कुलकर्णी"}`,
	}
	var b strings.Builder
	b.WriteString(`{"edges":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"cursor":"eyJpZCI6IjIwMjAyMDIw%04d","node":{"id":"20202020-1c25-4d02-bf25-6aeccf7e%04d","name":%s,`+
			`"leadStatus":"NEW","contactPhone":{"primaryPhoneNumber":"98765%05d","primaryPhoneCallingCode":"+91"},`+
			`"score":%d.5,"isReturning":%t,"createdAt":"2026-05-21T08:15:30.%03dZ","assignee":null,`+
			`"notes":"Asked for an appointment with the \"cardiology\" desk"}}`,
			i, i, names[i%len(names)], i, i, i%3 == 0, i%1000)
	}
	fmt.Fprintf(&b, `],"pageInfo":{"hasNextPage":true,"endCursor":"eyJpZCI6IjIwMjAyMDIw"},"totalCount":%d}`, n)
	return b.String()
}

func leadsShape() *raise.Shape {
	text, number, flag := leaf(raise.LeafString), leaf(raise.LeafNumber), must(leaf(raise.LeafBoolean))
	node := object(
		field("id", must(leaf(raise.LeafID))),
		field("name", object(field("firstName", text), field("lastName", text))),
		field("leadStatus", text),
		field("contactPhone", object(field("primaryPhoneNumber", must(text)), field("primaryPhoneCallingCode", must(text)))),
		field("score", number),
		field("isReturning", flag),
		field("createdAt", must(leaf(raise.LeafAny))),
		field("assignee", object(field("id", must(text)))),
		field("notes", text),
	)
	edge := must(object(field("cursor", must(text)), field("node", node)))
	return object(
		field("edges", must(list(edge))),
		field("pageInfo", object(field("hasNextPage", flag), field("endCursor", text))),
		field("totalCount", number),
	)
}

// rename gives every field of a lead another name in the answer.
func rename(s *raise.Shape) {
	node := s.Object.Fields[0].Shape.Elem.Object.Fields[1].Shape.Object
	for i := range node.Fields {
		node.Fields[i].Key = "my" + node.Fields[i].Key
	}
}

// markDeep says that the leads have hops, and returns what a lead is.
func markDeep(s *raise.Shape) *raise.Object {
	edge := s.Object.Fields[0].Shape.Elem.Object
	node := edge.Fields[1].Shape.Object
	s.Object.Deep, edge.Deep, node.Deep = true, true, true
	return node
}

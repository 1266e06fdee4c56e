package fortytwo

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestPagingArguments(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	after := base64.StdEncoding.EncodeToString([]byte(`{"id":"` + recordedCalls[2] + `"}`))
	expect(t, b, []exchange{
		{
			name:  "first:0 gives no edges",
			query: `{calls(first:0){edges{node{id}} pageInfo{hasNextPage endCursor}}}`,
			want:  `{"edges":[],"pageInfo":{"hasNextPage":true,"endCursor":null}}`,
		},
		{
			name:  "last without before does not turn the order round",
			query: `{calls(last:1){edges{node{name}}}}`,
			want:  `{"edges":[{"node":{"name":"call 5"}}]}`,
		},
		{
			name:    "before and after conflict",
			query:   `{calls(before:"` + after + `",after:"` + after + `"){totalCount}}`,
			failure: "BAD_USER_INPUT/ARGS_CONFLICT: Cannot provide both before and after",
		},
		{
			name:    "before and first conflict",
			query:   `{calls(before:"` + after + `",first:1){totalCount}}`,
			failure: "BAD_USER_INPUT/ARGS_CONFLICT: Cannot provide both before and first",
		},
		{
			name:    "after and last conflict",
			query:   `{calls(after:"` + after + `",last:1){totalCount}}`,
			failure: "BAD_USER_INPUT/ARGS_CONFLICT: Cannot provide both after and last",
		},
		{
			name:    "last may not be negative",
			query:   `{calls(last:-1){totalCount}}`,
			failure: "BAD_USER_INPUT/INVALID_ARGS_LAST: Last argument must be non-negative",
		},
		{
			name:    "a cursor of another order is refused",
			query:   `{calls(after:"` + base64.StdEncoding.EncodeToString([]byte(`{"name":"x","id":"`+leadID+`"}`)) + `"){totalCount edges{cursor}}}`,
			failure: "BAD_USER_INPUT/INVALID_CURSOR: Invalid cursor",
		},
		{name: "an offset beyond the end gives nothing", query: `{calls(offset:100){edges{node{id}}}}`, want: `{"edges":[]}`},
	})
}

func TestWithoutFirstAListHolds200RecordsAndFirstIsNotCapped(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.seedBulk(305, row{})
	for arguments, want := range map[string]int{"": 200, "(first:500)": 313} {
		got := b.query(`{calls` + arguments + `{edges{node{id}}}}`)
		if n := strings.Count(got.text, `"id"`); n != want {
			t.Errorf("calls%s gives %d records, want %d", arguments, n, want)
		}
	}
}

// pageThrough follows endCursor and gives the names met.
func pageThrough(t *testing.T, b *bench, object, orderBy, selection string) []string {
	t.Helper()
	var names []string
	var after any
	for range 20 {
		got := b.query(`query($a:String){`+object+`(first:3,after:$a,orderBy:`+orderBy+`){pageInfo{hasNextPage endCursor} edges{node{name `+selection+`}}}}`, "a", after)
		var page struct {
			PageInfo struct {
				HasNextPage bool
				EndCursor   string
			}
			Edges []struct{ Node struct{ Name string } }
		}
		if err := json.Unmarshal([]byte(got.data(object)), &page); err != nil || got.failure() != "" {
			t.Fatalf("%v: %s", err, got.text)
		}
		for _, e := range page.Edges {
			names = append(names, e.Node.Name)
		}
		if !page.PageInfo.HasNextPage {
			return names
		}
		after = page.PageInfo.EndCursor
	}
	t.Fatal("the pages never end")
	return nil
}

func TestTrap9CursorsWorkWhenTheOrderIsSelected(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	want := []string{"call 7", "call 6", "call 5", "call 4", "call 3", "call 2", "call 1", "call 0"}
	if got := pageThrough(t, b, "calls", `[{startedAt:DescNullsLast}]`, "startedAt"); !slices.Equal(got, want) {
		t.Errorf("pages hold %v, want %v", got, want)
	}
	if got := pageThrough(t, b, "calls", `[{agentName:AscNullsLast},{durationSeconds:DescNullsLast}]`, "agentName durationSeconds"); !slices.Equal(got,
		[]string{"call 6", "call 4", "call 2", "call 0", "call 7", "call 5", "call 3", "call 1"}) {
		t.Errorf("two columns: pages hold %v", got)
	}
	if got := pageThrough(t, b, "calls", `[{callerNumber:{primaryPhoneNumber:DescNullsLast}}]`, "callerNumber{primaryPhoneNumber}"); !slices.Equal(got, want) {
		t.Errorf("a part of a composite: pages hold %v", got)
	}
}

func TestTrap10CursorsLoseTheRowsWithoutAValue(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for i := range 4 {
		b.main().seedRow("call", row{"name": fmt.Sprintf("no start %d", i)})
	}
	got := pageThrough(t, b, "calls", `[{startedAt:AscNullsLast}]`, "startedAt")
	if len(got) != 8 {
		t.Errorf("pages hold %v, want the eight calls with a start", got)
	}
	if got := b.query(`{calls{totalCount}}`); got.data("calls") != `{"totalCount":12}` {
		t.Errorf("totalCount still counts them: %s", got.text)
	}
}

func TestOrdersSortLikeTheDatabase(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.main().seedRow("call", row{"name": "bare"})
	for orderBy, want := range map[string]string{
		`[{callStatus:AscNullsFirst},{name:AscNullsLast}]`:       "bare call 1 call 4 call 7 call 0 call 3 call 6 call 2 call 5", // options by position
		`{callStatus:DescNullsLast,name:DescNullsLast}`:          "call 5 call 2 call 6 call 3 call 0 call 7 call 4 call 1 bare", // one object
		`[{lead:{leadStatus:AscNullsLast}},{name:AscNullsLast}]`: "call 0 call 1 call 2 call 3 bare call 4 call 5 call 6 call 7",
		`[{leadId:DescNullsFirst},{name:DescNullsLast}]`:         "call 7 call 6 call 5 call 4 bare call 3 call 2 call 1 call 0",
	} {
		got := b.query(`{calls(orderBy:` + orderBy + `){edges{node{name}}}}`)
		var page struct {
			Edges []struct{ Node struct{ Name string } }
		}
		if err := json.Unmarshal([]byte(got.data("calls")), &page); err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, e := range page.Edges {
			names = append(names, e.Node.Name)
		}
		if strings.Join(names, " ") != want {
			t.Errorf("%s: %v, want %s", orderBy, names, want)
		}
	}
	expect(t, b, []exchange{
		{
			name:    "a composite needs a part",
			query:   `{calls(orderBy:[{callerNumber:AscNullsLast}]){totalCount}}`,
			failure: `BAD_USER_INPUT/INVALID_QUERY_INPUT: Composite field "callerNumber" requires a subfield object (e.g., { callerNumber: { subField: 'AscNullsFirst' } })`,
		},
		{
			name:    "a relation needs a field",
			query:   `{calls(orderBy:[{lead:AscNullsLast}]){totalCount}}`,
			failure: `BAD_USER_INPUT/INVALID_QUERY_INPUT: Relation field "lead" requires nested field ordering (e.g., { lead: { fieldName: 'AscNullsFirst' } })`,
		},
		{
			name:    "a one-to-many is not sortable",
			query:   `{leads(orderBy:[{calls:AscNullsLast}]){totalCount}}`,
			failure: `BAD_USER_INPUT/FIELD_NOT_FOUND: Field "calls" does not exist or is not sortable`,
		},
	})
}

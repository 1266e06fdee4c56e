package fortytwo

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	helix "github.com/helix-engage/gateway"
)

const member helix.MemberID = "11111111-1111-4111-8111-111111111111"

func TestPagingNeitherSkipsNorRepeatsWhenManyRecordsShareAMillisecond(t *testing.T) {
	t.Parallel()
	s := newStrict(t)
	rng := rand.New(rand.NewPCG(1, 2))
	base := time.Date(2026, 5, 1, 9, 0, 0, 0, time.UTC)
	var want []helix.DueKey
	for range 120 {
		at := base.Add(time.Duration(rng.IntN(20)) * time.Millisecond).Add(time.Duration(rng.IntN(900)) * time.Microsecond)
		id := randomID(rng)
		s.rows["leads"] = append(s.rows["leads"], map[string]any{
			"id": id, "name": "Lead", "leadStatus": "NEW", "assigneeId": string(member), "createdAt": at,
		})
		want = append(want, helix.DueKey{Due: at.Truncate(time.Millisecond), ID: id})
	}
	slices.SortFunc(want, func(a, b helix.DueKey) int { return cmp.Or(a.Due.Compare(b.Due), cmp.Compare(a.ID, b.ID)) })
	c := s.client(t, nil)
	for _, limit := range []int{1, 2, 3, 7, 50, 199} {
		t.Run(fmt.Sprintf("pages of %d", limit), func(t *testing.T) {
			var got []helix.DueKey
			var after helix.DueKey
			for range len(want) + 1 {
				page, _, err := c.LeadsWaiting(t.Context(), helix.AsUser("u"), member, helix.DueQuery{After: after, Limit: limit})
				if err != nil {
					t.Fatal(err)
				}
				if len(page) == 0 {
					break
				}
				for _, l := range page {
					got = append(got, helix.DueKey{Due: l.CreatedAt, ID: l.ID})
				}
				after = got[len(got)-1]
			}
			if diff := gocmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAPageThatNoMillisecondSplitsCostsOneRequest(t *testing.T) {
	t.Parallel()
	s := newStrict(t)
	rng := rand.New(rand.NewPCG(3, 4))
	for i := range 10 {
		s.rows["leads"] = append(s.rows["leads"], map[string]any{
			"id": randomID(rng), "leadStatus": "NEW", "assigneeId": string(member),
			"createdAt": time.Date(2026, 5, 1, 9, i, 0, 0, time.UTC),
		})
	}
	c := s.client(t, nil)
	s.documents()
	page, _, err := c.LeadsWaiting(t.Context(), helix.AsUser("u"), member, helix.DueQuery{Limit: 5})
	if err != nil || len(page) != 5 {
		t.Fatalf("got %d leads, %v", len(page), err)
	}
	if docs := s.documents(); len(docs) != 1 {
		t.Errorf("sent %d requests, want 1", len(docs))
	}
}

func TestACursorThatIsNoneOfOursIsRefusedBeforeAsking(t *testing.T) {
	t.Parallel()
	s := newStrict(t)
	c := s.client(t, nil)
	s.documents()
	unread := helix.DueKey{Due: time.Now(), ID: "not a uuid"}
	_, _, err := c.LeadsWaiting(t.Context(), helix.AsUser("u"), member, helix.DueQuery{After: unread, Limit: 5})
	wantCode(t, err, helix.CodeBadInput)
	_, _, err = c.LeadsWaiting(t.Context(), helix.AsUser("u"), "0190a5d4-0000-7000-8000-000000000000", helix.DueQuery{Limit: 5})
	wantCode(t, err, helix.CodeBadInput)
	if docs := s.documents(); len(docs) != 0 {
		t.Errorf("sent %d requests, want none", len(docs))
	}
}

// randomID gives a UUID of version 4 from the test's own seed.
func randomID(rng *rand.Rand) string {
	a, b := rng.Uint64(), rng.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", uint32(a), uint16(a>>32), uint16(a>>48)&0xfff, uint16(b>>48)&0xfff, b&0xffffffffffff)
}

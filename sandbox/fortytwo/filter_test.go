package fortytwo

import (
	"strings"
	"testing"
)

func TestFiltersSelectLikeTheDatabaseDoes(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.main().seedRow("lead", row{
		"name": "50%_off \\ deal", "score": 7.0, "optIn": true, "keywords": []string{"Knee", "Hip"}, "extra": newDict(), "stars": "RATING_3",
		"budget": row{"amountMicros": 1_500_000.0}, "createdAt": b.clock.Now().AddDate(0, 0, -3), "reference": leadID,
	})
	var exchanges []exchange
	for filter, count := range map[string]string{
		`filter:null`:                                   "2",
		`filter:{}`:                                     "2",
		`filter:{or:[]}`:                                "2",
		`filter:{not:{name:{is:NULL}}}`:                 "1",
		`filter:{name:{is:NULL}}`:                       "1",
		`filter:{name:{eq:""}}`:                         "1",
		`filter:{name:{neq:""}}`:                        "1",
		`filter:{name:{eq:null}}`:                       "0",
		`filter:{name:{neq:"other"}}`:                   "1", // NULL is not other
		`filter:{name:{ilike:"%OFF%"}}`:                 "1",
		`filter:{name:{like:"%OFF%"}}`:                  "0",
		`filter:{name:{like:"50\\%\\_off \\\\ deal"}}`:  "1",
		`filter:{name:{like:"50_%"}}`:                   "1",
		`filter:{name:{like:"5\\_%"}}`:                  "0",
		`filter:{name:{startsWith:"50%"}}`:              "1",
		`filter:{name:{endsWith:"deal"}}`:               "1",
		`filter:{name:{gte:"5"}}`:                       "1",
		`filter:{score:{gt:6}}`:                         "1",
		`filter:{score:{lte:7}}`:                        "1",
		`filter:{score:{in:[1,7]}}`:                     "1",
		`filter:{score:{is:NOT_NULL}}`:                  "1",
		`filter:{score:{neq:1}}`:                        "1",
		`filter:{optIn:{eq:true}}`:                      "1",
		`filter:{stars:{eq:RATING_3}}`:                  "1",
		`filter:{keywords:{containsIlike:"kn%"}}`:       "1",
		`filter:{keywords:{is:NULL}}`:                   "1",
		`filter:{keywords:{isEmptyArray:true}}`:         "0", // unset is NULL, not empty
		`filter:{tags:{is:NULL}}`:                       "1",
		`filter:{extra:{like:"{%"}}`:                    "1",
		`filter:{extra:{is:NULL}}`:                      "1",
		`filter:{budget:{amountMicros:{gt:"1000000"}}}`: "1",
		`filter:{phone:{primaryPhoneNumber:{ilike:"%5000%"},primaryPhoneCallingCode:{eq:"+91"}}}`:              "1",
		`filter:{createdBy:{source:{eq:SYSTEM}}}`:                                                              "2",
		`filter:{createdAt:{lt:"2026-11-20"}}`:                                                                 "1",
		`filter:{and:[{createdAt:{gte:"2026-11-18T00:00:00Z"}},{createdAt:{lt:"2026-11-19T00:00:00+05:30"}}]}`: "1",
		`filter:{id:{in:["` + leadID + `"]}}`:                                                                  "1",
		`filter:{id:{eq:"` + strings.ToUpper(leadID) + `"}}`:                                                   "1",
		`filter:{assigneeId:{is:NULL}}`:                                                                        "2",
		`filter:{assignee:{userEmail:{eq:"x"}}}`:                                                               "0",
		`filter:{leadStatus:{neq:LOST}}`:                                                                       "1", // the other has no status
		`filter:{not:{and:[{score:{eq:7}},{optIn:{eq:true}}]}}`:                                                "0", // NOT of unknown is unknown
	} {
		exchanges = append(exchanges, exchange{name: filter, query: `{leads(` + filter + `){totalCount}}`, want: `{"totalCount":` + count + `}`})
	}
	expect(t, b, exchanges)
}

func TestFiltersAreRefusedInUpstreamsWords(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	const (
		filterError = "BAD_USER_INPUT/INVALID_ARGS_FILTER: "
		textAllowed = " - Allowed operators: eq, neq, gt, gte, lt, lte, in, is, like, ilike, startsWith, endsWith"
	)
	var exchanges []exchange
	for filter, failure := range map[string]string{
		`{startedAt:{gte:"2026-01-01",lt:"2026-02-01"}}`: filterError + `Filter for field "startedAt" must have exactly one operator`, // trap 7
		`{startedAt:{}}`:                                                      filterError + `Filter for field "startedAt" must have exactly one operator`,
		`{callerNumber:{primaryPhoneNumber:{}}}`:                              filterError + `Filter for field "callerNumber.primaryPhoneNumber" must have exactly one operator`,
		`{name:{contains:"x"}}`:                                               filterError + `Operator "contains" is not valid for field "name" of type TEXT` + textAllowed,
		`{name:{regex:"x"}}`:                                                  filterError + `Operator "regex" is not valid for field "name" of type TEXT` + textAllowed,
		`{callStatus:{containsAny:[MISSED]}}`:                                 `INTERNAL_SERVER_ERROR/: cannot cast type workspace_1wgvd1injqtife6y4rvfbu3h5."_call_callStatus_enum" to text[]`,
		`{callStatus:{in:[]}}`:                                                "BAD_USER_INPUT/INVALID_QUERY_INPUT: Invalid filter value for field callStatus. Expected non-empty array",
		`{name:{in:"x"}}`:                                                     filterError + `Filter operator "in" requires an array value for field name`,
		`{name:{is:"null"}}`:                                                  filterError + `Filter operator "is" requires "NULL" or "NOT_NULL" value for field name`,
		`{name:{like:1}}`:                                                     filterError + `Filter operator "like" requires a string value for field name`,
		`{startedAt:{lt:"yesterday"}}`:                                        filterError + `Invalid value 'yesterday' for date-time field "startedAt". Expected format: 'YYYY-MM-DDTHH:mm:ssZ'`,
		`{startedAt:{lt:1700000000}}`:                                         filterError + `Invalid value 1700000000 for date-time field "startedAt". Expected format: 'YYYY-MM-DDTHH:mm:ssZ'`,
		`{missedcallcount:{eq:"many"}}`:                                       filterError + `Invalid number value NaN for field "missedcallcount"`,
		`{callerNumber:{nosuch:{eq:"x"}}}`:                                    filterError + `Sub field "nosuch" not found for composite type: PHONES`,
		`{lead:{eq:"` + leadID + `"}}`:                                        filterError + `Cannot filter by relation field "lead": use "leadId" instead`,
		`{lead:{assignee:{userEmail:{eq:"x"}}}}`:                              filterError + `Relation filter nesting deeper than 1 hop is not supported`,
		`{attachments:{id:{is:NULL}}}`:                                        filterError + `Cannot filter by relation field "attachments"`,
		`{id:{eq:"01890a5d-ac96-774b-bcce-b302099a8057"}}`:                    filterError + `Invalid UUID value '01890a5d-ac96-774b-bcce-b302099a8057' for field "id"`, // trap 21: v7
		`{id:{eq:"01890a5d-ac96-874b-bcce-b302099a8057"}}`:                    filterError + `Invalid UUID value '01890a5d-ac96-874b-bcce-b302099a8057' for field "id"`, // v8
		`{id:{in:["` + leadID + `","ffffffff-ffff-ffff-ffff-ffffffffffff"]}}`: filterError + `Invalid UUID value 'ffffffff-ffff-ffff-ffff-ffffffffffff' for field "id"`,
		`{leadId:{eq:"x"}}`:                                                   filterError + `Invalid UUID value 'x' for field "leadId"`,
		`{and:{name:{eq:"x"}}}`:                                               "INTERNAL_SERVER_ERROR/: value.map is not a function",
		`{name:null}`:                                                         "INTERNAL_SERVER_ERROR/: Cannot convert undefined or null to object",
	} {
		exchanges = append(exchanges, exchange{name: filter, query: `{calls(filter:` + filter + `){totalCount}}`, failure: failure})
	}
	expect(t, b, exchanges)
}

func TestAFiveIsTakenAndThreeHundredIdsToo(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ids := []any{leadID, "886313e1-3b8a-5372-9b90-0c9aee199e5d"}
	for len(ids) < 300 {
		ids = append(ids, b.main().newID())
	}
	got := b.query(`query($i:[UUID!]){leads(filter:{id:{in:$i}}){totalCount}}`, "i", ids)
	if got.data("leads") != `{"totalCount":1}` {
		t.Errorf("answer %s", got.text)
	}
}

func TestLikeTakesLinearlyManyStepsBack(t *testing.T) {
	t.Parallel()
	if like(strings.Repeat("%a", 200), strings.Repeat("a", 199)+"b", false) {
		t.Error("200 times a is not in 199 times a")
	}
	if !like(`%\\%`, `a\b`, false) || like(`_`, `ab`, false) || !like(`_`, `क`, false) || !like(``, ``, false) || !like(`a\`, `a\`, false) {
		t.Error("escapes and single characters")
	}
}

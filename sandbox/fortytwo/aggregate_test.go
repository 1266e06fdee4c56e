package fortytwo

import (
	"testing"
	"time"
)

func TestAggregatesOfAList(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.main().seedRow("lead", row{"optIn": true, "budget": row{"amountMicros": 3e6}, "name": "a"})
	b.main().seedRow("lead", row{"optIn": false, "budget": row{"amountMicros": 1e6}, "name": "a"})
	expect(t, b, []exchange{
		{
			name:  "numbers and dates",
			query: `{calls{minMissedcallcount maxMissedcallcount avgMissedcallcount sumMissedcallcount minStartedAt maxStartedAt}}`,
			want:  `{"minMissedcallcount":0,"maxMissedcallcount":7,"avgMissedcallcount":3.5,"sumMissedcallcount":28,"minStartedAt":"2026-05-01T10:00:00.000Z","maxStartedAt":"2026-05-08T10:00:00.000Z"}`,
		},
		{
			name:  "counts and shares",
			query: `{calls{countEmptyCallbackstatus countNotEmptyCallbackstatus countUniqueValuesAgentName percentageEmptyCallbackstatus percentageNotEmptyCallbackstatus}}`,
			want:  `{"countEmptyCallbackstatus":5,"countNotEmptyCallbackstatus":3,"countUniqueValuesAgentName":2,"percentageEmptyCallbackstatus":0.625,"percentageNotEmptyCallbackstatus":0.375}`,
		},
		{
			name: "booleans and money", query: `{leads{countTrueOptIn countFalseOptIn countUniqueValuesName sumBudgetAmountMicros}}`,
			want: `{"countTrueOptIn":1,"countFalseOptIn":1,"countUniqueValuesName":1,"sumBudgetAmountMicros":4000000}`,
		},
		{
			name:  "of nothing",
			query: `{calls(filter:{name:{eq:"nobody"}}){totalCount maxStartedAt avgMissedcallcount percentageEmptyName}}`,
			want:  `{"totalCount":0,"maxStartedAt":null,"avgMissedcallcount":null,"percentageEmptyName":null}`,
		},
	})
}

func TestGroups(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.main().seedRow("call", row{"name": "late", "startedAt": time.Date(2026, 5, 31, 19, 0, 0, 0, time.UTC), "callStatus": "FAILED"})
	expect(t, b, []exchange{
		{
			name:  "a zone moves an instant into the next month",
			query: `{callsGroupBy(groupBy:[{startedAt:{granularity:MONTH,timeZone:"Asia/Kolkata"}}]){groupByDimensionValues totalCount}}`,
			want:  `[{"groupByDimensionValues":["2026-05-01"],"totalCount":8},{"groupByDimensionValues":["2026-06-01"],"totalCount":1}]`,
		},
		{
			name:  "ordered by an aggregate and limited",
			query: `{callsGroupBy(groupBy:[{agentName:true}],orderBy:[{aggregate:{sumMissedcallcount:DescNullsLast}}],limit:1){groupByDimensionValues sumMissedcallcount}}`,
			want:  `[{"groupByDimensionValues":["Agent 1"],"sumMissedcallcount":16}]`,
		},
		{
			name: "the null group is there", query: `{callsGroupBy(groupBy:[{leadId:true}]){groupByDimensionValues totalCount}}`,
			want: `[{"groupByDimensionValues":["` + leadID + `"],"totalCount":4},{"groupByDimensionValues":[null],"totalCount":5}]`,
		},
		{
			name:  "by a field of a relation and a part of a composite",
			query: `{callsGroupBy(groupBy:[{lead:{leadStatus:true}},{callerNumber:{primaryPhoneCountryCode:true}}],filter:{leadId:{is:NOT_NULL}}){groupByDimensionValues totalCount}}`,
			want:  `[{"groupByDimensionValues":["NEW","IN"],"totalCount":4}]`,
		},
		{
			name:  "records of a group are at most ten",
			query: `{callsGroupBy(groupBy:[{direction:true}],filter:{callStatus:{eq:MISSED}},orderByForRecords:[{startedAt:DescNullsLast}]){edges{node{name}}}}`,
			want:  `[{"edges":[{"node":{"name":"call 6"}},{"node":{"name":"call 3"}},{"node":{"name":"call 0"}}]}]`,
		},
		{
			name:  "names of days need no zone",
			query: `{callsGroupBy(groupBy:[{startedAt:{granularity:DAY_OF_THE_WEEK}}],filter:{name:{in:["call 0","call 7"]}}){groupByDimensionValues}}`,
			want:  `[{"groupByDimensionValues":["Friday"]}]`,
		},
		{
			name: "a period needs a zone", query: `{callsGroupBy(groupBy:[{startedAt:{granularity:DAY}}]){totalCount}}`,
			failure: "BAD_USER_INPUT/MISSING_TIMEZONE_FOR_DATE_GROUP_BY: Time zone should be specified for a group by date with granularity DAY",
		},
		{
			name: "an unknown field", query: `{callsGroupBy(groupBy:[{nosuch:true}]){totalCount}}`,
			failure: `BAD_USER_INPUT/INVALID_QUERY_INPUT: Unable to find groupBy field with name "nosuch"`,
		},
	})
}

func TestPeriodsBeginWhereTheyShould(t *testing.T) {
	t.Parallel()
	day := time.Date(2026, 11, 22, 23, 30, 0, 0, time.UTC) // a Sunday
	for _, tt := range []struct{ granularity, weekStart, want string }{
		{"DAY", "", "2026-11-22"},
		{"WEEK", "", "2026-11-16"},
		{"WEEK", "SUNDAY", "2026-11-22"},
		{"WEEK", "SATURDAY", "2026-11-21"},
		{"MONTH", "", "2026-11-01"},
		{"QUARTER", "", "2026-10-01"},
		{"YEAR", "", "2026-01-01"},
		{"DAY_OF_THE_WEEK", "", "Sunday"},
		{"MONTH_OF_THE_YEAR", "", "November"},
		{"QUARTER_OF_THE_YEAR", "", "Q4"},
	} {
		if got, ok := period(tt.granularity, day, tt.weekStart); !ok || got != tt.want {
			t.Errorf("%s %s = %v, want %s", tt.granularity, tt.weekStart, got, tt.want)
		}
	}
}

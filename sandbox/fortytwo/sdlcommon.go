package fortytwo

// commonSDL is what the schema of every workspace holds. Operators stand in upstream's order, which decides what line 1.5 drops.
const commonSDL = `
"A number of any size, as a number or as text."
scalar BigFloat
"Where a record stands in a list."
scalar Cursor
"A day."
scalar Date
"A moment as an ISO 8601 text."
scalar DateTime
"Any JSON value."
scalar JSON
"A number, or one of the words first and last."
scalar Position
"Any JSON value, as the database keeps it."
scalar RawJSONScalar
"What a record is found by in a full-text search."
scalar TSVector
"A UUID."
scalar UUID

"Whether a value is set."
enum FilterIs { NULL NOT_NULL }
"The direction of a sort and the place of unset values in it."
enum OrderByDirection { AscNullsFirst AscNullsLast DescNullsFirst DescNullsLast }

type PageInfo {
  hasNextPage: Boolean
  hasPreviousPage: Boolean
  startCursor: Cursor
  endCursor: Cursor
}

input StringFilter {
  eq: String gt: String gte: String in: [String!] lt: String lte: String neq: String startsWith: String endsWith: String
  like: String ilike: String regex: String iregex: String is: FilterIs
}
input FloatFilter { eq: Float gt: Float gte: Float in: [Float!] lt: Float lte: Float neq: Float is: FilterIs }
input BigFloatFilter { eq: BigFloat gt: BigFloat gte: BigFloat in: [BigFloat!] lt: BigFloat lte: BigFloat neq: BigFloat is: FilterIs }
input DateFilter { eq: Date gt: Date gte: Date in: [Date!] lt: Date lte: Date neq: Date is: FilterIs }
input BooleanFilter { eq: Boolean is: FilterIs }
input UUIDFilter { eq: UUID gt: UUID gte: UUID in: [UUID!] lt: UUID lte: UUID neq: UUID is: FilterIs }
input ArrayFilter { containsIlike: String is: FilterIs isEmptyArray: Boolean }
input RawJsonFilter { is: FilterIs like: String }
input TSVectorFilter { search: String! }
`

// groupSDL is what grouping needs.
const groupSDL = `
enum ObjectRecordGroupByDateGranularity { DAY WEEK MONTH QUARTER YEAR DAY_OF_THE_WEEK MONTH_OF_THE_YEAR QUARTER_OF_THE_YEAR NONE }
enum FirstDayOfTheWeek { MONDAY SUNDAY SATURDAY }
input GroupByDateInput { granularity: ObjectRecordGroupByDateGranularity timeZone: String weekStartDay: FirstDayOfTheWeek }
`

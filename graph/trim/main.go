// Command trim rewrites the executor that gqlgen has generated, for speed: a list gets no goroutine for each element, a field that
// is in memory already no chain of interceptors, an object no bookkeeping for @defer, which the gateway refuses, and an answer no
// buffer of its own. What stands in their place is graph/execute.go. A file that was rewritten stays as it is.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"go/format"
	"os"
	"regexp"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: trim <file>")
		os.Exit(2)
	}
	if err := trimFile(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "trim:", err)
		os.Exit(1)
	}
}

func trimFile(path string) error {
	code, err := os.ReadFile(path) //nolint:gosec // the developer names it
	if err != nil {
		return err
	}
	trimmed, err := trim(code)
	if err != nil {
		return err
	}
	return os.WriteFile(path, trimmed, 0o644) //nolint:gosec // source code is for all to read
}

// What gqlgen generates, as gofmt has it.
var (
	list = regexp.MustCompile(`graphql\.MarshalSliceConcurrently\(ctx, len\(v\), 0, false, `)

	field = regexp.MustCompile(`(?m)^\treturn graphql\.ResolveField\(
		ctx,
		ec\.OperationContext,
		field,
		func\(ctx context\.Context, field graphql\.CollectedField\) \(\*graphql\.FieldContext, error\) \{
			return ec\.fieldContext_(_*[A-Za-z0-9]+)_\w+\(ctx, field\)
		\},
		func\(ctx context\.Context\) \(any, error\) \{
			return (obj\.\w+), nil
		\},
		nil,
		func\(ctx context\.Context, selections ast\.SelectionSet, v .+\) graphql\.Marshaler \{
			return (ec\.marshal[^(]+)\(ctx, selections, v\)
		\},
		true,
		(true|false),
	\)$`)

	function = regexp.MustCompile(`(?m)^func \(ec \*executionContext\) _\w+\(ctx context\.Context, sel ast\.SelectionSet.*\{\n(?:.*\n)*?\}$`)

	named = regexp.MustCompile(`(?m)^(\t\t\tout\.Values\[i\] = )graphql\.MarshalString\(("\w+")\)$`)

	object = regexp.MustCompile(`(?m)^\tout := graphql\.NewFieldSet\(fields\)$`)

	dispatch = regexp.MustCompile(`(?m)^\tout\.Dispatch\(ctx\)\n`)

	deferrals = regexp.MustCompile(`(?m)^\tdeferredFieldSet := .*\n\tdeferLabelToView := .*\n`)

	deferral = regexp.MustCompile(`(?m)^\t\t\t\tdeferredFieldSet\.AddField\(field\)$`)

	deferring = regexp.MustCompile(`(?m)^\tatomic\.AddInt32\(&ec\.Deferred, .*\n
	ec\.ProcessDeferredGroup\(graphql\.DeferredGroup\{\n(?:.*\n)*?\t\}\)\n`)

	writing = regexp.MustCompile(`(?m)^\t\t\tvar buf bytes\.Buffer
			data\.MarshalGQL\(&buf\)
			response\.Data = buf\.Bytes\(\)$`)

	result = regexp.MustCompile(`(?m)^\treturn out$`)
)

// What a generated object says of each field that waits for a resolver, and of each that may be deferred.
const (
	mayWait  = "out.Concurrently("
	mayDefer = "field.IsDeferred()"
)

// errUnknown is a file that gqlgen generates otherwise than this program knows.
var errUnknown = errors.New("the file is not as gqlgen generated it: see whether the patterns still hold")

func trim(code []byte) ([]byte, error) {
	if bytes.Contains(code, []byte("completeList(")) {
		return code, nil
	}
	for _, pattern := range []*regexp.Regexp{list, field, named, object, deferring, writing} {
		if !pattern.Match(code) {
			return nil, errUnknown
		}
	}
	code = list.ReplaceAll(code, []byte("completeList(ctx, len(v), "))
	code = field.ReplaceAll(code, []byte(`	return completeField(ctx, ec.OperationContext, "$1", field, $2, $3, $4)`))
	code = named.ReplaceAll(code, []byte("${1}typeName($2)"))
	code = writing.ReplaceAll(code, []byte("\t\t\tresponse.Data = written(data)"))
	return format.Source(function.ReplaceAllFunc(code, trimObject))
}

func trimObject(code []byte) []byte {
	if !deferring.Match(code) {
		return code
	}
	if bytes.Contains(code, []byte(mayDefer)) {
		code = deferrals.ReplaceAll(code, []byte("\tvar deferredFieldSet *graphql.FieldSet\n\tvar deferLabelToView map[string]*graphql.FieldSetView\n"))
		code = deferral.ReplaceAll(code, []byte("if deferredFieldSet == nil {\n"+
			"deferredFieldSet, deferLabelToView = graphql.NewFieldSet(nil), make(map[string]*graphql.FieldSetView)\n}\n$0"))
		code = deferring.ReplaceAll(code, []byte("if len(deferLabelToView) > 0 {\n$0}\n"))
	} else {
		code = deferring.ReplaceAll(deferrals.ReplaceAll(code, nil), nil)
	}
	if bytes.Contains(code, []byte(mayWait)) {
		return result.ReplaceAll(code, []byte("\treturn &completedObject{Values: out.Values, fields: fields}"))
	}
	return object.ReplaceAll(dispatch.ReplaceAll(code, nil), []byte("\tout := newObject(fields)"))
}

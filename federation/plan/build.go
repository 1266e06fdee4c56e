package plan

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/federation/compose"
	"github.com/helix-engage/gateway/federation/raise"
)

// builder makes one plan.
type builder struct {
	collector
	composed *compose.Composed
	plan     *Plan
	step     *Step
	entities map[place]int // fetches by id of the step at hand
}

// place is where records of a type are fetched: once for each level.
type place struct {
	entity string
	level  int
}

// Build plans an operation of a validated document. Variables matter only as far as they decide @skip and @include.
func Build(composed *compose.Composed, doc *ast.QueryDocument, op *ast.OperationDefinition, variables map[string]any) (*Plan, error) {
	b := &builder{
		collector: collector{schema: composed.Schema, fragments: doc.Fragments, variables: variables},
		composed:  composed, plan: &Plan{hops: make(map[*raise.Hop]int)},
	}
	root := composed.Schema.Query
	switch op.Operation {
	case ast.Mutation:
		root = composed.Schema.Mutation
	case ast.Subscription:
		root = composed.Schema.Subscription
	}
	fields := b.collect(root, op.SelectionSet)
	if !slices.ContainsFunc(fields, func(f collected) bool {
		return b.composed.Roots[op.Operation][f.field.Name] != nil || b.touches(f.selections...)
	}) {
		return &Plan{Local: true}, nil
	}
	if op.Operation == ast.Mutation {
		for _, f := range fields {
			if err := b.add(op, root, f); err != nil {
				return nil, err
			}
		}
		return b.plan, nil
	}
	if err := b.add(op, root, fields...); err != nil {
		return nil, err
	}
	return b.plan, nil
}

// add plans root fields that are answered in one step.
func (b *builder) add(op *ast.OperationDefinition, root *ast.Definition, fields ...collected) error {
	b.plan.Steps = append(b.plan.Steps, Step{})
	b.step = &b.plan.Steps[len(b.plan.Steps)-1]
	b.entities = make(map[place]int)
	local := -1
	for _, f := range fields {
		b.step.Roots = append(b.step.Roots, len(b.plan.Roots))
		switch origin := b.composed.Roots[op.Operation][f.field.Name]; {
		case f.field.Name == typename:
			b.plan.Roots = append(b.plan.Roots, Root{Key: f.key, Const: quoted(root.Name), Fetch: -1})
		case origin != nil:
			request := newRequest(b.composed, origin, op.Operation, f.field.Arguments)
			shape, err := b.remoteShape(f.field.Definition.Type, f.selections, request.selection, 0)
			if err != nil {
				return err
			}
			shape.Compile()
			n := b.fetch(0, &Fetch{Kind: FetchRemote, Request: request, Shape: shape})
			b.plan.Roots = append(b.plan.Roots, Root{Key: f.key, Fetch: n, Shape: shape})
		default:
			if local < 0 {
				narrowed := *op
				narrowed.SelectionSet = nil
				local = b.fetch(0, &Fetch{Kind: FetchLocal, Operation: &narrowed})
			}
			narrowed, shape, err := b.localField(f, 0)
			if err != nil {
				return err
			}
			run := b.plan.Fetches[local].Operation
			run.SelectionSet = append(run.SelectionSet, narrowed)
			b.plan.Roots = append(b.plan.Roots, Root{Key: f.key, Fetch: local, Shape: shape})
		}
	}
	for _, level := range b.step.Levels {
		for _, n := range level {
			if request := b.plan.Fetches[n].Request; request != nil {
				if err := request.finish(); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// fetch numbers a fetch and puts it on its level.
func (b *builder) fetch(level int, f *Fetch) int {
	n := len(b.plan.Fetches)
	b.plan.Fetches = append(b.plan.Fetches, f)
	for len(b.step.Levels) <= level {
		b.step.Levels = append(b.step.Levels, nil)
	}
	b.step.Levels[level] = append(b.step.Levels[level], n)
	return n
}

// entity is the fetch of a type's records by id on a level, and what is asked of each.
func (b *builder) entity(e *compose.Entity, level int) (number int, node *selection) {
	at := place{e.Name, level}
	n, ok := b.entities[at]
	if !ok {
		request := newRequest(b.composed, e.List, ast.Query, nil)
		request.byIDs = true
		request.selection.child("edges").child("node").add("id")
		n = b.fetch(level, &Fetch{Kind: FetchRemoteEntities, Request: request, Entity: e.Name})
		b.entities[at] = n
	}
	return n, b.plan.Fetches[n].Request.selection.child("edges").child("node")
}

// hop records a hop of an object, once the object is complete.
func (b *builder) hop(h *raise.Hop, deep []Deep) {
	b.plan.hops[h] = len(b.plan.Hops)
	b.plan.Hops = append(b.plan.Hops, Hop{Fetch: h.Fetch, Deep: deep})
}

// register makes the hops of a finished object known, and marks it as one to look into.
func (b *builder) register(o *raise.Object) {
	for i := range o.Hops {
		var deep []Deep
		for _, f := range o.Fields {
			if f.Hop == i && isDeep(f.Shape) {
				deep = append(deep, Deep{From: f.From, Shape: f.Shape})
			}
		}
		b.hop(&o.Hops[i], deep)
	}
	o.Deep = len(o.Hops) > 0 || slices.ContainsFunc(o.Fields, func(f raise.Field) bool { return f.Hop < 0 && isDeep(f.Shape) })
}

// isDeep tells whether hops begin in a value.
func isDeep(s *raise.Shape) bool {
	for ; s != nil; s = s.Elem {
		if s.Object == nil {
			continue
		}
		if s.Object.Deep {
			return true
		}
		for _, o := range s.Object.ByType {
			if o.Deep {
				return true
			}
		}
	}
	return false
}

const typename = "__typename"

func quoted(s string) []byte {
	b, _ := json.Marshal(s) // a string can always be encoded
	return b
}

// wrap gives a value's shape the lists and the nullability of its type.
func wrap(t *ast.Type, inner func() (*raise.Shape, error)) (*raise.Shape, error) {
	if t.Elem == nil {
		shape, err := inner()
		if err != nil {
			return nil, err
		}
		shape.NonNull = t.NonNull
		return shape, nil
	}
	elem, err := wrap(t.Elem, inner)
	return &raise.Shape{NonNull: t.NonNull, Elem: elem}, err
}

func unplannable(what, name string) error {
	return helix.Internal("federation.plan", fmt.Errorf("%s: %s", what, name))
}

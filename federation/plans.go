package federation

import (
	"sync"

	"github.com/99designs/gqlgen/graphql"
	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/helix-engage/gateway/federation/compose"
	"github.com/helix-engage/gateway/federation/plan"
)

// Bounds of the cache. An operation with many conditions is planned each time that its choice is not among those kept.
const (
	plannedOperations = 1000
	plannedChoices    = 32
	maxConditions     = 16
)

type planned = plan.Plan

// plans keeps what was planned for the operations of cached documents. It forgets the least recently used operation.
type plans struct {
	operations *lru.Cache[*ast.OperationDefinition, *choices]
}

// choices are the plans of one operation by the values of the variables that decide its conditions.
type choices struct {
	conditions []string
	mu         sync.RWMutex
	plans      map[uint64]*plan.Plan
}

func newPlans() *plans {
	operations, _ := lru.New[*ast.OperationDefinition, *choices](plannedOperations) // fails for no size only
	return &plans{operations: operations}
}

// of gives the plan of the operation at hand.
func (p *plans) of(composed *compose.Composed, oc *graphql.OperationContext) (*plan.Plan, error) {
	c, ok := p.operations.Get(oc.Operation)
	if !ok {
		c = &choices{conditions: plan.Conditions(oc.Doc, oc.Operation), plans: make(map[uint64]*plan.Plan, 1)}
		p.operations.Add(oc.Operation, c)
	}
	if len(c.conditions) > maxConditions {
		return plan.Build(composed, oc.Doc, oc.Operation, oc.Variables)
	}
	var choice uint64
	for i, name := range c.conditions {
		if holds, _ := oc.Variables[name].(bool); holds {
			choice |= 1 << i
		}
	}
	c.mu.RLock()
	found := c.plans[choice]
	c.mu.RUnlock()
	if found != nil {
		return found, nil
	}
	built, err := plan.Build(composed, oc.Doc, oc.Operation, oc.Variables)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.plans) < plannedChoices {
		c.plans[choice] = built
	}
	return built, nil
}

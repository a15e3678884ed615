package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
)

func (p *provider) ApplyResourceChange(ctx context.Context, request *tfprotov5.ApplyResourceChangeRequest) (*tfprotov5.ApplyResourceChangeResponse, error) {
	schema, err := p.resource(request.TypeName)
	if err != nil {
		return nil, err
	}
	prior, planned, _, err := decodeThree(schema, request.PriorState, request.PlannedState, nil)
	if err != nil {
		return nil, err
	}
	ctx, done := p.until(ctx)
	defer done()
	change := change{provider: p, schema: schema, typeName: request.TypeName, prior: prior, planned: planned}
	state, failed := change.apply(ctx)
	response := &tfprotov5.ApplyResourceChangeResponse{UnsafeToUseLegacyTypeSystem: true}
	if failed != nil {
		response.Diagnostics = append(response.Diagnostics, problem(failed.Error(), ""))
	}
	response.NewState, err = encode(state, schema)
	return response, err
}

type change struct {
	provider *provider
	schema   *typeSchema
	typeName string
	prior    map[string]any
	planned  map[string]any
}

func (c *change) apply(ctx context.Context) (map[string]any, error) {
	switch {
	case c.planned == nil:
		return c.remove(ctx)
	case c.prior == nil:
		return c.create(ctx)
	default:
		return c.update(ctx)
	}
}

// create: once the account told an id it is in the state, whatever comes after; core then marks it as tainted.
func (c *change) create(ctx context.Context) (map[string]any, error) {
	known, _ := withoutUnknown(c.planned, nil).(map[string]any)
	request := ask{Operation: "create", Type: c.typeName, Attributes: known, Region: text(known["region"])}
	result, err := c.provider.account.call(ctx, request)
	if err != nil {
		return nil, fmt.Errorf("creating %s: %w", c.typeName, err)
	}
	if result.Failure != nil {
		return c.complete(result.State, known), c.explain("creating", "", result.Failure)
	}
	request.ID = text(result.State["id"])
	final, err := c.provider.account.await(ctx, request, result)
	if err != nil {
		return c.complete(result.State, known), fmt.Errorf("waiting for %s (%s) create: %w", c.typeName, request.ID, err)
	}
	if final.Failure != nil {
		return c.complete(result.State, known), c.explain("waiting for create of", request.ID, final.Failure)
	}
	return c.complete(final.State, known), nil
}

func (c *change) update(ctx context.Context) (map[string]any, error) {
	known, _ := withoutUnknown(c.planned, c.prior).(map[string]any)
	request := ask{Operation: "update", Type: c.typeName, ID: text(c.prior["id"]), Attributes: known, Prior: c.prior, Region: text(c.prior["region"])}
	result, err := c.provider.account.call(ctx, request)
	if err != nil {
		return known, fmt.Errorf("updating %s (%s): %w", c.typeName, request.ID, err)
	}
	if result.Failure == nil {
		result, err = c.provider.account.await(ctx, request, result)
	}
	if err != nil {
		return known, fmt.Errorf("waiting for %s (%s) update: %w", c.typeName, request.ID, err)
	}
	if result.Failure != nil {
		return known, c.explain("updating", request.ID, result.Failure)
	}
	return c.complete(result.State, known), nil
}

func (c *change) remove(ctx context.Context) (map[string]any, error) {
	request := ask{Operation: "delete", Type: c.typeName, ID: text(c.prior["id"]), Attributes: c.prior, Region: text(c.prior["region"])}
	result, err := c.provider.account.call(ctx, request)
	if err == nil && result.Failure == nil {
		result, err = c.provider.account.await(ctx, request, result)
	}
	switch {
	case errors.Is(err, errNotFound):
		return nil, nil
	case err != nil:
		return c.prior, fmt.Errorf("deleting %s (%s): %w", c.typeName, request.ID, err)
	case result.Failure != nil:
		return c.prior, c.explain("deleting", request.ID, result.Failure)
	}
	return nil, nil
}

func (c *change) explain(verb, id string, failure *apiErr) error {
	name := failure.Label
	if name == "" {
		name = c.typeName
	}
	if id != "" {
		return fmt.Errorf("%s %s (%s): %w", verb, name, id, failure)
	}
	return fmt.Errorf("%s %s: %w", verb, name, failure)
}

// complete lays what the account told over what was planned: what the account does not know keeps the planned value.
func (c *change) complete(told, known map[string]any) map[string]any {
	if told == nil {
		return nil
	}
	state := map[string]any{}
	for name, value := range known {
		state[name] = value
	}
	for name, value := range told {
		if c.schema.Block.has(name) && (state[name] == nil || c.computed(name)) {
			state[name] = value
		}
	}
	return state
}

// computed: blocks too, for what is computed inside of them.
func (c *change) computed(name string) bool {
	attr := c.schema.Block.Attributes[name]
	return (attr == nil || attr.Computed) && name != "tags_all"
}

func withoutUnknown(value, prior any) any {
	if isUnknown(value) {
		return prior
	}
	switch typed := value.(type) {
	case map[string]any:
		before, _ := prior.(map[string]any)
		result := map[string]any{}
		for name, inner := range typed {
			result[name] = withoutUnknown(inner, before[name])
		}
		return result
	case []any:
		result := make([]any, 0, len(typed))
		for index, inner := range typed {
			result = append(result, withoutUnknown(inner, element(asList(prior), index)))
		}
		return result
	}
	return value
}

func text(value any) string {
	result, _ := value.(string)
	return result
}

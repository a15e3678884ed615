package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
)

func (p *provider) ReadResource(ctx context.Context, request *tfprotov5.ReadResourceRequest) (*tfprotov5.ReadResourceResponse, error) {
	schema, err := p.resource(request.TypeName)
	if err != nil {
		return nil, err
	}
	current, err := decode(request.CurrentState, schema)
	if err != nil {
		return nil, err
	}
	ctx, done := p.until(ctx)
	defer done()
	result, err := p.account.call(ctx, ask{Operation: "read", Type: request.TypeName, ID: text(current["id"]), Region: text(current["region"]), Prior: current})
	if errors.Is(err, errNotFound) {
		gone, err := encode(nil, schema)
		return &tfprotov5.ReadResourceResponse{NewState: gone}, err
	}
	if err == nil && result.Failure != nil {
		err = result.Failure
	}
	if err != nil {
		failed := problem(fmt.Sprintf("reading %s (%s): %s", request.TypeName, text(current["id"]), err), "")
		return &tfprotov5.ReadResourceResponse{NewState: request.CurrentState, Diagnostics: []*tfprotov5.Diagnostic{failed}}, nil
	}
	state, err := encode(p.refreshed(schema, current, result.State), schema)
	return &tfprotov5.ReadResourceResponse{NewState: state}, err
}

// refreshed is what the account tells, and from the state what the account does not know.
func (p *provider) refreshed(schema *typeSchema, current, told map[string]any) map[string]any {
	state := map[string]any{}
	for name, value := range told {
		state[name] = unlessBothZero(current[name], value)
	}
	for _, path := range append([]string{"timeouts"}, schema.behaviour.NotRead...) {
		if schema.Block.has(path) {
			keep(state, current, path)
		}
	}
	if schema.Block.Attributes["tags_all"] != nil {
		state["tags"], state["tags_all"] = p.splitTags(told["tags_all"], current["tags"])
	}
	return state
}

// keep takes what stands at a path from the state, through blocks that stand once.
func keep(state, current map[string]any, path string) {
	head, rest := cutPath(path)
	if rest == "" {
		state[head] = current[head]
		return
	}
	target, _ := element(asList(state[head]), 0).(map[string]any)
	source, _ := element(asList(current[head]), 0).(map[string]any)
	if target != nil {
		keep(target, source, rest)
	}
}

// fillIn sets what is open at a path, in blocks that are there.
func fillIn(state map[string]any, path string, value any) {
	head, rest := cutPath(path)
	if rest == "" && state[head] == nil {
		state[head] = value
	}
	if inner, ok := element(asList(state[head]), 0).(map[string]any); ok && rest != "" {
		fillIn(inner, rest, value)
	}
}

// unlessBothZero: zero, empty and absent are one to the provider's SDK, which keeps what the state has.
func unlessBothZero(current, told any) any {
	if zero(current) && zero(told) {
		return current
	}
	switch typed := told.(type) {
	case map[string]any:
		before, _ := current.(map[string]any)
		result := map[string]any{}
		for name, value := range typed {
			result[name] = unlessBothZero(before[name], value)
		}
		return result
	case []any:
		result := make([]any, 0, len(typed))
		for index, value := range typed {
			if _, scalar := value.(map[string]any); !scalar {
				return told
			}
			result = append(result, unlessBothZero(element(asList(current), index), value))
		}
		return result
	}
	return told
}

func zero(value any) bool { return empty(value) || value == false || value == 0.0 }

// splitTags: what the provider's default_tags gave is not the resource's own, unless it was configured there too.
func (p *provider) splitTags(told, current any) (any, any) {
	own, _ := current.(map[string]any)
	tags, all := map[string]any{}, map[string]any{}
	remote, _ := told.(map[string]any)
	for key, value := range remote {
		if strings.HasPrefix(key, "aws:") || p.settings.ignores(key) {
			continue
		}
		all[key] = value
		if _, configured := own[key]; configured || p.settings.defaultTags[key] != value {
			tags[key] = value
		}
	}
	if len(tags) == 0 && own == nil {
		return nil, all
	}
	return tags, all
}

// ImportResourceState finds the resource; core reads it again afterwards. State-only attributes come as the provider's defaults.
func (p *provider) ImportResourceState(ctx context.Context, request *tfprotov5.ImportResourceStateRequest) (*tfprotov5.ImportResourceStateResponse, error) {
	schema, err := p.resource(request.TypeName)
	if err != nil {
		return nil, err
	}
	ctx, done := p.until(ctx)
	defer done()
	result, err := p.account.call(ctx, ask{Operation: "import", Type: request.TypeName, ID: request.ID})
	if err == nil && result.Failure != nil {
		err = result.Failure
	}
	if errors.Is(err, errNotFound) {
		err = fmt.Errorf("cannot import non-existent remote object: %s (%s)", request.TypeName, request.ID)
	}
	if err != nil {
		return &tfprotov5.ImportResourceStateResponse{Diagnostics: []*tfprotov5.Diagnostic{problem(err.Error(), "")}}, nil
	}
	state := p.refreshed(schema, map[string]any{"tags": map[string]any{}}, result.State)
	for path, value := range schema.behaviour.Defaults {
		fillIn(state, path, value)
	}
	encoded, err := encode(state, schema)
	imported := &tfprotov5.ImportedResource{TypeName: request.TypeName, State: encoded}
	return &tfprotov5.ImportResourceStateResponse{ImportedResources: []*tfprotov5.ImportedResource{imported}}, err
}

func (p *provider) ReadDataSource(ctx context.Context, request *tfprotov5.ReadDataSourceRequest) (*tfprotov5.ReadDataSourceResponse, error) {
	schema, err := p.data(request.TypeName)
	if err != nil {
		return nil, err
	}
	config, err := decode(request.Config, schema)
	if err != nil {
		return nil, err
	}
	ctx, done := p.until(ctx)
	defer done()
	question := ask{Operation: "data", Type: request.TypeName, Region: text(config["region"]), Attributes: config, Prior: map[string]any{"default_tags": p.settings.defaultTags}}
	result, err := p.account.call(ctx, question)
	if err == nil && result.Failure != nil {
		err = result.Failure
	}
	if errors.Is(err, errNotFound) {
		err = errors.New("empty result")
	}
	if err != nil {
		failed := problem(fmt.Sprintf("reading data source %s: %s", request.TypeName, err), "")
		return &tfprotov5.ReadDataSourceResponse{Diagnostics: []*tfprotov5.Diagnostic{failed}}, nil
	}
	state := map[string]any{}
	for name, value := range result.State {
		state[name] = value
	}
	for name, value := range config {
		if value != nil && !empty(value) {
			state[name] = value
		}
	}
	if schema.Block.Attributes["region"] != nil && state["region"] == nil {
		state["region"] = p.settings.region
	}
	encoded, err := encode(state, schema)
	return &tfprotov5.ReadDataSourceResponse{State: encoded}, err
}

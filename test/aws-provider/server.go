package main

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// provider answers the protocol; what it does not define falls to the embedded nil, which core never asks for.
type provider struct {
	tfprotov5.ProviderServer
	recorded *recorded
	account  *account
	settings settings
	stopped  context.Context
	stop     context.CancelFunc
}

func (p *provider) GetMetadata(context.Context, *tfprotov5.GetMetadataRequest) (*tfprotov5.GetMetadataResponse, error) {
	response := &tfprotov5.GetMetadataResponse{ServerCapabilities: capabilities()}
	for _, name := range sortedKeys(p.recorded.Resources) {
		response.Resources = append(response.Resources, tfprotov5.ResourceMetadata{TypeName: name})
	}
	for _, name := range sortedKeys(p.recorded.Data) {
		response.DataSources = append(response.DataSources, tfprotov5.DataSourceMetadata{TypeName: name})
	}
	return response, nil
}

func capabilities() *tfprotov5.ServerCapabilities {
	return &tfprotov5.ServerCapabilities{GetProviderSchemaOptional: true, PlanDestroy: true}
}

func (p *provider) GetProviderSchema(context.Context, *tfprotov5.GetProviderSchemaRequest) (*tfprotov5.GetProviderSchemaResponse, error) {
	response := &tfprotov5.GetProviderSchemaResponse{
		ServerCapabilities: capabilities(),
		Provider:           p.recorded.Provider.proto(),
		ResourceSchemas:    map[string]*tfprotov5.Schema{},
		DataSourceSchemas:  map[string]*tfprotov5.Schema{},
	}
	for name, schema := range p.recorded.Resources {
		response.ResourceSchemas[name] = schema.proto()
	}
	for name, schema := range p.recorded.Data {
		response.DataSourceSchemas[name] = schema.proto()
	}
	return response, nil
}

func (p *provider) GetResourceIdentitySchemas(context.Context, *tfprotov5.GetResourceIdentitySchemasRequest) (*tfprotov5.GetResourceIdentitySchemasResponse, error) {
	return &tfprotov5.GetResourceIdentitySchemasResponse{}, nil
}

func (p *provider) GetFunctions(context.Context, *tfprotov5.GetFunctionsRequest) (*tfprotov5.GetFunctionsResponse, error) {
	return &tfprotov5.GetFunctionsResponse{}, nil
}

func (p *provider) StopProvider(context.Context, *tfprotov5.StopProviderRequest) (*tfprotov5.StopProviderResponse, error) {
	p.stop()
	return &tfprotov5.StopProviderResponse{}, nil
}

func (p *provider) ValidateResourceTypeConfig(_ context.Context, request *tfprotov5.ValidateResourceTypeConfigRequest) (*tfprotov5.ValidateResourceTypeConfigResponse, error) {
	schema, err := p.resource(request.TypeName)
	if err != nil {
		return nil, err
	}
	config, err := decode(request.Config, schema)
	if err != nil {
		return nil, err
	}
	return &tfprotov5.ValidateResourceTypeConfigResponse{Diagnostics: schema.behaviour.validate(config)}, nil
}

func (p *provider) ValidateDataSourceConfig(_ context.Context, request *tfprotov5.ValidateDataSourceConfigRequest) (*tfprotov5.ValidateDataSourceConfigResponse, error) {
	schema, err := p.data(request.TypeName)
	if err != nil {
		return nil, err
	}
	config, err := decode(request.Config, schema)
	if err != nil {
		return nil, err
	}
	return &tfprotov5.ValidateDataSourceConfigResponse{Diagnostics: schema.behaviour.validate(config)}, nil
}

func (p *provider) UpgradeResourceState(_ context.Context, request *tfprotov5.UpgradeResourceStateRequest) (*tfprotov5.UpgradeResourceStateResponse, error) {
	schema, err := p.resource(request.TypeName)
	if err != nil {
		return nil, err
	}
	kind := schema.Block.tfType()
	options := tfprotov5.UnmarshalOpts{ValueFromJSONOpts: tftypes.ValueFromJSONOpts{IgnoreUndefinedAttributes: true}}
	value, err := request.RawState.UnmarshalWithOpts(kind, options)
	if err != nil {
		return nil, fmt.Errorf("stored state of %s: %w", request.TypeName, err)
	}
	upgraded, err := tfprotov5.NewDynamicValue(kind, value)
	return &tfprotov5.UpgradeResourceStateResponse{UpgradedState: &upgraded}, err
}

func (p *provider) PlanResourceChange(_ context.Context, request *tfprotov5.PlanResourceChangeRequest) (*tfprotov5.PlanResourceChangeResponse, error) {
	schema, err := p.resource(request.TypeName)
	if err != nil {
		return nil, err
	}
	prior, proposed, config, err := decodeThree(schema, request.PriorState, request.ProposedNewState, request.Config)
	if err != nil {
		return nil, err
	}
	if proposed == nil {
		return &tfprotov5.PlanResourceChangeResponse{PlannedState: request.ProposedNewState, UnsafeToUseLegacyTypeSystem: true}, nil
	}
	plans := planner{rules: &schema.behaviour, creating: prior == nil, region: p.settings.region, tags: p.settings.defaultTags}
	planned, replaced := plans.plan(schema.Block, prior, proposed, config)
	encoded, err := encode(planned, schema)
	if err != nil {
		return nil, err
	}
	return &tfprotov5.PlanResourceChangeResponse{PlannedState: encoded, RequiresReplace: replaced, UnsafeToUseLegacyTypeSystem: true}, nil
}

func decodeThree(schema *typeSchema, first, second, third *tfprotov5.DynamicValue) (a, b, c map[string]any, err error) {
	if a, err = decode(first, schema); err != nil {
		return
	}
	if b, err = decode(second, schema); err != nil {
		return
	}
	c, err = decode(third, schema)
	return
}

func (p *provider) resource(name string) (*typeSchema, error) {
	if schema := p.recorded.Resources[name]; schema != nil {
		return schema, nil
	}
	return nil, fmt.Errorf("%s is not recorded: add it to test/aws-provider/types.json and record the schema again", name)
}

func (p *provider) data(name string) (*typeSchema, error) {
	if schema := p.recorded.Data[name]; schema != nil {
		return schema, nil
	}
	return nil, fmt.Errorf("data source %s is not recorded: add it to test/aws-provider/types.json and record the schema again", name)
}

// until is done when either core or StopProvider ends the operation.
func (p *provider) until(ctx context.Context) (context.Context, context.CancelFunc) {
	joined, cancel := context.WithCancel(ctx)
	release := context.AfterFunc(p.stopped, cancel)
	return joined, func() { release(); cancel() }
}

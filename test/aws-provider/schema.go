package main

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"sort"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

//go:embed schema.json
var schemaJSON []byte

//go:embed behaviour.json
var behaviourJSON []byte

// attribute and block are those of `tofu providers schema -json`.
type attribute struct {
	Type     json.RawMessage `json:"type"`
	Required bool            `json:"required"`
	Optional bool            `json:"optional"`
	Computed bool            `json:"computed"`

	tfType    tftypes.Type
	sensitive bool
}

type nestedBlock struct {
	Nesting  string `json:"nesting_mode"`
	Block    *block `json:"block"`
	MinItems int64  `json:"min_items"`
	MaxItems int64  `json:"max_items"`
}

type block struct {
	Attributes map[string]*attribute   `json:"attributes"`
	Blocks     map[string]*nestedBlock `json:"block_types"`
}

type typeSchema struct {
	Block     *block `json:"block"`
	behaviour behaviour
}

type recorded struct {
	Version   string                 `json:"provider_version"`
	Provider  *typeSchema            `json:"provider"`
	Resources map[string]*typeSchema `json:"resource_schemas"`
	Data      map[string]*typeSchema `json:"data_source_schemas"`
}

func loadRecorded() (*recorded, error) {
	var all recorded
	if err := json.Unmarshal(schemaJSON, &all); err != nil {
		return nil, fmt.Errorf("schema.json: %w", err)
	}
	var table map[string]behaviour
	if err := json.Unmarshal(behaviourJSON, &table); err != nil {
		return nil, fmt.Errorf("behaviour.json: %w", err)
	}
	for name, schema := range all.Resources {
		schema.behaviour = table[name]
	}
	for name, schema := range all.Data {
		schema.behaviour = table["data."+name]
	}
	every := map[string]*typeSchema{"provider": all.Provider}
	for name, schema := range all.Resources {
		every[name] = schema
	}
	for name, schema := range all.Data {
		every["data."+name] = schema
	}
	for name, schema := range every {
		if err := schema.prepare(); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	for name := range table {
		if _, known := every[name]; !known {
			return nil, fmt.Errorf("behaviour.json: %s is not in schema.json", name)
		}
	}
	return &all, nil
}

func (schema *typeSchema) prepare() error {
	if err := schema.Block.resolveTypes(); err != nil {
		return err
	}
	for _, path := range schema.behaviour.Sensitive {
		found := schema.Block.find(path)
		if found == nil {
			return fmt.Errorf("sensitive %s: no such attribute", path)
		}
		found.sensitive = true
	}
	return schema.behaviour.check(schema.Block)
}

func (b *block) resolveTypes() error {
	for name, attr := range b.Attributes {
		resolved, err := tftypes.ParseJSONType(attr.Type) //nolint:staticcheck // the only parser of this notation
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		attr.tfType = resolved
	}
	for _, nested := range b.Blocks {
		if err := nested.Block.resolveTypes(); err != nil {
			return err
		}
	}
	return nil
}

// find takes a path of names joined by dots; nil when there is no such attribute.
func (b *block) find(path string) *attribute {
	head, rest := cutPath(path)
	if rest == "" {
		return b.Attributes[head]
	}
	if nested := b.Blocks[head]; nested != nil {
		return nested.Block.find(rest)
	}
	return nil
}

func (b *block) has(path string) bool {
	head, rest := cutPath(path)
	if nested := b.Blocks[head]; nested != nil {
		return rest == "" || nested.Block.has(rest)
	}
	return rest == "" && b.Attributes[head] != nil
}

func (b *block) tfType() tftypes.Object {
	types := map[string]tftypes.Type{}
	for name, attr := range b.Attributes {
		types[name] = attr.tfType
	}
	for name, nested := range b.Blocks {
		types[name] = nested.tfType()
	}
	return tftypes.Object{AttributeTypes: types}
}

func (n *nestedBlock) tfType() tftypes.Type {
	element := n.Block.tfType()
	switch n.Nesting {
	case "list":
		return tftypes.List{ElementType: element}
	case "set":
		return tftypes.Set{ElementType: element}
	default:
		return element
	}
}

var nestings = map[string]tfprotov5.SchemaNestedBlockNestingMode{
	"list":   tfprotov5.SchemaNestedBlockNestingModeList,
	"set":    tfprotov5.SchemaNestedBlockNestingModeSet,
	"single": tfprotov5.SchemaNestedBlockNestingModeSingle,
}

func (b *block) proto() *tfprotov5.SchemaBlock {
	result := &tfprotov5.SchemaBlock{}
	for _, name := range sortedKeys(b.Attributes) {
		attr := b.Attributes[name]
		result.Attributes = append(result.Attributes, &tfprotov5.SchemaAttribute{
			Name: name, Type: attr.tfType, Required: attr.Required, Optional: attr.Optional, Computed: attr.Computed, Sensitive: attr.sensitive,
		})
	}
	for _, name := range sortedKeys(b.Blocks) {
		nested := b.Blocks[name]
		result.BlockTypes = append(result.BlockTypes, &tfprotov5.SchemaNestedBlock{
			TypeName: name, Block: nested.Block.proto(), Nesting: nestings[nested.Nesting], MinItems: nested.MinItems, MaxItems: nested.MaxItems,
		})
	}
	return result
}

func (schema *typeSchema) proto() *tfprotov5.Schema {
	return &tfprotov5.Schema{Block: schema.Block.proto()}
}

func sortedKeys[V any](values map[string]V) []string {
	keys := make([]string, 0, len(values))
	for key := range values {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}

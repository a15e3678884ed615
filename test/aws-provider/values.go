package main

import (
	"fmt"
	"math/big"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// unknown stands for a value that only the apply will tell.
type unknownValue struct{}

var unknown = unknownValue{}

func isUnknown(value any) bool { return value == any(unknown) }

func cutPath(path string) (string, string) {
	head, rest, _ := strings.Cut(path, ".")
	return head, rest
}

// plain turns a value into what encoding/json would make of it: map, slice (sets too), string, float64, bool, nil, or unknown.
func plain(value tftypes.Value) (any, error) {
	if !value.IsKnown() {
		return unknown, nil
	}
	if value.IsNull() {
		return nil, nil
	}
	kind := value.Type()
	switch {
	case kind.Is(tftypes.String):
		var text string
		err := value.As(&text)
		return text, err
	case kind.Is(tftypes.Bool):
		var flag bool
		err := value.As(&flag)
		return flag, err
	case kind.Is(tftypes.Number):
		number := new(big.Float)
		if err := value.As(&number); err != nil {
			return nil, err
		}
		result, _ := number.Float64()
		return result, nil
	case kind.Is(tftypes.List{}), kind.Is(tftypes.Set{}), kind.Is(tftypes.Tuple{}):
		return plainList(value)
	default:
		return plainMap(value)
	}
}

func plainList(value tftypes.Value) (any, error) {
	var elements []tftypes.Value
	if err := value.As(&elements); err != nil {
		return nil, err
	}
	result := make([]any, 0, len(elements))
	for _, element := range elements {
		inner, err := plain(element)
		if err != nil {
			return nil, err
		}
		result = append(result, inner)
	}
	return result, nil
}

func plainMap(value tftypes.Value) (any, error) {
	var elements map[string]tftypes.Value
	if err := value.As(&elements); err != nil {
		return nil, err
	}
	result := map[string]any{}
	for name, element := range elements {
		inner, err := plain(element)
		if err != nil {
			return nil, err
		}
		result[name] = inner
	}
	return result, nil
}

func decode(dynamic *tfprotov5.DynamicValue, schema *typeSchema) (map[string]any, error) {
	if dynamic == nil {
		return nil, nil
	}
	value, err := dynamic.Unmarshal(schema.Block.tfType())
	if err != nil {
		return nil, err
	}
	inner, err := plain(value)
	if err != nil {
		return nil, err
	}
	object, _ := inner.(map[string]any)
	return object, nil
}

func encode(object map[string]any, schema *typeSchema) (*tfprotov5.DynamicValue, error) {
	kind := schema.Block.tfType()
	value, err := blockValue(schema.Block, object)
	if err != nil {
		return nil, err
	}
	dynamic, err := tfprotov5.NewDynamicValue(kind, value)
	return &dynamic, err
}

// blockValue gives absent nested blocks as empty, as the protocol wants them, and absent attributes as null.
func blockValue(b *block, object map[string]any) (tftypes.Value, error) {
	if object == nil {
		return tftypes.NewValue(b.tfType(), nil), nil
	}
	members := map[string]tftypes.Value{}
	for name, attr := range b.Attributes {
		value, err := typedValue(attr.tfType, object[name])
		if err != nil {
			return tftypes.Value{}, fmt.Errorf("%s: %w", name, err)
		}
		members[name] = value
	}
	for name, nested := range b.Blocks {
		value, err := nestedValue(nested, object[name])
		if err != nil {
			return tftypes.Value{}, fmt.Errorf("%s: %w", name, err)
		}
		members[name] = value
	}
	return tftypes.NewValue(b.tfType(), members), nil
}

func nestedValue(nested *nestedBlock, value any) (tftypes.Value, error) {
	kind := nested.tfType()
	if isUnknown(value) {
		return tftypes.NewValue(kind, tftypes.UnknownValue), nil
	}
	if nested.Nesting == "single" {
		object, _ := value.(map[string]any)
		return blockValue(nested.Block, object)
	}
	elements := []tftypes.Value{}
	for _, element := range asList(value) {
		object, ok := element.(map[string]any)
		if !ok {
			return tftypes.Value{}, fmt.Errorf("a block is %T", element)
		}
		inner, err := blockValue(nested.Block, object)
		if err != nil {
			return tftypes.Value{}, err
		}
		elements = append(elements, inner)
	}
	return tftypes.NewValue(kind, elements), nil
}

func asList(value any) []any {
	list, _ := value.([]any)
	return list
}

func typedValue(kind tftypes.Type, value any) (tftypes.Value, error) {
	if value == nil {
		return tftypes.NewValue(kind, nil), nil
	}
	if isUnknown(value) {
		return tftypes.NewValue(kind, tftypes.UnknownValue), nil
	}
	switch typed := kind.(type) {
	case tftypes.List:
		return typedElements(kind, typed.ElementType, value)
	case tftypes.Set:
		return typedElements(kind, typed.ElementType, value)
	case tftypes.Map:
		return typedMembers(kind, value, func(string) tftypes.Type { return typed.ElementType })
	case tftypes.Object:
		whole := map[string]any{}
		given, _ := value.(map[string]any)
		for name := range typed.AttributeTypes {
			whole[name] = given[name]
		}
		return typedMembers(kind, whole, func(name string) tftypes.Type { return typed.AttributeTypes[name] })
	default:
		return typedScalar(kind, value)
	}
}

// typedScalar takes the conversions of HCL: what the account tells as a number may be a string in the schema.
func typedScalar(kind tftypes.Type, value any) (tftypes.Value, error) {
	if kind.Is(tftypes.String) {
		if _, text := value.(string); !text {
			value = fmt.Sprint(value)
		}
	}
	if number, ok := value.(float64); ok {
		value = big.NewFloat(number)
	}
	if text, ok := value.(string); ok && kind.Is(tftypes.Number) {
		number, _, err := big.ParseFloat(text, 10, 64, big.ToNearestEven)
		if err != nil {
			return tftypes.Value{}, err
		}
		value = number
	}
	if err := tftypes.ValidateValue(kind, value); err != nil {
		return tftypes.Value{}, err
	}
	return tftypes.NewValue(kind, value), nil
}

func typedElements(kind, element tftypes.Type, value any) (tftypes.Value, error) {
	elements := []tftypes.Value{}
	for _, inner := range asList(value) {
		typed, err := typedValue(element, inner)
		if err != nil {
			return tftypes.Value{}, err
		}
		elements = append(elements, typed)
	}
	return tftypes.NewValue(kind, elements), nil
}

func typedMembers(kind tftypes.Type, value any, typeOf func(string) tftypes.Type) (tftypes.Value, error) {
	members := map[string]tftypes.Value{}
	given, _ := value.(map[string]any)
	for name, inner := range given {
		typed, err := typedValue(typeOf(name), inner)
		if err != nil {
			return tftypes.Value{}, fmt.Errorf("%s: %w", name, err)
		}
		members[name] = typed
	}
	return tftypes.NewValue(kind, members), nil
}

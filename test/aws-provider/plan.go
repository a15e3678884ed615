package main

import (
	"reflect"
	"sort"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// planner decides one resource's planned state from what core proposes, as the provider's SDK would.
type planner struct {
	rules    *behaviour
	creating bool
	region   string
	tags     map[string]any // default_tags
}

func (p *planner) plan(b *block, prior, proposed, config map[string]any) (map[string]any, []*tftypes.AttributePath) {
	planned := p.fill(b, "", proposed, config)
	if b.Attributes["region"] != nil && config["region"] == nil && p.region != "" {
		planned["region"] = p.region
	}
	if b.Attributes["tags_all"] != nil {
		planned["tags_all"] = p.allTags(config["tags"])
	}
	if p.creating {
		return planned, nil
	}
	for _, name := range p.rules.ComputedBlocks {
		keepComputed(strings.Split(name, "."), planned, prior, config)
	}
	for name, value := range planned {
		planned[name] = unlessBothZero(prior[name], value)
	}
	changed := changedNames(prior, planned)
	// Timeouts alone are no change to the provider's SDK.
	if len(changed) == 0 || (len(changed) == 1 && changed[0] == "timeouts") {
		return prior, nil
	}
	for attr, causes := range p.rules.UnknownOn {
		if config[attr] == nil && anyCause(changed, causes) {
			planned[attr] = unknown
		}
	}
	return planned, p.replacements(prior, planned)
}

// keepComputed leaves a block that is not configured as AWS told it; the path may lead into other blocks, one of each.
func keepComputed(path []string, planned, prior, config map[string]any) {
	name, rest := path[0], path[1:]
	given := asList(config[name])
	if len(rest) == 0 {
		if len(given) == 0 {
			planned[name] = prior[name]
		}
		return
	}
	inPlan, inState := asList(planned[name]), asList(prior[name])
	if len(given) != 1 || len(inPlan) != 1 || len(inState) != 1 {
		return
	}
	planBlock, planOk := inPlan[0].(map[string]any)
	stateBlock, stateOk := inState[0].(map[string]any)
	if givenBlock, ok := given[0].(map[string]any); ok && planOk && stateOk {
		keepComputed(rest, planBlock, stateBlock, givenBlock)
	}
}

// fill walks what is proposed beside what is configured: defaults, and on creation unknown for what AWS will tell.
func (p *planner) fill(b *block, path string, proposed, config map[string]any) map[string]any {
	planned := map[string]any{}
	for name, attr := range b.Attributes {
		planned[name] = proposed[name]
		if config[name] != nil {
			continue
		}
		if value, ok := p.rules.Defaults[path+name]; ok {
			planned[name] = value
		} else if attr.Computed && p.creating {
			planned[name] = unknown
		}
	}
	for name, nested := range b.Blocks {
		planned[name] = p.fillNested(nested, path+name, proposed[name], config[name])
	}
	return planned
}

func (p *planner) fillNested(nested *nestedBlock, path string, proposed, config any) any {
	if nested.Nesting == "single" {
		object, ok := proposed.(map[string]any)
		if !ok {
			return proposed
		}
		given, _ := config.(map[string]any)
		return p.fill(nested.Block, path+".", object, given)
	}
	list, ok := proposed.([]any)
	if !ok {
		return proposed
	}
	given := asList(config)
	result := make([]any, 0, len(list))
	for index, element := range list {
		object, _ := element.(map[string]any)
		result = append(result, p.fill(nested.Block, path+".", object, configured(nested, object, given, index)))
	}
	return result
}

// configured finds the block of the configuration that a proposed one comes from: in a set, the one whose values it holds.
func configured(nested *nestedBlock, proposed map[string]any, given []any, index int) map[string]any {
	if nested.Nesting == "set" {
		for _, candidate := range given {
			if object, ok := candidate.(map[string]any); ok && holds(nested.Block, proposed, object) {
				return object
			}
		}
	}
	if index < len(given) {
		object, _ := given[index].(map[string]any)
		return object
	}
	return nil
}

func holds(b *block, proposed, config map[string]any) bool {
	for name := range b.Attributes {
		if config[name] != nil && !reflect.DeepEqual(config[name], proposed[name]) {
			return false
		}
	}
	return true
}

func (p *planner) allTags(configured any) any {
	if isUnknown(configured) {
		return unknown
	}
	all := map[string]any{}
	for key, value := range p.tags {
		all[key] = value
	}
	own, _ := configured.(map[string]any)
	for key, value := range own {
		all[key] = value
	}
	return all
}

func changedNames(prior, planned map[string]any) []string {
	var changed []string
	for name, value := range planned {
		if !reflect.DeepEqual(prior[name], value) {
			changed = append(changed, name)
		}
	}
	sort.Strings(changed)
	return changed
}

func anyCause(changed, causes []string) bool {
	for _, cause := range causes {
		for _, name := range changed {
			if cause == "*" && name != "timeouts" && name != "tags" && name != "tags_all" || cause == name {
				return true
			}
		}
	}
	return false
}

func (p *planner) replacements(prior, planned map[string]any) []*tftypes.AttributePath {
	var paths []*tftypes.AttributePath
	rules := append([]string{"region"}, p.rules.ForceNew...)
	for _, path := range rules {
		paths = append(paths, differences(prior, planned, path, tftypes.NewAttributePath())...)
	}
	for _, path := range p.rules.ForceNewOnRemove {
		if len(valuesAt(prior, path)) > len(valuesAt(planned, path)) {
			paths = append(paths, tftypes.NewAttributePath().WithAttributeName(path))
		}
	}
	return paths
}

// differences follows a path through lists of blocks; a block that came or went counts when it has a value there.
func differences(prior, planned any, path string, at *tftypes.AttributePath) []*tftypes.AttributePath {
	if path == "" {
		if reflect.DeepEqual(prior, planned) || (empty(prior) && empty(planned)) {
			return nil
		}
		return []*tftypes.AttributePath{at}
	}
	before, isList := prior.([]any)
	after, isAlsoList := planned.([]any)
	if isList || isAlsoList {
		var found []*tftypes.AttributePath
		for index := 0; index < max(len(before), len(after)); index++ {
			inner := at
			if index < len(after) {
				inner = at.WithElementKeyInt(index)
			}
			if len(differences(element(before, index), element(after, index), path, inner)) > 0 {
				// The list as a whole: an element of a set has no index, and one that went has no path.
				found = []*tftypes.AttributePath{at}
			}
		}
		if len(found) > 0 && len(before) == len(after) && len(after) == 1 && !strings.Contains(path, ".") {
			return []*tftypes.AttributePath{at.WithElementKeyInt(0).WithAttributeName(path)}
		}
		return found
	}
	head, rest := cutPath(path)
	left, _ := prior.(map[string]any)
	right, _ := planned.(map[string]any)
	return differences(left[head], right[head], rest, at.WithAttributeName(head))
}

func element(list []any, index int) any {
	if index < len(list) {
		return list[index]
	}
	return nil
}

func empty(value any) bool {
	switch typed := value.(type) {
	case nil:
		return true
	case string:
		return typed == ""
	case []any:
		return len(typed) == 0
	case map[string]any:
		return len(typed) == 0
	}
	return false
}

package main

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
)

// behaviour is what typed bindings do not tell of one type; paths are names joined by dots.
type behaviour struct {
	// Where it was read: path in the provider's repository.
	Source string `json:"source"`
	// A change of these replaces the resource.
	ForceNew []string `json:"forceNew"`
	// So does taking these away.
	ForceNewOnRemove []string       `json:"forceNewOnRemove"`
	Sensitive        []string       `json:"sensitive"`
	Defaults         map[string]any `json:"defaults"`
	// Optional and computed blocks: what is not configured stays as it is.
	ComputedBlocks []string `json:"computedBlocks"`
	// Computed attributes that a change of others makes unknown; `*` is any change.
	UnknownOn map[string][]string `json:"unknownOn"`
	// Kept in the state only: AWS does not tell them.
	NotRead []string `json:"notRead"`

	OneOf      map[string][]any      `json:"oneOf"`
	Matches    map[string]string     `json:"matches"`
	Ranges     map[string][2]float64 `json:"ranges"`
	Cidrs      []string              `json:"cidrs"`
	CidrSizes  map[string][2]int     `json:"cidrSizes"`
	Conflicts  [][]string            `json:"conflicts"`
	ExactlyOne [][]string            `json:"exactlyOne"`
	AtLeastOne [][]string            `json:"atLeastOne"`
	Together   [][]string            `json:"together"`
}

// check holds the table against the schema: a typing error here would be a rule that never fires.
func (rules *behaviour) check(b *block) error {
	paths := append([]string{}, rules.ForceNew...)
	paths = append(append(append(paths, rules.ForceNewOnRemove...), rules.ComputedBlocks...), rules.NotRead...)
	paths = append(append(paths, rules.Cidrs...), sortedKeys(rules.Defaults)...)
	paths = append(append(append(paths, sortedKeys(rules.OneOf)...), sortedKeys(rules.Matches)...), sortedKeys(rules.Ranges)...)
	paths = append(paths, sortedKeys(rules.CidrSizes)...)
	for _, group := range [][][]string{rules.Conflicts, rules.ExactlyOne, rules.AtLeastOne, rules.Together} {
		for _, names := range group {
			paths = append(paths, names...)
		}
	}
	for attr, causes := range rules.UnknownOn {
		paths = append(paths, attr)
		for _, cause := range causes {
			if cause != "*" {
				paths = append(paths, cause)
			}
		}
	}
	for _, path := range paths {
		if !b.has(path) {
			return fmt.Errorf("behaviour.json: %s is no attribute or block", path)
		}
	}
	for path, pattern := range rules.Matches {
		if _, err := regexp.Compile(pattern); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return nil
}

// valuesAt collects all values at a path through lists of blocks.
func valuesAt(value any, path string) []any {
	if path == "" {
		if list, ok := value.([]any); ok {
			return list
		}
		return []any{value}
	}
	switch typed := value.(type) {
	case []any:
		var all []any
		for _, element := range typed {
			all = append(all, valuesAt(element, path)...)
		}
		return all
	case map[string]any:
		head, rest := cutPath(path)
		return valuesAt(typed[head], rest)
	}
	return nil
}

func (rules *behaviour) validate(config map[string]any) []*tfprotov5.Diagnostic {
	var found []*tfprotov5.Diagnostic
	report := func(summary, detail string) { found = append(found, problem(summary, detail)) }
	each := func(path string, test func(any) string) {
		for _, value := range valuesAt(config, path) {
			if value == nil || isUnknown(value) {
				continue
			}
			if message := test(value); message != "" {
				report(message, "")
			}
		}
	}
	for _, path := range sortedKeys(rules.OneOf) {
		allowed := rules.OneOf[path]
		each(path, func(value any) string { return notOneOf(path, value, allowed) })
	}
	for _, path := range sortedKeys(rules.Matches) {
		pattern := regexp.MustCompile(rules.Matches[path])
		each(path, func(value any) string {
			if pattern.MatchString(fmt.Sprint(value)) {
				return ""
			}
			return fmt.Sprintf("invalid value for %s (must match %s), got %v", last(path), pattern, value)
		})
	}
	for _, path := range sortedKeys(rules.Ranges) {
		bounds := rules.Ranges[path]
		each(path, func(value any) string {
			if number, ok := value.(float64); ok && (number < bounds[0] || number > bounds[1]) {
				return fmt.Sprintf("expected %s to be in the range (%v - %v), got %v", last(path), bounds[0], bounds[1], number)
			}
			return ""
		})
	}
	for _, path := range rules.Cidrs {
		each(path, func(value any) string { return notCidr(path, value, rules.CidrSizes[path]) })
	}
	return append(found, rules.validateGroups(config)...)
}

func (rules *behaviour) validateGroups(config map[string]any) []*tfprotov5.Diagnostic {
	var found []*tfprotov5.Diagnostic
	for _, group := range rules.Conflicts {
		if set, _ := countSet(config, group); len(set) > 1 {
			found = append(found, problem("Conflicting configuration arguments", fmt.Sprintf("%q: conflicts with %s", set[0], set[1])))
		}
	}
	for _, group := range rules.ExactlyOne {
		set, maybe := countSet(config, group)
		if len(set) > 1 || (len(set) == 0 && maybe == 0) {
			found = append(found, problem("Invalid combination of arguments", fmt.Sprintf("%q: only one of `%s` can be specified, and one must be", group[0], strings.Join(group, ","))))
		}
	}
	for _, group := range rules.AtLeastOne {
		if set, maybe := countSet(config, group); len(set) == 0 && maybe == 0 {
			found = append(found, problem("Missing required argument", fmt.Sprintf("%q: one of `%s` must be specified", group[0], strings.Join(group, ","))))
		}
	}
	for _, group := range rules.Together {
		if set, maybe := countSet(config, group); len(set) > 0 && len(set)+maybe < len(group) {
			found = append(found, problem("Missing required argument", fmt.Sprintf("%q: all of `%s` must be specified", set[0], strings.Join(group, ","))))
		}
	}
	return found
}

func countSet(config map[string]any, group []string) (set []string, maybe int) {
	for _, path := range group {
		for _, value := range valuesAt(config, path) {
			switch {
			case isUnknown(value):
				maybe++
			case value != nil && value != "":
				set = append(set, path)
			default:
				continue
			}
			break
		}
	}
	return set, maybe
}

func notOneOf(path string, value any, allowed []any) string {
	names := make([]string, 0, len(allowed))
	for _, candidate := range allowed {
		if fmt.Sprint(candidate) == fmt.Sprint(value) {
			return ""
		}
		names = append(names, fmt.Sprintf("%q", fmt.Sprint(candidate)))
	}
	return fmt.Sprintf("expected %s to be one of [%s], got %v", last(path), strings.Join(names, " "), value)
}

// notCidr wants the network's own address, as AWS' validators do.
func notCidr(path string, value any, sizes [2]int) string {
	prefix, err := netip.ParsePrefix(fmt.Sprint(value))
	if err != nil {
		return fmt.Sprintf("%q (%v) is not a valid CIDR block: %v", last(path), value, err)
	}
	if prefix.Masked() != prefix {
		return fmt.Sprintf("%q (%v) is not a valid CIDR block; did you mean %q?", last(path), value, prefix.Masked())
	}
	if sizes[1] > 0 && (prefix.Bits() < sizes[0] || prefix.Bits() > sizes[1]) {
		return fmt.Sprintf("expected %q to contain a network Value with between %d and %d significant bits, got: %d", last(path), sizes[0], sizes[1], prefix.Bits())
	}
	return ""
}

func last(path string) string { return path[strings.LastIndex(path, ".")+1:] }

func problem(summary, detail string) *tfprotov5.Diagnostic {
	return &tfprotov5.Diagnostic{Severity: tfprotov5.DiagnosticSeverityError, Summary: summary, Detail: detail}
}

package main

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
)

// settings are those of the provider's own block that the test bed knows.
type settings struct {
	region      string
	defaultTags map[string]any
	ignoredKeys []any
	ignoredPre  []any
}

func (s *settings) ignores(key string) bool {
	for _, ignored := range s.ignoredKeys {
		if ignored == key {
			return true
		}
	}
	for _, prefix := range s.ignoredPre {
		if strings.HasPrefix(key, fmt.Sprint(prefix)) {
			return true
		}
	}
	return false
}

func (p *provider) PrepareProviderConfig(_ context.Context, request *tfprotov5.PrepareProviderConfigRequest) (*tfprotov5.PrepareProviderConfigResponse, error) {
	return &tfprotov5.PrepareProviderConfigResponse{PreparedConfig: request.Config}, nil
}

func (p *provider) ConfigureProvider(ctx context.Context, request *tfprotov5.ConfigureProviderRequest) (*tfprotov5.ConfigureProviderResponse, error) {
	config, err := decode(request.Config, p.recorded.Provider)
	if err != nil {
		return nil, err
	}
	if failed := p.configure(ctx, config); failed != nil {
		return &tfprotov5.ConfigureProviderResponse{Diagnostics: []*tfprotov5.Diagnostic{failed}}, nil
	}
	return &tfprotov5.ConfigureProviderResponse{}, nil
}

func (p *provider) configure(ctx context.Context, config map[string]any) *tfprotov5.Diagnostic {
	p.settings = settings{region: firstOf(text(config["region"]), os.Getenv("AWS_REGION"), os.Getenv("AWS_DEFAULT_REGION"))}
	for _, tags := range valuesAt(config, "default_tags.tags") {
		p.settings.defaultTags, _ = tags.(map[string]any)
	}
	p.settings.ignoredKeys = known(valuesAt(config, "ignore_tags.keys"))
	p.settings.ignoredPre = known(valuesAt(config, "ignore_tags.key_prefixes"))
	endpoint := os.Getenv("AWS_ENDPOINT_URL")
	if endpoint == "" {
		return problem("AWS_ENDPOINT_URL is not set", "This is the test provider: it knows the account of the test bed only, and never a real one.")
	}
	if p.settings.region == "" {
		return problem("invalid AWS Region: ", "set region in the provider's block, or AWS_REGION")
	}
	key := accessKey(config)
	if key == "" {
		return problem("No valid credential sources found", "Please see https://registry.terraform.io/providers/hashicorp/aws for more information about providing credentials.\n\nError: failed to refresh cached credentials, no EC2 IMDS role found")
	}
	retries := 25
	if number, ok := config["max_retries"].(float64); ok {
		retries = int(number)
	}
	p.account = &account{endpoint: endpoint, key: key, region: p.settings.region, maxRetries: retries, http: &http.Client{}}
	return p.identify(ctx, config)
}

func (p *provider) identify(ctx context.Context, config map[string]any) *tfprotov5.Diagnostic {
	if config["skip_credentials_validation"] == true {
		return nil
	}
	who, err := p.account.call(ctx, ask{Operation: "identity", Type: "sts"})
	if err == nil && who.Failure != nil {
		err = who.Failure
	}
	if err != nil {
		return problem("validating provider credentials: retrieving caller identity from STS: "+err.Error(), "")
	}
	id := text(who.State["account_id"])
	allowed := known(valuesAt(config, "allowed_account_ids"))
	for _, candidate := range allowed {
		if candidate == id {
			return nil
		}
	}
	if len(allowed) > 0 {
		return problem("AWS account ID not allowed: "+id, "")
	}
	return nil
}

// accessKey looks where AWS' SDK looks first; the secret is not needed, since nothing is signed on loopback.
func accessKey(config map[string]any) string {
	profile := firstOf(text(config["profile"]), os.Getenv("AWS_PROFILE"))
	if key := text(config["access_key"]); key != "" {
		return key
	}
	if key := os.Getenv("AWS_ACCESS_KEY_ID"); key != "" && text(config["profile"]) == "" {
		return key
	}
	home, _ := os.UserHomeDir()
	return keyOfProfile(firstOf(os.Getenv("AWS_SHARED_CREDENTIALS_FILE"), filepath.Join(home, ".aws", "credentials")), firstOf(profile, "default"))
}

func keyOfProfile(path, profile string) string {
	file, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer file.Close()
	section := ""
	for lines := bufio.NewScanner(file); lines.Scan(); {
		line := strings.TrimSpace(lines.Text())
		if strings.HasPrefix(line, "[") {
			section = strings.Trim(line, "[] ")
		}
		name, value, found := strings.Cut(line, "=")
		if found && section == profile && strings.TrimSpace(name) == "aws_access_key_id" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

func firstOf(values ...string) string {
	for _, value := range values {
		if value != "" {
			return value
		}
	}
	return ""
}

func known(values []any) []any {
	var result []any
	for _, value := range values {
		if value != nil && !isUnknown(value) {
			result = append(result, value)
		}
	}
	return result
}

package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"sort"
	"strings"
	"time"
)

// Credentials of the instance's role.
type Credentials struct {
	AccessKeyID     string
	SecretAccessKey string
	Token           string
}

// Scope of a signature.
type Scope struct {
	Region  string
	Service string
	Now     time.Time
}

// sign adds the headers of AWS Signature Version 4
// (https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html); every header set so far is signed.
func sign(request *http.Request, body []byte, credentials Credentials, scope Scope) {
	stamp := scope.Now.UTC().Format("20060102T150405Z")
	date := stamp[:8]
	payload := hexSum(body)
	request.Header.Set("X-Amz-Date", stamp)
	if scope.Service == "s3" {
		request.Header.Set("X-Amz-Content-Sha256", payload)
	}
	if credentials.Token != "" {
		request.Header.Set("X-Amz-Security-Token", credentials.Token)
	}
	names, headers := canonicalHeaders(request)
	canonical := strings.Join([]string{request.Method, canonicalPath(request.URL), canonicalQuery(request.URL), headers, names, payload}, "\n")
	area := strings.Join([]string{date, scope.Region, scope.Service, "aws4_request"}, "/")
	text := strings.Join([]string{"AWS4-HMAC-SHA256", stamp, area, hexSum([]byte(canonical))}, "\n")
	key := []byte("AWS4" + credentials.SecretAccessKey)
	for _, part := range []string{date, scope.Region, scope.Service, "aws4_request"} {
		key = mac(key, part)
	}
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+credentials.AccessKeyID+"/"+area+
		",SignedHeaders="+names+",Signature="+hex.EncodeToString(mac(key, text)))
}

func canonicalHeaders(request *http.Request) (names string, lines string) {
	values := map[string]string{"host": request.URL.Host}
	for name, each := range request.Header {
		values[strings.ToLower(name)] = strings.TrimSpace(strings.Join(each, ","))
	}
	sorted := make([]string, 0, len(values))
	for name := range values {
		sorted = append(sorted, name)
	}
	sort.Strings(sorted)
	var text strings.Builder
	for _, name := range sorted {
		text.WriteString(name + ":" + values[name] + "\n")
	}
	return strings.Join(sorted, ";"), text.String()
}

// The keys of this store need no escaping but are escaped all the same.
func canonicalPath(address *url.URL) string {
	if address.EscapedPath() == "" {
		return "/"
	}
	return address.EscapedPath()
}

func canonicalQuery(address *url.URL) string {
	return strings.ReplaceAll(address.Query().Encode(), "+", "%20")
}

func mac(key []byte, text string) []byte {
	sum := hmac.New(sha256.New, key)
	sum.Write([]byte(text))
	return sum.Sum(nil)
}

func hexSum(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
